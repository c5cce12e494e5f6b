"""The rows that a table has of one object."""

import pyarrow as pa
import pyarrow.compute as pc

from auditkit.collectors.decode.rows import steps
from auditkit.simulation.places import fixed, places
from auditkit.tables.model import Rows, Table

Key = tuple[str, str]
"""Namespace and name of an object; the namespace is empty for what is in none."""


def naming(table: Table, rows: Rows) -> tuple[str, str] | None:
    """The columns with the namespace and the name of the object; the first is empty where objects are in none."""
    places = {column.place(rows.label).removeprefix("/"): column.name for column in table.columns
              if not rows.path or column.place(rows.label).startswith("/")}
    name = places.get("metadata.name")
    return (places.get("metadata.namespace", ""), name) if name else None


def of_source(found: pa.Table, table: Table, rows: Rows) -> pa.Array:
    """Which rows of a table come from here: by what only these rows say."""
    mask = pa.repeat(pa.scalar(True), found.num_rows)
    for name, value in fixed(table.columns, rows).items():
        column = found[name].combine_chunks()
        mask = pc.and_(mask, column.is_null() if value is None else pc.fill_null(pc.equal(column, value), False))
    for place in places(table.columns, rows, len(steps(rows.path))):
        if place.path in ("#", "$key") and place.level:
            mask = pc.and_(mask, found[place.column.name].combine_chunks().is_valid())
    if rows.keep:
        key = next(column.name for column in table.columns if column.place(rows.label) == "$key")
        kept = [pc.ends_with(found[key], each[1:]) if each.startswith("*") else pc.starts_with(found[key], each)
                for each in rows.keep]
        every = kept[0]
        for each in kept[1:]:
            every = pc.or_(every, each)
        mask = pc.and_(mask, pc.fill_null(every, False).combine_chunks())
    return mask


def of_object(found: pa.Table, table: Table, rows: Rows, key: Key) -> pa.Table:
    """The rows of a table that come from here and are of this object."""
    named = naming(table, rows)
    if named is None:
        return found.slice(0, 0)
    space, name = named
    own = found.filter(pc.fill_null(pc.equal(found[name], key[1]), False))
    if space and own.num_rows:
        own = own.filter(pc.equal(pc.fill_null(own[space], ""), key[0]))
    return own.filter(of_source(own, table, rows)) if own.num_rows else own
