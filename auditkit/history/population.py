"""Which objects a snapshot has, and which of them are compared on their own."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from auditkit.history.cells import Object
from auditkit.history.noise import GENERATED_NAME
from auditkit.history.rows import keys
from auditkit.history.views import TableViews, View, all_views
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.pods import CONTROLLERS

WORKLOADS = frozenset(kind for kind, _ in CONTROLLERS.values())
OWNERS: dict[str, frozenset[str]] = {"pod_owners": frozenset(("Pod",)), "workload_owners": WORKLOADS}
"""Tables that say which objects a controller made, and of which kinds."""
_OBJECT = ("kind", "namespace", "name")


class Population:
    """The objects of a snapshot, by UID where it is known, without those that a controller makes and replaces."""

    def __init__(self, snapshot: Snapshot):
        self.snapshot = snapshot
        self.made = _made(snapshot)
        self.uids: dict[Object, str] = {}
        for views in all_views().values():
            for constants, view in views.by_constants.items():
                self._add(views, constants, view)

    def _add(self, views: TableViews, constants: tuple[str | None, ...], view: View) -> None:
        table = self.snapshot.arrow(views.table.name)
        for name, value in zip(views.constants, constants, strict=True):
            table = table.filter(pc.equal(table[name], value)) if value is not None else table
        if not table.num_rows:
            return
        columns = [view.namespace, view.name, view.uid]
        distinct = table.select([name for name in columns if name]).group_by(
            [name for name in columns if name]).aggregate([])
        spaces, names, uids = (distinct[name].to_pylist() if name else [None] * distinct.num_rows for name in columns)
        for space, name, uid in zip(spaces, names, uids, strict=True):
            thing = Object(view.kind, space or "", name)
            if not self.uids.get(thing):
                self.uids[thing] = uid or ""

    def own(self, thing: Object) -> bool:
        """True if an object is compared on its own: no controller makes it and replaces it."""
        return thing not in self.made and not (thing.kind == "Secret" and re.search(GENERATED_NAME, thing.name))


def _made(snapshot: Snapshot) -> frozenset[Object]:
    """Pods and controllers that a controller made, whose template says what they are. Static pods have a node for
    their owner, and no template."""
    found: set[Object] = set()
    for name, kind, thing in (("pod_owners", None, "pod"), ("workload_owners", "kind", "name")):
        owners = snapshot.arrow(name)
        by = pc.is_in(owners["owner_kind"], pa.array(sorted(WORKLOADS) if kind else ["Node"]))
        owners = owners.filter(pc.and_(pc.fill_null(owners["controller"], False), by if kind else pc.invert(by)))
        kinds = owners[kind].to_pylist() if kind else ["Pod"] * owners.num_rows
        found.update(map(Object, kinds, owners["namespace"].to_pylist(), owners[thing].to_pylist()))
    return frozenset(found)


def pod_keys(things: frozenset[Object]) -> pa.Array:
    """Pods among these as `rows.keys` of namespace and name has them."""
    pods = [(thing.namespace, thing.name) for thing in things if thing.kind == "Pod"]
    return keys(pa.table({"namespace": pa.array([space for space, _ in pods], pa.string()),
                          "name": pa.array([name for _, name in pods], pa.string())}), ["namespace", "name"])
