"""What opened and closed between two snapshots, and why."""

import datetime as dt

import msgspec
import pytest
from report_worlds import PRIVILEGED, framework, judged, pod, snapshot

from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation, evaluate
from auditkit.framework.model import Framework
from auditkit.history.verdicts import CLUSTER, EVIDENCE, PEOPLE, RULE, UNDECIDED, VerdictDiff, verdict_changes
from auditkit.people.entries import Origin
from auditkit.people.exceptions import ExceptionEntry, RiskAcceptance, Selector

BAD, GOOD = pod("bad", privileged=True), pod("bad")


def changed(found: VerdictDiff, requirement: str = "1.1") -> list[tuple[str, ...]]:
    rows = found.verdicts[found.verdicts["requirement"] == requirement]
    return [tuple(row) for row in rows[["name", "change", "before", "after", "why"]].values.tolist()]


def test_what_opened_closed_stayed_and_went_is_told_apart() -> None:
    before = judged(BAD, pod("worse", privileged=True), pod("gone", privileged=True), pod("fine"))
    after = judged(GOOD, pod("worse", privileged=True), pod("new", privileged=True), pod("fine"))
    found = verdict_changes(before, after)
    assert sorted(changed(found)) == [
        ("bad", "closed", "fail", "pass", CLUSTER), ("gone", "gone", "fail", "", CLUSTER),
        ("new", "opened", "", "fail", CLUSTER), ("worse", "still open", "fail", "fail", "")]
    assert found.counts == {"opened": 2, "still open": 2, "closed": 2, "gone": 2, "out of scope": 0,
                            "newly unknown": 0, "newly known": 0}


def test_a_subject_that_is_not_there_is_not_gone_where_the_list_was_not_whole() -> None:
    found = verdict_changes(judged(BAD), judged(pods="partial"))
    assert changed(found) == [("bad", "newly unknown", "fail", "unknown", EVIDENCE)]
    back = verdict_changes(judged(pods="partial"), judged(BAD))
    assert changed(back) == [("bad", "newly known", "unknown", "fail", EVIDENCE)]


def other_rule(*objects: dict) -> Evaluation:
    """The same by a framework whose first requirement has another check besides."""
    house = framework()
    first = msgspec.structs.replace(house.requirements[0], checks=[PRIVILEGED, "pss.host_ports"])
    rules: Framework = msgspec.structs.replace(house, requirements=[first, *house.requirements[1:]], version="4")
    return evaluate(snapshot(*objects), rules)


def test_what_another_rule_alone_changes_was_changed_by_the_rule() -> None:
    opened = pod("bad")
    opened["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 80}]
    before, after = judged(opened), other_rule(opened)
    assert changed(verdict_changes(before, after))[0][-1] == UNDECIDED
    rejudged = other_rule(opened)
    assert changed(verdict_changes(before, after, rejudged)) == [("bad", "opened", "", "fail", RULE)]
    later = other_rule(opened, pod("new", privileged=True))
    assert ("new", "opened", "", "fail", CLUSTER) in changed(verdict_changes(before, later, rejudged))


def test_an_exception_that_came_is_what_people_changed(tmp_path) -> None:
    entry = ExceptionEntry(owner="Jane", reason="It must", compensating_control="Few", checks=[PRIVILEGED],
                           subjects=[Selector(name="bad")], granted=dt.date(2026, 1, 1), expires=dt.date(2026, 2, 1))
    accepted = evaluate(snapshot(BAD), framework(), [RiskAcceptance(entry, Origin("e.yaml", 1, "ab", tmp_path))])
    row = verdict_changes(judged(BAD), accepted).requirements.to_dict("records")[0]
    assert (row["requirement"], row["before"], row["after"], row["accepted_before"], row["accepted_after"], row["why"]) == (
        "1.1", "fail", "fail", False, True, PEOPLE)


def test_verdicts_of_two_frameworks_or_two_clusters_are_not_compared() -> None:
    with pytest.raises(UsageError, match="two clusters"):
        verdict_changes(judged(BAD), judged(BAD, cluster="other"))
    with pytest.raises(UsageError, match="one framework"):
        verdict_changes(judged(BAD), evaluate(snapshot(BAD), "pss-baseline"))
