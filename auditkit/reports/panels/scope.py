"""The scope of an examination and all that lies outside of it, for the first page and for a section of its own."""

from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.evaluation import Evaluation
from auditkit.reports.panels.block import Block

WHOLE = "whole cluster"
EVERYTHING = "No scope was given. Every requirement of the framework and every subject in the snapshot counts."


def scope(evaluation: Evaluation) -> Block:
    """What is in scope, and what is outside with counts and reasons: requirements, namespaces, subjects; what another
    organisation provides."""
    found = evaluation.scope
    if found is None:
        return Block("scope", title="Out of scope", said=[EVERYTHING], groups=[], subjects=0, requirements=[],
                     namespaces=[], carved=[], ephi=False)
    return Block(
        "scope", title="Out of scope", said=found.sentences(), groups=_groups(found.subjects),
        subjects=len(found.subjects), requirements=_groups_of_requirements(found.requirements),
        namespaces=_rows(found.namespaces) if found.chooses else [],
        carved=_rows(found.carve_outs), ephi=found.scope.bounds.ephi is not None)


def _groups(subjects: pd.DataFrame) -> list[dict[str, Any]]:
    """The subjects outside, counted by namespace, kind and reason."""
    if subjects.empty:
        return []
    placed = subjects.assign(namespace=subjects["namespace"].fillna("").where(
        subjects["kind"] != "Namespace", subjects["name"]).replace("", WHOLE), kind=subjects["kind"].fillna(""))
    kinds = placed.groupby(["namespace", "reason", "file", "line"], sort=True)
    return [{"namespace": namespace, "reason": reason, "where": _where(file, line), "count": len(rows),
             "kinds": ", ".join(f"{number:,} {kind}" for kind, number in rows["kind"].value_counts().items())}
            for (namespace, reason, file, line), rows in kinds]


def _groups_of_requirements(requirements: pd.DataFrame) -> list[dict[str, Any]]:
    """The requirements outside by reason, in the order of the framework."""
    return [{"reason": reason, "where": _where(file, line), "total": len(rows),
             "requirements": [{"id": row.requirement, "title": row.title} for row in rows.itertuples(index=False)]}
            for (reason, file, line), rows in requirements.groupby(["reason", "file", "line"], sort=False)]


def _where(file: str, line: int) -> str:
    return f"{text.short(file, 60)}, line {line}" if file else ""


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
