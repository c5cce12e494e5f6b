"""The structs that Kubernetes JSON is decoded with, made from the table declarations.

A field that a column reads is in a struct; nothing else is. An object that is not there is the empty struct of its
type, so that a path can be followed without asking at each step; an explicit ``null`` is ``None``.
"""

import datetime as dt
from collections.abc import Callable
from functools import cache
from types import GenericAlias
from typing import Annotated, Any

import msgspec

from auditkit.tables import RESOURCES, TABLES
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
    "float64": float,
    "timestamp": Annotated[dt.datetime, msgspec.Meta(tz=True)],
}
"""What a column can hold: an object with another value does not follow its schema."""

_COUNTED = list[msgspec.Raw] | dict[str, msgspec.Raw] | None


class Node:
    """A place in an object: the fields in it, the type of its elements or entries, or its own type."""

    def __init__(self) -> None:
        self.fields: dict[str, Node] = {}
        self.element: Node | None = None
        self.entry: Node | None = None
        self.leaf: Any = None
        self.whole = False

    def at(self, path: str) -> "Node":
        """The place below this one, made where it is not yet there."""
        node = self
        for name in path.split(".") if path else ():
            bare = name.removesuffix("[]").removesuffix("{}")
            node = node._field(bare) if bare else node
            if name.endswith("[]"):
                node.element = node.element or Node()
                node = node.element
            elif name.endswith("{}"):
                node.entry = node.entry or Node()
                node = node.entry
        return node

    def _field(self, name: str) -> "Node":
        if name not in self.fields:
            self.fields[name] = Node()
        return self.fields[name]

    def shape(self, place: str = "") -> Any:
        """The type to decode this place with."""
        if self.element:
            return GenericAlias(list, self.element.shape(f"{place}[]"))
        if self.entry:
            return GenericAlias(dict, (str, self.entry.shape(f"{place}{{}}")))
        if self.fields:
            return self._struct(place)
        if self.whole and self.leaf in (None, _COUNTED):  # what becomes JSON must be JSON
            return list[Any] | dict[str, Any] | None if self.leaf else Any
        return self.leaf or msgspec.Raw

    def _struct(self, place: str) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        whole: list[tuple[str, type[msgspec.Struct]]] = []
        for name, node in sorted(self.fields.items()):
            inside = f"{place}.{name}".lstrip(".")
            kind = node.shape(inside)
            if inside in REQUIRED:
                fields.insert(0, (name, kind))
            elif kind is msgspec.Raw:
                fields.append((name, kind, None))
            elif node.whole and node.fields:
                whole.append((name, kind))
                fields.append((name, msgspec.Raw, _EMPTY[kind]))
            else:
                fields.append((name, kind | None, _EMPTY.get(kind) if isinstance(kind, type) else None))
        if self.whole:
            fields.append((AS_JSON, str, ""))
        return _defined(place.replace(".", "_") or "object", tuple(fields), tuple(whole))


AS_JSON = "as_json"
"""The field of a struct that has all of its object as JSON. No field of the API is written so."""


@cache
def _defined(name: str, fields: tuple[tuple[str, Any] | tuple[str, Any, Any], ...],
             whole: tuple[tuple[str, type[msgspec.Struct]], ...] = ()) -> type[msgspec.Struct]:
    """The struct with these fields. Kinds of objects share most: metadata, and what is in the templates of pods.

    What is kept ``whole`` is decoded in a second step, as a struct that has its JSON beside its fields.
    """
    struct = msgspec.defstruct(name, fields, frozen=True, gc=False, eq=False,
                               namespace={"__post_init__": _second_step(whole)} if whole else None)
    if not any(len(field) == 2 for field in fields):
        _EMPTY[struct] = struct()
    return struct


def _second_step(whole: tuple[tuple[str, type[msgspec.Struct]], ...]) -> Callable[[msgspec.Struct], None]:
    """Decodes the fields that the first step left as they are written."""
    decoders = [(name, msgspec.json.Decoder(kind | None)) for name, kind in whole]

    def decode(made: msgspec.Struct) -> None:
        for name, decoder in decoders:
            written = getattr(made, name)
            if isinstance(written, msgspec.Raw):
                value = decoder.decode(written)
                if value is not None:
                    msgspec.structs.force_setattr(value, AS_JSON, canonical(written))
                msgspec.structs.force_setattr(made, name, value)

    return decode


def canonical(written: msgspec.Raw) -> str:
    """JSON with its keys in order and without spaces: the same text for the same content."""
    return msgspec.json.encode(msgspec.json.decode(written), order="deterministic").decode()


def declared(source: str, form: str) -> Node:
    """The places in an object of a resource that tables read."""
    root = Node()
    for table in TABLES.values():
        for rows in table.rows:
            if rows.source == source and (rows.label == "table") == (form == "table"):
                for column in table.columns:
                    _plant(root, rows, column)
    return root


@cache
def struct_for(source: str, form: str) -> Any:
    """The struct of an object of a resource, in the form ``object`` or ``table`` (a row of the latter)."""
    root = declared(source, form)
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


def _plant(root: Node, rows: Rows, column: Column) -> None:
    """Make the places that a column reads."""
    root.at(rows.path)
    for place in places(rows, column):
        node = root.at(place)
        if column.read == "json":
            node.whole = True
            continue
        if node.fields or node.element or node.entry:
            continue
        if column.read in ("count", "redirection"):
            node.leaf = node.leaf or _COUNTED
        elif column.read == "text":
            node.leaf = int | str if node.leaf in (None, msgspec.Raw) else node.leaf
        elif column.read in ("empty", "reference", "hosts"):
            node.leaf = str
        elif column.read == "value":
            node.leaf = _LEAVES[column.dtype]


def _parent(path: str, up: int) -> str:
    """The path of the object so many levels up: levels end at each list, map, or at the end."""
    for _ in range(up):
        cut = max(path.rstrip("[]{}").rfind("[]."), path.rstrip("[]{}").rfind("{}."))
        path = path[: cut + 2] if cut >= 0 else ""
    return path
