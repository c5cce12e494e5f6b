"""Comparisons of clusters: exact, on small frames of requirements."""

import pandas as pd

from auditkit.fleets import compare


def requirements(*rows: str) -> pd.DataFrame:
    """Rows as ``CLUSTER ENVIRONMENT REQUIREMENT STATUS [SEVERITY] [accepted]``."""
    found = []
    for row in rows:
        cluster, environment, requirement, status, *more = row.split()
        found.append({"cluster": cluster, "environment": environment, "framework": "f", "requirement": requirement,
                      "title": f"T {requirement}", "status": status, "severity": more[0] if more else "",
                      "accepted": "accepted" in more})
    return pd.DataFrame(found)


def test_the_matrix_keeps_both_orders_and_leaves_open_what_was_not_judged() -> None:
    found = compare.matrix(requirements("b p 2 pass", "b p 10 fail", "a p 2 unknown"), "f")
    assert list(found.index) == ["2", "10"] and list(found) == ["b", "a"]
    assert found.loc["2"].tolist() == ["pass", "unknown"] and pd.isna(found.loc["10", "a"])


def test_the_worst_is_the_most_severe_then_the_most_common() -> None:
    found = compare.worst(requirements(
        "a p low fail low", "b p low fail low", "a p one fail high accepted", "b p one unknown", "a p two fail high",
        "b p two fail medium", "a p well pass", "b p well unknown"))
    assert found[["requirement", "severity", "failing", "clusters", "where", "accepted", "unknown"]].values.tolist() == [
        ["two", "high", 2, 2, "a, b", 0, 0], ["one", "high", 1, 2, "a", 1, 1], ["low", "low", 2, 2, "a, b", 0, 0]]


def test_nothing_fails_and_nothing_differs() -> None:
    same = requirements("a p 1 pass", "b p 1 pass")
    assert compare.worst(same).empty and compare.differences(same).empty
    assert list(compare.worst(same)) == compare.WORST and list(compare.differences(same)) == compare.DIFFERENCES
    assert compare.drift(same, ["p"]).empty and compare.drift(same, []).empty


def test_unknown_is_not_alike() -> None:
    found = compare.differences(requirements("a p 1 pass", "b p 1 unknown", "c q 1 fail"))
    assert found[["environment", "statuses"]].values.tolist() == [["p", "unknown: b; pass: a"]]


def test_failures_come_before_other_differences_and_the_severe_before_others() -> None:
    found = compare.differences(requirements(
        "a p 1 pass", "b p 1 unknown", "a p 2 fail low", "b p 2 pass", "a p 3 fail critical", "b p 3 manual"))
    assert found["requirement"].tolist() == ["3", "2", "1"] and found["severity"].tolist() == ["critical", "low", ""]


def test_drift_has_the_worst_of_each_environment_and_what_changes_on_the_way() -> None:
    found = compare.drift(requirements(
        "d dev 1 fail", "p prod 1 pass", "q prod 1 fail", "d dev 2 fail", "p prod 2 pass", "q prod 2 manual",
        "d dev 3 pass", "p prod 3 unknown"), ["dev", "staging", "prod"])
    assert found[["requirement", "dev", "staging", "prod", "drift"]].values.tolist() == [
        ["2", "fail", "no cluster", "manual", "better in prod than in dev"],
        ["3", "pass", "no cluster", "unknown", "not known in prod"]]
