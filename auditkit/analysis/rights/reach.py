"""Whether audit logs have every request of a period: only then is a right that they do not show unused."""

from typing import NamedTuple

import pandas as pd

DAYS = 90
"""How long a right may be unused, where nobody says otherwise."""
MAX_GAP_MINUTES = 10
MAX_LAG_HOURS = 24
NO_LOG = "no audit log of this cluster was given"
_SERVER, _LEASES, _SERVERS = "system:apiserver", "leases", r"^apiserver-[^/]+$"


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
    gaps += _silences(audit_silences, since, max_gap_minutes)
    gaps += _servers(logs, audit_uses, api_servers, until - pd.Timedelta(hours=max_lag_hours))
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


def _silences(audit_silences: pd.DataFrame, since: pd.Timestamp, minutes: int) -> list[str]:
    """The longest silence of the period, if there is one that is too long, and how many there are."""
    found = audit_silences[(audit_silences["seconds"] > minutes * 60).fillna(False) & (audit_silences["ended"] > since)]
    if not len(found):
        return []
    longest = found.sort_values("seconds", ascending=False).iloc[0]
    more = f", and {len(found) - 1} more gaps" if len(found) > 1 else ""
    return [f"the audit log has no event for {longest['seconds'] / 60:.0f} minutes after "
            f"{longest['started']:%Y-%m-%d %H:%M}{more}"]


def _servers(logs: pd.DataFrame, uses: pd.DataFrame, servers: pd.DataFrame, lately: pd.Timestamp) -> list[str]:
    """Whether the log has the requests of each API server, as each writes a log of its own.

    A server shows itself in the log by renewing its lease in ``kube-system`` (its identity: KEP-1965), every ten
    seconds: its log reaches to the end only if it does so ``lately``, and one that did not may be gone. Clouds hand out
    one log of all.
    """
    if len(servers) == 1 or logs["cluster"].notna().all():
        return []
    renewed = uses[(uses["user"].eq(_SERVER) & uses["resource"].eq(_LEASES) & uses["verb"].eq("update")
                    & uses["namespace"].eq("kube-system")).fillna(False)]
    renewed = renewed[(renewed["last"] >= lately).fillna(False)]
    seen = renewed.loc[renewed["name"].str.match(_SERVERS).fillna(False), "name"].nunique()
    if len(servers) and seen >= len(servers):
        return []
    if not len(servers):
        return ["how many API servers there are is not known, and so not whether the log has the requests of all"]
    return [f"the cluster has {len(servers)} API servers, and the log shows {seen} of them at work"]
