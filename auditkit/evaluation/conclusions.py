"""Conclusions of auditors beside the results of an evaluation: this year's, and the last before it.

They change no verdict and no status; where they and the evidence disagree, a notice says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from auditkit.errors import SnapshotError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result, joined
from auditkit.evaluation.words import DEVIATING, word
from auditkit.framework.definition import definition
from auditkit.people.conclusions import TO_FILL, Conclusion, Listed, Period, list_digest
from auditkit.people.entries import Notice
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import verify

SAME, CHANGED, NOT_KNOWN = "the same", "changed", "not known"
"""Whether what a requirement and its checks say is what it was when an auditor concluded."""


class Carried:
    """The conclusions on the requirements of an evaluation.

    ``current`` has, by requirement, the newest that names the snapshot of the evaluation; ``last`` the newest of those
    on earlier evidence: its period, or without one the test, ended before the snapshot was observed. ``held`` are the
    snapshots of a store, without which nobody can tell which ones are meant by the digest of their list.
    """

    def __init__(self, evaluation: Evaluation, conclusions: Iterable[Conclusion], held: Iterable[Snapshot] = ()):
        conclusions = list(conclusions)
        self._results = {result.requirement.id: result for result in evaluation.results}
        self._day = evaluation.snapshot.manifest.days[0]
        self._ours = sorted((each for each in conclusions if each.entry.framework == evaluation.framework.framework
                             and each.entry.requirement in self._results), key=lambda each: each.entry.tested_on)
        left = evaluation.scope.reasons if evaluation.scope else {}
        self._left = [(each, left[each.entry.requirement]) for each in conclusions
                      if each.entry.framework == evaluation.framework.framework and each.entry.requirement in left]
        digest, held = evaluation.snapshot.digest, list(held)
        ours = [each for each in self._ours if _names(each, digest, held)]
        self.current = {each.entry.requirement: each for each in ours}
        self.last = {each.entry.requirement: each for each in self._ours if each not in ours and self._earlier(each)}
        self._others = [each for each in self._ours if each not in ours and not self._earlier(each)]

    def _earlier(self, conclusion: Conclusion) -> bool:
        """True if it is on evidence from before the snapshot."""
        entry = conclusion.entry
        return (entry.period.until if entry.period else entry.tested_on) < self._day

    def columns(self, requirements: Sequence[str]) -> dict[str, list[object]]:
        """The columns that workpapers show beside these requirements: `TO_FILL` and those that begin with ``last_``."""
        rows = [{**self._filled(each), **self._last(each)} for each in requirements]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    @cached_property
    def notices(self) -> list[Notice]:
        """What is wrong with the conclusions of this framework: a file of a sample, a day, a contradiction, or that one
        is not shown because nothing says that it is on this snapshot or on an earlier one, or because its requirement
        is out of scope."""
        return [*(Notice(f"conclusion {kind}", each.origin, what) for each in self._ours
                  for kind, what in self._said(each)),
                *(Notice("conclusion out of scope", each.origin, f"{each.entry.requirement} is out of scope: {why}")
                  for each, why in self._left)]

    def _filled(self, requirement: str) -> dict[str, object]:
        found = self.current.get(requirement)
        if found is None:
            return dict.fromkeys(TO_FILL, "")
        return {**{name: getattr(found.entry, name) for name in TO_FILL}, "sample": found.sampled}

    def _last(self, requirement: str) -> dict[str, object]:
        names = ("result", "on", "by", "sample", "remark", "period", "definition")
        found = self.last.get(requirement)
        if found is None:
            return {f"last_{name}": "" for name in names}
        entry = found.entry
        period = f"{entry.period.first} to {entry.period.until}" if entry.period else ""
        values = (entry.result, entry.tested_on.isoformat(), entry.tested_by, found.sampled,
                  joined(entry.remark, entry.conclusion), period, self.definition(found))
        return {f"last_{name}": value for name, value in zip(names, values, strict=True)}

    def definition(self, conclusion: Conclusion) -> str:
        """Whether its requirement is defined as it was when the auditor concluded."""
        if conclusion.entry.definition is None:
            return NOT_KNOWN
        now = definition(self._results[conclusion.entry.requirement].requirement)
        return SAME if now.startswith(conclusion.entry.definition) else CHANGED

    def _said(self, conclusion: Conclusion) -> Iterator[tuple[str, str]]:
        entry = conclusion.entry
        if conclusion.sample and conclusion.sample.wrong:
            yield conclusion.sample.wrong, conclusion.sample.path
        if conclusion in self._others:
            yield "not shown", (f"it does not name this snapshot, and nothing shows that it is on earlier ones: its "
                                f"{'period' if entry.period else 'test'} did not end before {self._day}. Where it has "
                                "only the digest of a list, give the store that has the snapshots (--store)")
        if self.current.get(entry.requirement) is conclusion:
            if entry.tested_on < self._day:
                yield "too early", f"it was tested on {entry.tested_on}, and the snapshot was observed on {self._day}"
            if what := contradiction(entry.result, self._results[entry.requirement]):
                yield "contradicts the evidence", what


def contradiction(concluded: str, result: Result) -> str:
    """How a conclusion on a snapshot disagrees with what its checks found; empty where it does not."""
    status = word(result.status)
    about = f"{result.requirement.id} is concluded as {concluded}, and its status on this snapshot is {status}"
    if concluded == "operated" and result.status in DEVIATING:
        accepted = ", with all failures accepted as a risk" if result.accepted else ""
        return f"{about}{accepted}: {result.reason}"
    if concluded == "operated" and result.status == "unknown":
        return f"{about}: {result.reason}; say in the remark on what other evidence it rests"
    return f"{about}: say in the remark on what it rests" if (
        concluded == "not operated" and result.status in ("pass", "not_applicable")) else ""


@dataclass(frozen=True)
class _Store:
    """The snapshots of a store, and why others in it cannot be opened."""

    snapshots: list[Snapshot]
    broken: list[SnapshotError]


def in_store(conclusions: Iterable[Conclusion], snapshots: list[Snapshot],
             broken: list[SnapshotError]) -> list[Notice]:
    """What is wrong with the snapshots that conclusions name: one that is not in the store, or no longer verifies."""
    store, found = _Store(snapshots, broken), []
    verified: dict[str, str] = {}
    for conclusion in conclusions:
        found += [Notice(f"conclusion {kind}", conclusion.origin, what)
                  for kind, what in _stored(conclusion, store, verified)]
    return found


def _stored(conclusion: Conclusion, store: _Store, verified: dict[str, str]) -> Iterator[tuple[str, str]]:
    named = conclusion.entry.snapshots
    if isinstance(named, Listed):
        yield from _listed(conclusion, named, store, verified)
        return
    for digest in named:
        matching = [each for each in store.snapshots if each.digest.startswith(digest)]
        if matching:
            yield from _altered(matching, verified)
        elif about := next((str(error) for error in store.broken if digest[:12] in str(error)), ""):
            yield "snapshot no longer verifies", about
        else:
            yield "snapshot missing", f"the store has no snapshot whose digest begins with {digest}"


def _listed(conclusion: Conclusion, named: Listed, store: _Store,
            verified: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a list of snapshots: those of one cluster that were observed in the period."""
    period = conclusion.entry.period
    if period is None:
        yield "snapshots not known", "it has the digest of a list of snapshots but no period. Add the period."
        return
    if held := _meant(named, period, store.snapshots):
        yield from _altered(held, verified)
        return
    yield "snapshot missing", (f"no cluster of the store has {named.count} snapshots from {period.first} to "
                               f"{period.until} whose list has the SHA-256 {named.sha256}")


def _meant(named: Listed, period: Period | None, snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """The snapshots that the digest of a list means: all of one cluster that were observed in the period; none where
    the list is another."""
    clusters: dict[tuple[str, str], list[Snapshot]] = {}
    for each in snapshots:
        if period and period.first <= each.manifest.days[1] <= period.until:
            clusters.setdefault(each.manifest.which, []).append(each)
    return next((held for held in clusters.values() if len(held) == named.count
                 and list_digest(each.digest for each in held) == named.sha256), [])


def _names(conclusion: Conclusion, digest: str, held: Iterable[Snapshot]) -> bool:
    """True if a conclusion names the snapshot of this digest, by itself or in a list."""
    named = conclusion.entry.snapshots
    if isinstance(named, Listed):
        return any(each.digest == digest for each in _meant(named, conclusion.entry.period, held))
    return any(digest.startswith(each) for each in named)


def _altered(snapshots: list[Snapshot], verified: dict[str, str]) -> Iterator[tuple[str, str]]:
    for each in snapshots:
        if each.digest not in verified:
            verified[each.digest] = _problem(each)
        if verified[each.digest]:
            yield "snapshot no longer verifies", verified[each.digest]


def _problem(snapshot: Snapshot) -> str:
    try:
        verify(snapshot)
    except SnapshotError as error:
        return str(error)
    return ""


def frame(conclusions: Iterable[Conclusion]) -> pd.DataFrame:
    """One row for each conclusion: framework, requirement, the columns of `TO_FILL`, snapshots, file, line, sha256."""
    rows = [{"framework": each.entry.framework, "requirement": each.entry.requirement,
             **{name: getattr(each.entry, name) for name in TO_FILL}, "sample": each.sampled,
             "snapshots": each.spoken_of, "file": each.origin.file, "line": each.origin.line,
             "sha256": each.origin.sha256} for each in conclusions]
    return pd.DataFrame(rows, columns=["framework", "requirement", *TO_FILL, "snapshots", "file", "line", "sha256"])
