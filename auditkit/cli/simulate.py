"""`auditkit simulate`: what manifests would change if they were applied."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.base.hostile_text import count
from auditkit.cli import console
from auditkit.cli.choosing import Chosen, opened
from auditkit.cli.console import Format
from auditkit.cli.options import (
    DEFAULT_FRAMEWORKS,
    Attestations,
    Checks,
    Controls,
    Exceptions,
    FrameworksOrAll,
    PssVersion,
)

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.simulation.effects import Effects

SHOWN = 20
"""Rows of each table that are shown to people."""
NAMED = 3
"""Subjects of each check that are named to people."""


def simulate(
    snapshot: Chosen,
    apply: Annotated[Path | None, typer.Option(
        "--apply", help="YAML or JSON file, or folder of such files, with the manifests to apply: plain ones, or what "
        "helm template or kustomize build makes.")] = None,
    delete: Annotated[list[str], typer.Option(
        "--delete", help="Object to delete before: KIND/NAMESPACE/NAME, or KIND/NAME of a kind without namespaces. Can "
        "be repeated.")] = [],  # noqa: B006
    namespace: Annotated[str, typer.Option(
        "--namespace", "-n", help="Namespace of manifests that name none.")] = "default",
    framework: FrameworksOrAll = None, format: Format = Format.text, exceptions: Exceptions = None,
    attestations: Attestations = None, controls: Controls = None, checks: Checks = [],  # noqa: B006
    pss_version: PssVersion = "",
) -> None:
    """Show what manifests would change if they were applied.

    The snapshot is judged with the manifests applied to it: verdicts that change, traffic, rights and paths to full
    power that open and close, and what Pod Security or admission policies would refuse. Nothing is sent to a cluster.
    """
    from auditkit.api.simulating import simulate

    found = simulate(opened(snapshot), apply, delete=delete, namespace=namespace,
                     frameworks=framework or DEFAULT_FRAMEWORKS, exceptions=exceptions, attestations=attestations,
                     controls=controls, checks=checks, pss_version=pss_version)
    if format is Format.text:
        _print(found)
    elif format is Format.json:
        console.as_json(_plain(found))
    else:
        console.records((row for row in _lines(found)), format)
    for gap in [*found.refused.attrs["gaps"], *found.gaps]:
        console.say(f"not known: {gap}", "yellow")
    for said in found.simulation.left_out:
        console.say(f"not simulated: {said}", "yellow")
    console.say(_summary(found))


_TABLES = {"objects": "Objects", "refused": "Would be refused, or may be",
           "flows": "Traffic, where policies are enforced", "rights": "Rights", "paths": "Paths to full power"}


def _print(found: "Effects") -> None:
    """What changes, for people."""
    for name, title in _TABLES.items():
        frame: pd.DataFrame = getattr(found, name)
        if len(frame):
            shown = frame.dropna(axis="columns", how="all").head(SHOWN)
            console.table(f"{title} ({len(frame):,})", list(shown), console.cells(shown))
            if len(frame) > SHOWN:
                console.say(f"… {len(frame) - SHOWN:,} more; --format json prints all")
    for name, each in found.verdicts.items():
        for row in console.rows_of(each.requirements):
            console.line(f"{name} {row['requirement']} {row['title']}: {row['before'] or 'new'} → {row['after']}",
                         style="bold")
    for change, words in _WORDS.items():
        rows = found.changes[found.changes["change"] == change]
        if len(rows) and change != "still open":
            console.line(f"{len(rows):,} {words}", style="bold")
            for named, each in rows.groupby(["check", "severity", "requirements"], sort=False):
                console.line("{} ({}; {}): ".format(*named) + _subjects(each), indent=2)


_WORDS = {"opened": "newly fail", "newly unknown": "become unknown", "closed": "newly pass",
          "newly known": "become known", "gone": "are gone", "still open": "still fail"}


def _subjects(rows: "pd.DataFrame") -> str:
    """What the first subjects are called, and how many more there are."""
    called = [" ".join(filter(None, (row["kind"], "/".join(filter(None, (row["namespace"], row["name"],
                                                                         row["container"]))))))
              for row in console.rows_of(rows.head(NAMED))]
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    return ", ".join(called) + more


def _plain(found: "Effects") -> dict[str, Any]:
    """All of it as plain data."""
    return {
        "simulated": found.simulation.after.manifest.simulated, "before": console.about(found.simulation.before),
        **{name: console.rows_of(getattr(found, name)) for name in _TABLES},
        "frameworks": [{"framework": name, "counts": each.counts, "requirements": console.rows_of(each.requirements),
                        "verdicts": console.rows_of(each.verdicts)} for name, each in found.verdicts.items()],
        "not_simulated": list(found.simulation.left_out),
        "not_known": [*found.refused.attrs["gaps"], *found.gaps], "unchanged_manifests": found.simulation.unchanged,
    }


def _lines(found: "Effects") -> Any:
    """One object for each thing that changes."""
    for name in _TABLES:
        yield from ({"what": name, **row} for row in console.rows_of(getattr(found, name)))
    for name, each in found.verdicts.items():
        yield from ({"what": "verdicts", "framework": name, **row} for row in console.rows_of(each.verdicts))


def _summary(found: "Effects") -> str:
    """What changes, in a sentence."""
    counts = found.counts
    refused = int((found.refused["outcome"] == "denied").sum())
    said = [f"{counts[change]:,} {words}" for change, words in _WORDS.items() if counts.get(change)]
    parts = [f"{count(len(found.objects), 'object')} changed", f"{refused:,} would be refused",
             f"verdicts: {', '.join(said) or 'no change'}"]
    if found.simulation.unchanged:
        parts.insert(0, f"{count(found.simulation.unchanged, 'manifest')} without a change")
    return "; ".join(parts) + ". Simulated: nothing was sent to a cluster."
