"""The instances of each component of the control plane, one table a component.

Each instance is a static pod on one node, and each is judged for itself. A cluster whose control plane is run by a
provider, or not in static pods, has no rows here; that does not mean that it has no control plane.
"""

import pandas as pd
import pyarrow as pa

STRING = pd.ArrowDtype(pa.string())
INTEGER = pd.ArrowDtype(pa.int64())
NAMESPACE = "kube-system"


def api_servers(control_plane: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-apiserver: kind, namespace, name, component, node, pod, image, minor (N of version 1.N)."""
    return _instances(control_plane, "kube-apiserver")


def controller_managers(control_plane: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-controller-manager; columns as in `api_servers`."""
    return _instances(control_plane, "kube-controller-manager")


def schedulers(control_plane: pd.DataFrame) -> pd.DataFrame:
    """Instances of kube-scheduler; columns as in `api_servers`."""
    return _instances(control_plane, "kube-scheduler")


def etcd_members(control_plane: pd.DataFrame) -> pd.DataFrame:
    """Members of etcd; columns as in `api_servers` (``minor`` has no meaning for them)."""
    return _instances(control_plane, "etcd")


def _instances(control_plane: pd.DataFrame, component: str) -> pd.DataFrame:
    """The rows of one component, called as the pod that they are. The version comes from the tag of the image."""
    rows = control_plane[control_plane["component"].eq(component).fillna(False)].reset_index(drop=True)
    rows.insert(0, "kind", pd.Series("Pod", index=rows.index, dtype=STRING))
    rows.insert(1, "namespace", pd.Series(NAMESPACE, index=rows.index, dtype=STRING))
    rows.insert(2, "name", rows["pod"])
    rows["minor"] = rows["image"].str.extract(r":v?1\.(\d+)[.\w+-]*(?:@|$)", expand=False).astype(INTEGER)
    return rows
