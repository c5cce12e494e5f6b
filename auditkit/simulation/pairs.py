"""Which traffic changes between endpoints, where what is open between their namespaces looks alike."""

import numpy as np
import pandas as pd

from auditkit.analysis.network.reachability import Matrix, Reachability
from auditkit.analysis.network.tables import OUTSIDE

Ends = tuple[str, str, str, str]
"""Kind and name of a source and of a destination, as `namespace_flows` has them; namespaces alone have a name."""
_CALLED = ["kind", "namespace", "name"]


def changed_ends(one: Reachability, other: Reachability) -> set[Ends]:
    """The ends between which other pairs of the endpoints that both have are open, on some port or perhaps."""
    both = _endpoints(one).merge(_endpoints(other), on=_CALLED, suffixes=("_before", "_after"))
    if both.empty:
        return set()
    kind = both["kind"].map(OUTSIDE).fillna("Namespace")
    name = both["namespace"].where(kind == "Namespace").fillna("")
    alike = pd.DataFrame({"before": both["group_before"], "after": both["group_after"], "kind": kind, "name": name})
    counted = alike.value_counts(sort=False).reset_index()
    words: dict[str, int] = {}
    before, after = (_said(each.matrix(), counted[when].to_numpy(int), words)
                     for each, when in ((one, "before"), (other, "after")))
    differ = (before != after).any(axis=0)
    differ[np.diag_indices_from(differ)] &= counted["count"].to_numpy(int) > 1  # nothing is said of one with itself
    ends = list(counted[["kind", "name"]].itertuples(index=False, name=None))
    return {(*ends[source], *ends[destination]) for source, destination in zip(*np.nonzero(differ), strict=True)}


def _endpoints(reachability: Reachability) -> pd.DataFrame:
    frame = reachability.endpoints.frame
    found = frame.loc[frame["kind"] != "Stranger", _CALLED].fillna("")
    return found.assign(group=reachability.groups[found.index]).drop_duplicates(_CALLED)


def _said(matrix: Matrix, groups: np.ndarray, words: dict[str, int]) -> np.ndarray:
    """What is allowed, and what is not known, between groups, by numbers of the same words."""
    number = np.array([words.setdefault(ports, len(words)) for ports in matrix.ports])
    return np.stack([number[part[np.ix_(groups, groups)]] for part in (matrix.allowed, matrix.unknown)])
