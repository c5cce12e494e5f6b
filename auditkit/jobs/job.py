"""Run a job: collect and judge its clusters, draw, tell, clean up, measure; each step once a day, whoever asks again.

Each step is written down when it is done (`auditkit.jobs.state`), so that the next run goes on where one was stopped.
One run of a job works at a time; another waits, and then finds that all is done.
"""

import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from auditkit.api import definitions, evaluating, snapshots
from auditkit.base import files
from auditkit.base.files import unwritable
from auditkit.base.whole import turn
from auditkit.collectors.webhooks import Webhook
from auditkit.errors import NotificationError, UsageError
from auditkit.fleets import drawing, environments, run
from auditkit.fleets.work import Row, Task
from auditkit.jobs import messages, metrics, retention
from auditkit.jobs import state as states
from auditkit.jobs.config import Job
from auditkit.jobs.state import State
from auditkit.jobs.tasks import left, tasks
from auditkit.jobs.turns import turns
from auditkit.people import FILES

Tell = Callable[..., None]
"""Told what happens: a sentence, its ``level`` (info, warning, error) and more fields for programs."""


@dataclass
class Outcome:
    """What a run did. ``rows`` are all clusters of the job today, ``files`` the reports that this run drew,
    ``problems`` what went wrong beside clusters. ``idle``: everything had been done before."""

    rows: list[Row] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    idle: bool = False


def work(job: Job, tell: Tell, *, again: bool = False, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
         ) -> Outcome:
    """Do what is left of a job today (UTC); with ``again`` all of it. Raises `DefinitionError`, `UsageError` and
    `SourceError` for mistakes, before anything is collected."""
    hooks = _verified(job)
    day = now().date()
    try:
        job.state.mkdir(parents=True, exist_ok=True)
        with turn(job.state):
            state = states.today(job.state, day, again=again)
            return _Run(job, tell, state, hooks, now).all()
    except OSError as error:
        raise UsageError(unwritable(error.filename or job.state, error)) from None


def _verified(job: Job) -> list[Webhook]:
    """Verify all that can be before a collection; returns whom to tell."""
    config = job.config
    evaluating.verify(config.frameworks, **job.options)
    for name in config.frameworks:
        definitions.load_framework(name, job.options.get("controls"))  # one: several together are a report
    environments.read(config.reports.environments)
    drawn = config.reports.faces
    snapshots.verify_folders(store=job.store, output=job.place(config.reports.folder) if drawn else None)
    found = []
    for place, each in enumerate(config.notify):
        called = f"The {each.kind} webhook in {each.url_env or each.url_file}"
        url = os.environ.get(each.url_env, "") if each.url_env else (
            files.given(job.place(each.url_file or "")).decode("utf-8", "replace"))
        if not url.strip():
            job.refuse(f"{called} has no address: set it, or remove notify[{place}].", "notify", place)
        found.append(Webhook(url, called))
    return found


class _Run:
    """One run of a job."""

    def __init__(self, job: Job, tell: Tell, state: State, hooks: list[Webhook], now: Callable[[], dt.datetime]):
        self._job, self._tell, self._state, self._hooks, self._now = job, tell, state, hooks, now
        self._begun = time.monotonic()
        self._outcome = Outcome()

    def all(self) -> Outcome:
        """Do what is left."""
        state = self._state
        state.rule = _rule(self._job)
        wanted = tasks(self._job)
        waiting = left(self._job, state, wanted)
        state.rows = {task.source: state.rows[task.source] for task in wanted if task.source in state.rows}
        self._outcome.rows = list(state.rows.values())
        if not waiting and state.finished_by == state.rule:
            self._tell(f"Nothing to do: the job {self._job.name} was done at {state.finished:%F %T} UTC.")
            self._outcome.idle = True
            return self._outcome
        for row in self._judged(waiting):
            state.rows[row.source], state.judged_by[row.source] = row, state.rule
            self._keep()
        self._outcome.rows = [state.rows[task.source] for task in wanted]
        self._draw()
        self._notify()
        self._clean()
        if all(row.taken for row in self._outcome.rows) and not self._outcome.problems:
            state.finished, state.finished_by = self._now(), state.rule
        self._keep()
        self._measure()
        return self._outcome

    def _keep(self) -> None:
        states.keep(self._job.state, self._state)

    def _judged(self, waiting: list[Task]) -> Iterator[Row]:
        limits = self._job.config.limits
        for done, row in enumerate(run.rows(waiting, workers=limits.processes, limit=limits.give_up_after), 1):
            read = f"{row.sources_read} of {row.sources} sources read" if row.taken else row.problem
            self._tell(f"[{done}/{len(waiting)}] {row.source}: {row.outcome}: {read}",
                       level="info" if row.taken else "error", cluster=row.cluster, source=row.source,
                       outcome=row.outcome, snapshot=row.path, seconds=row.seconds)
            yield row

    def _draw(self) -> None:
        """Draw the reports that are not drawn yet."""
        reports, state = self._job.config.reports, self._state
        if not reports.faces:
            return
        folder = self._job.place(reports.folder)
        judged = [row for row in self._outcome.rows if row.taken]
        wanted = [drawing.Wanted(row.path, name) for row in judged for name in self._job.config.frameworks
                  if f"{row.path} {name} {state.rule}" not in state.drawn]
        for each in drawing.draw(wanted, folder, reports.faces, self._job.options):
            if each.problem:
                self._problem(each.problem)
                continue
            self._drawn(f"{each.wanted.snapshot} {each.wanted.framework} {state.rule}", each.files)
        key = f"fleet {' '.join(row.snapshot for row in judged)} {state.rule}"
        if reports.fleet and judged and key not in state.drawn:
            self._drawn(key, run.report(
                self._job.store, folder, self._job.config.frameworks, judged, reports.environments,
                reports.environment_label, self._job.options, faces=reports.faces))

    def _drawn(self, key: str, paths: list[Path]) -> None:
        self._tell(f"drawn: {paths[-1].name}", files=[str(path) for path in paths])
        self._state.drawn[key] = [str(path) for path in paths]
        self._outcome.files += paths
        self._keep()

    def _notify(self) -> None:
        """Tell what turned since the last day, each webhook once."""
        turned = turns(self._state)
        for each in turned:
            what = f"{each.framework} {each.requirement}" if each.framework else "the cluster"
            self._tell(f"{each.cluster}: {what} is {each.now}, was {each.before}", level="warning", **each._asdict())
        news = hashlib.sha256(repr(turned).encode()).hexdigest()
        for hook, about in zip(self._hooks, self._job.config.notify, strict=True):
            if turned and self._state.told.get(hook.called) != news:
                try:
                    hook.send(messages.message(about.kind, self._job.name, self._state.day, turned))
                except NotificationError as error:
                    self._problem(str(error))
                else:
                    self._state.told[hook.called] = news
                    self._keep()

    def _clean(self) -> None:
        """Remove the reports that are not kept any more."""
        rule = self._job.config.retention
        folder = self._job.place(self._job.config.reports.folder)
        if not (rule.keep or rule.days or rule.size_gb) or not folder.is_dir():
            return
        gone = retention.chosen(retention.removable(folder, self._job.store), rule, self._now(),
                                hipaa=self._job.uses_hipaa)
        freed = retention.remove(gone, self._job.state / "removed.jsonl", self._now())
        if gone:
            self._tell(f"removed {len(gone)} reports ({freed:,} bytes): they can be drawn again", reports=len(gone),
                       bytes=freed)

    def _measure(self) -> None:
        if self._job.metrics:
            metrics.write(self._job.metrics, self._job.name, self._job.store,
                          self._outcome.rows, self._now(), time.monotonic() - self._begun)

    def _problem(self, what: str) -> None:
        self._outcome.problems.append(what)
        self._tell(what, level="error")


def _rule(job: Job) -> str:
    """The digest of all that decides what a job does: its file, the files of people, and auditkit itself."""
    from auditkit.evaluation.basis import package_digest

    found = hashlib.sha256(files.given(job.path) + package_digest().encode())
    options = job.options
    for given in (*(options.get(name, "") for name in FILES), *options["checks"]):
        path = Path(given)
        for each in sorted(path.rglob("*")) if given and path.is_dir() else [path] if given else []:
            if each.is_file():
                found.update(f"{each}\0".encode() + hashlib.sha256(each.read_bytes()).digest())
    return found.hexdigest()
