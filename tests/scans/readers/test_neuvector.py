"""NeuVector: vulnerabilities and checks of images, workloads and hosts."""

import json
from pathlib import Path

import pytest
from scan_worlds import plain, read, records, samples, written


@pytest.mark.parametrize("path", samples("neuvector"))
def test_counts_of_samples(path: Path) -> None:
    document = plain(path)
    report = document.get("report", {})
    vulnerabilities = report.get("vulnerabilities") or []
    checks = [*(report.get("checks") or []), *(document.get("items") or [])]
    frames, (entry,) = read(path)
    findings = frames["findings"]
    assert entry.resource == f"scan:neuvector:{path.name}" and entry.outcome == "complete"
    assert findings.loc[findings["category"].eq("vulnerability"), "rule"].tolist() == [
        one["name"] for one in vulnerabilities
    ]
    assert findings.loc[findings["category"].eq("compliance"), "rule"].tolist() == [
        one["test_number"] for one in checks
    ]
    assert findings["status"].eq("pass").sum() == sum(one["level"] == "PASS" for one in checks)
    assert set(frames["finding_references"]["framework"]) == {tag for one in checks for tag in one.get("tags") or []}


CHECK = {
    "test_number": "K.4.1.8",
    "description": "Owner of a file",
    "level": "PASS",
    "message": ["CANARY"],
    "tags_v2": {"HIPAA": [{"id": "164.312(a)(1)"}], "PCI": []},
}


@pytest.mark.parametrize(
    ("level", "status"),
    [
        ("PASS", "pass"),
        ("WARN", "warn"),
        ("HIGH", "fail"),
        ("NOTE", "manual"),
        ("INFO", "manual"),
        ("ERROR", "error"),
        ("odd", "unknown"),
        (None, "unknown"),
    ],
)
def test_levels_of_checks(level: str | None, status: str, tmp_path: Path) -> None:
    document = {
        "run_at": "2026-11-23T09:00:00Z",
        "kubernetes_cis_version": "1.6.0",
        "items": [{**CHECK, "level": level}],
    }
    frames, _ = read(written(tmp_path, "x.json", document))
    (finding,) = records(frames["findings"])
    assert (finding["status"], finding["tool_status"]) == (status, level)
    assert finding["seen"].isoformat() == "2026-11-23T09:00:00+00:00"
    assert {(one["framework"], one["reference"]) for one in records(frames["finding_references"])} == {
        ("HIPAA", "164.312(a)(1)"),
        ("PCI", None),
    }


def test_a_workload_with_an_error_and_broken_rows(tmp_path: Path) -> None:
    found = {
        "name": "CVE-2026-0001",
        "severity": "High",
        "package_name": "openssl",
        "package_version": "3.0",
        "fixed_version": "3.1",
        "tags": ["accepted"],
    }
    document = {"error_message": "timeout", "report": {"vulnerabilities": [found, {"name": 5}], "checks": [CHECK]}}
    frames, (entry,) = read(written(tmp_path, "x.json", document))
    first, second = records(frames["findings"])
    assert (first["status"], first["package"], first["fixed_version"]) == ("accepted", "openssl", "3.1")
    assert second["rule"] == "K.4.1.8" and entry.outcome == "partial"
    assert "ended with an error" in entry.reason and "1 of its report.vulnerabilities" in entry.reason
    assert read(written(tmp_path, "cut.json", json.dumps(document)[:250]))[1][0].outcome == "partial"


def test_reports_of_others_are_not_taken_for_it(tmp_path: Path) -> None:
    other = {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": "ConfigAuditReport",
        "report": {"checks": [{"checkID": "KSV001"}]},
    }
    assert not read(written(tmp_path, "x.json", other))[1][0].resource.startswith("scan:neuvector")
