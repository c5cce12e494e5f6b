"""Snapshots as other versions of auditkit wrote them: made of those of today by taking away what these did not have."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from auditkit import tables
from auditkit.snapshots.manifest import DIGITS
from auditkit.snapshots.migration import Difference, Lack, migrated
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.writing import write_snapshot

VERSION = "auditkit 0.0.9"
OF = f"this snapshot is of another version ({VERSION}), which"


def content(taken: Snapshot, *without: str) -> dict[str, pa.Table]:
    """The tables of a snapshot without these tables (``pods``) and columns (``pods.node``)."""
    held = {name: taken.arrow(name) for name in tables.TABLES}
    for each in without:
        table, _, column = each.partition(".")
        if column:
            held[table] = held[table].drop_columns([column])
        else:
            del held[table]
    return held


def plain(held: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Tables as they were written before there were fingerprints."""
    return {name: table.cast(pa.schema([field.remove_metadata() for field in table.schema]))
            for name, table in held.items()}


def written(taken: Snapshot, held: Mapping[str, pa.Table], store: Path) -> Path:
    """The folder of these tables, written by a version that had no others."""
    manifest = msgspec.structs.replace(taken.manifest, collector=VERSION)
    with pytest.MonkeyPatch.context() as then:
        then.setattr(tables, "digest", lambda: "of another version")
        return write_snapshot(manifest, held, store)[0]


def older(taken: Snapshot, store: Path, *without: str) -> Path:
    """The folder of a snapshot as a version wrote it that did not have these tables and columns."""
    return written(taken, content(taken, *without), store)


def declared(table: pa.Table, column: str = "", fingerprint: str = "0" * 16) -> pa.Table:
    """A table whose rows, or one column of it, were declared in another way."""
    metadata = {b"declared": fingerprint.encode()}
    if not column:
        return table.replace_schema_metadata(metadata)
    at = table.schema.get_field_index(column)
    return table.cast(table.schema.set(at, table.schema.field(at).with_metadata(metadata)))


def rewritten(path: Path, **changes: Any) -> Path:
    """A snapshot whose manifest says something else (``None``: it does not have this field), renamed to prove it, with
    its entry in the chain."""
    said = json.loads((path / "manifest.json").read_text())
    said = {name: value for name, value in (said | changes).items() if value is not None}
    bytes_ = json.dumps(said, indent=1, sort_keys=True).encode()
    (path / "manifest.json").write_bytes(bytes_)
    [entry] = (path.parent / "chain").glob("*.json")
    entry.write_bytes(bytes_)
    return path.rename(path.with_name(f"{path.name[:-DIGITS]}{hashlib.sha256(bytes_).hexdigest()[:DIGITS]}"))


def lacking(table: str, *columns: str) -> Difference:
    """The difference of a snapshot that lacks these columns, or where none is named the table."""
    return Difference({table: Lack(columns, f"{OF} did not have {', '.join(columns) or 'the table'}")})


def opened(taken: Snapshot, **lost: tuple[str, ...]) -> Snapshot:
    """A snapshot as it is read from one of another version, which lacks these columns of tables, or all of them."""
    held = content(taken)
    for table, columns in lost.items():
        held |= {table: without(taken, table, *columns)[table]}
    told = {table: lacking(table, *columns).lacking[table] for table, columns in lost.items()}
    return Snapshot(taken.manifest, held, None, "", lambda: Difference(told))


def without(taken: Snapshot, table: str, *columns: str) -> dict[str, pa.Table]:
    """The tables of a snapshot as they are read from one that lacks these columns of a table, or all of it."""
    held, known = content(taken), tables.table(table)
    found = held[table].drop_columns(list(columns)) if columns else pa.table({})
    return held | {table: migrated(found, known)}
