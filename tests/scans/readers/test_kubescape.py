"""Kubescape: the second format and the first, and its operator's objects."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import everything, read, records, samples, written

KINDS = (
    "WorkloadConfigurationScanSummary",
    "WorkloadConfigurationScan",
    "VulnerabilityManifest",
    "VulnerabilityManifestSummary",
    "VulnerabilitySummary",
    "ConfigurationScanSummary",
)


@pytest.mark.parametrize("path", samples("kubescape"))
def test_counts_of_samples(path: Path) -> None:
    document = next(yaml.safe_load_all(path.read_text()))
    frames, (entry,) = read(path)
    findings = records(frames["findings"])
    if isinstance(document, dict) and "summaryDetails" in document:
        judged = [control for result in document["results"] for control in result.get("controls") or []]
        alone = set(document["summaryDetails"]["controls"]) - {control["controlID"] for control in judged}
        assert len(findings) == len(judged) + len(alone)
        assert entry.resource == f"scan:kubescape:{path.name}" and entry.outcome == "complete"
    elif isinstance(document, dict) and document.get("kind") in KINDS:
        matches = document["spec"].get("payload", {}).get("matches", [])
        counts = [count for count in document["spec"].get("severities", {}).values() if count]
        assert len(findings) == len(matches) + len(counts)
        assert entry.resource == f"scan:kubescape:{path.name}" and entry.outcome == "complete"
    elif isinstance(document, dict) and isinstance(document.get("frameworks"), list):
        assert entry.resource == f"scan:kubescape:{path.name}" and len(findings) > 0
    else:  # exceptions and other things that are no scans
        assert (entry.resource, entry.outcome) == (f"scan:unknown:{path.name}", "failed")


PATHS = [
    {"failedPath": "spec.containers[0].image"},
    {"fixPath": {"path": "spec.x", "value": "true"}},
    {"reviewPath": "spec.y"},
]


def control(rule: str, status: Any = None, **more: Any) -> dict:
    return {
        "controlID": rule,
        "name": f"control {rule}",
        "status": status,
        "rules": [{"status": "x", "paths": PATHS}],
        **more,
    }


def summary(status: str, sub: str | None = None, factor: float = 7, name: str = "n") -> dict:
    return {"name": name, "status": status, "statusInfo": {"status": status, "subStatus": sub}, "scoreFactor": factor}


WEB = "apps/v1/shop/Deployment/web"
REPORT: dict[str, Any] = {
    "clusterName": "prod",
    "generationTime": "2026-11-01T10:00:00Z",
    "customerGUID": "",
    "metadata": {"scanMetadata": {"kubescapeVersion": "v3.0.3"}},
    "summaryDetails": {
        "controls": {
            "C-0001": summary("failed", factor=9),
            "C-0002": summary("passed"),
            "C-0003": summary("passed", "irrelevant"),
            "C-0004": summary("skipped", "manual review", 3),
            "C-0005": summary("skipped", "configuration"),
        },
        "frameworks": [
            {"name": "NSA", "controls": {"C-0001": summary("failed")}},
            {"name": "cis-v1.23-t1.0.1", "controls": {"C-0113": summary("failed", name="CIS-1.1.1 Ensure files")}},
        ],
    },
    "resources": [
        {
            "resourceID": WEB,
            "object": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web", "namespace": "shop", "uid": "u-1"},
                "spec": {"template": {"spec": {"containers": [{"env": [{"name": "PASSWORD", "value": "hunter2"}]}]}}},
            },
        }
    ],
    "results": [
        {
            "resourceID": WEB,
            "controls": [
                control("C-0001", {"status": "failed"}),
                control("C-0002", {"status": "passed", "subStatus": "w/exceptions"}),
            ],
        }
    ],
}


def test_the_second_format(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "a.json", REPORT))
    found = {one["rule"]: one for one in records(frames["findings"])}
    first = found["C-0001"]
    assert (first["api_group"], first["kind"], first["namespace"], first["name"], first["uid"]) == (
        "apps",
        "Deployment",
        "shop",
        "web",
        "u-1",
    )
    assert (first["status"], first["severity"], first["cluster"], first["tool_version"]) == (
        "fail",
        "critical",
        "prod",
        "v3.0.3",
    )
    assert (first["message"], first["remedy"]) == ("spec.containers[0].image; spec.y", "spec.x=true")
    assert {rule: one["status"] for rule, one in found.items()} == {
        "C-0001": "fail",
        "C-0002": "accepted",
        "C-0003": "skip",
        "C-0004": "manual",
        "C-0005": "unknown",
    }
    assert found["C-0004"]["name"] is None and found["C-0004"]["severity"] == "low"
    assert [(one["rule"], one["framework"], one["reference"]) for one in records(frames["finding_references"])] == [
        ("C-0001", "NSA", "C-0001"),
        ("C-0113", "cis-v1.23-t1.0.1", "1.1.1"),
    ]
    assert entry.outcome == "complete" and "hunter2" not in everything(frames)


@pytest.mark.parametrize(
    ("resource", "group", "namespace", "kind", "name"),
    [
        ("apps/v1/shop/Deployment/web", "apps", "shop", "Deployment", "web"),
        ("/v1/shop/Pod/web", "", "shop", "Pod", "web"),
        ("/v1//Node/node-1", "", None, "Node", "node-1"),
        (
            "rbac.authorization.k8s.io/v1//ClusterRole/system:node",
            "rbac.authorization.k8s.io",
            None,
            "ClusterRole",
            "system:node",
        ),
        (
            "rbac.authorization.k8s.io//User/eve/rbac.authorization.k8s.io/v1//ClusterRole/admin",
            "rbac.authorization.k8s.io",
            None,
            "User",
            "eve",
        ),
        ("/shop/ServiceAccount/web/rbac.authorization.k8s.io/v1/shop/Role/r", "", "shop", "ServiceAccount", "web"),
        ("a/v1beta1/shop/Odd/with/slash", "a", "shop", "Odd", "with/slash"),
        ("path=96/api=apps/v1//Deployment/web", "apps", None, "Deployment", "web"),
        ("path=96/api=v1//Pod/web", "", None, "Pod", "web"),
        ("odd", None, None, None, "odd"),
    ],
)
def test_resources_that_were_left_out_of_the_report(
    resource: str, group: str | None, namespace: str | None, kind: str | None, name: str, tmp_path: Path
) -> None:
    report = copy.deepcopy(REPORT)
    report["resources"] = None
    report["results"][0]["resourceID"] = resource
    first = records(read(written(tmp_path, "a.json", report))[0]["findings"])[0]
    assert (first["api_group"], first["namespace"], first["kind"], first["name"]) == (group, namespace, kind, name)


def test_a_result_may_bring_its_resource(tmp_path: Path) -> None:
    report = copy.deepcopy(REPORT)
    report["results"][0]["rawResource"] = report.pop("resources")[0]
    first = records(read(written(tmp_path, "a.json", report))[0]["findings"])[0]
    assert (first["kind"], first["uid"]) == ("Deployment", "u-1")


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([{"status": "failed"}, {"status": "passed"}], "fail"),
        ([{"status": "passed"}, {"status": "passed"}], "pass"),
        ([{"status": "failed", "exception": [{"name": "e"}]}, {"status": "passed"}], "accepted"),
        ([{"status": "excluded"}], "accepted"),
        ([{"status": "skipped"}, {"status": "passed"}], "skip"),
        ([{"status": "odd"}, {"status": "passed"}], "unknown"),
        ([], "unknown"),
        (None, "unknown"),
    ],
)
def test_in_2022_only_rules_have_a_status(rules: Any, status: str, tmp_path: Path) -> None:
    report = copy.deepcopy(REPORT)
    report["results"][0]["controls"] = [{"controlID": "C-0001", "name": "n", "rules": rules}]
    assert records(read(written(tmp_path, "a.json", report))[0]["findings"])[0]["status"] == status


def test_controls_may_stand_in_their_frameworks_only(tmp_path: Path) -> None:
    report = copy.deepcopy(REPORT)
    del report["summaryDetails"]["controls"]
    first = records(read(written(tmp_path, "a.json", report))[0]["findings"])[0]
    assert first["severity"] == "high"


# --- the first format ----------------------------------------------------------------------------------------------


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"containers": [{"env": [{"value": "hunter2"}]}]},
}


def responses(*found: dict, ran: str = "success") -> list[dict]:
    return [{"name": "r", "ruleStatus": {"status": ran}, "ruleResponses": list(found)}]


FRAMEWORK = {
    "name": "NSA",
    "controlReports": [
        {
            "controlID": "C-0001",
            "name": "a",
            "baseScore": 8,
            "remediation": "do",
            "ruleReports": responses(
                {
                    "ruleStatus": "failed",
                    "failedPaths": ["spec.x"],
                    "alertObject": {"k8sApiObjects": [POD, {**POD, "kind": "Job"}]},
                },
                {"ruleStatus": "failed", "exception": {"name": "e"}, "alertObject": {"k8sApiObjects": [POD]}},
                {
                    "ruleStatus": "warning",
                    "alertObject": {"externalObjects": {"kind": "User", "name": "eve", "apiGroup": "rbac"}},
                },
            ),
        },
        {"controlID": "C-0002", "name": "b", "ruleReports": responses()},
        {"controlID": "C-0003", "name": "c", "ruleReports": responses(ran="error")},
        {"controlID": "C-0004", "name": "d", "ruleReports": None},
    ],
}


@pytest.mark.parametrize(
    "report", [{"customerGUID": "", "clusterName": "prod", "frameworks": [FRAMEWORK]}, [FRAMEWORK], FRAMEWORK]
)
def test_the_first_format(report: Any, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "a.json", report))
    findings = records(frames["findings"])
    assert (entry.resource, entry.outcome) == ("scan:kubescape:a.json", "complete")
    assert [(one["rule"], one["status"], one["kind"], one["name"]) for one in findings] == [
        ("C-0001", "fail", "Pod", "web"),
        ("C-0001", "fail", "Job", "web"),
        ("C-0001", "accepted", "Pod", "web"),
        ("C-0001", "accepted", "User", "eve"),
        ("C-0002", "pass", None, None),
        ("C-0003", "unknown", None, None),
        ("C-0004", "unknown", None, None),
    ]
    assert (findings[0]["severity"], findings[0]["message"]) == ("high", "spec.x")
    assert {one["framework"] for one in records(frames["finding_references"])} == {"NSA"}
    assert "hunter2" not in everything(frames)


# --- the operator --------------------------------------------------------------------------------------------------


def thing(kind: str, spec: Any) -> dict:
    labels = {
        "kubescape.io/workload-api-group": "apps",
        "kubescape.io/workload-kind": "Deployment",
        "kubescape.io/workload-name": "web",
        "kubescape.io/workload-namespace": "shop",
        "kubescape.io/workload-container-name": "app",
    }
    annotations = {"kubescape.io/image-tag": "shop/web:1", "kubescape.io/image-id": "shop/web@sha256:beef"}
    return {
        "apiVersion": "spdx.softwarecomposition.kubescape.io/v1beta1",
        "kind": kind,
        "spec": spec,
        "metadata": {"name": "deployment-web", "namespace": "kubescape", "labels": labels, "annotations": annotations},
    }


def found_in(tmp_path: Path, *things: dict) -> list[dict]:
    return records(read(written(tmp_path, "a.json", list(things)))[0]["findings"])


def test_a_configuration_scan(tmp_path: Path) -> None:
    controls = {
        "C-0001": {
            "controlID": "C-0001",
            "name": "n",
            "severity": {"severity": "High", "scoreFactor": 8},
            "status": {"status": "failed"},
            "rules": [{"paths": [{"failedPath": "spec.x", "fixPath": ""}]}],
        },
        "C-0002": {"severity": {"scoreFactor": 5}, "status": {"status": "skipped", "subStatus": "manual review"}},
    }
    first, second = found_in(tmp_path, thing("WorkloadConfigurationScan", {"controls": controls}))
    wanted = {
        "rule": "C-0001",
        "status": "fail",
        "severity": "high",
        "message": "spec.x",
        "api_group": "apps",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "image_digest": "sha256:beef",
    }
    assert {key: first[key] for key in wanted} == wanted
    assert (second["rule"], second["status"], second["severity"]) == ("C-0002", "manual", "medium")


def test_vulnerabilities(tmp_path: Path) -> None:
    match = {
        "vulnerability": {
            "id": "CVE-2026-1",
            "severity": "Negligible",
            "fix": {"versions": ["2", "3"], "state": "fixed"},
        },
        "artifact": {"name": "zlib", "version": "1"},
    }
    (finding,) = found_in(
        tmp_path,
        thing(
            "VulnerabilityManifest",
            {
                "metadata": {"tool": {"version": "0.39.0"}, "report": {"createdAt": "2026-11-01T10:00:00Z"}},
                "payload": {"matches": [match]},
            },
        ),
    )
    wanted = {
        "rule": "CVE-2026-1",
        "status": "fail",
        "severity": "info",
        "package": "zlib",
        "fixed_version": "2, 3",
        "container": "app",
        "image": "shop/web:1",
        "image_digest": "sha256:beef",
        "tool_version": "0.39.0",
    }
    assert {key: finding[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("spec", "statuses"),
    [
        ({"payload": {"matches": []}}, ["pass"]),
        ({"payload": {}}, ["unknown"]),
        ({}, ["unknown"]),
        (None, ["unknown"]),
        ({"metadata": {"tool": {"name": "grype"}}, "payload": {"matches": None}}, ["pass"]),
        ({"metadata": {"tool": {"name": ""}}, "payload": {"matches": None}}, ["unknown"]),
    ],
)
def test_a_manifest_without_matches(spec: Any, statuses: list[str], tmp_path: Path) -> None:
    assert [one["status"] for one in found_in(tmp_path, thing("VulnerabilityManifest", spec))] == statuses


def test_summaries_only_count(tmp_path: Path) -> None:
    counted = thing(
        "VulnerabilityManifestSummary", {"severities": {"critical": {"all": 2, "relevant": 1}, "low": {"all": 0}}}
    )
    zeros = {"critical": {"all": 0}, "high": {"all": 0}}
    clean = thing("VulnerabilityManifestSummary", {"severities": zeros, "vulnerabilitiesRef": {"all": {"name": "m"}}})
    blank = thing("VulnerabilityManifestSummary", {"severities": zeros, "vulnerabilitiesRef": {"all": {"name": ""}}})
    empty = thing("WorkloadConfigurationScanSummary", {"severities": {"critical": 0, "high": 0}, "controls": {}})
    first, *others = found_in(tmp_path, counted, clean, blank, empty)
    assert (first["status"], first["severity"], first["title"][:2], first["rule"]) == ("fail", "critical", "2 ", None)
    assert [one["status"] for one in others] == ["pass", "unknown", "unknown"]


def test_objects_that_the_server_sends_empty_say_nothing(tmp_path: Path) -> None:
    assert found_in(tmp_path, thing("WorkloadConfigurationScan", {"controls": {}})) == []
