"""The instances of each component of the control plane with their flags, and nodes with what their kubelets told.

Each instance is a static pod on one node, and each is judged for itself. A cluster whose control plane is run by a
provider, or not in static pods, has no rows here; that does not mean that it has no control plane.
"""

import pandas as pd
import pyarrow as pa

from auditkit.analysis.rows import STRING, lookup, widened

INTEGER = pd.ArrowDtype(pa.int64())
NAMESPACE = "kube-system"
HIDDEN = "\0"
"""Stands for the value of a flag that is set and whose value was not kept; no argument can hold this character."""

_INSTANCE = ["component", "node", "pod"]


def api_servers(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-apiserver: kind, namespace, name, component, node, pod, image, minor (N of version 1.N).

    For each flag that any of them sets there is a column such as ``--profiling``: its value, `HIDDEN`, or <NA> where
    it is not set.
    """
    return _instances(control_plane, control_plane_flags, "kube-apiserver")


def controller_managers(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-controller-manager; columns as in `api_servers`."""
    return _instances(control_plane, control_plane_flags, "kube-controller-manager")


def schedulers(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-scheduler; columns as in `api_servers`."""
    return _instances(control_plane, control_plane_flags, "kube-scheduler")


def etcd_members(control_plane: pd.DataFrame, control_plane_flags: pd.DataFrame,
                 container_env: pd.DataFrame) -> pd.DataFrame:
    """Members of etcd; columns as in `api_servers` (``minor`` has no meaning for them).

    A variable such as ``ETCD_CERT_FILE`` says a flag that is not set; its value was not kept, so it is a column
    ``$cert-file`` with `HIDDEN`.
    """
    named = container_env[(container_env["namespace"] == NAMESPACE) & container_env["name"].str.startswith("ETCD_")]
    flag = "$" + named["name"].str.removeprefix("ETCD_").str.lower().str.replace("_", "-")
    members = _instances(control_plane, control_plane_flags, "etcd")
    return widened(members, named[["pod"]].assign(column=flag, value=HIDDEN), ["pod"])


def node_kubelets(nodes: pd.DataFrame, kubelets: pd.DataFrame, kubelet_settings: pd.DataFrame) -> pd.DataFrame:
    """Nodes, in their order, with what their kubelets told: kind, name, os, read, reason (why it was not read).

    For each setting that any of them told there is a column such as ``kubelet.readOnlyPort``.
    """
    told = lookup(nodes, {"name": "node"}, kubelets, ["read", "reason"])
    rows = pd.concat([pd.Series("Node", nodes.index, STRING, name="kind"), nodes[["name", "os"]], told], axis=1)
    values = kubelet_settings.assign(name=kubelet_settings["node"], column="kubelet." + kubelet_settings["key"])
    return widened(rows, values[["name", "column", "value"]], ["name"])


def _instances(control_plane: pd.DataFrame, flags: pd.DataFrame, component: str) -> pd.DataFrame:
    """The rows of one component, called as the pod that they are. The version comes from the tag of the image."""
    rows = control_plane[(control_plane["component"] == component).fillna(False)].reset_index(drop=True)
    minor = rows["image"].str.extract(r":v?1\.(\d+)[.\w+-]*(?:@|$)", expand=False).astype(INTEGER)
    named = pd.DataFrame({"kind": pd.Series("Pod", rows.index, STRING),
                          "namespace": pd.Series(NAMESPACE, rows.index, STRING), "name": rows["pod"]})
    values = flags[_INSTANCE].assign(column="--" + flags["flag"], value=flags["value"].fillna(HIDDEN))
    return widened(pd.concat([named, rows, minor.rename("minor")], axis=1), values, _INSTANCE)
