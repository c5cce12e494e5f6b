"""Listings: the snapshots of a store, the tables of a snapshot, the columns of a table."""

from pathlib import Path

from auditkit import tables
from auditkit.analysis import DERIVED
from auditkit.cli import console
from auditkit.errors import NoSuchName, SnapshotError, UsageError
from auditkit.snapshots import chain
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.mirror import mirror_of, pulled, shown
from auditkit.snapshots.snapshot import Snapshot

EXAMPLES = 5
"""Rows of a table that are shown."""


def show_store(store: Path | str) -> None:
    """Print the snapshots of a store, with the place of each in the chain of its cluster.

    Raises `SnapshotError` after that where others in it cannot be opened.
    """
    root = pulled(store)
    found, broken = snapshots(root)
    if not found and not broken:
        raise SnapshotError(f"{store} has no snapshots. Run `auditkit collect --store {store}` to create one.")
    place = {digest: number for cluster in {s.path.parent for s in found if s.path}
             for digest, number in chain.places(cluster).items()}
    rows = []
    for snapshot in found:
        try:
            rows.append(_listed(snapshot, place.get(snapshot.digest, "in no chain")))
        except SnapshotError as altered:  # what another version wrote is read to know what it lacks
            broken.append(altered)
    console.table("", ["cluster", "uid", "place", "observed", "collector", "complete", "path"], rows)
    if found and (path := found[-1].path):
        console.suggest(["evaluate", shown(path)], ["verify", store])
    if mirror := mirror_of(root):
        console.say(mirror.store.protection())
    for error in broken:
        console.say(error, "yellow")
    if broken:
        raise SnapshotError(f"{len(broken)} of {len(rows) + len(broken)} snapshots in {store} cannot be opened. Use "
                            "other copies of them, or move them out of the store.")


def _listed(snapshot: Snapshot, place: object) -> tuple[object, ...]:
    """The line of a snapshot in the list of a store; ``place`` is that in the chain of its cluster."""
    manifest = snapshot.manifest
    return (manifest.cluster, manifest.cluster_uid or "not known", place, f"{manifest.moment:%Y-%m-%d %H:%M:%S}Z",
            manifest.identity, "{} of {}".format(*snapshot.sources_read), shown(snapshot.path) if snapshot.path else "")


def show_snapshot(snapshot: Snapshot, table: str | None) -> None:
    """Print the tables of a snapshot and their completeness, or the first rows of one table, a column a line."""
    if table is not None:
        import pandas as pd

        frame = snapshot.frame(table)
        for number in range(EXAMPLES, 0, -1):  # as many as can be read side by side
            first = frame.head(number)
            columns = ["column", *map(str, first.index)]
            rows = [(name, *("" if value is None or value is pd.NA else value for value in first[name].tolist()))
                    for name in frame.columns]
            if console.fits(columns, rows):
                break
        console.table(f"{table}: first {len(first)} of {len(frame)} rows", columns, rows)
        return
    console.table(repr(snapshot).strip("<>"), ["table", "rows", "known", "meaning"], (
        (name, snapshot.arrow(name).num_rows, "; ".join(snapshot.gaps(name)) or "complete", declared.doc)
        for name, declared in tables.TABLES.items()), status=2)
    if snapshot.aside:
        console.say(snapshot.aside, "yellow")


def show_columns(name: str) -> None:
    """Print the columns of a table of the data model. Raises `UsageError` for any other name."""
    if name not in tables.TABLES:
        raise UsageError(f"{name} is neither a snapshot nor a store. {NoSuchName('table', name, tables.TABLES)}")
    declared = tables.table(name)
    console.table(f"{name}: {declared.doc}", ["column", "dtype", "meaning"],
                  ((c.name, c.dtype, c.doc) for c in declared.columns))


def show_model() -> None:
    """Print the data model and the frameworks."""
    from auditkit.framework import library  # all checks come with it

    console.table("tables", ["table", "meaning"], ((t.name, t.doc) for t in tables.TABLES.values()))
    console.table("derived tables", ["table", "from"], DERIVED.items())
    console.table("frameworks", ["name", "title", "version", "requirements"], (
        (f.framework, f.title, f.version, len(f.requirements)) for f in map(library.load, library.names())))
