"""What a job has to do today: a task for each cluster that is not done."""

from pathlib import Path
from typing import Any

import msgspec

from auditkit.base.object_store import is_url
from auditkit.fleets import contexts
from auditkit.fleets.work import Task
from auditkit.jobs.config import OF_ONE, Clusters, Job
from auditkit.jobs.state import State

CURRENT = "current context"
"""What a cluster is called before it has said its name, where the file names none."""


def tasks(job: Job) -> list[Task]:
    """A task for each cluster of a job, each once. Raises `DefinitionError`, `NoSuchName` and `SourceError`."""
    found: dict[str, Task] = {}
    for place, each in enumerate(job.config.clusters):
        for source, collecting in _sources(job, place, each):
            if source in found:
                job.refuse(f"clusters[{place}] has {source!r}, which another entry has too. Keep one, or give each a "
                           "name.", "clusters", place)
            found[source] = _task(job, source, collecting)
    return list(found.values())


def left(job: Job, state: State, wanted: list[Task]) -> list[Task]:
    """The tasks that are not done: those of clusters without a snapshot of today, and of those whose snapshot was not
    judged by the job as it is now; the latter are not collected again."""
    found = []
    for task in wanted:
        row = state.rows.get(task.source)
        if row is None or not row.taken or not (is_url(row.path) or Path(row.path).is_dir()):
            found.append(task)
        elif state.judged_by.get(task.source) != state.rule:
            found.append(msgspec.structs.replace(task, path=row.path, store=""))
    return found


def _sources(job: Job, place: int, each: Clusters) -> list[tuple[str, dict[str, Any]]]:
    """What the clusters of an entry are called, and how each is collected."""
    how: dict[str, Any] = {"scans": [str(job.place(scan)) for scan in each.scans], "name": each.name or ""}
    how |= {name: str(job.place(given)) for name in ("members", "kubeconfig") if (given := getattr(each, name))}
    if each.recording:
        path = job.place(each.recording)
        return [(each.name or path.name, {**how, "recording": str(path), "complete": each.complete,
                                          "taken_at": each.taken_at or ""})]
    limits = job.config.limits
    how |= {"timeout": limits.timeout, "page_size": limits.page_size, "workers": limits.workers}
    if each.context is None:
        return [(each.name or CURRENT, how)]
    names = contexts.chosen([each.context], how.get("kubeconfig"))
    if len(names) > 1 and (wrong := [key for key in OF_ONE if getattr(each, key)]):
        job.refuse(f"clusters[{place}].{wrong[0]} is of one cluster, and {each.context!r} chooses {len(names)}. Write "
                   "an entry for it.", "clusters", place, wrong[0])
    return [(each.name if each.name and len(names) == 1 else name, {**how, "context": name}) for name in names]


def _task(job: Job, source: str, collecting: dict[str, Any]) -> Task:
    limits, dataset = job.config.limits, job.config.dataset
    return Task(source=source, store=job.store, collecting=collecting, frameworks=job.config.frameworks,
                bounds={"seconds": limits.time_limit, "rate": limits.rate}, options=job.options,
                dataset=str(job.place(dataset)) if dataset else "", thresholds=list(job.config.fail_on))
