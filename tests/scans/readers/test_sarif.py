"""SARIF: levels by default, suppressions, packages; never what was matched."""

import json
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, plain, read, records, samples, written


def all_samples() -> list[Any]:
    return [
        *samples("sarif"),
        *(
            path
            for tool in ("trivy", "checkov", "sysdig")
            for path in samples(tool)
            if "sarif" in str(getattr(path, "id", ""))
        ),
    ]


@pytest.mark.parametrize("path", all_samples())
def test_counts_of_samples(path: Path) -> None:
    runs = plain(path)["runs"]
    frames, (entry,) = read(path)
    findings = records(frames["findings"])
    assert entry.resource == f"scan:sarif:{path.name}"
    assert len(findings) == sum(len(run["results"]) for run in runs)
    assert (entry.outcome == "complete") == bool(runs), "without a run nothing was looked at"
    accepted = sum(bool(result.get("suppressions")) for run in runs for result in run["results"])
    assert sum(one["status"] == "accepted" for one in findings) == accepted
    levels = {result.get("level") for run in runs for result in run["results"]} - {None}
    assert {one["tool_severity"] for one in findings if not one["tool_severity"][0].isdigit()} <= {
        *levels,
        "warning",
        "note",
        "error",
        "none",
    }


def run(*results: Any, **changes: Any) -> dict[str, Any]:
    rules = [
        {"id": "R1", "shortDescription": {"text": "First"}, "defaultConfiguration": {"level": "error"}},
        {"id": "R2", "name": "Second", "properties": {"security-severity": "9.8"}},
    ]
    return {
        "tool": {"driver": {"name": "Some Tool", "version": "1.2", "rules": rules}},
        "results": list(results),
        **changes,
    }


def document(*runs: Any) -> dict[str, Any]:
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": list(runs)}


TEXT = {"message": {"text": "CANARY"}}


@pytest.mark.parametrize(
    ("result", "rule", "severity", "status"),
    [
        ({"ruleId": "R1"}, "R1", "high", "fail"),
        ({"ruleId": "R1", "level": "note"}, "R1", "low", "fail"),
        ({"ruleIndex": 1}, "R2", "critical", "fail"),
        ({"rule": {"index": 0}}, "R1", "high", "fail"),
        ({"ruleId": "R1/part"}, "R1/part", "high", "fail"),
        ({"ruleId": "unlisted"}, "unlisted", "medium", "fail"),
        ({"ruleId": "unlisted", "level": "none"}, "unlisted", "unknown", "fail"),
        ({"ruleId": "R1", "kind": "pass"}, "R1", "unknown", "pass"),
        ({"ruleId": "R1", "kind": "review"}, "R1", "unknown", "manual"),
        ({"ruleId": "R1", "kind": "open"}, "R1", "unknown", "unknown"),
        ({"ruleId": "R1", "kind": "notApplicable"}, "R1", "unknown", "skip"),
        ({"ruleId": "R1", "baselineState": "absent"}, "R1", "high", "skip"),
        ({"ruleId": "R1", "suppressions": [{"kind": "external"}]}, "R1", "high", "accepted"),
        ({"ruleId": "R1", "suppressions": [{"kind": "external", "status": "rejected"}]}, "R1", "high", "fail"),
        ({"ruleId": "R1", "suppressions": [{"kind": "external", "status": "underReview"}]}, "R1", "high", "fail"),
        ({"ruleId": "R1", "suppressions": [{"kind": "external", "state": "rejected"}]}, "R1", "high", "fail"),
        ({"ruleId": "R1", "suppressions": [{"kind": "external", "state": "accepted"}]}, "R1", "high", "accepted"),
        ({"ruleId": "R1", "suppressions": []}, "R1", "high", "fail"),
    ],
)
def test_levels_kinds_and_suppressions(result: dict, rule: str, severity: str, status: str, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "x.sarif", document(run({**TEXT, **result}))))
    (finding,) = records(frames["findings"])
    assert entry.outcome == "complete" and "CANARY" not in everything(frames)
    assert (finding["rule"], finding["severity"], finding["status"]) == (rule, severity, status)
    assert (finding["tool"], finding["tool_version"]) == ("some tool", "1.2")


def test_packages_places_and_images(tmp_path: Path) -> None:
    said = (
        "Package: openssl\nInstalled Version: 3.0\nVulnerability CVE-2026-0001\nSeverity: HIGH\nFixed Version: 3.1\n"
        "CANARY"
    )
    result = {
        "ruleId": "openssl-3.0",
        "message": {"text": said},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "lib/apk?token=CANARY"},
                    "region": {"startLine": 3, "snippet": {"text": "CANARY"}},
                }
            }
        ],
    }
    digest = "sha256:" + "1" * 64
    for properties in (
        {"pullString": "shop/web:1", "digest": digest},
        {"imageName": "shop/web:1", "repoDigests": [f"shop/web@{digest}"]},
    ):
        frames, _ = read(written(tmp_path, "x.sarif", document(run(result, properties=properties))))
        (finding,) = records(frames["findings"])
        assert (finding["rule"], finding["package"], finding["installed_version"], finding["fixed_version"]) == (
            "CVE-2026-0001",
            "openssl",
            "3.0",
            "3.1",
        )
        assert (finding["message"], finding["image"], finding["image_digest"]) == ("lib/apk:3", "shop/web:1", digest)
        assert "CANARY" not in everything(frames)


def test_rules_of_extensions(tmp_path: Path) -> None:
    tool = {
        "driver": {"name": "T"},
        "extensions": [{"name": "pack", "rules": [{"id": "X", "defaultConfiguration": {"level": "note"}}]}],
    }
    result = {**TEXT, "ruleId": "X", "rule": {"id": "X", "index": 0, "toolComponent": {"index": 0}}}
    (finding,) = records(read(written(tmp_path, "x.sarif", document(run(result, tool=tool))))[0]["findings"])
    assert finding["severity"] == "low"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"invocations": [{"executionSuccessful": False, "endTimeUtc": "2026-11-23T09:00:00Z"}]},
            "did not complete",
        ),
        ({"results": None}, "not performed"),
        ({"tool": 5}, "could not be read"),
    ],
)
def test_runs_that_prove_nothing(changed: dict, reason: str, tmp_path: Path) -> None:
    _, (entry,) = read(written(tmp_path, "x.sarif", document(run(**changed))))
    assert entry.outcome != "complete" and reason in entry.reason


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(document(run({**TEXT, "ruleId": "R1"}, {**TEXT, "ruleId": "R1"})))[:-30],
        json.dumps(document(run({**TEXT, "ruleId": "R1"}, {"ruleId": 5}, [], {"ruleIndex": "x"}))),
    ],
)
def test_broken_results_are_counted(content: str, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "x.sarif", content))
    assert frames["findings"]["rule"].tolist() == ["R1"] and entry.outcome == "partial"
    assert "CANARY" not in entry.reason
