"""Used, unused or unknown: what audit logs say of each right over a period."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.rights.granted import TRACELESS
from auditkit.analysis.rights.reach import Period

STATES = ("unused", "unknown", "used")
"""The worst first: what nobody needs, and what may be so."""


def unused(granted_uses: pd.DataFrame, period: Period) -> pd.Series:
    """True for rights that were not used in the period, False for those that were; <NA> where the logs do not say.

    Of a rule in which some rights leave no trace, the others decide.
    """
    used = (granted_uses["last_used"] >= period.since).fillna(False).astype(BOOLEAN)
    open_ = granted_uses["unseen"].notna() | bool(period.gaps)
    return (~used).mask(~used & open_, pd.NA)


def why(granted_uses: pd.DataFrame, period: Period) -> pd.Series:
    """Why it is not known whether a right was used; the gaps of the logs come first."""
    own = granted_uses["unseen"]
    if not period.gaps:
        return own
    return pd.Series("; ".join(period.gaps), own.index, STRING) + ("; " + own).fillna("")


def with_states(granted_uses: pd.DataFrame, period: Period) -> pd.DataFrame:
    """`granted_uses`, the worst first: powerful rights before others. Columns before it: ``state`` (`STATES`) and
    ``why`` (why it is unknown)."""
    said = unused(granted_uses, period)
    state = pd.Series("unknown", said.index, STRING)
    state = state.mask(said.fillna(False), "unused").mask((~said).fillna(False), "used")
    reason = why(granted_uses, period).where(state.eq("unknown"), pd.NA)
    found = granted_uses.assign(state=state, why=reason)
    order = pd.DataFrame({
        "state": state.map({name: at for at, name in enumerate(STATES)}),
        "seen": granted_uses["requests"].notna(), "powers": -granted_uses["powers"].str.count(",").fillna(-1),
        "row": granted_uses["row"], "rule": granted_uses["rule"]})
    at = order.sort_values(list(order)).index
    return found.loc[at, ["state", "why", *granted_uses.columns]].reset_index(drop=True)


def bindings_unused(granted_uses: pd.DataFrame, period: Period) -> pd.DataFrame:
    """For each subject of a binding (the index is its place, ``row``), whether all that the binding grants is unused.

    Columns: ``unused`` (True, False, <NA>), ``last_used``, ``what`` (the role), ``unseen`` (why it is not known).
    Rights that leave no trace decide only where there are no others.
    """
    found = _by_row(granted_uses, period, ~granted_uses["unseen"].eq(TRACELESS).fillna(False))
    unused = pd.Series(pd.NA, found.index, BOOLEAN)
    return found.assign(unused=unused.mask(found["some"] & ~found["open"], True).mask(found["used"], False),
                        what=granted_uses.groupby("row")["role"].first())


def rules_unused(granted_uses: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The same, whether any of these rules is unused; ``what`` names those that are."""
    found = _by_row(granted_uses, period, pd.Series(True, granted_uses.index))
    unused = pd.Series(False, found.index, BOOLEAN).mask(found["open"], pd.NA).mask(found["some"], True)
    these = granted_uses[_known(granted_uses, period)]
    said = "rule " + these["rule"].astype(STRING) + " of " + these["role"] + " (" + these["powers"] + ")"
    return found.assign(unused=unused, what=said.groupby(these["row"]).agg(", ".join).astype(STRING))


def _known(granted_uses: pd.DataFrame, period: Period) -> pd.Series:
    """The rows that are known to be unused."""
    return unused(granted_uses, period).fillna(False).astype(bool)


def _by_row(granted_uses: pd.DataFrame, period: Period, counts: pd.Series) -> pd.DataFrame:
    """By subject whether ``some`` of its rules are unused, ``used``, or not known (``open``: of those that count)."""
    said = unused(granted_uses, period)
    rows = pd.DataFrame({
        "row": granted_uses["row"], "some": said.fillna(False), "used": (~said).fillna(False),
        "open": said.isna() & counts, "last_used": granted_uses["last_used"],
        "unseen": granted_uses["unseen"].where(counts, pd.NA)})
    found = rows.groupby("row").agg(some=("some", "any"), used=("used", "any"), open=("open", "any"),
                                    last_used=("last_used", "max"), unseen=("unseen", "first"))
    return found.assign(unseen=found["unseen"].astype(STRING).fillna(TRACELESS))
