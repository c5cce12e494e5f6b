"""What kube-bench found on each node, for rules that the API does not show.

kube-bench numbers its rules as the benchmark does that it ran, and from one benchmark to the next a number may come
to mean something else. So a result counts only where that benchmark is known to mean the same by it.
"""

import pandas as pd

from auditkit.checks._values import BOOLEAN

NO_RESULT = "kube-bench gave no result for this rule on this node"

_LATER = ("1.1.13", "1.1.14", "1.1.20", "1.2.28", "4.1.7", "4.3.1")
OTHERWISE: dict[str, tuple[str, ...]] = {
    "cis-2.0.1": (), "cis-2.0.0": (), "cis-2.0": (), "cis-1.12": (), "cis-1.11": (),
    "cis-1.10": ("1.1.20", "4.1.7"), "cis-1.9": ("1.1.20", "4.1.7"),
    "cis-1.8": _LATER, "cis-1.7": _LATER, "cis-1.24": (*_LATER, "4.2.7"),
}
"""Benchmarks that number the rules read here as CIS Kubernetes 2.0.1 does, but for these rules."""

MANAGED = ("eks-1.8.0", "eks-1.7.0", "eks-1.5.0", "eks-1.2.0", "eks-1.1.0", "eks-1.0.1", "gke-1.9.0", "gke-1.8.0",
           "aks-1.8", "aks-1.7")
"""Benchmarks for managed clusters that have the files of nodes as rules 3.1.1 to 3.1.4, as the newest ones do."""


def result(nodes: pd.Series, findings: pd.DataFrame, rule: str) -> pd.Series:
    """Whether kube-bench passed a rule on each of these nodes; <NA> where it left it open, or has no result.

    Where there are several results of a node, one that fails decides, and so does one that is open against a pass.
    """
    benchmarks = MANAGED if rule.startswith("3.1.") else [name for name, not_in in OTHERWISE.items() if rule not in not_in]
    ours = findings[findings["rule_id"].isin([f"{benchmark}/{rule}" for benchmark in benchmarks])
                    & (findings["tool"] == "kube-bench")]
    node = ours["node"].fillna(ours["name"])
    failed, passed = ours["status"] == "fail", ours["status"] == "pass"
    of_failed, of_passed, of_open = (node[rows.fillna(False)].dropna() for rows in (failed, passed, ~(failed | passed)))
    return (pd.Series(pd.NA, nodes.index, BOOLEAN)
            .mask(nodes.isin(of_passed) & ~nodes.isin(of_open), True)
            .mask(nodes.isin(of_failed), False))
