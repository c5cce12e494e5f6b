"""The instances of each component of the control plane with their flags, and nodes with what their kubelets told.

Each instance is a static pod on one node, and each is judged for itself. A node of the control plane on which such a
pod is not seen is an instance of which nothing is known. A cluster whose control plane is run by a provider, or not in
static pods, has no rows here; that does not mean that it has no control plane.
"""

import re
from urllib.parse import urlsplit

import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING, has, lookup, widened
from auditkit.analysis.workloads.lifecycle import ENDED

NAMESPACE = "kube-system"
HIDDEN = "\0"
"""Stands for the value of a flag that is set and whose value was not kept; no argument can hold this character."""

_ROLES = tuple(f"node-role.kubernetes.io/{role}" for role in ("control-plane", "master", "controlplane"))
_OLDER_ROLE, _OLDER_VALUES = "kubernetes.io/role", ("master", "control-plane")
_ETCD_ROLES = ("node-role.kubernetes.io/etcd",)
"""Labels of nodes of the control plane (kubeadm, Rancher; kubectl also reads the older one), and of those of etcd."""
LOCAL = r"localhost|127\.\d+\.\d+\.\d+|::1|"
"""Hosts that are the own node; a socket has no host at all."""

NOT_SEEN = "it is a node of the control plane, and no static pod of {} is seen on it"
ETCD_NOT_SEEN = "etcd should run there, and no static pod of it is seen"

_INSTANCE = ["component", "node", "pod"]


def api_servers(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame, node_labels: pd.DataFrame,
                collection: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-apiserver: kind, namespace, name, component, node, pod, image, unread, minor (N of v1.N).

    ``unread`` says why flags may be set that are not seen. For each flag that any of them sets there is a column such
    as ``--profiling``: its value, `HIDDEN`, or <NA> where it is not set. The version comes from the tag of the image,
    and where there is but one instance, from what that told of itself.
    """
    servers = _instances(control_plane, control_plane_flags, node_labels, "kube-apiserver")
    told = collection["server_version"].str.extract(r"^v?1\.(\d+)", expand=False).dropna().tolist()
    if len(servers) == len(told) == 1:
        servers["minor"] = servers["minor"].fillna(int(told[0]))
    return servers


def controller_managers(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame,
                        node_labels: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-controller-manager; columns as in `api_servers`, the version from the tag alone."""
    return _instances(control_plane, control_plane_flags, node_labels, "kube-controller-manager")


def schedulers(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame,
               node_labels: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-scheduler; columns as in `controller_managers`."""
    return _instances(control_plane, control_plane_flags, node_labels, "kube-scheduler")


def etcd_members(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame, container_env: pd.DataFrame,
                 node_labels: pd.DataFrame, node_addresses: pd.DataFrame) -> pd.DataFrame:
    """Members of etcd; columns as in `controller_managers` (``minor`` has no meaning for them).

    A variable such as ``ETCD_CERT_FILE`` says a flag that is not set; where its value was not kept, it is a column
    ``$cert-file`` with `HIDDEN`.
    """
    named = container_env[(container_env["namespace"] == NAMESPACE) & container_env["name"].str.startswith("ETCD_")]
    flag = "$" + named["name"].str.removeprefix("ETCD_").str.lower().str.replace("_", "-")
    rows = _rows(control_plane, "etcd")
    if len(control_plane):
        rows = _with_unseen(rows, _places_of_etcd(control_plane_flags, node_labels, node_addresses),
                            "etcd", ETCD_NOT_SEEN)
    members = _widened(rows, control_plane_flags)
    return widened(members, named[["pod"]].assign(column=flag, value=HIDDEN), ["pod"])


def kube_proxy_instances(kube_proxies: pd.DataFrame, kube_proxy_flags: pd.DataFrame,
                         pods: pd.DataFrame) -> pd.DataFrame:
    """Pods of kube-proxy that have not ended: the columns of `kube_proxies`, and a column for each flag as in
    `api_servers`."""
    ended = pods[(pods["namespace"] == NAMESPACE) & pods["phase"].isin(ENDED)]
    running = kube_proxies[~has(kube_proxies, {"pod": "name"}, ended)].reset_index(drop=True)
    return _widened(running, kube_proxy_flags, ["node", "pod"])


def node_kubelets(nodes: pd.DataFrame, kubelets: pd.DataFrame, kubelet_settings: pd.DataFrame) -> pd.DataFrame:
    """Nodes, in their order, with the configuration of their kubelets: kind, name, os, read, reason (why it was not
    read).

    Each setting that any kubelet reported has a column such as ``kubelet.readOnlyPort``.
    """
    told = lookup(nodes, {"name": "node"}, kubelets, ["read", "reason"])
    rows = pd.concat([pd.Series("Node", nodes.index, STRING, name="kind"), nodes[["name", "os"]], told], axis=1)
    values = kubelet_settings.assign(name=kubelet_settings["node"], column="kubelet." + kubelet_settings["key"])
    return widened(rows, values[["name", "column", "value"]], ["name"])


def of_control_plane(node_labels: pd.DataFrame) -> pd.DataFrame:
    """The labels that say of a node that it runs a control plane."""
    older = (node_labels["key"] == _OLDER_ROLE) & node_labels["value"].isin(_OLDER_VALUES)
    return node_labels[(node_labels["key"].isin(_ROLES) | older).fillna(False)]


def of_etcd(node_labels: pd.DataFrame) -> pd.DataFrame:
    """The labels that say of a node that it runs etcd."""
    return node_labels[node_labels["key"].isin(_ETCD_ROLES)]


def _instances(control_plane: pd.DataFrame, flags: pd.DataFrame, node_labels: pd.DataFrame,
               component: str) -> pd.DataFrame:
    """The instances of one component, and nodes of the control plane on which none is seen."""
    rows = _rows(control_plane, component)
    if len(control_plane):
        rows = _with_unseen(rows, _nodes(of_control_plane(node_labels)), component, NOT_SEEN.format(component))
    return _widened(rows, flags)


def _rows(control_plane: pd.DataFrame, component: str) -> pd.DataFrame:
    """The static pods of one component, called as the pod that they are."""
    rows = control_plane[(control_plane["component"] == component).fillna(False)].reset_index(drop=True)
    minor = rows["image"].str.extract(r":v?1\.(\d+)[.\w+-]*(?:@|$)", expand=False).astype(INTEGER)
    named = pd.DataFrame({"kind": pd.Series("Pod", rows.index, STRING),
                          "namespace": pd.Series(NAMESPACE, rows.index, STRING), "name": rows["pod"]})
    return pd.concat([named, rows, minor.rename("minor")], axis=1)


def _with_unseen(rows: pd.DataFrame, places: list[str], component: str, why: str) -> pd.DataFrame:
    """The instances, and each of these places on which none of them runs, called as the node that it is."""
    seen = set(rows["node"].dropna())
    unseen = pd.DataFrame([{"kind": "Node", "name": place, "component": component, "node": place, "unread": why}
                           for place in places if place not in seen], columns=rows.columns)
    return pd.concat([rows, unseen.astype(rows.dtypes)], ignore_index=True)


def _widened(rows: pd.DataFrame, flags: pd.DataFrame, on: list[str] = _INSTANCE) -> pd.DataFrame:
    values = flags[on].assign(column="--" + flags["flag"], value=flags["value"].fillna(HIDDEN))
    return widened(rows, values, on)


def _nodes(node_labels: pd.DataFrame) -> list[str]:
    """The nodes that have one of these labels."""
    return list(node_labels["node"].dropna().drop_duplicates())


def _places_of_etcd(flags: pd.DataFrame, node_labels: pd.DataFrame, node_addresses: pd.DataFrame) -> list[str]:
    """Where etcd should run: the nodes that are labelled so, else those of the control plane, but for one whose API
    server says where it is; and wherever an API server says that it is. A host that is no node is called as it is.
    """
    asked = flags[((flags["component"] == "kube-apiserver") & (flags["flag"] == "etcd-servers")).fillna(False)]
    nodes = dict(zip(node_addresses["address"], node_addresses["node"], strict=True))
    told: dict[str, list[str]] = {
        node: [node if re.fullmatch(LOCAL, host) else nodes.get(host, host) for host in _hosts(urls)]
        for node, urls in asked[["node", "value"]].dropna().itertuples(index=False)}
    places = _nodes(of_etcd(node_labels)) or [
        node for node in _nodes(of_control_plane(node_labels)) if node not in told]
    return list(dict.fromkeys([*places, *sorted(place for found in told.values() for place in found)]))


def _hosts(urls: str) -> list[str]:
    """The hosts of addresses; that of a socket is empty."""
    hosts = []
    for url in filter(None, map(str.strip, urls.split(","))):
        try:
            hosts.append(urlsplit(url).hostname or "")
        except ValueError:  # an address that is none
            hosts.append(url)
    return hosts
