"""The draft of a bridge letter: only what snapshots show, in Markdown that hostile names cannot draw in."""

import datetime as dt
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from report_worlds import PRIVILEGED, pod, snapshot
from years import days, noon, written

from auditkit.api import over_time
from auditkit.exports.letter import NAMED, NOTHING, letter

RULES = f"""
framework: wards
title: W
version: '1'
sections: [{{id: s, title: S}}]
requirements:
  - {{id: A1, section: s, title: 'T | <b>', reach: evidenced, checks: [{PRIVILEGED}]}}
"""
HOSTILE = "[x](https://evil.example)|<script>`*_#~$![i](http://e)www.evil.example\u202e"
CONCLUSION = """
conclusions:
  - framework: wards
    requirement: A1
    tested_by: 'Roe | [x](y)'
    tested_on: 2026-02-20
    period: {from: 2025-02-01, until: 2026-01-31}
    result: operated
    snapshots: ['0123456789ab']
"""
END, FIRST, SECOND = days(dt.date(2026, 1, 31), 3)
GOOD = snapshot(pod("good"))
BAD = snapshot(pod("bad", privileged=True), pod("good"))


@pytest.fixture
def drafted(write, tmp_path: Path):
    """The letter on a store with these contents, each on its day."""
    write("rules/wards.yaml", RULES)

    def made(until: str = "2026-02-02", conclusions: Path | None = None, **put) -> str:
        for day, content in put.items():
            written(tmp_path / "store", content, noon({"end": END, "first": FIRST, "second": SECOND}[day]),
                    cluster=HOSTILE)
        return letter(over_time.bridge(tmp_path / "store", "wards", END, until, controls=tmp_path / "rules",
                                       conclusions=conclusions))

    return made


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_first_line_says_that_it_is_a_draft_and_people_complete_it(drafted) -> None:
    text = drafted(end=GOOD, second=GOOD)
    assert text.splitlines()[0] == "# DRAFT of a bridge letter"
    assert text.rstrip().endswith("\\[Signature\\]") and "\\[Name of the auditor\\]" in text
    assert "that conclusion is the auditor's" in text


def test_it_says_what_it_rests_on_and_what_changed(drafted) -> None:
    text = drafted(end=GOOD, second=BAD)
    rests = section(text, "What it rests on")
    assert "- Snapshots since the end of the period: 1, on 1 of 2 days, from 2026-02-02 12:00:00 UTC to" in rests
    assert "- Longest time without a snapshot: 1.50 days, from 2026-02-01 00:00:00 UTC to 2026-02-02 12:00:00 UTC." in rests
    assert re.search(r"2026-01-31 12:00:00 UTC \(`[0-9a-f]{64}`\), the last of the period, and the snapshot of 2026-02-02",
                     rests)
    changed = section(text, "Requirements whose status changed")
    assert "1 requirement changed its status" in changed
    assert "| A1 | T \\| \\<b\\> | pass | fail | the cluster changed |" in changed
    assert "- 1 began since the end of the period" in section(text, "Deviations")
    assert "1 high, 0 medium, 0 low." in section(text, "Changes of the cluster")
    assert "- added Pod shop/bad: " in text and "(no approval is known)." in text


def test_where_nothing_changed_only_the_two_snapshots_are_spoken_of(drafted) -> None:
    text = drafted(end=GOOD, second=GOOD)
    assert "Between the two snapshots, no requirement changed its status" in text
    assert "1 of 2 days have no snapshot, and nothing is claimed of them." in text


def test_without_a_snapshot_nothing_is_claimed(drafted) -> None:
    text = drafted(end=GOOD)
    assert section(text, "Requirements whose status changed").strip() == NOTHING
    assert section(text, "Changes of the cluster").strip() == NOTHING
    assert section(text, "Deviations").strip() == "Nothing is claimed here, as no snapshot shows these days."
    assert "No snapshot shows a day from 2026-02-01 to 2026-02-02: nothing is claimed of these days." in text
    assert "no requirement changed" not in text


def test_what_is_too_much_to_name_is_counted(drafted) -> None:
    many = snapshot(*(pod(f"bad-{number:02}", privileged=True) for number in range(NAMED + 3)))
    text = drafted(end=GOOD, second=many)
    assert "- 3 more." in section(text, "Deviations") and "bad-12" not in section(text, "Deviations")
    assert "- 4 more." in section(text, "Changes of the cluster"), "the pod that is gone is one of them"


def test_an_object_that_fails_several_checks_is_named_once(drafted, write) -> None:
    tag = "workloads.no_latest_tag"
    rules = RULES + f"  - {{id: A2, section: s, title: U, reach: evidenced, checks: [{tag}, {PRIVILEGED}]}}\n"
    drafted(end=GOOD, second=snapshot(pod("bad", privileged=True, image="nginx:latest"), pod("good")))
    write("rules/wards.yaml", rules)
    found = section(drafted(), "Deviations")
    assert "- 2 began since the end of the period" in found and found.count("shop/bad") == 1
    assert f"Pod shop/bad/main fails {PRIVILEGED}, {tag} (A1, A2); began between".replace("_", "\\_") in found


def test_a_conclusion_is_shown_with_what_became_of_the_requirement(drafted, write) -> None:
    text = drafted(end=GOOD, second=BAD, conclusions=write("conclusions.yaml", CONCLUSION))
    assert ("| A1 | operated | Roe \\| \\[x\\](y), 2026-02-20 | 2025-02-01 to 2026-01-31 | not known | pass | fail |"
            in section(text, "Conclusions of the auditor"))
    assert "conclusion snapshot missing" in section(text, "What this letter cannot say")


def test_the_same_store_gives_the_same_bytes(drafted) -> None:
    assert drafted(end=GOOD, second=BAD) == drafted()


def test_hostile_names_draw_nothing(drafted) -> None:
    text = drafted(end=GOOD, second=snapshot(pod(HOSTILE, image=HOSTILE, privileged=True), pod("good")))
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    assert set(re.findall(r"<(\w+)", page)) <= set("h1 h2 h3 p strong ul li code table thead tbody tr th td".split())
    assert "\u202e" not in text and page.count("[x](https://evil.example)|&lt;script&gt;") >= 4
    assert "https://" not in text and "www." not in text, "nor what some readers make links of"
