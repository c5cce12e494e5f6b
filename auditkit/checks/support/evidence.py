"""How old evidence is, and what several findings together say of one subject."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.errors import UsageError

SEVERITIES = ("critical", "high", "medium", "low", "info")

FAILS = ("fail", "warn")
JUDGED = ("pass", "fail", "warn", "accepted")
OPEN = ("unknown", "error")

_SKEW = pd.Timedelta(days=1)


def fresh(seen: pd.Series, collection: pd.DataFrame, max_age_days: int) -> pd.Series:
    """Whether each time is at most so many days before the cluster was observed.

    ``<NA>`` where a time is not said, or lies more than a day after the observation; where it is recent or old
    according to when exactly the cluster was observed, and that is not known; and for all of them where nothing is.
    """
    first, last = _observed(collection)
    if pd.isna(last):
        return pd.Series(pd.NA, seen.index, BOOLEAN)
    age = pd.Timedelta(days=max_age_days)
    young = (seen >= last - age).astype(BOOLEAN)
    young = young.mask((~young & (pd.isna(first) or (seen >= first - age))).fillna(False), pd.NA)
    return young.mask((seen > last + _SKEW).fillna(False), pd.NA)


def _observed(collection: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and last time at which the cluster may have been observed; that of the collection, where no other."""
    if collection["observed_until"].notna().any():
        return collection["observed_from"].min(), collection["observed_until"].max()
    ended = collection["ended"].fillna(collection["started"]).max()
    return ended, ended


def at_least(severity: pd.Series, least: str) -> pd.Series:
    """Whether each severity is this one or a higher one; ``<NA>`` where it is not known. Raises `UsageError`."""
    if least not in SEVERITIES:
        raise UsageError(f"{least!r} is not a severity; they are {', '.join(SEVERITIES)}.")
    high = severity.isin(SEVERITIES[:SEVERITIES.index(least) + 1]).astype(BOOLEAN)
    return high.where(severity.isin(SEVERITIES).fillna(False), pd.NA)


def any_of(at: np.ndarray, said: pd.Series, size: int) -> pd.Series:
    """Whether anything that is said of each of so many subjects is true; ``<NA>`` where none is, and one is not known.

    ``at`` is the position of the subject of each row. A subject of which nothing is said is ``False``.
    """
    true = np.bincount(at[said.fillna(False).to_numpy(bool)], minlength=size) > 0
    open_ = np.bincount(at[said.isna().to_numpy(bool)], minlength=size) > 0
    return pd.Series(true, dtype=BOOLEAN).mask(~true & open_, pd.NA)


def count_of(at: np.ndarray, said: pd.Series, size: int) -> pd.Series:
    """How many things that are said of each of so many subjects are true."""
    return pd.Series(np.bincount(at[said.fillna(False).to_numpy(bool)], minlength=size), dtype="int64[pyarrow]")


def newest(at: np.ndarray, seen: pd.Series, said: pd.Series, size: int) -> pd.Series:
    """The latest time at which something that is true was said of each of so many subjects."""
    rows = said.fillna(False).to_numpy(bool)
    return seen[rows].groupby(at[rows]).max().reindex(range(size)).astype(seen.dtype)


def verdict(bad: pd.Series, good: pd.Series) -> pd.Series:
    """Not ok where something is bad; ok where nothing can be, and there is good evidence; else not known."""
    return (~bad).where(bad.fillna(True) | good.fillna(False), pd.NA)


def reason(*ways: tuple[pd.Series | np.ndarray, pd.Series | str]) -> pd.Series:
    """For each subject the sentence of the first way that is true of it; ``<NA>`` where none is."""
    said = pd.Series(pd.NA, range(len(ways[0][0])), STRING)
    for where, sentence in reversed(ways):
        said = said.mask(pd.Series(np.asarray(where, dtype=bool)), sentence)
    return said
