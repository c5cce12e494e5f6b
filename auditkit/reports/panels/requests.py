"""The requests of a report: all that must be asked of people, in one list, and the place to sign."""

from collections import Counter
from typing import Any

from auditkit.base import hostile_text as text
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result
from auditkit.evaluation.words import DEVIATING, STATUSES
from auditkit.reports.panels.block import Block

_OPEN = ("unknown", "manual", *DEVIATING)
REASONS = 2
"""Reasons that a request gives; gaps.csv has all."""
SHARED = 3
"""A reason of more requests than this stands once above the list."""


def requests(evaluation: Evaluation) -> Block:
    """What to ask of people, and why: evidence that is missing, what a cluster cannot show, and what remains to be
    asked of requirements that fail or have exceptions noted. The same request is made once, for all
    its requirements."""
    asked: dict[str, dict[str, Any]] = {}
    for result in sorted(evaluation.results, key=lambda result: _OPEN.index(result.status)
                         if result.status in _OPEN else len(_OPEN)):
        if request := _request(result):
            one = asked.setdefault(request, {"request": request, "ids": [], "why": [], "statuses": []})
            one["ids"].append(result.requirement.id)
            one["why"] += [why for why in (_why(result),) if why and why not in one["why"]]
            one["statuses"] += [result.status] if result.status not in one["statuses"] else []
    rows = [{**one, "why": _joined(one["why"]), "statuses": sorted(one["statuses"], key=STATUSES.index)}
            for one in asked.values()]
    note = _shared(rows)
    return Block("requests", title=text.count(len(rows), "request"), rows=rows, note=note)


def conclusion(evaluation: Evaluation) -> Block:
    """The place where a person concludes and signs, and what is signed under."""
    framework, snap = evaluation.framework, evaluation.snapshot
    return Block("conclusion", title="Conclusion and sign-off", cluster=snap.manifest.cluster,
                 framework=f"{framework.title} {framework.version}".strip(), digest=snap.digest,
                 requirements=len(evaluation.results))


def _request(result: Result) -> str:
    """What to ask; empty where nothing is open."""
    stated = result.requirement
    if result.status not in _OPEN:
        return ""
    if stated.ask_next or result.status == "fail":
        return stated.ask_next
    if result.status == "manual" and stated.look_at:
        return f"Examine: {stated.look_at}"
    return "Supply the missing evidence, and write the report again." if result.status == "unknown" else (
        "Supply evidence from documents or other systems.")


def _why(result: Result) -> str:
    if result.status == "unknown":
        return text.short(result.reason.found, 200)
    said = result.reason.means or result.requirement.cannot_show
    return f"{said[:1].upper()}{said[1:]}"


def _shared(rows: list[dict[str, Any]]) -> str:
    """Takes the reason of most requests out of their rows, where it is that of many, and says it as a note."""
    reasons = Counter(row["why"] for row in rows if row["why"])
    if not reasons or (most := reasons.most_common(1)[0])[1] <= SHARED:
        return ""
    for row in rows:
        row["why"] = "" if row["why"] == most[0] else row["why"]
    return f"The reason of {most[1]} requests that state no other: {most[0]}"


def _joined(reasons: list[str]) -> str:
    """The reasons as sentences, and how many others there are. One may begin with a name, so their letters stay."""
    said = " ".join(f"{reason.rstrip('.')}." for reason in reasons[:REASONS])
    others = len(reasons) - REASONS
    return f"{said} And {text.count(others, 'other reason')}." if others > 0 else said
