"""What kube-bench found on each node, for rules that the API does not show.

kube-bench's results do not say which node they are of. There is one file a node, and it, or its folder, is named like
the node: ``acme-cp0.json``, ``kube-bench-acme-cp0.json``, ``acme-cp0/kube-bench.json``.

They do not say either when it ran. A file cannot be newer than when it was last written; so a result in one that lies
there for too long (`auditkit.tables.findings.MAX_AGE_DAYS_OF`) shows nothing, and leaves its rule open.

It numbers its rules as the benchmark does that it ran, and from one benchmark to the next a number may come to mean
something else. So a result counts only for the family of its benchmark (CIS Kubernetes, or that of a cloud), and only
where that benchmark is known to mean the same by the number as the newest of its family.
"""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import BOOLEAN, STRING, array, strings
from auditkit.tables.findings import MAX_AGE_DAYS_OF

TOOLS = ("kube-bench",)

_LATER = ("1.1.13", "1.1.14", "1.1.20", "1.2.28", "4.1.7", "4.3.1")
OTHERWISE: dict[str, tuple[str, ...]] = {
    "cis-2.0.1": (), "cis-2.0.0": (), "cis-2.0": (), "cis-1.12": (), "cis-1.11": (),
    "cis-1.10": ("1.1.20", "4.1.7"), "cis-1.9": ("1.1.20", "4.1.7"),
    "cis-1.8": _LATER, "cis-1.7": _LATER, "cis-1.24": (*_LATER, "4.2.7"),
}
"""Benchmarks that number the rules read here as CIS Kubernetes 2.0.1 does, but for these rules."""

OF_CLOUDS = ("eks-1.8.0", "eks-1.7.0", "eks-1.5.0", "eks-1.2.0", "eks-1.1.0", "eks-1.0.1", "gke-1.9.0", "gke-1.8.0",
           "aks-1.8", "aks-1.7")
"""Benchmarks of managed clusters that have the files of nodes as rules 3.1.1 to 3.1.4, as the newest ones do."""

_FILES = "3.1."
_NAME = r"^(?:kube-?bench[-_.])?(.+?)(?:[-_.]kube-?bench)?(?:\.(?:json|txt|log|out))?(?:\.gz)?$"


def node_results(nodes: pd.DataFrame, findings: pd.DataFrame, scans: pd.DataFrame,
                 collection: pd.DataFrame) -> pd.DataFrame:
    """What kube-bench says of each node by each rule: node, family (cis, eks, gke or aks), rule, ok, stale.

    ``ok`` is <NA> where it left the rule open, or where all results are too old (``stale``), which count only where
    there are no others. Where there are several results, one that fails decides, and so does
    one that is open against a pass.
    """
    ours = findings[["rule_id", "node", "name", "scan", "status", "seen"]][findings["tool"].isin(TOOLS)]
    named = ours["rule_id"].str.extract(r"^(?P<benchmark>[^/]+)/(?P<rule>.+)$").astype(STRING)
    meant = _means_the_same(named["benchmark"], named["rule"])
    ours, named = ours[meant], named[meant]
    stale = _stale(ours, scans, collection)
    failed, passed = ours["status"].eq("fail").fillna(False), ours["status"].eq("pass").fillna(False)
    found = pa.table({
        "node": strings(ours["node"].fillna(ours["name"]).fillna(_by_file(ours["scan"], nodes["name"]))),
        "family": strings(named["benchmark"].str.replace(r"-.*", "", regex=True)), "rule": strings(named["rule"]),
        "failed": array(failed & ~stale), "open": array(~(failed | passed) & ~stale), "stale": array(stale),
    })
    found = found.filter(pc.is_valid(found["node"])).group_by(["node", "family", "rule"]).aggregate(
        [("failed", "any"), ("open", "any"), ("stale", "all")])
    undecided = pc.or_(pc.and_not(found["open_any"], found["failed_any"]), found["stale_all"])
    return pa.table({
        **{name: found[name] for name in ("node", "family", "rule")},
        "ok": pc.if_else(undecided, pa.scalar(None, pa.bool_()), pc.invert(found["failed_any"])),
        "stale": found["stale_all"],
    }).to_pandas(types_mapper=pd.ArrowDtype)


def _stale(results: pd.DataFrame, scans: pd.DataFrame, collection: pd.DataFrame) -> pd.Series:
    """For each result, true if it is too old: by the time that is said of it, else by that of its file."""
    times = scans.drop_duplicates("scan").set_index("scan")["file_time"]
    written = pd.Series(times.reindex(results["scan"]).array, results.index)
    now = collection["ended"].fillna(collection["started"]).max()
    bound = MAX_AGE_DAYS_OF[TOOLS[0]]
    return (results["seen"].fillna(written) < now - pd.Timedelta(days=bound)).fillna(False).astype(BOOLEAN)


def _means_the_same(benchmark: pd.Series, rule: pd.Series) -> pd.Series:
    """True if a benchmark means by the number of a rule what the newest of its family means."""
    excluded = [f"{name}/{number}" for name, numbers in OTHERWISE.items() for number in numbers]
    of_cis = benchmark.isin(OTHERWISE) & ~(benchmark + "/" + rule).isin(excluded) & ~rule.str.startswith(_FILES)
    of_clouds = benchmark.isin(OF_CLOUDS) & rule.str.startswith(_FILES)
    return (of_cis | of_clouds).fillna(False).astype(BOOLEAN)


def _by_file(scans: pd.Series, nodes: pd.Series) -> pd.Series:
    """The one node that the file of each scan (``kube-bench:FILE``), or a folder of it, is named like."""
    files = scans.dropna().drop_duplicates().astype(object)
    parts = files.str.removeprefix(f"{TOOLS[0]}:").str.split(r"[/!]", regex=True).set_axis(files).explode()
    named = parts.str.replace(_NAME, r"\1", regex=True)
    named = named[named.isin(nodes.dropna())]
    named = named[~named.index.duplicated(keep=False)]
    return scans.astype(object).map(named).astype(STRING)
