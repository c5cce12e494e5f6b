"""Where tools agree: the same rule on the same object, as several tools and our own checks judge it.

`equivalent_rules.csv` says which rules are the same: one row for each rule of a tool (of any, where ``tool`` is
empty), with our name for the rule and our check that judges it, if there is one. Rules are listed there only where
they ask the same question; tools may still answer it by other means (init containers, defaults, namespaces).
"""

from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from auditkit.analysis.columns import STRING
from auditkit.analysis.findings.tied import OTHER_CLUSTER

OURS = "auditkit"

_KEYS = ["rule", "kind", "namespace", "name"]
_ALSO_FAILS = ("warn", "accepted")
_BY_POLICY = ("gatekeeper", "kyverno")
"""Engines whose rules are ``POLICY/NAME``, of which the policy alone says what is asked."""


@cache
def equivalent_rules() -> pd.DataFrame:
    """The rules that are the same: rule, check, tool, rule_id (``<NA>``: no check of ours, any tool)."""
    options = csv.ConvertOptions(column_types=dict.fromkeys(["rule", "check", "tool", "rule_id"], pa.string()),
                                 strings_can_be_null=True, null_values=[""])
    table = csv.read_csv(Path(__file__).with_name("equivalent_rules.csv"), convert_options=options)
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def rule_opinions(findings_tied: pd.DataFrame, own_verdicts: pd.DataFrame, top_owners: pd.DataFrame) -> pd.DataFrame:
    """The result of each tool for each rule and object: rule, kind, namespace, name, tool, status, findings, last_seen.

    Objects are the controllers that own what was judged. ``status`` is ``fail`` where anything of the object fails
    (also with a warning, or a risk that was accepted), ``pass`` where all that was judged passes, else ``unknown``.
    The tool of our own checks is ``auditkit``; ``own_verdicts`` has them by pod, container or workload.
    """
    theirs = _theirs(findings_tied)
    checks = equivalent_rules()[["rule", "check"]].dropna().drop_duplicates()
    ours = own_verdicts.merge(checks, on="check").merge(top_owners, on=["kind", "namespace", "name"], how="left")
    ours = ours.assign(kind=ours["top_kind"].fillna(ours["kind"]), name=ours["top_name"].fillna(ours["name"]),
                       tool=pd.Series(OURS, ours.index, STRING), status=ours["verdict"])
    columns = [*_KEYS, "tool", "status", "seen"]
    rows = pd.concat([theirs[columns], ours.reindex(columns=columns).astype(theirs[columns].dtypes)], ignore_index=True)
    rows["status"] = rows["status"].mask(rows["status"].isin(_ALSO_FAILS).fillna(False), "fail")
    rows = rows[rows["name"].notna()]
    counts = {status: (rows["status"] == status).fillna(False) for status in ("fail", "pass")}
    rows = rows.assign(fails=counts["fail"], passes=counts["pass"], open=~(counts["fail"] | counts["pass"]))
    found = rows.groupby([*_KEYS, "tool"], dropna=False, sort=True).agg(
        fails=("fails", "any"), passes=("passes", "any"), open=("open", "any"), findings=("fails", "size"),
        last_seen=("seen", "max")).reset_index()
    sure = found["passes"] & ~found["open"]
    status = pd.Series("unknown", found.index, STRING).mask(sure, "pass").mask(found["fails"], "fail")
    found.insert(len(_KEYS) + 1, "status", status)
    return found.drop(columns=["fails", "passes", "open"])


def _theirs(findings_tied: pd.DataFrame) -> pd.DataFrame:
    """The latest findings on rules that others have too, with our name for the rule."""
    rows = findings_tied[(findings_tied["tied"] != "none").fillna(False) & ~findings_tied["superseded"]
                         & (findings_tied["why_not"] != OTHER_CLUSTER).fillna(True)]
    rows = rows[["tool", "rule_id", "status", "seen", "object_kind", "object_namespace", "object_name"]]
    rows = rows[~rows["status"].isin(["skip", "manual"]).fillna(False)].set_axis(
        ["tool", "rule_id", "status", "seen", "kind", "namespace", "name"], axis=1)
    of_policy = rows["tool"].isin(_BY_POLICY).fillna(False)
    rows["rule_id"] = rows["rule_id"].mask(of_policy, rows["rule_id"].str.replace(r"/.*$", "", regex=True))
    known = equivalent_rules()[["rule", "tool", "rule_id"]]
    any_tool = rows.merge(known[known["tool"].isna()].drop(columns="tool"), on="rule_id")
    one_tool = rows.merge(known[known["tool"].notna()], on=["tool", "rule_id"])
    return pd.concat([any_tool, one_tool], ignore_index=True)


def agreement(rule_opinions: pd.DataFrame) -> pd.DataFrame:
    """The agreement of tools on a rule and an object: one row for each rule and object that a tool has judged.

    Columns: rule, kind, namespace, name, ours (what our own check says, ``<NA>``: nothing), tools (what each says),
    fails, passes (how many say so, we among them), verdict: ``agree``, ``disagree``, ``only one`` (who says anything
    definite), or ``open`` (nobody does).
    """
    own = (rule_opinions["tool"] == OURS).fillna(False)
    seen = rule_opinions.loc[~own, _KEYS[1:]].drop_duplicates()
    rows = rule_opinions.merge(seen, on=_KEYS[1:])
    own = (rows["tool"] == OURS).fillna(False)
    rows = rows.assign(ours=rows["status"].where(own, pd.NA), fails=(rows["status"] == "fail").fillna(False),
                       passes=(rows["status"] == "pass").fillna(False))
    found = rows.groupby(_KEYS, dropna=False, sort=True).agg(
        ours=("ours", "first"), fails=("fails", "sum"), passes=("passes", "sum")).reset_index()
    found.insert(len(_KEYS) + 1, "tools", _joined(rows[~own], found))
    voices = found["fails"] + found["passes"]
    split = (found["fails"] > 0) & (found["passes"] > 0)
    verdict = pd.Series("agree", found.index, STRING).mask(voices == 1, "only one").mask(voices == 0, "open")
    return found.assign(verdict=verdict.mask(split, "disagree")).astype({"ours": STRING})


def _joined(rows: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    """What the tools say of each rule and object: ``kubescape=fail, trivy=pass``; empty where none does."""
    said = rows[_KEYS].assign(said=rows["tool"] + "=" + rows["status"])
    table = pa.Table.from_pandas(said, preserve_index=False)
    lists = table.group_by(_KEYS, use_threads=False).aggregate([("said", "list")])
    words = pc.binary_join(lists["said_list"].combine_chunks().cast(pa.list_(pa.string())), ", ")
    joined = lists.select(_KEYS).append_column("tools", words).to_pandas(types_mapper=pd.ArrowDtype)
    return found[_KEYS].merge(joined, on=_KEYS, how="left")["tools"].fillna("")
