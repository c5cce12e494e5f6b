"""Kubernetes JSON to rows: list bodies are decoded by structs made from the table declarations.

A struct names only the fields that tables keep, so what no column declares is never kept: an allow-list.

Cyclic garbage collection is off while this works (`no_gc`): on data of this kind it costs three to four times the
decoding itself, and the structs hold no cycles.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.collect.structs import EMPTY_TYPES, path_names, struct_for
from auditkit.tables import TABLES
from auditkit.tables.model import DTYPES, Column, Rows, Table


@contextmanager
def no_gc() -> Iterator[None]:
    """Cyclic garbage collection off, as it was before afterwards."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Page(NamedTuple):
    """One decoded list body: its rows by table, and what the list says of itself."""

    batches: dict[str, list[pa.RecordBatch]]
    items: int
    malformed: list[str]
    resource_version: str
    continue_token: str
    remaining: int | None
    names: list[str]


class _ListMeta(msgspec.Struct, rename={"continue_": "continue"}):
    resourceVersion: str = ""
    continue_: str = ""
    remainingItemCount: int | None = None


class _Cell(msgspec.Struct):
    name: str


class _Raw(msgspec.Struct, gc=False):
    """A list of which only the frame is decoded. ``rows`` are those of the server's ``Table`` form."""

    kind: str = ""
    metadata: _ListMeta | None = None
    items: list[msgspec.Raw] | None | msgspec.UnsetType = msgspec.UNSET
    rows: list[msgspec.Raw] | None | msgspec.UnsetType = msgspec.UNSET
    columnDefinitions: list[_Cell] | None = None


_FRAME = msgspec.json.Decoder(_Raw)
_NULL = msgspec.Raw(b"null")


class NotAList(ValueError):
    """A body that was answered to a list request and is none; the text says what it is."""


def decode(body: bytes, source: str) -> Page:
    """The rows of one list body of a resource.

    An object that does not follow its schema is left out and named in ``malformed``, never guessed at.
    Raises `NotAList` where the body is no list, or is cut short.
    """
    try:
        frame = _FRAME.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAList(f"the body is not a whole JSON list ({error})") from None
    form = "object" if frame.rows is msgspec.UNSET else "table"
    raws = frame.items if form == "object" else frame.rows
    if raws is msgspec.UNSET or raws is None:
        raise NotAList(f"the body has no list of items (its kind is {frame.kind[:60] or 'not given'!r})")
    meta = frame.metadata or _ListMeta()
    cells = {cell.name: at for at, cell in enumerate(frame.columnDefinitions or [])}
    objects, malformed = _objects(raws, source, form)
    batches, names = _rows(objects, source, form, cells)
    return Page(batches, len(raws), malformed, meta.resourceVersion, meta.continue_, meta.remainingItemCount, names)


def _objects(raws: list[msgspec.Raw], source: str, form: str) -> tuple[list[Any], list[str]]:
    """The objects of a list, and for each that does not follow its schema a phrase that names it."""
    decode_object = msgspec.json.Decoder(struct_for(source, form)).decode
    try:
        return [decode_object(raw) for raw in raws], []
    except (msgspec.ValidationError, msgspec.DecodeError):
        pass
    objects, malformed = [], []
    for position, raw in enumerate(raws):
        try:
            objects.append(decode_object(raw))
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            malformed.append(f"item {position}{_name_of(raw)}: {error}")
    return objects, malformed


def _name_of(raw: msgspec.Raw) -> str:
    """``(namespace/name)`` of an object that could not be decoded, as far as it has them."""
    try:
        metadata = msgspec.json.decode(raw)["metadata"]
        name = "/".join(str(metadata[key])[:253] for key in ("namespace", "name") if key in metadata)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return ""
    return f" ({name})" if name else ""


# --- from objects to columns ---------------------------------------------------------------------------------------


class _Level:
    """The objects of one step of a row path, and for each of them the place of its parent and in its list."""

    def __init__(self, objects: list[Any], parent: np.ndarray | None = None, position: np.ndarray | None = None,
                 keys: list[str] | None = None):
        self.objects, self.parent, self.position, self.keys = objects, parent, position, keys
        self._columns: dict[tuple, pa.Array] = {}

    def column(self, path: str, column: Column) -> pa.Array:
        """A column of these objects; the same place is read once, however many tables have it."""
        place = (path, column.read, column.dtype, column.absent)
        if place not in self._columns:
            array = _READ[column.read](self.objects, path, column)
            self._columns[place] = array if column.absent is None else pc.fill_null(array, column.absent)
        return self._columns[place]


def _rows(objects: list[Any], source: str, form: str, cells: dict[str, int]) -> tuple[dict, list[str]]:
    """Record batches by table, and the names of the objects (to find one that is listed twice)."""
    levels: dict[tuple[str, ...], list[_Level]] = {(): [_Level(objects)]}
    batches: dict[str, list[pa.RecordBatch]] = {}
    for table, rows in readers(source, form):
        stack = _stack(levels, rows)
        if stack[-1].objects:
            batches.setdefault(table.name, []).append(_batch(table, rows, stack, cells))
    where = attrgetter("object.metadata" if form == "table" else "metadata")
    try:
        names = [f"{meta.namespace or ''}/{meta.name}" for meta in map(where, objects)]
    except AttributeError:
        names = []
    return batches, names


@cache
def readers(source: str, form: str) -> tuple[tuple[Table, Rows], ...]:
    """Which tables take rows from a resource in this form."""
    return tuple(
        (table, rows) for table in TABLES.values() for rows in table.rows
        if rows.source == source and (rows.label == "table") == (form == "table")
    )


@cache
def _steps(path: str) -> tuple[str, ...]:
    """A row path cut after each list or map: ``spec.rules[].http`` → ``spec.rules[]``, ``http``."""
    for mark in ("[]", "{}"):
        path = path.replace(f"{mark}.", f"{mark} ")
    return tuple(path.split())


def _stack(levels: dict[tuple[str, ...], list[_Level]], rows: Rows) -> list[_Level]:
    """The levels from the listed object down to the rows; levels that other tables made are used again."""
    steps = _steps(rows.path)
    for depth in range(1, len(steps) + 1):
        here = steps[:depth]
        if here not in levels:
            levels[here] = [*levels[here[:-1]], _descend(levels[here[:-1]][-1], here[-1])]
    stack = levels[steps]
    return [*stack[:-1], _kept(stack[-1], rows.keep)] if rows.keep else stack


def _descend(level: _Level, step: str) -> _Level:
    """One step down: into the elements of a list, the entries of a map, or an object that is there."""
    values = _values(level.objects, path_names(step.removesuffix("[]").removesuffix("{}")))
    if step.endswith(("[]", "{}")):
        lengths = np.fromiter((len(value) if value else 0 for value in values), np.int64, len(values))
        parent = np.repeat(np.arange(len(values)), lengths)
        position = np.arange(len(parent)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        inside = [value for value in values if value]
        if step.endswith("[]"):
            return _Level(list(chain.from_iterable(inside)), parent, position)
        keys = list(chain.from_iterable(inside))
        return _Level(list(chain.from_iterable(value.values() for value in inside)), parent, position, keys)
    there = [at for at, value in enumerate(values) if _is_there(value)]
    return _Level([values[at] for at in there], np.array(there, np.int64), np.zeros(len(there), np.int64))


def _kept(level: _Level, keep: tuple[str, ...]) -> _Level:
    """Only the entries of a map whose key begins with one of these."""
    at = [place for place, key in enumerate(level.keys or []) if key.startswith(keep)]
    return _Level([level.objects[place] for place in at], level.parent[at], level.position[at],
                  [level.keys[place] for place in at])


def _batch(table: Table, rows: Rows, stack: list[_Level], cells: dict[str, int]) -> pa.RecordBatch:
    """The rows of one table from one path; columns that end in ``[]`` repeat the row for each of their elements."""
    single, repeated = [], []
    for column in table.columns:
        (repeated if column.place(rows.label).endswith("[]") else single).append(column)
    arrays = {column.name: _column(column, rows, stack, cells) for column in single}
    if repeated:
        at, elements = _explode(stack[-1].objects, repeated, rows.label)
        arrays = {name: array.take(at) for name, array in arrays.items()} | elements
    return pa.RecordBatch.from_arrays([arrays[column.name] for column in table.columns], schema=table.schema)


def _explode(objects: list[Any], repeated: list[Column], label: str) -> tuple[pa.Array, dict[str, pa.Array]]:
    """Each combination of the elements of several lists: the number of its row, and a column for each list.

    A list without elements drops its row, or where it is optional stands in it as ``<NA>``.
    """
    row = np.arange(len(objects))
    columns: dict[str, pa.Array] = {}
    for column in repeated:
        lists = _values(objects, path_names(column.place(label).removesuffix("[]")))
        filled = [lists[at] or ((None,) if column.each == "optional" else ()) for at in row]
        at = np.repeat(np.arange(len(row)), np.fromiter(map(len, filled), np.int64, len(filled)))
        columns = {name: array.take(pa.array(at)) for name, array in columns.items()}
        columns[column.name] = pa.array(list(chain.from_iterable(filled)), DTYPES[column.dtype])
        row = row[at]
    return pa.array(row), columns


def _column(column: Column, rows: Rows, stack: list[_Level], cells: dict[str, int]) -> pa.Array:
    place, dtype, rows_count = column.place(rows.label), DTYPES[column.dtype], len(stack[-1].objects)
    if place[:1] in "='":
        value = rows.constants.get(place[1:]) if place[0] == "=" else place[1:]
        return pa.repeat(pa.scalar(value, dtype), rows_count)
    if place.startswith("@"):
        return _cells(stack[-1].objects, cells.get(place[1:]), column)
    up = len(place) - len(place.lstrip("^"))
    place = place[up:]
    depth = 0 if place.startswith("/") else len(stack) - 1 - up
    if depth < 0 or (place == "#" and depth == 0):
        return pa.nulls(rows_count, dtype)
    level = stack[depth]
    if place == "#":
        array = pa.array(level.position)
    elif place == "$key":
        array = pa.array(level.keys, dtype)
    else:
        array = level.column("" if place in (".", "$value") else place.lstrip("/"), column)
    for below in stack[depth + 1:]:
        array = array.take(pa.array(below.parent))
    return array


def _cells(objects: list[Any], at: int | None, column: Column) -> pa.Array:
    """A cell of the ``Table`` form; the server writes counts as text or number."""
    values = [row.cells[at] if at is not None and at < len(row.cells) else None for row in objects]
    if column.dtype == "int64":
        values = [int(value) if value is not None else None for value in values]
    return pa.array(values, DTYPES[column.dtype])


def _values(objects: list[Any], names: tuple[str, ...]) -> list[Any]:
    """The values at a place of each object; ``None`` where it, or what it lies in, is not there or null."""
    if not names:
        return objects
    try:
        return list(map(attrgetter(".".join(names)), objects))
    except AttributeError:  # somewhere an object on the way is null
        return [_value(thing, names) for thing in objects]


def _value(thing: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if thing is None:
            return None
        thing = getattr(thing, name)
    return thing


def _is_there(value: Any) -> bool:
    return value is not None and value is not EMPTY_TYPES.get(type(value)) and value != _NULL


def _read_value(objects: list[Any], path: str, column: Column) -> pa.Array:
    values = _values(objects, path_names(path))
    if column.dtype != "timestamp":
        return pa.array(values, DTYPES[column.dtype])
    try:
        return pa.array(values, pa.string()).cast(DTYPES["timestamp"])
    except pa.ArrowInvalid as error:
        raise NotAList(f"{path} is not a time ({error})") from None


def _read_text(objects: list[Any], path: str, column: Column) -> pa.Array:
    values = _values(objects, path_names(path))
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _read_count(objects: list[Any], path: str, column: Column) -> pa.Array:
    values = _values(objects, path_names(path))
    return pa.array([None if value is None else len(value) for value in values], pa.int64())


def _read_present(objects: list[Any], path: str, column: Column) -> pa.Array:
    return pa.array(list(map(_is_there, _values(objects, path_names(path)))), pa.bool_())


def _read_first_of(objects: list[Any], path: str, column: Column) -> pa.Array:
    """Which of several keys is there; rows are looked at again only while none was found."""
    found: list[str | None] = [None] * len(objects)
    left = list(range(len(objects)))
    for option in path.split("|"):
        values = _values([objects[at] for at in left], path_names(option))
        for at, value in zip(left, values, strict=True):
            if _is_there(value):
                found[at] = option.rpartition(".")[2]
        left = [at for at in left if found[at] is None]
        if not left:
            break
    return pa.array(found, pa.string())


_READ: dict[str, Callable[[list[Any], str, Column], pa.Array]] = {
    "value": _read_value, "text": _read_text, "count": _read_count,
    "present": _read_present, "first_of": _read_first_of,
}
