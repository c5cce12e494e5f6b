"""Snapshots of other versions of auditkit: read with the tables of this one.

Tables grow, and evidence is kept for years. Each file says in its metadata how its table and columns were declared (the
fingerprints of `auditkit.tables.model`), so that nothing is taken for what it is not:

- A table that the snapshot does not have is empty. So is one whose rows came from elsewhere or were kept otherwise, and
  one without its key as it is now.
- A column that it does not have is ``<NA>``, and so is one that held another thing.
- A table or column that this version does not know is left aside.

A file from before there were fingerprints is read by names and types, to be looked at: any column may have held another
thing.

What a snapshot lacks is not known, and **nothing is worked out from a table that is not whole**: what would be derived
from it is empty (`auditkit.snapshots.snapshot.Snapshot.input`), every verdict that rests on it is unknown
(`auditkit.evaluation.engine.run`), and both say why. No function is asked what it makes of values that nobody
collected.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa

from auditkit import tables
from auditkit.tables.model import Table

_SHOWN = 3


class Lack(NamedTuple):
    """What a snapshot does not have of a table: these columns, or where none is named all of it; and why, in words."""

    columns: tuple[str, ...]
    reason: str


class Difference(NamedTuple):
    """In what the tables of a snapshot differ from those of this version: by its name what it lacks of each, and a
    sentence on what was left aside; both empty for a snapshot of this version."""

    lacking: Mapping[str, Lack] = {}
    aside: str = ""


def difference(found: Mapping[str, pa.Schema], collector: str) -> Difference:
    """In what files (schemas by the names of tables), which ``collector`` wrote, differ from the tables of this
    version."""
    of = f"this snapshot is of another version ({collector or 'which did not say its name'}), which"
    lacking = {name: Lack(lack.columns, f"{of} {lack.reason}") for name, declared in tables.TABLES.items()
               if (lack := _lack(found.get(name), declared))}
    return Difference(lacking, _aside(found))


def _lack(found: pa.Schema | None, declared: Table) -> Lack | None:
    """What a file does not have of a table as it is declared now; none where it has all of it."""
    if found is None:
        return Lack((), f"did not have the table {declared.name}")
    if _declared(found) not in (b"", _declared(declared.schema)):
        return Lack((), f"took the rows of {declared.name} from elsewhere, or kept others of them")
    if keyless := [name for name in declared.key if not _taken(found, declared.schema.field(name))]:
        return Lack((), f"did not have {_some(_full(declared, keyless))} as it is now, which tells its rows apart")
    if not _declared(found):
        return Lack(tuple(declared.schema.names), f"did not say how {declared.name} was made")
    absent = [name for name in declared.schema.names if name not in found.names]
    other = [field.name for field in declared.schema if field.name in found.names and not _taken(found, field)]
    said = [f"did not have {_some(_full(declared, absent))}"] * bool(absent)
    said += [f"took {_some(_full(declared, other))} from elsewhere"] * bool(other)
    return Lack((*absent, *other), " and ".join(said)) if said else None


def _aside(found: Mapping[str, pa.Schema]) -> str:
    """A sentence on what files have and this version does not know; empty where there is nothing."""
    strange = [f"the table {name[:100]}" for name in found if name not in tables.TABLES]
    for name, declared in tables.TABLES.items():
        unknown = [column for column in found.get(name, declared.schema).names if column not in declared.schema.names]
        strange += _full(declared, unknown)
    return f"Left aside, since this version of auditkit does not know it: {_some(strange)}." if strange else ""


def migrated(found: pa.Table, declared: Table) -> pa.Table:
    """The rows of a file of another version, as the table is declared now."""
    lack = _lack(found.schema, declared)
    if lack and not lack.columns:
        return declared.empty
    return pa.table([found.column(field.name) if _taken(found.schema, field) else pa.nulls(len(found), field.type)
                     for field in declared.schema], schema=declared.schema)


def _taken(found: pa.Schema, field: pa.Field) -> bool:
    """True if a file has a column as it is declared now, as far as the file says how it was declared."""
    at = found.get_field_index(field.name)
    return at >= 0 and found.field(at).type == field.type and _declared(found.field(at)) in (b"", _declared(field))


def _declared(found: pa.Schema | pa.Field) -> bytes:
    """The fingerprint of a table or column; empty where it has none."""
    fingerprint: bytes = (found.metadata or {}).get(b"declared", b"")
    return fingerprint


def _full(declared: Table, columns: Iterable[str]) -> list[str]:
    """Columns of a table by their full names."""
    return [f"{declared.name}.{column[:100]}" for column in columns]


def _some(names: list[str]) -> str:
    """The first of several names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
