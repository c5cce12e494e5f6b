"""Sysdig: the scanner's two formats, reports in JSON and CSV, posture, runtime events."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, plain, read, records, samples, written


def expected(path: Path) -> int | None:
    """How many findings a sample has, counted without the reader; ``None``: another tool's format."""
    if path.suffix == ".csv":
        return len(list(csv.DictReader(io.StringIO(path.read_text()))))
    document = plain(path)
    if "runs" in document:
        return None
    if "data" in document:
        return sum(len(row.get("controls", [0])) for row in document["data"])
    result = document["result"]
    rules = [
        rule for policy in result["policies"]["evaluations"] for bundle in policy["bundles"] for rule in bundle["rules"]
    ]
    return len(result["vulnerabilities"]) + len(rules)


@pytest.mark.parametrize("path", samples("sysdig"))
def test_counts_of_samples(path: Path) -> None:
    frames, (entry,) = read(path)
    count = expected(path)
    if count is None:  # SARIF, which the scanner's action for GitHub writes: the reader of SARIF has it
        assert entry.resource.startswith("scan:sarif") and set(frames["findings"]["tool"]) == {"sysdig"}
        return
    assert entry.resource == f"scan:sysdig:{path.name}" and len(frames["findings"]) == count
    document = {} if path.suffix == ".csv" else plain(path)
    total = int(document.get("totalCount", 0)) if isinstance(document, dict) else 0
    if total > len(document.get("data", [])):
        assert entry.outcome == "partial" and frames["scans"]["missing"].tolist() == [total - len(document["data"])]
    else:
        assert entry.outcome == "complete" and not entry.reason


@pytest.mark.parametrize(
    "path",
    [path for path in samples("sysdig") if "report-test-v1" in str(getattr(path, "id", ""))] or samples("sysdig")[:1],
)
def test_severities_and_packages_of_a_scan(path: Path) -> None:
    result = plain(path)["result"]
    findings = read(path)[0]["findings"]
    found = findings[findings["category"].eq("vulnerability")]
    assert set(zip(found["rule"], found["package"], found["tool_severity"], strict=True)) == {
        (one["name"], result["packages"][one["packageRef"]]["name"], one["severity"])
        for one in result["vulnerabilities"].values()
    }
    assert set(found["image_digest"]) == {result["metadata"]["digest"]}


SECOND = {
    "info": {"scanTime": "2026-11-23T09:00:00+01:00", "resultId": "r"},
    "scanner": {"name": "sysdig-cli-scanner", "version": "1.24.1"},
    "result": {
        "assetType": "containerImage",
        "metadata": {"pullString": "shop/web:1", "digest": "sha256:" + "1" * 64, "imageId": "sha256:" + "2" * 64},
        "layers": {"l": {"command": "RUN login --password CANARY"}},
        "packages": {"p": {"name": "openssl", "version": "3.0", "vulnerabilitiesRefs": ["v", "w", "x"]}},
        "vulnerabilities": {
            "v": {"name": "CVE-2026-0001", "severity": "negligible", "packageRef": "p", "fixVersion": "3.1"},
            "w": {"name": "CVE-2026-0002", "severity": "critical", "packageRef": "p", "riskAcceptRefs": ["a"]},
            "x": {"name": "CVE-2026-0003", "severity": "high", "packageRef": "p", "riskAcceptRefs": ["b"]},
        },
        "riskAccepts": {"a": {"id": "a", "status": "active"}, "b": {"id": "b", "status": "expired"}},
        "policies": {
            "evaluations": [
                {
                    "name": "strict",
                    "bundles": [
                        {
                            "name": "base",
                            "rules": [
                                {
                                    "ruleId": 17,
                                    "ruleType": "vulnSeverity",
                                    "description": "No critical ones",
                                    "evaluationResult": "failed",
                                },
                                {
                                    "ruleType": "imageConfigUser",
                                    "description": "Not root",
                                    "evaluationResult": "notApplicable",
                                },
                            ],
                        }
                    ],
                }
            ]
        },
    },
}
FIRST = {
    "info": SECOND["info"],
    "scanner": SECOND["scanner"],
    "result": {
        "type": "dockerImage",
        "metadata": SECOND["result"]["metadata"],
        "vulnTotalBySeverity": {"critical": 1, "high": 1},
        "packages": [
            {
                "name": "openssl",
                "version": "3.0",
                "vulns": [
                    {
                        "name": "CVE-2026-0001",
                        "severity": {"value": "negligible", "sourceName": "nvd"},
                        "fixedInVersion": "3.1",
                    },
                    {
                        "name": "CVE-2026-0002",
                        "severity": {"value": "critical"},
                        "acceptedRisks": [{"index": 0, "id": "a"}],
                    },
                    {
                        "name": "CVE-2026-0003",
                        "severity": {"value": "high"},
                        "acceptedRisks": [{"index": 1, "id": "b"}],
                    },
                ],
            },
            {"name": "zlib", "version": "1", "vulns": None},
        ],
        "policyEvaluations": [
            {
                "name": "strict",
                "bundles": [
                    {
                        "name": "base",
                        "rules": [
                            {
                                "ruleType": "vulnSeverity",
                                "description": "No critical ones",
                                "evaluationResult": "failed",
                            },
                            {
                                "ruleType": "imageConfigUser",
                                "description": "Not root",
                                "evaluationResult": "notApplicable",
                            },
                        ],
                    }
                ],
            }
        ],
        "riskAcceptanceDefinitions": [{"id": "a", "status": "active"}, {"id": "b", "status": "expired"}],
    },
}


@pytest.mark.parametrize("report", [FIRST, SECOND, SECOND["result"]], ids=["first", "second", "of the API"])
def test_both_formats_of_the_scanner_say_the_same(report: Any, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "scan.json", report))
    findings = records(frames["findings"])
    assert entry.resource == "scan:sysdig:scan.json" and entry.outcome == "complete"
    assert [
        (one["rule"], one["status"], one["severity"], one["package"], one["fixed_version"]) for one in findings[:3]
    ] == [
        ("CVE-2026-0001", "fail", "info", "openssl", "3.1"),
        ("CVE-2026-0002", "accepted", "critical", "openssl", None),
        ("CVE-2026-0003", "fail", "high", "openssl", None),
    ], "an acceptance that has expired is none"
    assert [(one["title"], one["status"]) for one in findings[3:]] == [
        ("No critical ones", "fail"),
        ("Not root", "skip"),
    ]
    assert {one["image_digest"] for one in findings} == {"sha256:" + "1" * 64}
    assert "CANARY" not in everything(frames)
    if "info" in report:
        assert frames["scans"]["time"].tolist()[0].isoformat() == "2026-11-23T08:00:00+00:00"
        assert frames["scans"]["tool_version"].tolist() == ["1.24.1"]


OLD_ROW = {
    "vulnName": "CVE-2026-0001",
    "vulnSeverity": "High",
    "packageName": "openssl",
    "packageVersion": "3.0",
    "vulnFixVersion": "3.1",
    "vulnCvssScore": 7.5,
    "imagePullString": "shop/web:1",
    "k8sClusterName": "shop-prod",
    "k8sNamespaceName": "shop",
    "k8sWorkloadType": "deployment",
    "k8sWorkloadName": "web",
    "k8sPodContainerName": "web",
}
NEW_ROW = {
    "vuln_id": "CVE-2026-0001",
    "vuln_severity": "High",
    "scan_package_name": "openssl",
    "scan_package_version": "3.0",
    "vuln_fixed_in_version": "3.1",
    "vuln_cvss_score": 7.5,
    "container_image": "shop/web:1",
    "kubernetes_cluster_name": "shop-prod",
    "kubernetes_namespace_name": "shop",
    "kubernetes_workload_type": "deployment",
    "kubernetes_workload_name": "web",
    "kubernetes_pod_container_name": "web",
}
OLD_CSV = (
    "Vulnerability ID,Severity,Package name,Package version,CVSS score,Fix version,Image,K8S cluster name,"
    "K8S namespace name,K8S workload type,K8S workload name,K8S container name,Risk accepted\n"
    "CVE-2026-0001,High,openssl,3.0,7.5,3.1,shop/web:1,shop-prod,shop,deployment,web,web,{}\n"
)
NEW_CSV = (
    "Vulnerability Name,Vulnerability Severity,Package Name,Package Version,CVSS Score,Fix Version,Image Name,"
    "Kubernetes cluster name,Kubernetes namespace name,Kubernetes workload type,Kubernetes workload name,"
    "Kubernetes container name,Risk accepted\n"
    "CVE-2026-0001,High,openssl,3.0,7.5,3.1,shop/web:1,shop-prod,shop,deployment,web,web,{}\n"
)


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.json", {"data": [OLD_ROW]}, "fail"),
        ("b.json", {"panels": [{"data": [NEW_ROW]}]}, "fail"),
        ("c.csv", OLD_CSV.format("FALSE"), "fail"),
        ("d.csv", NEW_CSV.format("false"), "fail"),
        ("e.csv", OLD_CSV.format("TRUE"), "accepted"),
        ("f.json", {"data": [{**OLD_ROW, "riskAccepted": True}]}, "accepted"),
    ],
)
def test_reports_say_the_same_in_every_form(name: str, content: Any, status: str, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, name, content))
    (finding,) = records(frames["findings"])
    assert entry.resource == f"scan:sysdig:{name}" and entry.outcome == "complete" and finding["status"] == status
    assert (finding["rule_id"], finding["severity"], finding["package"]) == ("CVE-2026-0001", "high", "openssl")
    assert (finding["cluster"], finding["namespace"], finding["kind"], finding["name"], finding["container"]) == (
        "shop-prod",
        "shop",
        "Deployment",
        "web",
        "web",
    )
    assert (finding["image"], finding["fixed_version"]) == ("shop/web:1", "3.1")


REQUIREMENT = {
    "requirementId": "1",
    "name": "5.2.1 Privileged containers",
    "policyId": "2",
    "policyName": "CIS Kubernetes V1.24",
    "pass": False,
    "zone": {"id": "1", "name": "all"},
    "controls": [
        {"id": "16", "name": "Privileged", "pass": False, "severity": "High", "objectsCount": 3, "acceptedCount": 0},
        {"id": "17", "name": "Manual", "pass": False, "isManual": True},
        {"id": "18", "name": "Good", "pass": True},
        {"id": "19", "name": "Accepted", "pass": False, "objectsCount": 2, "acceptedCount": 2},
        {"id": "20"},
    ],
}


def test_requirements_are_tied_to_their_controls(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "cspm.json", {"data": [REQUIREMENT], "totalCount": "40"}))
    assert [one["status"] for one in records(frames["findings"])] == ["fail", "manual", "pass", "accepted", "unknown"]
    assert {(one["rule"], one["framework"], one["reference"]) for one in records(frames["finding_references"])} == {
        (rule, "CIS Kubernetes V1.24", "5.2.1") for rule in ("16", "17", "18", "19", "20")
    }
    assert entry.outcome == "partial" and "this page has 1 of 40 rows" in entry.reason


def test_resources_of_posture(tmp_path: Path) -> None:
    base = {
        "hash": "h",
        "zones": [],
        "type": "Deployment",
        "name": "web",
        "namespace": "shop",
        "clusterName": "shop-prod",
    }
    rows = [
        {**base, "passed": False, "acceptance": None, "lastSeenDate": "1759575010508"},
        {**base, "passed": False, "acceptance": {"id": 1}},
        {**base, "passed": True, "clusterName": "N/A"},
        {**base, "passed": None},
    ]
    findings = records(read(written(tmp_path, "cspm.json", {"data": rows, "totalCount": 4}))[0]["findings"])
    assert [one["status"] for one in findings] == ["fail", "accepted", "pass", "unknown"]
    assert findings[0]["seen"].isoformat() == "2025-10-04T10:50:10.508000+00:00"
    assert [one["cluster"] for one in findings] == ["shop-prod", "shop-prod", None, "shop-prod"]


def test_lists_of_results_show_what_was_scanned(tmp_path: Path) -> None:
    row = {
        "resultId": "r",
        "mainAssetName": "shop/web:1",
        "policyEvaluationResult": "failed",
        "scope": {
            "kubernetes.cluster.name": "shop-prod",
            "kubernetes.namespace.name": "shop",
            "kubernetes.workload.type": "deployment",
            "kubernetes.workload.name": "web",
        },
        "vulnTotalBySeverity": {"critical": 2, "high": 0},
    }
    frames, (entry,) = read(written(tmp_path, "runtime.json", {"data": [row], "page": {"next": "c"}}))
    (finding,) = records(frames["findings"])
    assert (finding["status"], finding["kind"], finding["name"], finding["message"]) == (
        "fail",
        "Deployment",
        "web",
        "2 critical, 0 high",
    )
    assert entry.outcome == "partial" and "further pages" in entry.reason
