"""Places in objects: where the columns of a table stand, and what may stand in for what they do not keep."""

from collections.abc import Sequence
from functools import cache
from types import GenericAlias, UnionType
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from auditkit.collectors.decode.structs import struct_for
from auditkit.tables.model import Column, Rows

Object = dict[str, Any]
UNREAD = "-"
"""What stands in for a text that is not kept: it is neither empty nor the name of a ticket."""


class Malformed(ValueError):
    """An object does not follow the schema of its kind; the text says where."""


class Place(NamedTuple):
    """Where a column stands: at a path in the thing on this level of its rows (0: the object itself)."""

    column: Column
    level: int
    path: str


def places(columns: Sequence[Column], rows: Rows, depth: int) -> list[Place]:
    """The places of the columns that stand in the object, and are not said by the rows themselves."""
    found = []
    for column in columns:
        place = column.place(rows.label)
        up = len(place) - len(place.lstrip("^"))
        level = 0 if place.startswith("/") else depth - up
        if place[:1] not in ("=", "'", "@") and level >= 0:
            found.append(Place(column, level, place[up:].removeprefix("/")))
    return found


def fixed(columns: Sequence[Column], rows: Rows) -> dict[str, str | None]:
    """The columns that the rows say themselves, with what they say (None: nothing)."""
    found: dict[str, str | None] = {}
    for column in columns:
        place = column.place(rows.label)
        if place.startswith("'"):
            found[column.name] = place[1:]
        elif place.startswith("="):
            found[column.name] = rows.constants.get(place[1:])
    return found


def at(thing: Any, path: str) -> Any:
    """What stands at a path in a thing; None where nothing does."""
    for name in path.split(".") if path else ():
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def there(thing: Any, path: str) -> bool:
    """True if something is written at a path in a thing."""
    above, _, name = path.rpartition(".")
    parent = at(thing, above)
    return isinstance(parent, dict) and parent.get(name) is not None


def placed(thing: Object, path: str) -> Object:
    """The object at a path in a thing, made where it is not there."""
    for name in path.split(".") if path else ():
        thing = thing.setdefault(name, {})
    return thing


def put(thing: Object, path: str, value: Any) -> None:
    """Writes a value at a path in a thing."""
    above, _, name = path.rpartition(".")
    placed(thing, above)[name] = value


def listed(thing: Object, path: str) -> list[Any]:
    """The list at a path in a thing, made where it is not there."""
    above, _, name = path.rpartition(".")
    found: list[Any] = placed(thing, above).setdefault(name, [])
    return found


@cache
def stand_in(source: str, path: str) -> Any:
    """Something of the type that the decoder reads at a path in the objects of a resource. It is not to be changed."""
    kind: Any = struct_for(source, "object")
    for name in path.split("."):
        kind = _field(kind, name.removesuffix("[]").removesuffix("{}"))
        if name.endswith("[]"):
            kind = get_args(kind)[0]
    # arguments are texts in the pods that are made of a template, where they are decoded in a second step
    return UNREAD if path.endswith("args[]") else _of(kind)


def _field(kind: Any, name: str) -> Any:
    """The type of a field; that of what is decoded in a second step is told by its default."""
    field = next(each for each in msgspec.structs.fields(kind) if each.name == name)
    found = type(field.default) if isinstance(field.default, msgspec.Struct) else field.type
    options = [each for each in get_args(found) if each is not type(None)]
    return options[0] if isinstance(found, UnionType) or (get_origin(found) is not None and not isinstance(
        found, GenericAlias)) else found


def _of(kind: Any) -> Any:
    if kind is str:
        return UNREAD
    if kind is bool:
        return False
    if kind is int or (get_origin(kind) is not None and int in get_args(kind)):
        return 0
    return [] if isinstance(kind, GenericAlias) and get_origin(kind) is list else {}
