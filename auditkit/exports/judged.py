"""What every export reads of an evaluation: its verdicts one by one, and what a requirement says beyond them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import pandas as pd

from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.words import SUBJECT

Evaluations: TypeAlias = Evaluation | Iterable[Evaluation]

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:auditkit:exports")


@dataclass(frozen=True)
class Subject:
    """What a subject is called; empty where it has no such part."""

    kind: str
    namespace: str
    name: str
    container: str

    def __str__(self) -> str:
        place = "/".join(filter(None, (self.namespace, self.name)))
        return " ".join(filter(None, (self.kind, place, self.container and f"container {self.container}")))

    @property
    def parts(self) -> dict[str, str]:
        """Its parts by name, without those that it does not have."""
        return {part: text for part in SUBJECT if (text := getattr(self, part))}


@dataclass(frozen=True)
class Verdict:
    """One verdict. ``key`` is of the check and the subject: it is the same in the next snapshot.

    Subjects of one check that are called the same are counted in ``key``. ``team`` is empty where nobody asked for it.
    """

    subject: Subject
    verdict: str
    reason: str
    seen: str
    accepted: bool
    key: str
    team: str = ""


@dataclass(frozen=True)
class Judged:
    """One check under one requirement. ``rule`` names it: two of one name have other parameters and are counted."""

    evaluation: Evaluation
    result: Result
    outcome: Outcome
    place: int
    rule: str

    def verdicts(self, *wanted: str) -> Iterator[Verdict]:
        """Its verdicts in the order of the population; of these kinds alone, if any are named."""
        covered = self.result.covered[self.place].tolist() if self.result.covered else [False] * len(self.outcome)
        rows = self.outcome.rows()
        texts = [rows[name].fillna("").tolist() for name in (*SUBJECT, "verdict", "reason", "seen")]
        teams = self.evaluation.teams_of(rows).tolist()
        alike: Counter[Subject] = Counter()
        for *called, verdict, reason, seen, accepted, team in zip(*texts, covered, teams, strict=True):
            subject = Subject(*called)
            alike[subject] += 1
            if not wanted or verdict in wanted:
                key = digest(self.rule, *called, str(alike[subject]))
                yield Verdict(subject, verdict, reason, seen, accepted, key, team)


def judged(evaluation: Evaluation) -> Iterator[Judged]:
    """Each check of each requirement, in their order."""
    for result in evaluation.results:
        yield from of(evaluation, result)


def of(evaluation: Evaluation, result: Result) -> Iterator[Judged]:
    """Each check of one requirement."""
    alike: Counter[str] = Counter()
    for place, outcome in enumerate(result.outcomes):
        name = f"{evaluation.framework.framework}/{result.requirement.id}/{outcome.check.name}"
        alike[name] += 1
        yield Judged(evaluation, result, outcome, place, f"{name}/{alike[name]}" if alike[name] > 1 else name)


def listed(evaluations: Evaluations) -> list[Evaluation]:
    """One evaluation or several, as a list."""
    return [evaluations] if isinstance(evaluations, Evaluation) else list(evaluations)


def unsaid(result: Result) -> str:
    """``fail`` or ``unknown`` where a requirement has this status and none of its verdicts does: people say that it is
    not met, or the evidence has gaps. Empty otherwise: a format that has only verdicts would be silent of these.
    Exceptions are noted only where verdicts fail."""
    return result.status if result.status in ("fail", "unknown") and not result.count(result.status) else ""


def acceptances(evaluation: Evaluation, requirement: str, check: str) -> str:
    """The risk acceptances in force for a check of a requirement: who, why, until when, and where it is written."""
    frame = evaluation.exceptions
    return "; ".join(
        f"{row.owner}: {row.reason} (until {row.expires}; {row.file}, line {row.line})"
        for row in frame[(frame["state"] == "valid") & (frame["covers"] > 0)].itertuples(index=False)
        if _names(row.checks, check) and _names(row.requirements, requirement))


@dataclass(frozen=True)
class Left:
    """A requirement that the scope leaves out: its identifier, its title, and why."""

    id: str
    title: str
    reason: str


def left_out(evaluation: Evaluation) -> list[Left]:
    """The requirements that the scope leaves out."""
    rows = evaluation.scope.requirements if evaluation.scope else pd.DataFrame(columns=["requirement"])
    return [Left(row.requirement, row.title, f"out of scope: {row.reason}") for row in rows.itertuples(index=False)]


def scope(evaluation: Evaluation) -> str:
    """What is in scope, in sentences; empty where no scope was given."""
    return " ".join(evaluation.scope.sentences()) if evaluation.scope else ""


def gaps(evaluation: Evaluation) -> list[str]:
    """Why the evidence of the checks is incomplete, as sentences, each once."""
    found: Sequence[str] = [gap for result in evaluation.results for outcome in result.outcomes for gap in outcome.gaps]
    return list(dict.fromkeys(found))


def identity(*parts: str) -> str:
    """A UUID (version 5) of texts: the same texts give the same UUID on every machine."""
    return str(_uuid(digest(*parts)))


def digest(*parts: str) -> str:
    """SHA-256 of texts, each with its length, so that no two lists of texts are taken for the same."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()


def _uuid(name: str) -> UUID:
    return uuid5(_NAMESPACE, name)


def _names(listed: str, name: str) -> bool:
    """True if an exception names this check or requirement, or names none."""
    return not listed or name in listed.split(", ")
