"""Policy reports: read back by our own reader, valid by the definitions, small enough for a cluster."""

import json
import os
from collections import Counter
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from export_worlds import hostile, mixed, total
from scan_worlds import read, records

from auditkit.api import evaluating
from auditkit.exports import policyreport
from auditkit.exports.judged import unsaid
from auditkit.scans import output
from auditkit.snapshots.snapshot import Snapshot

BOTH = pytest.mark.parametrize("encoded", [policyreport.encoded, policyreport.openreports])


@BOTH
def test_our_reader_reads_the_numbers_of_the_frames(encoded, acme: Snapshot, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(output, "OWN", "")  # as of another tool
    evaluations = [evaluating.evaluate(acme, "soc2"), evaluating.evaluate(acme, "cis-kubernetes")]
    file = tmp_path / "own.json"
    file.write_bytes(encoded(evaluations))
    frames, (entry,) = read(file)
    found = Counter(one["status"] for one in records(frames["findings"]))
    silent = Counter(unsaid(result) for one in evaluations for result in one.results)
    assert entry.outcome == "complete"
    assert found == {"pass": total(evaluations, "passed"), "fail": total(evaluations, "failed") + silent["fail"],
                     "error": total(evaluations, "unknown") + silent["unknown"],
                     "skip": total(evaluations, "not_applicable")}


@BOTH
def test_reports_are_of_one_namespace_and_not_too_large(encoded, acme: Snapshot) -> None:
    items = json.loads(encoded(evaluating.evaluate(acme, "soc2")))["items"]
    names = [(item["metadata"].get("namespace"), item["metadata"]["name"]) for item in items]
    assert len(set(names)) == len(names) > 1
    for item in items:
        assert item["kind"].startswith("Cluster") == ("namespace" not in item["metadata"])
        assert len(json.dumps(item)) < 1_500_000
        assert sum(item["summary"].values()) == len(item["results"]) <= policyreport.LARGEST


def test_an_accepted_failure_stays_a_failure() -> None:
    results = [one for item in json.loads(policyreport.encoded(mixed()))["items"] for one in item["results"]]
    accepted = [one for one in results if "accepted" in one["properties"]]
    assert [one["result"] for one in accepted] == ["fail", "fail"]


@pytest.mark.parametrize(("name", "version", "encoded"), [
    ("openreports.io_reports.yaml", "v1alpha1", policyreport.openreports),
    ("wgpolicyk8s.io_policyreports.yaml", "v1alpha2", policyreport.encoded)])
def test_the_definition_of_the_resource_finds_no_fault(name: str, version: str, encoded, acme: Snapshot) -> None:
    path = Path(os.environ.get("AUDITKIT_SCHEMAS", "/nowhere"), name)
    if not path.exists():
        pytest.skip(f"no {name}: give its folder as $AUDITKIT_SCHEMAS")
    versions = yaml.safe_load(path.read_text())["spec"]["versions"]
    defined = next(each for each in versions if each["name"] == version)
    validator = jsonschema_rs.validator_for(defined["schema"]["openAPIV3Schema"])
    for evaluation in (evaluating.evaluate(acme, "soc2"), hostile()):
        for item in json.loads(encoded(evaluation))["items"]:
            assert [error.message for error in validator.iter_errors(item)] == []
