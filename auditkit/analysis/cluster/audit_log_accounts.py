"""Service accounts that the audit log of this cluster shows at work."""

import pandas as pd

from auditkit.analysis.cluster.audit_log import TOOL
from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import STRING
from auditkit.analysis.rbac.bindings import ACCOUNT_USER

_REFUSED = 401


def acting_accounts(events: pd.DataFrame, collection: pd.DataFrame) -> pd.DataFrame:
    """The service accounts that sent a request with their own token: ``namespace, name``, each once.

    Whom others impersonate sends none; and a request whose credentials were not accepted says no user.
    """
    ours = (events["tool"].eq(TOOL) & events["user"].str.startswith(ACCOUNT_USER)).fillna(False)
    ours &= events["code"].ne(_REFUSED).fillna(True)
    log = events.loc[ours, ["user", "cluster"]].drop_duplicates()
    log = log[~of_other_cluster(log["cluster"], collection).fillna(False)]
    parts = log["user"].drop_duplicates().str.removeprefix(ACCOUNT_USER).str.extract(
        r"^(?P<namespace>[^:]+):(?P<name>[^:]+)$")
    return parts.dropna().astype(STRING).reset_index(drop=True)
