"""The findings of a report: each check that fails, once, with where, whose, how many and what to do about it.

Sentences are made here and not in a template: re-performance makes them anew and looks for them on the pages.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from auditkit.analysis.workloads.owners import owners_of
from auditkit.base import hostile_text as text
from auditkit.evaluation import sentences
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome
from auditkit.evaluation.words import SEVERITIES
from auditkit.reports.panels.block import Block
from auditkit.reports.panels.checks import parameters

NAMED = 3
"""Namespaces and owners that a finding names; it counts the others, and failures.csv has all."""


@dataclass
class Finding:
    """A check that fails: its outcome, the requirements that it serves, and which failures all of them accept."""

    outcome: Outcome
    requirements: list[str] = field(default_factory=list)
    covered: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))


def found(evaluation: Evaluation) -> list[Finding]:
    """Each check that fails, whatever number of requirements it serves: the most severe first, then those with most
    failing subjects."""
    by_check: dict[tuple[str, str], Finding] = {}
    for result in evaluation.results:
        for place, outcome in enumerate(result.outcomes):
            if outcome.counts["fail"]:
                covered = result.covered[place] if result.covered else np.zeros(len(outcome), bool)
                key = outcome.check.name, parameters(outcome)
                one = by_check.setdefault(key, Finding(outcome, covered=covered))
                one.requirements.append(result.requirement.id)
                one.covered = one.covered & covered
    return sorted(by_check.values(), key=lambda one: (
        -SEVERITIES.index(one.outcome.check.severity), -one.outcome.counts["fail"], one.outcome.check.name,
        parameters(one.outcome)))


def findings(evaluation: Evaluation) -> Block:
    """The findings, by severity: what was seen, in which namespaces, whose it is, and the remedy."""
    rows = [row(one, evaluation) for one in found(evaluation)]
    return Block("findings", title=counted(rows), rows=rows, note=_more_than_runs(evaluation))


def counted(rows: Sequence[Mapping[str, Any]]) -> str:
    """``47 findings: 3 critical, 20 high, 24 medium``."""
    each = {severity: sum(row["severity"] == severity for row in rows) for severity in reversed(SEVERITIES)}
    by_severity = ", ".join(f"{number} {severity}" for severity, number in each.items() if number)
    return f"{text.count(len(rows), 'finding')}{f': {by_severity}' if rows else ''}"


def row(one: Finding, evaluation: Evaluation) -> dict[str, Any]:
    """A finding as data: what was seen, in which namespaces, whose it is, and the remedy."""
    outcome, check = one.outcome, one.outcome.check
    failing = outcome.subjects(outcome.positions("fail"))
    namespaces, names = (failing[part].fillna("").tolist() for part in ("namespace", "name"))
    own = [namespace.startswith("kube-") or name.startswith("system:")
           for namespace, name in zip(namespaces, names, strict=True)]
    return {
        "check": check.name, "severity": check.severity, "finding": f"{text.short(sentences.counted(outcome))}.",
        "remedy": check.remedy, "requirements": one.requirements, "failed": outcome.counts["fail"],
        "counts": [[verdict, number] for verdict, number in outcome.counts.items() if number],
        "population": len(outcome), "outside": outcome.outside, "subjects": sentences.subjects_of(check),
        "accepted": int(one.covered.sum()),
        "namespaces": _named([namespace or "whole cluster" for namespace in namespaces], own),
        "owners": _named(_owners(failing, names, evaluation), own),
        "teams": _named([team or "no team" for team in evaluation.teams_of(failing)], own)
        if evaluation.owner_label else "",
    }


def _owners(failing: pd.DataFrame, names: Iterable[str], evaluation: Evaluation) -> list[str]:
    """The workload that made each object, or else the object itself."""
    owners = owners_of(failing, evaluation.snapshot.top_owners).tolist()
    return [owner or f"{kind} {name}".strip()
            for owner, kind, name in zip(owners, failing["kind"].fillna("").tolist(), names, strict=True)]


def _named(names: Sequence[str], own: Sequence[bool]) -> str:
    """The names, those with most failing subjects first and those that are Kubernetes' ``own`` throughout last:
    ``shop (9), bank (4) and 2 more``."""
    counts, others = Counter(names), {name for name, ours in zip(names, own, strict=True) if not ours}
    order = sorted(counts, key=lambda name: (name not in others, -counts[name], name))
    shown = ", ".join(f"{text.short(name, 80)}{f' ({counts[name]:,})' if counts[name] > 1 else ''}"
                      for name in order[:NAMED])
    return f"{shown}{f' and {len(counts) - NAMED:,} more' if len(counts) > NAMED else ''}"


def _more_than_runs(evaluation: Evaluation) -> str:
    """Why a finding may count more than the report says that runs: templates are judged as well."""
    said = list(_beyond(evaluation))
    return (f"Checks judge templates of workloads that run no pod as well: {' and '.join(said)} beyond those that "
            "run.") if said else ""


def _beyond(evaluation: Evaluation) -> Iterator[str]:
    for name, thing in (("pods", "pod"), ("containers", "container")):
        judged = [len(outcome) for result in evaluation.results for outcome in result.outcomes
                  if outcome.check.tables[0] == f"all_{name}"]
        more = max(judged, default=0) - evaluation.snapshot.arrow(name).num_rows
        if more > 0:
            yield text.count(more, thing)
