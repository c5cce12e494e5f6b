"""Output of ``evaluate``: text for people, one JSON document, or one JSON object for each line."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from auditkit.cli import console, triage
from auditkit.cli.console import Format
from auditkit.evaluation.words import WORST_FIRST

if TYPE_CHECKING:

    from auditkit.evaluation.compare import Comparison
    from auditkit.evaluation.evaluation import Evaluation
    from auditkit.evaluation.results import Outcome

SHOWN = 50
"""Changed verdicts that are shown to people."""

VERDICTS = ["framework", "requirement", "check", "severity", "kind", "namespace", "name", "container", "verdict",
            "reason", "seen", "wanted", "source", "remedy", "accepted"]
"""What a verdict shows as JSON."""


def show(judged: list["Evaluation"], compared: list["Comparison"], format: Format, *, subjects: bool) -> str:
    """Print results: statuses of requirements, or verdicts (``subjects``); and what proposals would change.

    Returns a requirement that the worst finding is about; empty where none is named.
    """
    worst = ""
    if format is Format.text:
        if judged and not subjects:
            worst = triage.a_requirement(triage.show(judged))
        for one in judged:
            _verdicts_text(one) if subjects else console.evaluation(one)
            if said := one.standard:
                console.say(f"Pod Security Standards {said}")
        for each in compared:
            _comparison_text(each, subjects=subjects)
    elif format is Format.jsonl:
        for one in judged:
            console.records(_verdicts(one) if subjects else _requirements(one), format)
        for each in compared:
            console.records(_changes(each, subjects=subjects), format)
    else:
        _print_document(judged, compared, subjects=subjects)
    return worst


# --- for programs --------------------------------------------------------------------------------------------------


def _head(judged: "Evaluation") -> dict[str, Any]:
    """By what a snapshot was judged, and what people added."""
    return {"framework": judged.framework.framework,
            "version": judged.framework.version, "pss_version": ", ".join(judged.standards),
            "pss_version_asked": judged.pss_version, "scope": _scope(judged), "own": console.rows_of(judged.own),
            **{name: console.rows_of(getattr(judged, name)) for name in ("exceptions", "attestations", "notices")}}


def _scope(judged: "Evaluation") -> dict[str, Any] | None:
    """What a scope says and leaves out; none where everything is in scope."""
    if not (scope := judged.scope):
        return None
    return {"sentences": scope.sentences(), **{name: console.rows_of(getattr(scope, name)) for name in (
        "requirements", "subjects", "carve_outs")}}


def _requirements(judged: "Evaluation") -> Iterator[dict[str, Any]]:
    return ({"framework": judged.framework.framework, **row} for row in console.rows_of(judged.requirements))


def _verdicts(judged: "Evaluation", verdict: str | None = None) -> Iterator[dict[str, Any]]:
    """One row for each requirement × check × subject (with one verdict)."""
    for check, frame in judged.frames(verdict):
        said = frame.assign(framework=judged.framework.framework, source=check.source, remedy=check.remedy)
        yield from console.rows_of(said[VERDICTS])


def _comparison(compared: "Comparison") -> dict[str, Any]:
    return {"framework": compared.proposed.framework.framework,
            "compared_with": compared.in_force.framework.framework, "statuses": console.rows_of(compared.statuses),
            "verdicts": console.rows_of(compared.verdicts)}


def _changes(compared: "Comparison", *, subjects: bool) -> Iterator[dict[str, Any]]:
    frame = compared.verdicts if subjects else compared.statuses
    return ({"framework": compared.proposed.framework.framework, **row} for row in console.rows_of(frame))


def _print_document(judged: list["Evaluation"], compared: list["Comparison"], *, subjects: bool) -> None:
    """One document on stdout, of the same shape for one framework and for many; the rows are written one by one."""
    snapshot = (judged[0] if judged else compared[0].proposed).snapshot
    head = {**console.about(snapshot), "frameworks": [_head(one) for one in judged],
            "comparisons": [_comparison(each) for each in compared]}
    sys.stdout.write(json.dumps(head, indent=1)[:-2])
    sys.stdout.write(f',\n "{"verdicts" if subjects else "requirements"}": [')
    rows = (row for one in judged for row in (_verdicts(one) if subjects else _requirements(one)))
    for number, row in enumerate(rows):
        sys.stdout.write(f"{',' if number else ''}\n  {json.dumps(row, ensure_ascii=True)}")
    sys.stdout.write("\n ]\n}\n")


def record(judged: "Evaluation") -> bytes:
    """What `auditkit run` writes beside a report: the document of ``--format json`` on its framework, with findings and
    with the verdicts that are a failure or unknown."""
    from auditkit.reports.triage import triage

    found = triage([judged], shown=None)
    document = {**console.about(judged.snapshot), "frameworks": [_head(judged)], "comparisons": [],
                "findings": found.first, "requirements": list(_requirements(judged)),
                "verdicts": [row for verdict in ("fail", "unknown") for row in _verdicts(judged, verdict)]}
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode()


# --- for people ----------------------------------------------------------------------------------------------------


def _verdicts_text(judged: "Evaluation") -> None:
    """A line a subject, under its check with what is wanted, the source of the rule, and what to do."""
    framework = judged.framework
    console.line(f"{framework.title} {framework.version} on {judged.snapshot.manifest.cluster}")
    for result in judged.results:
        stated = result.requirement
        console.line("")
        console.line(f"{stated.id} {stated.title}: {result.status}; {result.reason}", style="bold")
        for place, outcome in enumerate(result.outcomes):
            covered = result.covered[place] if result.covered else [False] * len(outcome)
            _outcome_text(outcome, covered)


def _outcome_text(outcome: "Outcome", covered: Iterable[bool]) -> None:
    check = outcome.check
    console.line(f"{check.name}, {check.severity} severity: {check.title}", indent=2)
    for name, label in (("wanted", "expected"), ("remedy", "remedy"), ("source", "source")):
        if said := getattr(check, name):
            console.line(f"{label}: {said}", indent=4)
    frame = outcome.rows().assign(accepted=covered)
    order = frame["verdict"].map(WORST_FIRST.index).sort_values(kind="stable").index
    for row in console.rows_of(frame.loc[order]):
        who = f"{row['kind'] or ''} {'/'.join(filter(None, (row['namespace'], row['name'])))} {row['container'] or ''}"
        seen = f" (observed: {row['seen']})" if row["seen"] and row["seen"] != row["reason"] else ""
        accepted = " [accepted]" if row["accepted"] else ""
        console.line(f"{row['verdict']} {who.strip()}: {row['reason']}{seen}{accepted}", indent=4, hang=4,
                     style=console.STYLES.get(row["verdict"], ""))


def _comparison_text(compared: "Comparison", *, subjects: bool) -> None:
    """What would change: requirements by status, and verdicts, counted or one by one."""
    name = compared.proposed.framework.framework
    statuses, frame = compared.statuses, compared.verdicts if subjects else compared.totals
    console.table(f"{name}: statuses that would change", statuses.columns,
                  statuses.itertuples(index=False))
    console.table(f"{name}: verdicts that would change", frame.columns,
                  console.cells(frame.head(SHOWN)))
    if len(frame) > SHOWN:
        console.say(f"… {len(frame) - SHOWN} more; --format json prints all")
    before, after = compared.in_force.framework, compared.proposed.framework
    console.say(f"{len(statuses)} statuses and {len(compared.verdicts)} verdicts would change: "
                f"{before.framework} {before.version} (in force), {name} {after.version} (proposed)")
