"""Pods that are not what their controller says: one that came since the earlier snapshot, and runs or may do something
that neither the template of its controller has, nor any pod of it had before.

What admission writes into every pod (the token of its account, default limits) is not compared. A pod that was there
before is compared with itself.
"""

import pyarrow as pa
import pyarrow.compute as pc

from auditkit.history.cells import Field, Object
from auditkit.history.rows import keys
from auditkit.snapshots.snapshot import Snapshot

_TABLES = {
    "containers": ("containers", ("name", "image", "privileged", "allow_privilege_escalation", "run_as_user", "type")),
    "container_capabilities": ("containers", ("container", "action", "capability")),
    "pods": ("", ("service_account", "host_network", "host_pid", "host_ipc")),
    "volumes": ("volumes", ("host_path",)),
}
"""The tables of pods that are compared with those of templates: the field, and the columns that count."""
TABLES = frozenset({*_TABLES, "pod_owners", "templates", *(f"template_{name}" for name in _TABLES if name != "pods")})
"""All tables that it takes to tell them."""
_OWNER = ("owner_kind", "namespace", "owner")


def strangers(earlier: Snapshot, later: Snapshot) -> dict[Object, list[Field]]:
    """The pods of controllers in the later snapshot that are not what their controller says, and in what."""
    found: dict[Object, list[Field]] = {}
    known = _uids(earlier)
    for name, (field, columns) in _TABLES.items():
        now, before = _owned(later, name, columns), _owned(earlier, name, columns)
        now = now.filter(pc.invert(pc.is_in(now["uid"], value_set=known))) if now.num_rows else now
        says = pa.concat_arrays([_of_templates(snapshot, name, columns) for snapshot in (earlier, later)])
        ours = keys(now, (*_OWNER, *columns))
        usual = pc.or_(pc.is_in(ours, value_set=says), pc.is_in(ours, value_set=keys(before, (*_OWNER, *columns))))
        for row in now.filter(pc.invert(usual)).to_pylist():
            found.setdefault(Object("Pod", row["namespace"] or "", row["pod"]), []).extend(_fields(field, columns, row))
    return found


def _fields(field: str, columns: tuple[str, ...], row: dict[str, object]) -> list[Field]:
    """What a row of a pod says that its controller does not."""
    said = "; ".join(f"{name} {str(row[name]).lower() if isinstance(row[name], bool) else row[name]}"
                     for name in columns if row[name] is not None)
    return [Field(f"{field} (not in the template of {row['owner_kind']} {row['owner']})".strip(), None, said)]


def _uids(snapshot: Snapshot) -> pa.Array:
    return snapshot.arrow("pods")["uid"].combine_chunks()


def _owned(snapshot: Snapshot, name: str, columns: tuple[str, ...]) -> pa.Table:
    """Rows of pods with their pod's UID and their direct controller."""
    owners = snapshot.arrow("pod_owners")
    owners = owners.filter(pc.fill_null(owners["controller"], False))
    owners = owners.select(["namespace", "pod", "owner_kind", "owner"])
    pods = snapshot.arrow("pods").select(["namespace", "name", "uid"]).rename_columns(["namespace", "pod", "uid"])
    rows = snapshot.arrow(name)
    rows = rows.rename_columns(["pod" if each == "name" else each for each in rows.column_names]) \
        if name == "pods" else rows
    rows = rows.select(["namespace", "pod", *columns])
    return rows.join(owners, ["namespace", "pod"], join_type="inner").join(pods, ["namespace", "pod"],
                                                                           join_type="inner")


def _of_templates(snapshot: Snapshot, name: str, columns: tuple[str, ...]) -> pa.Array:
    """What templates say, as `keys` of `_owned` are."""
    rows = snapshot.arrow("templates" if name == "pods" else f"template_{name}")
    return keys(rows, ("kind", "namespace", "name" if name == "pods" else "pod", *columns))
