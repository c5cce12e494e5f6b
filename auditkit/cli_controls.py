"""``auditkit controls``: what is judged, by which checks, and whether they can be trusted."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit import console

if TYPE_CHECKING:
    from auditkit.compare import Comparison
    from auditkit.controls import Framework, Requirement

app = typer.Typer(help="Frameworks, their requirements, and the checks that give evidence for them.",
                  no_args_is_help=True)

Controls = Annotated[Path | None, typer.Option(
    "--controls", help="Folder with frameworks of your own (YAML), beside those that ship.")]
Checks = Annotated[list[Path], typer.Option(
    "--checks", help="Python file with checks of your own; may be repeated. "
    "Those of installed packages are found by their entry point auditkit.checks.")]
SHOWN = 50


@app.command("list")
def list_frameworks(controls: Controls = None) -> None:
    """List the frameworks: how many requirements a cluster shows, shows partly, or people must attest."""
    from auditkit import api

    rows = []
    for name in api.frameworks(controls):
        one = api.load_framework(name, controls)
        reached = Counter(each.reach for each in one.requirements)
        checked = sum(bool(each.checks) for each in one.requirements)
        rows.append([name, one.title, one.version, len(one.requirements), reached["evidenced"],
                     reached["partly"], reached["attested"], checked, len(one.requirements) - checked])
    console.table("", ["framework", "title", "version", "requirements", "evidenced", "partly", "attested",
                       "with checks", "without"], rows)


@app.command()
def show(framework: Annotated[str, typer.Argument(help="A framework.")],
         requirement: Annotated[str | None, typer.Argument(help="One of its requirements.")] = None,
         controls: Controls = None, checks: Checks = []) -> None:  # noqa: B006 - typer copies it
    """Show the requirements of a framework, or one: its checks, what they read, what cannot be shown."""
    from auditkit import api
    from auditkit.errors import NoSuchName

    api.verify([], controls=controls, checks=checks)
    one = api.load_framework(framework, controls)
    found = {each.id: each for each in one.requirements}
    if requirement is None:
        _show_framework(one)
    elif requirement in found:
        _show_requirement(found[requirement])
    else:
        raise NoSuchName(f"requirement of {framework}", requirement, found)


@app.command()
def lint(file: Annotated[Path | None, typer.Argument(
            help="A framework, exceptions, attestations (YAML), checks (Python); else all there is.")] = None,
         controls: Controls = None, checks: Checks = []) -> None:  # noqa: B006
    """Look for mistakes and gaps: wrong keys, unknown checks, requirements without checks, checks without
    requirements, bad parameters. Exit with 1 where there is an error."""
    from auditkit import api
    from auditkit import lint as linting

    api.verify([], controls=controls, checks=checks)
    found = linting.lint(file, controls)
    for finding in found:
        where = f"{finding.where}: " if finding.where else ""
        print(f"{finding.level}: {console.plain(f'{where}{finding.what}')}")
    errors = sum(finding.level == "error" for finding in found)
    console.say(f"{errors} errors, {len(found) - errors} warnings")
    if errors:
        raise typer.Exit(1)


@app.command()
def test(check: Annotated[str | None, typer.Argument(help="A check; by default, all of them.")] = None,
         checks: Checks = []) -> None:  # noqa: B006
    """Run checks on their cases: each must fail every mutant and pass every clean input. Exit with 1 where
    one does not, or has too few."""
    from auditkit import api
    from auditkit.checks import all_checks, find
    from auditkit.proof import prove

    api.verify([], checks=checks)
    proofs = {one.name: prove(one) for one in ([find(check)] if check else all_checks().values())}
    for name, proof in proofs.items():
        passes = "; ".join([f"{proof.clean_passed} of {proof.clean}", *proof.wrong])
        print(f"{'ok   ' if proof.holds else 'WRONG'} {name}: "
              f"fails on {proof.mutants_failed} of {proof.mutants}, passes {passes}")
    bad = sum(not proof.holds for proof in proofs.values())
    console.say(f"{len(proofs)} checks, {bad} not proved")
    if bad:
        raise typer.Exit(1)


def show_comparison(compared: "Comparison", *, subjects: bool, text: bool) -> None:
    """Print what would change: requirements by status, and verdicts, counted or one by one."""
    if not text:
        console.as_json_lines(compared.verdicts, list(compared.verdicts.columns))
        return
    name = compared.proposed.framework.framework
    statuses, frame = compared.statuses, compared.verdicts if subjects else compared.totals
    console.table(f"{name}: what would change in statuses", statuses.columns,
                  statuses.itertuples(index=False))
    console.table(f"{name}: what would change in verdicts", frame.columns,
                  console.cells(frame.head(SHOWN)))
    if len(frame) > SHOWN:
        console.say(f"… {len(frame) - SHOWN} more; --format json has all of them")
    before, after = compared.in_force.framework, compared.proposed.framework
    console.say(f"{len(statuses)} statuses and {len(compared.verdicts)} verdicts would change: "
                f"{before.framework} {before.version} (in force), {name} {after.version} (proposed)")


def comparison_document(compared: "Comparison") -> dict:
    """The same as plain data."""
    verdicts = compared.verdicts.astype(object)
    return {"snapshot": compared.proposed.snapshot.digest, "framework": compared.proposed.framework.framework,
            "compared_with": compared.in_force.framework.framework,
            "statuses": compared.statuses.to_dict("records"),
            "verdicts": verdicts.where(verdicts.notna(), None).to_dict("records")}


def _show_framework(framework: "Framework") -> None:
    columns = ["id", "reach", "title", "checks", "cannot show"]
    console.table(f"{framework.title} {framework.version}", columns, (
        (each.id, each.reach, each.title, ", ".join(name for name, _ in each.named), each.cannot_show)
        for each in framework.requirements))


def _show_requirement(requirement: "Requirement") -> None:
    import msgspec

    said = msgspec.structs.asdict(requirement)
    console.table(f"{requirement.id} {requirement.title}", ["", ""], (
        (name.replace("_", " "), value) for name, value in said.items()
        if name not in ("id", "title", "checks") and value not in ("", None)))
    for check in requirement.resolved():
        console.table(f"check {check.name}", ["", ""], (
            (name, value) for name, value in (
                ("title", check.title), ("severity", check.severity), ("wanted", check.wanted),
                ("remedy", check.remedy), ("source", check.source),
                ("reads", "; ".join(map(_sources, check.tables))),
                ("parameters", ", ".join(f"{key}={value}" for key, value in check.parameters.items())),
            ) if value))
    if not requirement.checks:
        console.say("It has no check.")


def _sources(table: str) -> str:
    """A table, and for a derived one the tables that it comes from."""
    from auditkit.analysis import DERIVED, derivation, inputs

    if table not in DERIVED:
        return table
    return f"{table} (from {', '.join(map(_sources, inputs(derivation(table))))})"
