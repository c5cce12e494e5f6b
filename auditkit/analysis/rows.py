"""Rows that belong to subjects: found by what they are called, in the order of the subjects.

``on`` maps columns of the subjects to the columns of a table that say the same; they must be the key of what is
looked up.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

BOOLEAN = pd.ArrowDtype(pa.bool_())
STRING = pd.ArrowDtype(pa.string())

IN_CONTAINER = {"namespace": "namespace", "pod": "pod", "name": "container"}
"""From containers to the tables of what is in them."""


def lookup(subjects: pd.DataFrame, on: Mapping[str, str], table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """These columns of the row that each subject refers to; <NA> where there is none."""
    left, right, keys = _keyed(subjects, on, table, columns)
    return left.merge(right.drop_duplicates(keys), on=keys, how="left")[list(columns)].set_axis(subjects.index)


def has(subjects: pd.DataFrame, on: Mapping[str, str], rows: pd.DataFrame) -> pd.Series:
    """Whether any of the rows belongs to each subject."""
    left, right, keys = _keyed(subjects, on, rows, [])
    side = left.merge(right.drop_duplicates(), on=keys, how="left", indicator="side")["side"]
    return (side == "both").astype(BOOLEAN).set_axis(subjects.index)


def named(subjects: pd.DataFrame, on: Mapping[str, str], rows: pd.DataFrame, column: str) -> pd.Series:
    """A column of the rows that belong to each subject, joined by commas; empty where there are none."""
    left, right, keys = _keyed(subjects, on, rows, [column])
    left["place"] = np.arange(len(left))
    found = left.merge(right, on=keys).sort_values("place", kind="stable")
    values = pa.chunked_array(found[column].fillna("").array.__arrow_array__()).combine_chunks()
    ends = np.cumsum(np.bincount(found["place"].to_numpy(np.int64), minlength=len(subjects)))
    lists = pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), values)
    return pd.Series(pd.arrays.ArrowExtensionArray(pc.binary_join(lists, ", ")), subjects.index)


def widened(subjects: pd.DataFrame, values: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Subjects with a column for each that ``values`` (columns ``on``, column, value) names; the last value counts."""
    rows = subjects[on].assign(place=np.arange(len(subjects))).merge(values, on=on)
    wide = rows.drop_duplicates(["place", "column"], keep="last").pivot(index="place", columns="column", values="value")
    wide = wide.reindex(np.arange(len(subjects))).astype(STRING).set_axis(subjects.index).rename_axis(columns=None)
    return pd.concat([subjects, wide], axis=1)


def _keyed(subjects: pd.DataFrame, on: Mapping[str, str], table: pd.DataFrame,
           columns: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame, list[int]]:
    """Both sides with numbers for the names of their keys, which may differ or be those of other columns."""
    keys = list(range(len(on)))
    right = table[[*on.values(), *columns]].set_axis([*keys, *columns], axis=1)
    return subjects[list(on)].set_axis(keys, axis=1), right, keys
