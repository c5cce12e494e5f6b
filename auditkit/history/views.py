"""Which columns of which tables say what of an object: worked out from the declarations of the tables.

Nothing here names a kind of Kubernetes. A table is about the objects of the resources that its rows come from, and the
path of a column is the name of a field. So a table that is added to the data model is compared from the same day on.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, NamedTuple

from auditkit.collectors.decode.structs import places
from auditkit.history.noise import COLUMNS, READ, TABLES, UNREAD
from auditkit.tables import RESOURCES
from auditkit.tables import TABLES as DECLARED
from auditkit.tables.model import Column, Rows, Table
from auditkit.tables.pods import CONTROLLERS

_META = ("metadata.", "object.metadata.")
_IDENTITY = ("namespace", "name", "uid", "creationTimestamp")
_SELECTORS = (".matchLabels{}", ".matchExpressions[]")
_PODS = {"pods": ""} | {source: path for source, (_, path) in CONTROLLERS.items()}
"""The resources that hold a pod, and where in them it lies."""

Form = Literal["object", "named", "set"]


class Value(NamedTuple):
    """A column as (part of) a field: its name in the field, and the value that the API takes where it is absent.

    ``many``: the object has a row for each element of a list, and this is the element. ``json``: all that lies there.
    """

    column: str
    field: str
    default: Any = None
    many: bool = False
    json: bool = False


class View(NamedTuple):
    """What some rows of a table say of an object.

    ``form``: the row is the ``object`` itself, an element with a name (``named``), or one of a ``set``. ``path`` are
    the parts of the field that the rows are: texts, and columns that name an element (``position``: by its number).
    ``values`` are the columns that say something, ``own`` those that say it of the object and not of the element.
    """

    table: str
    source: str
    kind: str
    namespace: str | None
    name: str
    uid: str | None
    form: Form
    path: tuple["str | Named", ...]
    values: tuple[Value, ...]
    own: tuple[Value, ...]


class Named(NamedTuple):
    """A part of a field that a column names."""

    column: str
    position: bool = False


class TableViews(NamedTuple):
    """The views of one table: by the values of the constant columns, which say from where a row comes."""

    table: Table
    constants: tuple[str, ...]
    by_constants: dict[tuple[str | None, ...], View]
    compared: tuple[str, ...]

    @property
    def naming(self) -> frozenset[str]:
        """The columns that say of which object a row is, and of what in it."""
        found = {name for view in self.by_constants.values() for name in (view.namespace, view.name, *(
            part.column for part in view.path if isinstance(part, Named))) if name}
        return frozenset({*self.constants, *found})


@cache
def all_views() -> dict[str, TableViews]:
    """The views of every table that is about objects of the cluster's resources, by the table's name."""
    found = {table.name: _views(table) for table in DECLARED.values() if table.name not in TABLES}
    return {name: views for name, views in found.items() if views is not None}


@cache
def listing(kind: str) -> frozenset[str]:
    """The tables that have a row for each object of a kind."""
    return frozenset(name for name, views in all_views().items() for view in views.by_constants.values()
                     if view.kind == kind and view.form == "object"
                     and not any(column.repeats for column in views.table.columns))


@cache
def sources() -> tuple[str, ...]:
    """The resources whose objects are compared."""
    return tuple(dict.fromkeys(view.source for views in all_views().values() for view in views.by_constants.values()))


def _views(table: Table) -> TableViews | None:
    """The views of a table; None where its rows are about no object of a resource."""
    read = [rows for rows in table.rows if rows.source in RESOURCES]
    if not read or len(read) < len(table.rows):
        return None
    constants = tuple(column.name for column in table.columns
                      if isinstance(column.path, str) and column.path.startswith("="))
    by_constants: dict[tuple[str | None, ...], list[Rows]] = {}
    for rows in read:
        key = tuple(rows.constants.get(str(_column(table, name).path)[1:]) for name in constants)
        by_constants.setdefault(key, []).append(rows)
    views = {key: view for key, rows in by_constants.items() if (view := _view(table, rows))}
    names = {name for view in views.values() for name in _columns(view)}
    return TableViews(table, constants, views, tuple(
        column.name for column in table.columns if column.name in names or column.name in constants)) if views else None


def _view(table: Table, rows: list[Rows]) -> View | None:
    """What rows of one origin say."""
    first = rows[0]
    identity = {part: column.name for column in table.columns for part in _IDENTITY
                if places(first, column) in ([f"{meta}{part}"] for meta in _META)}
    if "name" not in identity:
        return None
    path = _common(rows)
    if requirements := _requirements(table, rows):
        parts, _ = _path(table, first, _steps(path), anonymous=True)
        return View(table.name, first.source, RESOURCES[first.source].kind, identity.get("namespace"), identity["name"],
                    identity.get("uid"), "set", parts, requirements, ())
    steps = _steps(path) if path.endswith(("[]", "{}")) or "[]." in path else []
    parts, form = _path(table, first, steps)
    naming = {part.column for part in parts if isinstance(part, Named)}
    values: list[Value] = []
    own: list[Value] = []
    for column in table.columns:
        if column.name in naming or column.name in identity.values():
            continue
        place = column.place(first.label)
        if (found := _value(table, first, column, place, bool(steps))) is None:
            continue
        (own if place.startswith("/") and steps else values).append(found)
    if form == "object" and any(value.many for value in values):
        own += [value for value in values if not value.many]
        values = [value for value in values if value.many]
    return View(table.name, first.source, RESOURCES[first.source].kind, identity.get("namespace"), identity["name"],
                identity.get("uid"), form, parts, tuple(values), tuple(own))


def _requirements(table: Table, rows: list[Rows]) -> tuple[Value, ...]:
    """What a requirement of a label selector says, as one of ``matchLabels`` says it too; none for other rows."""
    written = next((each for each in rows if each.path.endswith(_SELECTORS[1])), None)
    names = {column.place(written.label): column.name for column in table.columns} if written else {}
    fields = {"key": None, "operator": "In", "values[]": None}
    if not fields.keys() <= names.keys():
        return ()
    return tuple(Value(names[place], place.removesuffix("s[]"), default) for place, default in fields.items())


def _value(table: Table, rows: Rows, column: Column, place: str, inside: bool) -> Value | None:
    """A column as a value; None where it says nothing of substance, or what another table says better."""
    if (table.name, column.name) in COLUMNS or place[:1] in ("=", "'") or place.strip("^") == "#":
        return None
    if place.startswith("^") or place == "$key":
        return None
    there = places(rows, column)
    if there and all(each.startswith(UNREAD) and not each.startswith(READ) for each in there):
        return None
    if column.read in ("count", "present") and any(_told(rows.source, each) for each in there):
        return None
    if inside and not place.startswith("/"):
        field = "" if place in (".", "$value") else place.removesuffix("[]")
    else:
        field = _field(rows.source, there[0] if there else column.name)
    if column.read == "first_of":
        field = column.name
    elif column.read == "count" and there:
        field = f"{field} (number)"
    many = not inside and place.endswith("[]")
    return Value(column.name, field.removesuffix("[]"), _default(rows.source, column, inside), many,
                 column.read == "json")


def _default(source: str, column: Column, inside: bool) -> Any:
    """The value that says nothing where an object comes or goes; a word such as a Secret's type always says something
    of the object itself."""
    if isinstance(column.absent, str) and not inside and source not in _PODS:
        return None
    return False if column.read == "present" else column.absent


def _path(table: Table, rows: Rows, steps: list[str], *,
          anonymous: bool = False) -> tuple[tuple[str | Named, ...], Form]:
    """The parts of the field that rows of this path are, and their form. ``anonymous``: the last has no name."""
    parts: list[str | Named] = []
    done = ""
    for at, step in enumerate(steps):
        up = len(steps) - 1 - at
        done = f"{done}.{step}".strip(".")
        parts.append(_field(rows.source, _bare(done)) if at == 0 else _bare(step))
        if (up or not anonymous) and (named := _named(table, rows, up, done)):
            parts.append(named)
    if not steps:
        return (), "object"
    last = parts[-1]
    return tuple(parts), "named" if isinstance(last, Named) and not last.position else "set"


def _named(table: Table, rows: Rows, up: int, path: str) -> Named | None:
    """The column that names the elements of a list or map so many levels above a row; None where none does."""
    lead = "^" * up
    for column in table.columns:
        place = column.place(rows.label)
        if place == "$key" and not up:
            return Named(column.name)
        if place == f"{lead}name" and column.name in table.key and (up or _only_name(table, rows)):
            return Named(column.name)
    for column in table.columns:
        if column.place(rows.label) == f"{lead}#" and (up or path in _referred(rows.source)):
            return Named(column.name, position=True)
    return None


def _only_name(table: Table, rows: Rows) -> bool:
    """True if the key of a row has, beside its object, constants and what it lies in, no more than a name."""
    own = [column for column in table.columns if column.name in table.key
           and column.place(rows.label)[:1] not in ("/", "=", "^")]
    return [column.place(rows.label) for column in own if not _is_identity(rows, column)] == ["name"]


def _is_identity(rows: Rows, column: Column) -> bool:
    return any(places(rows, column) == [f"{meta}{part}"] for meta in _META for part in _IDENTITY)


@cache
def _referred(source: str) -> frozenset[str]:
    """The lists of a resource whose positions tie rows of several tables together."""
    found = set()
    for table in DECLARED.values():
        for rows in table.rows:
            if rows.source == source:
                steps = _steps(rows.path)
                for column in table.columns:
                    up = len(place := column.place(rows.label)) - len(place.lstrip("^"))
                    if up and place.endswith("#") and up < len(steps):
                        found.add(".".join(steps[:len(steps) - up]))
    return frozenset(found)


@cache
def _lists(source: str) -> frozenset[str]:
    """The paths of all rows of a resource."""
    return frozenset(rows.path for table in DECLARED.values() if table.name not in TABLES
                     for rows in table.rows if rows.source == source)


def _told(source: str, place: str) -> bool:
    """True if rows of another table are what lies at a place: they say more than how many there are."""
    return any(path.startswith((f"{place}[]", f"{place}{{}}", f"{place}.")) for path in _lists(source))


def _field(source: str, path: str) -> str:
    """The name of a field for people: its path, without the parts that every field of the kind has."""
    if source in _PODS:
        base = f"{_PODS[source]}." if _PODS[source] else ""
        for inside, shown in ((f"{base}metadata.", "template." if base else ""), (f"{base}spec.", "")):
            if path.startswith(inside):
                return shown + path.removeprefix(inside)
    return path.removeprefix("object.").removeprefix("metadata.")


def _common(rows: list[Rows]) -> str:
    """The path that rows share: that of a selector, without the forms of its requirements."""
    paths = {each.path for each in rows}
    paths = {path.removesuffix(form) for path in paths for form in _SELECTORS if path.endswith(form)} or paths
    return min(paths, key=len) if all(path.startswith(min(paths, key=len)) for path in paths) else rows[0].path


def _steps(path: str) -> list[str]:
    """A row path cut after each list or map."""
    for mark in ("[]", "{}"):
        path = path.replace(f"{mark}.", f"{mark} ")
    return path.split()


def _bare(path: str) -> str:
    return path.replace("[]", "").replace("{}", "")


def _column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _columns(view: View) -> Iterable[str]:
    """The columns that a view reads."""
    yield from (name for name in (view.namespace, view.name) if name)
    yield from (part.column for part in view.path if isinstance(part, Named))
    yield from (value.column for value in (*view.values, *view.own))
