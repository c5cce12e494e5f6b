"""Tables packed by columns: the CSV is that of Python's own writer, and what is no packed table is refused."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.base import text_tables
from auditkit.base.hostile_text import cell
from auditkit.base.text_tables import TextTable

VALUE = st.one_of(st.text(max_size=8), st.sampled_from(["", "a", "=1+1", 'say "so"', "a,b", "\r\n", "\u202e"]))


def written(frames: list[pd.DataFrame], columns: list[str]) -> bytes:
    """What Python's own writer makes of it."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(columns)
    for frame in frames:
        writer.writerows([cell(value) for value in row] for row in frame[columns].itertuples(index=False, name=None))
    return lines.getvalue().encode("utf-8", "backslashreplace")


@given(st.lists(st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=6), max_size=4), st.integers(1, 3))
def test_the_csv_is_that_of_python_before_and_after_packing(groups: list, width: int) -> None:
    columns = list("abc")[:width]
    frames = [pd.DataFrame(rows, columns=list("abc")) for rows in groups]
    table = TextTable.of(frames, columns)
    assert b"".join(table.csv()) == written(frames, columns)
    again = TextTable.unpacked(table.packed())
    assert b"".join(again.csv()) == written(frames, columns) and again.rows == sum(map(len, frames))


@pytest.mark.parametrize("values", [
    pd.Series([1, None, 3]), pd.Series([True, False, True]), pd.Series([True, 1, "1", None], dtype=object),
    pd.Series([1, None, 3], dtype="int64[pyarrow]"), pd.Series(["a", None, "b"], dtype="string[pyarrow]"),
    pd.Series(pd.to_datetime(["2026-01-02T03:04:05Z", None])), pd.Series([0.1, float("nan"), 2.0]),
    pd.Series([f"name-{number}" for number in range(70_000)]),
])
def test_values_of_any_type_are_written_as_python_writes_them(values: pd.Series) -> None:
    frame = pd.DataFrame({"value": values, "number": np.arange(len(values))})
    assert b"".join(TextTable.unpacked(TextTable.of([frame], list(frame)).packed()).csv()) == written([frame], list(frame))


def test_the_same_column_of_two_groups_is_kept_once() -> None:
    frame = pd.DataFrame({"name": [f"web-{number * 7 % 1000}" for number in range(1000)]})
    one, two = (TextTable.of([frame.assign(rule=rule) for rule in rules], ["rule", "name"]).packed()
                for rules in (["a"], ["a", "b"]))
    assert len(two) - len(one) < 40


def packed(**head: object) -> bytes:
    texts = b"a\nb\n"
    return json.dumps({"columns": ["x"], "texts": len(texts), "arrays": [], "groups": [], **head}).encode() + b"\n" + texts


@pytest.mark.parametrize("content", [
    b"", b"[]\n", b"{}\n", b"\xff\n", packed(groups=[[1, 2]]), packed(groups=[[1, -1]]), packed(groups=[[3, [0]]]),
    packed(groups=[[1, [0, 0]]]), packed(groups=[[1]]), packed(groups=[[1, [9, 0]]]), packed(groups=[[-1, 0]]), packed(groups=[[2**40, [0]]]),
    packed(groups=[["1", 0]]), packed(groups=[[2, [0, 0]]], arrays=[[1, 2]]), packed(columns=None), packed(texts=-1), packed(groups=[[]]), packed(groups=[[[1], 0]]),
    packed(groups=[[1, [2**63]]]), packed(arrays=[[3, 1]]), packed(groups=[[1.5, 0]]), packed(groups=[[2, [0.5]]]),
])
def test_what_is_no_packed_table_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        TextTable.unpacked(content)


def test_what_would_become_too_much_is_refused_before_it_does() -> None:
    with pytest.raises(ValueError, match=rf"more than {text_tables.MOST >> 20:,} MiB"):
        TextTable.unpacked(packed(groups=[[2**40, 0]]))
    rows = text_tables.MOST // 2
    TextTable.unpacked(packed(groups=[[rows, 0]]))
    with pytest.raises(ValueError, match="refused"):
        TextTable.unpacked(packed(groups=[[rows, 0], [1, 0]]))
