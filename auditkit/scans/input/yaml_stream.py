"""YAML of strangers: parsed only where it is small, shallow and does not multiply itself."""

from collections.abc import Iterator
from typing import Any

import yaml

from auditkit.scans.input.json_stream import MAX_DEPTH
from auditkit.scans.model import Broken

MAX_BYTES = 16 << 20
_MAX_NODES = 5_000_000


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """The safe loader that leaves times and ``=`` (which Go writes without quotes) as text, as JSON has them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("timestamp", "value")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def documents(content: bytes) -> Iterator[Any]:
    """The documents of a YAML stream, but for empty ones. Raises `Broken` after what came before the break."""
    if len(content) > MAX_BYTES:
        raise Broken(f"it is a YAML file of more than {MAX_BYTES >> 20} MiB; use the JSON output of the tool")
    broken = _measure(content)
    try:
        for document in yaml.load_all(content, _Loader):
            if document is not None:
                yield document
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Broken(broken or _where(error)) from None


def _measure(content: bytes) -> str:
    """Refuse nesting without end, and aliases that unfold to more than a file can hold ("billion laughs").

    Returns what breaks the syntax, if anything does; raises `Broken` for what must not be loaded.
    """
    names: list[str | None] = []  # of the anchors of the collections that are open
    counts = [0]  # of the values in each of them, and outside
    anchors: dict[str | None, int] = {}
    try:
        for event in yaml.parse(content, yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                names.append(event.anchor)
                counts.append(1)
                if len(names) > MAX_DEPTH:
                    raise Broken(f"it is nested deeper than {MAX_DEPTH} levels (line {event.start_mark.line + 1})")
            elif isinstance(event, yaml.CollectionEndEvent):
                size = counts.pop()
                anchors[names.pop()] = size
                counts[-1] += size
            elif isinstance(event, yaml.AliasEvent):
                counts[-1] += anchors.get(event.anchor, 1)
            elif isinstance(event, yaml.ScalarEvent):
                counts[-1] += 1
            if counts[-1] > _MAX_NODES:
                raise Broken(f"its aliases expand to more than {_MAX_NODES:,} values "
                             f"(line {event.start_mark.line + 1})")
    except yaml.YAMLError as error:
        return _where(error)
    return ""


def _where(error: Exception) -> str:
    """Where YAML breaks; never its content."""
    mark = getattr(error, "problem_mark", None)
    return f"it is not YAML at line {mark.line + 1}, column {mark.column + 1}" if mark else "it is not YAML"
