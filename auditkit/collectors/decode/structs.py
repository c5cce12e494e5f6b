"""The structs that Kubernetes JSON is decoded with, made from the table declarations.

A field that a column reads is in a struct; nothing else is. An object that is not there is the empty struct of its
type, so that a path can be followed without asking at each step; an explicit ``null`` is ``None``.
"""

import datetime as dt
from functools import cache
from types import GenericAlias
from typing import Annotated, Any

import msgspec

from auditkit.tables import RESOURCES, TABLES
from auditkit.tables.fields import OTHERS
from auditkit.tables.model import Column, Rows

_EMPTY: dict[type, Any] = {}
"""For each struct type its empty instance, which stands for an object that is not there.

It is known by identity: an object that is there, and in which no field is that we read, is not it.
"""

REQUIRED = {"metadata", "metadata.name", "object", "object.metadata", "object.metadata.name", "spec.containers"}
"""Places without which an object is malformed: it is then named in the ledger and never judged."""

_LEAVES = {
    "string": str, "boolean": bool,
    "int64": Annotated[int, msgspec.Meta(ge=-2**63, le=2**63 - 1)],
    "timestamp": Annotated[dt.datetime, msgspec.Meta(tz=True)],
}
"""What a column can hold: an object with another value does not follow its schema."""

_COUNTED = list[msgspec.Raw] | dict[str, msgspec.Raw] | None


class _Node:
    """A place in an object: the fields in it, the type of its elements or entries, or its own type."""

    def __init__(self) -> None:
        self.fields: dict[str, _Node] = {}
        self.element: _Node | None = None
        self.entry: _Node | None = None
        self.leaf: Any = None

    def at(self, path: str) -> "_Node":
        """The place below this one, made where it is not yet there."""
        node = self
        for name in path.split(".") if path else ():
            bare = name.removesuffix("[]").removesuffix("{}")
            node = node._field(bare) if bare else node
            if name.endswith("[]"):
                node.element = node.element or _Node()
                node = node.element
            elif name.endswith("{}"):
                node.entry = node.entry or _Node()
                node = node.entry
        return node

    def _field(self, name: str) -> "_Node":
        if name not in self.fields:
            self.fields[name] = _Node()
        return self.fields[name]

    def shape(self, place: str = "") -> Any:
        """The type to decode this place with."""
        if self.element:
            return GenericAlias(list, self.element.shape(f"{place}[]"))
        if self.entry:
            return GenericAlias(dict, (str, self.entry.shape(f"{place}{{}}")))
        if self.fields:
            return self._struct(place)
        return self.leaf or msgspec.Raw

    def _struct(self, place: str) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for name, node in sorted(self.fields.items()):
            inside = f"{place}.{name}".lstrip(".")
            kind = node.shape(inside)
            if inside in REQUIRED:
                fields.insert(0, (name, kind))
            elif kind is msgspec.Raw:
                fields.append((name, kind, None))
            else:
                fields.append((name, kind | None, _EMPTY.get(kind) if isinstance(kind, type) else None))
        return _defined(place.replace(".", "_") or "object", tuple(fields))


@cache
def _defined(name: str, fields: tuple[tuple[str, Any] | tuple[str, Any, Any], ...]) -> type[msgspec.Struct]:
    """The struct with these fields. Kinds of objects share most: metadata, and what is in the templates of pods."""
    struct = msgspec.defstruct(name, fields, frozen=True, gc=False, eq=False)
    if not any(len(field) == 2 for field in fields):
        _EMPTY[struct] = struct()
    return struct


@cache
def struct_for(source: str, form: str) -> Any:
    """The struct of an object of a resource, in the form ``object`` or ``table`` (a row of the latter)."""
    root = _Node()
    for table in TABLES.values():
        for rows in table.rows:
            if rows.source == source and (rows.label == "table") == (form == "table") and rows.path != OTHERS:
                for column in table.columns:
                    _plant(root, rows, column)
    if form == "table":
        root.at("cells").leaf = list[str | int | None]
    elif source in RESOURCES:
        root.at("kind").leaf = root.at("apiVersion").leaf = str
    return root.shape()


def places(rows: Rows, column: Column) -> list[str]:
    """The places in a listed object that a column reads: several where it says which of them is there."""
    place = column.place(rows.label)
    if place[:1] in "=@'" or place in ("#", "$key") or place.lstrip("^") == "#":
        return []
    up = len(place) - len(place.lstrip("^"))
    base = _parent(rows.path, up)
    place = place[up:]
    if place.startswith("/"):
        base, place = "", place[1:]
    options = ("" if option in (".", "$value") else option for option in place.split("|"))
    return [f"{base}.{option}".strip(".") for option in options]


def _plant(root: _Node, rows: Rows, column: Column) -> None:
    """Make the places that a column reads."""
    root.at(rows.path)
    for place in places(rows, column):
        node = root.at(place)
        if node.fields or node.element or node.entry:
            continue
        if column.read == "count":
            node.leaf = node.leaf or _COUNTED
        elif column.read == "text":
            node.leaf = int | str if node.leaf in (None, msgspec.Raw) else node.leaf
        elif column.read in ("empty", "reference"):
            node.leaf = str
        elif column.read == "value":
            node.leaf = _LEAVES[column.dtype]


def _parent(path: str, up: int) -> str:
    """The path of the object so many levels up: levels end at each list, map, or at the end."""
    for _ in range(up):
        cut = max(path.rstrip("[]{}").rfind("[]."), path.rstrip("[]{}").rfind("{}."))
        path = path[: cut + 2] if cut >= 0 else ""
    return path
