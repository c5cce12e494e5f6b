"""Rights granted against rights used, and the smallest roles that would do."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditkit.api.snapshots import open
from auditkit.base.hostile_text import count
from auditkit.errors import UsageError
from auditkit.snapshots.ledger import SCAN, UNKNOWN_TOOL
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.analysis.rights.manifests import Subject
    from auditkit.analysis.rights.propose import Proposal
    from auditkit.analysis.rights.reach import Period

DAYS = 90
"""The same as `analysis.rights.reach.DAYS`, which is not imported only to print the help."""
Logs = Iterable[os.PathLike[str] | str]


def rights(snapshot: Snapshot | Path | str, subject: str = "", *, days: int = DAYS, logs: Logs = ()) -> "pd.DataFrame":
    """What each subject of a binding, or this one, is granted, and what it used of it in the last ``days``.

    The use is that of the audit logs of the snapshot, or of the files and folders ``logs``, which are grouped while
    they are read; an audit policy among them says what they leave out. A row for each rule that a subject holds, the
    worst first: ``state`` (unused, unknown, used), ``why`` (why it is unknown), and the columns of
    `analysis.rights.granted.granted_uses`. ``attrs["period"]`` is the `analysis.rights.reach.Period`, and
    ``attrs["gaps"]`` says why the logs, or what is granted, are not complete. Raises `NoSuchName` and `UsageError`.
    """
    from auditkit.analysis.rights import states, subjects

    snap = open(snapshot)
    shown = _Used.of(snap, days, logs)
    granted = shown.granted
    if subject:
        granted = granted[subjects.rows_of(_subject(subject, snap, shown.uses), granted)]
    found = states.with_states(granted, shown.period)
    found.attrs = {"period": shown.period, "gaps": [*shown.period.gaps, *snap.gaps(_GRANTED)]}
    return found


def propose_rights(snapshot: Snapshot | Path | str, subject: str, *, days: int | None = None, margin: bool = False,
                   logs: Logs = ()) -> "Proposal":
    """The smallest roles and bindings that would have allowed what a subject used, in the last ``days`` or in all logs.

    ``margin`` adds the read verbs of what it used at all. The proposal is replayed: the authorizer is asked every
    request again. See `analysis.rights.propose.Proposal`. Raises `NoSuchName` and `UsageError`.
    """
    from auditkit.analysis.rights import subjects
    from auditkit.analysis.rights.propose import propose

    snap = open(snapshot)
    shown = _Used.of(snap, days or DAYS, logs)
    uses = shown.uses if days is None else shown.uses[(shown.uses["last"] >= shown.period.since).fillna(False)]
    frames = {name: snap.whole(name) for name in (*_GRANTED, "namespaces", "bindings", "api_resources")}
    if snap.gaps("namespaces"):
        frames["namespaces"] = frames["namespaces"].iloc[:0]  # what was used in each of them is not known to be in all
    one = _subject(subject, snap, shown.uses)
    unseen = shown.granted.loc[subjects.rows_of(one, shown.granted), "unseen"].dropna().unique()
    return propose(one, uses, frames, margin=margin, gaps=shown.period.gaps, unseen=unseen)


_UNKNOWN = f"{SCAN}{UNKNOWN_TOOL}:"
_GRANTED = ("roles", "role_rules", "role_urls", "role_labels", "role_aggregation", "binding_subjects")


class _Used(NamedTuple):
    """What logs show of use, against what is granted, and over which period."""

    uses: "pd.DataFrame"
    granted: "pd.DataFrame"
    period: "Period"

    @classmethod
    def of(cls, snap: Snapshot, days: int, logs: Logs) -> "_Used":
        """The use that the logs of a snapshot show, or those that are given beside it. Raises `UsageError`."""
        from auditkit.analysis.rights import granted, reach

        if days < 1:
            raise UsageError(f"{days} is not a number of days. Give 1 or more.")
        (uses, found, silences, rules), unread = _read(snap, list(logs))
        servers = snap.frame("api_servers")
        known = servers.iloc[:0] if snap.gaps("api_servers") else servers  # there may be more of them
        period = reach.period(found, silences, uses, known, snap.frame("collection"), days=days)
        period = period._replace(gaps=(*period.gaps, *unread))
        bound = granted.granted_uses(snap.whole("binding_subjects"), snap.whole("granted_rules"),
                                     snap.whole("role_urls"), snap.whole("role_powers"), uses, rules)
        return cls(uses, bound, period)


def _read(snap: Snapshot, logs: list[os.PathLike[str] | str]) -> "tuple[tuple[pd.DataFrame, ...], list[str]]":
    """``audit_uses, audit_logs, audit_silences, audit_policy``, and which files may be logs and were not read. Raises
    `UsageError` where no file is an audit log."""
    if not logs:
        frames = tuple(snap.frame(name) for name in ("audit_uses", "audit_logs", "audit_silences", "audit_policy"))
        return frames, _unread(snap.ledger.to_dict("records"))
    from auditkit.analysis.cluster.cluster_names import of_other_cluster
    from auditkit.analysis.rights.uses import grouped
    from auditkit.scans.uses import read_uses

    record, collection = read_uses(logs), snap.frame("collection")
    if not len(record.logs):
        reasons = [f"{entry.path}: {entry.reason}" for entry in record.entries if entry.reason]
        raise UsageError(f"None of {count(len(record.entries), 'file')} in {', '.join(map(str, logs))} is an audit log"
                         f"{f' ({reasons[0]})' if reasons else ''}. Give the files of --audit-log-path, or a folder of "
                         "them.")
    found, silences = (frame.assign(other_cluster=of_other_cluster(frame["cluster"], collection))
                       for frame in (record.logs, record.silences))
    ours = silences[~silences["other_cluster"]].drop(columns="other_cluster")
    entries = [{"resource": each.resource, "outcome": each.outcome, "reason": each.reason} for each in record.entries]
    return (grouped(record.requests, collection), found, ours, record.policy), _unread(entries)


def _unread(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The files of scanners of which not even the tool is known: each may be an audit log."""
    return [f"{name} was not read, and may be an audit log: {each['reason']}" for each in entries
            if (name := str(each["resource"]).removeprefix(_UNKNOWN)) != each["resource"]
            and each["outcome"] == "failed"]


def _subject(said: str, snap: Snapshot, uses: "pd.DataFrame") -> "Subject":
    from auditkit.analysis.rights.subjects import subject

    return subject(said, snap.frame("binding_subjects"), snap.frame("service_accounts"), uses)
