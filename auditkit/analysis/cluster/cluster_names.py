"""True if what a tool calls a cluster is this one: tools and kubeconfigs call the same cluster by different names."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING

_WAYS = (
    r"^arn:[^:]*:eks:[^:]*:[^:]*:cluster/(.+)$",
    r"^gke_[^_]+_[^_]+_(.+)$",
    r"^.*/managedclusters/([^/]+)$",
    r"^[^@/]+@([^.]+)\.[a-z0-9-]+\.eksctl\.io$",
    r"^[^@/]+@([^@/]+)$",
    r"^(?:kind|k3d)-(.+)$",
)
"""How EKS, GKE, AKS, eksctl, kubeadm's kubeconfigs, kind and k3d write the name of a cluster."""


def of_other_cluster(cluster: pd.Series, collection: pd.DataFrame) -> pd.Series:
    """For each of these, true if it names (of clusters, as tools say them) is another cluster's; not where nothing
    is said."""
    ours = pd.concat([collection["cluster"], _short(collection["cluster"]), collection["cluster_uid"].str.lower()])
    ours = ours.str.lower().dropna()
    if ours.empty:
        return pd.Series(False, cluster.index, BOOLEAN)
    known = cluster.str.lower().isin(ours) | _short(cluster).isin(ours)
    return (cluster.notna() & ~known).astype(BOOLEAN)


def _short(cluster: pd.Series) -> pd.Series:
    """The name alone: ``arn:aws:eks:eu-west-1:123:cluster/prod`` → ``prod``."""
    name = cluster.astype(STRING).str.lower()
    for way in _WAYS:
        name = name.str.replace(way, r"\1", regex=True)
    return name
