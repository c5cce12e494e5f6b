"""What kube-bench found on the subjects of a check, and what is said of it."""

import pandas as pd

from auditkit.analysis.kube_bench import TOOLS
from auditkit.analysis.rows import STRING, lookup

__all__ = ["TOOLS", "of_nodes", "reasons"]

NO_RESULT = "kube-bench gave no result for this rule on this node"


def of_nodes(subjects: pd.DataFrame, results: pd.DataFrame, rule: str, family: str = "cis", *,
             node: str = "name") -> pd.Series:
    """Whether kube-bench passed a rule of a family of benchmarks on the node of each subject (named in the column
    ``node``); <NA> where it left it open, or has no result. ``results`` is the table `node_results`."""
    rows = results[(results["rule"] == rule) & (results["family"] == family)]
    return lookup(subjects, {node: "node"}, rows, ["ok"])["ok"]


def reasons(ok: pd.Series, why: str = "") -> pd.Series:
    """A sentence for each node: what kube-bench says of it, or that it says nothing, and ``why`` nothing else can."""
    unknown = f"{NO_RESULT}; {why}" if why else NO_RESULT
    return (pd.Series(unknown, ok.index, STRING)
            .mask(ok.fillna(False), "kube-bench passed it on this node")
            .mask(~ok.fillna(True), "kube-bench failed it on this node"))
