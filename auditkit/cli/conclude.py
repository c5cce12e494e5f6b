"""The command line's verb on an auditor's conclusions: a file to fill in, or one of workpapers that were filled in."""

from pathlib import Path
from typing import Annotated

import typer

from auditkit.base.hostile_text import count
from auditkit.cli import console
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.options import Attestations, Categories, Checks, Controls, Exceptions, PssVersion, Scope
from auditkit.errors import UsageError


def conclude(
    snapshot: ChosenOrNewest = "",
    framework: Annotated[str, typer.Option("--framework", "-f", help="Framework.")] = "",
    workbook: Annotated[Path | None, typer.Option(
        "--from", help="Workpapers (XLSX) that an auditor has filled in, instead of a snapshot.")] = None,
    output: Annotated[Path, typer.Option(
        "--output", "-o", help="File to write. One that exists is not overwritten.")] = Path("conclusions.yaml"),
    exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",  # noqa: B006
) -> None:
    """Write a file of an auditor's conclusions.

    With a snapshot and a framework, a file to fill in; with --from, the conclusions in the auditor's columns of
    workpapers.
    """
    from auditkit.api import handing_over

    if bool(workbook) == bool(framework) or (workbook and snapshot):
        raise UsageError("Give a snapshot and a framework (`auditkit conclude SNAPSHOT -f FRAMEWORK`), or workpapers "
                         "that were filled in (`auditkit conclude --from WORKBOOK.xlsx`).")
    if workbook:
        file, without = handing_over.conclude_from(workbook, output, controls=controls)
        print(file)
        console.say(f"{count(without, 'requirement')} without a conclusion", "yellow" if without else "")
        return
    print(handing_over.conclude(opened(snapshot), framework, output, exceptions=exceptions,
                                attestations=attestations, controls=controls, checks=checks,
                                scope=scope, categories=categories, pss_version=pss_version))
    console.say("Fill in each entry or delete it: until then the file is refused.")
