"""What hostile text becomes: visible, short, and no formula."""

import unicodedata
from csv import reader
from io import StringIO

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.base import hostile_text as text
from auditkit.exports.tables import csv


@given(st.text())
def test_visible_text_has_no_hidden_character(said: str) -> None:
    shown = text.visible(said)
    assert all(char.isprintable() or char in "\n\t\u00a0" for char in shown)
    if said.isprintable():
        assert shown == said


@pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\ud800"])
def test_hidden_characters_are_told_apart(hidden: str) -> None:
    assert text.visible(f"a{hidden}b") == f"a\\u{{{ord(hidden):x}}}b"


def test_long_text_says_how_long_it_was() -> None:
    assert text.short("x" * 5000) == "x" * text.LONGEST + "… (5,000 characters)"
    assert text.short("x" * text.LONGEST) == "x" * text.LONGEST


def test_the_end_of_a_long_reason_is_kept() -> None:
    said = f"{'x' * 5000}; 3 of them accepted"
    assert text.ends(said).startswith("xxx") and "; 3 of them accepted (5,020 characters)" in text.ends(said)
    assert len(text.ends(said)) < text.LONGEST + 30 and text.ends("x" * text.LONGEST) == "x" * text.LONGEST


@pytest.mark.parametrize(("number", "said"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"),
                                              (7_100_000_000, "7.1 GB")])
def test_size(number: int, said: str) -> None:
    assert text.size(number) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 policies"), (1, "1 policy"), (1234, "1,234 policies")])
def test_count(number: int, said: str) -> None:
    assert text.count(number, "policy") == said


def test_a_y_after_a_vowel_stays() -> None:
    assert text.count(2, "day") == "2 days"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_formulas_are_disarmed(start: str) -> None:
    frame = pd.DataFrame({"name": pd.array([f"{start}1+1", "a=1", None], "string[pyarrow]"), "count": [-1, 2, 3]})
    rows = list(reader(StringIO(csv([frame, frame.head(1)], ["name", "count"]).decode(), newline="")))
    said = f"'{start}1+1" if start.isprintable() else f"\\u{{{ord(start):x}}}1+1"
    assert rows == [["name", "count"], [said, "-1"], ["a=1", "2"], ["", "3"], [said, "-1"]]


@given(st.text())
def test_no_text_begins_a_formula_or_has_a_control_character(said: str) -> None:
    assert not text.cell(said).startswith(("=", "+", "-", "@"))
    assert not [char for char in text.cell(said) if unicodedata.category(char) in ("Cc", "Cf")]


@pytest.mark.parametrize(("value", "cell"), [(pd.NA, ""), (None, ""), (float("nan"), ""), (-3, -3), (True, True)])
def test_other_cells(value: object, cell: object) -> None:
    assert text.cell(value) == cell


def test_csv_of_nothing_has_its_header() -> None:
    assert csv([], ["requirement", "verdict"]) == b"requirement,verdict\r\n"
