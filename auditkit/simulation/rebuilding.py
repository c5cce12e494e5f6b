"""Objects that give the rows which a snapshot has of them: the decoder, turned round.

Each column has its place in the object, so that an object can be put together which the decoder reads as the same rows.
What no column holds is missing in it, and what a column only counts or knows to be there has a stand-in. So a manifest
can be merged into it as the API server merges it into the real one, and read again.

`rebuilt` proves its work: an object that would not give its own rows again is not handed out.
"""

from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Any

import msgspec
import pyarrow as pa

from auditkit.collectors.decode.objects import decode
from auditkit.collectors.decode.rows import steps
from auditkit.simulation.places import (
    UNREAD,
    Malformed,
    Object,
    Place,
    at,
    listed,
    placed,
    places,
    put,
    stand_in,
    there,
)
from auditkit.simulation.rows import Key, of_object
from auditkit.tables import RESOURCES, TABLES
from auditkit.tables.model import Rows, Table


class NotRebuilt(ValueError):
    """The rows of an object do not tell enough to put it together; the text names the tables that do not."""


def rebuilt(tables: Mapping[str, pa.Table], source: str, key: Key) -> Object | None:
    """An object that gives the rows which tables have of it; None where they have none. Raises `NotRebuilt`."""
    found = {(table.name, number): (table, rows, of_object(tables[table.name], table, rows, key))
             for number, (table, rows) in enumerate(readers(source))}
    writers = [_Writer(table, rows, own.to_pylist()) for table, rows, own in found.values() if own.num_rows]
    if not writers:
        return None
    thing = _named(source, key)
    for writer in writers:
        writer.write(thing)
    for writer in writers:
        writer.complete()
    if source == "pods":
        placed(thing, "spec").setdefault("containers", [])
    _prove(source, thing, [(table.name, own) for table, _, own in found.values()])
    return thing


def _named(source: str, key: Key) -> Object:
    resource, (namespace, name) = RESOURCES[source], key
    version = resource.versions[0]
    return {"apiVersion": f"{resource.group}/{version}" if resource.group else version, "kind": resource.kind,
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}


@cache
def readers(source: str) -> tuple[tuple[Table, Rows], ...]:
    """What takes rows from the objects of a resource: what is kept as it is first, outer things before inner ones."""
    found = [(table, rows) for table in TABLES.values() for rows in table.rows
             if rows.source == source and rows.label != "table"]
    return tuple(sorted(found, key=lambda each: (not any(column.read == "json" for column in each[0].columns),
                                                 len(steps(each[1].path)))))


def seen(source: str, thing: Object) -> dict[str, set[tuple[Any, ...]]]:
    """What the tables have of an object, each row once. Raises `Malformed`."""
    page = decode(msgspec.json.encode({"items": [thing]}), source)
    if page.malformed:
        raise Malformed(page.malformed[0].partition(": ")[2] or page.malformed[0])
    return {name: {row for batch in batches for row in _distinct(batch)} for name, batches in page.batches.items()}


def alike(source: str, one: Object, other: Object) -> bool:
    """True if no table can tell two objects apart."""
    return one == other or seen(source, one) == seen(source, other)


def _prove(source: str, thing: Object, wanted: list[tuple[str, pa.Table]]) -> None:
    """Raises `NotRebuilt` unless the decoder reads the object as just these rows."""
    expected: dict[str, set[tuple[Any, ...]]] = {}
    for name, own in wanted:
        expected.setdefault(name, set()).update(_distinct(own))
    try:
        found = seen(source, thing)
    except Malformed as error:
        raise NotRebuilt(str(error)) from None
    if wrong := [name for name, rows in expected.items() if rows != found.get(name, set())]:
        raise NotRebuilt(", ".join(wrong))


def _distinct(rows: pa.Table | pa.RecordBatch) -> set[tuple[Any, ...]]:
    return set(zip(*(column.to_pylist() for column in rows.columns), strict=True))


class _Writer:
    """Writes the rows that a table has of an object into it."""

    def __init__(self, table: Table, rows: Rows, own: list[dict[str, Any]]):
        self._source, self._rows, self._steps = rows.source, own, steps(rows.path)
        self._single = [column.name for column in table.columns if not column.repeats]
        self._repeats = len(self._single) < len(table.columns)
        found = places(table.columns, rows, len(self._steps))
        self._at = [[each for each in found if each.level == level] for level in range(len(self._steps) + 1)]
        self._bases = [".".join(self._steps[:level]) for level in range(len(self._steps) + 1)]
        self._used: set[int] = set()
        self._last: tuple[int, Any, Object] | None = None
        self._written: list[tuple[dict[str, Any], list[Any]]] = []

    def write(self, thing: Object) -> None:
        """Writes the values of each row at their places."""
        for row in self._rows:
            path: list[Any] = [thing]
            for level, step in enumerate(self._steps, 1):
                found = self._inside(path[-1], step, level, row)
                if found is None:
                    break
                path.append(found)
            else:
                self._written.append((row, path))
                for level, element in enumerate(path):
                    for place in self._at[level] if isinstance(element, dict) else ():
                        _write(element, place, row[place.column.name])

    def complete(self) -> None:
        """Adds stand-ins for what columns only count or know to be there. All that is known stands there already."""
        for row, path in self._written:
            for level, element in enumerate(path):
                for place in self._at[level] if isinstance(element, dict) else ():
                    self._hint(element, place, level, row[place.column.name])

    def _inside(self, parent: Object, step: str, level: int, row: dict[str, Any]) -> Any:
        """What a row is about in its parent on this level; None where it is of another list."""
        bare = step.removesuffix("[]").removesuffix("{}")
        if step.endswith("{}"):
            return self._entry(placed(parent, bare), level, row)
        if step.endswith("[]"):
            return self._element(parent, bare, level, row)
        itself = next((row[place.column.name] for place in self._at[level] if place.path == "."), None)
        if itself is not None:
            put(parent, bare, itself)
        return placed(parent, bare) if itself is None else itself

    def _entry(self, entries: Object, level: int, row: dict[str, Any]) -> str:
        """Writes the entry of a map, and returns its key."""
        key: str = next(row[place.column.name] for place in self._at[level] if place.path == "$key")
        for place in self._at[level]:
            value = row[place.column.name]
            if place.path == "$value" and place.column.read == "empty":
                entries.setdefault(key, "" if value else UNREAD)
            elif place.path == "$value" and value is not None:
                entries[key] = value
        entries.setdefault(key, UNREAD)
        return key

    def _element(self, parent: Object, bare: str, level: int, row: dict[str, Any]) -> Any:
        """The element of a list that a row is of, or is itself; None where the list is not the one that is meant."""
        here = {place.path: row[place.column.name] for place in self._at[level]}
        if "#" in here and here["#"] is not None:
            elements = listed(parent, bare)
            elements.extend({} for _ in range(here["#"] + 1 - len(elements)))
            return elements[here["#"]]
        if level < len(self._steps):
            return self._ancestor(parent, bare, level, row) if here else _added(parent, bare)
        if "." in here:
            listed(parent, bare).append(here["."])
            return here["."]
        return self._own(listed(parent, bare), here.get("name"), tuple(row[name] for name in self._single))

    def _ancestor(self, parent: Object, bare: str, level: int, row: dict[str, Any]) -> Object | None:
        """The element, made by another table, that has what the row says of it."""
        def same(element: Object) -> bool:
            return all(at(element, place.path) in (row[place.column.name], None if row[place.column.name] in (
                None, place.column.absent) else row[place.column.name]) for place in self._at[level])
        return next((each for each in at(parent, bare) or () if same(each)), None)

    def _own(self, elements: list[Any], name: str | None, single: tuple[Any, ...]) -> Object:
        """The element that a row is: the one of the row before where only a list in it differs, one of its name that
        another table has made, or a new one."""
        if self._repeats and self._last and self._last[:2] == (id(elements), single):
            return self._last[2]
        made = next((each for each in elements if name is not None and each.get("name") == name
                     and id(each) not in self._used), None)
        if made is None:
            made = {}
            elements.append(made)
        self._used.add(id(made))
        self._last = (id(elements), single, made)
        return made

    def _hint(self, element: Object, place: Place, level: int, value: Any) -> None:
        read, path = place.column.read, place.path
        if read == "present" and value and not there(element, path):
            put(element, path, self._stand_in(level, path))
        elif read == "first_of" and value is not None:
            options = [each for each in path.split("|") if each.rpartition(".")[2] == value]
            if not any(there(element, each) for each in options):
                put(element, options[0], self._stand_in(level, options[0]))
        elif read == "count" and value and not isinstance(at(element, path), dict):
            elements = listed(element, path)
            elements.extend(self._stand_in(level, f"{path}[]") for _ in range(value - len(elements)))

    def _stand_in(self, level: int, path: str) -> Any:
        """What stands at a place of which only the presence is known: the default, where a column has it."""
        default = next((place.column.absent for place in self._at[level]
                        if place.path == path and place.column.absent is not None), None)
        return copy(stand_in(self._source, f"{self._bases[level]}.{path}".lstrip("."))) if default is None else default


def _added(parent: Object, bare: str) -> Object:
    made: Object = {}
    listed(parent, bare).append(made)
    return made


def _write(element: Object, place: Place, value: Any) -> None:
    """Writes the value of a column at its place, where it is one that stands there."""
    column, path = place.column, place.path
    if value is None or path in ("#", "$key", "$value", "."):
        return
    if column.read == "json":
        put(element, path, msgspec.json.decode(value))
    elif path.endswith("[]"):
        elements = listed(element, path.removesuffix("[]"))
        if value not in elements:
            elements.append(value)
    elif column.read in ("value", "text") and value != column.absent:
        put(element, path, f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if column.dtype == "timestamp" else value)
