"""`auditkit bridge`."""

import datetime as dt
from pathlib import Path

import pytest
from command_line import auditkit
from report_worlds import PRIVILEGED, pod, snapshot
from years import noon, written

RULES = f"""
framework: wards
title: W
version: '1'
sections: [{{id: s, title: S}}]
requirements:
  - {{id: A1, section: s, title: T, reach: evidenced, checks: [{PRIVILEGED}]}}
"""


@pytest.fixture
def words(tmp_path: Path, write) -> list[object]:
    write("rules/wards.yaml", RULES)
    written(tmp_path / "store", snapshot(pod("good")), noon(dt.date(2026, 1, 31)))
    written(tmp_path / "store", snapshot(pod("good", privileged=True)), noon(dt.date(2026, 2, 2)))
    return ["bridge", tmp_path / "store", "-f", "wards", "--since", "2026-01-31", "--controls", tmp_path / "rules"]


def test_it_prints_the_draft_or_writes_it_into_a_new_file(words, tmp_path: Path) -> None:
    printed = auditkit(*words)
    assert printed.returncode == 0 and printed.stdout.startswith("# DRAFT of a bridge letter\n"), printed.stderr
    assert "| A1 | T | pass | fail | the cluster changed |" in printed.stdout
    done = auditkit(*words, "-o", tmp_path / "letter.md")
    assert done.stdout == f"{tmp_path / 'letter.md'}\n"
    assert (tmp_path / "letter.md").read_text() == printed.stdout


def test_a_file_that_people_may_have_completed_is_not_overwritten(words, tmp_path: Path) -> None:
    (tmp_path / "letter.md").write_text("signed")
    done = auditkit(*words, "-o", tmp_path / "letter.md")
    assert done.returncode == 2 and "letter.md exists already, and is not overwritten." in done.stderr
    assert (tmp_path / "letter.md").read_text() == "signed"


@pytest.mark.parametrize(("more", "says"), [
    (["--since", "soon"], "'soon' is not a day"), (["--until", "2026-01-01"], "before it begins"),
    (["--cluster", "x"], "There is no cluster 'x'"), (["--conclusions", "/nowhere.yaml"], "/nowhere.yaml"),
    (["-o", "/nowhere/letter.md"], "/nowhere/letter.md cannot be written")])
def test_bad_input_is_a_sentence(words, more, says) -> None:
    done = auditkit(*words, *more)
    assert done.returncode == 2 and says in done.stderr and not done.stdout


def test_what_is_no_store_is_a_sentence(tmp_path: Path) -> None:
    done = auditkit("bridge", tmp_path, "-f", "soc2", "--since", "2026-01-31")
    assert done.returncode == 2 and "has no snapshots" in done.stderr
