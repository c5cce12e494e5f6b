"""The populations that can be asked for, by name.

``pods``, ``access``, ``all_containers`` …: any table of a snapshot, collected or derived. ``images``: the images that
run. ``check:NAME``: the subjects of a check, with their verdicts. ``sql:QUERY``: the answer to a query. ``changes``,
``new-access``: what differs between one snapshot and the next. ``privileged-use``: requests in the audit log that used
privileges. ``exceptions``: risk acceptances in force.
"""

import datetime as dt
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import pandas as pd

from auditkit import tables
from auditkit.analysis import DERIVED, NO_TABLES
from auditkit.analysis.cluster.audit_log import TOOL
from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.rbac.bindings import MASTERS
from auditkit.checks import find
from auditkit.errors import GapWarning, NoSuchName, UsageError
from auditkit.evaluation.engine import run
from auditkit.evaluation.words import SUBJECT
from auditkit.history.items import SEEN, TIME, Population, of_items, of_rows
from auditkit.history.window import Window
from auditkit.people.exceptions import RiskAcceptance
from auditkit.snapshots.snapshot import Snapshot

Changes = Callable[[Snapshot, Snapshot], pd.DataFrame]
"""What changed from one snapshot to a later one: a row for each object, with the columns `CHANGE` at least. Its
``attrs["not_comparable"]`` says, as sentences, what the two do not show."""

CHANGE = ["change", "kind", "namespace", "name"]
GRANT = ["kind", "namespace", "binding", "role_kind", "role", "subject_kind", "subject_namespace", "subject"]
"""What makes a grant: the same binding that names the same subject twice, or was made again, grants nothing new."""
IMAGE = ["name", "repository", "tag", "digest", "asked_digest", "image_id"]
USE = ["audit_id", "time", "use"]
ACCEPTED = ["owner", "reason", "compensating_control", "framework", "requirements", "checks", "subjects", "granted",
            "expires", "file", "line", "sha256"]

NAMES = ("changes", "exceptions", "images", "new-access", "privileged-use")
"""Populations beside tables, checks and queries."""


def population(name: str, window: Window, *, changes: Changes | None = None,
               exceptions: Sequence[RiskAcceptance] | None = None) -> Population:
    """The population of this name in a window.

    ``changes`` tells what changed between two snapshots, ``exceptions`` are the risk acceptances that people wrote; a
    population that needs them cannot be made without. Raises `NoSuchName` and `UsageError`.
    """
    prefix, _, rest = name.partition(":")
    if prefix == "check" and rest:
        return _of_check(rest, window)
    if prefix == "sql" and rest:
        return _of_query(rest, window)
    if name == "images":
        return _of_table("images_in_use", window, "images", IMAGE)
    if name == "new-access":
        return _new_access(window)
    if name == "privileged-use":
        return _privileged_use(window)
    if name == "changes":
        return _changes(window, changes)
    if name == "exceptions":
        return _exceptions(window, exceptions)
    if name not in tables.TABLES and (name not in DERIVED or name in NO_TABLES):
        raise NoSuchName("population", name, [*NAMES, "check:NAME", "sql:QUERY", *tables.TABLES, *DERIVED])
    return _of_table(name, window, name, key_of(name))


def key_of(name: str) -> list[str]:
    """The columns that identify a row of a table, with the UID where it has one; none for a derived table that has no
    declared one, of which the whole row is the identity."""
    declared = tables.TABLES.get(name.removeprefix("all_"))
    if declared is None:
        return []
    columns = [column.name for column in declared.columns]
    kind = ["kind"] if name.startswith("all_") and "kind" not in declared.key else []
    return [*kind, *declared.key, *(["uid"] if "uid" in columns and "uid" not in declared.key else [])]


def _of_table(table: str, window: Window, name: str, key: list[str]) -> Population:
    """The rows of a table."""
    seen = [(snapshot, snapshot.frame(table)) for snapshot in window.snapshots]
    declared = table if table in tables.TABLES or table.startswith("all_") else ""
    return of_rows(name, window, seen, key or _all(seen), gaps=_gaps(window, [table]), tables=[table], table=declared)


def _of_query(query: str, window: Window) -> Population:
    """The answer to a query: the whole row is the identity."""
    seen, gaps = [], [*window.gaps]
    for snapshot in window.snapshots:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GapWarning)  # what it says goes with the population
            found = snapshot.sql(query)
        if taken := [column for column in found if column in (*SEEN, "item", "copy")]:
            raise UsageError(f"The query gives a column {taken[0]}, which every population has already. Rename it.")
        gaps += _of_snapshot(snapshot, found.attrs["gaps"], window)
        seen.append((snapshot, found))
    return of_rows(f"sql:{query}", window, seen, _all(seen), gaps=gaps)


def _of_check(name: str, window: Window) -> Population:
    """The subjects of a check with their verdicts. Over a period, a subject with two verdicts is two items: no failure
    is hidden by what came after it."""
    check, seen, gaps = find(name), [], [*window.gaps]
    for snapshot in window.snapshots:
        outcome = run(check, snapshot)
        gaps += _of_snapshot(snapshot, outcome.gaps, window)
        seen.append((snapshot, outcome.rows()))
    return of_rows(f"check:{check.name}", window, seen, [*SUBJECT, "verdict"], gaps=gaps, tables=check.tables)


def _new_access(window: Window) -> Population:
    """Grants that a snapshot shows and the one before it does not; ``not_seen`` is the time of that."""
    found = []
    for before, after in _pairs(window, "new-access"):
        if before.lacks(["binding_subjects"]) or after.lacks(["binding_subjects"]):
            continue  # what one of them does not have is not new; the gaps say so
        old, new = (one.frame("binding_subjects")[GRANT].drop_duplicates() for one in (before, after))
        both = new.merge(old, how="left", on=GRANT, indicator=True)
        rows = both.loc[both.pop("_merge") == "left_only", GRANT]
        found.append((after, rows.assign(not_seen=pd.Timestamp(before.manifest.moment))))
    gaps = _gaps(window, ["binding_subjects"], [*filter(None, [window.before]), *window.snapshots])
    return of_rows("new-access", window, found, [*GRANT, "not_seen"], gaps=[*gaps, *_without_base(window)],
                   tables=["binding_subjects"], first=True)


def _changes(window: Window, changes: Changes | None) -> Population:
    """What changed between one snapshot and the next."""
    if changes is None:
        raise UsageError("This version of auditkit cannot compare snapshots, so it has no population of changes. Use "
                         "another population, such as new-access.")
    found, gaps = [], [*window.gaps, *_without_base(window)]
    for before, after in _pairs(window, "changes"):
        changed = changes(before, after)
        gaps += [f"changes until {after.manifest.as_of}: {gap}" for gap in changed.attrs.get("not_comparable", ())]
        found.append((after, changed.assign(since=pd.Timestamp(before.manifest.moment))))
    return of_rows("changes", window, found, [*CHANGE, "since"], gaps=gaps, first=True)


def _privileged_use(window: Window) -> Population:
    """Requests in the audit logs that used privileges and were not refused, at a time of the period.

    ``use``: ``bypasses RBAC`` (system:masters), ``changes RBAC``, ``opens a session`` (exec, attach, port-forward …),
    ``reads Secrets``. A log may have been given with a snapshot that was taken after the period.
    """
    taken = [*window.snapshots, *window.later]
    found = [(snapshot, _used(snapshot, window)) for snapshot in taken]
    gaps = [gap for snapshot in taken for gap in _of_snapshot(snapshot, snapshot.gaps("events", [TOOL]), window)]
    return of_rows("privileged-use", window, found, USE, gaps=[*gaps, *_log_ends(taken, window)], tables=["events"],
                   first=True)


def _used(snapshot: Snapshot, window: Window) -> pd.DataFrame:
    """The privileged requests of a snapshot's audit logs."""
    requests = snapshot.frame("audit_requests")
    masters = requests[requests["subject"].eq(MASTERS).fillna(False)]
    kinds = (("bypasses RBAC", masters), ("changes RBAC", snapshot.frame("rbac_changes")),
             ("opens a session", snapshot.frame("pod_sessions")), ("reads Secrets", snapshot.frame("secret_reads")))
    rows = pd.concat([frame[requests.columns].assign(use=pd.Series(use, frame.index, STRING)) for use, frame in kinds],
                     ignore_index=True)
    rows = rows[~rows["refused"].fillna(False)].drop(columns="scan")
    if window.moment:
        return rows
    begin, end = (pd.Timestamp(day, tz="UTC") for day in (window.first, window.last + dt.timedelta(1)))
    return rows[((rows["time"] >= begin) & (rows["time"] < end)).fillna(True)]  # without a time it may be of the period


def _log_ends(taken: Sequence[Snapshot], window: Window) -> Iterator[str]:
    """The parts of the period that no audit log covers."""
    times = pd.concat([one.frame("audit_requests")["time"] for one in taken]).dropna() if taken else pd.Series()
    if window.moment:
        return
    if not len(times):
        yield f"no audit log shows a request from {window.first} to {window.last}"
        return
    if times.min().date() > window.first:
        yield f"the audit logs begin on {times.min():%Y-%m-%d}, after the period begins ({window.first})"
    if times.max().date() < window.last:
        yield f"the audit logs end on {times.max():%Y-%m-%d}, before the period ends ({window.last})"


def _exceptions(window: Window, exceptions: Sequence[RiskAcceptance] | None) -> Population:
    """Risk acceptances that are in force on a day of the period."""
    if exceptions is None:
        raise UsageError("The population of exceptions is read from files. Give them with --exceptions.")
    entries = [(one.entry, one.origin) for one in exceptions
               if one.entry.granted <= window.last and one.entry.expires >= window.first]
    frame = pd.DataFrame([{
        "owner": entry.owner, "reason": entry.reason, "compensating_control": entry.compensating_control,
        "framework": entry.framework or "", "requirements": ", ".join(entry.requirements),
        "checks": ", ".join(entry.checks),
        "subjects": "; ".join(" ".join(f"{part}={pattern}" for part, pattern in one.patterns.items())
                              for one in entry.subjects),
        "granted": entry.granted.isoformat(), "expires": entry.expires.isoformat(), "file": origin.file,
        "line": str(origin.line), "sha256": origin.sha256,
    } for entry, origin in entries], columns=ACCEPTED).astype(STRING).astype({"line": INTEGER})
    taken = window.snapshots
    seen = dict(zip(SEEN, (taken[0].manifest.moment, taken[-1].manifest.moment, taken[-1].digest) if taken
                    else (None, None, ""), strict=True))
    typed = {name: pd.Series([value] * len(frame), dtype=STRING if name == "snapshot" else TIME)
             for name, value in seen.items()}
    return of_items("exceptions", window, frame.assign(**typed), ["file", "line"])


def _pairs(window: Window, name: str) -> Iterable[tuple[Snapshot, Snapshot]]:
    """Each snapshot of the window with the one before it."""
    if window.moment:
        raise UsageError(f"The population {name} compares snapshots: give a store, not one snapshot.")
    return pairwise([*filter(None, [window.before]), *window.snapshots])


def _without_base(window: Window) -> Iterator[str]:
    """What is not known where nothing shows how it was before the period."""
    if window.before is None and window.snapshots:
        yield (f"no snapshot is older than {window.first}: what appeared before the first snapshot of the period "
               f"({window.snapshots[0].manifest.moment:%Y-%m-%d %H:%M} UTC) is not known")


def _gaps(window: Window, names: Sequence[str], taken: Sequence[Snapshot] | None = None) -> list[str]:
    """Why rows of tables may be missing in a window."""
    shown = window.snapshots if taken is None else taken
    return [*window.gaps, *(gap for one in shown for gap in _of_snapshot(one, one.gaps(names), window))]


def _of_snapshot(snapshot: Snapshot, gaps: Iterable[str], window: Window) -> list[str]:
    """Gaps of one snapshot; over a period, with which."""
    return [gap if window.moment else f"snapshot {snapshot.digest[:12]} of {snapshot.manifest.as_of}: {gap}"
            for gap in gaps]


def _all(seen: Sequence[tuple[Snapshot, pd.DataFrame]]) -> list[str]:
    """The whole row as its identity."""
    return list(seen[0][1]) if seen else []
