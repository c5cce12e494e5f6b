"""Streaming JSON says the same as reading it whole, also where it breaks off."""

import io
import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.scans.input import json_stream
from auditkit.scans.input.json_stream import MAX_DEPTH, Outline, elements, steps_of, values
from auditkit.scans.model import Broken

KEYS = ["a", "b", "c"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text("xyz", max_size=3) | st.floats(-1, 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=25,
)
PATHS = st.lists(st.sampled_from(["[]", "a", "b", "a|b", "*"]), min_size=1, max_size=4).map(
    lambda steps: ".".join([*steps, "[]"]).replace(".[]", "[]")
)


def naive(value: Any, path: str) -> list[tuple[tuple, Any]]:
    """What `elements` should give, by walking the whole value."""
    found = [((), value)]
    for keys in steps_of(path):
        following = []
        for position, inside in found:
            if keys is None and isinstance(inside, list):
                following += [((*position, at), element) for at, element in enumerate(inside)]
            elif keys is not None and isinstance(inside, dict):
                telling = len(keys) > 1 or "*" in keys
                following += [
                    ((*position, key) if telling else position, element)
                    for key, element in inside.items()
                    if key in keys or "*" in keys
                ]
        found = following
    return found


def stream(value: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(value).encode())


@given(VALUES, PATHS)
@settings(max_examples=300, deadline=None)
def test_elements_are_those_of_the_whole(value: Any, path: str) -> None:
    assert list(elements(stream(value), path)) == naive(value, path)


@given(VALUES, PATHS)
@settings(max_examples=200, deadline=None)
def test_an_outline_lacks_the_elements_and_nothing_else(value: Any, path: str) -> None:
    outline = Outline(path)
    outline.build(stream(value))

    def without(inside: Any, steps: tuple) -> Any:
        if not steps:
            return [] if isinstance(inside, list) else inside
        keys, *rest = steps
        if keys is None and isinstance(inside, list):
            return [without(element, tuple(rest)) for element in inside]
        if keys is not None and isinstance(inside, dict):
            return {key: without(element, tuple(rest)) if key in keys else element for key, element in inside.items()}
        return inside

    assert outline.value == without(value, steps_of(path)[:-1])


def test_values_can_be_left_out_of_an_outline() -> None:
    outline = Outline("a[].secret", "b", "c|d.e")
    outline.build(stream({"a": [{"secret": {"x": [1]}, "y": 2}, 3], "b": 4, "c": {"e": 5, "f": 6}, "d": {"e": []}}))
    assert outline.value == {"a": [{"secret": None, "y": 2}, 3], "b": None, "c": {"e": None, "f": 6}, "d": {"e": None}}


def test_an_outline_names_what_should_be_a_list() -> None:
    outline = Outline("a[].b[]")
    outline.build(stream({"a": [{"b": {"c": 1}}, {"b": None}, {"b": []}, {"b": "all"}]}))
    assert outline.wrong == ["a[].b", "a[].b"]


@given(
    st.lists(st.dictionaries(st.sampled_from(KEYS), st.integers(0, 99), max_size=2), min_size=1, max_size=6), st.data()
)
@settings(max_examples=200, deadline=None)
def test_what_came_before_a_cut_is_kept(found: list[dict], data: st.DataObject) -> None:
    body = json.dumps({"found": found}).encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    kept = []
    with pytest.raises(Broken, match="cut off after"):
        for _, element in elements(io.BytesIO(body[:cut]), "found[]"):
            kept.append(element)
    assert kept == found[: len(kept)]
    assert len(kept) >= body[:cut].count(b"}") - 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": [1, 2, #', "stops being valid JSON"),
        (b'{"a": ["\xff"]}', "stops being valid JSON"),
        (b'{"a": [1]} trailing', "stops being valid JSON"),
        (b'{"a": [1]} {"a": [2]}', "document, which was not read"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
        (b'{"a":' * 100_000, "nested deeper"),
        (b'{"a": [1, ' + b"9" * 100_000 + b"]}", "number in it is too long"),
        (b'{"a": [1, ' + b"9" * 5_000 + b"]}", "number in it is too long"),
        (b'{"a": [1, 1e' + b"9" * 20 + b"]}", "number in it is too large"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(body: bytes, reason: str) -> None:
    with pytest.raises(Broken, match=reason):
        list(elements(io.BytesIO(body), "a[]"))
    with pytest.raises(Broken, match=reason):
        Outline("a[]").build(io.BytesIO(body))


def test_one_value_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_VALUES", 100)
    monkeypatch.setattr(json_stream, "MAX_STRING", 1 << 18)
    many, long = {"a": [{"x": 1}, list(range(200))]}, {"a": [1, "x" * (1 << 20)]}
    for value in (many, long):
        found = elements(stream(value), "a[]")
        next(found)
        with pytest.raises(Broken, match=r"more than 100 values|longer than"):
            next(found)
        with pytest.raises(Broken, match=r"more than 100 values|longer than"):
            Outline("b[]").build(stream(value))
    Outline("a[]").build(stream(many))


@pytest.mark.parametrize("number", ["1e999", "123456789012345678901234567890", "18446744073709551615", "-0.0"])
def test_numbers_that_fit_no_machine_word_are_read(number: str) -> None:
    assert [element for _, element in elements(io.BytesIO(b'{"a": [%s, 1]}' % number.encode()), "a[]")][1] == 1


def test_nesting_up_to_the_limit_is_read() -> None:
    body = b'{"a":' * (MAX_DEPTH - 1) + b"[7]" + b"}" * (MAX_DEPTH - 1)
    assert list(elements(io.BytesIO(body), ".".join(["a"] * (MAX_DEPTH - 1)) + "[]")) == [((0,), 7)]


def test_documents_one_after_another() -> None:
    assert list(values(io.BytesIO(b'{"a": 1}\n[2]\n3 "x"{}'))) == [{"a": 1}, [2], 3, "x", {}]


def test_choices_of_keys_stand_for_every_combination() -> None:
    value = {top: [{inner: [f"{top}{inner}"] for inner in KEYS}] for top in KEYS}
    outline = Outline("a|b[].b|c[]")
    outline.build(stream(value))
    emptied = {(top, inner) for top, inner in product(KEYS, KEYS) if not outline.value[top][0][inner]}
    assert emptied == {("a", "b"), ("a", "c"), ("b", "b"), ("b", "c")}


@pytest.mark.parametrize(("content", "cut"), [
    (b'{"a": [1, 2', True), (b'{"a": tr', True), (b'{"a": "x', True), (b'{"a": 1 2}', False), (b'{"a": [1]} x', False),
])
def test_content_that_ends_too_early_is_told_from_content_that_is_wrong(content: bytes, cut: bool) -> None:
    with pytest.raises(Broken) as broken:
        list(json_stream.values(io.BytesIO(content)))
    assert broken.value.cut is cut
