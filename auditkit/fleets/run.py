"""Judge the clusters of a fleet: those of contexts, which are collected, or those of a store; one row each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from auditkit.api.options import Options, python_files
from auditkit.api.reporting import ready
from auditkit.base.object_store import is_url
from auditkit.fleets import on_dask, processes
from auditkit.fleets.members import members
from auditkit.fleets.work import FAILED, Row, Task
from auditkit.people import FILES
from auditkit.people.scope import names
from auditkit.snapshots.mirror import shown

Progress = Callable[[Row, int, int], None]
"""Told of each row: the row, how many are done, how many there are."""


def collecting(contexts: Iterable[str], store: Path | str, kubeconfig: str | None, given: dict[str, Any],
               bounds: dict[str, float], **how: Any) -> list[Task]:
    """A task for each context, which collects its cluster into a store; ``given`` are parameters of `auditkit.collect`,
    ``how`` those of `Task`."""
    named = {"kubeconfig": str(Path(kubeconfig).expanduser().resolve()) if kubeconfig else None, **given}
    return [Task(source=name, store=place(store), collecting={"context": name, **named}, bounds=bounds,
                 **how) for name in contexts]


def stored(store: Path | str, *, elsewhere: bool = False, **how: Any) -> tuple[list[Task], list[Row]]:
    """A task for each snapshot of a store, and a row for each that does not count.

    ``elsewhere``: on other machines, which read an object store themselves.
    """
    held, broken = members(store)
    paths = [Path(str(each.snapshot.path)) for each in held]
    return ([Task(source=shown(path), path=shown(path.resolve()) if elsewhere else str(path.resolve()), **how)
             for path in paths], [Row(source=str(store), outcome=FAILED, problem=why) for why in broken])


def place(store: Path | str) -> str:
    """A store by a name that holds in every folder: its whole path, or its URL."""
    return store if is_url(store) else str(Path(store).resolve())


def absolute(options: Options) -> dict[str, Any]:
    """The options of `auditkit.evaluate` as plain data that hold in every folder."""
    found: dict[str, Any] = {name: str(Path(str(given)).resolve())
                             for name, given in options.items() if name in FILES and given}
    return {**found, "checks": [str(path.resolve()) for path in python_files(options.get("checks", ()))],
            "categories": names(options.get("categories", "")), "pss_version": options.get("pss_version", "")}


def rows(tasks: Sequence[Task], *, workers: int, limit: float, scheduler: str = "") -> Iterator[Row]:
    """The row of each task, as soon as it is done, by processes of this machine or by a Dask cluster.

    ``limit`` is in seconds for each task. Raises `UsageError` where there is no scheduler.
    """
    if tasks:
        yield from on_dask.rows(tasks, scheduler, limit) if scheduler else processes.rows(tasks, workers, limit)


def judge(tasks: Sequence[Task], *, workers: int, limit: float, scheduler: str = "",
          progress: Progress = lambda row, done, total: None) -> list[Row]:
    """The row of each task, as `rows`, in the order of the tasks."""
    found: dict[str, Row] = {}
    for row in rows(tasks, workers=workers, limit=limit, scheduler=scheduler):
        found[row.source] = row
        progress(row, len(found), len(tasks))
    return [found[task.source] for task in tasks]


def last(judged: Iterable[Row]) -> list[Row]:
    """One row a cluster: of its snapshots that were judged the newest; and each that was not judged."""
    newest: dict[tuple[str, str], Row] = {}
    failed = []
    for row in judged:
        if row.taken is None:
            failed.append(row)
            continue
        if row.which not in newest or (newest[row.which].taken or row.taken) <= row.taken:
            newest[row.which] = row
    return [*sorted(newest.values(), key=lambda row: row.cluster), *failed]


def report(store: Path | str, output: Path | str, frameworks: Sequence[str], clusters: Iterable[Row],
           environments: Sequence[str] = (), label: str = "", options: dict[str, Any] | None = None,
           progress: Callable[[str], None] | None = None, faces: Sequence[str] = ("page", "paper")) -> list[Path]:
    """Draw the notebook of the clusters of these rows and its ``faces``; none where none of them was judged."""
    from auditkit.reports import report_fleet

    judged = [row for row in clusters if row.taken]
    if not judged:
        return []
    parameters = {"frameworks": list(frameworks), "clusters": [row.cluster_uid or row.cluster for row in judged],
                  "environments": list(environments), "environment_label": label, **(options or {})}
    with ready():
        files = report_fleet(place(store), max(row.taken for row in judged if row.taken), Path(output), parameters,
                             progress, faces)
    return [path for path in files if path.exists()]
