"""Gatekeeper: violations, what the audit left out, and what was never audited."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import read, records, samples, written

GROUPS = ("constraints.gatekeeper.sh", "templates.gatekeeper.sh")


def objects_of(path: Path) -> list[dict] | None:
    try:
        found = [thing for thing in yaml.safe_load_all(path.read_text()) if isinstance(thing, dict)]
    except yaml.YAMLError:
        return None
    return [thing for thing in found if str(thing.get("apiVersion")).startswith(GROUPS)]


@pytest.mark.parametrize("path", samples("gatekeeper"))
def test_counts_of_samples(path: Path) -> None:
    things = objects_of(path)
    frames, (entry,) = read(path)
    if things is None or path.suffix == ".json":  # documentation that is cut short with dots
        assert entry.outcome in ("partial", "failed") and entry.reason
        return
    if not things:  # inputs of its tests
        assert (entry.resource, entry.outcome) == (f"scan:unknown:{path.name}", "failed")
        return
    assert (entry.resource, entry.outcome, entry.items) == (f"scan:gatekeeper:{path.name}", "complete", len(things))
    violations = [one for thing in things for one in (thing.get("status") or {}).get("violations") or []]
    findings = records(frames["findings"])
    assert sum(one["status"] == "fail" for one in findings) == len(violations)
    never = [thing for thing in things if not thing.get("status")]
    assert sum(one["status"] == "unknown" for one in findings) == len(never)
    assert not any(one["status"] == "pass" for one in findings)


def constraint(status: Any, spec: Any = None, **metadata: Any) -> dict:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "K8sNoLatest",
        "spec": spec,
        "metadata": {"name": "no-latest", "uid": "u-1", **metadata},
        "status": status,
    }


def found_in(tmp_path: Path, *things: dict) -> list[dict]:
    return records(read(written(tmp_path, "a.json", list(things)))[0]["findings"])


TIME = "2026-11-01T10:00:00Z"
VIOLATION = {
    "enforcementAction": "deny",
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
    "namespace": "shop",
    "name": "web",
    "message": "container <web> uses latest",
}


def test_a_violation(tmp_path: Path) -> None:
    (finding,) = found_in(
        tmp_path, constraint({"auditTimestamp": TIME, "totalViolations": 1, "violations": [VIOLATION]})
    )
    wanted = {
        "tool": "gatekeeper",
        "rule": "K8sNoLatest/no-latest",
        "status": "fail",
        "api_group": "apps",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "message": "container <web> uses latest",
        "enforcement": "deny",
        "category": "policy",
        "severity": "unknown",
    }
    assert {key: finding[key] for key in wanted} == wanted and finding[
        "seen"
    ].isoformat() == "2026-11-01T10:00:00+00:00"


def test_twenty_of_many_are_listed(tmp_path: Path) -> None:
    many = {"auditTimestamp": TIME, "totalViolations": 57, "violations": [VIOLATION] * 20}
    frames, (entry,) = read(written(tmp_path, "a.json", constraint(many)))
    findings = records(frames["findings"])
    assert [one["status"] for one in findings] == ["fail"] * 20 + ["unknown"]
    assert entry.outcome == "partial" and "20 of its 57" in entry.reason
    (scan,) = records(frames["scans"])
    assert (scan["truncated"], scan["missing"]) == (True, 37)


def test_none_may_be_listed_at_all(tmp_path: Path) -> None:
    (finding,) = found_in(tmp_path, constraint({"auditTimestamp": TIME, "totalViolations": 5}))
    assert finding["status"] == "unknown" and "5 of its 5" in finding["message"]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ({"auditTimestamp": TIME, "totalViolations": 0}, "pass"),
        ({"auditTimestamp": TIME}, "pass"),
        ({"auditTimestamp": TIME, "totalViolations": 0, "violations": []}, "pass"),
        (None, "unknown"),
        ({}, "unknown"),
        ({"byPod": [{"id": "x", "enforced": True}]}, "unknown"),
        ({"totalViolations": 0}, "unknown"),
        ({"auditTimestamp": "never", "totalViolations": 0}, "unknown"),
        ({"auditTimestamp": TIME, "totalViolations": 0, "byPod": [{"errors": [{"message": "no"}]}]}, "error"),
    ],
)
def test_only_an_audit_without_violations_passes(status: Any, verdict: str, tmp_path: Path) -> None:
    (finding,) = found_in(tmp_path, constraint(status))
    assert finding["status"] == verdict
    assert (finding["kind"], finding["name"], finding["uid"]) == ("K8sNoLatest", "no-latest", "u-1")


def test_scoped_enforcement(tmp_path: Path) -> None:
    scoped = {
        "enforcementAction": "scoped",
        "scopedEnforcementActions": [{"action": "warn", "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]}],
    }
    violation = {**VIOLATION, "enforcementAction": "scoped", "enforcementActions": ["warn", "deny"]}
    listed, never = found_in(
        tmp_path, constraint({"auditTimestamp": TIME, "violations": [violation]}, scoped), constraint({}, scoped)
    )
    assert listed["enforcement"] == "warn,deny"
    assert never["status"] == "unknown" and "do not include the audit" in never["message"]


def test_an_old_violation_says_less(tmp_path: Path) -> None:
    (finding,) = found_in(
        tmp_path,
        constraint(
            {
                "auditTimestamp": TIME,
                "enforced": True,
                "violations": [{"kind": "Namespace", "name": "default", "message": "m"}],
            },
            {"enforcementAction": "dryrun"},
        ),
    )
    assert (finding["api_group"], finding["kind"], finding["name"], finding["enforcement"]) == (
        None,
        "Namespace",
        "default",
        "dryrun",
    )


@pytest.mark.parametrize(
    "annotations",
    [{"metadata.gatekeeper.sh/severity": "High"}, {"policy.plural.sh/constraintData": '{"severity": "high"}'}],
)
def test_a_severity_that_somebody_wrote(annotations: dict, tmp_path: Path) -> None:
    (finding,) = found_in(tmp_path, constraint({"auditTimestamp": TIME}, annotations=annotations))
    assert finding["severity"] == "high"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ({"created": True}, "pass"),
        ({"created": False}, "fail"),
        ({}, "unknown"),
        (None, "unknown"),
        ({"created": True, "byPod": [{"errors": [{"code": "rego_parse_error"}]}]}, "error"),
    ],
)
def test_a_template_without_a_status_is_not_in_force(status: Any, verdict: str, tmp_path: Path) -> None:
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "status": status,
        "metadata": {"name": "k8snolatest", "annotations": {"metadata.gatekeeper.sh/title": "No latest"}},
        "spec": {"crd": {"spec": {"names": {"kind": "K8sNoLatest"}}}},
    }
    (finding,) = found_in(tmp_path, template)
    assert (finding["rule"], finding["title"], finding["status"]) == ("K8sNoLatest", "No latest", verdict)


def test_the_log_of_the_audit_and_what_is_exported(tmp_path: Path) -> None:
    lines = [
        {"level": "info", "msg": "starting", "logger": "setup"},
        {
            "event_type": "violation_audited",
            "audit_id": TIME,
            "constraint_kind": "K8sNoLatest",
            "msg": "no",
            "constraint_name": "no-latest",
            "constraint_action": "deny",
            "resource_group": "",
            "resource_kind": "Pod",
            "resource_namespace": "shop",
            "resource_name": "web",
            "details": {"secret": "hunter2"},
        },
        {
            "eventType": "violation_audited",
            "id": TIME,
            "kind": "K8sNoLatest",
            "name": "no-latest",
            "message": "no",
            "enforcementAction": "scoped",
            "enforcementActions": ["warn"],
            "resourceGroup": "apps",
            "resourceKind": "Deployment",
            "resourceNamespace": "shop",
            "resourceName": "web",
        },
        {
            "event_type": "violation",
            "process": "admission",
            "ts": 1793527200.5,
            "constraint_kind": "K8sNoLatest",
            "constraint_name": "no-latest",
            "constraint_action": "deny",
            "resource_kind": "Pod",
            "resource_name": "web",
            "request_username": "eve",
        },
    ]
    frames, (entry,) = read(written(tmp_path, "a.jsonl", lines))
    audited, exported = records(frames["findings"])
    assert entry.resource == "scan:gatekeeper:a.jsonl" and entry.outcome == "complete"
    assert (audited["rule"], audited["status"], audited["api_group"], audited["kind"]) == (
        "K8sNoLatest/no-latest",
        "fail",
        "",
        "Pod",
    )
    assert (exported["rule"], exported["enforcement"], exported["name"]) == ("K8sNoLatest/no-latest", "warn", "web")
    (event,) = records(frames["events"])
    assert (event["user"], event["decision"], event["rule"]) == ("eve", "forbid", "K8sNoLatest/no-latest")
