"""PolicyReports of several engines and ages."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import read, records, samples, written

GROUPS = ("wgpolicyk8s.io/", "openreports.io/")


@pytest.mark.parametrize("path", samples("policyreport"))
def test_counts_of_samples(path: Path) -> None:
    found = [thing for thing in yaml.safe_load_all(path.read_text()) if thing]
    things = [item for thing in found for item in (thing.get("items", [thing]) if thing["kind"] == "List" else [thing])]
    reports = [thing for thing in things if thing["apiVersion"].startswith(GROUPS)]
    frames, (entry,) = read(path)
    if not reports:  # an empty list, and results of another operator
        assert (entry.resource, entry.outcome) == (f"scan:unknown:{path.name}", "failed")
        return
    results = [result for report in reports for result in report.get("results") or []]
    assert entry.resource == f"scan:policyreport:{path.name}" and entry.items == len(reports)
    assert len(frames["findings"]) == sum(len(result.get("resources") or [0]) for result in results)
    stated = sum(sum(report["summary"].values()) for report in reports)
    assert entry.outcome == ("partial" if stated > len(results) else "complete")


def report(*results: dict, kind: str = "PolicyReport", api: str = "wgpolicyk8s.io/v1alpha2", **more: Any) -> dict:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "r", "namespace": "shop"},
        "results": list(results),
        **more,
    }


def found_in(tmp_path: Path, *things: dict) -> list[dict]:
    return records(read(written(tmp_path, "a.json", list(things)))[0]["findings"])


RESULT = {
    "source": "kyverno",
    "policy": "no-root",
    "rule": "run-as",
    "result": "fail",
    "severity": "high",
    "category": "Pod Security Standards",
    "message": "no",
    "timestamp": {"seconds": 1793527200, "nanos": 0},
}
POD = {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u-1"}
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


@pytest.mark.parametrize(
    "thing",
    [
        report(RESULT, scope=POD),
        report({**RESULT, "resources": [POD]}),
        report({**RESULT, "subjects": [POD]}),
        report({**RESULT, "resources": [POD]}, api="openreports.io/v1alpha1", kind="Report"),
        {
            "apiVersion": "reports.kyverno.io/v1",
            "kind": "EphemeralReport",
            "metadata": {"name": "r", "namespace": "shop"},
            "spec": {"owner": POD, "results": [RESULT]},
        },
    ],
)
def test_where_a_report_says_what_it_is_about(thing: dict, tmp_path: Path) -> None:
    (finding,) = found_in(tmp_path, thing)
    wanted = {
        "tool": "kyverno",
        "rule": "no-root/run-as",
        "status": "fail",
        "severity": "high",
        "api_group": "",
        "kind": "Pod",
        "namespace": "shop",
        "name": "web",
        "uid": "u-1",
        "message": "no",
    }
    assert {key: finding[key] for key in wanted} == wanted
    assert finding["seen"].isoformat() == "2026-11-01T10:00:00+00:00"


def test_a_result_on_several_objects_is_several_findings(tmp_path: Path) -> None:
    found = found_in(tmp_path, report({**RESULT, "resources": [POD, {**POD, "name": "db"}]}))
    assert [one["name"] for one in found] == ["web", "db"]


def test_a_scope_without_namespace_lies_in_that_of_the_report(tmp_path: Path) -> None:
    cluster = {**report(RESULT, scope={"apiVersion": "v1", "kind": "Node", "name": "n"}, kind="ClusterPolicyReport")}
    first, second = found_in(tmp_path, report(RESULT, scope=DEPLOYMENT), cluster)
    assert (first["namespace"], second["namespace"]) == ("shop", None)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"result": "pass"}, "pass"),
        ({"result": "warn"}, "warn"),
        ({"result": "error"}, "error"),
        ({"result": "skip"}, "skip"),
        ({"result": "fail", "scored": False}, "warn"),
        ({"result": "fail", "scored": True}, "fail"),
        ({"status": "fail"}, "fail"),
        ({}, "unknown"),
        ({"result": "Passed?"}, "unknown"),
    ],
)
def test_statuses(result: dict, status: str, tmp_path: Path) -> None:
    (finding,) = found_in(tmp_path, report({"policy": "p", **result}, scope=POD))
    assert (finding["status"], finding["rule"]) == (status, "p")


def test_results_that_are_counted_and_not_listed_are_missing(tmp_path: Path) -> None:
    thing = report(RESULT, scope=POD, summary={"pass": 10, "fail": 1, "warn": 0, "error": 0, "skip": 2})
    frames, (entry,) = read(written(tmp_path, "a.json", thing))
    assert entry.outcome == "partial" and frames["scans"]["missing"][0] == 12


def test_the_engine_is_named_by_the_report_or_its_labels(tmp_path: Path) -> None:
    bare = {key: value for key, value in RESULT.items() if key != "source"}
    labelled = report(bare, scope=POD)
    labelled["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "falco"}
    found = found_in(tmp_path, report(bare, scope=POD, source="kube-bench"), labelled, report(bare, scope=POD))
    assert [one["tool"] for one in found] == ["kube-bench", "falco", "policyreport"]


def test_vulnerabilities_and_references(tmp_path: Path) -> None:
    cve = {
        "policy": "CVE-2026-1",
        "result": "warn",
        "properties": {"pkgName": "zlib", "installedVersion": "1", "fixedVersion": "2"},
    }
    standard = {"policy": "p", "result": "fail", "properties": {"standards": "NIST-CSF", "controls": "DE.CM-8"}}
    frames, _ = read(written(tmp_path, "a.json", report(cve, standard, RESULT, scope=POD)))
    first = records(frames["findings"])[0]
    assert (first["category"], first["package"], first["fixed_version"]) == ("vulnerability", "zlib", "2")
    assert [(one["rule"], one["framework"], one["reference"]) for one in records(frames["finding_references"])] == [
        ("p", "NIST-CSF", "DE.CM-8"),
        ("no-root/run-as", "Pod Security Standards", None),
    ]


def test_policies_are_no_reports(tmp_path: Path) -> None:
    policy = {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {}}
    assert read(written(tmp_path, "a.json", policy))[1][0].outcome == "failed"
