"""What kube-bench found on the subjects of a check, and what is said of it."""

import pandas as pd

from auditkit.analysis.columns import STRING, has, lookup
from auditkit.analysis.findings.kube_bench import TOOLS
from auditkit.tables.findings import MAX_AGE_DAYS_OF

__all__ = ["TOOLS", "left_open", "of_nodes", "reasons", "too_old"]

NO_RESULT = "kube-bench gave no result for this rule on this node"
LEFT_OPEN = "kube-bench left this rule open on this node"
TOO_OLD = f"the results of kube-bench for this node are more than {MAX_AGE_DAYS_OF['kube-bench']} days old"


def of_nodes(subjects: pd.DataFrame, results: pd.DataFrame, rule: str, family: str = "cis", *,
             node: str = "name") -> pd.Series:
    """Whether kube-bench passed a rule of a family of benchmarks on the node of each subject (named in the column
    ``node``); <NA> where it left it open, or has no result. ``results`` is the table `node_results`."""
    return lookup(subjects, {node: "node"}, _of(results, rule, family), ["ok"])["ok"]


def too_old(subjects: pd.DataFrame, results: pd.DataFrame, rule: str, family: str = "cis", *,
            node: str = "name") -> pd.Series:
    """Whether all of kube-bench's results on the node of each subject are too old; parameters as in `of_nodes`."""
    rows = _of(results, rule, family)
    return has(subjects, {node: "node"}, rows[rows["stale"].fillna(False)])


def left_open(subjects: pd.DataFrame, results: pd.DataFrame, rule: str, family: str = "cis", *,
              node: str = "name") -> pd.Series:
    """Whether kube-bench has a result that says neither (a warning, a manual rule); parameters as in `of_nodes`."""
    rows = _of(results, rule, family)
    return has(subjects, {node: "node"}, rows[rows["ok"].isna() & ~rows["stale"].fillna(False)])


def _of(results: pd.DataFrame, rule: str, family: str) -> pd.DataFrame:
    return results[(results["rule"] == rule) & (results["family"] == family)]


def reasons(ok: pd.Series, is_open: pd.Series, why: str = "", old: pd.Series | None = None) -> pd.Series:
    """A sentence for each node: what kube-bench says of it (``is_open``: `left_open`, ``old``: `too_old`), or that it
    says nothing, and ``why`` nothing else can."""
    unknown = pd.Series(NO_RESULT, ok.index, STRING).mask(is_open, LEFT_OPEN)
    unknown = unknown if old is None else unknown.mask(old, TOO_OLD)
    return ((unknown + f"; {why}" if why else unknown)
            .mask(ok.fillna(False), "kube-bench passed it on this node")
            .mask(~ok.fillna(True), "kube-bench failed it on this node"))
