"""Files of the nodes, as kube-bench found them. The API does not show them."""

import pandas as pd

from auditkit.analysis.cluster.control_plane import of_control_plane, of_etcd
from auditkit.analysis.cluster.provider import provider
from auditkit.analysis.columns import BOOLEAN, has
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import kube_bench

_OF_ETCD = ("1.1.7", "1.1.8", "1.1.11", "1.1.12")
"""Rules on the files of etcd, which may have nodes of its own."""


@check(severity="medium", finding="fails the rule of kube-bench on the owner or permissions of a file",
       wanted="owner and permissions as the benchmark requires",
       remedy="Change the file on the node with chown and chmod. Then run kube-bench on the node again.",
       source="CIS Kubernetes Benchmark 2.0.1, 1.1 and 4.1, by kube-bench",
       if_empty="no node is visible, though every cluster has nodes", tools=kube_bench.TOOLS)
def permissions(nodes: pd.DataFrame, node_labels: pd.DataFrame, node_results: pd.DataFrame, collection: pd.DataFrame,
                control_plane: pd.DataFrame, *, rule: str = "4.1.1", benchmark: str = "cis") -> Judgement:
    """Files of nodes have the owner and permissions that the benchmark requires.

    Otherwise other users of the node can read credentials or change settings of Kubernetes. ``benchmark`` is the family
    by which kube-bench numbers its rules: cis, eks, gke or aks. A node that fails is always in scope, whatever its
    labels.
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
    why = "" if concerned.notna().all() else "no node is labelled as one of the control plane"
    return judge(nodes, ok, applies=concerned | failed, reasons=kube_bench.reasons(ok, is_open, why, old),
                 otherwise=f"the node is not labelled as one of {part}")


def _concerned(nodes: pd.DataFrame, node_labels: pd.DataFrame, rule: str) -> tuple[pd.Series, str]:
    """Whether a rule on the control plane applies to each node, and which part of it; <NA> where no node is labelled
    as one of it."""
    parts = {"etcd": of_etcd, "the control plane": of_control_plane}
    for part in parts if rule in _OF_ETCD else ["the control plane"]:
        labelled = has(nodes, {"name": "node"}, parts[part](node_labels))
        if labelled.any():
            return labelled, part
    return pd.Series(pd.NA, nodes.index, BOOLEAN), "the control plane"
