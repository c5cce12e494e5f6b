"""``auditkit export``: the results of an evaluation for other programs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.options import (
    Attestations,
    Categories,
    Checks,
    Controls,
    Exceptions,
    FrameworksOrAll,
    OwnerLabel,
    PssVersion,
    Scope,
)
from auditkit.errors import UsageError

Formats = Annotated[str, typer.Option(
    "--format", help="One document: oscal, sarif, ocsf, junit, policyreport (wgpolicyk8s.io) or openreports. "
    "A file per table: csv or parquet.")]
Output = Annotated[str, typer.Option(
    "--output", "-o", help="File to write, for csv and parquet the folder. Default: - (stdout).")]


def export(
    format: Formats, snapshot: ChosenOrNewest = "", framework: FrameworksOrAll = None,
    output: Output = "-", exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",  # noqa: B006
    owner_label: OwnerLabel = "",
) -> None:
    """Write results for other programs.

    All frameworks are in one document; as csv or parquet, each has its own tables. The paths of files are printed.
    """
    from auditkit.api import definitions, handing_over
    from auditkit.api.options import Options
    from auditkit.base import whole

    names = framework or definitions.DEFAULT_FRAMEWORKS
    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                    scope=scope, categories=categories, pss_version=pss_version, owner_label=owner_label)
    if format in ("csv", "parquet"):
        if output == "-":
            raise UsageError(f"--format {format} writes several files. Give their folder with --output.")
        for path in handing_over.export_tables(opened(snapshot), output, format, names, **given):
            print(path)
        return
    content = handing_over.export(opened(snapshot), format, names, **given)
    if output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    else:
        whole.write(Path(output), content)
        print(output)
