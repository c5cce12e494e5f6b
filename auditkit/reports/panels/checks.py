"""Every check of an evaluation as a table: what it found by number, and all that a reader must know of its rule."""

import inspect
import re
from typing import Any

import pandas as pd

from auditkit.evaluation import sentences
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome
from auditkit.exports.trace import sources_of
from auditkit.proof import provenance
from auditkit.snapshots.snapshot import Snapshot

COLUMNS = ["requirement", "check", "parameters", "severity", "title", "subjects", "population", "passed", "failed",
           "unknown", "not_applicable", "out_of_scope", "accepted", "finding", "deviation", "remedy",
           "expected", "why", "source", "tables", "sources", "proof", "gaps"]
"""Of checks.csv: ``subjects`` is what is counted, ``population`` how many there are, ``finding`` is what fails,
``deviation`` what a failing subject is or does, ``sources`` are those of its tables, as the ledger calls them."""


def checks(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each requirement and check (columns: `COLUMNS`), section by section."""
    sections = [section.id for section in evaluation.framework.sections]
    results = sorted(evaluation.results, key=lambda result: sections.index(result.requirement.section))
    return pd.DataFrame([
        {"requirement": result.requirement.id, **_row(outcome, evaluation.snapshot),
         "accepted": int(result.covered[place].sum()) if result.covered else 0}
        for result in results for place, outcome in enumerate(result.outcomes)], columns=COLUMNS)


def _row(outcome: Outcome, snap: Snapshot) -> dict[str, Any]:
    check, counts = outcome.check, outcome.counts
    return {
        "check": check.name, "severity": check.severity, "title": check.title,
        "parameters": parameters(outcome),
        "subjects": sentences.subjects_of(check), "population": len(outcome), "passed": counts["pass"],
        "failed": counts["fail"], "unknown": counts["unknown"], "not_applicable": counts["not_applicable"],
        "out_of_scope": outcome.outside,
        "finding": sentences.failing(outcome) if counts["fail"] else "", "deviation": check.finding,
        "remedy": check.remedy, "expected": check.expected, "why": why(check.function), "source": check.source,
        "tables": ", ".join(check.tables), "sources": " ".join(sources_of(check, snap)),
        "proof": provenance.proof(check), "gaps": "; ".join(outcome.gaps),
    }


def parameters(outcome: Outcome) -> str:
    """The parameters of a check in one line; the same check with others is another."""
    return ", ".join(f"{name}={value}" for name, value in sorted(outcome.check.parameters.items()))


def why(function: Any) -> str:
    """Why a check matters: its docstring after the first line, without markup and errors, which programmers read."""
    said = " ".join((inspect.getdoc(function) or "").partition("\n")[2].split())
    return re.sub(r" ?Raises `[^.]*\.", "", said).replace("`", "")
