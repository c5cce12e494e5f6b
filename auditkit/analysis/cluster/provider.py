"""Who runs the control plane, as far as the cluster itself tells."""

import pandas as pd

VERSIONS = {"-eks-": "Amazon EKS", "-gke.": "Google GKE"}
"""What providers put into the version of the API server."""

LABELS = {"eks.amazonaws.com/nodegroup": "Amazon EKS", "cloud.google.com/gke-nodepool": "Google GKE",
          "kubernetes.azure.com/cluster": "Azure AKS"}
"""Labels that providers put on nodes; on Azure nothing else tells."""


def provider(collection: pd.DataFrame, nodes: pd.DataFrame, node_labels: pd.DataFrame,
             control_plane: pd.DataFrame) -> str:
    """The provider that runs the control plane; empty where nobody is known to.

    Where a static pod of the control plane can be seen, nobody runs it for the user, whatever labels say.
    """
    if len(control_plane):
        return ""
    for version in collection["server_version"].dropna():
        for part, name in VERSIONS.items():
            if part in version:
                return name
    for label, name in LABELS.items():
        labelled = node_labels.loc[(node_labels["key"] == label).fillna(False), "node"].nunique()
        if labelled and labelled == len(nodes):
            return name
    return ""
