"""The command line's verbs that make reports: `report`, `run` and `demo`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import collecting, console, job, judging, triage
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.collecting import (
    ByteLimit,
    Complete,
    Context,
    Kubeconfig,
    Members,
    Name,
    PageLimit,
    PageSize,
    Rate,
    Recording,
    Scans,
    Strict,
    TakenAt,
    TimeLimit,
    Timeout,
    Workers,
)
from auditkit.cli.job import Again, Config, LogFormatOption, Metrics
from auditkit.cli.judging import FailOnOption
from auditkit.cli.options import (
    DEFAULT_FRAMEWORKS,
    Attestations,
    Categories,
    Checks,
    Controls,
    Exceptions,
    Frameworks,
    FrameworksOrAll,
    Output,
    OwnerLabel,
    PssVersion,
    Quiet,
    Scope,
    Store,
)
from auditkit.errors import AuditkitError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from auditkit.api.options import Options
    from auditkit.evaluation.evaluation import Evaluation
    from auditkit.reports import Files
    from auditkit.snapshots.snapshot import Snapshot

_STEPS = 3
"""Steps of a report: its notebook, its page, its PDF."""

Together = Annotated[bool, typer.Option(
    "--together", help="One report over all frameworks: each finding once, with the requirements of each framework "
    "that it touches, and a table of requirements per framework.")]
Notebooks = Annotated[list[str], typer.Option(
    "--notebook", help="Notebook to run: access, network, findings, or the path of your own. Can be repeated. "
    "With this option, only frameworks named by --framework are evaluated.")]


def report(
    snapshot: ChosenOrNewest = "", framework: FrameworksOrAll = None, output: Output = Path("reports"),
    fail_on: FailOnOption = [], quiet: Quiet = False, exceptions: Exceptions = None,  # noqa: B006
    attestations: Attestations = None, controls: Controls = None, checks: Checks = [],  # noqa: B006
    scope: Scope = None, categories: Categories = "",
    pss_version: PssVersion = "", notebook: Notebooks = [], owner_label: OwnerLabel = "",  # noqa: B006
    together: Together = False,
) -> None:
    """Write a notebook, a page and a PDF per framework, or with --together one over all.

    With --notebook, run other notebooks instead.
    """
    from auditkit.api import reporting, snapshots
    from auditkit.api.options import Options

    reporting.verify_notebooks(notebook)
    snapshots.verify_folders(output=output)
    chosen = opened(snapshot)
    names = _joined(framework or ([] if notebook else DEFAULT_FRAMEWORKS), together)
    with reporting.ready():
        steps = console.Steps(_STEPS * (len(names) + len(notebook)), quiet=quiet)
        judged, files = _report(chosen, names, output, steps, Options(
            exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
            scope=scope, categories=categories, pss_version=pss_version, owner_label=owner_label))
        judging.unused(judged, controls)
        for name in notebook:
            for file in reporting.report_notebook(chosen, name, output, progress=steps):
                print(file)
    if judged and not quiet:
        triage.answer(judged, files[0].html)
        console.suggest(["reperform", files[0].pdf], ["workpapers", snapshot or chosen.path or "demo", "-f", names[0]])
    judging.threshold(judged, fail_on)


def run(
    called: typer.Context, store: Store = "snapshots", context: Context = None, kubeconfig: Kubeconfig = None,
    recording: Recording = None, name: Name = "", scan: Scans = [],  # noqa: B006
    framework: Frameworks = DEFAULT_FRAMEWORKS, output: Output = Path("reports"),
    fail_on: FailOnOption = [], strict: Strict = False,  # noqa: B006
    timeout: Timeout = 30.0, time_limit: TimeLimit = 3600, byte_limit: ByteLimit = 16 * 2**30,
    page_limit: PageLimit = 20_000, page_size: PageSize = 500, workers: Workers = 4, rate: Rate = 0,
    quiet: Quiet = False, exceptions: Exceptions = None,
    attestations: Attestations = None, controls: Controls = None, checks: Checks = [],  # noqa: B006
    scope: Scope = None, categories: Categories = "",
    pss_version: PssVersion = "", members: Members = None, complete: Complete = [],  # noqa: B006
    taken_at: TakenAt = "", config: Config = None, again: Again = False, metrics: Metrics = None,
    log_format: LogFormatOption = console.LogFormat.text, owner_label: OwnerLabel = "", together: Together = False,
) -> None:
    """Collect, evaluate and report in one step.

    Use this command in schedulers. With --config, run a job of several clusters.
    """
    console.use(log_format)
    if config is not None:
        job.run(called, config, again=again, metrics=metrics, quiet=quiet)
        return
    if again or metrics:
        raise UsageError(f"--{'again' if again else 'metrics'} is for jobs: it needs --config FILE.")
    from auditkit.api import evaluating, reporting, snapshots
    from auditkit.api.options import Options
    from auditkit.snapshots.mirror import shown

    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                    scope=scope, categories=categories, pss_version=pss_version, owner_label=owner_label)
    framework = _joined(framework, together)
    evaluating.verify(framework, **given)  # a mistake is reported before the collection starts
    snapshots.verify_folders(store=store, output=output)
    with reporting.ready():
        snapshot = collecting.take(
            quiet=quiet, context=context, kubeconfig=kubeconfig, recording=recording, name=name, scans=scan,
            timeout=timeout, time_limit=time_limit, byte_limit=byte_limit, page_limit=page_limit, page_size=page_size,
            workers=workers, rate=rate, members=members, complete=complete, taken_at=taken_at)
        path = snapshot.write(store)
        judged, files = _report(snapshot, framework, output, console.Steps(
            _STEPS * len(framework), quiet=quiet), given)
    _print_records(judged, files)
    judging.unused(judged, controls)
    print(shown(path))
    if judged and not quiet:
        worst = triage.answer(judged, files[0].html)
        console.suggest(*([["explain", shown(path), worst]] if worst else []), ["verify", store])
    collecting.insist(snapshot, strict)
    judging.threshold(judged, fail_on)


def demo(output: Output = Path("reports"), framework: Frameworks = DEFAULT_FRAMEWORKS, quiet: Quiet = False) -> None:
    """Write the reports of a fictional hospital.

    The demo needs no cluster.
    """
    from auditkit.api import reporting, snapshots
    from auditkit.api.options import Options

    snapshots.verify_folders(output=output)
    with reporting.ready():
        names = judging.once(framework)
        if not quiet:
            console.say(f"A fictional hospital is judged by {', '.join(names)}; each report is a notebook, a page and "
                        "a PDF.")
        judged, files = _report(snapshots.demo(), names, output, console.Steps(
            _STEPS * len(names), quiet=quiet), Options())
    if judged and not quiet:
        worst = triage.answer(judged, files[0].html)
        console.suggest(*([["explain", "demo", worst]] if worst else []), ["show", "demo"], ["lab", "demo"])


def _joined(frameworks: list[str], together: bool) -> list[str]:
    """Each framework once; with ``together`` all of them as one."""
    from auditkit.framework.together import BETWEEN

    names = judging.once(frameworks)
    return [BETWEEN.join(names)] if together and names else names


def _report(snapshot: "Snapshot", frameworks: list[str], output: Path, steps: console.Steps,
            given: "Options") -> tuple[list["Evaluation"], list["Files"]]:
    """Judge and report frameworks; returns what was judged, and the files of each."""
    from auditkit.api import evaluating, reporting

    if frameworks and snapshot.path is None:
        evaluating.verify(frameworks, **given)  # nothing is written before a mistake is said
        reporting.settle(snapshot, output)
    judged, begun = [], []
    try:
        for name in frameworks:
            judged.append(evaluating.evaluate(snapshot, name, **given))
            judging.notices(judged[-1])
            begun.append(reporting.begin_report(snapshot, name, output, steps, **given))
    except AuditkitError:
        _print_files(begun)
        raise
    return judged, _print_files(begun)


def _print_files(begun: Iterable["Future[Files]"]) -> list["Files"]:
    """Print the files of reports, as soon as they are drawn; returns them."""
    found = []
    for each in begun:
        found.append(each.result())
        print(*found[-1], sep="\n")
    return found


def _print_records(judged: Iterable["Evaluation"], files: Iterable["Files"]) -> None:
    """Write the verdicts for programs beside each report, and print the files."""
    from auditkit.base import whole
    from auditkit.cli import results

    for one, of_report in zip(judged, files, strict=True):
        file = of_report.notebook.with_suffix(".json")
        whole.write(file, results.record(one))
        print(file)
