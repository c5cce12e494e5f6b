"""Conclusions of auditors: read strictly, tied to snapshots, and never a change of what was found."""

import pytest

from auditkit import api
from auditkit.errors import DefinitionError
from auditkit.evaluation.conclusions import CHANGED, SAME, Carried, in_store
from auditkit.framework.definition import DIGITS, definition
from auditkit.people import conclusions

GOOD = """
conclusions:
  - framework: soc2
    requirement: CC6.1
    tested_by: Jane Roe
    tested_on: 2026-12-01
    period: {from: 2025-10-01, until: 2026-09-30}
    result: operated
    snapshots: [DIGEST]
"""


@pytest.fixture(scope="module")
def judged(acme):
    return api.evaluate(acme, "soc2")


@pytest.mark.parametrize(("old", "new", "says"), [
    ("CC6.1", "CC66.1", "There is no requirement of soc2 'CC66.1'"),
    ("2026-09-30", "2025-09-30", "its period ends on 2025-09-30, before it begins"),
    ("2026-12-01", "2025-01-01", "before its period begins"),
    ("    snapshots: [DIGEST]\n", "", "snapshots"),
    ("[DIGEST]", "[]", "snapshots"),
    ("[DIGEST]", "[abc]", "12 or more hexadecimal digits"),
    ("operated", "fine", "result"),
])
def test_a_mistake_is_refused_with_its_file(write, old, new, says):
    text = GOOD.replace(old, new).replace("DIGEST", "0123456789ab")
    with pytest.raises(DefinitionError, match="conclusions.yaml") as error:
        conclusions.read(write("conclusions.yaml", text))
    assert says in str(error.value)


def test_a_contradiction_is_a_notice_and_changes_no_status(write, judged):
    text = GOOD.replace("DIGEST", judged.snapshot.digest[:12])
    carried = Carried(judged, conclusions.read(write("conclusions.yaml", text)))
    assert [notice.kind for notice in carried.notices if "contradicts" in notice.kind] == [
        "conclusion contradicts the evidence"]
    assert judged.requirements.set_index("id").loc["CC6.1", "status"] == "fail"
    assert carried.columns(["CC6.1"])["tested_by"] == ["Jane Roe"]


def test_a_conclusion_on_other_snapshots_stands_beside_the_requirement(write, judged):
    [now] = [definition(each.requirement)[:DIGITS] for each in judged.results if each.requirement.id == "CC6.1"]
    for digest, says in ((now, SAME), ("0" * DIGITS, CHANGED)):
        text = GOOD.replace("[DIGEST]", f"[0123456789ab]\n    definition: '{digest}'")
        found = Carried(judged, conclusions.read(write("conclusions.yaml", text))).columns(["CC6.1"])
        assert (found["last_result"], found["last_definition"], found["tested_by"]) == (["operated"], [says], [""])


def test_a_snapshot_that_is_not_in_the_store_is_reported(write):
    given = conclusions.read(write("conclusions.yaml", GOOD.replace("DIGEST", "0123456789ab")))
    assert [notice.kind for notice in in_store(given, [], [])] == ["conclusion snapshot missing"]
