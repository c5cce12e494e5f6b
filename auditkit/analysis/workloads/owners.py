"""What pods and workload controllers belong to in the end: a ReplicaSet to its Deployment, a Job to its CronJob."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import BOOLEAN, STRING, array, lookup
from auditkit.tables.pods import CONTROLLERS

KINDS = tuple(kind for kind, _ in CONTROLLERS.values())

_DEPTH = 8
_KEY = ["kind", "namespace", "name"]


def top_owners(pods: pd.DataFrame, pod_owners: pd.DataFrame, workloads: pd.DataFrame,
               workload_owners: pd.DataFrame) -> pd.DataFrame:
    """Every pod and workload controller with its top-level owner, which is itself if it has no owner.

    Columns: kind, namespace, name, uid, top_kind, top_name, former (a ReplicaSet without pods of a Deployment that
    has another with some: a revision that was replaced). Owners of other kinds (the node of a static pod, what
    operators make of their own resources) are not followed.
    """
    columns = [*_KEY, "uid", "replicas"]
    of_pods = pods[["namespace", "name", "uid"]].assign(kind=_kind("Pod", pods))
    things = pd.concat([of_pods, workloads[columns]], ignore_index=True)[columns]
    links = _links(pod_owners, workload_owners)
    tops = things.assign(top_kind=things["kind"], top_name=things["name"])
    for _ in range(_DEPTH):
        above = lookup(tops, dict(zip(["top_kind", "namespace", "top_name"], _KEY, strict=True)), links,
                       ["owner_kind", "owner"])
        owned = above["owner"].notna()
        if not owned.any():
            break
        tops["top_kind"] = above["owner_kind"].where(owned, tops["top_kind"])
        tops["top_name"] = above["owner"].where(owned, tops["top_name"])
    tops["former"] = _former(tops)
    return tops.drop(columns="replicas").astype(dict.fromkeys([*_KEY, "uid", "top_kind", "top_name"], STRING))


class Owners:
    """The workload that objects belong to in the end, as ``Deployment web``: also a Deployment's own; empty where there
    is none."""

    def __init__(self, top_owners: pd.DataFrame):
        self._keys = _joined(top_owners)
        self._called = pc.binary_join_element_wise(array(top_owners["top_kind"]), array(top_owners["top_name"]), " ")

    def of(self, subjects: pd.DataFrame | pa.Table) -> pa.Array:
        """That of each subject (columns kind, namespace, name)."""
        at = pc.index_in(_joined(subjects), value_set=self._keys, skip_nulls=True)
        return pc.fill_null(self._called.take(at), "")


def owners_of(subjects: pd.DataFrame, top_owners: pd.DataFrame) -> pd.Series:
    """As `Owners.of`, as a column."""
    return pd.Series(pd.arrays.ArrowExtensionArray(Owners(top_owners).of(subjects)), subjects.index)


def _joined(things: pd.DataFrame | pa.Table) -> pa.Array:
    """What things are called, as one text each; null where a part is not known."""
    parts = (things[name].combine_chunks() if isinstance(things, pa.Table) else array(things[name]) for name in _KEY)
    return pc.binary_join_element_wise(*parts, "\0")


def _former(tops: pd.DataFrame) -> pd.Series:
    sets = (tops["kind"].eq("ReplicaSet") & tops["top_kind"].eq("Deployment")).fillna(False)
    in_use = (sets & (tops["replicas"] > 0).fillna(False)).astype("int64[pyarrow]")
    some = in_use.groupby([tops["namespace"], tops["top_name"]], dropna=False).transform("max") > 0
    return (sets & some & tops["replicas"].eq(0).fillna(False)).astype(BOOLEAN)


def _links(pod_owners: pd.DataFrame, workload_owners: pd.DataFrame) -> pd.DataFrame:
    """The controller of each thing: kind, namespace, name, owner_kind, owner."""
    of_pods = pod_owners.assign(kind=_kind("Pod", pod_owners)).rename(columns={"pod": "name"})
    columns = [*_KEY, "owner_kind", "owner", "controller"]
    links = pd.concat([of_pods[columns], workload_owners[columns]], ignore_index=True)
    controls = links["controller"].fillna(False) & links["owner_kind"].isin(KINDS) & links["owner"].notna()
    links = links[controls & links["name"].notna()].drop_duplicates(_KEY)
    return links.drop(columns="controller")


def _kind(kind: str, rows: pd.DataFrame) -> pd.Series:
    return pd.Series(kind, rows.index, STRING)
