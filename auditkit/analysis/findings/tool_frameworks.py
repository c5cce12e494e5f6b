"""Requirements of frameworks as tools themselves tie them to their rules: theirs, and not judgements of auditkit."""

import pandas as pd
import pyarrow.compute as pc

from auditkit.analysis.columns import strings

_SAYS = ["framework", "reference"]
_NUMBERED = r"^(?:AVD-)?([A-Z]+)-?0*([0-9]+)$"


def framework_findings(findings_tied: pd.DataFrame, finding_references: pd.DataFrame) -> pd.DataFrame:
    """The findings of tools for each requirement that the tools refer to: one row for each finding and requirement.

    Columns: framework, reference (as the tool writes them), tool, rule, title, status, severity, object_kind,
    object_namespace, object_name, seen, scan. References hold for the rules of the scan that they stand in; where a
    tool keeps them apart from its findings, for the rules of that tool.
    """
    columns = ["tool", "rule", "title", "status", "severity", "object_kind", "object_namespace", "object_name",
               "seen", "scan"]
    found = findings_tied[findings_tied["rule"].notna()][columns].assign(row=lambda rows: range(len(rows)))
    found, references = _keyed(found), _keyed(finding_references)[["key", "reader", "scan", *_SAYS]].drop_duplicates()
    near = found.merge(references.drop(columns="reader"), on=["scan", "key"])
    far = found[~found["row"].isin(near["row"])].merge(
        references.drop(columns="scan").drop_duplicates(), on=["reader", "key"])
    return pd.concat([near, far], ignore_index=True).sort_values("row", ignore_index=True)[[*_SAYS, *columns]]


def framework_results(framework_findings: pd.DataFrame, events: pd.DataFrame,
                      finding_references: pd.DataFrame) -> pd.DataFrame:
    """How often each rule with a framework reference failed, passed or raised an event: one row for each.

    Columns: framework, reference, tool, rule, findings, failed, passed, events, last_seen.
    """
    rows = framework_findings[[*_SAYS, "tool", "rule", "status", "seen"]].rename(columns={"seen": "time"})
    rows = rows.assign(findings=1, failed=(rows["status"] == "fail").fillna(False),
                       passed=(rows["status"] == "pass").fillna(False), events=0).drop(columns="status")
    fired = _keyed(events[events["rule"].notna()][["tool", "rule", "time", "scan"]])
    references = _keyed(finding_references)[["key", "scan", *_SAYS]].drop_duplicates()
    fired = fired.merge(references, on=["scan", "key"])[[*_SAYS, "tool", "rule", "time"]]
    fired = fired.assign(findings=0, failed=0, passed=0, events=1)
    counts = ["findings", "failed", "passed", "events"]
    both = pd.concat([part.astype({**dict.fromkeys(counts, "int64[pyarrow]"), "time": "timestamp[us, UTC][pyarrow]"})
                      for part in (rows, fired)], ignore_index=True)
    grouped = both.groupby([*_SAYS, "tool", "rule"], dropna=False, sort=True)
    return grouped.agg(**{name: (name, "sum") for name in counts}, last_seen=("time", "max")).reset_index()


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """With the rule in one form (``AVD-KSV-0012`` is ``KSV012``), and the reader of the scan, by which it is called."""
    word = pc.utf8_upper(strings(rows["rule"]))
    key = pd.arrays.ArrowExtensionArray(pc.replace_substring_regex(word, _NUMBERED, r"\1\2"))
    return rows.assign(key=pd.Series(key, rows.index), reader=rows["scan"].str.replace(r":.*$", "", regex=True))
