"""The command line's part of `auditkit run --config`: a job by its file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from auditkit.cli import console
from auditkit.errors import AuditkitError, SourceError, UsageError

Config = Annotated[Path | None, typer.Option(
    "--config", help="YAML file of a job: clusters, frameworks, outputs, webhooks, retention. What is done today is "
    "not done again.")]
Again = Annotated[bool, typer.Option("--again", help="With --config: do again what was done today.")]
LogFormatOption = Annotated[console.LogFormat, typer.Option(
    "--log-format", help="What is told on stderr: text, or a JSON object a line.")]
Metrics = Annotated[Path | None, typer.Option(
    "--metrics", help="With --config: file for metrics in the text format of Prometheus.")]

_OF_JOBS = ("config", "again", "log_format", "metrics", "quiet")
"""Options that go with --config; the file has the others."""


def run(called: typer.Context, config: Path, *, again: bool, metrics: Path | None, quiet: bool) -> None:
    """Run a job. Prints the snapshots and the reports, and exits with 1, 2 or 4 as the other commands do."""
    from auditkit.jobs.config import Job
    from auditkit.jobs.job import work

    _alone(called)
    job = Job(config)
    if metrics:
        job.metrics = metrics.resolve()
    outcome = work(job, lambda text, level="info", **fields: None if quiet and level == "info" else console.say(
        text, {"warning": "yellow", "error": "bold red"}.get(level, ""), **fields), again=again)
    for path in (*(row.path for row in outcome.rows if row.taken), *outcome.files):
        print(path)
    if missing := [row.source for row in outcome.rows if not row.taken]:
        raise SourceError(f"{len(missing)} of {len(outcome.rows)} clusters were not judged: {_some(missing)}. The next "
                          "run of the job tries again.")
    if outcome.problems:
        raise AuditkitError(f"The job {job.name} is not done: {_some(outcome.problems)}")
    if any(row.crossed for row in outcome.rows):
        raise typer.Exit(1)


def _some(things: Iterable[str]) -> str:
    found = list(things)
    return f"{', '.join(found[:5])}{f' and {len(found) - 5} more' if len(found) > 5 else ''}"


def _alone(called: typer.Context) -> None:
    """Raises `UsageError` for options that the file of the job has to say."""
    others = [name for name in called.params if name not in _OF_JOBS
              and (source := called.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"]
    if others:
        raise UsageError(f"--{others[0].replace('_', '-')} cannot be combined with --config: write it into the file.")
