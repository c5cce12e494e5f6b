"""`auditkit remedy`: manifests that mend what fails, proven by simulation."""

from pathlib import Path
from typing import Annotated

import typer

from auditkit.base.hostile_text import count
from auditkit.cli import console
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.options import (
    DEFAULT_FRAMEWORKS,
    Attestations,
    Categories,
    Checks,
    Controls,
    Exceptions,
    FrameworksOrAll,
    PssVersion,
    Scope,
)


def remedy(
    snapshot: ChosenOrNewest = "", framework: FrameworksOrAll = None,
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", help="Folder for the manifests. Without it they are only listed.")] = None,
    exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",  # noqa: B006
) -> None:
    """Write manifests that mend failing checks.

    Each is simulated first: it mends a failure of its check, and nothing that passed fails, becomes unknown or is
    refused. What cannot be proven is not written, and is named. Read each note: a snapshot does not show what an
    application needs.
    """
    from auditkit.api.remedying import remedy

    found = remedy(opened(snapshot), output, frameworks=framework or DEFAULT_FRAMEWORKS, exceptions=exceptions,
                   attestations=attestations, controls=controls, checks=checks,
                   scope=scope, categories=categories, pss_version=pss_version)
    console.table("Manifests", ["file", "mends", "note"],
                  ((each.file, check, note) for each in found.remedies for check, note in each.notes.items()))
    for what, why in found.left_out:
        console.say(f"not written: {what}: {why}", "yellow")
    where = f" in {output}" if output else ", not written without --output"
    console.say(f"{count(len(found.remedies), 'manifest')}{where}; {count(len(found.mended), 'verdict')} would newly "
                "pass. Simulated: nothing was sent to a cluster.")
    if found.remedies:
        words = list(filter(None, [snapshot]))
        console.suggest(["simulate", *words, "--apply", output] if output else ["remedy", *words, "--output", "fixes"])
