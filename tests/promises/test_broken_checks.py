"""Checks that are wrong: one sentence says which and why, and what they do harms no other check."""

import sys

import pytest
from replay import ACME_PROD

from auditkit.checks import find, judge
from auditkit.checks.model import Check
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.errors import UsageError
from auditkit.evaluation.engine import run
from auditkit.evaluation.evaluation import evaluate
from auditkit.framework import model


@pytest.fixture(scope="module")
def snapshot():
    return collect(open_files(ACME_PROD))


def check(function) -> Check:
    return Check(f"mine.{function.__name__}", function, "t", "low")


def marks(containers):
    containers["privileged"] = False
    return judge(containers, ~containers["privileged"])


def takes_away(containers):
    return judge(containers, ~containers.pop("privileged"))


def resets(containers):
    containers.loc[:, "privileged"] = False
    return judge(containers, ~containers["privileged"])


@pytest.mark.parametrize("function", [marks, takes_away, resets])
def test_what_a_check_does_to_its_tables_no_other_sees(snapshot, function):
    before = run(find("workloads.no_privileged_containers"), snapshot).counts
    run(check(function), snapshot)
    assert run(find("workloads.no_privileged_containers"), snapshot).counts == before
    assert before["fail"] > 0


def test_what_an_analyst_does_to_a_table_changes_no_verdict(snapshot):
    mine = snapshot.containers
    mine["privileged"] = False
    assert snapshot.containers["privileged"].any()


def exits(containers):
    sys.exit(0)


def other_order(containers):
    return judge(containers, ~containers["privileged"], applies=containers["privileged"].sort_values())


def too_short(containers):
    return judge(containers, ~containers["privileged"], applies=containers["privileged"].head(3))


def sorted_subjects(containers):
    return judge(containers.sort_values("image"), ~containers["privileged"], ["image"])


def some_reasons(containers):
    return judge(containers, ~containers["privileged"], reasons=containers["image"].head(2))


def listed_reasons(containers):
    return judge(containers, ~containers["privileged"], reasons=["bad"] * len(containers))


def text_for_a_list(containers):
    return judge(containers, ~containers["privileged"], "image")


def misspelt_evidence(containers):
    return judge(containers, ~containers["privileged"], ["privliged"])


def plain_array(containers):
    return judge(containers, (~containers["privileged"]).to_numpy())


def misspelt_column(containers):
    return judge(containers, ~containers["privliged"])


def late_sorted_subjects(containers):
    return judge(lambda: containers.sort_values("image"), ~containers["privileged"], ["image"])


def late_misspelt_evidence(containers):
    return judge(lambda: containers, ~containers["privileged"], ["privliged"])


def late_broken_reasons(containers):
    return judge(containers, ~containers["privileged"], reasons=lambda: 1 / 0)


def late_some_reasons(containers):
    return judge(containers, ~containers["privileged"], reasons=lambda: containers["image"].head(2))


@pytest.mark.parametrize(("function", "words"), [
    (late_sorted_subjects, "subjects with other rows"), (late_misspelt_evidence, "did you mean privileged"),
    (late_broken_reasons, r"ZeroDivisionError.*test_broken_checks\.py"), (late_some_reasons, "reasons with other rows"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_mistake_that_shows_when_somebody_looks_is_a_sentence_too(snapshot, function, words):
    outcome = run(check(function), snapshot)
    with pytest.raises(UsageError, match=rf"mine\.{function.__name__} failed to run: .*{words}"):
        outcome.rows("fail")


@pytest.mark.parametrize(("function", "words"), [
    (exits, "SystemExit"), (other_order, "applies with other rows"), (too_short, "applies with other rows"),
    (sorted_subjects, "subjects with other rows"), (some_reasons, "reasons with other rows"),
    (listed_reasons, "expects a column of the subjects for reasons, not list"), (text_for_a_list, "expects a list of columns for evidence, not the text"),
    (misspelt_evidence, "did you mean privileged"), (plain_array, "expects a column of the subjects for ok, not ndarray"),
    (misspelt_column, r"privliged.*test_broken_checks\.py, line \d+"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_mistake_is_a_sentence(snapshot, function, words):
    with pytest.raises(UsageError, match=rf"mine\.{function.__name__} failed to run: .*{words}"):
        run(check(function), snapshot)


def test_a_failure_without_evidence_says_so(snapshot):
    rows = run(check(lambda containers: judge(containers, ~containers["privileged"])), snapshot).rows("fail")
    assert set(rows["reason"]) == {"it does not have the expected state"}


def test_what_a_check_prints_is_not_the_output(snapshot, capsys):
    @(lambda function: check(function))
    def prints(containers):
        print("hello")
        return judge(containers, ~containers["privileged"],
                     reasons=lambda: containers["image"] if print("again") is None else "")

    class Requirement(model.Requirement, frozen=True):
        def resolved(self):
            return [prints]

    one = Requirement(id="1", section="", title="t", reach="evidenced", checks=["mine.prints"])
    found = evaluate(snapshot, model.Framework(framework="mine", title="t", version="", requirements=[one]))
    found.verdicts("fail")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "hello\nagain\n")
