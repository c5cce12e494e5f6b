"""Small snapshots in a store: written as any other, but with two tables, so that their manifests are short."""

import datetime as dt
from pathlib import Path

import pyarrow as pa

from auditkit import tables
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.writing import write_snapshot

FIRST = dt.datetime(2026, 3, 1, 2, 0, 0, tzinfo=dt.UTC)


def manifest(day: int, cluster: str = "acme", uid: str = "uid-1") -> Manifest:
    when = FIRST + dt.timedelta(days=day)
    entry = Entry(resource="pods", path="/api/v1/pods", outcome="complete", started=when, ended=when)
    return Manifest(cluster=cluster, cluster_uid=uid, identity="jane", started=when, ended=when, ledger=[entry])


def written(store: Path, day: int, cluster: str = "acme", uid: str = "uid-1", rows: int = 3) -> Path:
    """A snapshot of a day, in a store."""
    names = tables.table("namespaces").schema
    found = pa.Table.from_pylist([{"name": f"space-{day}-{row}"} for row in range(rows)], schema=names)
    return write_snapshot(manifest(day, cluster, uid), {"namespaces": found, "nodes": tables.table("nodes").empty}, store)[0]


def chain_of(store: Path, days: int) -> list[Path]:
    """Snapshots of so many days in a row."""
    return [written(store, day) for day in range(days)]
