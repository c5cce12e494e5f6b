"""Trivy: images, files, clusters, compliance; nothing of what it matched is kept."""

import copy
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, plain, read, records, samples, written

NOTHING = ("no vulnerability was found", "it has no findings and does not state what was scanned")
LISTS = ("Vulnerabilities", "Misconfigurations", "Secrets", "Licenses")


def results_of(report: Any) -> list[dict]:
    """Every result in a report of any shape."""
    if isinstance(report, list):
        return report
    if "ClusterName" in report:
        return [
            result
            for key in ("Resources", "Vulnerabilities", "Misconfigurations", "Findings")
            for resource in report.get(key) or []
            for result in resource.get("Results") or []
        ]
    results = report.get("Results") or []
    return [inner for result in results for inner in result["Results"]] if "Title" in report else results


@pytest.mark.parametrize("path", samples("trivy"))
def test_counts_of_samples(path: Path) -> None:
    report = plain(path)
    frames, (entry,) = read(path)
    if report is None or "spdxVersion" in report or "bomFormat" in report:  # null, and bills of materials
        assert entry.outcome == "failed" and entry.resource == f"scan:unknown:{path.name}"
        return
    if "runs" in report:
        assert entry.resource == f"scan:sarif:{path.name}"
        return
    expected = sum(len(result.get(key) or []) for result in results_of(report) for key in LISTS)
    findings = records(frames["findings"])
    assert (entry.resource, entry.outcome) == (f"scan:trivy:{path.name}", "complete")
    assert sum(finding["title"] not in NOTHING for finding in findings) == expected
    for key, name, rule in (("Vulnerabilities", "vulnerability", "VulnerabilityID"), ("Secrets", "secret", "RuleID")):
        there = sorted(found[rule] for result in results_of(report) for found in result.get(key) or [] if rule in found)
        assert sorted(one["rule"] for one in findings if one["category"] == name and one["rule"]) == there


@pytest.mark.parametrize("path", samples("trivy"))
def test_no_match_and_no_code_of_samples_is_kept(path: Path) -> None:
    report = plain(path)
    if not isinstance(report, list | dict):
        return
    quoted = [
        secret.get("Match")
        for result in results_of(report)
        if isinstance(result, dict)
        for secret in result.get("Secrets") or []
    ]
    kept = everything(read(path)[0])
    assert not any(match in kept for match in quoted if match and len(match) > 12)


IMAGE: dict[str, Any] = {
    "SchemaVersion": 2,
    "ArtifactName": "shop/web:1.0",
    "ArtifactType": "container_image",
    "CreatedAt": "2026-11-01T10:00:00.123456789Z",
    "Trivy": {"Version": "0.60.0"},
    "Metadata": {
        "RepoTags": ["shop/web:1.0"],
        "RepoDigests": ["shop/web@sha256:beef"],
        "ImageConfig": {"config": {"Env": ["PASSWORD=hunter2"]}, "history": [{"created_by": "hunter2"}]},
    },
    "Results": [
        {
            "Target": "shop/web:1.0 (debian 12)",
            "Class": "os-pkgs",
            "Type": "debian",
            "Packages": [{"Name": "bash"}],
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2026-0001",
                    "PkgName": "openssl",
                    "InstalledVersion": "3.0",
                    "FixedVersion": "3.1",
                    "Status": "fixed",
                    "Severity": "CRITICAL",
                    "Title": "a hole",
                },
                {"VulnerabilityID": "CVE-2026-0002", "PkgName": "zlib", "Status": "not_affected", "Severity": "LOW"},
                {"VulnerabilityID": "CVE-2026-0003", "PkgName": "zlib", "Status": "under_investigation"},
                {"VulnerabilityID": "CVE-2026-0004", "PkgName": "zlib", "Status": "will_not_fix", "Severity": "MEDIUM"},
            ],
            "ExperimentalModifiedFindings": [
                {
                    "Type": "vulnerability",
                    "Status": "ignored",
                    "Source": ".trivyignore",
                    "Finding": {"VulnerabilityID": "CVE-2026-0005", "PkgName": "zlib", "Severity": "HIGH"},
                }
            ],
        },
        {
            "Target": "/app/key.pem",
            "Class": "secret",
            "Secrets": [
                {
                    "RuleID": "private-key",
                    "Severity": "HIGH",
                    "Title": "Key",
                    "Match": "hunter2",
                    "Code": {"Lines": [{"Content": "hunter2"}]},
                }
            ],
        },
        {
            "Target": "OS Packages",
            "Class": "license",
            "Licenses": [
                {"Severity": "HIGH", "Category": "restricted", "PkgName": "bash", "Name": "GPL-3.0"},
                {"Severity": "LOW", "Category": "notice", "PkgName": "zlib", "Name": "Zlib"},
                {"Severity": "UNKNOWN", "Category": "unknown", "FilePath": "/x", "Name": "odd"},
            ],
        },
    ],
}


def test_an_image(tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, "a.json", IMAGE))
    findings = {one["rule"]: one for one in records(frames["findings"])}
    first = findings["CVE-2026-0001"]
    assert (first["image"], first["image_digest"], first["package"]) == ("shop/web:1.0", "sha256:beef", "openssl")
    assert (first["installed_version"], first["fixed_version"], first["severity"]) == ("3.0", "3.1", "critical")
    assert (first["tool_version"], first["seen"].isoformat()) == ("0.60.0", "2026-11-01T10:00:00.123456+00:00")
    statuses = {rule: one["status"] for rule, one in findings.items()}
    assert statuses == {
        "CVE-2026-0001": "fail",
        "CVE-2026-0002": "pass",
        "CVE-2026-0003": "unknown",
        "CVE-2026-0004": "fail",
        "CVE-2026-0005": "accepted",
        "private-key": "fail",
        "GPL-3.0": "fail",
        "Zlib": "pass",
        "odd": "warn",
    }
    assert findings["CVE-2026-0005"]["tool_status"] == "ignored"
    assert "hunter2" not in everything(frames)


def test_an_image_without_vulnerabilities_is_known_to_be_scanned(tmp_path: Path) -> None:
    report = copy.deepcopy(IMAGE)
    report["Results"] = [{"Target": "shop/web:1.0 (debian 12)", "Class": "os-pkgs", "Type": "debian"}]
    (finding,) = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert (finding["status"], finding["image"], finding["rule"]) == ("pass", "shop/web:1.0", None)


@pytest.mark.parametrize("results", [None, []])
def test_an_image_of_which_nothing_is_said_does_not_pass(results: Any, tmp_path: Path) -> None:
    report = {**IMAGE, "Results": results}
    (finding,) = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert finding["status"] == "unknown"


@pytest.mark.parametrize("instead", ["none", {"a": 1}, 7, True])
def test_results_that_are_no_list_are_a_gap(instead: Any, tmp_path: Path) -> None:
    report = copy.deepcopy(IMAGE)
    report["Results"][0]["Vulnerabilities"] = instead
    _, (entry,) = read(written(tmp_path, "a.json", report))
    assert entry.outcome == "partial" and "is not a list" in entry.reason


MISCONFIGURED = {
    "ID": "KSV-0012",
    "AVDID": "AVD-KSV-0012",
    "Title": "root",
    "Severity": "MEDIUM",
    "Status": "FAIL",
    "Message": "Container 'web' of Deployment 'shop' should not run as root",
    "Resolution": "Do not.",
    "CauseMetadata": {"Code": {"Lines": [{"Content": "password: hunter2"}]}},
}


def test_files(tmp_path: Path) -> None:
    report = {
        "SchemaVersion": 2,
        "ArtifactName": ".",
        "ArtifactType": "filesystem",
        "Results": [
            {
                "Target": "deploy.yaml",
                "Class": "config",
                "Type": "kubernetes",
                "Misconfigurations": [
                    MISCONFIGURED,
                    {"ID": "KSV013", "Status": "PASS"},
                    {"ID": "KSV014", "Status": "EXCEPTION"},
                    {
                        "ID": "KSV-0109",
                        "Status": "FAIL",
                        "Message": "ConfigMap 'x' stores secrets '{\"password = hunter2\"}'",
                    },
                ],
            }
        ],
    }
    frames, _ = read(written(tmp_path, "a.json", report))
    findings = records(frames["findings"])
    assert [one["status"] for one in findings] == ["fail", "pass", "accepted", "fail"]
    assert [one["rule_id"] for one in findings] == ["KSV012", "KSV013", "KSV014", "KSV109"]
    assert (findings[0]["kind"], findings[0]["name"], findings[0]["container"]) == ("Deployment", "shop", "web")
    assert (findings[1]["kind"], findings[1]["name"]) == (None, "deploy.yaml")
    assert "hunter2" not in everything(frames)


RESULTS = [
    {
        "Target": "shop/web:1.0 (debian 12)",
        "Class": "os-pkgs",
        "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-0001", "PkgName": "openssl", "Severity": "HIGH"}],
    },
    {"Target": "Deployment/shop", "Class": "config", "Type": "kubernetes", "Misconfigurations": [MISCONFIGURED]},
]
RESOURCE = {
    "Namespace": "shop",
    "Kind": "Deployment",
    "Name": "web",
    "Results": RESULTS,
    "Metadata": {"RepoTags": ["shop/web:1.0"], "RepoDigests": ["shop/web@sha256:beef"]},
}


@pytest.mark.parametrize(
    "report",
    [
        {"ClusterName": "prod", "Resources": [RESOURCE]},
        {"SchemaVersion": 2, "ClusterName": "prod", "Findings": [{**RESOURCE, "Metadata": [RESOURCE["Metadata"]]}]},
        {
            "ClusterName": "prod",
            "Vulnerabilities": [{**RESOURCE, "Results": RESULTS[:1]}],
            "Misconfigurations": [{**RESOURCE, "Results": RESULTS[1:]}],
        },
    ],
)
def test_a_cluster_in_three_shapes(report: Any, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "a.json", report))
    vulnerable, misconfigured = records(frames["findings"])
    assert entry.outcome == "complete" and frames["scans"]["cluster"][0] == "prod"
    assert {(one["cluster"], one["kind"], one["namespace"], one["name"]) for one in (vulnerable, misconfigured)} == {
        ("prod", "Deployment", "shop", "web")
    }
    assert (vulnerable["image"], vulnerable["image_digest"]) == ("shop/web:1.0", "sha256:beef")
    assert (misconfigured["image"], misconfigured["container"]) == (None, "web")


def test_nodes_clean_resources_and_failed_scans(tmp_path: Path) -> None:
    clean = {
        "Namespace": "shop",
        "Kind": "Pod",
        "Name": "db",
        "Results": [{"Target": "db:1 (alpine)", "Class": "os-pkgs"}],
    }
    node = {
        "Kind": "NodeInfo",
        "Name": "node-1",
        "Results": [{"Target": "x", "Class": "config", "Misconfigurations": [{"ID": "KCV0077", "Status": "FAIL"}]}],
    }
    failed = {"Namespace": "shop", "Kind": "Pod", "Name": "odd", "Error": "image not found: user:hunter2@registry"}
    frames, (entry,) = read(written(tmp_path, "a.json", {"ClusterName": "c", "Resources": [clean, node, failed]}))
    found = {one["name"]: one for one in records(frames["findings"])}
    assert (found["node-1"]["kind"], found["node-1"]["node"]) == ("Node", "node-1")
    assert (found["db"]["status"], found["db"]["image"]) == ("pass", "db:1")
    assert found["odd"]["status"] == "error" and entry.outcome == "partial" and "hunter2" not in everything(frames)


def test_the_oldest_form(tmp_path: Path) -> None:
    report = [
        {"Target": "python:3 (debian 10.2)", "Vulnerabilities": [{"VulnerabilityID": "CVE-1-1", "Severity": "LOW"}]},
        {"Target": "app/composer.lock", "Vulnerabilities": None},
    ]
    first, second = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert (first["image"], first["status"]) == ("python:3", "fail")
    assert (second["name"], second["status"]) == ("app/composer.lock", "pass")


def test_compliance_in_full(tmp_path: Path) -> None:
    report = {
        "ID": "k8s-cis-1.23",
        "Title": "CIS",
        "RelatedResources": ["x"],
        "Results": [
            {
                "ID": "1.2.1",
                "Name": "anonymous",
                "Severity": "MEDIUM",
                "Results": [
                    {"Target": "Pod/kube-apiserver", "Misconfigurations": [{"AVDID": "AVD-KCV-0001", "Status": "FAIL"}]}
                ],
            },
            {"ID": "5.1.2", "Name": "secrets", "Severity": "HIGH", "Results": None},
        ],
    }
    frames, _ = read(written(tmp_path, "a.json", report))
    failed, manual = records(frames["findings"])
    assert (failed["rule_id"], failed["status"], failed["severity"]) == ("KCV001", "fail", "medium")
    assert (failed["kind"], failed["name"]) == ("Pod", "kube-apiserver")
    assert (manual["rule_id"], manual["status"]) == ("cis-1.23/5.1.2", "manual")
    assert [(one["rule"], one["framework"], one["reference"]) for one in records(frames["finding_references"])] == [
        ("AVD-KCV-0001", "k8s-cis-1.23", "1.2.1")
    ]


def test_compliance_in_summary(tmp_path: Path) -> None:
    report = {
        "ID": "nsa",
        "Title": "NSA",
        "SummaryControls": [
            {"ID": "1.0", "Name": "a", "Severity": "HIGH", "TotalFail": 3},
            {"ID": "1.1", "TotalFail": 0},
            {"ID": "1.2"},
            {"ID": "1.3", "TotalFail": None},
            {"ID": "1.4", "Status": "FAIL"},
            {"ID": "1.5", "Status": "MANUAL"},
        ],
    }
    findings = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert [one["status"] for one in findings] == ["fail", "pass", "manual", "manual", "fail", "manual"]
