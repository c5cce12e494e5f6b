"""What to do first: the worst findings of several frameworks, each once."""

from pathlib import Path

import pytest

import auditkit
from auditkit.reports.triage import first_sentence, triage
from auditkit.snapshots.snapshot import Snapshot

TWO = ("soc2", "cis-kubernetes")


def test_each_check_is_named_once_with_the_requirements_of_each_framework(acme: Snapshot) -> None:
    apart = [triage([auditkit.evaluate(acme, name)], shown=None) for name in TWO]
    both = triage([auditkit.evaluate(acme, name) for name in TWO], shown=None)
    assert both.total == len(both.first) < sum(each.total for each in apart)
    assert {each["check"] for each in both.first} == {each["check"] for one in apart for each in one.first}
    shared = [each for each in both.first if len(each["requirements"]) == len(TWO)]
    assert shared and all(list(each["requirements"]) == list(TWO) for each in shared)


def test_the_most_severe_are_first_and_those_with_most_failures_among_them(acme: Snapshot) -> None:
    found = triage([auditkit.evaluate(acme, "cis-kubernetes")])
    order = ["critical", "high", "medium", "low"]
    keys = [(order.index(each["severity"]), -each["failed"]) for each in found.first]
    assert keys == sorted(keys) and len(found.first) == 5 < found.total
    worst = found.first[0]
    assert worst["finding"] == "14 of 98 subjects of bindings hold a right to bind, escalate or impersonate."
    assert worst["namespaces"].startswith("whole cluster (7), legacy-emr (3)")
    assert worst["requirements"] == {"cis-kubernetes": ["5.1.8"]}


def test_a_finding_that_is_accepted_throughout_is_counted_and_not_named(acme: Snapshot, tmp_path: Path) -> None:
    (file := tmp_path / "exceptions.yaml").write_text("""exceptions:
  - owner: CI team, Jane Roe
    reason: Needed.
    compensating_control: Nodes of their own.
    framework: pss-baseline
    requirements: [windows_host_process]
    subjects: [{namespace: legacy-emr, name: "emr-win-*"}]
    granted: 2026-10-01
    expires: 2027-03-31
""")
    before = triage([auditkit.evaluate(acme, "pss-baseline")], shown=None)
    judged = auditkit.evaluate(acme, "pss-baseline", exceptions=file)
    after = triage([judged], shown=None)
    assert (before.accepted, after.accepted) == (0, 1) and after.total == before.total - 1
    gone = {each["check"] for each in before.first} - {each["check"] for each in after.first}
    assert len(gone) == 1
    both = triage([auditkit.evaluate(acme, "pss-restricted"), judged], shown=None)
    assert gone <= {each["check"] for each in both.first}, "one framework accepts it, the other does not"


@pytest.mark.parametrize(("text", "first"), [
    ("Remove it. Then look.", "Remove it."), ("Set e.g. this. See v1.2 too.", "Set e.g. this."), ("No stop", "No stop"),
    ("", ""), ("Only one.", "Only one."),
])
def test_a_remedy_is_shown_by_its_first_sentence(text: str, first: str) -> None:
    assert first_sentence(text) == first
