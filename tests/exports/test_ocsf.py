"""OCSF: an event for each requirement and each verdict; unknown stays unknown."""

import json
from collections import Counter
from typing import Any

import jsonschema_rs
import pytest
from export_worlds import hostile, mixed, total

from auditkit.api import evaluating
from auditkit.exports import ocsf
from auditkit.snapshots.snapshot import Snapshot


def events(*evaluations: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ocsf.encoded(evaluations).splitlines()]


def of(found: list[dict[str, Any]], kind: str) -> Counter[int]:
    return Counter(one["compliance"]["status_id"] for one in found if one["finding_info"]["types"] == [kind])


def test_events_have_the_numbers_of_the_frames(acme: Snapshot) -> None:
    evaluations = [evaluating.evaluate(acme, "soc2"), evaluating.evaluate(acme, "cis-kubernetes")]
    assert of(events(*evaluations), "verdict") == {
        1: total(evaluations, "passed"), 3: total(evaluations, "failed"), 0: total(evaluations, "unknown"),
        99: total(evaluations, "not_applicable")}


def test_only_a_requirement_that_passes_has_the_status_pass(acme: Snapshot) -> None:
    evaluation = evaluating.evaluate(acme, "cis-kubernetes")
    found, statuses = of(events(evaluation), "requirement"), evaluation.statuses
    assert (found[1], found[3], found[0], found[99]) == (
        statuses["pass"], statuses["fail"], statuses["unknown"], statuses["manual"])


def test_an_accepted_failure_stays_a_failure_that_is_suppressed() -> None:
    accepted = [one for one in events(mixed()) if one["status_id"] == 3]
    assert [one["compliance"]["status_id"] for one in accepted] == [3, 3]
    assert accepted[0]["comment"].startswith("accepted: Platform team")


def test_uids_are_different_and_the_time_is_that_of_the_snapshot() -> None:
    found = events(mixed())
    assert len({one["finding_info"]["uid"] for one in found}) == len(found) == 11
    assert {one["time"] for one in found} == {1767323045000}


def test_the_schema_of_ocsf_finds_no_fault(acme: Snapshot) -> None:
    library = pytest.importorskip("ocsf_json_schema", reason="the schema of OCSF is in the package ocsf-json-schema")
    of_class = library.OcsfJsonSchemaEmbedded(library.get_ocsf_schema(ocsf.SCHEMA)).get_class_schema(
        "compliance_finding")
    validator = jsonschema_rs.validator_for(of_class)
    for event in events(evaluating.evaluate(acme, "pss-baseline"), mixed(), hostile()):
        assert [error.message for error in validator.iter_errors(event)] == []
