"""Trivy Operator's reports: which object each is of, what passes, and what only seems to."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import everything, read, records, samples, written

REPORTS = (
    "VulnerabilityReport",
    "ConfigAuditReport",
    "ExposedSecretReport",
    "RbacAssessmentReport",
    "InfraAssessmentReport",
)
LISTS = {"VulnerabilityReport": "vulnerabilities", "ExposedSecretReport": "secrets"}


def objects_of(path: Path) -> list[dict]:
    found: list[dict] = []
    for thing in yaml.safe_load_all(path.read_text()):
        if isinstance(thing, list):
            found += thing
        elif isinstance(thing, dict) and "kind" not in thing:
            found += [
                item
                for part in thing.values()
                if isinstance(part, list | dict)
                for item in (part["items"] if isinstance(part, dict) and "items" in part else part)
                if isinstance(item, dict) and "kind" in item
            ]
        elif isinstance(thing, dict):
            found += thing["items"] if thing["kind"].endswith("List") else [thing]
    return [
        thing
        for thing in found
        if thing.get("apiVersion", "").startswith("aquasecurity.github.io") and "Sbom" not in thing["kind"]
    ]


def expected(thing: dict) -> int:
    """How many findings with a rule an object has."""
    kind = thing["kind"].removeprefix("Cluster")
    if kind in REPORTS:
        return len((thing.get("report") or {}).get(LISTS.get(kind, "checks")) or [])
    if kind == "ComplianceDetailReport":
        return sum(
            len(result["details"]) for control in thing["report"]["controlCheck"] for result in control["checkResults"]
        )
    status = thing.get("status") or {}
    details, summary = status.get("detailReport"), status.get("summaryReport")
    if details:
        return sum(len(result.get("checks") or []) or 1 for result in details["results"])
    return len(summary["controlCheck"] if summary else thing["spec"]["compliance"]["controls"])


@pytest.mark.parametrize("path", samples("trivy-operator"))
def test_counts_of_samples(path: Path) -> None:
    things = objects_of(path)
    frames, (entry,) = read(path)
    if entry.resource == f"scan:trivy:{path.name}":  # fixtures of the operator that are Trivy's own
        return
    if not things:  # manifests of tests, and bills of materials
        assert (entry.resource, entry.outcome) == (f"scan:unknown:{path.name}", "failed")
        return
    findings = records(frames["findings"])
    assert (entry.resource, entry.outcome) == (f"scan:trivy-operator:{path.name}", "complete")
    assert entry.items == len(things)
    assert sum(finding["rule"] is not None for finding in findings) == sum(map(expected, things))


def report(kind: str, body: Any, **metadata: Any) -> dict:
    labels = {
        "trivy-operator.resource.kind": "ReplicaSet",
        "trivy-operator.resource.name": "web-5d8",
        "trivy-operator.resource.namespace": "shop",
        "trivy-operator.container.name": "web",
    }
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d8", "uid": "u-1", "controller": True}
    return {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": "r",
            "namespace": "shop",
            "labels": labels,
            "ownerReferences": [owner],
            "creationTimestamp": "2026-10-01T00:00:00Z",
            **metadata,
        },
        "report": body,
    }


IMAGE = {
    "artifact": {"repository": "shop/web", "tag": "1.0", "digest": "sha256:beef"},
    "registry": {"server": "registry.example"},
    "scanner": {"version": "0.60.0"},
    "updateTimestamp": "2026-11-01T00:00:00Z",
}


def found_in(tmp_path: Path, *things: dict) -> list[dict]:
    return records(read(written(tmp_path, "a.json", list(things)))[0]["findings"])


def test_a_vulnerability_is_of_a_container_of_an_object(tmp_path: Path) -> None:
    vulnerability = {
        "vulnerabilityID": "CVE-2026-1",
        "resource": "zlib",
        "installedVersion": "1",
        "fixedVersion": "2",
        "severity": "CRITICAL",
        "title": "hole",
    }
    (finding,) = found_in(tmp_path, report("VulnerabilityReport", {**IMAGE, "vulnerabilities": [vulnerability]}))
    wanted = {
        "rule": "CVE-2026-1",
        "status": "fail",
        "severity": "critical",
        "api_group": "apps",
        "kind": "ReplicaSet",
        "namespace": "shop",
        "name": "web-5d8",
        "uid": "u-1",
        "container": "web",
        "tool_version": "0.60.0",
        "image": "registry.example/shop/web:1.0",
        "image_digest": "sha256:beef",
        "package": "zlib",
        "installed_version": "1",
        "fixed_version": "2",
        "category": "vulnerability",
    }
    assert {key: finding[key] for key in wanted} == wanted
    assert finding["seen"].isoformat() == "2026-11-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**IMAGE, "vulnerabilities": []}, "pass"),
        ({**IMAGE, "vulnerabilities": None}, "pass"),
        (IMAGE, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_only_an_empty_list_says_that_nothing_was_found(body: Any, status: str, tmp_path: Path) -> None:
    (finding,) = found_in(tmp_path, report("VulnerabilityReport", body))
    assert (finding["status"], finding["rule"], finding["name"]) == (status, None, "web-5d8")


def test_checks(tmp_path: Path) -> None:
    checks = [
        {
            "checkID": "KSV012",
            "severity": "MEDIUM",
            "success": False,
            "title": "root",
            "messages": ["Container 'web' of ReplicaSet 'web-5d8' should not", ""],
            "remediation": "do not",
        },
        {"checkID": "AVD-KSV-0014", "success": True},
        {"title": "no identifier", "success": False},
        {"checkID": "KSV-01010", "success": False, "messages": ["stores 'token = hunter2'"]},
        {"checkID": "KSV099"},
    ]
    first, *others = found_in(tmp_path, report("ConfigAuditReport", {"checks": checks}))
    assert (first["rule_id"], first["status"], first["message"], first["remedy"]) == (
        "KSV012",
        "fail",
        "Container 'web' of ReplicaSet 'web-5d8' should not",
        "do not",
    )
    assert [(one["rule"], one["status"]) for one in others] == [
        ("AVD-KSV-0014", "pass"),
        ("no identifier", "fail"),
        ("KSV-01010", "fail"),
        ("KSV099", "unknown"),
    ]
    assert others[0]["rule_id"] == "KSV014" and others[2]["message"] is None
    assert first["seen"].isoformat() == "2026-10-01T00:00:00+00:00"  # the report has no time of its own


def test_a_secret_is_named_and_not_quoted(tmp_path: Path) -> None:
    secret = {
        "ruleID": "stripe",
        "category": "Stripe",
        "match": "key: hunter2",
        "severity": "HIGH",
        "target": "/app/x.yaml",
    }
    frames, _ = read(written(tmp_path, "a.json", report("ExposedSecretReport", {**IMAGE, "secrets": [secret]})))
    assert records(frames["findings"])[0]["message"] == "/app/x.yaml"
    assert "hunter2" not in everything(frames)


def test_a_name_that_was_hashed_stands_in_an_annotation(tmp_path: Path) -> None:
    labels = {
        "trivy-operator.resource.kind": "ClusterRole",
        "trivy-operator.resource.name-hash": "84bb",
        "trivy-operator.resource.namespace": "",
    }
    owner = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "system:node", "uid": "u-2"}
    (finding,) = found_in(
        tmp_path,
        report(
            "ClusterRbacAssessmentReport",
            {"checks": [{"checkID": "KSV041", "success": False}]},
            namespace=None,
            labels=labels,
            annotations={"trivy-operator.resource.name": "system:node"},
            ownerReferences=[owner],
        ),
    )
    assert (finding["api_group"], finding["kind"], finding["namespace"], finding["name"], finding["uid"]) == (
        "rbac.authorization.k8s.io",
        "ClusterRole",
        None,
        "system:node",
        "u-2",
    )


def test_a_node(tmp_path: Path) -> None:
    labels = {"trivy-operator.resource.kind": "Node", "trivy-operator.resource.name": "node-1"}
    owner = {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "u-3"}
    (finding,) = found_in(
        tmp_path,
        report(
            "ClusterInfraAssessmentReport",
            {"checks": [{"checkID": "KCV0077"}]},
            namespace=None,
            labels=labels,
            ownerReferences=[owner],
        ),
    )
    assert (finding["kind"], finding["node"], finding["api_group"]) == ("Node", "node-1", "")


def compliance(status: Any) -> dict:
    controls = [
        {"id": "1.1", "name": "a", "severity": "HIGH", "checks": [{"id": "AVD-KSV-0012"}]},
        {"id": "1.2", "name": "b", "severity": "LOW", "checks": None},
    ]
    return {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": "ClusterComplianceReport",
        "metadata": {"name": "cis"},
        "spec": {"compliance": {"id": "k8s-cis-1.23", "controls": controls}},
        "status": status,
    }


def test_compliance_in_summary(tmp_path: Path) -> None:
    status = {
        "updateTimestamp": "2026-11-01T00:00:00Z",
        "summaryReport": {
            "controlCheck": [
                {"id": "1.1", "name": "a", "severity": "HIGH", "totalFail": 2},
                {"id": "1.2", "totalFail": 0},
                {"id": "1.3", "totalFail": None},
                {"id": "1.4"},
            ]
        },
    }
    frames, _ = read(written(tmp_path, "a.json", compliance(status)))
    findings = records(frames["findings"])
    assert [one["status"] for one in findings] == ["fail", "manual", "manual", "manual"], "1.2 has no check"
    assert (findings[0]["rule_id"], findings[0]["message"]) == ("cis-1.23/1.1", "2 checks failed")
    assert [(one["rule"], one["framework"], one["reference"]) for one in records(frames["finding_references"])] == [
        ("AVD-KSV-0012", "k8s-cis-1.23", "1.1")
    ]


def test_compliance_in_detail(tmp_path: Path) -> None:
    check = {"checkID": "AVD-KSV-0012", "success": False, "severity": "HIGH", "target": "kube-system/pod-etcd-cp"}
    findings = found_in(
        tmp_path,
        compliance(
            {
                "detailReport": {
                    "results": [{"id": "1.1", "checks": [check]}, {"id": "1.2", "severity": "LOW", "checks": None}]
                }
            }
        ),
    )
    assert [(one["rule"], one["status"]) for one in findings] == [("AVD-KSV-0012", "fail"), ("1.2", "manual")]
    assert (findings[0]["namespace"], findings[0]["kind"], findings[0]["name"]) == ("kube-system", "Pod", "etcd-cp")


@pytest.mark.parametrize("status", [None, {}, {"totalCounts": {"passCount": 2}}])
def test_compliance_that_did_not_run_is_unknown(status: Any, tmp_path: Path) -> None:
    assert [one["status"] for one in found_in(tmp_path, compliance(status))] == ["unknown", "unknown"]
