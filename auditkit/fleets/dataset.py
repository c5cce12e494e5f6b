"""The data set of a fleet: Parquet files by table, cluster and date, which other programs read without auditkit.

``FOLDER/TABLE/cluster=CLUSTER/date=YYYY-MM-DD/SNAPSHOT-FRAMEWORK.parquet`` (Hive partitioning: pyarrow, DuckDB, Spark
take ``cluster`` and ``date`` from the path, and read only the folders that a query asks for). CLUSTER is the folder of
the cluster in the store, in which every cluster has its own; SNAPSHOT is the beginning of its digest. Each file is
written whole or not at all, and the same evaluation writes the same bytes to the same place: a run that is repeated, or
that a stopped run goes on with, adds nothing twice.
"""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from auditkit.base import whole
from auditkit.base.files import unwritable
from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports.frames import TABLES
from auditkit.snapshots.manifest import DIGITS
from auditkit.snapshots.row_groups import encoded
from auditkit.snapshots.snapshot import Snapshot

WRITTEN = ("requirements", "verdicts", "gaps")
"""The tables of an evaluation that a data set has, as `auditkit.exports.frames` has them; and ``snapshots``."""

_PLACED = pa.schema([("framework", pa.string()), ("snapshot", pa.string()), ("taken", pa.timestamp("us", tz="UTC")),
                     ("cluster_uid", pa.string()), ("cluster_name", pa.string())])
"""What each row has before its own columns: the digest of the snapshot, when it was taken, and of which cluster."""


def write(folder: Path, snapshot: Snapshot, judged: Iterable[Evaluation]) -> list[Path]:
    """Write what was said of a snapshot; returns the files. Raises `UsageError` where they cannot be written."""
    found = [_file(folder, "snapshots", snapshot, "", _snapshot(snapshot))]
    for evaluation in judged:
        for name in WRITTEN:
            table = pa.concat_tables(TABLES[name].arrow(evaluation))
            found.append(_file(folder, name, snapshot, evaluation.framework.framework, table))
    return found


def _snapshot(snapshot: Snapshot) -> pa.Table:
    """One row: which sources were read, and what the cluster runs."""
    read, sources = snapshot.sources_read
    return pa.table({"kubernetes": [snapshot.manifest.server_version], "source": [snapshot.manifest.source],
                     "collected_as": [snapshot.manifest.identity], "sources_read": [read], "sources": [sources]})


def _file(folder: Path, name: str, snapshot: Snapshot, framework: str, table: pa.Table) -> Path:
    manifest = snapshot.manifest
    moment = manifest.moment.astimezone(dt.UTC)
    place = folder / name / f"cluster={quote(_cluster(snapshot), safe='')}" / f"date={moment:%Y-%m-%d}"
    path = place / f"{'-'.join(filter(None, (snapshot.digest[:DIGITS], framework)))}.parquet"
    of = [framework, snapshot.digest, moment, manifest.cluster_uid, manifest.cluster]
    for at, (field, value) in enumerate(zip(_PLACED, of, strict=True)):
        table = table.add_column(at, field, pa.repeat(pa.scalar(value, field.type), len(table)))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(unwritable(place, error)) from None
    whole.write(path, encoded(table).to_pybytes())
    return path


def _cluster(snapshot: Snapshot) -> str:
    return snapshot.path.resolve().parent.name if snapshot.path else snapshot.manifest.cluster
