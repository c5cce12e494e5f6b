"""Decoded objects to rows: each table takes its columns from the paths that it declares.

Whole columns at a time, and what many paths share is read once: a table of a container's ports asks for the pods'
names that the table of pods has asked for already. Where nothing lies at a place in any object, nothing below it is
looked at.
"""

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.base.times import in_utc
from auditkit.collectors.decode.structs import AS_JSON
from auditkit.tables import TABLES
from auditkit.tables.model import DTYPES, Column, Rows, Table

Batches = dict[str, list[pa.RecordBatch]]


class NotAValue(ValueError):
    """A value is none that its column can hold; the text says where."""


def batches_of(objects: list[Any], source: str, form: str, cells: dict[str, int]) -> Batches:
    """Record batches by table, of the objects of one resource.

    ``cells`` has the positions of the columns of the server's ``Table`` form, by their names.
    """
    levels: dict[tuple[str, ...], list[_Level]] = {(): [_Level(objects)]}
    batches: Batches = {}
    for table, rows in _readers(source, form):
        stack = _stack(levels, rows)
        if stack[-1].objects:
            batches.setdefault(table.name, []).append(_batch(table, rows, stack, cells))
    return batches


@cache
def _readers(source: str, form: str) -> tuple[tuple[Table, Rows], ...]:
    """Which tables take rows from a resource in this form."""
    return tuple(
        (table, rows) for table in TABLES.values() for rows in table.rows
        if rows.source == source and (rows.label == "table") == (form == "table")
    )


# --- levels: the objects that rows are made of ---------------------------------------------------------------------


class _Level:
    """The objects of one step of a row path, and for each of them the place of its parent and in its list."""

    def __init__(self, objects: list[Any], parent: np.ndarray | None = None, position: np.ndarray | None = None,
                 keys: list[str] | None = None):
        self.objects, self.position, self.keys = objects, position, keys
        self.parent = parent
        self.take = None if parent is None else pa.array(parent)
        self._values: dict[str, list[Any] | None] = {"": objects}
        self._columns: dict[tuple[str, str, str, Any], pa.Array] = {}

    def values(self, path: str) -> list[Any] | None:
        """What lies at a place in each object; ``None`` where there is nothing in any of them."""
        if path not in self._values:
            above, _, name = path.rpartition(".")
            things = self.values(above)
            self._values[path] = things and _inner(things, name)
        return self._values[path]

    def there(self, path: str) -> list[bool]:
        """For each object, true if something is at a place: an explicit null is nothing."""
        values = self.values(path)
        if values is None:
            return [False] * len(self.objects)
        nothing = _nothing(self.values(path.rpartition(".")[0]) or (), path.rpartition(".")[2])
        return [value is not nothing and value is not None and value != _NULL for value in values]

    def filled(self, path: str) -> list[bool]:
        """For each object, true if something is at a place: an empty list is nothing too, an empty object is
        something."""
        there = self.there(path)
        values = self.values(path) or there
        return [here and not _is_empty_list(value) for here, value in zip(there, values, strict=True)]

    def column(self, path: str, column: Column) -> pa.Array:
        """A column of these objects; the same place is read once, however many tables have it."""
        place = (path, column.read, column.dtype, column.absent)
        if place not in self._columns:
            array = _READ[column.read](self, path, column)
            self._columns[place] = array if column.absent is None else pc.fill_null(array, column.absent)
        return self._columns[place]


_NULL = msgspec.Raw(b"null")


def _is_empty_list(value: Any) -> bool:
    if isinstance(value, msgspec.Raw):
        return bytes(value)[:1] == b"[" and not bytes(value)[1:-1].strip()
    return isinstance(value, list) and not value


def _inner(things: list[Any], name: str) -> list[Any] | None:
    """An attribute of each thing; ``None`` where it is not there in any of them."""
    try:
        values = list(map(attrgetter(name), things))
    except AttributeError:  # some thing is an explicit null
        values = [None if thing is None else getattr(thing, name) for thing in things]
    nothing = _nothing(things, name)
    return None if values[0] is nothing and values.count(nothing) == len(values) else values


def _nothing(things: Any, name: str) -> Any:
    """What stands for an absent field: the empty struct of its type, or ``None``."""
    kind: Any = next((type(thing) for thing in things if thing is not None), None)
    return None if kind is None else _defaults(kind).get(name)


@cache
def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(struct)}


@cache
def steps(path: str) -> tuple[str, ...]:
    """A row path cut after each list or map: ``spec.rules[].http`` → ``spec.rules[]``, ``http``."""
    for mark in ("[]", "{}"):
        path = path.replace(f"{mark}.", f"{mark} ")
    return tuple(path.split())


def _stack(levels: dict[tuple[str, ...], list[_Level]], rows: Rows) -> list[_Level]:
    """The levels from the listed object down to the rows; levels that other tables made are used again."""
    parts = steps(rows.path)
    for depth in range(1, len(parts) + 1):
        here = parts[:depth]
        if here not in levels:
            levels[here] = [*levels[here[:-1]], _descend(levels[here[:-1]][-1], here[-1])]
    stack = levels[parts]
    if rows.pattern:
        return [*stack[:-1], _matching(stack[-1], rows.pattern)]
    return [*stack[:-1], _kept(stack[-1], rows.keep)] if rows.keep else stack


_NOWHERE = np.empty(0, np.int64)


def _descend(level: _Level, step: str) -> _Level:
    """One step down: into the elements of a list, the entries of a map, or an object that is there."""
    path = step.removesuffix("[]").removesuffix("{}")
    values = level.values(path) if level.objects else None
    if values is None or not any(values):
        return _Level([], _NOWHERE, _NOWHERE, [])
    if not step.endswith(("[]", "{}")):
        there = np.flatnonzero(level.there(path))
        return _Level([values[at] for at in there], there, np.zeros(len(there), np.int64))
    lengths = np.fromiter((len(value or ()) for value in values), np.int64, len(values))
    parent = np.repeat(np.arange(len(values)), lengths)
    position = np.arange(len(parent)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    filled = [value for value in values if value]
    if step.endswith("[]"):
        return _Level(list(chain.from_iterable(filled)), parent, position)
    keys = list(chain.from_iterable(filled))
    return _Level(list(chain.from_iterable(value.values() for value in filled)), parent, position, keys)


def _kept(level: _Level, keep: tuple[str, ...]) -> _Level:
    """Only the entries of a map whose key begins with one of these, or ends with one that is written ``*END``."""
    keys = level.keys
    if keys is None or level.parent is None or level.position is None:
        raise TypeError("only entries of a map can be kept")
    starts = tuple(each for each in keep if not each.startswith("*"))
    ends = tuple(each[1:] for each in keep if each.startswith("*"))
    at = [place for place, key in enumerate(keys) if key.startswith(starts) or key.endswith(ends)]
    return _Level([level.objects[place] for place in at], level.parent[at], level.position[at],
                  [keys[place] for place in at])


def _matching(level: _Level, pattern: str) -> _Level:
    """Only the texts of a list that match as a whole, and of each only the groups."""
    if level.parent is None or level.position is None:
        raise TypeError("only texts of a list can match")
    matches = map(re.compile(pattern).fullmatch, level.objects)
    found = {at: "".join(filter(None, match.groups())) for at, match in enumerate(matches) if match}
    at = list(found)
    return _Level(list(found.values()), level.parent[at], level.position[at])


# --- columns -------------------------------------------------------------------------------------------------------


@cache
def _split(table: str, label: str) -> tuple[list[Column], list[Column]]:
    """The columns with one value a row, and those that repeat the row for each of their elements."""
    single: list[Column] = []
    repeated: list[Column] = []
    for column in TABLES[table].columns:
        (repeated if column.place(label).endswith("[]") else single).append(column)
    return single, repeated


def _batch(table: Table, rows: Rows, stack: list[_Level], cells: dict[str, int]) -> pa.RecordBatch:
    single, repeated = _split(table.name, rows.label)
    arrays = {column.name: _column(column, rows, stack, cells) for column in single}
    if repeated:
        at, elements = _explode(stack[-1], repeated, rows.label)
        arrays = {name: array.take(at) for name, array in arrays.items()} | elements
    return pa.RecordBatch.from_arrays([arrays[column.name] for column in table.columns], schema=table.schema)


def _explode(level: _Level, repeated: list[Column], label: str) -> tuple[pa.Array, dict[str, pa.Array]]:
    """Each combination of the elements of several lists: the number of its row, and a column for each list.

    A list without elements drops its row, or where it is optional stands in it as ``<NA>``.
    """
    row = np.arange(len(level.objects))
    columns: dict[str, pa.Array] = {}
    for column in repeated:
        lists = level.values(column.place(label).removesuffix("[]")) or [None] * len(level.objects)
        nothing = (None,) if column.each == "optional" else ()
        filled = [lists[at] or nothing for at in row]
        at = np.repeat(np.arange(len(row)), np.fromiter(map(len, filled), np.int64, len(filled)))
        columns = {name: array.take(pa.array(at)) for name, array in columns.items()}
        columns[column.name] = pa.array(list(chain.from_iterable(filled)), DTYPES[column.dtype])
        row = row[at]
    return pa.array(row), columns


def _column(column: Column, rows: Rows, stack: list[_Level], cells: dict[str, int]) -> pa.Array:
    place, dtype, count = column.place(rows.label), DTYPES[column.dtype], len(stack[-1].objects)
    if place[:1] in "='" and place:
        value = rows.constants.get(place[1:]) if place[0] == "=" else place[1:]
        return pa.repeat(pa.scalar(value, dtype), count)
    if place.startswith("@"):
        return _cells(stack[-1].objects, cells.get(place[1:]), column)
    up = len(place) - len(place.lstrip("^"))
    place = place[up:]
    depth = 0 if place.startswith("/") else len(stack) - 1 - up
    if depth < 0 or (place == "#" and depth == 0):
        return pa.nulls(count, dtype)
    level = stack[depth]
    if place == "#":
        array = pa.array(level.position)
    elif place == "$key":
        array = pa.array(level.keys, dtype)
    else:
        array = level.column("" if place in (".", "$value") else place.lstrip("/"), column)
    for below in stack[depth + 1:]:
        array = array.take(below.take)
    return array


def _cells(objects: list[Any], at: int | None, column: Column) -> pa.Array:
    """Cells of the ``Table`` form; the server writes counts as text or number. Raises `NotAValue`."""
    values = [row.cells[at] if at is not None and at < len(row.cells or ()) else None for row in objects]
    try:
        if column.dtype == "int64":
            values = [int(value) if value is not None else None for value in values]
        return pa.array(values, DTYPES[column.dtype])
    except (ValueError, TypeError, OverflowError):
        raise NotAValue(f"a cell of the table is not a {column.dtype} ({column.name})") from None


# --- ways of reading a place ---------------------------------------------------------------------------------------


def _read_value(level: _Level, path: str, column: Column) -> pa.Array:
    values = level.values(path)
    if values is None:
        return pa.nulls(len(level.objects), DTYPES[column.dtype])
    if column.dtype == "timestamp":
        values = [_utc(value, path) for value in values]
    elif path in _IMAGES:
        values = [value and _NO_IMAGE.sub(r"\1", value.partition("?")[0]) for value in values]
    return pa.array(values, DTYPES[column.dtype])


_IMAGES = ("image", "imageID", "image.reference")
_NO_IMAGE = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@(?=[^@]*/)", re.DOTALL)
"""A user with a password before a registry: no reference to an image has one, nor a query, and people write both all
the same. (The ``@`` of a digest stands behind the last ``/``.)"""


def _utc(time: dt.datetime | None, path: str) -> dt.datetime | None:
    """A time in UTC. Raises `NotAValue`."""
    try:
        return time and in_utc(time)
    except ValueError as error:
        raise NotAValue(f"{path} has {error}") from None


def _read_text(level: _Level, path: str, column: Column) -> pa.Array:
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _read_count(level: _Level, path: str, column: Column) -> pa.Array:
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([None if value is None else len(value) for value in values], pa.int64())


def _read_present(level: _Level, path: str, column: Column) -> pa.Array:
    return pa.array(level.there(path), pa.bool_())


def _read_empty(level: _Level, path: str, column: Column) -> pa.Array:
    """True if a text is blank or null. It is not kept."""
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([not (value or "").strip() for value in values], pa.bool_())


def _read_reference(level: _Level, path: str, column: Column) -> pa.Array:
    """A text that has the form of a reference; any other may be a secret, and is not kept."""
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([value if value and _REFERENCE.fullmatch(value) else None for value in values], pa.string())


_REFERENCE = re.compile(
    r"[A-Za-z]{1,16}[-_ #]?[0-9]{1,12}"
    r"|#?[0-9]{1,12}"
    r"|[a-z0-9][a-z0-9._-]{0,62}:[A-Za-z0-9.]{0,63}/[A-Za-z]{1,63}:[a-z0-9.-]{0,63}/[a-z0-9.:-]{1,253}")
"""A ticket (``CHG-1042``, ``#77``), or what Argo CD tracks (``app:apps/Deployment:namespace/name``)."""


def _read_hosts(level: _Level, path: str, column: Column) -> pa.Array:
    """The host names in the matchers of a rule; the rest of it may hold a secret, as the value of a header."""
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([_hosts(value) if value else None for value in values], pa.string())


def _hosts(rule: str) -> str | None:
    """The host names that a rule is for, with commas between; ``None`` where it may be for others too.

    Texts are taken out before matchers are looked for: that of a header can look like a matcher.
    """
    if _GAP in rule:
        return None
    texts = [text[1:-1] for text in _QUOTED.findall(rule)]
    bare = _QUOTED.sub(_GAP, rule)
    matchers = [(found[1], texts[bare.count(_GAP, 0, found.start(2)):bare.count(_GAP, 0, found.end(2))])
                for found in _MATCHER.finditer(bare)]
    hosts = [name for matcher, names in matchers if matcher in _OF_HOST for name in names]
    others = "||" in bare and not {matcher for matcher, _ in matchers} <= _OF_HOST
    unsure = others or _UNSURE.search(bare) or "*" in hosts or not all(map(_HOST.fullmatch, hosts))
    return None if unsure or not hosts else ",".join(hosts)


_OF_HOST = {"Host", "HostSNI"}
_GAP = "\0"
"""Stands for a text that was taken out."""
_QUOTED = re.compile(r'`[^`]*`|"(?:[^"\\]|\\.)*"')
_UNSURE = re.compile("[!`\"']")
"""Of what is left: a negation, or a text that is none in Go's expressions."""
_MATCHER = re.compile(r"\b([A-Za-z]+)\s*\(([^()]*)\)")
_HOST = re.compile(r"[A-Za-z0-9.*-]{1,253}")


def _read_redirection(level: _Level, path: str, column: Column) -> pa.Array:
    """The ports in arguments by which traffic is redirected to a proxy; all other arguments may hold a secret."""
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([_redirection(value) if isinstance(value, list) else None for value in values], pa.string())


def _redirection(arguments: Any) -> str | None:
    """Ports by what is done with them, as ``included=* excluded=15090,15021``; what is none is ``?``."""
    texts = [text if isinstance(text, str) else "" for text in map(msgspec.json.decode, arguments)]
    found: dict[str, str] = {}
    for text, following in zip(texts, [*texts[1:], ""], strict=True):
        option, given, value = _SHORTHAND.sub(r"\1=", text, count=1).partition("=")
        if what := _REDIRECTING.get(option):
            ports = "".join((value if given else following).split())
            known = what != "other" and what not in found and _PORTS.fullmatch(ports)
            found[what] = ports if known else "?"
    return " ".join(f"{what}={ports}" for what, ports in sorted(found.items())) or None


_REDIRECTING = {
    "-b": "included", "--istio-inbound-ports": "included", "-d": "excluded", "--istio-local-exclude-ports": "excluded",
    "--inbound-ports-to-ignore": "excluded",
    "-c": "other", "--istio-exclude-interfaces": "other", "-k": "other", "--kube-virt-interfaces": "other",
    "--subnets-to-ignore": "other", "--inbound-ports-to-redirect": "other",
}
"""What options of istio-iptables and of Linkerd's proxy-init decide over."""
_SHORTHAND = re.compile("^(-[bdck])(?=[^=])")
"""An option of one letter whose value follows without a space or ``=``, as pflag reads it."""
_PORTS = re.compile(r"\*|[0-9]{0,5}(?:[,-][0-9]{0,5}){0,200}")


def _read_json(level: _Level, path: str, column: Column) -> pa.Array:
    """All that lies at a place, as JSON, but for what in addresses can be a credential: a user, and a query."""
    values = level.values(path) or [None] * len(level.objects)
    return pa.array([text and _without_credentials(text) for text in map(_as_json, values)], pa.string())


def _without_credentials(text: str) -> str:
    """A text without the users and queries of the addresses in it."""
    return _QUERY.sub(r"\1", _USER_INFO.sub("://", text)) if "://" in text else text


_USER_INFO = re.compile(r'://[^/\s"?#]*@')
_QUERY = re.compile(r'(://[^\s"?#]*)[?#][^\s"]*')


def _as_json(value: Any) -> str | None:
    """What was decoded, as JSON; None where nothing was there."""
    if value is None or isinstance(value, msgspec.Struct):
        return getattr(value, AS_JSON, "") or None
    return msgspec.json.encode(value, order="deterministic").decode()


def _read_first_of(level: _Level, path: str, column: Column) -> pa.Array:
    """Which of several keys is there; rows are looked at again only while none was found."""
    found = np.full(len(level.objects), None, object)
    left = np.arange(len(level.objects))
    for option in path.split("|"):
        if level.values(option) is None:
            continue
        there = np.array(level.filled(option))[left]
        found[left[there]] = option.rpartition(".")[2]
        left = left[~there]
        if not len(left):
            break
    return pa.array(found, pa.string())


_READ: dict[str, Callable[[_Level, str, Column], pa.Array]] = {
    "value": _read_value, "text": _read_text, "count": _read_count,
    "present": _read_present, "empty": _read_empty, "first_of": _read_first_of,
    "reference": _read_reference, "hosts": _read_hosts, "redirection": _read_redirection, "json": _read_json,
}
