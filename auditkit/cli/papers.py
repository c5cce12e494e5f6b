"""The command line's verb on workpapers: the workbook in which an auditor works."""

from pathlib import Path
from typing import Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.options import Attestations, Categories, Checks, Controls, Exceptions, OwnerLabel, Scope


def workpapers(
    framework: Annotated[list[str], typer.Option(
        "--framework", "-f", help="Framework of which to write workpapers. Can be repeated.")],
    snapshot: ChosenOrNewest = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the workbooks.")] = Path("reports"),
    conclusions: Annotated[Path | None, typer.Option(
        "--conclusions", help="YAML file or folder with auditors' conclusions. Those on this snapshot fill the "
        "auditor's columns; the last before it stands beside each requirement.")] = None,
    sample: Annotated[Path | None, typer.Option(
        "--sample", help="CSV file with the chosen items, for the sheet Sample.")] = None,
    store: Annotated[str | None, typer.Option(
        "--store", help="Folder with the snapshots that conclusions name, to verify them.")] = None,
    exceptions: Exceptions = None, attestations: Attestations = None,
    controls: Controls = None, checks: Checks = [],  # noqa: B006 - typer copies it
    scope: Scope = None, categories: Categories = "", owner_label: OwnerLabel = "",
) -> None:
    """Write an auditor's workpapers (XLSX).

    One workbook per framework. Each has scope, populations, tests, exceptions, what is not known, and columns to fill
    in and sign.
    """
    from auditkit.api import handing_over

    found = opened(snapshot)
    for name in dict.fromkeys(framework):
        print(handing_over.workpapers(
            found, name, output, conclusions=conclusions, sample=sample, store=store, exceptions=exceptions,
            attestations=attestations, controls=controls, checks=checks, scope=scope, categories=categories,
            owner_label=owner_label))
    console.suggest(["conclude", "--from", output / f"{framework[0]}-workpapers.xlsx"])
