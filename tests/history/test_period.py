"""A period of operation: each day counts once, nothing is carried over a gap, and deviations are bounded."""

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command_line import auditkit
from older import older
from replay import ACME_PROD
from report_worlds import PRIVILEGED, pod, snapshot
from years import at, days, noon, written

from auditkit.api import evaluating, over_time
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.errors import NoSuchName, UsageError
from auditkit.evaluation import evaluation as judging
from auditkit.history.period import Period

RULES = f"""
framework: wards
title: W
version: '{{version}}'
sections: [{{{{id: s, title: S}}}}]
requirements:
  - {{{{id: A1, section: s, title: T, reach: evidenced, checks: [{PRIVILEGED}]}}}}
  - {{{{id: A2, section: s, title: V, reach: attested, look_at: the minutes}}}}
"""
EXCEPTION = f"""
exceptions:
  - owner: Platform team
    reason: It must.
    compensating_control: Few may write there.
    checks: [{PRIVILEGED}]
    subjects: [{{namespace: shop, name: bad}}]
    granted: 2026-01-05
    expires: 2026-01-06
"""
BAD = snapshot(pod("bad", privileged=True), pod("good"))
GOOD = snapshot(pod("bad"), pod("good"))
DOUBTFUL = snapshot(pod("good"), pods="partial")
JANUARY = days(dt.date(2026, 1, 1), 31)
UID = {"cluster_uid": "uid-1"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def over(store: Path, write: Callable[[str, str], Path], tmp_path: Path) -> Callable[..., list[Period]]:
    """The periods of January 2026 by a framework of two requirements."""
    write("rules/wards.yaml", RULES.format(version="1"))
    return lambda start="2026-01-01", end="2026-01-31", **given: over_time.period(
        store, "wards", start, end, controls=tmp_path / "rules", **given)


def year(store: Path, *contents: Any, start: int = 0, **manifest: object) -> None:
    """A snapshot at noon of each day, of this content; none where there is none."""
    for day, content in zip(JANUARY[start:], contents, strict=False):
        if content is not None:
            written(store, content, noon(day), **(UID | manifest))


def row(period: Period, requirement: str = "A1") -> dict[str, Any]:
    return period.requirements.set_index("requirement").loc[requirement].to_dict()


def test_each_day_counts_once_and_a_day_without_a_snapshot_has_no_evidence(store, over) -> None:
    year(store, GOOD, GOOD, None, BAD, BAD, None, DOUBTFUL, GOOD)
    written(store, BAD, noon(JANUARY[1]) + dt.timedelta(hours=3), **UID)  # the worse of a day counts
    [found] = over()
    one = row(found)
    assert {name: one[name] for name in ("days", "snapshots", "days_with_snapshot", "passed", "failed", "unknown",
                                         "manual", "attested", "not_applicable", "no_evidence")} == {
        "days": 31, "snapshots": 7, "days_with_snapshot": 6, "passed": 2, "failed": 3, "unknown": 1, "manual": 0,
        "attested": 0, "not_applicable": 0, "no_evidence": 25}
    assert (one["longest_gap_days"], str(one["gap_from"]), str(one["gap_until"])) == (
        23.5, "2026-01-08 12:00:00+00:00", "2026-02-01 00:00:00+00:00")
    assert one["claim"] == (
        "Passed on 2, failed on 3, was unknown on 1 of 6 days with a snapshot; no evidence for 25 days, longest time "
        "without a snapshot 23.5 days from 2026-01-08 12:00:00 UTC to 2026-02-01 00:00:00 UTC.")
    assert row(found, "A2")["manual"] == 6 and row(found, "A2")["no_evidence"] == 25
    assert found.days.query("requirement == 'A1'")["status"].tolist()[:9] == [
        "pass", "fail", "no evidence", "fail", "fail", "no evidence", "unknown", "pass", "no evidence"]


def test_a_day_is_unknown_whose_snapshot_another_version_took_without_what_is_judged(store, over) -> None:
    year(store, GOOD)
    older(at(GOOD, noon(JANUARY[1]), **UID), store, "containers.privileged")
    older(at(BAD, noon(JANUARY[2]), **UID), store, "containers.privileged")
    older(at(BAD, noon(JANUARY[3]), **UID), store, "limit_ranges")
    [found] = over()
    assert found.days.query("requirement == 'A1'")["status"].tolist()[:4] == ["pass", "unknown", "unknown", "fail"]
    assert found.deviations["began_after"].tolist() == [pd.Timestamp(noon(JANUARY[0]))]


def test_a_deviation_is_bounded_by_snapshots_that_know_better(store, over) -> None:
    year(store, GOOD, None, BAD, DOUBTFUL, BAD, None, DOUBTFUL, GOOD, BAD)
    [found] = over()
    first, second = found.deviations.to_dict("records")
    assert (first["check"], first["namespace"], first["name"], first["snapshots"], first["unknown_snapshots"]) == (
        PRIVILEGED, "shop", "bad", 2, 1)
    assert first["bounds"] == (
        "began between 2026-01-01 12:00:00 UTC and 2026-01-03 12:00:00 UTC; "
        "ended between 2026-01-05 12:00:00 UTC and 2026-01-08 12:00:00 UTC")
    assert second["bounds"] == ("began between 2026-01-08 12:00:00 UTC and 2026-01-09 12:00:00 UTC; "
                                "not seen to end; last seen 2026-01-09 12:00:00 UTC")
    assert row(found)["deviations"] == 2


def test_a_deviation_of_the_first_snapshot_is_open_at_its_beginning(store, over) -> None:
    year(store, DOUBTFUL, BAD, GOOD)
    [found] = over()
    [only] = found.deviations.to_dict("records")
    assert only["began_after"] is None or only["began_after"] != only["began_after"]
    assert only["bounds"].startswith("began before 2026-01-02 12:00:00 UTC, the first time")


def test_exceptions_count_on_the_days_on_which_they_were_in_force(store, over, write) -> None:
    year(store, *[BAD] * 8)
    [found] = over(exceptions=write("exceptions.yaml", EXCEPTION))
    one = row(found)
    assert (one["failed"], one["accepted"]) == (8, 2)
    assert found.days.query("requirement == 'A1' and accepted")["day"].tolist() == [JANUARY[4], JANUARY[5]]
    assert found.deviations["accepted_snapshots"].tolist() == [2]
    assert "failed on all 8 (2 of them accepted) days" in one["claim"].lower()


def test_what_people_had_added_then_stays_with_the_verdicts(store, over, write, tmp_path, monkeypatch) -> None:
    year(store, *[BAD] * 6)
    accepted = write("exceptions.yaml", EXCEPTION)
    for path in store.glob("acme/*-*"):
        evaluating.evaluate(path, "wards", controls=tmp_path / "rules", exceptions=accepted)
    accepted.unlink()
    monkeypatch.setattr(judging, "run", lambda *_: pytest.fail("it was judged"))
    [found] = over()
    assert found.snapshots["judged"].tolist() == ["as given"] * 6 and row(found)["accepted"] == 2


def test_a_verdict_of_march_is_shown_in_november_as_it_was_given(store, over, write, tmp_path) -> None:
    year(store, BAD)
    [path] = store.glob("acme/*-*")
    evaluating.evaluate(path, "wards", controls=tmp_path / "rules", exceptions=write("exceptions.yaml", EXCEPTION))
    write("rules/wards.yaml", RULES.format(version="2").replace("title: T", "title: Later"))
    evaluating.evaluate(path, "wards", controls=tmp_path / "rules")
    first, second = over_time.given(path)
    assert [(each.number, each.basis.version, each.distrusted) for each in (first, second)] == [(1, "1", ""), (2, "2", "")]
    assert [each.file for each in first.people] == ["exceptions.yaml"] and second.people == []
    assert first.requirements["title"].tolist() == ["T", "V"]
    assert first.verdicts("fail")[["name", "verdict", "accepted"]].values.tolist() == [["bad", "fail", False]]
    [found] = over()
    assert found.counted[0].given.basis.version == "1"
    [anew] = over(anew=True)
    assert anew.counted[0].given.basis.version == "2" and anew.snapshots["judged"].tolist() == ["judged anew"]


def test_verdicts_that_are_not_of_this_installation_are_judged_anew_and_it_is_said(
        store, over, tmp_path, monkeypatch) -> None:
    year(store, GOOD)
    over()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    [found] = over()
    assert found.snapshots["judged"].tolist() == ["judged anew"]
    assert any("does not have the seal of this installation" in note for note in found.notes)


def test_a_changed_record_is_not_believed(store, over) -> None:
    year(store, BAD)
    over()
    [record] = store.rglob("verdicts/*/*.json")
    forged = record.read_bytes().replace(b'"status":"fail"', b'"status":"pass"')
    assert forged != record.read_bytes()
    record.write_bytes(forged)
    [found] = over()
    assert row(found)["failed"] == 1 and found.snapshots["judged"].tolist() == ["judged anew"]


def test_a_snapshot_whose_bytes_changed_is_no_evidence(store, over) -> None:
    year(store, GOOD, GOOD)
    over()
    path = sorted(store.glob("acme/*-*"))[0] / "pods.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    [found] = over()
    assert row(found)["passed"] == 1
    assert any("was changed after collection" in note for note in found.notes)


def test_a_rebuilt_cluster_has_a_period_of_its_own_and_a_renamed_one_does_not(store, over) -> None:
    year(store, GOOD, GOOD)
    year(store, GOOD, start=2, cluster="acme-eu")
    year(store, BAD, start=3, cluster_uid="uid-2")
    one, other = sorted(over(cluster="acme"), key=lambda each: each.cluster_uid)
    assert (one.cluster_uid, row(one)["passed"], other.cluster_uid, row(other)["failed"]) == ("uid-1", 3, "uid-2", 1)
    assert any(note.startswith("The cluster was called acme until") for note in one.notes)
    assert any("Another cluster was also called acme" in note for note in one.notes)
    assert [each.cluster_uid for each in over(cluster="uid-2")] == ["uid-2"]
    with pytest.raises(NoSuchName, match="cluster 'nobody'"):
        over(cluster="nobody")


def test_days_are_of_utc_and_a_snapshot_of_unknown_time_counts_for_none(store, over) -> None:
    late = dt.datetime(2026, 1, 4, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-2)))  # 01:30 of the 5th in UTC
    written(store, GOOD, late, **UID)
    vague = at(BAD, noon(JANUARY[9]), **UID)
    vague.manifest.observed_from, vague.manifest.observed_by = None, ""
    vague.write(store)
    [found] = over()
    assert found.days.query("requirement == 'A1' and status == 'pass'")["day"].tolist() == [dt.date(2026, 1, 5)]
    assert row(found)["failed"] == 0 and len(found.moments) == 2
    assert any("counts for no day" in note for note in found.notes)


def test_a_framework_that_changed_within_the_period_is_said_with_the_days(store, over, write, tmp_path) -> None:
    year(store, GOOD)
    over()
    year(store, None, GOOD)
    write("rules/wards.yaml", RULES.format(version="2"))
    [found] = over()
    assert ("The framework changed from version 1 to 2 between the snapshots of 2026-01-01 12:00:00 UTC and "
            "2026-01-02 12:00:00 UTC.") in found.notes


def test_a_period_without_snapshots_claims_nothing(store, over) -> None:
    year(store, GOOD)
    [found] = over("2026-02-01", "2026-02-28")
    assert row(found)["claim"] == "No claim: none of the 28 days has a snapshot that was judged by it."
    assert (row(found)["no_evidence"], row(found)["longest_gap_days"]) == (28, 28.0)
    with pytest.raises(UsageError, match="before it begins"):
        over("2026-02-28", "2026-02-01")
    with pytest.raises(UsageError, match="is not a day"):
        over("yesterday")
    with pytest.raises(UsageError, match="has 3,652,059 days; the longest has"):
        over("0001-01-01", "9999-12-31")
    assert row(over("9999-12-01", "9999-12-31")[0])["longest_gap_days"] == 31.0


def test_stretches_without_a_snapshot_are_counted_by_the_frequency(store, over) -> None:
    year(store, GOOD, *[None] * 8, GOOD)
    assert [over(every=days)[0].missed for days in (1, 7, 31)] == [29, 3, 0]


def test_the_command_prints_text_json_and_csv(store, over, tmp_path) -> None:
    year(store, GOOD, BAD)
    words = ["period", store, "-f", "wards", "--from", "2026-01-01", "--to", "2026-01-31", "--controls",
             tmp_path / "rules"]
    told = auditkit(*words, "--frequency", "weekly")
    assert told.returncode == 0 and "4 stretches of 7 days have no snapshot." in told.stdout
    document = json.loads(auditkit(*words, "--format", "json").stdout)["periods"][0]
    assert (document["counted"], document["as_given"], len(document["days"])) == (2, 2, 62)
    rows = list(csv.DictReader(io.StringIO(auditkit(*words, "--format", "csv", "--table", "deviations").stdout)))
    assert [(each["name"], each["last_seen"]) for each in rows] == [("bad", "2026-01-02T12:00:00+00:00")]
    assert auditkit(*words, "--frequency", "often").returncode == 2
    path = next(store.glob("acme/*-*"))
    assert "1\twards\t1\t" in auditkit("given", path).stdout and auditkit("given", path, "9").returncode == 2
    assert auditkit("given", path, "1", "-f", "wards").returncode == 0


@pytest.mark.slow
def test_a_year_of_the_recorded_cluster_is_what_its_two_contents_say(tmp_path: Path) -> None:
    """Worked out here from two evaluations and the calendar, with sets and counters alone."""
    contents = [collect(open_files(ACME_PROD.parent / name)) for name in ("acme-prod", "acme-prod-later")]
    calendar = [None if number % 9 == 8 or 100 <= number < 110 else int(number % 60 >= 40) for number in range(365)]
    start, store = dt.date(2026, 1, 1), tmp_path / "store"
    for day, content in zip(days(start, 365), calendar, strict=True):
        if content is not None:
            written(store, contents[content], noon(day))
    [found] = over_time.period(store, "soc2", start, start + dt.timedelta(days=364))
    judged = [evaluating.evaluate(content, "soc2") for content in contents]
    statuses = [judged[one].requirements.set_index("id")["status"] for one in (0, 1)]
    failing = [_keys(one.verdicts("fail")) for one in judged]
    seen = [content for content in calendar if content is not None]
    for each in found.requirements.to_dict("records"):
        expected = Counter(statuses[content][each["requirement"]] for content in seen)
        assert {name: each[column] for name, column in (("pass", "passed"), ("fail", "failed"), ("unknown", "unknown"),
                                                        ("manual", "manual"))} == {
            name: expected[name] for name in ("pass", "fail", "unknown", "manual")}
        assert each["no_evidence"] == calendar.count(None) and each["longest_gap_days"] == 11.0
    assert sum(one != other for one, other in pairwise(seen)) > 10
    always = found.deviations.query("began_after.isna() and ended_before.isna()")
    assert len(found.snapshots) == len(seen)
    both = failing[0] & failing[1]
    assert both and both <= _keys(always)


def _keys(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    """Which verdicts a frame has; what a subject does not have is empty."""
    subjects = frame[["requirement", "check", "kind", "namespace", "name", "container"]].astype(object)
    return set(subjects.where(subjects.notna(), "").itertuples(index=False, name=None))
