"""Retention: drawn reports go as the job says; evidence, what is signed, and what cannot be drawn again never does."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest
from fleet_worlds import DAY, member
from years import noon

from auditkit.jobs import retention
from auditkit.jobs.config import Retention

NOW = noon(DAY)
OLD = 3000
"""Days: more than six years."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "reports").mkdir()
    return tmp_path


def report(place: Path, age: int, *, cluster: str = "eu", framework: str = "soc2", size: int = 1000, evidence: bool = True,
           made: int | None = None) -> str:
    """The common name of the files of a report that was made so many days ago."""
    day = DAY - dt.timedelta(days=age)
    if evidence:
        member(place / "store", cluster, day=day)
    of = f"{framework}-{cluster}-{noon(day):%Y%m%dT%H%M%SZ}"
    for kind in ("ipynb", "html", "pdf"):
        path = place / "reports" / f"{of}-0123456789ab.{kind}"
        path.write_bytes(b"x" * size)
        when = (noon(DAY) - dt.timedelta(days=age if made is None else made)).timestamp()
        os.utime(path, (when, when))
    return of


def gone(place: Path, hipaa: bool = False, **rule: object) -> list[str]:
    found = retention.removable(place / "reports", place / "store")
    return [each.of for each, _ in retention.chosen(found, Retention(**rule), NOW, hipaa=hipaa)]


def test_each_cluster_and_framework_keeps_its_last(place: Path) -> None:
    first, second = report(place, 5), report(place, 4)
    report(place, 3)
    other = report(place, 9, cluster="us")
    report(place, 8, cluster="us")
    assert gone(place, keep=1) == [other, first, second] and gone(place, keep=2) == [first]
    assert gone(place, keep=3) == [] and gone(place) == []


def test_what_is_older_than_its_days_goes(place: Path) -> None:
    old = report(place, 31)
    report(place, 30)
    assert gone(place, days=30) == [old]


def test_the_oldest_go_until_the_rest_is_small_enough(place: Path) -> None:
    names = [report(place, age, size=1_000_000) for age in (4, 3, 2, 1)]
    assert gone(place, size_gb=0.012) == [] and gone(place, size_gb=0.0119) == names[:1] and gone(place, size_gb=0.006) == names[:2]
    assert gone(place, size_gb=0.006, keep=3) == names[:2], "what goes by another rule counts"


def test_nothing_goes_before_six_years_where_hipaa_is_in_use_unless_told(place: Path) -> None:
    old, young = report(place, OLD), report(place, 2190)
    every = {"days": 1, "keep": 1, "size_gb": 1e-9}
    assert gone(place, True, **every) == [old]
    assert gone(place, True, hipaa_reports_may_go_before_six_years=True, **every) == [old, young]


def test_an_old_snapshot_that_was_drawn_today_counts_from_today(place: Path) -> None:
    report(place, OLD, made=0)
    assert gone(place, days=30) == [] and gone(place, True, days=30) == []


def test_what_cannot_be_drawn_again_what_is_signed_and_what_is_no_report_stays(place: Path) -> None:
    report(place, 50, evidence=False)
    signed = report(place, 40)
    (place / "reports" / f"{signed}-0123456789ab.pdf.0123456789abcdef.dsse.json").write_text("{}")
    (place / "reports" / "notes-20260101.pdf").write_text("mine")
    assert gone(place, days=1, keep=1, size_gb=1e-9) == []


def test_a_clock_that_was_set_back_removes_nothing(place: Path) -> None:
    report(place, -400)
    assert gone(place, days=30) == []


def test_what_is_removed_is_written_down_before(place: Path) -> None:
    report(place, 31)
    found = retention.removable(place / "reports", place / "store")
    rule = retention.chosen(found, Retention(days=30), NOW, hipaa=False)
    assert retention.remove(rule, place / "removed.jsonl", NOW) == 3000
    lines = [json.loads(line) for line in (place / "removed.jsonl").read_text().splitlines()]
    assert [line["file"].rpartition(".")[2] for line in lines] == ["html", "ipynb", "pdf"]
    assert {(line["bytes"], line["rule"]) for line in lines} == {(1000, "days: 30")} and len(lines[0]["sha256"]) == 64
    assert list((place / "reports").iterdir()) == [] and len(list((place / "store").rglob("manifest.json"))) == 1
