"""Whether audit logs have every request of a period: only then is a right that they do not show unused."""

from typing import NamedTuple

import pandas as pd

from auditkit.analysis.cluster.audit_log import renewals

DAYS = 90
"""How long a right may be unused, where nobody says otherwise."""
MAX_GAP_MINUTES = 10
MAX_LAG_HOURS = 24
NO_LOG = "no audit log of this cluster was given"


class Period(NamedTuple):
    """The period that is asked about, and why the logs may lack requests of it (empty: they have every one)."""

    since: pd.Timestamp
    until: pd.Timestamp
    gaps: tuple[str, ...]


def period(audit_logs: pd.DataFrame, audit_silences: pd.DataFrame, audit_uses: pd.DataFrame, api_servers: pd.DataFrame,
           collection: pd.DataFrame, *, days: int = DAYS, max_gap_minutes: int = MAX_GAP_MINUTES,
           max_lag_hours: int = MAX_LAG_HOURS) -> Period:
    """The ``days`` before the snapshot, and in what the logs of this cluster lack requests of them.

    A log is complete for a period if it begins before it, ends at most ``max_lag_hours`` before the snapshot, has no
    silence of more than ``max_gap_minutes``, was read whole, and is of every API server.
    """
    until = _observed(collection)
    since = until - pd.Timedelta(days=days)
    logs = audit_logs[~audit_logs["other_cluster"].fillna(False)]
    if pd.isna(until):
        return Period(since, until, ("it is not known when the cluster was observed",))
    first, last = logs["first"].min(), logs["last"].max()
    if not len(logs) or pd.isna(first):
        return Period(since, until, (NO_LOG,))
    gaps = [f"the audit log {name} was not read whole" for name in _broken(logs)]
    if (logs["untimed"] > 0).fillna(True).any():
        gaps.append("some of its events have no time")
    if first > since:
        reached = max((until - first).days, 0)
        gaps.append(f"the audit log begins on {first:%Y-%m-%d}, and so reaches over {reached} of {days} days")
    if last < until - pd.Timedelta(hours=max_lag_hours):
        gaps.append(f"the audit log ends at {last:%Y-%m-%d %H:%M}, more than {max_lag_hours} hours before the snapshot")
    long = audit_silences[(audit_silences["seconds"] > max_gap_minutes * 60).fillna(False)
                          & (audit_silences["ended"] > since)]
    gaps += _silences(long[long["server"].isna()])
    if len(api_servers) != 1 and not logs["cluster"].notna().all():  # clouds hand out one log of all servers
        gaps += (_servers(audit_uses, api_servers, until - pd.Timedelta(hours=max_lag_hours))
                 or _pauses(audit_uses, api_servers, long[long["server"].notna()], max_gap_minutes))
    return Period(since, until, tuple(gaps))


def _observed(collection: pd.DataFrame) -> pd.Timestamp:
    """When the cluster was observed; where that is not known exactly, the earliest time at which it may have been."""
    for column in ("observed_from", "ended", "started"):
        if collection[column].notna().any():
            return collection[column].min()
    return pd.NaT


def _broken(logs: pd.DataFrame) -> list[str]:
    """The names of logs that are not known to be whole, up to five."""
    names: list[str] = logs.loc[logs["truncated"].fillna(True).astype(bool), "name"].head(5).tolist()
    return names


def _silences(found: pd.DataFrame) -> list[str]:
    """The longest of these silences, and how many there are."""
    if not len(found):
        return []
    longest = found.sort_values("seconds", ascending=False).iloc[0]
    more = f", and {len(found) - 1} more gaps" if len(found) > 1 else ""
    return [f"the audit log has no event for {longest['seconds'] / 60:.0f} minutes after "
            f"{longest['started']:%Y-%m-%d %H:%M}{more}"]


def _servers(uses: pd.DataFrame, servers: pd.DataFrame, lately: pd.Timestamp) -> list[str]:
    """Whether the log has the requests of each API server, as each writes a log of its own.

    A server shows itself in the log by renewing its lease: its log reaches to the end only if it does so ``lately``,
    and one that did not may be gone.
    """
    renewed = uses[renewals(uses)]
    seen = renewed.loc[(renewed["last"] >= lately).fillna(False), "name"].nunique()
    if len(servers) and seen >= len(servers):
        return []
    if not len(servers):
        return ["how many API servers there are is not known, and so not whether the log has the requests of all"]
    return [f"the cluster has {len(servers)} API servers, and the log shows {seen} of them at work"]


def _pauses(uses: pd.DataFrame, servers: pd.DataFrame, pauses: pd.DataFrame, minutes: int) -> list[str]:
    """The first time of more than so many minutes in which fewer servers show themselves than there are. One that took
    the place of another has a name of its own, so at each time it is their number that counts."""
    known = fewest = uses.loc[renewals(uses), "name"].nunique()
    since = None
    for moment, change in sorted((moment, change) for row in pauses.itertuples()
                                 for moment, change in ((row.started, -1), (row.ended, 1))):
        known += change
        fewest = min(fewest, known)
        if known < len(servers):
            since = since or moment
        elif since and moment - since > pd.Timedelta(minutes=minutes):
            return [f"the cluster has {len(servers)} API servers, and the log shows {fewest} of them at work after "
                    f"{since:%Y-%m-%d %H:%M}"]
        else:
            since, fewest = None, known
    return []
