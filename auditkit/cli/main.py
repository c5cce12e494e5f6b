"""The command line: each command calls the library and prints the result. `EXIT_CODES` has the exit codes."""

import atexit
import contextlib
import io
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from auditkit.base import blame
from auditkit.base.absent import absent
from auditkit.base.files import reason
from auditkit.base.version import VERSION
from auditkit.cli import (
    access,
    bridge,
    bundle,
    collecting,
    completion,
    conclude,
    console,
    diff,
    examples,
    export,
    fleet,
    frameworks,
    judging,
    lab,
    papers,
    period,
    policies,
    remedy,
    reperform,
    reporting,
    rights,
    samples,
    showing,
    signing,
    simulate,
    verify,
)
from auditkit.cli.group import Group
from auditkit.errors import AuditkitError

EXIT_CODES = ("Exit codes: 0 success; 1 a threshold of --fail-on is crossed, or a check of the command found an error; "
              "2 wrong usage or bad input; 3 the collection is incomplete and --strict is set; "
              "4 nothing could be collected; 5 an error of auditkit itself; 130 interrupted; "
              "141 the reader of the output went away; 143 terminated by SIGTERM.")

BROKEN, INTERRUPTED, CLOSED, TERMINATED = 5, 130, 141, 143
"""Exit codes of what is no `AuditkitError`; the last three are those of a shell for SIGINT, SIGPIPE and SIGTERM."""


class Terminated(BaseException):
    """SIGTERM came: end as with Ctrl-C, with a code of its own."""

app = typer.Typer(
    cls=Group, help="Assess Kubernetes clusters against SOC 2, HIPAA and CIS, with evidence.", no_args_is_help=True,
    epilog=f"{examples.start()}\n\n{EXIT_CODES}", context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False, rich_markup_mode=None,
)
for verb in (
    collecting.collect, judging.evaluate, judging.explain, reporting.report, reporting.run, fleet.fleet,
    reporting.demo, showing.show, signing.sign, verify.verify, reperform.reperform, diff.diff, period.period,
    period.given, bridge.bridge, samples.sample, papers.workpapers, conclude.conclude, export.export, bundle.bundle,
    access.who_can, policies.policies, simulate.simulate, remedy.remedy, lab.lab,
):
    app.command(verb.__name__.replace("_", "-"))(verb)
app.add_typer(access.app, name="access-review")
app.add_typer(rights.app, name="rights")
app.add_typer(signing.keys, name="keys")
app.add_typer(frameworks.app, name="frameworks")
app.add_typer(lab.app, name="notebooks")
app.add_typer(frameworks.old, name="controls", hidden=True)
examples.complete(app)
completion.offer(app)


@app.callback(invoke_without_command=True)
def version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Assess Kubernetes clusters against SOC 2, HIPAA and CIS, with evidence."""
    if version:
        print(VERSION)
        raise typer.Exit


def main() -> None:
    """Run the command line. Print an error of auditkit as a sentence on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know ASCII only
    console.use(console.LogFormat.text)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no table needs linear algebra: its threads only cost time
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        try:
            with absent("rfc3987_syntax"):  # jsonschema, which nbformat imports, would build 38 grammars with it
                app()
        finally:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
            sys.stdout.flush()
    except AuditkitError as error:
        _fail(str(error), error.exit_code)
    except Terminated:
        _interrupted(TERMINATED)
    except KeyboardInterrupt:
        _interrupted(INTERRUPTED)
    except SystemExit as ended:  # typer and rich make 1 of a closed pipe, which is no threshold that was crossed
        if isinstance(ended.__context__, BrokenPipeError):
            _let_go()
            sys.exit(CLOSED)
        if ended.code == INTERRUPTED:
            _interrupted(INTERRUPTED)
        raise
    except BrokenPipeError:
        _let_go()
        sys.exit(CLOSED)
    except OSError as error:
        _let_go()
        _fail(f"{error.filename or 'The output'} could not be read or written: {reason(error)}.", 2)
    except Exception as error:
        _fail(f"{blame.sentence(error)} Report it with the command that you ran.", BROKEN)


def _fail(said: str, code: int) -> NoReturn:
    """End with a sentence, whether or not anybody can read it."""
    try:
        console.say(f"auditkit: {said}", "bold red")
    finally:
        sys.exit(code)


def _terminate(number: int, frame: object) -> NoReturn:
    raise Terminated


def _interrupted(code: int) -> NoReturn:
    """End at once: the interpreter would wait for requests that are under way, until they time out."""
    atexit._run_exitfuncs()  # what is left in temporary files is removed
    os._exit(code)


def _let_go() -> None:
    """What could not be printed shall not be tried again at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
