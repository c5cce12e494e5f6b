"""The command line's verbs on what was given over time: a period of operation, and verdicts as they were given."""

import csv
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.cli import console
from auditkit.cli.choosing import Chosen, opened
from auditkit.cli.options import Categories, Checks, Controls, PssVersion, Scope
from auditkit.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.history.period import Period

SHOWN = 50
"""Deviations that are shown to people."""
FREQUENCIES = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "annual": 366}
"""How many days may lie between snapshots; the longest month, quarter and year."""


class Table(StrEnum):
    """The tables of a period."""

    requirements = "requirements"
    days = "days"
    deviations = "deviations"
    snapshots = "snapshots"


class PeriodFormat(StrEnum):
    """Output formats of a period."""

    text = "text"
    json = "json"
    csv = "csv"


Files = Annotated[Path | None, typer.Option(
    help="YAML file or folder. Replaces the entries used at the time. Each entry applies on the days on which it is "
    "in force.")]


def period(
    store: Annotated[str, typer.Argument(help="Folder or URL of the store.")],
    framework: Annotated[str, typer.Option("--framework", "-f", help="Framework.")],
    start: Annotated[str, typer.Option("--from", help="First day of the period (UTC), such as 2026-01-01.")],
    end: Annotated[str, typer.Option("--to", help="Last day of the period (UTC), such as 2026-12-31.")],
    cluster: Annotated[str, typer.Option(
        "--cluster", help="Name or UID of a cluster. Default: each in the store.")] = "",
    frequency: Annotated[str, typer.Option(
        "--frequency", help="How often a snapshot is expected: daily, weekly, monthly, quarterly, annual, or a "
        "number of days.")] = "",
    judge_anew: Annotated[bool, typer.Option(
        "--judge-anew", help="Judge every snapshot by the rules of today instead of showing verdicts as they were "
        "given.")] = False,
    table: Annotated[Table, typer.Option("--table", help="The table that CSV has.")] = Table.requirements,
    format: Annotated[PeriodFormat, typer.Option("--format", help="Output format.")] = PeriodFormat.text,
    exceptions: Files = None, attestations: Files = None,
    controls: Controls = None, checks: Checks = [],  # noqa: B006
    scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",
) -> None:
    """Show what snapshots prove over a period.

    A day without a snapshot has no evidence: nothing is carried from one day to the next.
    """
    from auditkit.api import over_time

    found = over_time.period(store, framework, start, end, cluster=cluster, every=_every(frequency), anew=judge_anew,
                       exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                       scope=scope, categories=categories, pss_version=pss_version)
    if format is PeriodFormat.json:
        console.as_json({"periods": [_document(each) for each in found]})
    elif format is PeriodFormat.csv:
        _csv(found, table.value)
    else:
        for each in found:
            _text(each)


def given(
    snapshot: Chosen,
    number: Annotated[int, typer.Argument(help="Number of the verdicts to show. Default: list all.")] = 0,
    framework: Annotated[str, typer.Option("--framework", "-f", help="Framework. Default: all.")] = "",
) -> None:
    """List verdicts as they were given.

    With a number and a framework, show the requirements as they were given then.
    """
    from auditkit.api import over_time

    found = over_time.given(opened(snapshot), framework)
    if not found:
        console.say("No verdicts were given on it yet. `auditkit evaluate` gives them if it lies in a store.")
    if not number:
        console.table("Verdicts that were given", [
            "number", "framework", "version", "auditkit", "basis", "people's files", "trusted"], (
            (each.number, each.basis.framework, each.basis.version, each.basis.auditkit, each.basis.digest[:12],
             ", ".join(f"{file.file} {file.sha256[:12]}" for file in each.people) or "none",
             f"no: {each.distrusted}" if each.distrusted else "yes") for each in found))
        return
    chosen = [each for each in found if each.number == number]
    if len(chosen) != 1:
        raise UsageError(f"{len(chosen)} verdicts have the number {number}. Name one of them, and its framework with "
                         f"--framework: `auditkit given {snapshot}` lists them.")
    frame = chosen[0].requirements
    console.table(f"{chosen[0].basis.framework} {chosen[0].basis.version} as given by auditkit "
                  f"{chosen[0].basis.auditkit}", ["status", "id", "title", "accepted", "reason"],
                  console.cells(frame[["status", "id", "title", "accepted", "reason"]]), status=0)
    if chosen[0].distrusted:
        console.say(f"These verdicts are not trusted: {chosen[0].distrusted}.", "yellow")


def _every(frequency: str) -> int:
    """How many days may lie between snapshots; 0 where nobody said. Raises `UsageError`."""
    if not frequency or frequency in FREQUENCIES:
        return FREQUENCIES.get(frequency, 0)
    written = re.fullmatch(r"([1-9]\d{0,3})( days?)?", frequency)
    if not written:
        raise UsageError(f"{frequency!r} is no frequency. Give {', '.join(FREQUENCIES)}, or a number of days.")
    return int(written[1])


def _head(found: "Period") -> dict[str, Any]:
    """The whole of a period in figures."""
    gap, begin, until = found.longest_gap()
    judged = [each.judged for each in found.counted]
    return {"cluster": found.cluster, "cluster_uid": found.cluster_uid, "framework": found.framework,
            "from": found.start.isoformat(), "to": found.end.isoformat(), "days": found.length, "time_zone": "UTC",
            "counted": len(found.counted), "as_given": judged.count("as given"),
            "judged_anew": judged.count("judged anew"), "longest_gap_days": round(gap.total_seconds() / 86400, 2),
            "gap_from": begin.isoformat(), "gap_until": until.isoformat(), "every_days": found.every or None,
            "missed": found.missed, "notes": found.notes}


def _document(found: "Period") -> dict[str, Any]:
    return _head(found) | {table.value: _rows(getattr(found, table.value)) for table in Table}


def _rows(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
            for row in console.rows_of(frame)]


def _csv(found: list["Period"], table: str) -> None:
    """One table of all periods, each row with its cluster."""
    from auditkit.base.hostile_text import cell

    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, each in enumerate(found):
        frame = getattr(each, table)
        if not number:
            writer.writerow(["cluster", "cluster_uid", *(name for name in frame if name != "cluster")])
        for row in _rows(frame.drop(columns="cluster", errors="ignore")):
            writer.writerow([cell(value) for value in (each.cluster, each.cluster_uid, *row.values())])


def _text(found: "Period") -> None:
    head = _head(found)
    console.line(f"{found.framework} on {found.cluster} ({found.cluster_uid or 'known by its name alone'}), "
                 f"{found.start} to {found.end}, {found.length} days (UTC)", style="bold")
    console.line(f"{head['counted']} snapshots: {head['as_given']} with verdicts as given, "
                 f"{head['judged_anew']} judged anew. Longest time without one: "
                 f"{head['longest_gap_days']:g} days, from {head['gap_from']} to "
                 f"{head['gap_until']}.")
    if found.missed is not None:
        console.line(f"{found.missed} stretches of {found.every} days have no snapshot.")
    for note in found.notes:
        console.line(note, style="yellow")
    frame = found.requirements
    columns = ["requirement", "passed", "failed", "exception_noted", "accepted", "unknown", "no_evidence",
               "deviations", "claim"]
    console.table("Requirements", columns, console.cells(frame[columns]))
    deviations = found.deviations
    subject = deviations[["kind", "namespace", "name", "container"]].fillna("").agg(
        lambda parts: " ".join(filter(None, parts)), axis=1) if len(deviations) else []
    shown = deviations.assign(subject=subject).head(SHOWN)
    console.table("Deviations", ["requirement", "check", "subject", "snapshots", "accepted", "bounds"], console.cells(
        shown[["requirement", "check", "subject", "snapshots", "accepted_snapshots", "bounds"]]))
    if len(deviations) > SHOWN:
        console.say(f"… {len(deviations) - SHOWN} more; --format json prints all")
