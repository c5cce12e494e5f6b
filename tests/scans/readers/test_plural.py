"""Plural: the members of its compliance report, constraints with their violations, and its audit."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, read, records, written

TABLES: dict[str, list[dict[str, Any]]] = {
    "clusters": [
        {
            "cluster": "shop-prod",
            "project": "shop",
            "version": "1.36.2",
            "kubelet_version": "1.36.1",
            "node_count": 6,
            "namespace_count": 30,
            "pod_count": 200,
            "created_at": "2026-01-02T03:04:05Z",
        }
    ],
    "services": [
        {
            "cluster": "shop-prod",
            "service": "web",
            "project": "shop",
            "namespace": "shop",
            "health": "healthy",
            "sha": "abc123",
            "repository": "https://bot:CANARY@git.acme.example/shop.git",
            "git_ref": "main",
            "git_folder": "deploy",
            "helm_url": "",
            "helm_chart": "",
            "helm_version": "",
            "created_at": "",
        },
        {
            "cluster": "shop-prod",
            "service": "db",
            "project": "shop",
            "namespace": "shop",
            "health": "failed",
            "sha": "",
            "repository": "",
            "git_ref": "",
            "git_folder": "",
            "helm_url": "https://charts",
            "helm_chart": "pg",
            "helm_version": "1.2",
            "created_at": "",
        },
    ],
    "vulnerabilities": [
        {
            "cluster": "shop-prod",
            "project": "shop",
            "artifact": "shop/web:1",
            "grade": "F",
            "critical_count": 2,
            "high_count": 0,
            "medium_count": 5,
            "low_count": 1,
            "artifact_digest": "sha256:" + "1" * 64,
        },
        {
            "cluster": "shop-prod",
            "project": "shop",
            "artifact": "shop/db:1",
            "grade": "A",
            "critical_count": 0,
            "high_count": 0,
            "medium_count": 0,
            "low_count": 0,
            "artifact_digest": "",
        },
        {
            "cluster": "shop-prod",
            "project": "shop",
            "artifact": "shop/x:1",
            "grade": "",
            "critical_count": "",
            "high_count": "",
            "medium_count": "",
            "low_count": "",
            "artifact_digest": "",
        },
    ],
}


def report(path: Path, form: str) -> Path:
    """The report as Plural writes it: CSV with a head, or JSON with nothing between the rows."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table, rows in TABLES.items():
            if form == "csv":
                lines = [list(rows[0]), *(list(row.values()) for row in rows)]
                archive.writestr(f"{table}.csv", "\r\n".join(",".join(map(str, line)) for line in lines) + "\r\n")
            else:
                archive.writestr(f"{table}.json", "".join(json.dumps(row, separators=(",", ":")) for row in rows))
        if form == "json":
            users = {
                "cluster": "shop-prod",
                "project": "shop",
                "version": "1",
                "owner": {"id": "1", "email": "eve@acme"},
                "read_users": [{"id": "2", "email": "ann@acme"}, {"group_id": "3", "group_name": "sre"}],
                "write_users": [],
            }
            archive.writestr("cluster_users.json", json.dumps(users) * 2)
    return path


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_report_is_read_member_by_member(form: str, tmp_path: Path) -> None:
    frames, entries = read(report(tmp_path / "report.zip", form))
    assert {entry.outcome for entry in entries} == {"complete"}
    assert {entry.resource for entry in entries} >= {f"scan:plural:report.zip!{table}.{form}" for table in TABLES}
    findings = records(frames["findings"])
    by_rule = {
        rule: [one for one in findings if one["rule"] == rule] for rule in ("cluster", "service", "vulnerabilities")
    }
    assert {rule: len(rows) for rule, rows in by_rule.items()} == {"cluster": 1, "service": 2, "vulnerabilities": 3}
    assert [one["status"] for one in by_rule["vulnerabilities"]] == ["fail", "pass", "unknown"]
    assert by_rule["vulnerabilities"][0]["severity"] == "critical"
    assert by_rule["vulnerabilities"][0]["message"] == "2 critical, 0 high, 5 medium, 1 low"
    assert [(one["status"], one["name"], one["namespace"]) for one in by_rule["service"]] == [
        ("pass", "web", "shop"),
        ("fail", "db", "shop"),
    ]
    assert by_rule["service"][0]["message"] == "git https://git.acme.example/shop.git main deploy abc123"
    assert by_rule["cluster"][0]["message"] == "version 1.36.2, kubelet 1.36.1, nodes 6, pods 200"
    assert "CANARY" not in everything(frames) and set(frames["findings"]["cluster"]) == {"shop-prod"}


def test_who_has_access_is_for_people_to_judge(tmp_path: Path) -> None:
    findings = records(read(report(tmp_path / "report.zip", "json"))[0]["findings"])
    users = [one for one in findings if one["rule"] == "cluster_users"]
    assert [(one["status"], one["message"]) for one in users] == [
        ("manual", "owner: eve@acme; read: ann@acme, sre; write: nobody")
    ] * 2


CONSTRAINT = {
    "id": "1",
    "name": "no-privileged",
    "description": "None is privileged",
    "recommendation": "Remove it",
    "violationCount": 3,
    "enforcement": "DRY_RUN",
    "updatedAt": "2026-11-23T09:00:00Z",
    "ref": {"kind": "K8sPSPPrivilegedContainer", "name": "no-privileged"},
    "cluster": {"handle": "shop-prod", "name": "Shop"},
    "violations": [
        {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "name": "web",
            "namespace": "shop",
            "message": "web is privileged",
        }
    ],
}
CLEAN = {**CONSTRAINT, "name": "clean", "violationCount": 0, "violations": []}
LISTED = {key: value for key, value in CONSTRAINT.items() if key != "violations"}


@pytest.mark.parametrize(
    "document",
    [
        {
            "data": {
                "policyConstraints": {
                    "pageInfo": {"hasNextPage": False},
                    "edges": [{"node": CONSTRAINT}, {"node": CLEAN}],
                }
            }
        },
        {"policyConstraints": {"edges": [{"node": CONSTRAINT}, {"node": CLEAN}]}},
        [CONSTRAINT, CLEAN],
    ],
)
def test_constraints_with_violations(document: Any, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "constraints.json", document))
    violation, clean = records(frames["findings"])
    assert entry.resource == "scan:plural:constraints.json" and "lists 1 of its 3 violations" in entry.reason
    assert frames["scans"]["missing"].tolist() == [2]
    assert (violation["status"], violation["kind"], violation["namespace"], violation["name"]) == (
        "fail",
        "Deployment",
        "shop",
        "web",
    )
    assert (violation["rule"], violation["enforcement"], violation["cluster"]) == (
        "K8sPSPPrivilegedContainer",
        "dryrun",
        "shop-prod",
    )
    assert (clean["status"], clean["kind"]) == ("pass", None)


def test_constraints_without_their_violations_and_further_pages(tmp_path: Path) -> None:
    page = {
        "data": {
            "policyConstraints": {
                "pageInfo": {"hasNextPage": True},
                "edges": [{"node": LISTED}, {"node": {**LISTED, "violationCount": None}}],
            }
        }
    }
    frames, (entry,) = read(written(tmp_path, "constraints.json", page))
    assert [one["status"] for one in records(frames["findings"])] == ["fail", "unknown"]
    assert "further pages" in entry.reason and "lists 0 of its 3" in entry.reason


def test_audits_are_events(tmp_path: Path) -> None:
    audit = {
        "id": "a-1",
        "type": "CLUSTER",
        "action": "UPDATE",
        "repository": None,
        "ip": "10.0.0.9",
        "country": "DE",
        "actor": {"id": "7", "name": "Ann", "email": "ann@acme"},
        "insertedAt": "2026-11-23T09:00:00.5Z",
    }
    for document in ({"data": {"audits": {"edges": [{"node": audit}]}}}, [audit]):
        (event,) = records(read(written(tmp_path, "audits.json", document))[0]["events"])
        assert (event["user"], event["verb"], event["resource"], event["audit_id"], event["source_ip"]) == (
            "ann@acme",
            "update",
            "cluster",
            "a-1",
            "10.0.0.9",
        )


@pytest.mark.parametrize("member", ["../../etc/passwd", "/abs.csv"])
def test_a_member_that_climbs_out_is_refused_and_the_others_are_read(member: str, tmp_path: Path) -> None:
    path = tmp_path / "report.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, "cluster,artifact,grade\nshop-prod,x,F\n")
        archive.writestr("services.csv", "cluster,service,namespace,helm_chart\nshop-prod,web,shop,c\n")
    frames, entries = read(path)
    outcomes = {entry.resource.rpartition("!")[2]: entry.outcome for entry in entries}
    assert outcomes == {member: "failed", "services.csv": "complete"}
    assert frames["findings"]["rule"].tolist() == ["service"]


def test_an_archive_that_explodes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vulnerabilities.csv", "cluster,artifact,grade\nx,y," + "A" * (70 << 20))
    frames, entries = read(path)
    assert {entry.outcome for entry in entries} == {"failed"} and frames["findings"].empty
