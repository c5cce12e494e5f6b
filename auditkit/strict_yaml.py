"""YAML that people write, read strictly.

An unknown key, a key that stands twice (YAML lets the last win), a wrong type or a day that no month has is an error
with file and line.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec
import yaml

from auditkit.errors import ControlError

T = TypeVar("T")


def read(path: Path, shape: type[T]) -> T:
    """The content of a YAML file as ``shape``. Raises `ControlError`, which names the file and the line."""
    node, content = _load(path)
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        place = place.rstrip("`")
        _refuse(path, _line(node, place), f"{message}{f' (at {place})' if place else ''}. "
                "`auditkit controls lint` checks a file.")


def lines(path: Path, key: str) -> list[int]:
    """The line on which each entry of a list at the top of a YAML file begins."""
    node, _ = _load(path)
    found = next((value for name, value in node.value if name.value == key), None)
    return [entry.start_mark.line + 1 for entry in found.value] if found else []


def _load(path: Path) -> tuple[yaml.Node, Any]:
    """The nodes of a file, which know their lines, and their values."""
    try:
        loader = yaml.CSafeLoader(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ControlError(f"{path} cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        _refuse(path, 1, f"this is not YAML ({error}).")
    try:
        node = loader.get_single_node()
        _verify(path, node)
        return node, loader.construct_document(node) if node else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        _refuse(path, mark.line + 1 if mark else 1, f"this is not YAML ({getattr(error, 'problem', error)}).")
    finally:
        loader.dispose()


def _refuse(path: Path, line: int, what: str) -> NoReturn:
    raise ControlError(f"{path}, line {line}: {what}") from None


def _verify(path: Path, node: yaml.Node | None) -> None:
    """Refuse what YAML lets pass and nobody means."""
    for inner in _nodes(node):
        line = inner.start_mark.line + 1
        if isinstance(inner, yaml.MappingNode):
            keys = [str(name.value) for name, _ in inner.value]
            for place, key in enumerate(keys):
                if key in keys[:place]:
                    _refuse(path, inner.value[place][0].start_mark.line + 1, f"{key!r} stands there twice.")
        elif inner.tag == "tag:yaml.org,2002:timestamp":
            try:
                yaml.CSafeLoader("").construct_yaml_timestamp(inner)
            except ValueError as error:
                _refuse(path, line, f"{inner.value} is not a date ({error}).")


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """A node and all that is in it, each once."""
    waiting, seen = [node] if node else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [inner for pair in node.value for inner in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _line(node: yaml.Node | None, place: str) -> int:
    """The line of a place such as ``$.requirements[3].id``, or of the innermost part of it that exists."""
    for name, position in re.findall(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]", place):
        inner = None
        if name and isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == name), None)
        elif position and isinstance(node, yaml.SequenceNode) and int(position) < len(node.value):
            inner = node.value[int(position)]
        if inner is None:
            break
        node = inner
    return node.start_mark.line + 1 if node else 1
