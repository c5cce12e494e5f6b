"""YAML that people write, read strictly.

An unknown key, a key that stands twice (YAML lets the last win), a wrong type, a tag, a day that no month has, or text
that is not UTF-8 is an error with file and line.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec
import yaml

from auditkit.base.files import given
from auditkit.base.yaml_errors import Step, said
from auditkit.errors import DefinitionError

T = TypeVar("T")

DEEPEST = 60
"""Maximum nesting of lists and mappings. Files that are written by hand do not need more."""

MOST = 100_000
"""Maximum number of values that aliases may add to a file, since nested aliases grow without limit."""

_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "timestamp": "a date"}


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """The loader that knows the line of a scalar that is not what it looks like."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # 2026-02-30; a number of 5,000 digits
            value, kind = str(node.value), node.tag.rpartition(":")[2]
            short = value if len(value) <= 40 else f"{value[:40]}… ({len(value):,} characters)"
            why = f" ({error})" if kind == "timestamp" else ""
            raise yaml.constructor.ConstructorError(problem=f"{short} is not {_WORDS.get(kind, kind)}{why}",
                                                    problem_mark=node.start_mark) from None


def read(path: Path, shape: type[T]) -> T:
    """The content of a YAML file as ``shape``. Raises `DefinitionError`, which names the file and the line."""
    content = _content(path)
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        what, steps, key = said(error, content, shape)
        _refuse(path, _line(_node(path), steps, key), what)


def top(path: Path) -> set[str]:
    """The keys at the top of a YAML file; none where it is no mapping. Raises `DefinitionError`."""
    content = _content(path)
    return set(map(str, content)) if isinstance(content, dict) else set()


def lines(path: Path, key: str) -> list[int]:
    """The line on which each entry of a list at the top of a YAML file begins."""
    found = _inner(_node(path), key)
    return [entry.start_mark.line + 1 for entry in found.value] if isinstance(found, yaml.SequenceNode) else []


def line(path: Path, *steps: Step) -> int:
    """The line of what keys and positions lead to, or of the innermost part of it that exists."""
    return _line(_node(path), list(steps))


def every_line(path: Path) -> Callable[..., int]:
    """`line` of many places in a file, which is read once for them all."""
    node = _node(path)
    return lambda *steps: _line(node, list(steps))


def _node(path: Path) -> yaml.Node | None:
    """The nodes of a file, which know their lines."""
    return _parse(path, given(path, DefinitionError))[0]


def _content(path: Path) -> Any:
    """The values of a file."""
    return _parse(path, given(path, DefinitionError))[1]


@lru_cache(maxsize=64)
def _parse(path: Path, written: bytes) -> tuple[yaml.Node | None, Any]:
    """The nodes and the values of a file; one that has not changed is parsed once."""
    text, loader = _text(path, written), None
    try:
        _verify_events(path, text)
        loader = _Loader(text)
        node = loader.get_single_node()
        _verify(path, node)
        return node, loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        ours = isinstance(error, yaml.constructor.ConstructorError) and not error.context
        _refuse(path, mark.line + 1 if mark else 1, f"{problem}." if ours else f"the file is not YAML ({problem}).")
    except yaml.YAMLError as error:
        _refuse(path, 1, f"the file is not YAML ({error}).")
    finally:
        if loader:
            loader.dispose()


def _text(path: Path, content: bytes) -> str:
    """The text of a file, which is UTF-8 without control characters."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, content.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text: save it as UTF-8.")
    if found := _CONTROL.search(text):
        _refuse(path, text.count("\n", 0, found.start()) + 1,
                f"the file has a control character (U+{ord(found[0]):04X}): remove it, or save the file as UTF-8.")
    return text


def _refuse(path: Path, line: int, what: str) -> NoReturn:
    error = DefinitionError(f"{path}, line {line}: {what}")
    error.line = line
    raise error from None


def _verify_events(path: Path, text: str) -> None:
    """Refuse tags, anchors that are defined twice, and deep nesting, before anything is built."""
    depth, anchors = 0, set()
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            if event.tag is not None:
                _refuse(path, line, f"the tag {event.tag.replace('tag:yaml.org,2002:', '!!')} is not supported; write "
                        "the value without it, and text in quotes.")
            if event.anchor in anchors:
                _refuse(path, line, f"the anchor &{event.anchor} is defined twice; rename one.")
            anchors.update([event.anchor] if event.anchor else [])
            depth += isinstance(event, yaml.CollectionStartEvent)
            if depth > DEEPEST:
                _refuse(path, line, f"lists and mappings are nested more than {DEEPEST} deep; flatten the file.")


def _verify(path: Path, node: yaml.Node | None) -> None:
    """Refuse what YAML allows but nobody intends: keys that are listed twice, and aliases that grow."""
    sizes: dict[int, int] = {}
    if node and _size(path, node, sizes) - len(sizes) > MOST:
        _refuse(path, 1, f"its aliases expand to more than {MOST:,} values; write the values out, or remove them.")
    for inner in _nodes(node):
        keys: set[str] = set()
        for name, _ in inner.value if isinstance(inner, yaml.MappingNode) else ():
            if str(name.value) in keys:
                _refuse(path, name.start_mark.line + 1, f"{name.value!r} is listed twice; keep one.")
            keys.add(str(name.value))


def _size(path: Path, node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values a node stands for, with its aliases written out; each node is counted once (``sizes``)."""
    if id(node) not in sizes:
        sizes[id(node)] = -1  # it is being counted
        sizes[id(node)] = 1 + sum(_size(path, inner, sizes) for inner in _inside(node))
    elif sizes[id(node)] < 0:
        _refuse(path, node.start_mark.line + 1, "an alias is inside the anchor that it refers to; remove it.")
    return sizes[id(node)]


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """A node and all that is in it, each once."""
    waiting, seen = [node] if node else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += _inside(node)


def _inside(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [inner for pair in node.value for inner in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _line(node: yaml.Node | None, steps: list[Step], key: str = "") -> int:
    """The line of what steps lead to (of its key, where it has one), or of a ``key`` in there; or of the innermost
    part that exists."""
    line = node.start_mark.line + 1 if node else 1
    for step in [*steps, *([key] if key else [])]:
        name = next((name for name, _ in node.value if name.value == step), None) if (
            isinstance(step, str) and isinstance(node, yaml.MappingNode)) else None
        node = _inner(node, step)
        if node is None:
            break
        line = (name or node).start_mark.line + 1
    return line


def _inner(node: yaml.Node | None, step: Step) -> yaml.Node | None:
    """What stands in a mapping under a key, or in a list at a position."""
    if isinstance(step, str) and isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(step, int) and isinstance(node, yaml.SequenceNode) and step < len(node.value):
        return node.value[step]
    return None
