"""Listings: the snapshots of a store, the tables of a snapshot, the columns of a table."""

from pathlib import Path

import pandas as pd

from auditkit import tables
from auditkit.analysis import DERIVED
from auditkit.cli import console
from auditkit.errors import SnapshotError
from auditkit.framework import library
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot

EXAMPLES = 5
"""Rows of a table that are shown."""


def snapshots(store: Path) -> list[Snapshot]:
    """The whole snapshots of a store, oldest first within each cluster."""
    found = [open_snapshot(path.parent) for path in sorted(store.rglob("manifest.json"))
             if not path.parent.name.startswith(".partial-")]
    return sorted(found, key=lambda snapshot: (snapshot.manifest.cluster, snapshot.manifest.moment))


def show_store(store: Path) -> None:
    """Print the snapshots of a store."""
    found = snapshots(store)
    if not found:
        raise SnapshotError(f"{store} has no snapshots. Run `auditkit collect --store {store}` to create one.")
    console.table("", ["cluster", "observed", "collector", "complete", "path"], (
        (s.manifest.cluster, f"{s.manifest.moment:%Y-%m-%d %H:%M:%S}Z", s.manifest.identity,
         "{} of {}".format(*s.sources_read), s.path)
        for s in found))


def show_snapshot(path: Path, table: str | None) -> None:
    """Print the tables of a snapshot and their completeness, or the first rows of one table, a column a line."""
    snapshot = open_snapshot(path)
    if table is not None:
        frame = snapshot.frame(table)
        first = frame.head(EXAMPLES)
        console.table(f"{table}: first {len(first)} of {len(frame)} rows", ["column", *first.index], (
            (name, *("" if value is None or value is pd.NA else value for value in first[name].tolist()))
            for name in frame.columns))
        return
    console.table(repr(snapshot).strip("<>"), ["table", "rows", "known", "meaning"], (
        (name, snapshot.arrow(name).num_rows, "; ".join(snapshot.gaps(name)) or "complete", declared.doc)
        for name, declared in tables.TABLES.items()), status=2)


def show_columns(name: str) -> None:
    """Print the columns of a table of the data model."""
    declared = tables.table(name)
    console.table(f"{name}: {declared.doc}", ["column", "dtype", "meaning"],
                  ((c.name, c.dtype, c.doc) for c in declared.columns))


def show_model() -> None:
    """Print the data model and the frameworks."""
    console.table("tables", ["table", "meaning"], ((t.name, t.doc) for t in tables.TABLES.values()))
    console.table("derived tables", ["table", "from"], DERIVED.items())
    console.table("frameworks", ["name", "title", "version", "requirements"], (
        (f.framework, f.title, f.version, len(f.requirements)) for f in map(library.load, library.names())))
