"""Verdicts of two snapshots: what opened, what closed, what is no longer known, and why.

`why` is decided from what was the same. Where the rule differs (framework, checks, version of the Pod Security
Standards), the earlier snapshot must be judged by the later rule too: what that alone changes was changed by the rule.
Of the rest, a verdict that is or was unknown where the gaps of the check differ was changed by the evidence; so was one
of which nothing differs in the tables that the check reads but what scanners found. Everything else is the cluster.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec
import pandas as pd

from auditkit.analysis import DERIVED, derivation, inputs
from auditkit.errors import UsageError
from auditkit.evaluation.basis import Basis
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome
from auditkit.evaluation.words import SUBJECT, VERDICTS
from auditkit.snapshots.ledger import SCANNED
from auditkit.snapshots.snapshot import Snapshot

CHANGES = ("opened", "still open", "closed", "gone", "out of scope", "newly unknown", "newly known")
"""``gone``: it failed or was unknown, and is no longer there. ``out of scope``: it did, and a scope leaves it out now;
whether it still does is not said. ``newly known`` may be a failure: ``after`` says it."""
CLUSTER, EVIDENCE, RULE, PEOPLE = ("the cluster changed", "the evidence changed", "the rule changed",
                                   "what people say changed")
SCOPE = "the scope leaves it out"
UNDECIDED = "the rule changed, and perhaps the cluster"
"""Where the earlier snapshot was not judged by the later rule."""

VERDICT = ["requirement", "check", "severity", *SUBJECT, "change", "before", "after", "accepted", "why"]
REQUIREMENT = ["requirement", "title", "before", "after", "accepted_before", "accepted_after", "why"]

_BAD = ("fail", "unknown")
_ABSENT = ""
_Key = tuple[str, int, tuple[str | None, ...]]


@dataclass(frozen=True)
class VerdictDiff:
    """Two evaluations of one framework: of an earlier and of a later snapshot of one cluster.

    ``rejudged`` is the earlier snapshot by the rule of the later evaluation; only needed where the rules differ.
    """

    earlier: Evaluation
    later: Evaluation
    rejudged: Evaluation | None = None

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """A row for each requirement, check and subject with a change (columns: `VERDICT`): ``change`` is one of
        `CHANGES`, ``before`` and ``after`` are verdicts, empty where the subject is not there; ``accepted``, whether an
        exception covers it now."""
        return pd.DataFrame(list(self._verdicts()), columns=VERDICT)

    def _verdicts(self) -> Iterator[dict[str, object]]:
        rejudged = {each.requirement.id: each for each in (self.rejudged.results if self.rejudged else ())}
        before = {each.requirement.id: each for each in self.earlier.results}
        after = {each.requirement.id: each for each in self.later.results}
        for requirement in dict.fromkeys([*before, *after]):
            one, other, third = (_Side(found.get(requirement)) for found in (before, after, rejudged))
            for key in dict.fromkeys([*one.notable, *other.notable]):
                old, new = one.verdict(key), other.verdict(key)
                name, _, subject = key
                left_out = new == _ABSENT and (requirement in self._left_out or subject in self._outside)
                if change := "out of scope" if left_out else _change(old, new):
                    outcome = other.outcome(key) or one.outcome(key)
                    why = SCOPE if left_out else "" if old == new else self._why(key, one, other, third)
                    severity = outcome.check.severity if outcome else ""
                    yield {"requirement": requirement, "check": name, "severity": severity,
                           **dict(zip(SUBJECT, subject, strict=True)), "change": change, "before": old, "after": new,
                           "accepted": key in other.accepted, "why": why}

    @cached_property
    def _left_out(self) -> set[str]:
        """The requirements that the scope of the later evaluation leaves out."""
        return set(self.later.scope.reasons) if self.later.scope else set()

    @cached_property
    def _outside(self) -> set[tuple[str | None, ...]]:
        """The subjects that it leaves out."""
        return set(_called(self.later.scope.subjects)) if self.later.scope else set()

    def _why(self, key: _Key, one: "_Side", other: "_Side", third: "_Side") -> str:
        if _rule(self.earlier.basis) != _rule(self.later.basis):
            if self.rejudged is None:
                return UNDECIDED
            if third.verdict(key) == other.verdict(key):
                return RULE
            if third.verdict(key) != one.verdict(key):
                return f"{RULE}, and {self._beside(key, third, other)}"
            return self._beside(key, third, other)
        return self._beside(key, one, other)

    def _beside(self, key: _Key, one: "_Side", other: "_Side") -> str:
        """Why a verdict changed though the rule is the same."""
        before, after = one.outcome(key), other.outcome(key)
        gaps = [set(each.missing) if each else set() for each in (before, after)]
        if gaps[0] != gaps[1] and "unknown" in (one.verdict(key), other.verdict(key)):
            return EVIDENCE
        outcome = after or before
        read = set(_read(outcome.check.tables)) if outcome else set()
        differing = {name for name in read if not _same(name, self.earlier.snapshot, self.later.snapshot)}
        return EVIDENCE if differing and differing <= {*SCANNED, "collection"} else CLUSTER

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """A row for each requirement whose status, or whether it is accepted, changed (columns: `REQUIREMENT`);
        ``why`` has every reason of its verdicts, and whether what people say changed."""
        before = self.earlier.requirements.set_index("id")
        after = self.later.requirements.set_index("id")
        return pd.DataFrame([row for name in dict.fromkeys([*before.index, *after.index])
                             if (row := self._requirement(name, before, after))], columns=REQUIREMENT)

    def _requirement(self, name: str, before: pd.DataFrame, after: pd.DataFrame) -> dict[str, object] | None:
        one, other = (found.loc[name] if name in found.index else None for found in (before, after))
        old, new = ("" if each is None else each["status"] for each in (one, other))
        was, now = (each is not None and bool(each["accepted"]) for each in (one, other))
        if (old, was) == (new, now):
            return None
        rows = self.verdicts.loc[self.verdicts["requirement"] == name]
        why = [each for each in dict.fromkeys(rows["why"]) if each]
        if (was != now or not why) and old and new and self._people_changed:
            why.append(PEOPLE)
        if not old or not new:
            why = [SCOPE if name in self._left_out else RULE]
        title = (other if other is not None else before.loc[name])["title"]
        return {"requirement": name, "title": title, "before": old, "after": new, "accepted_before": was,
                "accepted_after": now, "why": "; ".join(why or [CLUSTER])}

    @cached_property
    def _people_changed(self) -> bool:
        """True if what people gave differs, or the days on which it counts do: an exception may have expired."""
        said = [(each.people, each.exceptions["state"].tolist(), each.attestations["state"].tolist())
                for each in (self.earlier, self.later)]
        return said[0] != said[1]

    @property
    def counts(self) -> dict[str, int]:
        """How many verdicts have each change; every change is present."""
        found = self.verdicts["change"].value_counts()
        return {change: int(found.get(change, 0)) for change in CHANGES}


def verdict_changes(earlier: Evaluation, later: Evaluation, rejudged: Evaluation | None = None) -> VerdictDiff:
    """What changed in the verdicts from one evaluation to a later one of the same framework and cluster.

    Raises `UsageError` for two frameworks or two clusters.
    """
    if earlier.framework.framework != later.framework.framework:
        raise UsageError(f"Verdicts of {earlier.framework.framework} and {later.framework.framework} cannot be "
                         "compared. Give two evaluations of one framework.")
    one, other = earlier.snapshot.manifest, later.snapshot.manifest
    if one.which != other.which:
        raise UsageError(f"The snapshots are of two clusters: {one.called}, and {other.called}. Give two of one.")
    return VerdictDiff(earlier, later, rejudged)


class _Side:
    """The verdicts of one requirement in one evaluation: the worst of each subject by test."""

    def __init__(self, result: object):
        outcomes: list[Outcome] = getattr(result, "outcomes", [])
        self._outcomes: dict[tuple[str, int], Outcome] = {}
        self._found: dict[_Key, str] = {}
        self.accepted: set[_Key] = set()
        covered = getattr(result, "covered", ())
        for place, outcome in enumerate(outcomes):
            name = outcome.check.name
            number = sum(known == name for known, _ in self._outcomes)
            self._outcomes[name, number] = outcome
            words = outcome.verdict.to_pylist()
            for at, subject in enumerate(_called(outcome.population)):
                key = (name, number, subject)
                worst = min(words[at], self._found.get(key, words[at]), key=_worst)
                self._found[key] = worst
                if covered and covered[place][at]:
                    self.accepted.add(key)

    @property
    def notable(self) -> list[_Key]:
        """Those that fail or are unknown."""
        return [key for key, verdict in self._found.items() if verdict in _BAD]

    def outcome(self, key: _Key) -> Outcome | None:
        """The outcome that a key is of."""
        return self._outcomes.get(key[:2])

    def verdict(self, key: _Key) -> str:
        """The verdict; unknown where nothing proves that the subject is not there, empty where it is not."""
        if key in self._found:
            return self._found[key]
        outcome = self.outcome(key)
        return "unknown" if outcome is not None and outcome.missing else _ABSENT


def _called(subjects: pd.DataFrame) -> Iterator[tuple[str | None, ...]]:
    """What each subject is called (`SUBJECT`)."""
    called = subjects[SUBJECT].astype(object)
    yield from called.where(called.notna(), None).itertuples(index=False, name=None)


def _worst(verdict: str) -> int:
    return ("fail", "unknown", "pass", "not_applicable").index(verdict) if verdict in VERDICTS else 0


def _change(old: str, new: str) -> str:
    """One of `CHANGES`; empty where nothing is to be told."""
    if new == "fail":
        return "still open" if old == "fail" else "newly known" if old == "unknown" else "opened"
    if new == "unknown":
        return "" if old == "unknown" else "newly unknown"
    if new == _ABSENT and old in _BAD:
        return "gone"
    return {"fail": "closed", "unknown": "newly known"}.get(old, "")


def _rule(basis: Basis) -> Basis:
    """A basis but for the snapshot."""
    return msgspec.structs.replace(basis, snapshot="")


def _read(names: tuple[str, ...]) -> Iterator[str]:
    """The collected tables that these are made of."""
    for name in names:
        if name in DERIVED:
            yield from _read(tuple(inputs(derivation(name))))
        else:
            yield name


def _same(name: str, one: Snapshot, other: Snapshot) -> bool:
    file = f"{name}.parquet"
    if file in one.manifest.files and file in other.manifest.files:
        return one.manifest.files[file] == other.manifest.files[file]
    return bool(one.arrow(name).equals(other.arrow(name)))
