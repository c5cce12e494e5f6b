"""Rows that belong to subjects, against plain loops."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from auditkit.analysis.columns import STRING, has, listed, lookup, named, strings, widened

NAMES = st.sampled_from(["a", "b", "ab", "", None])
PAIRS = st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=6)
ON = {"namespace": "space", "name": "pod"}


def frames(subjects, rows):
    left = pd.DataFrame(subjects, columns=["namespace", "name", "other"], dtype=object).astype(STRING)
    left.index = range(10, 10 + len(left))
    return left, pd.DataFrame(rows, columns=["space", "pod", "value"], dtype=object).astype(STRING)


def belonging(subject, rows):
    return [value for space, pod, value in rows if (space, pod) == subject[:2] and None not in subject[:2]]


@given(PAIRS, PAIRS)
def test_what_belongs_to_a_subject(subjects, rows):
    left, right = frames(subjects, rows)
    wanted = [belonging(subject, rows) for subject in subjects]
    assert has(left, ON, right).tolist() == [bool(found) for found in wanted]
    assert named(left, ON, right, "value").tolist() == [", ".join(value or "" for value in found) for found in wanted]
    first = lookup(left, ON, right, ["value"])["value"]
    assert [None if value is pd.NA else value for value in first] == [found[0] if found else None for found in wanted]
    assert has(left, ON, right).index.equals(left.index) and first.index.equals(left.index)


def test_names_are_not_run_together():
    left, right = frames([("a", "bc", None)], [("ab", "c", "x")])
    assert not has(left, ON, right).any()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["1", "2", None])), max_size=6))
def test_widened_takes_the_last_value(values):
    subjects = pd.DataFrame({"name": pd.Series(["a", "c", "a"], [3, 4, 5], STRING)})
    rows = pd.DataFrame(values, columns=["name", "column", "value"], dtype=object).astype(STRING)
    wide = widened(subjects, rows, ["name"])
    assert wide.index.tolist() == [3, 4, 5]
    told = {(name, column): value for name, column, value in values}
    for column in {column for name, column, _ in values if name == "a"}:
        assert [None if value is pd.NA else value for value in wide[column]] == [
            told.get((name, column)) for name in ("a", "c", "a")]


@given(st.lists(st.tuples(st.integers(-1, 3), NAMES), max_size=8))
def test_the_values_of_a_group_are_listed_once_and_sorted(rows):
    values = strings(pd.Series([value for _, value in rows], dtype=STRING))
    found = listed(np.array([group for group, _ in rows], np.int64), values)
    known = sorted({group for group, value in rows if value is not None})
    assert found.to_dict() == {
        group: ", ".join(sorted({value for one, value in rows if one == group and value is not None})) for group in known}
