"""The objects of a snapshot, as far as its tables show them.

Each column of a table has its place in the object, so that the object can be put together again. What no table holds
stays unknown (`auditkit.admission.cel.partial.Partial`). A column that does not tell a default from its absence makes a
field that is either of the two, unless the API never writes the default.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from auditkit.admission.cel.partial import ABSENT, Hidden, Partial, Perhaps
from auditkit.tables import RESOURCES, TABLES, Column, Resource, Rows, Table
from auditkit.what_if.source import Source

_NEVER_WRITTEN = frozenset(["hostNetwork", "hostPID", "hostIPC"])
"""Fields that are left out where they are false (k8s.io/api, core/v1: no pointers, and omitempty)."""

_NEVER_EMPTY = frozenset(["labels", "initContainers", "ephemeralContainers", "volumes", "imagePullSecrets",
                          "nodeSelector", "externalIPs"])
"""Lists and maps that are left out where they are empty (k8s.io/api, core/v1 and meta/v1: omitempty)."""

_ALWAYS_WRITTEN = "resources"
"""The field of a container that is written where it is empty too (core/v1: a struct without a pointer)."""

_QUANTITIES = ("resources.limits.", "resources.requests.")
_MARKS = frozenset("/^#@=|$'")
Key = tuple[str, str]


@dataclass
class _Shape:
    """An object while it is put together: leaves and lists by their path."""

    leaves: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """An object of the snapshot: its resource, and what is known of it."""

    resource: Resource
    namespace: str
    name: str
    thing: Partial

    @property
    def api_version(self) -> str:
        """The API version in which it is asked for."""
        version = self.resource.versions[0]
        return f"{self.resource.group}/{version}" if self.resource.group else version


def objects(snapshot: Source, resources: Collection[str] = (), root: str = "object",
            tables: Collection[str] = TABLES) -> Iterator[Found]:
    """The objects of a snapshot, or of some resources, in the order of their tables; ``root`` is what they are called
    where something of them is not known. What only other than these ``tables`` have is not known."""
    for name, resource in RESOURCES.items():
        if resource.form == "object" and (not resources or name in resources):
            yield from _of(snapshot, resource, root, tables)


def _of(snapshot: Source, resource: Resource, root: str, tables: Collection[str]) -> Iterator[Found]:
    shapes: dict[Key, _Shape] = {}
    below = []
    for table in TABLES.values():
        for rows in table.rows:
            if rows.source == resource.name and table.name in tables and _usable(table, rows):
                if rows.path:
                    below.append((table, rows))
                else:
                    _add_fields(shapes, snapshot, table, rows)
    for table, rows in below:
        _add_below(shapes, snapshot, table, rows)
    for (namespace, name), shape in shapes.items():
        yield Found(resource, namespace, name, _put_together(shape, resource, root))


def _usable(table: Table, rows: Rows) -> bool:
    """Whether a table tells which of its rows come from here, of which object they are, and all of them."""
    whole = not rows.keep and not rows.pattern
    return bool(whole and _one_row_each(table, rows) and _told_apart(table, rows) and _names(table, rows))


def _told_apart(table: Table, rows: Rows) -> bool:
    """Whether a column tells the rows that come from here from the others of the table."""
    told = {_place(column, rows).removeprefix("=") for column in table.columns}
    own = {key: value for key, value in rows.constants.items() if key in told}
    return all(any(other.constants.get(key) != value for key, value in own.items())
               for other in table.rows if other is not rows)


def _one_row_each(table: Table, rows: Rows) -> bool:
    """Whether the rows are one for each thing: none is repeated for the elements of a list in it."""
    plain = rows.path.removesuffix("[]").removesuffix("{}")
    places = [_place(column, rows) for column in table.columns]
    return "[" not in plain and "{" not in plain and not any("[]" in place or "{}" in place for place in places)


def _place(column: Column, rows: Rows) -> str:
    if isinstance(column.path, str):
        return column.path
    return column.path.get(rows.label, "^")


def _rows(snapshot: Source, table: Table, rows: Rows) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rows of a table that come from here, each with the namespace and name of its object."""
    frame = snapshot.frame(table.name)
    for column in table.columns:
        place = _place(column, rows)
        if place.startswith("=") and place[1:] in rows.constants:
            frame = frame[(frame[column.name] == rows.constants[place[1:]]).fillna(False)]
    namespace, name = _names(table, rows) or ("", "")
    for row in frame.to_dict("records"):
        home = row[namespace] if namespace else ""
        yield ("" if home is pd.NA else home, row[name]), row


def _names(table: Table, rows: Rows) -> tuple[str, str] | tuple[()]:
    """The columns with the namespace and the name of the object; none where the table does not have its name."""
    of_object = "/" if rows.path else ""
    named = {_place(column, rows): column.name for column in table.columns}
    if not of_object:
        named = {place.removeprefix("/"): name for place, name in named.items()}
    name = named.get(f"{of_object}metadata.name")
    return (named.get(f"{of_object}metadata.namespace", ""), name) if name else ()


def _add_fields(shapes: dict[Key, _Shape], snapshot: Source, table: Table, rows: Rows) -> None:
    for key, row in _rows(snapshot, table, rows):
        leaves = shapes.setdefault(key, _Shape()).leaves
        for column in table.columns:
            _keep(leaves, _place(column, rows).removeprefix("/"), column, row[column.name])


def _add_below(shapes: dict[Key, _Shape], snapshot: Source, table: Table, rows: Rows) -> None:
    """Adds a list, a map or a part of each object. One without rows has none, or an empty one."""
    found: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for key, row in _rows(snapshot, table, rows):
        found[key].append(row)
    for key, shape in shapes.items():
        _add_rows(shape, table, rows, found.get(key, []))


def _add_rows(shape: _Shape, table: Table, rows: Rows, found: list[dict[str, Any]]) -> None:
    path = rows.path
    if path.endswith("{}"):
        _add_map(shape, table, rows, found)
    elif path.endswith("[]"):
        _add_list(shape, path.removesuffix("[]"), table, rows, found)
    elif len(found) == 1:
        shape.leaves.update({f"{path}.{place}": value for place, value in _element(table, rows, found[0]).items()})


def _add_list(shape: _Shape, path: str, table: Table, rows: Rows, found: list[dict[str, Any]]) -> None:
    """Adds a list of texts, or one of objects, of which several tables may each know some fields."""
    itself = [column.name for column in table.columns if _place(column, rows) == "."]
    if itself:
        values = [row[itself[0]] for row in found]
        shape.leaves[path] = values if values else _without(path, [])
        return
    elements = [_element(table, rows, row) for row in found]
    known = shape.lists.setdefault(path, elements)
    if known is not elements and len(known) == len(elements):
        for one, other in zip(known, elements, strict=True):
            one.update(other)


def _without(path: str, empty: Any) -> Any:
    """A list or map without elements: absent, or perhaps written as an empty one."""
    return ABSENT if path.rpartition(".")[2] in _NEVER_EMPTY else Perhaps(empty, path)


def _add_map(shape: _Shape, table: Table, rows: Rows, found: list[dict[str, Any]]) -> None:
    names = {_place(column, rows): column.name for column in table.columns}
    if "$key" in names and "$value" in names:
        entries = {row[names["$key"]]: row[names["$value"]] for row in found}
        path = rows.path.removesuffix("{}")
        shape.leaves[path] = entries if entries else _without(path, {})


def _element(table: Table, rows: Rows, row: Mapping[str, Any]) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for column in table.columns:
        place = _place(column, rows)
        if not place.startswith("/"):
            _keep(leaves, place, column, row[column.name])
    return leaves


def _keep(leaves: dict[str, Any], place: str, column: Column, value: Any) -> None:
    """Keeps what a column tells of its place, where it tells its value or that it is there."""
    if _MARKS & set(place) or not place or place == ".":
        return
    if column.read == "present":
        leaves.setdefault(place, Hidden(place) if value is True else ABSENT)
    elif column.read == "value" or (column.read == "text" and any(each in place for each in _QUANTITIES)):
        leaves[place] = _leaf(place, column, value)


def _leaf(place: str, column: Column, value: Any) -> Any:
    if value is pd.NA or value is pd.NaT or value is None:
        return ABSENT
    if column.absent is not None and value == column.absent:
        return ABSENT if place.rpartition(".")[2] in _NEVER_WRITTEN else Perhaps(value, place)
    if isinstance(value, pd.Timestamp):
        return Hidden(place) if value.microsecond else value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _put_together(shape: _Shape, resource: Resource, root: str) -> Partial:
    leaves: dict[str, Any] = {path: [_nested(each, f"{root}.{path}[{at}]") for at, each in enumerate(elements)]
                              if elements else _without(path, []) for path, elements in shape.lists.items()}
    version = resource.versions[0]
    known = {"kind": resource.kind, "apiVersion": f"{resource.group}/{version}" if resource.group else version}
    return _nested({**shape.leaves, **leaves, **known}, root)


def _nested(leaves: Mapping[str, Any], where: str) -> Partial:
    """Leaves by their paths as objects in objects."""
    inner: dict[str, dict[str, Any]] = defaultdict(dict)
    fields: dict[str, Any] = {}
    for place, value in leaves.items():
        head, dot, rest = place.partition(".")
        if dot:
            inner[head][rest] = value
        else:
            fields[head] = _at(value, f"{where}.{head}")
    for head, below in inner.items():
        if head not in fields or isinstance(fields[head], Hidden):
            fields[head] = _struct(below, f"{where}.{head}")
    return Partial(fields, where)


def _at(value: Any, where: str) -> Any:
    """The value with its whole path."""
    if isinstance(value, Hidden):
        return Hidden(where)
    return Perhaps(value.value, where) if isinstance(value, Perhaps) else value


def _struct(leaves: Mapping[str, Any], where: str) -> Any:
    """An object in an object: surely there where one of its fields is."""
    there = any(not isinstance(value, Perhaps) and value is not ABSENT for value in leaves.values())
    made = _nested(leaves, where)
    return made if there or where.endswith(f"].{_ALWAYS_WRITTEN}") else Perhaps(made, where)
