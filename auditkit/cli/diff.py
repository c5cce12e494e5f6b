"""`auditkit diff`: what changed between two snapshots."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.console import Format

if TYPE_CHECKING:
    from auditkit.history.diff import Diff

_STYLES = {"high": "bold red", "medium": "yellow", "low": "dim"}


class Weight(StrEnum):
    """The weights of changes."""

    high = "high"
    medium = "medium"
    low = "low"


def diff(
    earlier: Annotated[str, typer.Argument(help="Folder of the earlier snapshot, or 'demo'.")],
    later: Annotated[str, typer.Argument(help="Folder of the later snapshot, or 'demo'.")],
    format: Format = Format.text,
    fail_on: Annotated[Weight | None, typer.Option(
        "--fail-on", help="Exit with 1 if there is a change of this weight or a heavier one.")] = None,
) -> None:
    """Show what changed between two snapshots.

    Objects that were added, removed or changed, and each field, the heaviest first. Status, times and pods that a
    controller replaced are left out. Kinds that were not read completely are listed as not comparable.
    """
    from auditkit import api

    found = api.diff(earlier, later)
    if format is Format.text:
        _print(found)
    elif format is Format.json:
        console.as_json(found.plain())
    else:
        console.records((each.plain() for each in found.objects), format)
    if format is not Format.text:
        _warn(found)
    if fail_on is not None and any(each.weight in list(Weight)[:list(Weight).index(fail_on) + 1]
                                   for each in found.objects):
        raise typer.Exit(1)


def _print(found: "Diff") -> None:
    """The changes by weight, for people."""
    _warn(found)
    for weight, style in _STYLES.items():
        changes = [each for each in found.objects if each.weight == weight]
        if changes:
            console.line(f"{weight} ({len(changes)})", style=style)
        for change in changes:
            thing = change.object
            where = f"{thing.namespace}/{thing.name}" if thing.namespace else thing.name
            again = " (deleted and made anew)" if change.recreated else ""
            console.line(f"{change.change} {thing.kind} {where}{again}", indent=2)
            for said in change.said:
                console.line(said, indent=6)
    for row in found.not_comparable.itertuples(index=False):
        console.line(f"not comparable: {row.what}: {row.reason}", style="yellow")
    console.say(repr(found).strip("<>"))


def _warn(found: "Diff") -> None:
    for said in found.warnings:
        console.say(said, "yellow")
