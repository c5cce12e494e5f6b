"""Files of the nodes, as kube-bench found them; no API shows them."""

import pandas as pd

from auditkit.analysis.cluster.control_plane import ETCD_ROLES, ROLES
from auditkit.analysis.cluster.provider import provider
from auditkit.analysis.columns import BOOLEAN, has
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import kube_bench

_OF_ETCD = ("1.1.7", "1.1.8", "1.1.11", "1.1.12")
"""Rules on the files of etcd, which may have nodes of its own."""


@check(severity="medium", wanted="owner and permissions as the benchmark asks for",
       remedy="Change the file on the node with chown and chmod, and run kube-bench there again.",
       source="CIS Kubernetes Benchmark 2.0.1, 1.1 and 4.1, by kube-bench",
       if_empty="every cluster has nodes, yet none is visible", tools=kube_bench.TOOLS)
def permissions(nodes: pd.DataFrame, node_labels: pd.DataFrame, node_results: pd.DataFrame, collection: pd.DataFrame,
                control_plane: pd.DataFrame, *, rule: str = "4.1.1", benchmark: str = "cis") -> Judgement:
    """Files of the node belong to whom they should, and are closed to others.

    ``benchmark`` is the family by which kube-bench numbers its rules: cis, eks, gke or aks. What it fails is never
    out of scope, whatever the labels of the node say.
    """
    ok = kube_bench.of_nodes(nodes, node_results, rule, benchmark)
    is_open = kube_bench.left_open(nodes, node_results, rule, benchmark)
    old = kube_bench.too_old(nodes, node_results, rule, benchmark)
    if not rule.startswith("1.1."):
        return judge(nodes, ok, reasons=kube_bench.reasons(ok, is_open, old=old))
    failed = (~ok).fillna(False)
    if run_by := provider(collection, nodes, node_labels, control_plane):
        return judge(nodes, ok, applies=failed, otherwise=f"run by the provider ({run_by})",
                     reasons=kube_bench.reasons(ok, is_open, old=old))
    concerned, part = _concerned(nodes, node_labels, rule)
    why = "" if concerned.notna().all() else "no node of the control plane is visible"
    return judge(nodes, ok, applies=concerned | failed, reasons=kube_bench.reasons(ok, is_open, why, old),
                 otherwise=f"it is not labelled as a node of {part}")


def _concerned(nodes: pd.DataFrame, node_labels: pd.DataFrame, rule: str) -> tuple[pd.Series, str]:
    """Whether a rule on the control plane speaks of each node, and of which part of it; <NA> where no node is labelled
    as one of it."""
    parts = {"etcd": ETCD_ROLES, "the control plane": ROLES}
    for part in parts if rule in _OF_ETCD else ["the control plane"]:
        labelled = has(nodes, {"name": "node"}, node_labels[node_labels["key"].isin(parts[part])])
        if labelled.any():
            return labelled, part
    return pd.Series(pd.NA, nodes.index, BOOLEAN), "the control plane"
