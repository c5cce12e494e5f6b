"""What to do first: the findings of one or several evaluations of a snapshot, each check once, the worst first.

The terminal begins with it, and a run writes it for programs. A finding all of whose failures are accepted risks is
counted and not named: somebody has decided already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import SEVERITIES
from auditkit.reports.panels import findings
from auditkit.reports.panels.checks import parameters
from auditkit.reports.panels.findings import Finding

SHOWN = 5
"""Findings that are named; the others are counted."""


@dataclass(frozen=True)
class Triage:
    """The findings that nobody accepts, the worst first, and how many are accepted throughout.

    ``first`` has the worst: ``check``, ``severity``, ``finding``, ``failed``, ``accepted``, ``namespaces``, ``owners``,
    ``remedy`` (its first sentence) and ``requirements`` (a list for each framework by its name).
    """

    total: int
    counted: str
    accepted: int
    first: list[dict[str, Any]]


@dataclass
class _Merged:
    """A finding of one or several frameworks: the one with most failures is told."""

    one: Finding
    of: Evaluation
    requirements: dict[str, list[str]]
    accepted: bool


def triage(evaluations: Sequence[Evaluation], shown: int | None = SHOWN) -> Triage:
    """The findings of evaluations of one snapshot; those of one check with the same parameters are one. ``shown`` are
    named; None: all."""
    merged: dict[tuple[str, str], _Merged] = {}
    for evaluation in evaluations:
        for one in findings.found(evaluation):
            key = one.outcome.check.name, parameters(one.outcome)
            accepted = _open(one) == 0
            known = merged.setdefault(key, _Merged(one, evaluation, {}, accepted))
            known.requirements[evaluation.framework.framework] = one.requirements
            known.accepted &= accepted
            if _open(one) > _open(known.one):
                known.one, known.of = one, evaluation
    left = sorted((each for each in merged.values() if not each.accepted), key=_order)
    return Triage(len(left), findings.counted([{"severity": each.one.outcome.check.severity} for each in left]),
                  len(merged) - len(left), [_told(each) for each in left[:shown]])


def _open(one: Finding) -> int:
    """Failures of a finding that nobody accepts."""
    return one.outcome.counts["fail"] - int(one.covered.sum())


def _order(each: _Merged) -> tuple[Any, ...]:
    check = each.one.outcome.check
    return -SEVERITIES.index(check.severity), -_open(each.one), check.name, parameters(each.one.outcome)


def _told(each: _Merged) -> dict[str, Any]:
    row = findings.row(each.one, each.of)
    names = ("check", "severity", "finding", "failed", "accepted", "namespaces", "owners")
    return {**{name: row[name] for name in names}, "remedy": first_sentence(row["remedy"] or ""),
            "requirements": each.requirements}


def first_sentence(text: str) -> str:
    """The first sentence of a text: up to a full stop that a capital letter follows."""
    for at, char in enumerate(text[:-2]):
        if char == "." and text[at + 1] == " " and text[at + 2].isupper():
            return text[:at + 1]
    return text
