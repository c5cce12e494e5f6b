"""What YAML lets pass and nobody means, and where things stand in a file: before nodes become values."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from auditkit.errors import ControlError


def lines(path: Path, key: str) -> list[int]:
    """The line on which each entry of a list at the top of a YAML file begins. The file was read before."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    found = next((value for name, value in node.value if name.value == key), None)
    return [entry.start_mark.line + 1 for entry in found.value] if found else []


def verify(path: Path) -> None:
    """Refuse a key that stands twice (YAML lets the last win), and a day that no month has.

    Raises `ControlError` with file and line.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return  # the reader says it better
    for inner in _nodes(node):
        if isinstance(inner, yaml.MappingNode):
            keys = set()
            for name, _ in inner.value:
                if str(name.value) in keys:
                    raise ControlError(f"{path}, line {name.start_mark.line + 1}: "
                                       f"{name.value!r} stands there twice.")
                keys.add(str(name.value))
        elif inner.tag == "tag:yaml.org,2002:timestamp":
            try:
                yaml.CSafeLoader("").construct_yaml_timestamp(inner)
            except ValueError as error:
                raise ControlError(f"{path}, line {inner.start_mark.line + 1}: {inner.value} is not a date "
                                   f"({error}).") from None


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """A node and all that is in it, each once."""
    waiting, seen = [node] if node else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            if isinstance(node, yaml.MappingNode):
                waiting += [inner for pair in node.value for inner in pair]
            elif isinstance(node, yaml.SequenceNode):
                waiting += node.value
