"""Who runs the control plane, as far as the cluster itself tells."""

import pandas as pd

from auditkit.analysis.cluster.control_plane import of_control_plane, of_etcd

VERSIONS = {"-eks-": "Amazon EKS", "-gke.": "Google GKE"}
"""What providers put into the version of the API server. So do their distributions for one's own machines (EKS
Anywhere, Google Distributed Cloud), whose control plane its user runs."""

LABELS = {"eks.amazonaws.com/nodegroup": "Amazon EKS", "cloud.google.com/gke-nodepool": "Google GKE",
          "kubernetes.azure.com/cluster": "Azure AKS"}
"""Labels that providers put on nodes; on Azure nothing else tells."""

MACHINES = {"Amazon EKS": ("aws://", "eks-hybrid://"), "Google GKE": ("gce://",), "Azure AKS": ("azure://",)}
"""How the names begin that each provider's cloud gives its machines (``spec.providerID``). Sources: cloud-provider-aws,
cloud-provider-gcp and cloud-provider-azure (providerID); Amazon EKS User Guide: hybrid nodes."""

OTHERS = r"\+k3s|\+rke2"
"""Versions of distributions that no provider runs."""


def provider(collection: pd.DataFrame, nodes: pd.DataFrame, node_labels: pd.DataFrame,
             control_plane: pd.DataFrame) -> str:
    """The provider that runs the control plane; empty where nobody is known to, or anything contradicts it.

    Versions and labels are weak signs, since anybody can set them. Static pods of the control plane, nodes of its role,
    and machines of another cloud are stronger, and so is it that no node can be seen, or not all of them.
    """
    own = len(control_plane) or len(of_control_plane(node_labels)) or len(of_etcd(node_labels))
    if own or nodes.empty or nodes.attrs.get("gaps"):
        return ""
    versions = pd.concat([collection["server_version"], nodes["kubelet_version"]]).dropna()
    if versions.str.contains(OTHERS).any():
        return ""
    server = collection["server_version"].dropna()
    server = server[server != ""]
    told = [_by_version(version) for version in server] + _by_labels(nodes, node_labels, bool(len(server)))
    names = {name for name in told if name}
    if len(names) != 1:
        return ""
    name = names.pop()
    machines = nodes["provider_id"].dropna()
    return name if machines[machines != ""].str.startswith(MACHINES[name]).all() else ""


def _by_version(version: str) -> str:
    return next((name for part, name in VERSIONS.items() if part in version), "")


def _by_labels(nodes: pd.DataFrame, node_labels: pd.DataFrame, version_known: bool) -> list[str]:
    """The providers whose label every node has. One that marks its versions is not told by labels alone."""
    found = []
    for label, name in LABELS.items():
        labelled = node_labels.loc[(node_labels["key"] == label).fillna(False), "node"]
        if nodes["name"].isin(labelled).all() and not (version_known and name in VERSIONS.values()):
            found.append(name)
    return found
