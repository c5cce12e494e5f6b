"""What would be: the admission policies of a cluster, or proposed ones, on what a snapshot shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.api.snapshots import open
from auditkit.errors import NoSuchName, UsageError
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd


def policy_decisions(snapshot: Snapshot | Path | str, policies: Path | str | None = None, *, enforce: str = "",
                     namespaces: Sequence[str] = (), pss_version: str = "") -> "pd.DataFrame":
    """What admission policies would do with the objects of a snapshot, if they were created now.

    Without ``policies`` those of the cluster are run. With it, those of a YAML file, or of a folder of YAML files, with
    their bindings and parameters; such a policy without a binding is taken to deny. ``enforce`` is a level of the Pod
    Security Standards that is tried instead (in ``pss_version``: ``latest``, ``v1.25`` …). ``namespaces`` limits the
    objects to some namespaces.

    A row for each policy and object that it matches, with the columns policy, kind, namespace, name, outcome (denied,
    warned, audited, unknown, matched, allowed), binding, message, expression, why. An outcome is ``unknown`` where an
    expression reads what the snapshot does not have: ``why`` names it. ``matched`` is what a MutatingAdmissionPolicy
    would be run on. ``attrs["gaps"]`` says what was not read completely, so that objects may be missing, and
    ``attrs["notes"]`` which policies do nothing. Raises `UsageError` for a level that there is not, `NoSuchName` for a
    namespace that the cluster does not have, and `DefinitionError` with file and line for a mistake in policies.
    """
    opened = open(snapshot)
    _verify(opened, namespaces)
    if enforce:
        from auditkit.what_if.pod_security import pod_security_decisions

        if policies is not None:
            raise UsageError("Either policies or a level of Pod Security can be tried, not both at once.")
        return pod_security_decisions(opened, enforce, namespaces, pss_version)
    if pss_version:
        raise UsageError("A version of the Pod Security Standards needs a level to try: --enforce LEVEL.")
    from auditkit.what_if.current import current
    from auditkit.what_if.decisions import policy_decisions
    from auditkit.what_if.policies import read

    return policy_decisions(opened, current(opened) if policies is None else read(Path(policies)), namespaces)


def _verify(snapshot: Snapshot, namespaces: Sequence[str]) -> None:
    """Refuse a namespace that the cluster is known not to have."""
    there = set(snapshot.frame("namespaces")["name"])
    for name in namespaces:
        if name not in there and not snapshot.gap_of("namespaces"):
            raise NoSuchName("namespace", name, there)
