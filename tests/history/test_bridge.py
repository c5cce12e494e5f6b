"""The facts of a bridge letter: what changed since the end of a period, and no claim where no snapshot is."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_worlds import PRIVILEGED, pod, snapshot
from years import at, days, noon, written

from auditkit.api import evaluating, over_time
from auditkit.errors import NoSuchName, UsageError
from auditkit.history.bridge import BEFORE, CLOSED, NOT_KNOWN, OPEN, SINCE, Bridge
from auditkit.history.verdicts import CLUSTER, EVIDENCE, PEOPLE, RULE
from auditkit.snapshots.store import open_snapshot

RULES = f"""
framework: wards
title: W
version: '1'
sections: [{{id: s, title: S}}]
requirements:
  - {{id: A1, section: s, title: T, reach: evidenced, checks: [{PRIVILEGED}]}}
  - {{id: A2, section: s, title: V, reach: attested, look_at: the minutes}}
"""
EXCEPTION = f"""
exceptions:
  - owner: Platform team
    reason: It must.
    compensating_control: Few may write there.
    checks: [{PRIVILEGED}]
    subjects: [{{namespace: shop, name: bad}}]
    granted: 2026-01-01
    expires: 2026-02-28
"""
CONCLUSION = """
conclusions:
  - framework: wards
    requirement: A1
    tested_by: Jane Roe
    tested_on: 2026-02-20
    period: {from: 2025-02-01, until: 2026-01-31}
    result: operated
    snapshots: [DIGEST]
    definition: '0123456789ab'
"""
BAD = snapshot(pod("bad", privileged=True), pod("good"))
GOOD = snapshot(pod("bad"), pod("good"))
BOTH = snapshot(pod("bad", privileged=True), pod("good", privileged=True))
DOUBTFUL = snapshot(pod("good"), pods="partial")
END = dt.date(2026, 1, 31)
FEBRUARY = days(dt.date(2026, 2, 1), 28)
UID = {"cluster_uid": "uid-1"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def found(store: Path, write: Callable[[str, str], Path], tmp_path: Path) -> Callable[..., Bridge]:
    """The facts of the days after January 2026 by a framework of two requirements."""
    write("rules/wards.yaml", RULES)
    return lambda since=END, until="2026-02-28", **given: over_time.bridge(
        store, "wards", since, until, controls=tmp_path / "rules", **given)


def put(store: Path, content: Any, day: dt.date, **manifest: object) -> Path:
    return written(store, content, noon(day), **(UID | manifest))


def test_a_status_that_changed_has_its_reason_and_the_snapshots(store, found) -> None:
    put(store, GOOD, END)
    put(store, BAD, FEBRUARY[9])
    bridge = found()
    assert bridge.requirements[["requirement", "before", "after", "why"]].values.tolist() == [
        ["A1", "pass", "fail", CLUSTER]]
    assert [each.snapshot.manifest.days[0] for each in bridge.compared] == [END, FEBRUARY[9]]
    assert (bridge.period.start, bridge.period.end, bridge.days_with_snapshot) == (FEBRUARY[0], FEBRUARY[27], 1)


def test_a_status_that_is_no_longer_known_is_changed_by_the_evidence(store, found) -> None:
    put(store, BAD, END)
    put(store, DOUBTFUL, FEBRUARY[0])
    assert found().requirements[["after", "why"]].values.tolist() == [["unknown", EVIDENCE]]
    assert "Unknown, because evidence is missing (1 requirement on the last snapshot): A1." in found().limits


def test_deviations_are_told_apart_by_the_end_of_the_period(store, found) -> None:
    put(store, BAD, END)
    put(store, BOTH, FEBRUARY[0])
    put(store, snapshot(pod("bad"), pod("good", privileged=True)), FEBRUARY[1])
    frame = found().deviations.set_index("name")
    assert frame.loc["bad", ["began", "ended"]].tolist() == [BEFORE, CLOSED]
    assert frame.loc["good", ["began", "ended"]].tolist() == [SINCE, OPEN]
    assert frame.loc["bad", "bounds"] == ("was there on 2026-01-31 12:00:00 UTC; ended between 2026-02-01 12:00:00 UTC "
                                          "and 2026-02-02 12:00:00 UTC")
    assert frame.loc["good", "bounds"].startswith("began between 2026-01-31 12:00:00 UTC and 2026-02-01 12:00:00 UTC;")


def test_what_no_snapshot_bounds_is_not_known(store, found) -> None:
    put(store, BAD, FEBRUARY[3])
    put(store, DOUBTFUL, FEBRUARY[4])
    bridge = found()
    assert bridge.deviations[["began", "ended"]].values.tolist() == [[NOT_KNOWN, NOT_KNOWN]]
    assert bridge.before is None and bridge.limits[0].startswith("No snapshot that counts is of 2026-01-31 or earlier")
    assert [each.snapshot.manifest.days[0] for each in bridge.compared] == FEBRUARY[3:5]


def test_a_deviation_under_several_requirements_is_one(store, found, write) -> None:
    put(store, GOOD, END)
    put(store, BAD, FEBRUARY[0])
    again = f"  - {{id: A3, section: s, title: U, reach: evidenced, checks: [{PRIVILEGED}]}}\n"
    write("rules/wards.yaml", RULES + again)
    assert found().deviations["requirements"].tolist() == ["A1, A3"]


def test_without_a_snapshot_since_nothing_is_claimed(store, found) -> None:
    put(store, BAD, END)
    bridge = found()
    assert not bridge.compared and bridge.diff is None
    assert bridge.requirements.empty and bridge.deviations.empty and bridge.changes.empty and bridge.conclusions.empty
    assert any("nothing is claimed of these days" in limit for limit in bridge.limits)
    with pytest.raises(UsageError, match="no snapshot of this cluster that counts for a day after 2026-01-31"):
        found(until="")


def test_one_snapshot_is_compared_with_nothing(store, found) -> None:
    put(store, BAD, FEBRUARY[0])
    bridge = found()
    assert not bridge.compared and bridge.requirements.empty and bridge.changes.empty
    assert bridge.deviations[["began", "ended"]].values.tolist() == [[NOT_KNOWN, OPEN]]


def test_until_is_by_default_the_day_of_the_newest_snapshot(store, found) -> None:
    put(store, GOOD, END)
    put(store, GOOD, FEBRUARY[9])
    bridge = found(until="")
    assert bridge.period.end == FEBRUARY[9] and bridge.requirements.empty


def test_changes_of_objects_are_weighted(store, found) -> None:
    put(store, GOOD, END)
    put(store, snapshot(pod("bad"), pod("new", privileged=True)), FEBRUARY[0])
    bridge = found()
    assert bridge.weights == {"high": 2, "medium": 0, "low": 0}
    assert bridge.heavy[["change", "name"]].values.tolist() == [["removed", "good"], ["added", "new"]]


def test_exceptions_in_force_mark_what_is_accepted(store, found, write) -> None:
    put(store, GOOD, END)
    put(store, BAD, FEBRUARY[0])
    assert any("No exceptions and no attestations were given" in limit for limit in found().limits)
    bridge = found(exceptions=write("exceptions.yaml", EXCEPTION))
    assert bridge.deviations["accepted"].tolist() == [True] and bridge.requirements["accepted_after"].tolist() == [True]
    assert not any("No exceptions and no attestations were given" in limit for limit in bridge.limits)


def test_what_is_accepted_under_one_of_two_requirements_is_not_accepted(store, found, write) -> None:
    put(store, GOOD, END)
    put(store, BAD, FEBRUARY[0])
    write("rules/wards.yaml", RULES + f"  - {{id: A3, section: s, title: U, reach: evidenced, checks: [{PRIVILEGED}]}}\n")
    accepted = EXCEPTION.replace(f"    checks: [{PRIVILEGED}]", "    framework: wards\n    requirements: [A1]")
    bridge = found(exceptions=write("exceptions.yaml", accepted))
    assert bridge.deviations[["requirements", "accepted"]].values.tolist() == [["A1, A3", False]]


def test_what_the_rule_alone_changed_is_told_apart(store, found, write, tmp_path) -> None:
    path = put(store, BAD, END)
    put(store, BAD, FEBRUARY[0])
    evaluating.evaluate(path, "wards", controls=tmp_path / "rules")
    write("rules/wards.yaml", RULES.replace(f"evidenced, checks: [{PRIVILEGED}]", "attested, look_at: the wards"))
    bridge = found()
    assert bridge.requirements.empty
    assert bridge.by_rule[["requirement", "given", "today", "why"]].values.tolist() == [["A1", "fail", "manual", RULE]]


def test_what_people_say_now_is_told_apart_from_what_they_said_then(store, found, write, tmp_path) -> None:
    path = put(store, BAD, END)
    put(store, BAD, FEBRUARY[0])
    evaluating.evaluate(path, "wards", controls=tmp_path / "rules", exceptions=write("exceptions.yaml", EXCEPTION))
    assert found().by_rule[["given", "today", "why"]].values.tolist() == [["fail, accepted", "fail", PEOPLE]]


def test_the_same_store_gives_the_same_facts_again(store, found) -> None:
    put(store, BAD, END)
    put(store, BOTH, FEBRUARY[0])
    one, other = found(), found()
    assert one.limits == other.limits and one.deviations.equals(other.deviations)
    assert one.by_rule.empty and other.by_rule.empty


def test_a_conclusion_stands_beside_what_the_requirement_is_now(store, found, write) -> None:
    digest = open_snapshot(put(store, GOOD, END)).digest
    put(store, BAD, FEBRUARY[27])
    bridge = found(conclusions=write("conclusions.yaml", CONCLUSION.replace("DIGEST", digest)))
    assert bridge.conclusions[["requirement", "result", "definition", "before", "now"]].values.tolist() == [
        ["A1", "operated", "changed", "pass", "fail"]]
    assert not any("conclusion" in note for note in bridge.notes)


@pytest.mark.parametrize(("old", "new", "says"), [
    ("until: 2026-01-31", "until: 2026-02-15", "conclusion not shown: its period ended after 2026-01-31"),
    ("[DIGEST]", "['ffffffffffff']", "conclusion snapshot missing")])
def test_a_conclusion_that_does_not_fit_is_a_note(store, found, write, old, new, says) -> None:
    digest = open_snapshot(put(store, GOOD, END)).digest
    put(store, BAD, FEBRUARY[27])
    text = CONCLUSION.replace(old, new).replace("DIGEST", digest)
    bridge = found(conclusions=write("conclusions.yaml", text))
    assert any(f"conclusions.yaml, line 3: {says}" in note for note in bridge.notes)


def test_a_snapshot_whose_bytes_changed_does_not_stand_for_the_end_of_the_period(store, found) -> None:
    put(store, GOOD, END - dt.timedelta(days=3))
    changed = put(store, BAD, END) / "pods.parquet"
    changed.write_bytes(changed.read_bytes() + b" ")
    put(store, GOOD, FEBRUARY[0])
    bridge = found()
    assert bridge.before.day == END - dt.timedelta(days=3) and bridge.requirements.empty
    assert bridge.limits[0].startswith("The last snapshot of the period is of 2026-01-28 12:00:00 UTC.")
    assert any("The snapshot of 2026-01-31 12:00:00 UTC does not count" in note for note in bridge.notes)


def test_a_snapshot_of_unknown_time_stands_for_no_day(store, found) -> None:
    vague = at(BAD, noon(FEBRUARY[0]), **UID)
    vague.manifest.observed_from, vague.manifest.observed_by = None, ""
    vague.write(store)
    put(store, GOOD, END)
    bridge = found()
    assert not bridge.period.counted and any("counts for no day" in note for note in bridge.notes)


def test_a_letter_is_on_one_cluster(store, found) -> None:
    put(store, GOOD, END)
    put(store, BAD, FEBRUARY[0], cluster="other", cluster_uid="uid-2")
    with pytest.raises(UsageError, match=r"several clusters: acme \(UID uid-1\); other \(UID uid-2\)"):
        found()
    assert found(cluster="uid-2").period.cluster == "other"
    with pytest.raises(NoSuchName):
        found(cluster="nobody")


@pytest.mark.parametrize(("since", "until", "says"), [
    ("2026-02-28", "2026-01-31", "before it begins"), ("9999-12-31", "", "No day is after"), ("soon", "", "is not a day"),
    ("2026-01-31", "9999-01-01", "the longest has")])
def test_days_that_are_none_are_a_sentence(store, found, since, until, says) -> None:
    put(store, GOOD, FEBRUARY[0])
    with pytest.raises(UsageError, match=says):
        found(since, until)
