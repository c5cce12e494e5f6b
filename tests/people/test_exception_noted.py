"""A requirement that rests on people: deviations are noted as exceptions, which never is a pass and never hides."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from worlds import arrow

from auditkit import tables
from auditkit.api import evaluating
from auditkit.errors import DefinitionError
from auditkit.evaluation.conclusions import contradiction
from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports import junit, ocsf
from auditkit.fleets import compare
from auditkit.framework import library
from auditkit.framework.model import Requirement
from auditkit.history.period import claim
from auditkit.reports.panels.answer import answer
from auditkit.reports.panels.requests import requests
from auditkit.reports.panels.requirements import about
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
OURS = """
framework: ours
title: Ours
version: "1"
sections: [{id: s, title: S}]
requirements:
  - {id: tech, section: s, title: Pods are confined, reach: evidenced, checks: [workloads.no_privileged_containers]}
  - id: told
    section: s
    title: Changes are approved
    reach: partly
    rests_on: people
    if_deviating: Whether somebody approved it is shown by the tickets
    checks: [workloads.no_privileged_containers]
    cannot_show: The approvals
  - id: derived
    section: s
    title: Access is reviewed
    obligation: addressable
    reach: partly
    rests_on: people
    checks: [workloads.no_privileged_containers]
    cannot_show: The reviews
"""
ACCEPTED = """
exceptions:
  - {owner: A, reason: Known., compensating_control: Watched., framework: ours, requirements: [told],
     subjects: [{name: "p*"}], granted: 2026-01-01, expires: 2026-12-01}
"""
ATTESTED = """
attestations:
  - {framework: ours, requirements: [derived], by: A, says: It is reviewed., since: 2026-01-01, until: 2026-12-01}
"""


def snapshot(privileged: bool) -> Snapshot:
    ledger = [Entry(resource=name, outcome="complete", started=NOON, ended=NOON)
              for name in (*tables.RESOURCES, "discovery", "engines", "kubelets", "controlplane")]
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
           "spec": {"containers": [{"name": "c", "securityContext": {"privileged": privileged}}]}}
    return Snapshot(Manifest(cluster="c", started=NOON, ended=NOON, ledger=ledger), arrow([pod]))


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Evaluation]:
    def judge_by(privileged: bool = True, framework: str = OURS, **people: str) -> Evaluation:
        (tmp_path / "controls").mkdir(exist_ok=True)
        (tmp_path / "controls" / "ours.yaml").write_text(framework)
        for name, text in people.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return evaluating.evaluate(snapshot(privileged), "ours", controls=tmp_path / "controls",
                                   **{name: tmp_path / f"{name}.yaml" for name in people})

    return judge_by


@pytest.fixture
def people_only() -> str:
    """The framework without the requirement that a cluster shows."""
    return "\n".join(line for line in OURS.splitlines() if "id: tech" not in line)


def statuses(evaluation: Evaluation) -> dict[str, str]:
    return evaluation.requirements.set_index("id")["status"].to_dict()


def test_deviations_fail_what_a_cluster_shows_and_are_noted_where_people_decide(judged) -> None:
    found = judged()
    assert statuses(found) == {"tech": "fail", "told": "exception_noted", "derived": "exception_noted"}
    assert list(found.statuses)[:3] == ["fail", "exception_noted", "unknown"], "right after fail"
    seen = "1 of 1 containers runs privileged: n/p"
    assert [str(result.reason) for result in found.results[1:]] == [
        f"{seen}; Whether somebody approved it is shown by the tickets",
        f"{seen}; this alone does not decide the requirement; a person must conclude on: The reviews"]
    assert found.results[1].reason.without_rest.endswith("shown by the tickets"), "told where limits stand beside it too"


def test_without_deviations_it_stays_manual(judged) -> None:
    assert statuses(judged(privileged=False)) == {"tech": "pass", "told": "manual", "derived": "manual"}


@pytest.mark.parametrize(("threshold", "crossed"), [
    ("never", False), ("fail", True), ("unaccepted", True), ("unknown", True), ("low", True), ("critical", False)])
def test_it_crosses_the_thresholds_that_a_failure_crosses(judged, people_only, threshold, crossed) -> None:
    found = judged(framework=people_only)
    assert set(statuses(found).values()) == {"exception_noted"}
    assert found.crosses(threshold) is crossed


def test_an_accepted_risk_still_counts(judged) -> None:
    found = judged(exceptions=ACCEPTED)
    told = found.results[1]
    assert (told.status, told.accepted) == ("exception_noted", True) and found.crosses("fail")


def test_an_attestation_changes_no_status_and_needs_a_note(judged) -> None:
    found = judged(attestations=ATTESTED)
    assert statuses(found)["derived"] == "exception_noted"
    assert found.notices["kind"].tolist() == ["attestation without a note"]
    assert found.notices["what"][0].startswith("derived has exceptions noted: 1 of 1 containers runs privileged")


def test_a_word_that_it_is_not_met_fails_it(judged) -> None:
    assert statuses(judged(attestations=ATTESTED.replace("by: A,", "by: A, holds: false,")))["derived"] == "fail"


def test_that_it_operated_contradicts_the_exceptions(judged) -> None:
    assert contradiction("operated", judged().results[1]).startswith(
        "told is concluded as operated, and its status on this snapshot is exception noted: 1 of 1")


def test_exports_show_the_failure_and_no_pass(judged, people_only) -> None:
    found = judged(framework=people_only)
    suites = list(ElementTree.fromstring(junit.encoded(found)))
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [
        ("ours told Changes are approved [exception noted]", "1"),
        ("ours derived Access is reviewed [exception noted]", "1")]
    events = [json.loads(line) for line in ocsf.encoded(found).splitlines()]
    assert [each["compliance"]["status_id"] for each in events] == [2, 3, 2, 3], "a warning, and its failing verdict"
    assert all(each["severity_id"] > 1 for each in events)


def test_a_fleet_counts_it_among_the_worst(judged, people_only) -> None:
    rows = judged(framework=people_only).requirements.rename(columns={"id": "requirement"})
    found = compare.worst(rows.assign(framework="ours", cluster="c", environment=""))
    assert found["requirement"].tolist() == ["told", "derived"] and found["failing"].tolist() == [1, 1]


def test_page_1_counts_both(judged, people_only) -> None:
    def said(found: Evaluation) -> str:
        return json.dumps(answer(found, about(found.snapshot)))

    assert "1 of 3 requirements fails, and 2 have exceptions noted: a person must conclude on them." in said(judged())
    assert "No requirement fails, and 2 of 2 requirements have exceptions noted" in said(judged(framework=people_only))


def test_the_request_says_what_the_exceptions_mean(judged) -> None:
    [row] = requests(judged()).content["rows"]
    assert row["ids"] == ["told", "derived"] and "Whether somebody approved it is shown by the tickets" in row["why"]


def test_a_period_claims_no_pass_of_these_days() -> None:
    counts = dict.fromkeys(("passed", "failed", "unknown", "manual", "attested", "not_applicable", "no_evidence"), 0)
    assert claim({**counts, "days": 3, "days_with_snapshot": 3, "passed": 1, "exception_noted": 2, "accepted": 1}) == (
        "Passed on 1, had exceptions noted on 2 (1 of them accepted) of 3 days with a snapshot; a snapshot on every day.")


def test_what_did_not_change_keeps_its_digest_and_what_did_is_seen() -> None:
    plain = Requirement(id="a", section="s", title="T", reach="partly")
    assert not {"rests_on", "if_deviating"} & set(plain.written())
    assert Requirement(id="a", section="s", title="T", reach="partly", rests_on="people").written() != plain.written()


@pytest.mark.parametrize(("old", "new", "says"), [
    ("rests_on: people", "rests_on: machines", "is 'machines'; it may be"),
    ("    rests_on: people\n    if_deviating", "    if_deviating", "'told' has if_deviating, but not rests_on: people"),
    ("reach: partly\n    rests_on: people\n    if", "reach: evidenced\n    rests_on: people\n    if",
     "'told' rests on people, but its reach is evidenced, not partly"),
    ("    checks: [workloads.no_privileged_containers]\n    cannot_show: The approvals", "    cannot_show: The approvals",
     "'told' rests on people, but has no check"),
])
def test_it_is_read_strictly(tmp_path: Path, old, new, says) -> None:
    assert old in OURS
    (tmp_path / "ours.yaml").write_text(OURS.replace(old, new))
    with pytest.raises(DefinitionError, match=says):
        library.load("ours", tmp_path)
