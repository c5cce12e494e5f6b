"""What kube-bench found on each node, for rules that the API does not show.

kube-bench's results do not say which node they are of. There is one file a node, and it, or its folder, is named like
the node: ``acme-cp0.json``, ``kube-bench-acme-cp0.json``, ``acme-cp0/kube-bench.json``.

It numbers its rules as the benchmark does that it ran, and from one benchmark to the next a number may come to mean
something else. So a result counts only where that benchmark is known to mean the same by it.
"""

import pandas as pd

from auditkit.checks._values import BOOLEAN, STRING

TOOLS = ("kube-bench",)
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

_NAME = r"^(?:kube-?bench[-_.])?(.+?)(?:[-_.]kube-?bench)?(?:\.(?:json|txt|log|out))?(?:\.gz)?$"


def result(nodes: pd.Series, findings: pd.DataFrame, rule: str) -> pd.Series:
    """Whether kube-bench passed a rule on each of these nodes; <NA> where it left it open, or has no result.

    Where there are several results of a node, one that fails decides, and so does one that is open against a pass.
    """
    benchmarks = MANAGED if rule.startswith("3.1.") else [name for name, no in OTHERWISE.items() if rule not in no]
    ours = findings[findings["tool"].isin(TOOLS)]
    ours = ours[ours["rule_id"].isin([f"{benchmark}/{rule}" for benchmark in benchmarks])]
    if not len(ours):
        return pd.Series(pd.NA, nodes.index, BOOLEAN)
    node = ours["node"].fillna(ours["name"]).fillna(_by_file(ours["scan"], nodes))
    failed, passed = ours["status"] == "fail", ours["status"] == "pass"
    of_failed, of_passed, of_open = (node[rows.fillna(False)].dropna() for rows in (failed, passed, ~(failed | passed)))
    return (pd.Series(pd.NA, nodes.index, BOOLEAN)
            .mask(nodes.isin(of_passed) & ~nodes.isin(of_open), True)
            .mask(nodes.isin(of_failed), False))


def _by_file(scans: pd.Series, nodes: pd.Series) -> pd.Series:
    """The one node that the file of each scan (``kube-bench:FILE``), or a folder of it, is named like."""
    files = scans.dropna().drop_duplicates().astype(object)
    parts = files.str.removeprefix(f"{TOOLS[0]}:").str.split(r"[/!]", regex=True).set_axis(files).explode()
    named = parts.str.replace(_NAME, r"\1", regex=True)
    named = named[named.isin(nodes.dropna())]
    named = named[~named.index.duplicated(keep=False)]
    return scans.astype(object).map(named).astype(STRING)


def reasons(ok: pd.Series, why: str = "") -> pd.Series:
    """A sentence for each node: what kube-bench says of it, or that it says nothing, and ``why`` nothing else can."""
    unknown = f"{NO_RESULT}; {why}" if why else NO_RESULT
    return (pd.Series(unknown, ok.index, STRING)
            .mask(ok.fillna(False), "kube-bench passed it on this node")
            .mask(~ok.fillna(True), "kube-bench failed it on this node"))
