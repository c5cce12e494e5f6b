"""The command line: each command calls the library and prints the result. `EXIT_CODES` has the exit codes."""

import atexit
import contextlib
import io
import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from auditkit.base.files import reason
from auditkit.base.version import VERSION
from auditkit.cli import (
    access,
    bundle,
    collecting,
    console,
    diff,
    export,
    frameworks,
    papers,
    period,
    policies,
    reperform,
    samples,
    verify,
)
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
from auditkit.cli.console import Format
from auditkit.cli.group import Group
from auditkit.cli.options import (
    Attestations,
    Checks,
    Controls,
    Exceptions,
    FrameworksOrAll,
    PssVersion,
    SnapshotPath,
)
from auditkit.errors import AuditkitError, UsageError

if TYPE_CHECKING:
    from auditkit.api.options import Options
    from auditkit.evaluation.evaluation import Evaluation
    from auditkit.snapshots.snapshot import Snapshot

EXIT_CODES = ("Exit codes: 0 success; 1 a threshold of --fail-on is crossed, or a check of the command found an error; "
              "2 wrong usage or bad input; 3 the collection is incomplete and --strict is set; "
              "4 nothing could be collected; 5 an error of auditkit itself; 130 interrupted; "
              "141 the reader of the output went away.")

BROKEN, INTERRUPTED, CLOSED = 5, 130, 141
"""Exit codes of what is no `AuditkitError`; the last two are those of a shell for SIGINT and SIGPIPE."""

app = typer.Typer(
    cls=Group, help="Assess Kubernetes clusters against SOC 2, HIPAA and CIS, with evidence.", no_args_is_help=True,
    epilog=EXIT_CODES,
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)
app.add_typer(frameworks.app, name="frameworks")
app.add_typer(frameworks.old, name="controls", hidden=True)
app.add_typer(access.app, name="access-review")
app.command("who-can")(access.who_can)
app.command()(export.export)
app.command("workpapers")(papers.workpapers)
app.command("reperform")(reperform.reperform)
app.command("bundle")(bundle.bundle)
app.command("verify")(verify.verify)
app.command("period")(period.period)
app.command("given")(period.given)
app.command("diff")(diff.diff)
app.command("policies")(policies.policies)
app.command()(samples.sample)


class FailOn(StrEnum):
    """The thresholds at which the exit code is 1."""

    never = "never"
    fail = "fail"
    unaccepted = "unaccepted"
    unknown = "unknown"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


Store = Annotated[Path, typer.Option("--store", help="Folder for snapshots.")]
Notebooks = Annotated[list[str], typer.Option(
    "--notebook", help="Notebook to run: access, network, findings, or the path of your own. Can be repeated. "
    "With this option, only frameworks named by --framework are evaluated.")]
Quiet = Annotated[bool, typer.Option(
    "--quiet", "-q", help="Print only results, who asks a cluster, and what is missing.")]
ChosenFrameworks = Annotated[list[str] | None, typer.Option(
    "--framework", "-f", help="Framework to evaluate. Can be repeated. Default: cis-kubernetes, soc2, hipaa; "
    "with --compare, every framework that can be compared.")]
Frameworks = Annotated[list[str], typer.Option(
    "--framework", "-f", help="Framework to evaluate. Can be repeated.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for notebooks, HTML pages and PDFs.")]
FailOnOption = Annotated[list[FailOn], typer.Option(
    "--fail-on", help="When to exit with 1. fail: a requirement fails. unaccepted: a requirement fails and the risk is "
    "not accepted. unknown: a requirement fails or is unknown. A severity: a check of that severity or higher fails; "
    "what could not be checked does not. Can be repeated: --fail-on high --fail-on unknown.")]
Compare = Annotated[bool, typer.Option(
    "--compare", help="Print only the statuses and verdicts that the frameworks in --controls would change. Each is "
    "compared with the built-in framework of the same name, or else with the framework that it extends. A framework "
    "with a built-in name never replaces the built-in framework. --fail-on applies to the proposed framework.")]

DEFAULT_FRAMEWORKS = ["cis-kubernetes", "soc2", "hipaa"]
"""The same as `auditkit.api.DEFAULT_FRAMEWORKS`, which is not imported only to print the help."""


@app.callback(invoke_without_command=True)
def version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Assess Kubernetes clusters against SOC 2, HIPAA and CIS, with evidence."""
    if version:
        print(VERSION)
        raise typer.Exit


@app.command()
def collect(
    store: Store = Path("snapshots"), context: Context = None, kubeconfig: Kubeconfig = None,
    recording: Recording = None, name: Name = "", scan: Scans = [], strict: Strict = False,  # noqa: B006 - typer copies it
    timeout: Timeout = 30.0, time_limit: TimeLimit = 3600, byte_limit: ByteLimit = 16 * 2**30,
    page_limit: PageLimit = 20_000, page_size: PageSize = 500, workers: Workers = 4, rate: Rate = 0,
    quiet: Quiet = False, members: Members = None, complete: Complete = [],  # noqa: B006
    taken_at: TakenAt = "",
    script: Annotated[bool, typer.Option(
        "--script", help="Print a shell script that records a cluster where auditkit cannot run, and exit.")] = False,
) -> None:
    """Collect a snapshot of a cluster.

    The last line on stdout is the path of the snapshot.
    """
    if script:
        from auditkit.collectors.script import script as text

        print(text(), end="")
        return
    from auditkit.api import snapshots

    snapshots.verify_folders(store=store)
    snapshot = collecting.take(
        quiet=quiet, context=context, kubeconfig=kubeconfig, recording=recording, name=name, scans=scan,
        timeout=timeout, time_limit=time_limit, byte_limit=byte_limit, page_limit=page_limit, page_size=page_size,
        workers=workers, rate=rate, members=members, complete=complete, taken_at=taken_at)
    path = snapshot.write(store)
    print(path)
    collecting.insist(snapshot, strict)


@app.command()
def evaluate(
    snapshot: SnapshotPath, framework: ChosenFrameworks = None, format: Format = Format.text,
    subjects: Annotated[bool, typer.Option("--subjects", help="Print one row for each verdict instead of one for "
                                                              "each requirement.")] = False,
    fail_on: FailOnOption = [], exceptions: Exceptions = None,  # noqa: B006
    attestations: Attestations = None,
    controls: Controls = None, checks: Checks = [], compare: Compare = False,  # noqa: B006
    pss_version: PssVersion = "",
) -> None:
    """Evaluate frameworks on a snapshot.

    With --compare, show what your own version of a framework would change.
    """
    from auditkit.api import evaluating, snapshots
    from auditkit.api.options import Options
    from auditkit.cli import results

    if compare and controls is None:
        raise UsageError("--compare needs --controls DIR: the folder with the frameworks to compare.")
    opened = snapshots.open(snapshot)
    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                      pss_version=pss_version)
    names = _once(framework or (evaluating.proposals(controls) if compare and controls else DEFAULT_FRAMEWORKS))
    proposed = [name for name in names if compare or evaluating.proposed(name, controls)]
    judged = [evaluating.evaluate(opened, name, **given) for name in names if name not in proposed]
    compared = [evaluating.compare(opened, name, controls or "", exceptions=exceptions, attestations=attestations,
                            checks=checks, pss_version=pss_version) for name in proposed]
    results.show(judged, compared, format, subjects=subjects)
    judged += [one.proposed for one in compared]
    for one in judged:
        _notices(one)
    _unused(judged, controls)
    _threshold(judged, fail_on)


@app.command()
def explain(
    snapshot: SnapshotPath, requirement: Annotated[str, typer.Argument(help="Identifier of a requirement, such as "
                                                                            "CC6.1 or 5.2.2.")],
    subject: Annotated[str, typer.Argument(
        help="NAMESPACE/NAME or NAME of a subject, or a pattern such as 'billing/*'. Default: all subjects.")] = "",
    framework: FrameworksOrAll = None, exceptions: Exceptions = None, attestations: Attestations = None,
    controls: Controls = None, checks: Checks = [], pss_version: PssVersion = "",  # noqa: B006
) -> None:
    """Explain the status of a requirement.

    The explanation has the checks, their subjects, and the API requests that were made or refused.
    """
    from auditkit.api import evaluating

    found = evaluating.explain(snapshot, requirement, subject, frameworks=_once(framework or DEFAULT_FRAMEWORKS),
                        exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                        pss_version=pss_version)
    for indent, text in found.lines():
        console.line(text, indent=indent)


@app.command()
def report(
    snapshot: SnapshotPath, framework: FrameworksOrAll = None, output: Output = Path("reports"),
    fail_on: FailOnOption = [], quiet: Quiet = False, exceptions: Exceptions = None,  # noqa: B006
    attestations: Attestations = None, controls: Controls = None, checks: Checks = [],  # noqa: B006
    pss_version: PssVersion = "", notebook: Notebooks = [],  # noqa: B006
) -> None:
    """Write a notebook, a page and a PDF per framework.

    With --notebook, run other notebooks instead.
    """
    from auditkit.api import reporting, snapshots
    from auditkit.api.options import Options

    reporting.verify_notebooks(notebook)
    snapshots.verify_folders(output=output)
    opened = snapshots.open(snapshot)
    names = _once(framework or ([] if notebook else DEFAULT_FRAMEWORKS))
    judged = _report(opened, names, output, quiet, Options(
        exceptions=exceptions, attestations=attestations, controls=controls, checks=checks, pss_version=pss_version))
    _unused(judged, controls)
    for name in notebook:
        for file in reporting.report_notebook(opened, name, output, progress=None if quiet else console.say):
            print(file)
    _threshold(judged, fail_on)


@app.command()
def run(
    store: Store = Path("snapshots"), context: Context = None, kubeconfig: Kubeconfig = None,
    recording: Recording = None, name: Name = "", scan: Scans = [],  # noqa: B006
    framework: Frameworks = DEFAULT_FRAMEWORKS, output: Output = Path("reports"),
    fail_on: FailOnOption = [], strict: Strict = False,  # noqa: B006
    timeout: Timeout = 30.0, time_limit: TimeLimit = 3600, byte_limit: ByteLimit = 16 * 2**30,
    page_limit: PageLimit = 20_000, page_size: PageSize = 500, workers: Workers = 4, rate: Rate = 0,
    quiet: Quiet = False, exceptions: Exceptions = None,
    attestations: Attestations = None, controls: Controls = None, checks: Checks = [],  # noqa: B006
    pss_version: PssVersion = "", members: Members = None, complete: Complete = [],  # noqa: B006
    taken_at: TakenAt = "",
) -> None:
    """Collect, evaluate and report in one step.

    Use this command in schedulers.
    """
    from auditkit.api import evaluating, snapshots
    from auditkit.api.options import Options

    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                      pss_version=pss_version)
    framework = _once(framework)
    evaluating.verify(framework, **given)  # a mistake is reported before the collection starts
    snapshots.verify_folders(store=store, output=output)
    snapshot = collecting.take(
        quiet=quiet, context=context, kubeconfig=kubeconfig, recording=recording, name=name, scans=scan,
        timeout=timeout, time_limit=time_limit, byte_limit=byte_limit, page_limit=page_limit, page_size=page_size,
        workers=workers, rate=rate, members=members, complete=complete, taken_at=taken_at)
    path = snapshot.write(store)
    judged = _report(snapshot, framework, output, quiet, given)
    _unused(judged, controls)
    print(path)
    collecting.insist(snapshot, strict)
    _threshold(judged, fail_on)


@app.command()
def demo(output: Output = Path("reports"), framework: Frameworks = DEFAULT_FRAMEWORKS, quiet: Quiet = False) -> None:
    """Write the reports of a fictional hospital.

    The demo needs no cluster.
    """
    from auditkit.api import snapshots
    from auditkit.api.options import Options

    snapshots.verify_folders(output=output)
    _report(snapshots.demo(), _once(framework), output, quiet, Options())


@app.command()
def show(
    path: Annotated[str | None, typer.Argument(help="Folder of a store or snapshot, 'demo', or a table.")] = None,
    table: Annotated[str | None, typer.Argument(help="A table.")] = None,
) -> None:
    """Show snapshots, tables or columns.

    Shows the snapshots of a store, the tables of a snapshot, or the columns of a table. Exits with 2 if a snapshot of
    the store cannot be opened; the others are shown.
    """
    from auditkit.api import snapshots
    from auditkit.cli import listing

    if path is None:
        listing.show_model()
    elif path == snapshots.DEMO or os.path.lexists(Path(path) / "manifest.json"):
        listing.show_snapshot(snapshots.open(path), table)
    elif Path(path).is_dir() and table is not None:
        raise UsageError(f"{path} is a store. Give the folder of one of its snapshots to see the table {table!r}.")
    elif Path(path).is_dir():
        listing.show_store(Path(path))
    elif table is not None or Path(path).exists():
        raise UsageError(f"{path} is neither a snapshot nor a store. Give the folder of one.")
    else:
        listing.show_columns(path)


def _report(snapshot: "Snapshot", frameworks: list[str], output: Path, quiet: bool,
            given: "Options") -> list["Evaluation"]:
    from auditkit.api import evaluating, reporting

    if frameworks and snapshot.path is None:
        evaluating.verify(frameworks, **given)  # nothing is written before a mistake is said
        reporting.settle(snapshot, output)
    judged = []
    for name in frameworks:
        judged.append(evaluating.evaluate(snapshot, name, **given))
        _notices(judged[-1])
        files = reporting.report(snapshot, name, output, progress=None if quiet else console.say, **given)
        for file in files:
            print(file)
    return judged


def _once(names: list[str]) -> list[str]:
    """Each name once, in the order in which they were given."""
    return list(dict.fromkeys(names))


def _unused(judged: list["Evaluation"], controls: Path | None) -> None:
    """Warn if no framework of ``--controls`` was evaluated: they must be named."""
    from auditkit.api import evaluating

    if controls is not None and judged and not any(one.files for one in judged):
        own = {one.framework for one, _ in evaluating.listed(controls)} - set(evaluating.frameworks())
        names = ", ".join(sorted(own))
        console.say(f"No framework in {controls} was evaluated. Name one with --framework"
                    f"{f' ({names})' if names else ''}.", "yellow")


def _notices(judged: "Evaluation") -> None:
    """Print what is wrong with the risk acceptances and attestations, and with verdicts that were stored."""
    if judged.distrusted:
        console.say(judged.distrusted, "yellow")
    for notice in judged.notices.itertuples(index=False):
        console.say(f"{notice.file}, line {notice.line}: {notice.kind}: {notice.what}", "yellow")


def _threshold(judged: list["Evaluation"], fail_on: list[FailOn]) -> None:
    """Exit with 1 where anything that ``--fail-on`` names has happened."""
    if any(one.crosses(each.value) for one in judged for each in fail_on):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line. Print an error of auditkit as a sentence on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know ASCII only
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except AuditkitError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:  # typer and rich make 1 of a closed pipe, which is no threshold that was crossed
        if isinstance(ended.__context__, BrokenPipeError):
            _let_go()
            sys.exit(CLOSED)
        if ended.code == INTERRUPTED:
            _interrupted()
        raise
    except BrokenPipeError:
        _let_go()
        sys.exit(CLOSED)
    except OSError as error:
        _let_go()
        _fail(f"{error.filename or 'The output'} could not be read or written: {reason(error)}.", 2)
    except Exception as error:
        _fail(f"This is an error of auditkit {VERSION}, not of your input: {type(error).__name__} in "
              f"{_place(error)}. Report it with the command that you ran.", BROKEN)


def _fail(said: str, code: int) -> NoReturn:
    """End with a sentence, whether or not anybody can read it."""
    try:
        console.say(f"auditkit: {said}", "bold red")
    finally:
        sys.exit(code)


def _interrupted() -> NoReturn:
    """End at once: the interpreter would wait for requests that are under way, until they time out."""
    atexit._run_exitfuncs()  # what is left in temporary files is removed
    os._exit(INTERRUPTED)


def _place(error: BaseException) -> str:
    """The line that raised an error. Its text may hold data of the cluster, so it is not shown."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"


def _let_go() -> None:
    """What could not be printed shall not be tried again at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
