"""The command line's verb on many clusters at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.cli import console, judging
from auditkit.cli.collecting import (
    ByteLimit,
    Kubeconfig,
    PageLimit,
    PageSize,
    Rate,
    TimeLimit,
    Timeout,
    Workers,
)
from auditkit.cli.console import Format
from auditkit.cli.judging import FailOnOption
from auditkit.cli.options import (
    DEFAULT_FRAMEWORKS,
    Attestations,
    Categories,
    Checks,
    Controls,
    Exceptions,
    Frameworks,
    Output,
    PssVersion,
    Quiet,
    Scope,
    Store,
)
from auditkit.errors import SourceError, UsageError

if TYPE_CHECKING:
    from auditkit.fleets.work import Row

Contexts = Annotated[list[str], typer.Option(
    "--contexts", metavar="NAMES", help="Contexts of the kubeconfig to collect: names or shell patterns, separated by "
    "commas, such as 'prod-*'. '*' is all of them. Can be repeated.")]


def fleet(
    judged: Annotated[str | None, typer.Argument(
        metavar="[STORE]", help="Folder or URL of a store: judge all its snapshots, and collect nothing.")] = None,
    contexts: Contexts = [], kubeconfig: Kubeconfig = None, store: Store = "snapshots",  # noqa: B006
    framework: Frameworks = DEFAULT_FRAMEWORKS, output: Output = Path("reports"),
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write the notebook, the page and the PDF of the "
                                                                      "fleet.")] = True,
    dataset: Annotated[Path | None, typer.Option(
        "--dataset", help="Folder for the verdicts as a Parquet data set, by cluster and date.")] = None,
    environment: Annotated[list[str], typer.Option(
        "--environment", metavar="NAME[=PATTERN]", help="Clusters that should be alike, by a shell pattern on their "
        "names, or by their label. Can be repeated, in the order of promotion: dev, staging, prod.")] = [],  # noqa: B006
    environment_label: Annotated[str, typer.Option(
        "--environment-label", help="Label of the namespace kube-system that names the environment.")] = "environment",
    processes: Annotated[int, typer.Option(
        "--processes", min=1, help="Clusters at the same time. Default: the number of processors.",
        show_default=False)] = os.cpu_count() or 1,
    scheduler: Annotated[str, typer.Option(
        "--scheduler", metavar="ADDRESS", help="Address of a Dask scheduler that does the work, such as "
        "tcp://HOST:8786.")] = "",
    give_up_after: Annotated[float, typer.Option(
        "--give-up-after", min=1, help="Seconds after which a cluster is given up.")] = 7200,
    format: Format = Format.text, fail_on: FailOnOption = [],  # noqa: B006
    timeout: Timeout = 30.0, time_limit: TimeLimit = 3600, byte_limit: ByteLimit = 16 * 2**30,
    page_limit: PageLimit = 20_000, page_size: PageSize = 500, workers: Workers = 4, rate: Rate = 0,
    quiet: Quiet = False, exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",  # noqa: B006
) -> None:
    """Collect and judge many clusters at once.

    Give contexts to collect, or a store whose snapshots are judged. Prints one row a cluster, also for those that
    failed: then the exit code is 4.
    """
    from auditkit.api import definitions, evaluating, snapshots
    from auditkit.api.options import Options
    from auditkit.fleets import contexts as of_kubeconfig
    from auditkit.fleets import environments, run

    if (judged is None) == (not contexts):
        raise UsageError("Give either --contexts ('*' for all of the kubeconfig) to collect clusters, or a store whose "
                         "snapshots are judged.")
    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                    scope=scope, categories=categories, pss_version=pss_version)
    framework = judging.once(framework)
    evaluating.verify(framework, **given)
    for name in framework:
        definitions.load_framework(name, controls)  # one: several together are a report
    environments.read(environment)
    snapshots.verify_folders(store=None if judged else store, output=output if report else None)
    how: dict[str, Any] = {"frameworks": framework, "options": run.absolute(given),
                           "dataset": str(dataset.resolve()) if dataset else "", "thresholds": [*map(str, fail_on)]}
    tasks, rows = run.stored(judged, elsewhere=bool(scheduler), **how) if judged else (run.collecting(
        of_kubeconfig.chosen(contexts, kubeconfig), store, kubeconfig,
        {"timeout": timeout, "page_size": page_size, "workers": workers},
        {"seconds": time_limit, "bytes": byte_limit, "pages": page_limit, "rate": rate}, **how), [])
    rows += run.judge(tasks, workers=processes, limit=give_up_after, scheduler=scheduler,
                      progress=lambda row, done, total: None if quiet else _step(row, done, total))
    found = run.last(rows)
    if not judged:
        _say_same(rows, found)
    _print(found, framework, format)
    if report:
        for path in run.report(judged or store, output, framework, found, environment, environment_label,
                               how["options"], None if quiet else console.say):
            console.say(path) if format is not Format.text else print(path)
    _end(found)


def _step(row: "Row", done: int, total: int) -> None:
    """A cluster is done."""
    read = f", {row.sources_read} of {row.sources} sources read" if row.taken else f": {row.problem}"
    console.say(f"[{done}/{total}] {row.source}: {row.outcome}{read}", "" if row.taken else "bold red")


def _say_same(rows: list["Row"], found: list["Row"]) -> None:
    """Say which contexts have no row of their own, since another one leads to the same cluster."""
    for left in [row for row in rows if row.taken and row not in found]:
        kept = next(row.source for row in found if row.taken and row.which == left.which)
        console.say(f"{left.source} leads to the same cluster as {kept} ({' '.join(left.which)}): it is one row.",
                    "yellow")


def _print(rows: list["Row"], frameworks: list[str], format: Format) -> None:
    if format is not Format.text:
        import msgspec

        console.records([msgspec.to_builtins(row) for row in rows], format)
        return
    console.table("Clusters", ["cluster", "outcome", "taken", "sources read", *frameworks, "why"], (
        (row.cluster or row.source, row.outcome, f"{row.taken:%Y-%m-%d %H:%M} UTC" if row.taken else "",
         f"{row.sources_read} of {row.sources}" if row.taken else "",
         *(_counts(row.statuses[name]) if row.taken else "" for name in frameworks), row.problem) for row in rows))


def _counts(statuses: dict[str, int]) -> str:
    noted = f", {statuses['exception_noted']} exception noted" if statuses["exception_noted"] else ""
    return f"{statuses['fail']} fail{noted}, {statuses['unknown']} unknown"


def _end(rows: list["Row"]) -> None:
    """Exit with 4 where a cluster is not known, with 1 where a threshold is crossed."""
    if missing := [row for row in rows if not row.taken]:
        raise SourceError(f"{len(missing)} of {len(rows)} clusters were not judged: "
                          f"{', '.join(row.source for row in missing[:5])}{' …' if len(missing) > 5 else ''}.")
    if any(row.crossed for row in rows):
        raise typer.Exit(1)
