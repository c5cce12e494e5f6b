"""`auditkit diff`: what changed between two snapshots."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.base.hostile_text import count
from auditkit.cli import console
from auditkit.cli.choosing import WAYS, opened
from auditkit.cli.console import Format
from auditkit.cli.options import Attestations, Categories, Checks, Controls, Exceptions, PssVersion, Scope
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.history.authors import Author
    from auditkit.history.diff import Change, Diff
    from auditkit.history.verdicts import VerdictDiff

SHOWN = 50
"""Subjects of each kind of change that are shown to people."""

_STYLES = {"high": "bold red", "medium": "yellow", "low": "dim"}


class Weight(StrEnum):
    """The weights of changes."""

    high = "high"
    medium = "medium"
    low = "low"


def diff(
    earlier: Annotated[str, typer.Argument(help=f"The earlier one. {WAYS}")],
    later: Annotated[str, typer.Argument(help=f"The later one. {WAYS}")],
    format: Format = Format.text,
    unapproved: Annotated[bool, typer.Option("--unapproved", help="Print only changes of which no approval is "
                                                                  "known.")] = False,
    tickets: Annotated[Path | None, typer.Option(
        "--tickets", help="CSV file of approvals: ticket, approved_by, approved_at, kind, namespace, name (patterns), "
        "from, until.")] = None,
    fail_on: Annotated[Weight | None, typer.Option(
        "--fail-on", help="Exit with 1 if there is a change of this weight or a heavier one.")] = None,
    framework: Annotated[list[str], typer.Option(
        "--framework", "-f", help="Show what changed in the verdicts of this framework instead: what opened, what "
        "closed, and why. Can be repeated.")] = [],  # noqa: B006 - typer copies it
    exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",  # noqa: B006
) -> None:
    """Show what changed between two snapshots.

    Objects that were added, removed or changed, and each field, the heaviest first. Status, times and pods that a
    controller replaced are left out. Kinds that were not read completely are listed as not comparable.
    """
    from auditkit.api import over_time

    if framework and (unapproved or tickets or fail_on):
        raise UsageError("--unapproved, --tickets and --fail-on are for changes of the cluster. Leave out "
                         "--framework.")
    before, after = opened(earlier), opened(later)
    if framework:
        _verdicts({name: over_time.verdict_changes(
            before, after, name, exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
            scope=scope, categories=categories, pss_version=pss_version) for name in framework}, format)
        return
    found = over_time.diff(before, after, tickets=tickets)
    shown = [each for each in found.attributed if not (unapproved and each[2])]
    plain = [change.plain(author, approval) for change, author, approval in shown]
    if format is Format.text:
        _print(found, shown)
    elif format is Format.json:
        console.as_json({"earlier": console.about(before), "later": console.about(after), **found.plain(),
                         "changes": plain})
    else:
        console.records(plain, format)
    if format is not Format.text:
        _warn(found)
    heavy = list(Weight)[:list(Weight).index(fail_on) + 1] if fail_on else []
    if any(change.weight in heavy for change, *_ in shown):
        raise typer.Exit(1)


def _print(found: "Diff", shown: list[tuple["Change", "Author", str | None]]) -> None:
    """The changes by weight, for people."""
    _warn(found)
    for weight, style in _STYLES.items():
        changes = [each for each in shown if each[0].weight == weight]
        if changes:
            console.line(f"{weight} ({len(changes)})", style=style)
        for change, author, approval in changes:
            thing = change.object
            where = f"{thing.namespace}/{thing.name}" if thing.namespace else thing.name
            again = " (deleted and made anew)" if change.recreated else ""
            console.line(f"{change.change} {thing.kind} {where}{again}", indent=2)
            for said in change.said:
                console.line(said, indent=6)
            console.line(f"by: {_who(author)}; approval: {approval or 'none known'}", indent=6, style="dim")
    for row in found.not_comparable.itertuples(index=False):
        console.line(f"not comparable: {row.what}: {row.reason}", style="yellow")
    for reason, rows in found.not_compared.groupby("reason", sort=False):
        console.line(f"not compared, {reason}: {', '.join(rows['what'])}", style="dim")
    console.say(repr(found).strip("<>"))


def _who(author: "Author") -> str:
    """Who changed an object, in words."""
    when = f" on {author.when:%Y-%m-%d %H:%M:%S} UTC" if author.when else ""
    with_program = f" with {author.program}" if author.program else ""
    return f"{author.who or 'unknown'}{with_program}{when} ({author.known_by})"


def _warn(found: "Diff") -> None:
    for said in found.warnings:
        console.say(said, "yellow")


def _verdicts(found: dict[str, "VerdictDiff"], format: Format) -> None:
    """What changed in the verdicts of frameworks."""
    if format is Format.json:
        console.as_json({"frameworks": [{
            "framework": name, "counts": each.counts, "requirements": console.rows_of(each.requirements),
            "verdicts": console.rows_of(each.verdicts)} for name, each in found.items()]})
    elif format is Format.jsonl:
        for name, each in found.items():
            console.records(({"framework": name, **row} for row in console.rows_of(each.verdicts)), format)
    else:
        for name, each in found.items():
            _verdicts_text(name, each)


def _verdicts_text(name: str, found: "VerdictDiff") -> None:
    """The requirements and the subjects whose verdicts changed, for people; those that are still open are counted."""
    console.line(f"{name}: {count(len(found.requirements), 'requirement')} changed", style="bold")
    for row in console.rows_of(found.requirements):
        console.line(f"{row['requirement']} {row['title']}: {row['before'] or 'new'} → {row['after'] or 'gone'} "
                     f"({row['why']})", indent=2)
    news = found.verdicts[found.verdicts["change"] != "still open"]
    for change, rows in news.groupby("change", sort=False):
        console.line(f"{change} ({len(rows)})", style="bold")
        for row in console.rows_of(rows.head(SHOWN)):
            where = "/".join(part for part in (row["namespace"], row["name"], row["container"]) if part)
            why = f": {row['why']}" if row["why"] else ""
            console.line(f"{row['requirement']} {row['check']} ({row['severity']}): {row['kind'] or ''} {where}{why}",
                         indent=2)
        if len(rows) > SHOWN:
            console.say(f"… {len(rows) - SHOWN} more; --format json prints all")
    console.say("; ".join(f"{number:,} {change}" for change, number in found.counts.items() if number) or "no change")
