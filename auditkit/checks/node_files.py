"""Files of the nodes, as kube-bench found them; no API shows them."""

import pandas as pd

from auditkit.analysis.rows import BOOLEAN, has
from auditkit.checks import _kube_bench
from auditkit.checks.model import Judgement, check, judge

_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


@check(severity="medium", wanted="owner and permissions as the benchmark asks for",
       remedy="Change the file on the node with chown and chmod, and run kube-bench there again.",
       source="CIS Kubernetes Benchmark 2.0.1, 1.1 and 4.1, by kube-bench",
       if_empty="every cluster has nodes, yet none is visible", tools=_kube_bench.TOOLS)
def permissions(nodes: pd.DataFrame, node_labels: pd.DataFrame, findings: pd.DataFrame, *,
                rule: str = "4.1.1") -> Judgement:
    """Files of the node belong to whom they should, and are closed to others."""
    ok = _kube_bench.result(nodes["name"], findings, rule)
    if not rule.startswith("1.1."):
        return judge(nodes, ok, reasons=_kube_bench.reasons(ok))
    control_plane = has(nodes, {"name": "node"}, node_labels[node_labels["key"].isin(_ROLES)])
    visible = bool(control_plane.any())
    reasons = _kube_bench.reasons(ok, "" if visible else "no node of the control plane is visible")
    return judge(nodes, ok, applies=control_plane if visible else pd.Series(pd.NA, nodes.index, BOOLEAN),
                 otherwise="it is not labelled as a node of the control plane", reasons=reasons)
