"""What kube-bench found on each node, for rules that the API does not show.

kube-bench numbers its rules as the benchmark does that it ran, and from one benchmark to the next a number may come
to mean something else. So a result counts only where that benchmark is known to mean the same by it.
"""

import pandas as pd
import pyarrow as pa

from auditkit.checks._values import BOOLEAN

NO_RESULT = "no kube-bench result for this rule was given of this node"

_LATER = ("1.1.13", "1.1.14", "1.1.20", "1.2.28", "4.1.7", "4.3.1")
OTHERWISE: dict[str, tuple[str, ...]] = {
    "cis-2.0.1": (), "cis-2.0.0": (), "cis-2.0": (), "cis-1.12": (), "cis-1.11": (),
    "cis-1.10": ("1.1.20", "4.1.7"), "cis-1.9": ("1.1.20", "4.1.7"),
    "cis-1.8": _LATER, "cis-1.7": _LATER, "cis-1.24": (*_LATER, "4.2.7"),
}
"""Benchmarks of kube-bench that number the rules read here as CIS Kubernetes 2.0.1 does, but for these rules."""

MANAGED = ("eks-1", "gke-1.6", "gke-1.8", "gke-1.9", "aks-1.7", "aks-1.8")
"""Beginnings of the names of benchmarks for managed clusters in which the rules 3.1.1 to 3.1.4 mean the same."""


def file_result(nodes: pd.Series, findings: pd.DataFrame, references: pd.DataFrame, rule: str) -> pd.Series:
    """Whether kube-bench passed a rule on each of these nodes; <NA> where it did not decide, or there is no result.

    ``references`` are the finding references, by which kube-bench's readers tell which benchmark was run.
    """
    meant = references[_means(references, rule)][["scan", "rule"]].drop_duplicates()
    ours = findings[findings["tool"].eq("kube-bench").fillna(False)].merge(meant, on=["scan", "rule"])
    node = ours["node"].fillna(ours["name"].where(ours["kind"].eq("Node").fillna(False)))
    passed, failed, left_open = (set(node[pick.fillna(False)].dropna()) for pick in (
        ours["status"] == "pass", ours["status"] == "fail", ~ours["status"].isin(["pass", "fail"])))
    result = pd.Series(pd.NA, nodes.index, BOOLEAN)
    return result.mask(nodes.isin(passed - left_open), True).mask(nodes.isin(failed), False)


def _means(references: pd.DataFrame, rule: str) -> pd.Series:
    """Which references say that a rule of a scan is this one."""
    benchmark = references["framework"].str.lower()
    if rule.startswith("3.1."):
        known = benchmark.str.startswith(MANAGED)
    else:
        known = benchmark.isin([name for name, others in OTHERWISE.items() if rule not in others])
    return (references["reference"].eq(rule) & known).fillna(False).astype(pd.ArrowDtype(pa.bool_()))
