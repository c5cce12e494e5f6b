"""Which pods a level of the Pod Security Standards would refuse, if its namespaces enforced it."""

from collections.abc import Sequence

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.pod_security.levels import explain_specs, in_force, server_version, verify_chosen
from auditkit.snapshots.snapshot import Snapshot
from auditkit.what_if.outcomes import COLUMNS, framed

_READ = ("pod_specs", "spec_security", "collection")
_WHY = "the pod is not known well enough for a rule of this level"


def pod_security_decisions(snapshot: Snapshot, level: str, namespaces: Sequence[str] = (), version: str = ""
                           ) -> pd.DataFrame:
    """A row for each pod (of some namespaces) and what this level says of it, with the columns of policy decisions.

    A controller that has no pods has a row of its own: it is let in, and the pods that it makes are not. ``version`` is
    ``latest`` or ``v1.N`` (none: the newest that the server knows). Exemptions in a file of the API server are not
    known. Raises `UsageError` for a level or version that there is not.
    """
    verify_chosen(version or "latest", level)
    specs, security, collection = map(snapshot.input, _READ)
    server = server_version(collection["server_version"].dropna().max())
    said = explain_specs(specs, in_force(security, level=level, version=version or "latest", server=server))
    outcome = pd.Series("denied", specs.index, STRING).mask((said == "").fillna(False), "allowed")
    frame = specs[["kind", "namespace", "name"]].assign(
        policy=f"Pod Security {level}", outcome=outcome.mask(said.isna(), "unknown"),
        message=said.mask((said == "").fillna(False)), why=pd.Series(_WHY, specs.index, STRING).where(said.isna()))
    kept = frame[frame["namespace"].isin(namespaces)] if namespaces else frame
    return framed(kept.reindex(columns=COLUMNS), gaps=snapshot.gaps(_READ[:2]))
