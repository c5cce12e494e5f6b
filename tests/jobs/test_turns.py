"""What turned, and what webhooks are sent of it."""

import json

import pytest
from fleet_worlds import DAY
from years import noon

from auditkit.fleets.work import FAILED, Row
from auditkit.jobs.messages import MOST, message
from auditkit.jobs.state import State
from auditkit.jobs.turns import Turn, turns


def row(uid: str = "1", **statuses: str) -> Row:
    return Row(source="c", cluster="eu", cluster_uid=uid, taken=noon(DAY), requirements={"soc2": statuses})


def turned(known: Row | None, now: Row, *missed: str) -> list[tuple[str, ...]]:
    return [tuple(each)[1:] for each in turns(State(day="2026-11-22", known={"c": known} if known else {}, rows={"c": now},
                                                    missed=list(missed)))]


def test_what_fails_or_is_unknown_and_was_not_has_turned() -> None:
    before = row(A="pass", B="pass", C="fail", D="unknown", E="fail", F="manual", G="unknown")
    now = row(A="fail", B="unknown", C="unknown", D="fail", E="fail", F="pass", G="pass", H="fail")
    assert turned(before, now) == [("soc2", "A", "pass", "fail"), ("soc2", "B", "pass", "unknown"),
                                   ("soc2", "C", "fail", "unknown"), ("soc2", "D", "unknown", "fail")]


def test_exceptions_noted_have_turned() -> None:
    assert turned(row(A="fail", B="exception_noted"), row(A="exception_noted", B="fail")) == [
        ("soc2", "B", "exception_noted", "fail")]
    assert turned(row(A="manual", B="exception_noted"), row(A="exception_noted", B="exception_noted")) == [
        ("soc2", "A", "manual", "exception_noted")]


def test_a_first_day_has_no_turn() -> None:
    assert turned(None, row(A="fail")) == []


def test_a_cluster_that_cannot_be_judged_is_told_once() -> None:
    gone = Row(source="c", outcome=FAILED, problem="no answer")
    assert turned(row(A="pass"), gone) == [("", "", "judged", "failed")]
    assert turned(row(A="pass"), gone, "c") == []
    assert turned(row(A="pass"), row(A="fail"), "c") == [("soc2", "A", "pass", "fail")], "compared with the day it was known"


def test_a_context_that_leads_to_another_cluster_is_told_and_not_compared() -> None:
    assert turned(row(A="pass"), row(uid="2", A="fail")) == [("", "", "judged", "another cluster than before")]


HOSTILE = Turn("<!channel> [x](https://evil.example)", "soc2", "A*1_`", "pass", "fail")


def test_slack_calls_nobody_and_links_nothing() -> None:
    said = message("slack", "nightly", "2026-11-22", [HOSTILE])["text"]
    assert "<" not in said and "&lt;!channel&gt;" in said and said.startswith("auditkit nightly, 2026-11-22: 1 thing turned")


def test_teams_gets_an_adaptive_card_without_markup_of_others() -> None:
    [card] = message("teams", "nightly", "2026-11-22", [HOSTILE])["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive" and card["content"]["type"] == "AdaptiveCard"
    said = card["content"]["body"][1]["text"]
    assert r"\[x\](https\://evil.example)" in said and r"A\*1\_\`" in said


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_a_long_list_says_how_long_it_is(kind: str) -> None:
    said = json.dumps(message(kind, "n", "d", [Turn("c", "soc2", f"R{number}", "pass", "fail") for number in range(MOST + 7)]))
    assert f"{MOST + 7} things turned" in said and "and 7 more" in said and f"R{MOST - 1}" in said and f"R{MOST}\"" not in said


def test_json_has_all_as_data() -> None:
    assert message("json", "nightly", "2026-11-22", [HOSTILE]) == {
        "job": "nightly", "day": "2026-11-22", "turned": [HOSTILE._asdict()]}
