"""The objects of a snapshot while they are changed, and the tables that come of it."""

from collections.abc import Iterable, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.collectors.decode.objects import decode
from auditkit.simulation.places import Object
from auditkit.simulation.rebuilding import alike, readers, rebuilt, seen
from auditkit.simulation.rows import Key, naming, of_source
from auditkit.tables import table
from auditkit.tables.model import Rows, Table

Reference = tuple[str, Key]
"""An object: its resource, and its namespace and name."""


class World:
    """The objects of tables, of which some are put anew or deleted.

    ``changed`` has what was put and deleted (None), by resource, namespace and name. Tables are not changed.
    """

    def __init__(self, tables: Mapping[str, pa.Table]):
        self._tables = tables
        self._read: dict[Reference, Object | None] = {}
        self._known: dict[str, set[Key]] = {}
        self._owners: dict[tuple[str, str], list[tuple[Key, tuple[str, Key]]]] = {}
        self.changed: dict[Reference, Object | None] = {}

    def get(self, source: str, key: Key) -> Object | None:
        """An object as it is now; None where there is none. It is not to be changed. Raises `NotRebuilt`."""
        if (source, key) in self.changed:
            return self.changed[source, key]
        if (source, key) not in self._read:
            self._read[source, key] = rebuilt(self._tables, source, key)
        return self._read[source, key]

    def put(self, source: str, key: Key, thing: Object) -> None:
        """Puts an object in its place. One that is as it was is not a change. Raises `Malformed`."""
        before = self._read.get((source, key))
        if before is not None and alike(source, before, thing):
            self.changed.pop((source, key), None)
        else:
            seen(source, thing)
            self.changed[source, key] = thing

    def delete(self, source: str, key: Key) -> None:
        """Takes an object away."""
        self.changed[source, key] = None

    def names(self, source: str, namespace: str | None = None) -> list[Key]:
        """The objects of a resource that there are now, of one namespace if it is given, sorted."""
        return sorted(key for key in self._all(source) if namespace in (None, key[0]))

    def exists(self, source: str, key: Key) -> bool:
        """True if there is such an object now."""
        return key in self._all(source)

    @property
    def replaced(self) -> frozenset[Reference]:
        """Those of the changed objects that were there before."""
        for source in {source for source, _ in self.changed}:
            self._all(source)
        return frozenset((source, key) for source, key in self.changed if key in self._known[source])

    def owned(self, source: str, kind: str, key: Key) -> list[Key]:
        """The objects of a resource whose controller is this one now, sorted."""
        owners = "pod_owners" if source == "pods" else "workload_owners"
        found = {owned for owned, owner in self._links(owners, source) if owner == (kind, key)
                 and (source, owned) not in self.changed}
        for (of, owned), thing in self.changed.items():
            if of == source and thing and any(
                    (each.get("kind"), (owned[0], each.get("name"))) == (kind, key) and each.get("controller")
                    for each in thing["metadata"].get("ownerReferences") or ()):
                found.add(owned)
        return sorted(found)

    def owner(self, source: str, key: Key) -> tuple[str, Key] | None:
        """The kind, namespace and name of what controlled a pod or a workload at first; None where nothing did."""
        links = self._links("pod_owners" if source == "pods" else "workload_owners", source)
        return next((owner for owned, owner in links if owned == key), None)

    def _links(self, name: str, source: str) -> Iterable[tuple[Key, tuple[str, Key]]]:
        if (name, source) not in self._owners:
            found, declared = self._tables[name], table(name)
            rows = next(each for each in declared.rows if each.source == source)
            found = found.filter(pc.and_(of_source(found, declared, rows), pc.fill_null(found["controller"], False)))
            column = "pod" if name == "pod_owners" else "name"
            self._owners[name, source] = [
                ((row["namespace"] or "", row[column]), (row["owner_kind"], (row["namespace"] or "", row["owner"])))
                for row in found.select(["namespace", column, "owner_kind", "owner"]).to_pylist()]
        return self._owners[name, source]

    def _all(self, source: str) -> set[Key]:
        if source not in self._known:
            self._known[source] = {key for declared, rows in readers(source) for key in _keys(
                self._tables[declared.name], declared, rows)}
        found = self._known[source]
        gone = {key for (of, key), thing in self.changed.items() if of == source and thing is None}
        return (found - gone) | {key for (of, key), thing in self.changed.items() if of == source and thing}

    @property
    def tables(self) -> dict[str, pa.Table]:
        """All tables, with the rows of what was changed in the place of those that were there."""
        found = dict(self._tables)
        for source in dict.fromkeys(source for source, _ in self.changed):
            objects = {key: thing for (of, key), thing in self.changed.items() if of == source}
            for declared, rows in readers(source):
                found[declared.name] = _without(found[declared.name], declared, rows, objects)
            page = decode(msgspec.json.encode({"items": [each for each in objects.values() if each]}), source)
            for name, batches in page.batches.items():
                found[name] = pa.concat_tables([found[name], table(name).of(batches)])
        return found


def _keys(found: pa.Table, declared: Table, rows: Rows) -> Iterable[Key]:
    """The objects that the rows of a table which come from here are of."""
    named = naming(declared, rows)
    if not named or not found.num_rows:
        return ()
    own = found.filter(of_source(found, declared, rows))
    spaces = own[named[0]].to_pylist() if named[0] else [""] * own.num_rows
    return {(space or "", name) for space, name in zip(spaces, own[named[1]].to_pylist(), strict=True)}


def _without(found: pa.Table, declared: Table, rows: Rows, objects: Iterable[Key]) -> pa.Table:
    """A table without the rows that come from here and are of these objects."""
    named = naming(declared, rows)
    if not named or not found.num_rows:
        return found
    space = pc.fill_null(found[named[0]], "") if named[0] else pa.repeat(pa.scalar(""), found.num_rows)
    keys = pc.binary_join_element_wise(space, found[named[1]], "\x00")
    gone = pc.is_in(keys, value_set=pa.array(["\x00".join(key) for key in objects], pa.string()))
    gone = pc.and_(gone.combine_chunks() if isinstance(gone, pa.ChunkedArray) else gone,
                   of_source(found, declared, rows))
    return found.filter(pc.invert(gone))
