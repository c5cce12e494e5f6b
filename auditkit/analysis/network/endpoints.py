"""What can send and receive: pods (or those that workloads would make), nodes, address ranges outside.

Endpoints that no selector, address range or port name in use can tell apart are one class, and only classes are
compared with policies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.label_selectors import distinct
from auditkit.analysis.network.addresses import NOWHERE, UNKNOWN, AddressSpace
from auditkit.analysis.network.policies import Policies
from auditkit.analysis.network.ports import protocol_base
from auditkit.analysis.workloads.lifecycle import ENDED, lasting

TABLES = ("pods", "pod_labels", "container_ports", "namespaces", "namespace_labels", "nodes", "node_labels",
          "node_addresses")
TEMPLATES = {"pods": "templates", "pod_labels": "template_pod_labels",
             "container_ports": "template_container_ports"}
COLUMNS = ["kind", "namespace", "name", "node", "host_network", "address"]
NAME_LABEL = "kubernetes.io/metadata.name"
SERVICE_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
"""The label by which selectors ask for the service account of a pod."""
NOWHERES = ""
"""The namespace of the stranger; it has no labels, not even its name."""


@dataclass(frozen=True)
class Endpoints:
    """Endpoints, and what policies see of them by class.

    ``frame`` has kind (Pod, a kind of workload, Stranger, Node or External), namespace, name, node, host_network,
    address (for External ``first-last``); ``of`` is the class of each. The stranger is a pod without labels, in a
    namespace without labels: one that nobody has thought of. The rest is by class: ``space`` and ``labels`` (numbers of
    a namespace and of a set of pod labels), ``place`` (piece of the addresses), ``node`` (number), ``is_pod`` (a pod
    that selectors can pick: one on its node's network is the node to them), ``is_node`` (a node, or such a pod) and
    ``first`` (an endpoint of the class). ``pod_labels``, ``namespace_labels`` and ``node_labels`` (thing, key, value)
    go with these numbers; ``named`` has the named ports of classes (thing, name, protocol, line).
    """

    frame: pd.DataFrame
    of: np.ndarray
    first: np.ndarray
    spaces: pd.Index
    space: np.ndarray
    labels: np.ndarray
    place: np.ndarray
    node: np.ndarray
    is_pod: np.ndarray
    is_node: np.ndarray
    pod_labels: pd.DataFrame
    namespace_labels: pd.DataFrame
    node_labels: pd.DataFrame
    named: pd.DataFrame

    @property
    def classes(self) -> int:
        return len(self.first)


def endpoints_of(tables: Mapping[str, pd.DataFrame], policies: Policies, addresses: AddressSpace,
                 *, workloads: bool = False, host_pods: bool = False) -> Endpoints:
    """The endpoints in these tables (those of `TABLES`), classed by what these policies can tell apart.

    With ``workloads`` pods that the templates of workload controllers would make are among them (`TEMPLATES` too are
    read then). With ``host_pods`` policies see pods on their node's network as any other pod, which a plug-in may do.
    """
    pods, labels, ports = (_read(tables, name, workloads) for name in TEMPLATES)
    frame = pd.concat([_pods(pods), _stranger(), _nodes(tables), _outside(addresses)], ignore_index=True)
    frame = frame.astype(dict.fromkeys(COLUMNS, STRING) | {"host_network": BOOLEAN})
    if host_pods:
        frame["host_network"] &= frame["kind"] == "Node"
    owner = _numbers(frame)
    labels = pd.concat([labels, *_service_accounts(pods, policies)], ignore_index=True)
    labels, ports = (rows.merge(owner, on=["kind", "namespace", "pod"]) for rows in (labels, ports))
    labels = labels[labels["key"].isin(policies.keys("podSelector"))][["thing", "key", "value"]]
    named = ports[ports["name"].isin(policies.ports["name"].dropna())]
    named = named.assign(line=protocol_base(named["protocol"]) + named["port"])[["thing", "name", "protocol", "line"]]

    spaces = pd.Index(pd.concat([tables["namespaces"]["name"], pods["namespace"], policies.policies["namespace"],
                                 pd.Series([NOWHERES], dtype=STRING)]).dropna().unique())
    space = spaces.get_indexer(frame["namespace"].mask(frame["kind"] == "Stranger", NOWHERES))
    node_names = pd.Index(tables["nodes"]["name"])
    node = node_names.get_indexer(frame["node"])
    inside = ~frame["kind"].isin(["Node", "External"]).to_numpy(bool)
    host = frame["host_network"].to_numpy(bool)
    place = _places(frame, addresses, inside & ~host)
    label_set, port_set = (_sets(rows, len(frame), list(rows.columns[1:])) for rows in (labels, named))
    if not policies.by_node:
        node = np.where(frame["kind"] == "Node", node, -1)
    first, of = distinct(space, label_set, port_set, place, np.where(inside & ~host, -1, node), inside, host)
    return Endpoints(
        frame, of, first, spaces, space[first], np.arange(len(first)), place[first], node[first],
        (inside & ~host)[first], (~inside | host)[first] & (frame["kind"] != "External").to_numpy(bool)[first],
        _by_class(labels, of, first), labels_of_namespaces(tables["namespace_labels"], spaces),
        _node_labels(tables, node_names), _by_class(named, of, first),
    )


def _read(tables: Mapping[str, pd.DataFrame], name: str, workloads: bool) -> pd.DataFrame:
    """A table of pods, and with ``workloads`` that of their templates below; kind tells them apart. Ports are those
    of containers that run as long as their pod."""
    rows = tables[name].assign(kind="Pod")
    rows = pd.concat([rows, tables[TEMPLATES[name]]], ignore_index=True) if workloads else rows
    return rows[lasting(rows)].reset_index(drop=True) if name == "container_ports" else rows


def _service_accounts(pods: pd.DataFrame, policies: Policies) -> list[pd.DataFrame]:
    """The service account of each pod as a label, where selectors ask for it."""
    if SERVICE_ACCOUNT not in policies.keys("podSelector"):
        return []
    rows = pods[["kind", "namespace", "name"]].rename(columns={"name": "pod"})
    return [rows.assign(key=SERVICE_ACCOUNT, value=pods["service_account"]).astype({"key": STRING})]


def _pods(pods: pd.DataFrame) -> pd.DataFrame:
    """Pods that can have traffic: those that have ended have none. Templates have neither phase nor address."""
    host = pods["host_network"].fillna(False)
    address = pods["pod_ip"].fillna(pods["host_ip"].where(host)).mask(pods["kind"] != "Pod", "none")
    return pods.assign(address=address, host_network=host)[~pods["phase"].isin(ENDED)][COLUMNS]


def _stranger() -> pd.DataFrame:
    return pd.DataFrame({"kind": ["Stranger"], "namespace": pd.NA, "name": ["any pod"], "node": pd.NA,
                         "host_network": False, "address": "none"})


def _nodes(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    nodes, addresses = tables["nodes"], tables["node_addresses"]
    internal = addresses[addresses["type"] == "InternalIP"].groupby("node")["address"].first()
    return pd.DataFrame({"kind": "Node", "namespace": pd.NA, "name": nodes["name"], "node": nodes["name"],
                         "host_network": True, "address": nodes["name"].map(internal).astype(STRING)})


def _outside(addresses: AddressSpace) -> pd.DataFrame:
    names = addresses.names()
    return pd.DataFrame({"kind": "External", "namespace": pd.NA, "name": names, "node": pd.NA,
                         "host_network": False, "address": names})


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    owner = frame[["kind", "namespace", "name"]].rename(columns={"name": "pod"})
    return owner.assign(thing=np.arange(len(frame)))[owner["namespace"].notna()]


def _places(frame: pd.DataFrame, addresses: AddressSpace, in_pod_network: np.ndarray) -> np.ndarray:
    """The piece of the addresses that each endpoint lies in.

    The pods of a workload have addresses of the pod network, which ranges in policies are not meant for.
    """
    if not addresses.cidrs:
        outside = frame["kind"].to_numpy(object) == "External"
        return np.where(outside, np.cumsum(outside) - 1, NOWHERE)
    given = frame["address"].str.partition("-")[0] if len(frame) else frame["address"]
    known = {address: addresses.place(address) for address in given.dropna().unique()}
    known["none"] = NOWHERE
    return np.asarray(given.map(known).fillna(UNKNOWN).to_numpy(np.int64))


def _sets(rows: pd.DataFrame, things: int, columns: list[str]) -> np.ndarray:
    """A number for the set of rows that each thing has; equal sets have equal numbers."""
    if rows.empty:
        return np.zeros(things, np.int64)
    rows = rows.assign(code=rows.groupby(columns, dropna=False).ngroup()).drop_duplicates(["thing", "code"])
    rows = rows.sort_values(["thing", "code"])
    code = rows["code"].to_numpy(np.int64)
    thing, starts, counts = np.unique(rows["thing"].to_numpy(np.int64), return_index=True, return_counts=True)
    table = np.full((things, counts.max()), -1, np.int64)
    table[np.repeat(thing, counts), np.arange(len(rows)) - np.repeat(starts, counts)] = code
    return distinct(*table.T)[1]


def _by_class(rows: pd.DataFrame, of: np.ndarray, first: np.ndarray) -> pd.DataFrame:
    """The rows of the first endpoint of each class, under the number of the class."""
    thing = rows["thing"].to_numpy(np.int64)
    mine = first[of[thing]] == thing
    return rows[mine].assign(thing=of[thing][mine])


def labels_of_namespaces(namespace_labels: pd.DataFrame, spaces: pd.Index) -> pd.DataFrame:
    """Labels of these namespaces by number (thing, key, value); the API server gives each a label with its name."""
    labels = namespace_labels[["namespace", "key", "value"]]
    named = spaces[spaces != NOWHERES]
    own = pd.DataFrame({"namespace": named, "key": NAME_LABEL, "value": named}).astype(STRING)
    labels = pd.concat([labels, own]).drop_duplicates(["namespace", "key"])
    return labels.assign(thing=spaces.get_indexer(labels["namespace"]))[["thing", "key", "value"]]


def _node_labels(tables: Mapping[str, pd.DataFrame], names: pd.Index) -> pd.DataFrame:
    labels = tables["node_labels"]
    return labels.assign(thing=names.get_indexer(labels["node"]))[["thing", "key", "value"]]
