"""Rows that belong to subjects: found by what they are called, in the order of the subjects.

``on`` maps columns of the subjects to the columns of a table that say the same. A name that is <NA> belongs to nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

BOOLEAN = pd.ArrowDtype(pa.bool_())
STRING = pd.ArrowDtype(pa.string())
INTEGER = pd.ArrowDtype(pa.int64())

IN_CONTAINER = {"kind": "kind", "namespace": "namespace", "pod": "pod", "name": "container"}
"""From `all_containers` to the tables of what is in them."""

OF_POD = {"kind": "kind", "namespace": "namespace", "name": "pod"}
"""From `all_pods` to the tables of what is in them."""


def lookup(subjects: pd.DataFrame, on: Mapping[str, str], table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """These columns of the (first) row that each subject refers to; <NA> where there is none."""
    at = pc.index_in(_keys(subjects, on), value_set=_keys(table, on.values()), skip_nulls=True)
    found = {name: _series(array(table[name]).take(at), subjects.index) for name in columns}
    return pd.DataFrame(found, subjects.index)


def has(subjects: pd.DataFrame, on: Mapping[str, str], rows: pd.DataFrame) -> pd.Series:
    """Whether any of the rows belongs to each subject."""
    if not len(rows):
        return pd.Series(False, subjects.index, BOOLEAN)
    found = pc.is_in(_keys(subjects, on), value_set=_keys(rows, on.values()), skip_nulls=True)
    return _series(found, subjects.index)


def named(subjects: pd.DataFrame, on: Mapping[str, str], rows: pd.DataFrame, column: str) -> pd.Series:
    """A column of the rows that belong to each subject, joined by commas; empty where there are none."""
    ours = _keys(subjects, on)
    first = pc.index_in(ours, value_set=ours)
    place = pc.index_in(_keys(rows, on.values()), value_set=ours, skip_nulls=True)
    belongs = pc.is_valid(place).to_numpy(zero_copy_only=False)
    at = place.drop_null().to_numpy()
    order = np.argsort(at, kind="stable")
    values = pc.fill_null(array(rows[column]), "").filter(pa.array(belongs)).take(pa.array(order))
    ends = np.cumsum(np.bincount(at, minlength=len(subjects)))
    lists = pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), values)
    return _series(pc.fill_null(pc.binary_join(lists, ", ").take(first), ""), subjects.index)


def by_value(values: pd.Series, function: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What a function says of a column, asked once for each distinct value; <NA> of what is not known."""
    encoded = array(values).dictionary_encode()
    said = function(pd.Series(pd.arrays.ArrowExtensionArray(encoded.dictionary)))
    return _series(array(said).take(encoded.indices), values.index)


def widened(subjects: pd.DataFrame, values: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Subjects with a column for each that ``values`` (columns ``on``, column, value) names; the last value counts."""
    rows = subjects[on].assign(place=np.arange(len(subjects))).merge(values, on=on)
    wide = rows.drop_duplicates(["place", "column"], keep="last").pivot(index="place", columns="column", values="value")
    wide = wide.reindex(np.arange(len(subjects))).astype(STRING).set_axis(subjects.index).rename_axis(columns=None)
    return pd.concat([subjects, wide], axis=1)


def listed(groups: np.ndarray, values: pa.Array) -> pd.Series:
    """The different values of each group of rows, sorted and joined by commas; indexed by the numbers of the groups.
    Missing values, and groups without any other, are left out."""
    encoded = values.dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    ranks = np.argsort(order.to_numpy())
    there = encoded.is_valid().to_numpy(zero_copy_only=False)
    size = max(len(order), 1)
    pairs = np.unique(groups[there] * size + ranks[encoded.indices.drop_null().to_numpy()])
    found, starts = np.unique(pairs // size, return_index=True)
    lists = pa.ListArray.from_arrays(pa.array([*starts, len(pairs)], pa.int32()),
                                     encoded.dictionary.take(order).take(pa.array(pairs % size)))
    return _series(pc.binary_join(lists, ", "), pd.Index(found))


def _keys(frame: pd.DataFrame, names: Iterable[str]) -> pa.Array:
    """What rows are called, as one text each; null where a part is <NA>."""
    return pc.binary_join_element_wise(*(array(frame[name]) for name in names), "\0")


def array(values: pd.Series) -> pa.Array:
    """An Arrow-backed column in Arrow form, in one piece."""
    found = values.array.__arrow_array__()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def strings(values: pd.Series) -> pa.Array:
    """A column of texts, of whatever kind, in Arrow form and one piece; what is missing is null."""
    found = pa.array(values, from_pandas=True)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return found if found.type == pa.string() else found.cast(pa.string())


def _series(values: pa.Array, index: pd.Index) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(values), index)
