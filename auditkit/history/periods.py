"""The periods of a store: of each cluster one, from verdicts as they were given or judged anew."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from auditkit.base.hostile_text import count, when
from auditkit.errors import NoSuchName, SnapshotError, UsageError
from auditkit.evaluation.evaluation import Evaluation, evaluate, record
from auditkit.evaluation.given import Given, given_of
from auditkit.evaluation.scope import OF_SCOPE
from auditkit.evaluation.stored import encoded
from auditkit.framework.model import Framework
from auditkit.history.period import ANEW, AS_GIVEN, Moment, Period, changes, cut, judge
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.people.scope import Scope
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
    scope: Scope | None = None
    by_files: bool = False
    anew: bool = False
    distrusted: Counter[str] = field(default_factory=Counter)
    """Why verdicts that were given are not used, with the number of snapshots."""
    differing: list[str] = field(default_factory=list)
    """Snapshots of which several were given, with other statuses."""
    scoped: list[str] = field(default_factory=list)
    """Snapshots of which all that was given is of a scope only, so that they are judged anew."""
    _memory: Memory = field(default_factory=lambda: Memory(10_000))
    _tables: dict[str, pa.Table] = field(default_factory=dict)

    def choose(self, snapshot: Snapshot) -> tuple[Given, str]:
        """What is to be believed of a snapshot: the first that was given of the whole and is trusted, else what is
        judged now. What was given of a scope says nothing of the whole.

        Raises `SnapshotError` where the snapshot does not have the bytes that were written.
        """
        verify(snapshot)
        found, wrong = ([], []) if self.anew else given_of(snapshot, self.framework.framework)
        self.distrusted.update({each.distrusted for each in found if each.distrusted} | {str(each) for each in wrong})
        trusted = [each for each in found if not each.distrusted and not each.said.outside]
        if not trusted and not self.by_files and any(not each.distrusted for each in found):
            self.scoped.append(when(snapshot.manifest.moment))
        if len({_statuses(each) for each in trusted}) > 1:
            self.differing.append(when(snapshot.manifest.moment))
        if trusted and not self.by_files:
            return trusted[0], AS_GIVEN
        judged = self.judged(snapshot)
        same = bool(trusted) and trusted[0].basis == judged.basis
        kept, _ = given_of(snapshot, self.framework.framework)
        now = next((each for each in kept if (each.basis, each.people, each.distrusted) == (
            judged.basis, judged.people, "")), None)
        return now or as_given(judged), AS_GIVEN if same else ANEW

    def judged(self, snapshot: Snapshot) -> Evaluation:
        """A snapshot by this rule."""
        return evaluate(Alike.opened(self._memory, self._tables, snapshot), self.framework, self.exceptions,
                        self.attestations, self.pss_version, scope=self.scope)


def as_given(judged: Evaluation) -> Given:
    """An evaluation in the form of what was given."""
    return Given(0, judged.basis, judged.people, record(judged), encoded(judged.basis, judged.judged, judged.snapshot))


def periods(store: Path, rule: Rule, start: dt.date, end: dt.date, cluster: str = "", every: int = 0) -> list[Period]:
    """The period of each cluster of a store, or of those of this name or UID.

    Raises `UsageError` for a period that ends before it begins, `SnapshotError` for a store without snapshots, and
    `NoSuchName` for a cluster that has none in it.
    """
    verify_days(start, end)
    clusters, broken = clusters_of(store)
    return [period_of(which, clusters, broken, rule, start, end, every) for which in chosen(clusters, cluster)]


def verify_days(start: dt.date, end: dt.date) -> None:
    """Raises `UsageError` for a period that ends before it begins, or is longer than anybody means."""
    if end < start:
        raise UsageError(f"The period ends on {end}, before it begins ({start}). Correct one of the days.")
    if (end - start).days > LONGEST:
        raise UsageError(f"The period from {start} to {end} has {count((end - start).days + 1, 'day')}; the longest "
                         f"has {LONGEST:,}. Correct one of the days.")


Clusters = dict[tuple[str, str], list[Snapshot]]
"""The snapshots of each cluster, oldest first, by what tells it from every other (`Manifest.which`)."""


def clusters_of(store: Path) -> tuple[Clusters, list[SnapshotError]]:
    """The clusters of a store, and why snapshots in it cannot be opened. Raises `SnapshotError` where it has none."""
    held, broken = snapshots(store)
    if not held:
        raise broken[0] if broken else SnapshotError(
            f"{store} has no snapshots. Run `auditkit collect --store {store}` to create one.")
    clusters: Clusters = {}
    for each in held:
        clusters.setdefault(each.manifest.which, []).append(each)
    return clusters, broken


def chosen(clusters: Clusters, cluster: str) -> list[tuple[str, str]]:
    """The clusters of this name or UID; without one, all. Raises `NoSuchName`."""
    found = [which for which, held in clusters.items()
             if not cluster or cluster in {which[1], *(each.manifest.cluster for each in held)}]
    if not found:
        raise NoSuchName("cluster", cluster, {each.manifest.cluster for held in clusters.values() for each in held})
    return found


def period_of(which: tuple[str, str], clusters: Clusters, broken: list[SnapshotError], rule: Rule, start: dt.date,
              end: dt.date, every: int = 0) -> Period:
    """The period of one of the clusters of a store; ``broken`` says which of its snapshots cannot be opened."""
    held = clusters[which]
    rule.distrusted.clear()
    rule.differing.clear()
    rule.scoped.clear()
    moments = cut(held, start, end)
    judge(moments, rule.choose, SnapshotError)
    last = max(held, key=lambda each: each.manifest.moment).manifest
    notes = [*changes(moments), *_others(which, clusters), *_doubts(moments, rule),
             *(f"A snapshot of this store cannot be opened, and may be of this period: {error}" for error in broken)]
    return Period(last.cluster, last.cluster_uid, rule.framework.framework, start, end, moments, _titles(moments, rule),
                  every, notes)


def _doubts(moments: Sequence[Moment], rule: Rule) -> list[str]:
    found = [f"The snapshot of {when(each.time)} does not count: {each.problem}" for each in moments if each.problem]
    found += [f"Verdicts that were given of {count(number, 'snapshot')} are not used: {why}."
              for why, number in rule.distrusted.items()]
    if rule.scoped:
        found.append(f"Of {count(len(rule.scoped), 'snapshot')} verdicts were given of a scope only, which are not "
                     "those of the whole: judged anew without it. Give the scope, for a claim on what is in it.")
    if rule.differing and not rule.by_files:
        found.append("Several verdicts with other statuses were given of the snapshots of "
                     f"{', '.join(rule.differing)}; the first that was given counts.")
    found += [*_scopes(moments), *_beyond(rule.scope, moments), *_always(moments)]
    if rule.by_files:
        found.append("What people add is that of the files given now, each entry on the days on which it is in force.")
    return found


def _always(moments: Sequence[Moment]) -> list[str]:
    """What does not fit between the scope and any snapshot: a namespace that none of them has, say."""
    said = [{(row["kind"], row["file"], row["line"], row["what"]) for row in each.given.said.notices
             if row["kind"] in OF_SCOPE} for each in moments if each.given]
    return [f"{file}, line {line}: {what}: so it is in every snapshot." for _, file, line, what in sorted(
        set.intersection(*said) if said else ())]


def _scopes(moments: Sequence[Moment]) -> Iterator[str]:
    """By which scope snapshots were judged, and what it leaves out; where it changed."""
    scopes: dict[str, list[Moment]] = {}
    for each in moments:
        if each.given:
            said = [f"{file.file} ({file.sha256[:12]})" for file in each.given.people
                    if file.kind in ("scope", "categories")]
            scopes.setdefault(said[0] if said else "", []).append(each)
    for called, held in scopes.items():
        if called:
            outside = set[str]().union(*(each.given.said.left_out for each in held if each.given))
            among = f", among it {count(len(outside), 'requirement')}" if outside else ""
            yield (f"{count(len(held), 'snapshot')} judged by the scope {called}: nothing is claimed of what is "
                   f"outside{among}.")
    if len(scopes) > 1:
        yield ("The scope is not the same for all snapshots: a requirement or subject that is outside in some of them "
               "has no evidence from those.")


def _beyond(scope: Scope | None, moments: Sequence[Moment]) -> Iterator[str]:
    """That snapshots are of days that are not of the period of the scope."""
    if scope and scope.entry:
        first, last = scope.entry.days
        if number := sum(each.day is not None and not first <= each.day <= last for each in moments):
            yield (f"The period of the scope is {first} to {last}: {count(number, 'snapshot')} of other days "
                   f"{'is' if number == 1 else 'are'} judged by it all the same.")


def _others(which: tuple[str, str], clusters: Clusters) -> list[str]:
    """Other clusters that had a name of this one: one that was rebuilt has a period of its own."""
    names = {each.manifest.cluster for each in clusters[which]}
    return [f"Another cluster was also called {each[0].manifest.cluster}: {each[0].manifest.called}, with snapshots "
            f"from {when(each[0].manifest.moment)} to {when(each[-1].manifest.moment)}. It is reported apart."
            for other, found in clusters.items() if other != which
            for each in [[one for one in found if one.manifest.cluster in names]] if each]


def _titles(moments: Sequence[Moment], rule: Rule) -> dict[str, str]:
    """The requirements: those of today in their order, and those that only older verdicts have; without those that a
    scope leaves out of all that was given."""
    said = [each.given.said.left_out for each in moments if each.given]
    outside = set.intersection(*said) if said else set()
    titles = {each.id: each.title for each in rule.framework.requirements if each.id not in outside}
    for each in moments:
        for row in each.given.said.requirements if each.given else ():
            titles.setdefault(row["id"], row["title"])
    return titles


def _statuses(given: Given) -> tuple[tuple[str, str], ...]:
    return tuple((row["id"], row["status"]) for row in given.said.requirements)
