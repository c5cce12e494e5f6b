"""Small snapshots in a store: written as any other, but with two tables, so that their manifests are short."""

import datetime as dt
from pathlib import Path

import pyarrow as pa

from auditkit import tables
from auditkit.base.object_store import is_url
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.publishing import publish
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.writing import write_snapshot

FIRST = dt.datetime(2026, 3, 1, 2, 0, 0, tzinfo=dt.UTC)


def manifest(day: int, cluster: str = "acme", uid: str = "uid-1") -> Manifest:
    when = FIRST + dt.timedelta(days=day)
    entry = Entry(resource="pods", path="/api/v1/pods", outcome="complete", started=when, ended=when)
    return Manifest(cluster=cluster, cluster_uid=uid, identity="jane", started=when, ended=when, ledger=[entry])


def written(store: Path | str, day: int, cluster: str = "acme", uid: str = "uid-1", rows: int = 3) -> Path:
    """A snapshot of a day, in a store, which may be a URL."""
    names = tables.table("namespaces").schema
    found = pa.Table.from_pylist([{"name": f"space-{day}-{row}"} for row in range(rows)], schema=names)
    write = publish if is_url(store) else write_snapshot
    return write(manifest(day, cluster, uid), {"namespaces": found, "nodes": tables.table("nodes").empty}, store)[0]


def whole(store: Path | str, day: int, cluster: str = "acme", uid: str = "uid-1") -> Path:
    """A snapshot of a day with every table, in a store, which may be a URL: it can be opened."""
    rows = [{"name": f"space-{day}-{row}"} for row in range(3)]
    found = pa.Table.from_pylist(rows, schema=tables.table("namespaces").schema)
    empty = {name: table.empty for name, table in tables.TABLES.items()}
    return Snapshot(manifest(day, cluster, uid), empty | {"namespaces": found}).write(store)


def chain_of(store: Path, days: int) -> list[Path]:
    """Snapshots of so many days in a row."""
    return [written(store, day) for day in range(days)]
