"""The command line's verb that packs all evidence for handing over."""

from pathlib import Path
from typing import Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import WAYS, opened
from auditkit.cli.options import Attestations, Categories, Checks, Controls, Exceptions, Scope


def bundle(
    snapshot: Annotated[list[str] | None, typer.Argument(help=f"{WAYS} Several can be given.")] = None,
    store: Annotated[str | None, typer.Option("--store", help="Store: all its snapshots are packed.")] = None,
    framework: Annotated[list[str], typer.Option(
        "--framework", "-f", help="Framework whose reports are packed, of the newest snapshot of each cluster. Can be "
        "repeated.")] = [],  # noqa: B006 - typer copies it
    output: Annotated[Path, typer.Option("--output", "-o", help="The archive to write.")] = Path("bundle.zip"),
    add: Annotated[list[Path], typer.Option(
        "--add", help="File to add: a workpaper, an export. Can be repeated.")] = [],  # noqa: B006
    exceptions: Exceptions = None, attestations: Attestations = None,
    controls: Controls = None, checks: Checks = [], scope: Scope = None, categories: Categories = "",  # noqa: B006
) -> None:
    """Pack snapshots, verdicts and reports for handing over.

    The archive has an index for people and one for programs, the digest of each file, and a letter of what is in it and
    what is not.
    """
    from auditkit.api import handing_over

    print(handing_over.bundle(
        [opened(each) for each in snapshot or []], framework, output, store=store, files=add, progress=console.say,
        exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
        scope=scope, categories=categories))
    console.suggest(["verify", output], ["reperform", output])
