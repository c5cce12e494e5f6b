"""SARIF: results, suppressions, notifications; read back by our own reader."""

import json
from pathlib import Path
from typing import Any

import jsonschema
from export_worlds import hostile, mixed, schema, total
from scan_worlds import read, records

from auditkit.api import evaluating
from auditkit.exports import sarif
from auditkit.scans import output
from auditkit.snapshots.snapshot import Snapshot


def run(evaluation: Any) -> dict[str, Any]:
    (found,) = json.loads(sarif.encoded(evaluation))["runs"]
    return found


def test_failures_are_results_and_passes_are_counted() -> None:
    found = run(mixed())
    assert [(one["kind"], one["level"]) for one in found["results"]] == [("fail", "error")] * 4
    assert [rule["properties"]["counts"] for rule in found["tool"]["driver"]["rules"]] == [
        {"pass": 2, "fail": 2, "unknown": 0, "not_applicable": 0}] * 2


def test_accepted_failures_are_suppressed_with_their_reason() -> None:
    accepted = [one for one in run(mixed())["results"] if "suppressions" in one]
    assert len(accepted) == 2 and all("agent" in one["message"]["text"] for one in accepted)
    assert accepted[0]["suppressions"] == [{"kind": "external", "status": "accepted", "justification":
        "Platform team: The agent sets up the network. (until 2026-12-31; risks.yaml, line 3)"}]


def test_a_gap_is_a_notification_of_a_run_that_was_not_whole() -> None:
    (whole,), (cut,) = run(mixed())["invocations"], run(mixed(pods="partial"))["invocations"]
    assert whole["executionSuccessful"] and not cut["executionSuccessful"]
    assert any("pods could be read only in part" in one["message"]["text"]
               for one in cut["toolExecutionNotifications"])


def test_fingerprints_stay_where_results_move() -> None:
    before = {one["partialFingerprints"]["auditkit/v1"] for one in run(mixed())["results"]}
    after = {one["partialFingerprints"]["auditkit/v1"] for one in run(mixed(services="forbidden"))["results"]}
    assert len(before) == 4 and before == after


def test_our_reader_reads_the_numbers_of_the_frames(acme: Snapshot, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(output, "OWN", "")  # as of another tool
    evaluations = [evaluating.evaluate(acme, "soc2"), mixed()]
    file = tmp_path / "own.sarif"
    file.write_bytes(sarif.encoded(evaluations))
    findings = records(read(file)[0]["findings"])
    statuses = [one["status"] for one in findings]
    assert statuses.count("fail") + statuses.count("accepted") == total(evaluations, "failed")
    assert statuses.count("accepted") == 2
    assert statuses.count("unknown") == total(evaluations, "unknown") > 0


def test_the_schema_finds_no_fault(acme: Snapshot) -> None:
    validator = jsonschema.Draft7Validator(schema("", "", "sarif-2.1.0-rtm.5.json"))
    for evaluation in (evaluating.evaluate(acme, "pss-baseline"), mixed(pods="partial"), hostile()):
        assert [error.message for error in validator.iter_errors(json.loads(sarif.encoded(evaluation)))] == []
