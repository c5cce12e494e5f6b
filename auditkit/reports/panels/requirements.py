"""The panels of a notebook for a snapshot and an evaluation: blocks of plain data."""

from typing import Any

import msgspec
import numpy as np
import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.errors import NoSuchName
from auditkit.evaluation import sentences
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.status import gaps_of
from auditkit.evaluation.words import DEVIATING, SEVERITIES, STATUSES
from auditkit.framework.model import Framework
from auditkit.framework.together import BETWEEN
from auditkit.proof import provenance
from auditkit.reports.panels.answer import answer
from auditkit.reports.panels.block import ROWS, Block
from auditkit.reports.panels.checks import why
from auditkit.reports.panels.population import plain
from auditkit.snapshots.snapshot import Snapshot

WORST = 10
"""Failing requirements that the answer names; the table after it has all."""
REASONS = 3
"""Reasons why the subjects of a check are unknown, the commonest first."""


def snapshot(snap: Snapshot) -> Block:
    """The scope of the evidence: the cluster, the time, the collector, the source, and the completeness."""
    return Block("snapshot", title=snap.manifest.cluster, about=about(snap))


def summary(evaluation: Evaluation) -> Block:
    """The summary: the answer in plain sentences, the number of requirements by status, the most severe failures, and
    missing evidence with reasons."""
    failing = sorted((r for r in evaluation.results if r.status in DEVIATING), key=_badness, reverse=True)
    manual = [result for result in evaluation.results if result.status == "manual"]
    facts = about(evaluation.snapshot)
    return Block(
        "summary", title=evaluation.framework.title, about=facts, answer=answer(evaluation, facts),
        framework=_framework(evaluation), statuses=_statuses(evaluation), total=len(evaluation.results),
        failing=[_failure(result) for result in failing[:WORST]], failing_total=len(failing),
        noted=evaluation.statuses["exception_noted"],
        accepted=sum(result.accepted for result in failing),
        unknown=_unknown(evaluation.results), manual=len(manual),
        holding=sum(result.count("pass") > 0 for result in manual),
        unshown=sum(result.requirement.reach == "attested" for result in manual),
    )


def requirements(evaluation: Evaluation) -> Block:
    """One row for each requirement: status, reason, number of failing subjects, number of all subjects."""
    rows = [{
        **_identity(result), "anchor": "", "group": _framework_of(result, evaluation.framework),
        "reason": str(result.reason), "failed": result.count("fail"),
        "judged": sum(len(outcome) for outcome in result.outcomes),
    } for result in evaluation.results]
    outside = len(evaluation.framework.requirements) - len(rows)
    title = f"All {text.count(len(rows), 'requirement')}{f' in scope; {outside} are out of scope' if outside else ''}"
    return Block("requirements", title=title, rows=rows,
                 groups=list(dict.fromkeys(row["group"] for row in rows)),
                 order={status: place for place, status in enumerate(STATUSES)}, graded=_graded(evaluation.framework))


def _framework_of(result: Result, framework: Framework) -> str:
    """The framework of a requirement where several are judged together; empty where it is one."""
    return result.requirement.id.partition(" ")[0] if BETWEEN in framework.framework else ""


def details(evaluation: Evaluation) -> Block:
    """Every requirement in full, by section, with its checks and their most severe findings."""
    shown: dict[tuple[str, str], str] = {}
    by_section: dict[str, list[dict[str, Any]]] = {section.id: [] for section in evaluation.framework.sections}
    for result in evaluation.results:
        by_section[result.requirement.section].append(_requirement(result, shown))
    sections = [{"id": section.id, "title": section.title, "anchor": "", "requirements": by_section[section.id]}
                for section in evaluation.framework.sections if by_section[section.id]]
    return Block("details", title="Results by requirement", sections=sections,
                 attached=["checks.csv", "verdicts.csv", "failures.csv"])


def requirement(evaluation: Evaluation, identifier: str) -> Block:
    """One requirement in full. Raises `NoSuchName`."""
    found = {result.requirement.id: result for result in evaluation.results}
    if identifier not in found:
        raise NoSuchName("requirement", identifier, found)
    return result(found[identifier])


def result(found: Result) -> Block:
    """One requirement in full, with the worst subjects of each of its checks."""
    section = {"id": "", "title": "", "anchor": "", "requirements": [_requirement(found, {})]}
    return Block("details", title=found.requirement.id, sections=[section])


def ledger(snap: Snapshot) -> Block:
    """The provenance: each request to the source and its outcome, and the tables that are not whole."""
    rows = [{
        "resource": entry.resource, "path": entry.path, "outcome": entry.outcome, "reason": entry.reason,
        "items": entry.items, "pages": len(entry.bodies), "bytes": sum(body.bytes for body in entry.bodies),
        "resource_version": entry.resource_version, "started": text.when(entry.started), "identity": entry.identity,
        "sha256": [body.sha256 for body in entry.bodies],
    } for entry in snap.manifest.ledger]
    rows += [{"resource": gap.source, "path": "", "outcome": gap.outcome, "reason": gap.reason, "items": 0, "pages": 0,
              "bytes": 0, "resource_version": "", "started": "", "identity": "", "sha256": []}
             for gap in snap.not_whole]
    return Block("ledger", title="Provenance", about=about(snap), rows=rows, attached=["ledger.csv"])


def added(evaluation: Evaluation) -> Block:
    """Accepted risks and attestations with their problems, and the user's own frameworks and checks."""
    frames = {"exceptions": evaluation.exceptions, "attestations": evaluation.attestations,
              "notices": evaluation.notices, "own": evaluation.own}
    return Block("added", title="Accepted risks and attestations", **{
        name: [{str(key): plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
        for name, frame in frames.items()})


def about(snap: Snapshot) -> dict[str, Any]:
    """The facts about a snapshot on the cover."""
    manifest = snap.manifest
    gaps = [{"resource": gap.source, "outcome": gap.outcome, "reason": gap.reason} for gap in snap.incomplete]
    return {
        "cluster": manifest.cluster, "cluster_uid": manifest.cluster_uid, "server_version": manifest.server_version,
        "source": manifest.source, "collector": manifest.collector, "identity": manifest.identity,
        "groups": list(manifest.groups), "started": text.when(manifest.started), "ended": text.when(manifest.ended),
        "moment": manifest.observed[1].isoformat(), "observed": manifest.when,
        "as_of": manifest.as_of, "live": manifest.live, "stated": manifest.stated, "stated_by": manifest.stated_by,
        "transport": manifest.transport, "simulated": bool(manifest.simulated),
        "digest": snap.digest, "read": snap.sources_read[0], "sources": snap.sources_read[1],
        "not_whole": len(snap.not_whole), "aside": snap.aside, "gaps": gaps,
        "counts": [[name, snap.arrow(name).num_rows] for name in ("nodes", "namespaces", "pods", "containers")],
    }


def _framework(evaluation: Evaluation) -> dict[str, Any]:
    framework = evaluation.framework
    return {
        "standard": evaluation.standard,
        "name": framework.framework, "title": framework.title, "version": framework.version,
        "publisher": framework.publisher, "source": framework.source, "note": framework.note, "law": framework.law,
        "dated": framework.dated.isoformat() if framework.dated else "",
    }


def _graded(framework: Framework) -> str:
    """What this framework calls the weight of a requirement: its obligation, its level, or nothing."""
    for name in ("obligation", "level"):
        if any(getattr(item, name) for item in framework.requirements):
            return name
    return ""


def _statuses(evaluation: Evaluation) -> list[list[str | int]]:
    """How many requirements have each status, in the order of `STATUSES`, which JSON does not keep."""
    return [[status, evaluation.statuses[status]] for status in STATUSES]


def _identity(result: Result) -> dict[str, Any]:
    stated = result.requirement
    return {"id": stated.id, "title": stated.title, "section": stated.section, "status": result.status,
            "accepted": result.accepted, "obligation": stated.obligation, "level": stated.level}


def _denied(result: Result) -> bool:
    """True if a person attested that the requirement is not met."""
    return not all(attestation.entry.holds for attestation in result.attestations)


def _badness(result: Result) -> tuple[int, int]:
    """What people say themselves goes first, then the severity, then how many fail."""
    severities = [SEVERITIES.index(o.check.severity) for o in result.outcomes if o.counts["fail"]]
    return len(SEVERITIES) if _denied(result) else max(severities, default=0), result.count("fail")


def _failure(result: Result) -> dict[str, Any]:
    failing = sorted((o for o in result.outcomes if o.counts["fail"]), reverse=True,
                     key=lambda o: (SEVERITIES.index(o.check.severity), o.counts["fail"]))
    denied = _denied(result)
    return {
        **_identity(result), "severity": "stated" if denied else failing[0].check.severity,
        "said": text.ends(str(result.reason)) if denied else "",
        "findings": list(map(sentences.failing, failing)),
    }


def _unknown(results: list[Result]) -> list[dict[str, Any]]:
    """Each reason for missing evidence with the affected requirements, the most frequent first."""
    waiting: dict[str, list[str]] = {}
    for result in results:
        if result.status == "unknown":
            for reason in gaps_of(result.outcomes) or [str(result.reason)]:
                waiting.setdefault(reason, []).append(result.requirement.id)
    return [{"reason": reason, "ids": ids} for reason, ids in sorted(waiting.items(), key=lambda item: -len(item[1]))]


def _requirement(result: Result, shown: dict[tuple[str, str], str]) -> dict[str, Any]:
    stated = msgspec.to_builtins(result.requirement.written())
    covered = result.covered or [np.zeros(len(outcome), bool) for outcome in result.outcomes]
    reason = result.reason.without_rest
    return {**stated, "anchor": "", "status": result.status, "accepted": result.accepted, "reason": reason,
            "checks": [_outcome(*pair, stated["id"], shown) for pair in zip(result.outcomes, covered, strict=True)]}


def _outcome(outcome: Outcome, covered: np.ndarray, identifier: str, shown: dict[tuple[str, str], str],
             ) -> dict[str, Any]:
    """A check's findings; ``covered`` marks the subjects that exceptions accept.

    Its subjects stand under the first requirement that it serves; others refer there.
    """
    check, counts = outcome.check, outcome.counts
    first = shown.setdefault((check.name, repr(sorted(check.parameters.items()))), identifier)
    return {
        "name": check.name, "title": check.title, "severity": check.severity, "why": why(check.function),
        "wanted": check.expected, "remedy": check.remedy, "source": check.source, "tables": list(check.tables),
        "proof": provenance.proof(check),
        "if_empty": check.if_empty,
        "parameters": {name: plain(value) for name, value in check.parameters.items()},
        "subjects": sentences.subjects_of(check), "population": len(outcome), "outside": outcome.outside,
        "counts": [[verdict, number] for verdict, number in counts.items() if number],
        "failed": counts["fail"], "bad": counts["fail"] + counts["unknown"], "accepted": int(covered.sum()),
        "gaps": outcome.gaps, "unknown": _unknown_for(outcome), "first": first,
        "rows": _exceptions(outcome, covered) if first == identifier else [],
    }


def _exceptions(outcome: Outcome, covered: np.ndarray) -> list[dict[str, Any]]:
    """The subjects that fail, those first that nobody has accepted, then those of which it is not known; as many
    as the page shows."""
    failing = outcome.positions("fail")
    failing = failing[np.argsort(covered[failing], kind="stable")][:ROWS["page"]]
    unknown = outcome.positions("unknown")[:ROWS["page"] - len(failing)]
    accepted = [*covered[failing].tolist(), *[False] * len(unknown)]
    return [{
        "verdict": row["verdict"], "accepted": covers, "subject": _subject(row),
        "container": plain(row["container"]), "seen": text.short(row["seen"]),
        "reason": "" if row["reason"] == row["seen"] else text.short(row["reason"]),
    } for row, covers in zip(outcome.table(np.concatenate([failing, unknown])).to_pylist(), accepted, strict=True)]


def _unknown_for(outcome: Outcome) -> list[list[str | int]]:
    """Why subjects are unknown, and how many for each reason; the commonest reasons."""
    if not outcome.counts["unknown"]:
        return []
    return [[text.short(reason), count] for reason, count in outcome.reasons("unknown")[:REASONS]]


def _subject(row: dict[str, Any]) -> str:
    name = "/".join(str(part) for part in (row["namespace"], row["name"]) if not pd.isna(part))
    return text.short(f"{plain(row['kind'])} {name}".strip())
