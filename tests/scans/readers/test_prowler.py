"""Prowler: the same result of a check in OCSF, CSV, ASFF and the old JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import plain, read, records, samples, written

STATUS = {"PASS": "pass", "FAIL": "fail", "MANUAL": "manual"}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Status, muted, check, and the requirements beside it, counted without the reader."""
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text()), delimiter=";"))
        return [
            {
                "status": row["STATUS"],
                "muted": row["MUTED"] == "True",
                "check": row["CHECK_ID"],
                "requirements": {
                    (part.split(": ")[0], number)
                    for part in row["COMPLIANCE"].split(" | ")
                    if ": " in part
                    for number in part.split(": ", 1)[1].split(", ")
                },
            }
            for row in rows
        ]
    return [
        {
            "status": row["status_code"],
            "muted": row["status"] == "Suppressed",
            "check": row["metadata"]["event_code"],
            "requirements": {
                (framework, number)
                for framework, numbers in row["unmapped"]["compliance"].items()
                for number in numbers
            },
        }
        for row in plain(path)
    ]


@pytest.mark.parametrize("path", samples("prowler"))
def test_counts_of_samples(path: Path) -> None:
    frames, (entry,) = read(path)
    expected = rows_of(path)
    assert entry.resource == f"scan:prowler:{path.name}" and entry.outcome == "complete"
    assert frames["findings"]["rule"].tolist() == [row["check"] for row in expected]
    assert frames["findings"]["status"].tolist() == [
        "accepted" if row["muted"] and row["status"] == "FAIL" else STATUS[row["status"]] for row in expected
    ]
    assert {(one["rule"], one["framework"], one["reference"]) for one in records(frames["finding_references"])} == {
        (row["check"], framework, number) for row in expected for framework, number in row["requirements"]
    }


def ocsf(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"event_code": "core_minimize_privileged", "product": {"name": "Prowler", "version": "5.1"}},
        "finding_info": {"title": "No privileged containers", "uid": "u"},
        "severity": "High",
        "status": "New",
        "status_code": "FAIL",
        "status_detail": "Pod web is privileged.",
        "time_dt": "2026-11-23T09:00:00",
        "resources": [
            {"name": "web", "type": "KubernetesPod", "namespace": "shop", "uid": "u-1", "data": {"x": "CANARY"}}
        ],
        "remediation": {"desc": "Do not."},
        "unmapped": {"compliance": {"CIS-1.10": ["5.2.1"], "ISO27001-2022": []}},
        **changes,
    }


CSV = (
    "PROVIDER;TIMESTAMP;ACCOUNT_NAME;FINDING_UID;CHECK_ID;CHECK_TITLE;STATUS;STATUS_EXTENDED;MUTED;SEVERITY;"
    "RESOURCE_TYPE;RESOURCE_UID;RESOURCE_NAME;REGION;REMEDIATION_RECOMMENDATION_TEXT;COMPLIANCE;PROWLER_VERSION\n"
    "kubernetes;2026-11-23 09:00:00;context: shop-prod;u;core_minimize_privileged;No privileged containers;FAIL;"
    "Pod web is privileged.;False;high;KubernetesPod;u-1;web;namespace: shop;Do not.;CIS-1.10: 5.2.1;5.1\n"
)
ASFF = {
    "SchemaVersion": "2018-10-08",
    "Id": "prowler-x",
    "ProductArn": "arn:aws:securityhub:x::product/prowler/prowler",
    "GeneratorId": "prowler-core_minimize_privileged",
    "ProductFields": {"ProviderName": "Prowler", "ProviderVersion": "5.1"},
    "UpdatedAt": "2026-11-23T09:00:00Z",
    "Severity": {"Label": "HIGH"},
    "Title": "No privileged containers",
    "Description": "Pod web is privileged.",
    "Resources": [{"Type": "KubernetesPod", "Id": "web"}],
    "Compliance": {"Status": "FAILED", "RelatedRequirements": ["CIS-1.10 5.2.1"]},
    "Remediation": {"Recommendation": {"Text": "Do not."}},
}
OLD = {
    "AssessmentStartTime": "2026-11-23T09:00:00",
    "CheckID": "core_minimize_privileged",
    "Status": "FAIL",
    "CheckTitle": "No privileged containers",
    "StatusExtended": "Pod web is privileged.",
    "Severity": "high",
    "ResourceType": "KubernetesPod",
    "ResourceId": "web",
    "Namespace": "namespace: shop",
    "Remediation": {"Recommendation": {"Text": "Do not."}},
    "Compliance": {"CIS-1.10": ["5.2.1"]},
}


@pytest.mark.parametrize(
    ("name", "content", "namespace"),
    [
        ("a.ocsf.json", [ocsf()], "shop"),
        ("b.csv", CSV, "shop"),
        ("c.asff.json", [ASFF], None),
        ("d.asff.json", {"Findings": [ASFF]}, None),
        ("e.json", [OLD], "shop"),
        ("f.jsonl", [OLD, OLD], "shop"),
    ],
)
def test_every_form_says_the_same(name: str, content: Any, namespace: str | None, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, name, content))
    finding = records(frames["findings"])[0]
    assert entry.resource == f"scan:prowler:{name}" and entry.outcome == "complete"
    assert (finding["rule"], finding["title"], finding["status"], finding["severity"]) == (
        "core_minimize_privileged",
        "No privileged containers",
        "fail",
        "high",
    )
    assert (finding["kind"], finding["name"], finding["namespace"]) == ("Pod", "web", namespace)
    assert (finding["message"], finding["remedy"]) == ("Pod web is privileged.", "Do not.")
    assert finding["seen"].isoformat() == "2026-11-23T09:00:00+00:00"
    assert [(one["framework"], one["reference"]) for one in records(frames["finding_references"])] == [
        ("CIS-1.10", "5.2.1")
    ]
    if name in ("a.ocsf.json", "b.csv", "c.asff.json"):
        assert frames["scans"]["tool_version"].tolist() == ["5.1"]


def test_muted_failures_were_accepted_and_nothing_else_was(tmp_path: Path) -> None:
    cases = [
        ocsf(status="Suppressed"),
        ocsf(status="Suppressed", status_code="PASS"),
        ocsf(status_code="MANUAL"),
        ocsf(status_code="ODD"),
        ocsf(status_code=None),
    ]
    frames, _ = read(written(tmp_path, "x.json", cases))
    assert frames["findings"]["status"].tolist() == ["accepted", "pass", "manual", "unknown", "unknown"]
    muted = {**ASFF, "Compliance": {"Status": "WARNING"}}
    assert read(written(tmp_path, "y.json", [muted]))[0]["findings"]["status"].tolist() == ["accepted"]
    frames, _ = read(written(tmp_path, "z.csv", CSV.replace(";False;", ";True;")))
    assert records(frames["findings"])[0]["status"] == "accepted"


def test_a_broken_row_costs_only_itself(tmp_path: Path) -> None:
    rows = [ocsf(), ocsf(resources=5), 7, ocsf()]
    frames, (entry,) = read(written(tmp_path, "x.json", rows))
    assert len(frames["findings"]) == 2 and entry.outcome == "partial" and "2 of its" in entry.reason
    frames, (entry,) = read(written(tmp_path, "cut.json", json.dumps([ocsf(), ocsf()])[:-50]))
    assert len(frames["findings"]) == 1 and entry.outcome == "partial" and "is cut off" in entry.reason


@pytest.mark.parametrize(("status", "expected"), [("Success", "pass"), ("Failure", "fail"), ("Other", "unknown")])
def test_ocsf_of_version_3(status: str, expected: str, tmp_path: Path) -> None:
    product = {"name": "Prowler", "version": "3.16", "feature": {"uid": "core_minimize_privileged", "name": "x"}}
    row = {
        "metadata": {"product": product, "original_time": "2026-11-23T09:00:00"},
        "finding": {"title": "No privileged containers", "uid": "u", "desc": "d"},
        "status": status,
        "severity": "High",
        "time": "2026-11-23T09:00:00",
        "message": "Pod web is privileged.",
        "resources": [{"name": "web", "type": "Pod"}],
    }
    (finding,) = records(read(written(tmp_path, "x.json", [row]))[0]["findings"])
    assert (finding["rule"], finding["title"], finding["status"]) == (
        "core_minimize_privileged",
        "No privileged containers",
        expected,
    )
    assert finding["message"] == "Pod web is privileged." and finding["seen"].year == 2026


def test_requirements_that_asff_cuts_off_are_left_out(tmp_path: Path) -> None:
    whole = "CIS-1.10 " + " ".join(f"5.2.{number}" for number in range(20))
    row = {**ASFF, "Compliance": {"Status": "FAILED", "RelatedRequirements": [whole[:63], "PCI-4.0 1.2"]}}
    kept = {
        (one["framework"], one["reference"])
        for one in records(read(written(tmp_path, "x.json", [row]))[0]["finding_references"])
    }
    assert kept == {("PCI-4.0", "1.2"), *(("CIS-1.10", f"5.2.{number}") for number in range(9))}


@pytest.mark.parametrize(("check", "said", "status"), [
    ("core_no_secrets_envs", "PASS", "unknown"), ("core_no_secrets_envs", "FAIL", "fail"),
    ("core_minimize_admission_hostport_containers", "PASS", "unknown"), ("apiserver_anonymous_requests", "PASS", "unknown"),
    ("apiserver_anonymous_requests", "FAIL", "fail"),
    ("apiserver_event_rate_limit", "FAIL", "unknown"), ("apiserver_event_rate_limit", "PASS", "unknown"),
    ("core_minimize_hostPID_containers", "PASS", "pass")])
def test_results_that_do_not_say_what_their_title_says_are_unknown(tmp_path: Path, check: str, said: str, status: str) -> None:
    row = {"CheckID": check, "Status": said, "StatusExtended": "Pod a.", "ResourceId": "a", "ResourceType": "Pod"}
    found = records(read(written(tmp_path, "prowler.json", [row]))[0]["findings"])
    assert [(one["status"], one["tool_status"]) for one in found] == [(status, said)]
