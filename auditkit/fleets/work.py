"""The work on one cluster of a fleet: collect and judge it, or judge a snapshot that is there; in whatever process."""

import datetime as dt
import time
from pathlib import Path
from typing import Any

import msgspec

from auditkit.base import blame
from auditkit.errors import AuditkitError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.snapshots.manifest import Cluster
from auditkit.snapshots.snapshot import Snapshot

JUDGED, FAILED, GIVEN_UP = "judged", "failed", "given up"
"""What can come of a cluster. One of which sources could not be read is judged too: its row says how many."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with a cluster; plain data, which a process or another machine can be sent.

    ``source`` names it to people: its context, or the folder of its snapshot. With a ``store`` it is collected into
    that, with ``collecting`` as parameters of `auditkit.collect`, and ``bounds`` as those of `auditkit.Bounds`;
    otherwise the snapshot at ``path`` is judged. ``options`` are those of `auditkit.evaluate`. With a ``dataset`` the
    verdicts are written there. ``thresholds`` are those of ``--fail-on``.
    """

    source: str
    path: str = ""
    store: str = ""
    collecting: dict[str, Any] = {}
    bounds: dict[str, float] = {}
    frameworks: list[str] = []
    options: dict[str, Any] = {}
    dataset: str = ""
    thresholds: list[str] = []


class Row(msgspec.Struct, kw_only=True):
    """What came of a cluster. ``problem`` says why it is `FAILED` or `GIVEN_UP`; ``statuses`` count requirements by
    framework and status, ``requirements`` has the status of each by framework; ``crossed`` are the thresholds that are
    crossed."""

    source: str
    outcome: str = JUDGED
    problem: str = ""
    cluster: str = ""
    cluster_uid: str = ""
    taken: dt.datetime | None = None
    snapshot: str = ""
    path: str = ""
    sources_read: int | None = None
    sources: int | None = None
    statuses: dict[str, dict[str, int]] = {}
    requirements: dict[str, dict[str, str]] = {}
    crossed: list[str] = []
    seconds: float = 0.0

    @property
    def which(self) -> tuple[str, str]:
        """What tells its cluster from every other (`auditkit.snapshots.manifest.Cluster.which`)."""
        return Cluster(cluster=self.cluster, cluster_uid=self.cluster_uid).which


def do(task: Task) -> Row:
    """Collect and judge a cluster. Whatever goes wrong becomes its row: the clusters beside it are not touched."""
    begun = time.monotonic()
    try:
        row = _judged(task, _taken(task))
    except AuditkitError as error:
        row = Row(source=task.source, outcome=FAILED, problem=str(error))
    except Exception as error:
        row = Row(source=task.source, outcome=FAILED, problem=blame.sentence(error))
    row.seconds = round(time.monotonic() - begun, 2)
    return row


def _taken(task: Task) -> Snapshot:
    """The snapshot, which lies in the store."""
    from auditkit.api import snapshots
    from auditkit.collectors.sources.bounds import Bounds

    if not task.store:
        return snapshots.open(task.path)
    found = snapshots.collect(bounds=Bounds(**task.bounds), **task.collecting)  # type: ignore[arg-type]
    found.write(task.store)
    return found


def _judged(task: Task, snapshot: Snapshot) -> Row:
    from auditkit.api.evaluating import evaluate
    from auditkit.fleets import dataset
    from auditkit.snapshots.mirror import shown

    judged = [evaluate(snapshot, name, **task.options) for name in task.frameworks]
    if task.dataset:
        dataset.write(Path(task.dataset), snapshot, judged)
    manifest = snapshot.manifest
    read, sources = snapshot.sources_read
    return Row(
        source=task.source, cluster=manifest.cluster, cluster_uid=manifest.cluster_uid,
        taken=manifest.moment.astimezone(dt.UTC), snapshot=snapshot.digest,
        path=shown(snapshot.path) if snapshot.path else "", sources_read=read, sources=sources,
        statuses={each.framework.framework: each.statuses for each in judged},
        requirements={each.framework.framework: {result.requirement.id: result.status for result in each.results}
                      for each in judged},
        crossed=[each for each in task.thresholds if _crosses(judged, each)])


def _crosses(judged: list[Evaluation], threshold: str) -> bool:
    return any(each.crosses(threshold) for each in judged)
