"""Rows as text that is the same on every machine: what digests and samples of populations are made of.

A row is a JSON array of its values, in ASCII, without spaces: ``["Pod","billing","web-1",null]``. Text is escaped as
JSON does, ``<NA>`` is ``null``, a time is ISO 8601 in UTC with microseconds (``2026-03-01T08:00:00.000000Z``), a span
of time its seconds. Two rows have the same text only if they have the same values.
"""

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False)
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def rows(frame: pd.DataFrame, columns: Sequence[str]) -> pa.Array:
    """The text of each row, of these columns."""
    if not len(frame) or not columns:
        return pa.array(["[]"] * len(frame), pa.string())
    texts = [_texts(frame[name]) for name in columns]
    joined = pc.binary_join_element_wise(*texts, ",") if len(texts) > 1 else texts[0]
    return pc.binary_join_element_wise("[", joined, "]", "")


def text(value: Any) -> str:
    """The text of one value, or of a list or mapping of values."""
    return _encoder.encode(plain(value))


def _texts(column: pd.Series) -> pa.Array:
    """The text of each value; worked out once for each distinct one, where Arrow can tell them apart."""
    if column.dtype == object:  # fields of changes: what they were before and after may be of several types
        return pa.array([text(value) for value in column.tolist()], pa.string())
    values = _array(column)
    if pa.types.is_nested(values.type):
        return pa.array([text(value) for value in values.to_pylist()], pa.string())
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    distinct = pa.array([text(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(distinct.take(encoded.indices), "null")


def _array(column: pd.Series) -> pa.Array:
    found = pa.array(column, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def plain(value: Any) -> Any:
    """The value as JSON has it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case dt.datetime():
            return value.astimezone(dt.UTC).strftime(_TIME) if value.tzinfo else f"{value:{_TIME}}"
        case dt.timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case dict():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return None if value is pd.NA or value is pd.NaT else str(value)
