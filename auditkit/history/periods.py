"""The periods of a store: of each cluster one, from verdicts as they were given or judged anew."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from auditkit.base.hostile_text import count, when
from auditkit.errors import NoSuchName, SnapshotError, UsageError
from auditkit.evaluation.evaluation import Evaluation, evaluate, record
from auditkit.evaluation.given import Given, given_of
from auditkit.evaluation.stored import encoded
from auditkit.framework.model import Framework
from auditkit.history.period import ANEW, AS_GIVEN, Moment, Period, changes, cut, judge
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.snapshots.alike import Alike, Memory
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import verify

LONGEST = 36_525
"""Days that a period may have: a hundred years. Beyond them somebody has mistyped a year."""


@dataclass
class Rule:
    """By what snapshots are judged that must be judged anew: all of them (``anew``), or those of which nothing that is
    trusted was given. ``by_files``: what people add comes from these files, also for verdicts as they were given."""

    framework: Framework
    pss_version: str = ""
    exceptions: list[RiskAcceptance] = field(default_factory=list)
    attestations: list[Attestation] = field(default_factory=list)
    by_files: bool = False
    anew: bool = False
    distrusted: Counter[str] = field(default_factory=Counter)
    """Why verdicts that were given are not used, with the number of snapshots."""
    differing: list[str] = field(default_factory=list)
    """Snapshots of which several were given, with other statuses."""
    _memory: Memory = field(default_factory=lambda: Memory(10_000))
    _tables: dict[str, pa.Table] = field(default_factory=dict)

    def choose(self, snapshot: Snapshot) -> tuple[Given, str]:
        """What is to be believed of a snapshot: the first that was given and is trusted, else what is judged now.

        Raises `SnapshotError` where the snapshot does not have the bytes that were written.
        """
        verify(snapshot)
        found, wrong = ([], []) if self.anew else given_of(snapshot, self.framework.framework)
        self.distrusted.update({each.distrusted for each in found if each.distrusted} | {str(each) for each in wrong})
        trusted = [each for each in found if not each.distrusted]
        if len({_statuses(each) for each in trusted}) > 1:
            self.differing.append(when(snapshot.manifest.moment))
        if trusted and not self.by_files:
            return trusted[0], AS_GIVEN
        judged = evaluate(Alike.opened(self._memory, self._tables, snapshot), self.framework, self.exceptions,
                          self.attestations, self.pss_version)
        same = bool(trusted) and trusted[0].basis == judged.basis
        kept, _ = given_of(snapshot, self.framework.framework)
        now = next((each for each in kept if (each.basis, each.people, each.distrusted) == (
            judged.basis, judged.people, "")), None)
        return now or as_given(judged), AS_GIVEN if same else ANEW


def as_given(judged: Evaluation) -> Given:
    """An evaluation in the form of what was given."""
    return Given(0, judged.basis, judged.people, record(judged), encoded(judged.basis, judged.results, judged.snapshot))


def periods(store: Path, rule: Rule, start: dt.date, end: dt.date, cluster: str = "", every: int = 0) -> list[Period]:
    """The period of each cluster of a store, or of those of this name or UID.

    Raises `UsageError` for a period that ends before it begins, `SnapshotError` for a store without snapshots, and
    `NoSuchName` for a cluster that has none in it.
    """
    if end < start:
        raise UsageError(f"The period ends on {end}, before it begins ({start}). Correct one of the days.")
    if (end - start).days > LONGEST:
        raise UsageError(f"The period from {start} to {end} has {count((end - start).days + 1, 'day')}; the longest "
                         f"has {LONGEST:,}. Correct one of the days.")
    held, broken = snapshots(store)
    if not held:
        raise broken[0] if broken else SnapshotError(
            f"{store} has no snapshots. Run `auditkit collect --store {store}` to create one.")
    clusters: dict[tuple[str, str], list[Snapshot]] = {}
    for each in held:
        clusters.setdefault(each.manifest.which, []).append(each)
    chosen = {which: found for which, found in clusters.items()
              if not cluster or cluster in {which[1], *(each.manifest.cluster for each in found)}}
    if not chosen:
        raise NoSuchName("cluster", cluster, {each.manifest.cluster for each in held})
    return [_period(found, _others(which, clusters), broken, rule, start, end, every)
            for which, found in chosen.items()]


def _period(held: Sequence[Snapshot], others: list[str], broken: list[SnapshotError], rule: Rule, start: dt.date,
            end: dt.date, every: int) -> Period:
    rule.distrusted.clear()
    rule.differing.clear()
    moments = cut(held, start, end)
    judge(moments, rule.choose, SnapshotError)
    last = max(held, key=lambda each: each.manifest.moment).manifest
    notes = [*changes(moments), *others, *_doubts(moments, rule),
             *(f"A snapshot of this store cannot be opened, and may be of this period: {error}" for error in broken)]
    return Period(last.cluster, last.cluster_uid, rule.framework.framework, start, end, moments, _titles(moments, rule),
                  every, notes)


def _doubts(moments: Sequence[Moment], rule: Rule) -> list[str]:
    found = [f"The snapshot of {when(each.time)} does not count: {each.problem}" for each in moments if each.problem]
    found += [f"Verdicts that were given of {count(number, 'snapshot')} are not used: {why}."
              for why, number in rule.distrusted.items()]
    if rule.differing:
        found.append("Several verdicts with other statuses were given of the snapshots of "
                     f"{', '.join(rule.differing)}; the first that was given counts.")
    if rule.by_files:
        found.append("What people add is that of the files given now, each entry on the days on which it is in force.")
    return found


def _others(which: tuple[str, str], clusters: dict[tuple[str, str], list[Snapshot]]) -> list[str]:
    """Other clusters that had a name of this one: one that was rebuilt has a period of its own."""
    names = {each.manifest.cluster for each in clusters[which]}
    return [f"Another cluster was also called {each[0].manifest.cluster}: {each[0].manifest.called}, with snapshots "
            f"from {when(each[0].manifest.moment)} to {when(each[-1].manifest.moment)}. It is reported apart."
            for other, found in clusters.items() if other != which
            for each in [[one for one in found if one.manifest.cluster in names]] if each]


def _titles(moments: Sequence[Moment], rule: Rule) -> dict[str, str]:
    """The requirements: those of today in their order, and those that only older verdicts have."""
    titles = {each.id: each.title for each in rule.framework.requirements}
    for each in moments:
        for row in each.given.said.requirements if each.given else ():
            titles.setdefault(row["id"], row["title"])
    return titles


def _statuses(given: Given) -> tuple[tuple[str, str], ...]:
    return tuple((row["id"], row["status"]) for row in given.said.requirements)
