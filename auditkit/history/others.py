"""What is compared beside the objects of the API: settings of kubelets, flags, members of groups, objects of other
engines, the server's version, and the last write to what has a content that is never read."""

from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.history.cells import Object, Scalar, Side
from auditkit.history.population import Population
from auditkit.history.rows import only_in
from auditkit.snapshots.snapshot import Snapshot

LAST_WRITE = "last write (content is not read)"
UNREAD = ("Secret", "ConfigMap")
"""Kinds whose content is never asked for: that it was written to is all that shows a change of it."""


class Other(NamedTuple):
    """A table that says something of objects under other names than the API's: its columns, and what they are.

    ``kind`` is a kind, or a column if the table has one of this name. ``whole`` is true where the objects are known
    from this table alone; elsewhere only those are compared of which both snapshots have rows.
    """

    table: str
    kind: str
    name: str
    namespace: str = ""
    field: str = ""
    key: str = ""
    value: str = ""
    whole: bool = False


OTHERS = (
    Other("kubelet_settings", "Node", "node", field="kubelet", key="key", value="value"),
    Other("control_plane_flags", "Pod", "pod", "kube-system", "flags", "flag", "value"),
    Other("kube_proxy_flags", "Node", "node", field="kube-proxy", key="flag", value="value"),
    Other("memberships", "Group", "group", field="members", key="user", whole=True),
    Other("engine_objects", "kind", "name", "namespace", whole=True),
)


def compare(earlier: Snapshot, later: Snapshot, before: Side, after: Side,
            populations: tuple[Population, Population]) -> dict[str, str]:
    """Add what differs to both sides, and objects to both populations. Returns what cannot be compared, and why."""
    lacking = {}
    for other in OTHERS:
        if other.table in earlier.lacking or other.table in later.lacking:
            continue
        gaps = earlier.gaps(other.table), later.gaps(other.table)
        if other.whole and (gaps[0] or gaps[1]):
            if earlier.arrow(other.table).num_rows or later.arrow(other.table).num_rows:
                lacking[f"table {other.table}"] = "; ".join([*gaps[0], *gaps[1]])
            continue
        _add(other, earlier.arrow(other.table), later.arrow(other.table), before, populations[0])
        _add(other, later.arrow(other.table), earlier.arrow(other.table), after, populations[1])
    _server(earlier, later, before, after, populations)
    if earlier.manifest.which == later.manifest.which:
        _writes(earlier, later, before, after)
    return lacking


def _add(other: Other, one: pa.Table, against: pa.Table, side: Side, population: Population) -> None:
    """Add the rows that only one of two tables has, and the objects that are known from it alone."""
    if other.whole:
        population.uids.update(dict.fromkeys((_object(other, row) for row in one.to_pylist()), ""))
    else:
        one = one.filter(pc.is_in(one[other.name], value_set=against[other.name].combine_chunks()))
    for row in only_in(one, against, one.column_names).to_pylist():
        value: Scalar = row[other.value] if other.value else "present"
        if other.key:
            side.values[_object(other, row)][f"{other.field}.{row[other.key]}"] = (
                "set, value not kept" if value is None else value), False


def _object(other: Other, row: dict[str, str | None]) -> Object:
    return Object(row.get(other.kind) or other.kind, row.get(other.namespace, other.namespace) or "",
                  row[other.name] or "")


def _server(earlier: Snapshot, later: Snapshot, before: Side, after: Side,
            populations: tuple[Population, Population]) -> None:
    """The version of the API server, where both snapshots know it."""
    cluster = Object("Cluster", "", later.manifest.cluster)
    versions = earlier.manifest.server_version, later.manifest.server_version
    for side, population, version in zip((before, after), populations, versions, strict=True):
        population.uids[cluster] = ""
        if all(versions):
            side.values[cluster]["server version"] = version, False


def _writes(earlier: Snapshot, later: Snapshot, before: Side, after: Side) -> None:
    """The last write to objects whose content is not read, where it is later than before."""
    old, new = _last(earlier), _last(later)
    both = old.to_frame("before").join(new.rename("after"), how="inner")
    for (kind, space, name), was, now in both[both["before"] < both["after"]].itertuples(name=None):
        thing = Object(kind, space, name)
        before.values[thing][LAST_WRITE] = was.isoformat(), False
        after.values[thing][LAST_WRITE] = now.isoformat(), False


def _last(snapshot: Snapshot) -> pd.Series:
    """When each object whose content is not read was written last."""
    rows = snapshot.whole("object_writers")
    rows = rows[rows["kind"].isin(UNREAD) & rows["subresource"].isna()].dropna(subset=["time"])
    return rows.fillna({"namespace": ""}).groupby(["kind", "namespace", "object"])["time"].max()
