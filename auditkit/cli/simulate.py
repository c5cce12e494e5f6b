"""`auditkit simulate`: what manifests would change if they were applied."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.cli import console, effects, judging
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.console import Format
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

if TYPE_CHECKING:
    from auditkit.simulation.effects import Effects


def simulate(
    snapshot: ChosenOrNewest = "",
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
    scope: Scope = None, categories: Categories = "",
    pss_version: PssVersion = "",
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", help="Folder for a report: notebook, page and PDF. Without it none is written.")] = None,
) -> None:
    """Show what manifests would change if they were applied.

    The snapshot is judged with the manifests applied to it: verdicts that change, traffic, rights and paths to full
    power that open and close, and what Pod Security or admission policies would refuse. Nothing is sent to a cluster.
    """
    from auditkit.api import simulating, snapshots
    from auditkit.api.options import Options

    snapshots.verify_folders(output=output)
    chosen, names = opened(snapshot), judging.once(framework or DEFAULT_FRAMEWORKS)
    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks, scope=scope,
                    categories=categories, pss_version=pss_version)
    found = simulating.simulate(chosen, apply, delete=delete, namespace=namespace, frameworks=names, **given)
    if format is Format.text:
        _print(found)
    elif format is Format.json:
        console.as_json(_plain(found))
    else:
        console.records((row for row in _lines(found)), format)
    effects.doubts(found, found.gaps)
    console.say(effects.summary(found))
    if output is not None:
        for file in simulating.report_simulation(chosen, apply, output, console.say, delete=delete, namespace=namespace,
                                                 frameworks=names, **given):
            console.say(str(file))


_TABLES = {"objects": "Objects", "refused": "Would be refused, or may be",
           "flows": "Traffic, where policies are enforced", "rights": "Rights", "paths": "Paths to full power"}


def _print(found: "Effects") -> None:
    """What changes, for people."""
    for name, title in _TABLES.items():
        effects.table(title, getattr(found, name))
    effects.verdicts(found)


def _plain(found: "Effects") -> dict[str, Any]:
    """All of it as plain data."""
    return {
        "simulated": found.simulation.after.manifest.simulated, "before": console.about(found.simulation.before),
        **{name: console.rows_of(getattr(found, name)) for name in _TABLES},
        "frameworks": [{"framework": name, "counts": each.counts, "requirements": console.rows_of(each.requirements),
                        "verdicts": console.rows_of(each.verdicts)} for name, each in found.verdicts.items()],
        "not_simulated": [*found.simulation.left_out, *found.simulation.tests],
        "not_known": [*found.refused.attrs["gaps"], *found.gaps], "unchanged_manifests": found.simulation.unchanged,
    }


def _lines(found: "Effects") -> Any:
    """One object for each thing that changes."""
    for name in _TABLES:
        yield from ({"what": name, **row} for row in console.rows_of(getattr(found, name)))
    for name, each in found.verdicts.items():
        yield from ({"what": "verdicts", "framework": name, **row} for row in console.rows_of(each.verdicts))
