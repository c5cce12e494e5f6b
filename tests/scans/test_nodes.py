"""kube-bench and kube-hunter: what is seen of nodes."""

import json
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, plain, read, records, samples, written

# --- kube-bench ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", samples("kube-bench"))
def test_counts_of_benchmark_samples(path: Path) -> None:
    frames, (entry,) = read(path)
    if path.suffix == ".data":  # its output for people
        assert entry.outcome == "failed" and "neither JSON" in entry.reason
        return
    root = plain(path)
    sections = [
        section for controls in (root["Controls"] if isinstance(root, dict) else root) for section in controls["tests"]
    ]
    results = [result for section in sections for result in section["results"]]
    stated = sum(section[word] for section in sections for word in ("pass", "fail", "warn", "info"))
    assert entry.resource == f"scan:kube-bench:{path.name}"
    assert entry.outcome == ("partial" if stated > len(results) else "complete")
    findings = records(frames["findings"])
    assert len(findings) == len(results) == len(frames["finding_references"])
    for word in ("PASS", "FAIL"):
        assert sum(one["status"] == word.lower() for one in findings) == sum(one["status"] == word for one in results)


def controls(*results: dict, version: str = "cis-1.8", **counts: int) -> dict:
    section = {"section": "1.1", "pass": 0, "fail": 0, "warn": 0, "info": 0, **counts, "results": list(results)}
    return {"id": "1", "version": version, "node_type": "master", "tests": [section]}


RESULT = {
    "test_number": "1.1.1",
    "test_desc": "a file",
    "status": "FAIL",
    "scored": True,
    "remediation": "chmod",
    "actual_value": "root 1 /usr/bin/etcd --password=hunter2",
    "expected_result": "600",
    "audit": "ps",
}


def test_a_number_has_its_benchmark(tmp_path: Path) -> None:
    report = {"Controls": [controls(RESULT), controls(RESULT, version="1.6"), controls(RESULT, version="eks-1.2.0")]}
    frames, _ = read(written(tmp_path, "a.json", report))
    findings = records(frames["findings"])
    assert [one["rule_id"] for one in findings] == ["cis-1.8/1.1.1", "cis-1.6/1.1.1", "eks-1.2.0/1.1.1"]
    assert {(one["rule"], one["kind"], one["message"], one["remedy"]) for one in findings} == {
        ("1.1.1", "Node", "600", "chmod")
    }
    assert "hunter2" not in everything(frames)


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("Test marked as a manual test", "Test marked as a manual test"),
        ('failed to run: "ps", output: "etcd --password=hunter2"', "the check itself failed"),
        (None, "600"),
    ],
)
def test_why_a_check_could_not_judge(reason: str | None, message: str, tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, "a.json", [controls({**RESULT, "reason": reason})]))
    assert records(frames["findings"])[0]["message"] == message


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"status": "PASS"}, "pass"),
        ({"status": "FAIL"}, "fail"),
        ({"status": "WARN"}, "warn"),
        ({"status": "WARN", "type": "manual"}, "manual"),
        ({"status": "INFO", "type": "skip"}, "skip"),
        ({"status": "?"}, "unknown"),
    ],
)
def test_a_warning_is_no_failure(result: dict, status: str, tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, "a.json", [controls({**RESULT, **result})]))
    assert records(frames["findings"])[0]["status"] == status


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(json.dumps(controls(RESULT)) for _ in range(3)),
        "\n".join(json.dumps(controls(RESULT), indent=1) for _ in range(3)),
        "\n".join(json.dumps({"Controls": [controls(RESULT)]}) for _ in range(3)),
        "I1101 10:00 starting\n" + json.dumps({"Controls": [controls(RESULT)] * 3}, indent=1),
    ],
)
def test_reports_one_after_another(content: str, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "a.json", content))
    assert (entry.resource, entry.outcome, len(frames["findings"])) == ("scan:kube-bench:a.json", "complete", 3)


def test_results_that_are_only_counted(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "a.json", [controls(RESULT, fail=1, **{"pass": 20})]))
    assert entry.outcome == "partial" and frames["scans"]["missing"][0] == 20


# --- kube-hunter ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", samples("kube-hunter"))
def test_counts_of_hunter_samples(path: Path) -> None:
    frames, (entry,) = read(path)
    if not path.stat().st_size:
        assert entry.outcome == "failed" and "empty" in entry.reason
        return
    assert (entry.resource, entry.outcome) == (f"scan:kube-hunter:{path.name}", "complete")
    assert len(frames["findings"]) == len(plain(path)["vulnerabilities"])


HUNTED: dict[str, Any] = {
    "nodes": [{"type": "Node/Master", "location": "10.0.0.1"}],
    "services": [],
    "vulnerabilities": [
        {
            "location": "10.0.0.1:10255",
            "vid": "KHV044",
            "category": "Access Risk",
            "severity": "high",
            "vulnerability": "Privileged Container",
            "description": "a container",
            "evidence": "token: hunter2",
        },
        {
            "location": "Local to Pod (web-5d8)",
            "vid": "None",
            "severity": "low",
            "vulnerability": "Read access to token",
            "description": "it can be read",
            "evidence": "hunter2",
        },
    ],
}


def test_a_hunt(tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, "a.json", HUNTED))
    first, second = records(frames["findings"])
    assert (first["rule"], first["status"], first["severity"], first["name"]) == (
        "KHV044",
        "fail",
        "high",
        "10.0.0.1:10255",
    )
    assert (second["rule"], second["kind"], second["name"]) == ("Read access to token", "Pod", "web-5d8")
    assert "hunter2" not in everything(frames)


@pytest.mark.parametrize(
    "report",
    [
        {"nodes": [], "services": [], "vulnerabilities": []},
        {**HUNTED, "vulnerabilities": "No vulnerabilities were found"},
    ],
)
def test_a_hunt_that_says_nothing_is_no_pass(report: dict, tmp_path: Path) -> None:
    assert read(written(tmp_path, "a.json", report))[1][0].outcome in ("failed", "partial")
