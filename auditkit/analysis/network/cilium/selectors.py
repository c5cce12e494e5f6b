"""Cilium's label selectors as those of pods, namespaces and nodes.

To Cilium an endpoint has the labels of its pod, of its namespace and of its service account in one set, each from a
source (``k8s:``); a selector that names none takes any. Labels that are no part of an identity cannot be selected by;
which these are can be set, so a requirement on one of the usual ones may hold or not.

Sources: Cilium 1.19, ``pkg/labels``, ``pkg/labelsfilter`` (labels of an identity), ``pkg/k8s/apis/cilium.io/utils``.
"""

import re

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.cilium.rows import PART, has
from auditkit.analysis.network.endpoints import NAME_LABEL

NAMESPACE = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
CLUSTER = "io.cilium.k8s.policy.cluster"
NO_IDENTITY = re.compile(
    r"^(?:io\.kubernetes|kubernetes\.io|.*beta\.kubernetes\.io|k8s\.io|topology\.kubernetes\.io|pod-template-generation|"
    r"pod-template-hash|controller-revision-hash|controller-uid|annotation|etcd_node|"
    r"statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index|"
    r"batch\.kubernetes\.io/(?:job-completion-index|controller-uid))")
"""Labels that by default are no part of an identity, as Cilium matches them: at the beginning of the key."""
_KEY = r"^(?:(?P<source>[a-z0-9-]+):)?(?P<key>.*)$"


def understood(rows: pd.DataFrame) -> pd.DataFrame:
    """Requirements with ``of`` (podSelector, namespaceSelector), key, and ``lost``: whether it holds is not known.

    ``reserved``: it asks for an entity.
    """
    parts = rows["key"].str.extract(_KEY)
    source, key = parts["source"].fillna("any").replace("", "any"), parts["key"]
    of_space = (key == NAMESPACE).fillna(False).to_numpy(bool)
    of_labels = key.str.startswith(NAMESPACE_LABELS).fillna(False).to_numpy(bool)
    reserved = (source == "reserved").to_numpy(bool)
    strange = ~source.isin(["any", "k8s", "reserved"]) | (key == CLUSTER) | key.str.match(NO_IDENTITY.pattern)
    lost = strange.fillna(True).to_numpy(bool) & ~of_space & ~of_labels & ~reserved
    key = key.mask(of_space, NAME_LABEL).mask(of_labels, key.str.removeprefix(NAMESPACE_LABELS))
    return rows.assign(of=np.where(of_space | of_labels, "namespaceSelector", "podSelector"), key=key, lost=lost,
                       reserved=reserved)


def asked(rows: pd.DataFrame) -> pd.DataFrame:
    """Those that pick pods. Every pod has a namespace: that it has one is no requirement."""
    anyway = (rows["of"] == "namespaceSelector") & (rows["key"] == NAME_LABEL) & (rows["operator"] == "Exists")
    return rows[~(rows["lost"] | rows["reserved"] | anyway.fillna(False)).to_numpy(bool)]


def subjects(given: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Whom the parts are for: parts with picks (own, any, nodes), their selectors, and parts of which it is not known.

    A policy with a namespace is for its pods alone, whatever it says of the namespace.
    """
    nodes = given["has_node_selector"].to_numpy(bool)
    picks = np.select([nodes, (given["namespace"] != "").to_numpy(bool)], ["nodes", "own"], "any")
    rows = rows[has(rows, PART, given)]
    of_nodes = rows[(rows["of"] == "nodeSelector").to_numpy(bool)]
    of_nodes = of_nodes.assign(key=of_nodes["key"].str.extract(_KEY)["key"])
    of_pods = understood(rows[(rows["of"] == "endpointSelector").to_numpy(bool)])
    own = (of_pods["namespace"] != "").to_numpy(bool) & (of_pods["key"] == NAME_LABEL).fillna(False).to_numpy(bool)
    doubted = of_pods[(of_pods["lost"] | of_pods["reserved"]).to_numpy(bool) | own]
    found = pd.concat([asked(of_pods[~own]), of_nodes], ignore_index=True).astype({"of": STRING})
    found = found.assign(whose="subject", direction="", rule=-1, peer=-1)
    return given.assign(picks=picks), found, doubted
