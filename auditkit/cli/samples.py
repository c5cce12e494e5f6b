"""The command line's verb on samples."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.options import Checks, Controls, Exceptions
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.history.sample import Sample


class SampleFormat(StrEnum):
    """Output formats of a sample."""

    text = "text"
    csv = "csv"
    json = "json"


class Frequency(StrEnum):
    """How often a control operates."""

    annual = "annual"
    quarterly = "quarterly"
    monthly = "monthly"
    weekly = "weekly"
    daily = "daily"
    many_times_a_day = "many_times_a_day"


class Risk(StrEnum):
    """The auditor's assessment of the risk."""

    low = "low"
    high = "high"


def sample(
    source: Annotated[str, typer.Argument(metavar="SNAPSHOT|STORE", help="Folder of a snapshot (a moment), 'demo', or "
                                          "folder of a store (a period).")],
    population: Annotated[str, typer.Option(
        "--population", help="What to choose from: a table (pods, access, all_containers …), images, exceptions, "
        "changes, new-access, privileged-use, check:NAME, or sql:QUERY.")],
    seed: Annotated[str, typer.Option("--seed", help="Text that the auditor chooses. The same seed chooses the same "
                                                     "items on every machine.")] = "",
    size: Annotated[int | None, typer.Option("--size", help="Number of items. Default: by the table of sizes.")] = None,
    frequency: Annotated[Frequency | None, typer.Option(
        "--frequency", help="How often the control operates. Default: the size is that for a population of so many "
                            "items.")] = None,
    risk: Annotated[Risk, typer.Option("--risk", help="Which column of the table of sizes to use.")] = Risk.low,
    sizes: Annotated[Path | None, typer.Option("--sizes", help="Table of sizes of your own (YAML).")] = None,
    by: Annotated[str, typer.Option("--by", help="Column to stratify by, such as namespace. Each value gets a "
                                                 "proportional share.")] = "",
    choice: Annotated[Path | None, typer.Option(
        "--choice", help="YAML file with items that must be in the sample or out of it, each with a reason.")] = None,
    start: Annotated[str, typer.Option("--from", help="First day of the period (YYYY-MM-DD) in a store.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day of the period, included.")] = "",
    cluster: Annotated[str, typer.Option("--cluster", help="Name or UID of the cluster, in a store of several.")] = "",
    framework: Annotated[str, typer.Option("--framework", "-f", help="Show the verdicts of this framework's checks on "
                                                                     "the items.")] = "",
    requirement: Annotated[list[str], typer.Option(
        "--requirement", help="Show only the verdicts of this requirement. Can be repeated.")] = [],  # noqa: B006
    exceptions: Exceptions = None, controls: Controls = None, checks: Checks = [],  # noqa: B006
    format: Annotated[SampleFormat, typer.Option("--format", help="Output format.")] = SampleFormat.text,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write the sample into, as CSV or JSON. "
                                                                       "Default: stdout.")] = None,
    population_file: Annotated[Path | None, typer.Option(
        "--population-file", help="File to write the whole population into. Its SHA-256 is the digest of the "
                                  "population.")] = None,
) -> None:
    """Draw a sample of a population. The same seed draws the same items.

    For example: auditkit sample demo --population pods --frequency daily --seed "Acme 2026, J. Roe"
    """
    from auditkit.api import over_time
    from auditkit.base import whole

    if output and format is SampleFormat.text:
        raise UsageError("--output writes a file for programs: add --format csv or --format json.")
    found = over_time.population(source, population, start=start, end=end, cluster=cluster, exceptions=exceptions,
                                 checks=checks)
    if population_file:
        whole.write(population_file, found.content)
        console.say(f"{population_file} has the population; its sha256 is {found.digest}")
    chosen = over_time.sample(
        found, seed=seed, size=size, frequency=frequency.value if frequency else "", risk=risk.value, sizes=sizes,
        by=by, choice=choice, framework=framework, requirements=requirement, exceptions=exceptions, controls=controls,
        checks=checks)
    _print(chosen, format, output)
    if format is not SampleFormat.text:  # as text it says so itself
        for sentence in filter(None, (found.warning, found.bounds)):
            console.say(sentence, "yellow")


def _print(chosen: "Sample", format: SampleFormat, output: Path | None) -> None:
    """The sample on stdout, or in a file."""
    from auditkit.base import whole
    from auditkit.exports import sample as exports

    if format is SampleFormat.text:
        _show(chosen)
        return
    content = exports.as_csv(chosen) if format is SampleFormat.csv else exports.as_json(chosen)
    if output:
        whole.write(output, content)
        print(output)
    else:
        typer.echo(content.decode(), nl=False)


def _show(chosen: "Sample") -> None:
    """The sample for people: what it is of, its items, and the verdicts on them."""
    population, frame = chosen.population, chosen.frame
    span = f"{population.window.first}" if population.window.moment else (
        f"{population.window.first} to {population.window.last}, {len(population.window.snapshots)} snapshots")
    for text in (f"Population: {population.name} of {population.cluster}, {span}", f"Items: {len(population):,}",
                 f"SHA-256 of the population: {population.digest}", f"Seed: {chosen.seed}",
                 f"Size: {chosen.size.items}, {chosen.size.why}",
                 f"By {chosen.by}: each takes its share, rounded up" if chosen.by else "", population.warning,
                 population.bounds):
        if text:
            console.line(text)
    console.table("", ["number", "how", *(["stratum"] if chosen.by else []), "item", "first seen", "last seen",
                       "snapshot", "reason"],
                  ((row["number"], row["how"], *([row["stratum"]] if chosen.by else []), row["item"],
                    f"{row['first_seen']:%Y-%m-%d %H:%M}", f"{row['last_seen']:%Y-%m-%d %H:%M}", row["snapshot"][:12],
                    row["reason"]) for row in frame.to_dict("records")))
    if chosen.judge:
        said = chosen.verdicts
        console.table("verdicts", ["verdict", "requirement", "check", "item", "reason"], zip(
            said["verdict"], said["requirement"], said["check"], said["item"], said["reason"], strict=True), status=0)
    console.say("The sample is an offer: the auditor chooses. --format json has the rows, verdicts and requests.")
