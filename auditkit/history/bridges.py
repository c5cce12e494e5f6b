"""The facts of a bridge letter, from the snapshots of a store and the conclusions of an auditor."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditkit.base.hostile_text import when
from auditkit.errors import SnapshotError, UsageError
from auditkit.evaluation.conclusions import Carried, in_store
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.given import Given, given_of
from auditkit.history.bridge import Bridge
from auditkit.history.diff import Diff
from auditkit.history.period import Moment, day_of, judge
from auditkit.history.periods import Clusters, Rule, chosen, clusters_of, period_of, verify_days
from auditkit.history.verdicts import verdict_changes
from auditkit.people.conclusions import Conclusion
from auditkit.people.entries import Notice
from auditkit.snapshots.snapshot import Snapshot

NO_FILES = "No exceptions and no attestations were given: failures that somebody has accepted are not marked as such."


def bridge(store: Path, rule: Rule, since: dt.date, until: dt.date | None = None, cluster: str = "",
           conclusions: Sequence[Conclusion] = ()) -> Bridge:
    """The facts of a bridge letter on one cluster of a store: the days after ``since``, up to ``until`` or its newest
    snapshot. ``rule`` must judge anew.

    Raises `UsageError` where it is not clear which cluster or which days, `NoSuchName`, and `SnapshotError`.
    """
    clusters, broken = clusters_of(store)
    which = _only(clusters, cluster, store)
    start, end = _days(clusters[which], since, until, store)
    before, said, doubts = _last_of_period(clusters[which], rule, since)
    period = period_of(which, clusters, broken, rule, start, end)
    found = Bridge(since, period, before, said, notes=[*doubts, *period.notes, *([] if rule.by_files else [NO_FILES])])
    if not period.counted:
        return found
    first, last = before or period.counted[0], period.counted[-1]
    judged = rule.judged(last.snapshot)
    if first is not last:
        found.verdicts = verdict_changes(rule.judged(first.snapshot), judged)
        found.diff = Diff(first.snapshot, last.snapshot)
    _carry(found, judged, conclusions, [each for held in clusters.values() for each in held], broken)
    return found


def _only(clusters: Clusters, cluster: str, store: Path) -> tuple[str, str]:
    found = chosen(clusters, cluster)
    if len(found) > 1:
        called = "; ".join(sorted(clusters[which][-1].manifest.called for which in found))
        raise UsageError(f"{store} has snapshots of several clusters: {called}. A letter covers one cluster. Give its "
                         "name or UID with --cluster.")
    return found[0]


def _days(held: Iterable[Snapshot], since: dt.date, until: dt.date | None, store: Path) -> tuple[dt.date, dt.date]:
    """The first and the last day after the period."""
    if since == dt.date.max:
        raise UsageError(f"No day is after {since}. Correct the day on which the period ended.")
    start = since + dt.timedelta(days=1)
    newest = max((day for each in held if (day := day_of(each.manifest))), default=dt.date.min)
    if until is None and newest < start:
        raise UsageError(f"{store} has no snapshot of this cluster that counts for a day after {since}. Take one, or "
                         "say up to which day the letter is with --until.")
    verify_days(start, until or newest)
    return start, until or newest


def _last_of_period(held: Iterable[Snapshot], rule: Rule,
                    since: dt.date) -> tuple[Moment | None, Given | None, list[str]]:
    """The last snapshot that counts and is not later than a day, what was said of it first, and why later ones of the
    period do not count."""
    older = [Moment(each) for each in held if (day := day_of(each.manifest)) and day <= since]
    doubts: list[str] = []
    for each in sorted(older, key=lambda each: (each.time, each.snapshot.digest), reverse=True):
        said, _ = given_of(each.snapshot, rule.framework.framework)  # before it is judged, which adds to it
        judge([each], rule.choose, SnapshotError)
        if each.given:
            first = (one for one in said if not one.distrusted and (rule.scope or not one.said.outside))
            return each, next(first, None), doubts
        doubts.append(f"The snapshot of {when(each.time)} does not count: {each.problem}")
    return None, None, doubts


def _carry(found: Bridge, last: Evaluation, conclusions: Sequence[Conclusion], held: list[Snapshot],
           broken: list[SnapshotError]) -> None:
    """Put an auditor's conclusions beside the last snapshot; those on a period that ended later are left out."""
    ours = [each for each in conclusions if each.entry.framework == found.period.framework]
    later = [each for each in ours if each.entry.period and each.entry.period.until > found.since]
    found.carried = Carried(last, [each for each in ours if each not in later], held)
    notices = [Notice("conclusion not shown", each.origin, f"its period ended after {found.since}") for each in later]
    found.notes += [f"{each.origin.file}, line {each.origin.line}: {each.kind}: {each.what}"
                    for each in (*notices, *found.carried.notices, *in_store(ours, held, broken))]
