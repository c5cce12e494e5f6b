"""Polaris, Kubeaudit and Aqua: workloads and their images."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import everything, plain, read, records, samples, written

# --- Polaris -------------------------------------------------------------------------------------------------------


def checks_of(controller: dict) -> list[dict]:
    pod = controller.get("PodResult") or {}
    levels = [controller, pod, *(pod.get("ContainerResults") or [])]
    return [check for level in levels for check in (level.get("Results") or {}).values()]


@pytest.mark.parametrize("path", samples("polaris"))
def test_counts_of_polaris_samples(path: Path) -> None:
    report = next(yaml.safe_load_all(path.read_text()))
    frames, (entry,) = read(path)
    if "AuditTime" not in report:  # manifests that Polaris was run on
        assert entry.outcome == "failed" and "none is scanner output" in entry.reason
        return
    checks = [check for controller in report["Results"] for check in checks_of(controller)]
    assert (entry.resource, entry.outcome) == (f"scan:polaris:{path.name}", "complete")
    statuses = frames["findings"]["status"]
    assert (len(statuses), (statuses == "pass").sum()) == (len(checks), sum(check["Success"] for check in checks))


CHECK = {"ID": "hostPIDSet", "Message": "no", "Success": False, "Severity": "danger", "Category": "Security"}
POLARIS: dict[str, Any] = {
    "PolarisOutputVersion": "1.0",
    "AuditTime": "2026-11-01T10:00:00Z",
    "SourceType": "Cluster",
    "SourceName": "https://10.0.0.1",
    "Results": [
        {
            "Name": "web",
            "Namespace": "shop",
            "Kind": "Deployment",
            "CreatedTime": "0001-01-01T00:00:00Z",
            "Results": {"a": {**CHECK, "Severity": "warning"}},
            "PodResult": {
                "Name": "",
                "Results": {"b": {**CHECK, "Severity": "ignore"}},
                "ContainerResults": [{"Name": "app", "Results": {"c": CHECK, "d": {**CHECK, "Success": True}}}],
            },
        }
    ],
}


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_polaris_looks_at_three_levels(name: str, tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, name, yaml.safe_dump(POLARIS) if name.endswith("yaml") else POLARIS))
    findings = records(frames["findings"])
    assert [(one["status"], one["severity"], one["container"]) for one in findings] == [
        ("fail", "medium", None),
        ("skip", "info", None),
        ("fail", "high", "app"),
        ("pass", "high", "app"),
    ]
    assert {(one["kind"], one["namespace"], one["name"], one["cluster"]) for one in findings} == {
        ("Deployment", "shop", "web", "https://10.0.0.1")
    }


# --- Kubeaudit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", samples("kubeaudit"))
def test_counts_of_kubeaudit_samples(path: Path) -> None:
    lines = plain(path)
    frames, (entry,) = read(path)
    assert (entry.resource, entry.outcome, entry.items) == (f"scan:kubeaudit:{path.name}", "complete", len(lines))
    assert len(frames["findings"]) == sum("AuditResultName" in line for line in lines)


def test_kubeaudit(tmp_path: Path) -> None:
    line = {
        "AuditResultName": "PrivilegedTrue",
        "level": "error",
        "msg": "no",
        "time": "2026-11-01T10:00:00Z",
        "ResourceApiVersion": "apps/v1",
        "ResourceKind": "Deployment",
        "ResourceName": "web",
        "ResourceNamespace": "shop",
        "Container": "app",
    }
    policy = {
        "AuditResultName": "MissingDefaultDenyIngressAndEgressNetworkPolicy",
        "level": "warning",
        "Namespace": "shop",
        "ResourceApiVersion": "v1",
        "ResourceKind": "Namespace",
    }
    lines = [
        {"level": "info", "msg": "started"},
        line,
        {**line, "AuditResultName": "PrivilegedTrueAllowed"},
        policy,
        {**line, "level": "info"},
        {**line, "level": "info", "AuditResultName": "ImageCorrect"},
    ]
    findings = records(read(written(tmp_path, "a.jsonl", lines))[0]["findings"])
    assert [one["status"] for one in findings] == ["fail", "accepted", "fail", "warn", "pass"]
    assert [one["severity"] for one in findings] == ["high", "high", "medium", "info", "info"]
    first = findings[0]
    assert (first["api_group"], first["kind"], first["namespace"], first["name"], first["container"]) == (
        "apps",
        "Deployment",
        "shop",
        "web",
        "app",
    )
    assert (findings[2]["namespace"], findings[2]["name"]) == ("shop", None)


# --- Aqua ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", samples("aqua"))
def test_counts_of_aqua_samples(path: Path) -> None:
    report = plain(path)
    frames, (entry,) = read(path)
    if not report:
        assert entry.outcome == "failed" and "does not show whether" in entry.reason
        return
    assert entry.resource == f"scan:aqua:{path.name}"
    found = records(frames["findings"])
    vulnerable = [one for one in found if one["category"] == "vulnerability" and one["status"] != "pass"]
    if "result" in report:
        assert len(vulnerable) == len(report["result"])
        return
    if "cves" in report:
        assert len(vulnerable) == len(report["cves"])
        return
    resources = report["resources"] if isinstance(report, dict) else report[0]["results"]["resources"]
    listed = sum(len(resource.get("vulnerabilities") or []) for resource in resources)
    assert len(vulnerable) == listed
    if isinstance(report, dict):
        assert (entry.outcome == "partial") == (report["vulnerability_summary"]["total"] > listed)
        checks = report["image_assurance_results"]["checks_performed"]
        assert sum(one["category"] == "policy" for one in found) == len(checks)


VULNERABILITY = {"name": "CVE-2026-1", "nvd_severity": "low", "aqua_severity": "critical", "fix_version": "2"}
AQUA: dict[str, Any] = {
    "image": "shop/web:1",
    "digest": "sha256:beef",
    "scan_started": {"seconds": 1793527200},
    "resources": [{"resource": {"name": "zlib", "version": "1"}, "vulnerabilities": [VULNERABILITY]}],
    "image_assurance_results": {
        "checks_performed": [
            {"control": "root_user", "policy_name": "D", "failed": True},
            {"control": "malware", "policy_name": "D"},
        ]
    },
    "sensitive_data": [{"type": "private key", "path": "/x.pem", "content": "hunter2"}],
    "vulnerability_summary": {"total": 1},
}


def test_an_image(tmp_path: Path) -> None:
    for name, report in {"a.json": AQUA, "devops.json": [{"image_name": "shop/web:1", "results": AQUA}]}.items():
        frames, (entry,) = read(written(tmp_path, name, report))
        assert (entry.resource, entry.outcome) == (f"scan:aqua:{name}", "complete")
        found = {one["rule"]: one for one in records(frames["findings"])}
        first = found["CVE-2026-1"]
        assert (first["severity"], first["package"], first["installed_version"], first["fixed_version"]) == (
            "critical",
            "zlib",
            "1",
            "2",
        )
        assert (first["image"], first["image_digest"], first["seen"].isoformat()) == (
            "shop/web:1",
            "sha256:beef",
            "2026-11-01T10:00:00+00:00",
        )
        assert [found[rule]["status"] for rule in ("root_user", "malware", "private key")] == ["fail", "pass", "fail"]
        assert "hunter2" not in everything(frames)


def test_a_clean_image_is_known_to_be_scanned_and_a_cut_one_is_not(tmp_path: Path) -> None:
    clean = {
        **AQUA,
        "resources": [],
        "vulnerability_summary": {"total": 0},
        "image_assurance_results": None,
        "sensitive_data": None,
    }
    (finding,) = records(read(written(tmp_path, "a.json", clean))[0]["findings"])
    assert (finding["status"], finding["image"]) == ("pass", "shop/web:1")
    frames, (entry,) = read(written(tmp_path, "b.json", {**clean, "vulnerability_summary": {"total": 9}}))
    assert entry.outcome == "failed" and len(frames["findings"]) == 0 and frames["scans"]["missing"][0] == 9


def test_a_page_of_the_interface(tmp_path: Path) -> None:
    page = {
        "count": 5,
        "page": 1,
        "pagesize": 2,
        "result": [
            {
                **VULNERABILITY,
                "image_name": "web:1",
                "image_digest": "sha256:aa",
                "resource": {"name": "zlib"},
                "acknowledged_date": "1970-01-01T00:00:00Z",
            },
            {**VULNERABILITY, "acknowledged_date": "2026-01-01T00:00:00Z"},
        ],
    }
    frames, (entry,) = read(written(tmp_path, "a.json", page))
    assert entry.outcome == "partial" and frames["scans"]["missing"][0] == 3
    assert [one["status"] for one in records(frames["findings"])] == ["fail", "accepted"]


def test_the_second_interface(tmp_path: Path) -> None:
    report = {
        "status": "ok",
        "image_name": "web:1",
        "cves": [{"file": "/lib/x.jar", "name": "CVE-2026-2", "severity": "HIGH", "fix_version": "3"}],
    }
    (finding,) = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert (finding["image"], finding["package"], finding["severity"]) == ("web:1", "/lib/x.jar", "high")
