"""Metrics of a job in the text format of Prometheus, for the textfile collector of the node exporter.

Source: Prometheus documentation, "Exposition formats", text-based format 0.0.4; "Metric and label naming" (base units,
``_seconds``; times as ``_timestamp_seconds``, so that ages grow also while nothing runs).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from auditkit.base import whole
from auditkit.errors import AuditkitError
from auditkit.fleets.members import Member, members
from auditkit.fleets.work import Row

Labels = dict[str, str]


@dataclass(frozen=True)
class Metric:
    """A gauge: its name, its meaning, and its values with their labels."""

    name: str
    meaning: str
    values: list[tuple[Labels, float]]


def write(path: Path, job: str, store: Path | str, rows: Iterable[Row], finished: dt.datetime, seconds: float) -> None:
    """Write the metrics of a job in one step: a reader never sees a part of them. Raises `UsageError` and `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write(path, text([*_of_run(job, list(rows), finished, seconds), *_of_store(job, store, finished)]).encode())
    path.chmod(0o644)  # the exporter runs as another user


def text(metrics: Iterable[Metric]) -> str:
    """Metrics in the text format; those without a value are left out."""
    lines = []
    for metric in metrics:
        if metric.values:
            lines += [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} gauge"]
            lines += [f"{metric.name}{{{_labels(labels)}}} {value:.15g}" for labels, value in metric.values]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Labels) -> str:
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _of_run(job: str, rows: list[Row], finished: dt.datetime, seconds: float) -> list[Metric]:
    judged = [row for row in rows if row.taken]
    return [
        Metric("auditkit_run_finished_timestamp_seconds", "When the job last ended.",
               [({"job": job}, finished.timestamp())]),
        Metric("auditkit_run_seconds", "How long the last run of the job took.", [({"job": job}, seconds)]),
        Metric("auditkit_cluster_judged", "1 if the cluster was collected and judged today, 0 if not.",
               [({"job": job, "source": row.source}, float(bool(row.taken))) for row in rows]),
        Metric("auditkit_cluster_seconds", "How long the cluster took.",
               [({"job": job, "source": row.source}, row.seconds) for row in rows]),
        Metric("auditkit_requirements", "Requirements by their status in the snapshot of today.",
               [({"job": job, **_who(row), "framework": framework, "status": status}, number) for row in judged
                for framework, statuses in row.statuses.items() for status, number in statuses.items()]),
        Metric("auditkit_unread_sources", "Sources of the snapshot of today that were not read completely.",
               [({"job": job, **_who(row)}, (row.sources or 0) - (row.sources_read or 0)) for row in judged]),
    ]


def _who(row: Row) -> Labels:
    return {"cluster": row.cluster, "cluster_uid": row.cluster_uid}


def _of_store(job: str, store: Path | str, now: dt.datetime) -> list[Metric]:
    """Of each cluster of the store its last snapshot, and its last complete one; also of those that failed today."""
    last = _last(store)
    complete = {each.cluster: each for each in last if _whole(each)}
    newest = {each.cluster: each for each in last}
    return [
        Metric("auditkit_last_snapshot_timestamp_seconds", "When the last snapshot of the cluster was taken.",
               [(_of(job, each), each.taken.timestamp()) for each in newest.values()]),
        Metric("auditkit_last_complete_snapshot_timestamp_seconds",
               "When the last snapshot was taken of which every source was read.",
               [(_of(job, each), each.taken.timestamp()) for each in complete.values()]),
        Metric("auditkit_last_complete_snapshot_age_seconds",
               "Age of the last complete snapshot when the job ended; it does not grow until the next run.",
               [(_of(job, each), (now - each.taken).total_seconds()) for each in complete.values()]),
    ]


def _last(store: Path | str) -> list[Member]:
    try:
        return members(store)[0]
    except AuditkitError:  # no snapshot yet
        return []


def _whole(member: Member) -> bool:
    read, sources = member.snapshot.sources_read
    return read == sources


def _of(job: str, member: Member) -> Labels:
    return {"job": job, "cluster": member.cluster, "cluster_uid": member.snapshot.manifest.cluster_uid}
