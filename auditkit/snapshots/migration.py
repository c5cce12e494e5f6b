"""Snapshots of other versions of auditkit: read with the tables of this one.

Tables grow, and evidence is kept for years. What an older snapshot does not have is not known: a table that it lacks is
empty, a column that it lacks is ``<NA>``, and so is one that meant another thing, which the fingerprint of its
declaration tells (`auditkit.tables.model.Column.fingerprint`, in the metadata of each file). Such a table has a gap:
nothing that reads it passes. Files from before there were fingerprints are read by names and types, and have it too.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from auditkit import tables
from auditkit.errors import SnapshotError
from auditkit.snapshots.manifest import Manifest
from auditkit.tables.model import Table


def lacking(path: Path, manifest: Manifest) -> dict[str, str]:
    """Why tables of this version are not complete in a snapshot of another one, by their names; empty for one of this
    version. Raises `SnapshotError` for a file that is no table."""
    if manifest.schema == tables.digest():
        return {}
    by = manifest.collector or "another version of auditkit"
    found = {}
    for name, declared in tables.TABLES.items():
        file = f"{name}.parquet"
        if file not in manifest.files:
            found[name] = f"{by}, which collected this snapshot, did not collect the table {name}"
        elif said := _lacking(_schema(path / file), declared):
            found[name] = f"{by}, which collected this snapshot, did not collect {said}"
    return found


def _schema(path: Path) -> pa.Schema:
    """The columns of a file."""
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise SnapshotError(f"{path} is not a Parquet file: {' '.join(str(error).split())[:200]}.") from None


def _lacking(found: pa.Schema, declared: Table) -> str:
    """What a file does not have of a table as it is declared now, in words; empty where it has all of it."""
    names = [field.name for field in declared.schema if not same(found, field)]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(f'{declared.name}.{name}' for name in names[:3])}{more} as this version does"


def same(found: pa.Schema, field: pa.Field) -> bool:
    """True if a file has a column as it is declared now."""
    at = found.get_field_index(field.name)
    return at >= 0 and found.field(at).type == field.type and _declared(found.field(at)) == _declared(field)


def _declared(field: pa.Field) -> bytes:
    found: bytes = (field.metadata or {}).get(b"declared", b"")
    return found


def migrated(found: pa.Table, declared: Table) -> pa.Table:
    """The rows of a file of another version, as the table is declared now. A file from before there were fingerprints
    is taken by names and types; without its key, no row of it can be told from another, and it is empty."""
    def taken(field: pa.Field) -> bool:
        at = found.schema.get_field_index(field.name)
        return at >= 0 and found.schema.field(at).type == field.type and (
            _declared(found.schema.field(at)) in (b"", _declared(field)))

    if not all(taken(declared.schema.field(name)) for name in declared.key):
        return declared.empty
    return pa.table([found.column(field.name) if taken(field) else pa.nulls(len(found), field.type)
                     for field in declared.schema], schema=declared.schema)
