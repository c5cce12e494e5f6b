"""The age of evidence, and the result of several findings about one subject."""

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
    """Whether each time is at most ``max_age_days`` before the cluster was observed.

    ``<NA>`` where a time is missing or more than a day after the observation, where the answer depends on the exact
    time of observation and that is not known, and everywhere where no time of observation is known.
    """
    first, last = _observed(collection)
    if pd.isna(last):
        return pd.Series(pd.NA, seen.index, BOOLEAN)
    age = pd.Timedelta(days=max_age_days)
    young = (seen >= last - age).astype(BOOLEAN)
    young = young.mask((~young & (pd.isna(first) or (seen >= first - age))).fillna(False), pd.NA)
    return young.mask((seen > last + _SKEW).fillna(False), pd.NA)


def passed(times: pd.Series, collection: pd.DataFrame, hours: int = 0) -> pd.Series:
    """Whether each time had passed, by so many hours, when the cluster was observed.

    ``<NA>`` where a time is missing, and where the answer depends on a time of observation that is not known.
    """
    first, last = _observed(collection)
    if pd.isna(last):
        return pd.Series(pd.NA, times.index, BOOLEAN)
    by = times + pd.Timedelta(hours=hours)
    found = (by <= last).astype(BOOLEAN)
    return found.mask((found & (pd.isna(first) or (by > first))).fillna(False), pd.NA)


def _observed(collection: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and last time at which the cluster may have been observed; by default that of the collection."""
    if collection["observed_until"].notna().any():
        return collection["observed_from"].min(), collection["observed_until"].max()
    ended = collection["ended"].fillna(collection["started"]).max()
    return ended, ended


def at_least(severity: pd.Series, least: str) -> pd.Series:
    """Whether each severity is at least this one; ``<NA>`` where it is not known. Raises `UsageError`."""
    if least not in SEVERITIES:
        raise UsageError(f"{least!r} is not a severity. Allowed are {', '.join(SEVERITIES)}.")
    high = severity.isin(SEVERITIES[:SEVERITIES.index(least) + 1]).astype(BOOLEAN)
    return high.where(severity.isin(SEVERITIES).fillna(False), pd.NA)


def any_of(at: np.ndarray, said: pd.Series, size: int) -> pd.Series:
    """True where any row about the subject is true (Kleene OR); ``False`` for a subject without rows.

    ``at`` is the position of the subject of each row, ``size`` the number of subjects.
    """
    true = np.bincount(at[said.fillna(False).to_numpy(bool)], minlength=size) > 0
    open_ = np.bincount(at[said.isna().to_numpy(bool)], minlength=size) > 0
    return pd.Series(true, dtype=BOOLEAN).mask(~true & open_, pd.NA)


def count_of(at: np.ndarray, said: pd.Series, size: int) -> pd.Series:
    """The number of true rows about each of ``size`` subjects."""
    return pd.Series(np.bincount(at[said.fillna(False).to_numpy(bool)], minlength=size), dtype="int64[pyarrow]")


def newest(at: np.ndarray, seen: pd.Series, said: pd.Series, size: int) -> pd.Series:
    """The latest time of a true row about each of ``size`` subjects."""
    rows = said.fillna(False).to_numpy(bool)
    return seen[rows].groupby(at[rows]).max().reindex(range(size)).astype(seen.dtype)


def verdict(bad: pd.Series, good: pd.Series) -> pd.Series:
    """``False`` where something is bad; ``True`` where nothing can be bad and evidence is good; otherwise <NA>."""
    return (~bad).where(bad.fillna(True) | good.fillna(False), pd.NA)


def reason(*ways: tuple[pd.Series | np.ndarray, pd.Series | str]) -> pd.Series:
    """For each subject the sentence of the first way that is true; ``<NA>`` where none is."""
    said = pd.Series(pd.NA, range(len(ways[0][0])), STRING)
    for where, sentence in reversed(ways):
        said = said.mask(pd.Series(np.asarray(where, dtype=bool)), sentence)
    return said
