"""`auditkit show`: a store, a snapshot, a table, or the data model."""

import os
from pathlib import Path
from typing import Annotated

import typer

from auditkit.base.object_store import is_url
from auditkit.cli.choosing import opened


def show(
    path: Annotated[str | None, typer.Argument(help="Folder or URL of a store or snapshot, 'demo', name of a cluster "
                                                    "in ./snapshots, or a table.")] = None,
    table: Annotated[str | None, typer.Argument(help="A table.")] = None,
) -> None:
    """Show snapshots, tables or columns.

    Shows the snapshots of a store, the tables of a snapshot, or the columns of a table. Exits with 2 if a snapshot of
    the store cannot be opened; the others are shown.
    """
    from auditkit import tables
    from auditkit.api import snapshots
    from auditkit.cli import listing

    if path is None:
        listing.show_model()
    elif table is None and _is_store(path):
        listing.show_store(path)
    elif table is None and not os.path.lexists(path) and path != snapshots.DEMO and (
            path in tables.TABLES or not snapshots.STORE.is_dir()):
        listing.show_columns(path)
    else:
        listing.show_snapshot(opened(path), table)


def _is_store(path: str) -> bool:
    """True for a folder that is no snapshot, and for a URL that names none."""
    from auditkit.snapshots.chain import SNAPSHOT

    if is_url(path):
        return not SNAPSHOT.fullmatch(path.rstrip("/").rpartition("/")[2])
    return Path(path).is_dir() and not os.path.lexists(Path(path) / "manifest.json")
