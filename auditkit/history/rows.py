"""Rows that differ between two tables: whole columns, in time that grows with the number of rows."""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_ABSENT, _SEPARATOR = "\x01", "\0"


def keys(table: pa.Table, names: Sequence[str]) -> pa.Array:
    """The values of these columns of each row as one text; what is absent differs from every text."""
    texts = [pc.fill_null(table[name].combine_chunks().cast(pa.string()), _ABSENT) for name in names]
    return pc.binary_join_element_wise(*texts, _SEPARATOR) if texts else pa.nulls(table.num_rows, pa.string())


def only_in(one: pa.Table, other: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows of a table whose values in these columns no row of another has."""
    if not one.num_rows or not other.num_rows:
        return one
    return one.filter(pc.invert(pc.is_in(keys(one, names), value_set=keys(other, names))))


def without(table: pa.Table, on: Sequence[str], left_out: pa.Array) -> pa.Table:
    """The rows whose `keys` in these columns are not among those left out."""
    if not table.num_rows or not len(left_out):
        return table
    return table.filter(pc.invert(pc.is_in(keys(table, on), value_set=left_out)))


def blanked(table: pa.Table, names: Collection[str]) -> pa.Table:
    """The table without the values of these columns."""
    return pa.table([pa.nulls(table.num_rows, field.type) if field.name in names else table[field.name]
                     for field in table.schema], schema=table.schema) if names else table
