"""YAML that people write: what is wrong is a sentence with file and line, in their words, and never takes long."""

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.base import strict_yaml
from auditkit.errors import DefinitionError


class Item(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"\S", description="text that is not empty")]
    kind: Literal["", "big", "small"] = ""
    day: dt.date | None = None
    level: int | None = None
    owner: Annotated[str, msgspec.Meta(min_length=1)] = "x"
    more: list[str | dict[str, dict[str, Any]]] = []
    least: Annotated[list[str], msgspec.Meta(min_length=1)] | None = None


class Document(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    items: list[Item] = []
    by_name: dict[str, Item] = {}


GOOD = b"title: T\nitems:\n  - name: a\n    kind: big\n    day: 2026-01-31\n  - {name: b, more: [x, y: {z: 1}]}\n"


def refused(tmp_path: Path, content: bytes, shape: Any = Document) -> str:
    path = tmp_path / "given.yaml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError) as error:
        strict_yaml.read(path, shape)
    return str(error.value).removeprefix(f"{path}")


def test_what_is_right_is_read(tmp_path: Path) -> None:
    path = tmp_path / "given.yaml"
    for content in (GOOD, b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n")):
        path.write_bytes(content)
        found = strict_yaml.read(path, Document)
        assert found.items[0] == Item("a", "big", dt.date(2026, 1, 31)) and found.items[1].more == ["x", {"y": {"z": 1}}]
    assert strict_yaml.line(path, "items", 0, "kind") == 4
    assert strict_yaml.line(path, "items", 1, "nowhere", 3) == 6
    assert strict_yaml.lines(path, "items") == [3, 6] and strict_yaml.lines(path, "title") == []
    assert strict_yaml.top(path) == {"title", "items"}


@pytest.mark.parametrize(("old", "new", "says"), [
    ("kind: big", "kind: !!int abc", ", line 4: the tag !!int is not supported"),
    ("kind: big", "kind: !!float abc", ", line 4: the tag !!float is not supported"),
    ("kind: big", "kind: !!bool abc", ", line 4: the tag !!bool is not supported"),
    ("kind: big", "kind: !!timestamp abc", ", line 4: the tag !!timestamp is not supported"),
    ("kind: big", "kind: !!python/object/apply:os.system [id]", ", line 4: the tag !!python/object/apply:os.system is"),
    ("kind: big", "kind: !<x> big", ", line 4: the tag x is not supported"),
    ("kind: big", f"level: {'1' * 5000}", f", line 4: {'1' * 40}… (5,000 characters) is not a whole number."),
    ("day: 2026-01-31", "day: 2026-02-30", ", line 5: 2026-02-30 is not a date (day is out of range for month)."),
    ("day: 2026-01-31", "day: 2026-01-31 25:00:00", ", line 5: 2026-01-31 25:00:00 is not a date (hour must be in"),
    ("day: 2026-01-31", "day: 31.01.2026", ", line 5: items[0].day must be a day, such as 2026-01-31, but is '31.01.2026'."),
    ("day: 2026-01-31", "day: 2026-01-31 00:00:00", ", line 5: items[0].day must be a day, such as 2026-01-31, but is"),
    ("kind: big", "kin: big", ", line 4: There is no key 'kin'; did you mean kind"),
    ("kind: big", "kind: huge", ", line 4: items[0].kind is 'huge'; it may be big, small."),
    ("kind: big", "kind: 3", ", line 4: items[0].kind must be text, but is a whole number: put it in quotes."),
    ("kind: big", "level: high", ", line 4: items[0].level must be a whole number, but is text."),
    ("kind: big", "owner: ''", ", line 4: items[0].owner must be text that is not empty, but is ''."),
    ("kind: big", "least: []", ", line 4: items[0].least must be a list that is not empty, but is []."),
    ("name: a", "name: ' '", ", line 3: items[0].name must be text that is not empty, but is ' '."),
    ("name: a\n    kind", "kind", ", line 3: items[0] has no key 'name'; it must have one."),
    ("more: [x, y: {z: 1}]", "more: [x, y: [z]]", ", line 6: items[1].more[1].y must be a mapping, but is a list."),
    ("more: [x, y: {z: 1}]", "more: [[x]]", ", line 6: items[1].more[0] must be text or a mapping, but is a list."),
    ("title: T", "title:", ", line 1: title must be text, but is nothing."),
    ("items:\n", "items:\n  x:\n", ", line 2: items must be a list, but is a mapping."),
    ("kind: big", "kind: big\n    kind: small", ", line 5: 'kind' is listed twice; keep one."),
    ("kind: big", "kind: &a big\n    owner: &a x", ", line 5: the anchor &a is defined twice; rename one."),
    ("kind: big", "more: &a [*a]", ", line 4: an alias is inside the anchor that it refers to"),
    ("title: T", "1: T", ", line 1: a key in the file is not text: put it in quotes."),
    ("name: a", "name: a\x00b", ", line 3: the file has a control character (U+0000)"),
    ("name: a", "name: a\x1bb", ", line 3: the file has a control character (U+001B)"),
    ("title: T", "title: [", "the file is not YAML"), ("title: T", "\ttitle: T", ", line 1: the file is not YAML"),
    ("title: T", "title: T\n---\n", ", line 2: the file is not YAML"),
])
def test_a_mistake_is_a_sentence_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD.decode()
    assert says in refused(tmp_path, GOOD.decode().replace(old, new, 1).encode())


@pytest.mark.parametrize(("content", "says"), [
    (b"", ", line 1: the file must be a mapping, but is nothing."),
    (b"- a\n", ", line 1: the file must be a mapping, but is a list."),
    (GOOD.replace(b"name: a", b"name: \xe4"), ", line 3: the file is not UTF-8 text"),
    (GOOD.decode().encode("utf-16"), ", line 1: the file is not UTF-8 text"),
    (b"title: T\nby_name:\n  a: {name: a}\n  b:\n    name: b\n    kind: huge\n", ", line 6: by_name.b.kind is 'huge'"),
    (b"title: T\nby_name:\n  a: {name: a}\n  b:\n    nam: b\n", ", line 5: There is no key 'nam'"),
    (b"title: T\nby_name:\n  a: {name: a}\n  b: [1]\n", ", line 4: by_name.b must be a mapping, but is a list."),
])
def test_a_mistake_of_the_whole_file_or_under_any_key(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refused(tmp_path, content)


def test_what_would_not_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    assert "aliases expand to more than" in refused(tmp_path, bomb.encode(), Any)
    assert "nested more than" in refused(tmp_path, b"title: " + b"[" * 900, Any)
    # From PyYAML 6.0.4 on its scanner refuses more than 1,000 levels by itself.
    assert re.search("nested more than|maximum nesting depth", refused(tmp_path, b"title: " + b"[" * 50_000, Any))


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.yaml"):
        with pytest.raises(DefinitionError, match="cannot be read"):
            strict_yaml.read(path, Any)


@given(st.binary(max_size=60) | st.text("!&*[]{}:,-?|>'\" \n\t#%@`0123456789.eE_+~<=abnuxty", max_size=60).map(str.encode))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    for shape in (Any, Document):
        try:
            strict_yaml.read(path, shape)
        except DefinitionError as error:
            assert ", line " in str(error)
