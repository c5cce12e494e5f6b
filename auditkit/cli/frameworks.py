"""``auditkit frameworks``: what is judged, by which checks, and whether they can be trusted."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.base.hostile_text import on_terminal as plain
from auditkit.cli import console
from auditkit.cli.console import Format
from auditkit.cli.options import Checks, Controls
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.checks import Check
    from auditkit.framework.model import Framework, Requirement

app = typer.Typer(help="List, show, lint and test frameworks.",
                  no_args_is_help=True)
old = typer.Typer(help="The former name of `auditkit frameworks`.", no_args_is_help=True)


@old.callback()
def renamed() -> None:
    """The former name of `auditkit frameworks`."""
    console.say("`auditkit controls` is now `auditkit frameworks`. The next version removes the former name.",
                "yellow")


FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("list")
@old.command("list")
def list_frameworks(controls: Controls = None, format: FormatOption = Format.text) -> None:
    """List the frameworks.

    Each has the number of requirements that a cluster shows fully (evidenced), partly, or not at all (attested).
    """
    from auditkit.api import definitions

    rows = [_counted(one, proposed) for one, proposed in definitions.listed(controls)]
    if format is not Format.text:
        console.records(rows, format)
        return
    for row in rows:
        mark = ", proposed" if row["proposed"] else ""
        console.line(f"{row['framework']}: {row['title']} {row['version']}{mark}")
        console.line("{requirements} requirements: {evidenced} evidenced, {partly} partly, {attested} attested; "
                     "{with_checks} with checks, {without} without".format_map(row), indent=4)
    console.suggest(["frameworks", "show", "soc2"], ["evaluate", "demo", "-f", "soc2"])


def _counted(one: "Framework", proposed: bool) -> dict[str, Any]:
    """What a list says of a framework."""
    reached = Counter(each.reach for each in one.requirements)
    checked = sum(bool(each.checks) for each in one.requirements)
    return {"framework": one.framework, "title": one.title, "version": one.version, "proposed": proposed,
            "requirements": len(one.requirements), "evidenced": reached["evidenced"], "partly": reached["partly"],
            "attested": reached["attested"], "with_checks": checked, "without": len(one.requirements) - checked}


@app.command()
@old.command()
def show(framework: Annotated[str, typer.Argument(help="Name of a framework.")],
         requirement: Annotated[str | None, typer.Argument(help="Identifier of a requirement. Default: all "
                                                                "requirements.")] = None,
         controls: Controls = None, checks: Checks = [],  # noqa: B006 - typer copies it
         format: FormatOption = Format.text) -> None:
    """Show the requirements of a framework.

    Each has its checks, the tables that they read, and the limitations.
    """
    from auditkit.api import definitions, evaluating
    from auditkit.errors import NoSuchName

    evaluating.verify([], controls=controls, checks=checks)
    one, proposed = definitions.shown_framework(framework, controls)
    found = {each.id: each for each in one.requirements}
    if requirement is not None and requirement not in found:
        raise NoSuchName(f"requirement of {framework}", requirement, found)
    if proposed:
        console.say(f"This version of {framework} is a proposal from {controls}. `auditkit evaluate --compare` "
                    f"shows what "
                    "it would change.", "yellow")
    if format is not Format.text or requirement is not None:
        evaluating.verify_framework(one)
    if format is not Format.text:
        console.records([_requirement(each) for each in found.values() if requirement in (None, each.id)], format)
    elif requirement is None:
        _show_framework(one)
    else:
        _show_requirement(found[requirement])


@app.command()
@old.command()
def lint(file: Annotated[Path | None, typer.Argument(
            help="File with a framework, exceptions, attestations or a scope (YAML), or checks (Python). "
                 "Default: everything.")] = None,
         controls: Controls = None, checks: Checks = [],  # noqa: B006
         format: FormatOption = Format.text) -> None:
    """Find mistakes in frameworks and checks.

    Also covers exceptions, attestations and scopes. Reports wrong keys, unknown checks, bad parameters, requirements
    without checks and checks without requirements. Exits with 1 if there is an error.
    """
    from auditkit.api import evaluating
    from auditkit.proof import lint as linting

    if file is not None and not file.is_file():
        raise UsageError(f"{file} is a folder. `auditkit frameworks lint --controls {file}` checks all files in it."
                         if file.is_dir() else f"{file} does not exist. Give the path of a file.")
    evaluating.verify([], controls=controls, checks=checks)
    found = linting.lint(file, controls)
    if format is not Format.text:
        console.records([asdict(finding) for finding in found], format)
    for finding in found if format is Format.text else ():
        where = f"{finding.where}: " if finding.where else ""
        print(f"{finding.level}: {plain(f'{where}{finding.what}')}")
    errors = sum(finding.level == "error" for finding in found)
    console.say(f"{errors} errors, {len(found) - errors} warnings")
    if errors:
        raise typer.Exit(1)
    console.suggest(["frameworks", "test"])


@app.command()
@old.command()
def test(check: Annotated[str | None, typer.Argument(help="Name of a check. Default: all checks.")] = None,
         checks: Checks = [], format: FormatOption = Format.text) -> None:  # noqa: B006
    """Test checks on their cases.

    Each check must fail every mutant and pass every clean case. Exits with 1 if a check does not, or has too few
    cases.
    """
    from auditkit.api import evaluating
    from auditkit.checks import all_checks, find
    from auditkit.proof.prove import prove

    evaluating.verify([], checks=checks)
    proofs = {one.name: prove(one) for one in ([find(check)] if check else all_checks().values())}
    if format is not Format.text:
        console.records([{"check": name, "holds": proof.holds, **asdict(proof)}
                         for name, proof in proofs.items()], format)
    for name, proof in proofs.items() if format is Format.text else ():
        passes = "; ".join([f"{proof.clean_passed} of {proof.clean}", *proof.wrong])
        print(f"{'ok   ' if proof.holds else 'WRONG'} {name}: "
              f"fails on {proof.mutants_failed} of {proof.mutants}, passes {passes}")
    bad = sum(not proof.holds for proof in proofs.values())
    console.say(f"{len(proofs)} checks, {bad} not proven")
    if bad:
        raise typer.Exit(1)


def _show_framework(framework: "Framework") -> None:
    console.line(f"{framework.title} {framework.version}")
    for each in framework.requirements:
        console.line(f"{each.id} {each.title} ({each.reach})")
        for name, _ in each.named:
            console.line(name, indent=4)
        if each.cannot_show:
            console.line(f"cannot show: {each.cannot_show}", indent=4)


def _show_requirement(requirement: "Requirement") -> None:
    said = requirement.written()
    console.table(f"{requirement.id} {requirement.title}", ["", ""], (
        (name.replace("_", " "), value) for name, value in said.items()
        if name not in ("id", "title", "checks") and value not in ("", None)))
    for check in requirement.resolved():
        console.table(f"check {check.name}", ["", ""], (
            (name, ", ".join(f"{key}={each}" for key, each in value.items()) if name == "parameters" else value)
            for name, value in _check(check).items() if value and name != "name"))
    if not requirement.checks:
        console.say("No check covers this requirement.")


def _requirement(requirement: "Requirement") -> dict[str, Any]:
    """A requirement as plain data, its checks as its framework tunes them."""
    import msgspec

    return {**msgspec.to_builtins(requirement.written()), "checks": [_check(check) for check in requirement.resolved()]}


def _check(check: "Check") -> dict[str, Any]:
    import msgspec

    return {"name": check.name, "title": check.title, "severity": check.severity, "wanted": check.expected,
            "remedy": check.remedy, "source": check.source, "reads": _reads(check.tables),
            "parameters": msgspec.to_builtins(check.parameters)}


def _reads(tables: tuple[str, ...]) -> str:
    """The tables that a check names, and the collected ones that derived ones among them are made of."""
    from auditkit.analysis import collected

    found = [name for name in collected(*tables) if name not in tables]
    return ", ".join(tables) + (f"; from {', '.join(found)}" if found else "")
