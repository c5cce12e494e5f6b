"""Conclusions of auditors: read strictly, tied to snapshots, and never a change of what was found."""

import pytest

from auditkit.api import evaluating, snapshots
from auditkit.errors import DefinitionError
from auditkit.evaluation.conclusions import CHANGED, SAME, Carried, in_store
from auditkit.framework.definition import DIGITS, definition
from auditkit.people import conclusions
from auditkit.people.conclusions import list_digest

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
    return evaluating.evaluate(acme, "soc2")


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


@pytest.mark.parametrize(("until", "tested", "shown"), [
    ("2026-09-30", "2026-12-01", True), ("2026-11-22", "2026-12-01", True), ("2026-11-23", "2026-12-01", False),
    ("2027-09-30", "2027-10-12", False), (None, "2026-10-12", True), (None, "2026-12-01", False)])
def test_the_last_conclusion_is_on_earlier_evidence(write, judged, until, tested, shown):
    """The snapshot was observed on 2026-11-23."""
    assert str(judged.snapshot.manifest.days[0]) == "2026-11-23"
    text = GOOD.replace("DIGEST", "0123456789ab").replace("2026-12-01", tested)
    text = text.replace("2026-09-30", until) if until else text.replace("    period: {from: 2025-10-01, until: 2026-09-30}\n", "")
    carried = Carried(judged, conclusions.read(write("conclusions.yaml", text)))
    assert list(carried.last) == (["CC6.1"] if shown else [])
    assert [notice.kind for notice in carried.notices] == ([] if shown else ["conclusion not shown"])


def test_the_digest_of_a_list_is_looked_up_in_the_store(write, judged):
    taken = judged.snapshot
    listed = f"{{count: 1, sha256: {list_digest([taken.digest])}}}"
    text = GOOD.replace("[DIGEST]", listed).replace("2026-09-30", "2026-11-30")
    given = conclusions.read(write("conclusions.yaml", text))
    assert list(Carried(judged, given, [taken]).current) == ["CC6.1"] and not in_store(given, [taken], [])
    alone = Carried(judged, given)
    assert not alone.current and not alone.last, "whether it means this snapshot is not known"
    assert "--store" in alone.notices[0].what
    [missing] = in_store(given, [], [])
    assert missing.kind == "conclusion snapshot missing"


def test_a_snapshot_that_was_altered_is_reported(write, acme, tmp_path):
    folder = acme.apart().write(tmp_path / "store")
    held = [snapshots.open(folder)]
    given = conclusions.read(write("conclusions.yaml", GOOD.replace("DIGEST", held[0].digest[:12])))
    assert not in_store(given, held, [])
    (folder / "pods.parquet").write_bytes(b"other")
    [notice] = in_store(given, held, [])
    assert notice.kind == "conclusion snapshot no longer verifies" and "pods.parquet was changed" in notice.what
