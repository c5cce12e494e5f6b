"""SQL over tables, with DuckDB: what is asked for is read, nothing is written, and figures come back as figures.

DuckDB 2 gives ``sum()`` of integers and ``count_if()`` as HUGEINT, which Arrow has only as a decimal of 38 places:
pandas rounds the mean of such a column to a whole number, and refuses some quotients. So every column of an answer gets
a dtype that pandas computes with (`computable`).
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from auditkit.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

READS = ("SELECT", "EXPLAIN", "MULTI")
"""Statements that only read; DuckDB makes several of a PIVOT (``MULTI``)."""
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false", "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
"""Neither files, nor other databases, nor variables of the program can be read."""
LOCKED = "set lock_configuration = true"

TIME, SPAN, NUMBER, WHOLE = pa.timestamp("us", tz="UTC"), pa.duration("us"), pa.float64(), pa.int64()


def answer(query: str, names: Iterable[str], table: Callable[[str], pa.Table],
           listed: Iterable[str] = ()) -> tuple[pa.Table, list[str]]:
    """The result of a query over these tables, and the tables that it reads. A table is built when a query reads it.

    A query that names none asks which tables there are, and sees those that are ``listed``. Raises
    `UsageError` for a query that is wrong, or that would do anything but read these tables.
    """
    import duckdb

    known = {name.lower(): name for name in names}
    words = dict.fromkeys(re.findall(r"\w+", query.lower()))
    named = [known[word] for word in words if word in known]
    try:
        with duckdb.connect(config=CLOSED) as connection:
            _verify(connection.extract_statements(query))
            for name in named or listed:
                connection.register(name, table(name))
            connection.execute(LOCKED)
            return computable(connection.sql(query).to_arrow_table()), _read(query, named)
    except duckdb.Error as error:
        raise UsageError(f"The query cannot be answered: {' '.join(str(error).split())[:500]}") from None


def in_pandas(answer: pa.Table) -> "pd.DataFrame":
    """An answer as a DataFrame. Two of its columns may have the same name."""
    import pandas as pd

    return answer.to_pandas(types_mapper=pd.ArrowDtype)


def _verify(statements: list[Any]) -> None:
    """Raises `UsageError` unless there is one statement, and it only reads."""
    kinds = [statement.type.name for statement in statements]
    if len(kinds) != 1:
        raise UsageError(f"The query has {len(kinds)} statements. Give one statement.")
    if kinds[0] not in READS:
        raise UsageError("sql() only reads tables of the snapshot. Use SELECT, WITH, FROM, DESCRIBE, "
                         f"SUMMARIZE, PIVOT and EXPLAIN, and no {kinds[0]}.")


def _read(query: str, named: list[str]) -> list[str]:
    """The tables that a query reads, as DuckDB tells where it has none of them (it says nothing of those it finds);
    those that the query names where DuckDB cannot tell (PIVOT, DESCRIBE, tables that are named by a text)."""
    import duckdb

    try:
        with duckdb.connect(config=CLOSED) as empty:
            told = {name.lower() for name in empty.get_table_names(query)}
    except duckdb.Error:
        return named
    sure = told and not re.search(r"\bquery(?:_table)?\s*\(", query, re.IGNORECASE)
    return [name for name in named if name.lower() in told] if sure else named


def computable(found: pa.Table) -> pa.Table:
    """The same with types that pandas computes with: whole numbers as int64, others as float64, times as microseconds
    in UTC (as in the tables), spans of time as microseconds.

    Raises `UsageError` where a value does not fit, so that no figure is rounded on the way.
    """
    columns = [_column(name, values) for name, values in zip(found.column_names, found.columns, strict=True)]
    return pa.Table.from_arrays(columns, names=found.column_names)


def _column(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    wanted = _type(values.type)
    try:
        if pa.types.is_interval(values.type):
            return pa.chunked_array([_spans(values)], SPAN)
        if wanted == values.type:
            return values
        cast = values.cast(wanted, safe=not pa.types.is_temporal(values.type))
        if pa.types.is_decimal(values.type) and wanted == NUMBER and not _same(cast, values):
            raise pa.ArrowInvalid("more digits than a float64 has")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError, ValueError) as error:
        raise UsageError(f"The column {name} has values that pandas cannot represent exactly "
                         f"({str(error).splitlines()[0][:150]}); cast it in the query, as to double or varchar."
                         ) from None
    return cast


def _type(given: pa.DataType) -> pa.DataType:
    """The type to compute with; also of what is in lists and structs."""
    if pa.types.is_decimal(given):
        return WHOLE if given.scale == 0 else NUMBER
    if pa.types.is_integer(given):
        return WHOLE
    if pa.types.is_floating(given):
        return NUMBER
    if pa.types.is_timestamp(given):
        return TIME
    if pa.types.is_dictionary(given):
        return _type(given.value_type)
    if pa.types.is_list(given):
        return pa.list_(_type(given.value_type))
    if pa.types.is_struct(given):
        return pa.struct([field.with_type(_type(field.type)) for field in given])
    return given


def _same(numbers: pa.ChunkedArray, decimals: pa.ChunkedArray) -> bool:
    """True if numbers are these decimals, to their last place."""
    return bool(pc.all(pc.equal(numbers.cast(decimals.type), decimals), min_count=0).as_py())


def _spans(values: pa.ChunkedArray) -> pa.Array:
    """Intervals as spans of time; a day of times in UTC is 24 hours. Raises `ValueError` for months, which are not of
    one length."""
    spans = []
    for value in values.to_pylist():
        if value is not None and value.months:
            raise ValueError("an interval of months")
        spans.append(None if value is None else value.days * 86_400_000_000 + value.nanoseconds // 1_000)
    return pa.array(spans, pa.int64()).cast(SPAN)
