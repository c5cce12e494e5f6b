"""Checkov: checks passed, failed and skipped; what it could not parse makes the scan incomplete."""

import json
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, plain, read, records, samples, written

LISTS = {"passed_checks": "pass", "failed_checks": "fail", "skipped_checks": "skip"}


@pytest.mark.parametrize("path", samples("checkov"))
def test_counts_of_samples(path: Path) -> None:
    document = plain(path)
    reports = document if isinstance(document, list) else [document]
    frames, (entry,) = read(path)
    assert entry.resource == f"scan:checkov:{path.name}"
    for name, status in LISTS.items():
        expected = [check["check_id"] for report in reports for check in report.get("results", {}).get(name, [])]
        findings = frames["findings"]
        assert findings.loc[findings["status"].eq(status), "rule"].tolist() == expected
    unparsed = any(report.get("results", {}).get("parsing_errors") for report in reports)
    assert entry.outcome == ("partial" if unparsed else "complete")
    assert set(frames["scans"]["tool_version"]) == {reports[-1].get("summary", reports[-1])["checkov_version"]}


CHECK: dict[str, Any] = {
    "check_id": "CKV_K8S_16",
    "check_name": "Not privileged",
    "check_result": {"result": "FAILED"},
    "severity": None,
    "code_block": [[1, "password: CANARY"]],
    "file_path": "/web.yaml",
    "file_line_range": [1, 9],
    "resource": "Deployment.shop.web.v2",
    "evaluations": {"x": "CANARY"},
    "guideline": "https://docs.example/16",
    "benchmarks": {"CIS Kubernetes V1.6": [{"name": "5.2.1", "description": "CANARY"}]},
}


def report(check_type: str = "kubernetes", **lists: list) -> dict[str, Any]:
    return {
        "check_type": check_type,
        "results": {"passed_checks": [], "failed_checks": [], "skipped_checks": [], "parsing_errors": [], **lists},
        "summary": {"passed": 0, "failed": 1, "skipped": 0, "parsing_errors": 0, "checkov_version": "3.3.30"},
    }


def test_objects_and_references(tmp_path: Path) -> None:
    checks = [CHECK, {**CHECK, "resource": "ClusterRole.default.admin"}, {**CHECK, "resource": "nothing"}]
    frames, (entry,) = read(written(tmp_path, "checkov.json", report(failed_checks=checks)))
    assert [(one["kind"], one["namespace"], one["name"]) for one in records(frames["findings"])] == [
        ("Deployment", "shop", "web.v2"),
        ("ClusterRole", None, "admin"),
        (None, None, "nothing"),
    ]
    assert [(one["framework"], one["reference"]) for one in records(frames["finding_references"])] == [
        ("CIS Kubernetes V1.6", "5.2.1")
    ]
    assert entry.outcome == "complete" and "CANARY" not in everything(frames)
    assert set(frames["findings"]["severity"]) == {"unknown"} and set(frames["findings"]["message"]) == {
        "/web.yaml:1-9"
    }


def test_lists_of_reports_in_utf16_and_packages(tmp_path: Path) -> None:
    package = {
        **CHECK,
        "check_id": "BC_CVE_2026_1",
        "severity": "HIGH",
        "vulnerability_details": {
            "id": "CVE-2026-0001",
            "package_name": "openssl",
            "package_version": "3.0",
            "fix_version": "3.1",
        },
    }
    reports = [
        report(passed_checks=[{**CHECK, "check_result": {"result": "PASSED"}}]),
        report("terraform", failed_checks=[{**CHECK, "resource": "aws_s3_bucket.logs"}]),
        report("sca_package", failed_checks=[package]),
    ]
    frames, (entry,) = read(written(tmp_path, "checkov.json", ("\ufeff" + json.dumps(reports)).encode("utf-16-le")))
    first, second, third = records(frames["findings"])
    assert entry.outcome == "complete" and [one["status"] for one in (first, second, third)] == ["pass", "fail", "fail"]
    assert (second["kind"], second["name"]) == (None, "aws_s3_bucket.logs")
    assert (third["rule"], third["package"], third["fixed_version"], third["category"]) == (
        "CVE-2026-0001",
        "openssl",
        "3.1",
        "vulnerability",
    )


def test_files_that_it_could_not_parse_are_a_gap(tmp_path: Path) -> None:
    _, (entry,) = read(written(tmp_path, "checkov.json", report(parsing_errors=["/a.yaml", "/b.yaml"])))
    assert entry.outcome == "failed" and "could not parse 2 files" in entry.reason
    _, (entry,) = read(written(tmp_path, "checkov.json", report(parsing_errors=["/a.yaml"], failed_checks=[CHECK])))
    assert entry.outcome == "partial" and "could not parse 1 files" in entry.reason
    clean = {
        "passed": 0,
        "failed": 0,
        "skipped": 0,
        "parsing_errors": 1,
        "resource_count": 0,
        "checkov_version": "3.3.30",
    }
    _, (entry,) = read(written(tmp_path, "clean.json", clean))
    assert entry.outcome != "complete" and "could not parse 1 files" in entry.reason


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(report(failed_checks=[CHECK, CHECK]))[:700],
        json.dumps(report(failed_checks=[CHECK, {"check_id": 5}, 7])),
    ],
)
def test_what_came_before_the_break_is_kept(content: str, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "checkov.json", content))
    assert frames["findings"]["rule"].tolist() == ["CKV_K8S_16"] and entry.outcome == "partial"
    assert frames["scans"]["truncated"].tolist() == [True] and "CANARY" not in entry.reason
