"""YAML that people write, read strictly: an unknown key or a wrong type is an error with file and line."""

import re
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from auditkit.errors import ControlError

T = TypeVar("T")


def read(path: Path, shape: type[T]) -> T:
    """The content of a YAML file as ``shape``. Raises `ControlError`, which names the file and the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ControlError(f"{path} cannot be read: {error}.") from None
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        content = yaml.load(text, Loader=yaml.CSafeLoader)  # noqa: S506 - the C loader of safe_load
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ControlError(f"{path}{where}: this is not YAML ({getattr(error, 'problem', error)}).") from None
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        line = _line(node, place.rstrip("`"))
        raise ControlError(f"{path}, line {line}: {message}{f' (at {place.rstrip(chr(96))})' if place else ''}. "
                           "`auditkit controls lint` checks a file.") from None


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
