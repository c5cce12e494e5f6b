"""What differing rows say: fields of objects and their values, before and after."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from auditkit.history.noise import ANNOTATIONS, TAINTS
from auditkit.history.views import Named, TableViews, View

Scalar = str | int | bool | None
_PRESENT = "present"
ACCOUNT_VOLUME = "kube-api-access-"
"""How the names of those volumes begin (Kubernetes: admission plugin ServiceAccount)."""


class Object(NamedTuple):
    """An object of the cluster; ``namespace`` is empty where its kind has none."""

    kind: str
    namespace: str
    name: str


class Field(NamedTuple):
    """A field that differs: what it was and what it is; None where it was not there."""

    field: str
    before: Scalar
    after: Scalar


class Side:
    """What the rows that only one snapshot has say of each object: values by field, and elements of sets by field."""

    def __init__(self) -> None:
        self.values: dict[Object, dict[str, tuple[Scalar, bool]]] = defaultdict(dict)
        self.elements: dict[Object, dict[str, list[dict[str, Scalar]]]] = defaultdict(lambda: defaultdict(list))
        self.named: dict[Object, dict[str, bool]] = defaultdict(dict)
        self.beside: dict[Object, set[str]] = defaultdict(set)

    def read(self, views: TableViews, rows: pa.Table) -> None:
        """Add the rows of a table."""
        for row in rows.select(views.compared).to_pylist():
            view = views.by_constants.get(tuple(row[name] for name in views.constants))
            if view is not None and row[view.name] is not None and not _generated(view, row):
                self._add(view, row)

    def _add(self, view: View, row: dict[str, Any]) -> None:
        thing = Object(view.kind, (row[view.namespace] if view.namespace else None) or "", row[view.name])
        field = _path(view, row)
        if field.startswith(ANNOTATIONS):
            return
        values = self.values[thing]
        for value in view.own:
            self.beside[thing].add(value.field)
            values[value.field] = row[value.column], row[value.column] == value.default
        if view.form == "set":
            element = {value.field: row[value.column] for value in view.values
                       if row[value.column] is not None and row[value.column] != value.default}
            if not _observed(element):
                self.elements[thing][field].append(element)
            return
        if view.form == "named":
            self.named[thing][field] = bool(view.values)
        for value in view.values:
            name = ".".join(filter(None, (field, value.field)))
            if value.many:
                self.elements[thing][name] += [{"": row[value.column]}] if row[value.column] is not None else []
                continue
            if value.json and row[value.column] is not None:
                self._parts(thing, name, msgspec.json.decode(row[value.column]))
                continue
            values[name] = row[value.column], row[value.column] == value.default

    def _parts(self, thing: Object, field: str, part: Any) -> None:
        """Add what lies in JSON: fields one by one, elements by their name or place, lists of values as sets."""
        match part:
            case dict():
                for name, inner in part.items():
                    self._parts(thing, f"{field}.{name}", inner)
            case list() if any(isinstance(each, dict) for each in part):
                for place, inner in enumerate(part):
                    named = isinstance(inner, dict) and inner.get("name")
                    self._parts(thing, f"{field}.{named}" if named else f"{field}[{place}]", inner)
            case list():
                self.elements[thing][field] += [{"": each} for each in part]
            case _:
                self.values[thing][field] = part, False


def _generated(view: View, row: dict[str, Any]) -> bool:
    """True for the volume with the token of a pod's account, which admission writes into each pod."""
    return view.source == "pods" and any(str(row.get(name)).startswith(ACCOUNT_VOLUME) for name in ("name", "volume"))


def _observed(element: dict[str, Scalar]) -> bool:
    """True for a taint by which the cluster says how a node is."""
    return element.get("key") in TAINTS and "effect" in element


def fields(thing: Object, before: Side, after: Side, *, both: bool) -> list[Field]:
    """The fields of an object in which two snapshots differ, in the order of their names. ``both`` is true where both
    have the object: what a row says beside itself counts only where rows of both say it."""
    found = [each for each in _values(thing, before, after)
             if not (both and each.field in before.beside.get(thing, set()) ^ after.beside.get(thing, set()))]
    found += _sets(thing, before, after)
    return sorted(dict.fromkeys(found), key=lambda each: (each.field, str(each.before), str(each.after)))


def _values(thing: Object, before: Side, after: Side) -> Iterator[Field]:
    """Values that differ. Of what is only in one of the two, what is the API's default says nothing."""
    old, new = before.values.get(thing, {}), after.values.get(thing, {})
    for field in {**old, **new}:
        (was, was_default), (now, now_default) = old.get(field, (None, True)), new.get(field, (None, True))
        alone = field not in old or field not in new
        if was != now and not (alone and was_default and now_default):
            yield Field(field, was, now)
    for field in {**before.named.get(thing, {}), **after.named.get(thing, {})}:
        was, now = field in before.named.get(thing, {}), field in after.named.get(thing, {})
        if was != now and not any(name == field or name.startswith(f"{field}.") for name, (value, default)
                                  in (old if was else new).items() if value is not None and not default):
            yield Field(field, _PRESENT if was else None, _PRESENT if now else None)


def _sets(thing: Object, before: Side, after: Side) -> Iterator[Field]:
    """Elements that only one of the two has. One that takes the place of one is a change of it."""
    old, new = before.elements.get(thing, {}), after.elements.get(thing, {})
    for field in {**old, **new}:
        was, now = old.get(field, []), new.get(field, [])
        gone, come = (sorted(map(text, merged(each for each in side if each not in other)))
                      for side, other in ((was, now), (now, was)))
        if len(gone) == len(come) == 1:
            yield Field(field, gone[0], come[0])
        else:
            yield from (Field(field, each, None) for each in gone)
            yield from (Field(field, None, each) for each in come)


def merged(elements: Iterable[dict[str, Scalar]]) -> list[dict[str, str]]:
    """Elements that differ in one part only, as one: ``get`` and ``list`` of secrets are ``get, list`` of secrets."""
    rows = [{name: _word(value) for name, value in each.items()} for each in elements]
    for name in sorted({name for row in rows for name in row}):
        together: dict[tuple[tuple[str, str], ...], dict[str, dict[str, None]]] = {}
        for row in rows:
            rest = tuple(sorted((key, value) for key, value in row.items() if key != name))
            together.setdefault(rest, {}).setdefault(name, {}).setdefault(row.get(name, ""))
        rows = [dict(rest) | {name: ", ".join(sorted(parts[name]))} for rest, parts in together.items()]
    return [{name: value for name, value in row.items() if value} for row in rows]


def text(element: dict[str, str]) -> str:
    """An element in words: ``kind User, name eve``."""
    return "; ".join(f"{name} {value}".strip() for name, value in sorted(element.items())) or _PRESENT


def _word(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else "(core)" if value == "" else str(value)


def _path(view: View, row: dict[str, Any]) -> str:
    """The field that a row is: ``containers.web.ports``, ``spec.ingress[0].from``."""
    path = ""
    for part in view.path:
        if not isinstance(part, Named):
            path = f"{path}.{part}".strip(".")
        elif part.position:
            path += f"[{row[part.column]}]"
        else:
            path += f".{row[part.column]}"
    return path
