"""The command line's verb that computes the figures of a report anew."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.options import Checks

if TYPE_CHECKING:
    from auditkit.reports.reperform import Reperformance

MOST = 100
"""Differences that are printed."""


def reperform(
    report: Annotated[Path, typer.Argument(help="PDF or notebook of a report, or a bundle.")],
    snapshot: Annotated[Path | None, typer.Option("--snapshot", help="Folder of the snapshot.")] = None,
    store: Annotated[str | None, typer.Option(
        "--store", help="Store in which the snapshot is looked for by its digest. Default: the folder snapshots beside "
        "the report.")] = None,
    attestations: Annotated[Path | None, typer.Option(
        "--attestations", help="The original file or folder, if attestations name files.")] = None,
    checks: Checks = [],  # noqa: B006
    explain: Annotated[str, typer.Option(
        "--explain", help="Identifier of a requirement: show its verdicts, the rows that they were given on, and the "
        "requests that the rows came from.")] = "",
) -> None:
    """Recompute every figure of a report.

    Judges its snapshot anew and compares. Exits with 0 if all figures are the same, with 1 if one is different, with 2
    if it cannot be done.
    """
    from auditkit.api import handing_over

    found = handing_over.reperform_all(report, snapshot=snapshot, store=store, attestations=attestations, checks=checks)
    for one in found:
        _print(one)
        if explain and one.knows(explain):
            for indent, text in one.explain(explain).lines(rows=True):
                console.line(text, indent=indent)
    if explain and not any(one.knows(explain) for one in found):
        found[0].explain(explain)  # raises a sentence that names what there is
    if not all(one.same for one in found):
        raise typer.Exit(1)


def _print(found: "Reperformance") -> None:
    manifest = found.evaluation.snapshot.manifest
    console.line(f"{found.report.name}: {found.evaluation.framework.framework} on {manifest.cluster}, {manifest.as_of}")
    console.line(f"Compared: {found.figures:,} figures, among them those of {found.verdicts:,} verdicts", indent=2)
    for each in found.differences[:MOST]:
        console.line(f"Different: {each}", indent=2)
    if len(found.differences) > MOST:
        console.line(f"and {len(found.differences) - MOST:,} more", indent=2)
    for note in found.notes:
        console.line(note, indent=2)
    console.line("Every figure is the same." if found.same else f"{len(found.differences):,} figures are different.",
                 indent=2)
