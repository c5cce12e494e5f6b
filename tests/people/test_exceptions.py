"""Exceptions: they mark failures as accepted, for a time, and change no verdict and no status."""

import datetime as dt
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
import pytest
from command_line import auditkit
from hypothesis import given
from worlds import arrow

from auditkit import tables
from auditkit.api import definitions, evaluating
from auditkit.checks.model import BOOLEAN, Check, judge
from auditkit.errors import DefinitionError
from auditkit.evaluation.engine import run
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.exceptions import WIDE
from auditkit.evaluation.results import Result
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Framework, Requirement, Section
from auditkit.people import exceptions
from auditkit.people.entries import Origin
from auditkit.people.exceptions import ExceptionEntry, RiskAcceptance, Selector
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

DAY = dt.date(2026, 6, 15)
NOON = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)

GOOD = """
exceptions:
  - owner: Platform team
    reason: The agent sets up the network of its node.
    compensating_control: Two administrators may write there.
    checks: [pss.privileged]
    subjects: [{namespace: kube-system, name: "cilium-*"}]
    granted: 2026-01-10
    expires: 2026-12-31
"""


def snapshot(*objects: dict) -> Snapshot:
    """A snapshot of these objects, all of it complete, taken on `DAY`."""
    ledger = [Entry(resource=name, outcome="complete", started=NOON, ended=NOON)
              for name in (*tables.RESOURCES, "discovery", "engines", "kubelets", "controlplane")]
    return Snapshot(Manifest(cluster="c", started=NOON, ended=NOON, ledger=ledger), arrow(objects))


def pod(namespace: str, name: str, privileged: bool = True) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": "c", "securityContext": {"privileged": privileged}}]}}


CLUSTER = (pod("kube-system", "cilium-1"), pod("kube-system", "cilium-2"), pod("shop", "web", False))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "ours.yaml").write_text(text)
        return tmp_path

    return write


def row(judged: Evaluation, requirement: str = "privileged") -> pd.Series:
    return judged.requirements.set_index("id").loc[requirement]


def notices(judged: Evaluation) -> list[str]:
    return judged.notices["kind"].tolist()


def test_a_failure_stays_a_failure_and_is_accepted(written) -> None:
    judged = evaluating.evaluate(snapshot(*CLUSTER), "pss-baseline", exceptions=written(GOOD))
    assert (row(judged)["status"], row(judged)["accepted"]) == ("fail", True)
    assert row(judged)["reason"].endswith("accepted until 2026-12-31 by Platform team")
    failing = judged.verdicts("fail").query("check == 'pss.privileged'")
    assert failing["accepted"].tolist() == [True, True]
    assert not judged.verdicts("pass")["accepted"].any()
    assert notices(judged) == []
    kept = judged.exceptions.iloc[0]
    assert (kept["state"], kept["covers"], kept["file"], kept["line"]) == ("valid", 2, "ours.yaml", 3)
    assert len(kept["sha256"]) == 64


def test_one_failure_that_is_not_covered_and_nothing_is_accepted(written) -> None:
    judged = evaluating.evaluate(snapshot(*CLUSTER, pod("shop", "miner")), "pss-baseline", exceptions=written(GOOD))
    assert (row(judged)["status"], row(judged)["accepted"]) == ("fail", False)
    failing = judged.verdicts("fail").query("check == 'pss.privileged'").set_index("name")["accepted"]
    assert failing.to_dict() == {"cilium-1": True, "cilium-2": True, "miner": False}
    assert row(judged)["reason"].endswith("; 2 of them accepted")
    assert judged.crosses("unaccepted") and judged.crosses("fail")


def test_accepted_failures_do_not_cross_unaccepted_and_still_cross_fail(written) -> None:
    judged = evaluating.evaluate(snapshot(*CLUSTER), "pss-baseline", exceptions=written(GOOD))
    assert not judged.crosses("unaccepted")
    assert all(judged.crosses(threshold) for threshold in ("fail", "unknown", "critical"))


PRIVILEGED = pytest.mark.parametrize(("known", "complete", "why"), [
    ((None, True), "complete", "unknown for 1 of 2 pods: the value is unknown"),
    ((True, True), "forbidden", "access to pods was refused"),
    ((), "complete", "none is visible"),
])


@PRIVILEGED
def test_a_requirement_of_which_more_is_not_known_is_not_accepted(known, complete, why) -> None:
    def fails(containers: pd.DataFrame):
        return judge(containers, pd.Series(False, containers.index, BOOLEAN))

    def knows(pods: pd.DataFrame):
        return judge(pods, pd.Series(list(known), pods.index, BOOLEAN))

    def nothing_seen(nodes: pd.DataFrame):
        return judge(nodes, pd.Series(True, nodes.index, BOOLEAN))

    whole, taken = snapshot(*CLUSTER[:2]), snapshot(*CLUSTER[:2])
    if complete != "complete":
        entries = [Entry(resource="pods", outcome=complete, started=NOON, ended=NOON)
                   if each.resource == "pods" else each for each in taken.manifest.ledger]
        taken = Snapshot(Manifest(cluster="c", started=NOON, ended=NOON, ledger=entries), arrow(CLUSTER[:2]))
    other = Check("t.other", knows if known else nothing_seen, "It is so.", "low",
                  if_empty="" if known else "none is visible")
    outcomes = [run(Check("t.fails", fails, "It is so.", "high"), whole), run(other, taken)]
    requirement = Requirement(id="1", section="s", title="t", reach="evidenced")
    framework = Framework(framework="x", title="X", version="1", sections=[Section("s", "S")])
    accepting = RiskAcceptance(ExceptionEntry(owner="o", reason="r", compensating_control="c", checks=["t.fails"], granted=DAY,
                                   expires=DAY, subjects=[Selector(name="cilium-1"), Selector(name="cilium-2")]),
                           Origin("f", 1, "", Path("f")))
    judged = Evaluation(taken, framework, [Result(requirement, *status_of(requirement, outcomes), outcomes)], [accepting])
    result = judged.results[0]
    assert (result.status, result.accepted) == ("fail", False) and judged.crosses("unaccepted")
    assert "accepted until 2026-06-15 by o, but other evidence is missing" in str(result.reason)
    assert why in str(result.reason)
    without = Evaluation(taken, framework, [Result(requirement, *status_of(requirement, outcomes[:1]), outcomes[:1])],
                         [accepting])
    assert without.results[0].accepted and not without.crosses("unaccepted")


def test_what_a_provider_runs_is_never_accepted_and_crosses_nothing(written) -> None:
    own = Framework(framework="pss-baseline", title="t", version="1", sections=[Section("s", "S")], requirements=[
        Requirement(id="privileged", section="s", title="t", reach="partly", run_by="provider",
                    checks=["pss.privileged"], cannot_show="settings at the provider")])
    judged = evaluating.evaluate(snapshot(*CLUSTER), own, exceptions=written(GOOD))
    assert (row(judged)["status"], row(judged)["accepted"], row(judged)["failed"]) == ("not_applicable", False, 2)
    assert row(judged)["reason"] == "run by the provider"
    assert not judged.verdicts("fail")["accepted"].any()
    assert not any(judged.crosses(threshold) for threshold in ("fail", "unaccepted", "unknown", "low", "critical"))


@pytest.mark.parametrize(("granted", "expires", "accepted", "notice"), [
    ("2026-06-15", "2026-06-15", True, []),
    ("2026-01-01", "2026-06-14", False, ["risk acceptance expired"]),
    ("2026-06-16", "2026-12-31", False, ["risk acceptance not in force yet"]),
    ("2026-01-01", "2027-01-01", True, []),
    ("2026-01-01", "2027-01-02", True, ["risk acceptance too long"]),
    ("2026-06-15", "9999-12-31", True, ["risk acceptance too long"]),
])
def test_both_days_count_and_the_day_is_the_snapshots(written, granted, expires, accepted, notice) -> None:
    text = GOOD.replace("2026-01-10", granted).replace("2026-12-31", expires)
    judged = evaluating.evaluate(snapshot(*CLUSTER), "pss-baseline", exceptions=written(text))
    assert row(judged)["accepted"] == accepted
    assert row(judged)["status"] == "fail"
    assert notices(judged) == notice


def test_unused_is_said(written) -> None:
    judged = evaluating.evaluate(snapshot(pod("shop", "web", False)), "pss-baseline", exceptions=written(GOOD))
    assert row(judged)["status"] == "pass"
    assert notices(judged) == ["risk acceptance unused"]
    assert judged.notices.loc[0, ["file", "line"]].tolist() == ["ours.yaml", 3]


@pytest.mark.parametrize("subjects", [
    "", "    subjects: [{}]", '    subjects: [{kind: Pod}]', '    subjects: [{namespace: "*", name: "?*"}]',
    '    subjects: [{name: cilium-1}, {name: "*"}]'])
def test_an_exception_of_everything_is_too_wide(written, subjects) -> None:
    text = GOOD.replace('    subjects: [{namespace: kube-system, name: "cilium-*"}]', subjects)
    judged = evaluating.evaluate(snapshot(*CLUSTER), "pss-baseline", exceptions=written(text))
    assert notices(judged) == ["risk acceptance too wide"]
    assert row(judged)["status"] == "fail"


def test_a_pattern_that_covers_all_that_is_judged_is_too_wide_and_names_are_not(written) -> None:
    everything = snapshot(*CLUSTER[:2])
    judged = evaluating.evaluate(everything, "pss-baseline", exceptions=written(GOOD))
    assert judged.notices["what"].tolist() == ["it covers all 2 subjects of pss.privileged"]
    named = GOOD.replace('{namespace: kube-system, name: "cilium-*"}', "{name: cilium-1}, {name: cilium-2}")
    assert notices(evaluating.evaluate(everything, "pss-baseline", exceptions=written(named))) == []


@pytest.mark.parametrize("subjects", [
    '[{name: "[!_]*"}]', '[{name: "[a-p]*"}, {name: "[q-z]*"}]', '[{namespace: "[!_]*"}]', '[{name: "*[!-]"}]',
    '[{namespace: kube-system}, {name: "w*"}]', '[{name: cilium-1}, {name: "[!_]*"}]'])
@pytest.mark.parametrize("privileged", [True, False])
def test_patterns_that_match_all_there_is_are_too_wide_whatever_fails(written, subjects, privileged) -> None:
    cluster = (pod("kube-system", "cilium-1", privileged), *(pod("shop", name, False) for name in ("web", "api")))
    text = GOOD.replace('[{namespace: kube-system, name: "cilium-*"}]', subjects)
    wide = "w*" not in subjects
    found = evaluating.evaluate(snapshot(*cluster), "pss-baseline", exceptions=written(text)).notices
    said = found[found["kind"] == "risk acceptance too wide"]["what"].tolist()
    assert said == ["it covers all 3 subjects of pss.privileged"] * wide
    assert ("risk acceptance unused" in found["kind"].tolist()) == (not privileged)


def test_too_many_are_too_wide(written) -> None:
    many = [pod("kube-system", f"cilium-{n}") for n in range(WIDE + 1)]
    judged = evaluating.evaluate(snapshot(*many, *CLUSTER[2:]), "pss-baseline", exceptions=written(GOOD))
    assert judged.notices["what"].tolist() == [f"it covers {WIDE + 1} failures of pss.privileged"]
    fewer = evaluating.evaluate(snapshot(*many[1:], *CLUSTER[2:]), "pss-baseline", exceptions=written(GOOD))
    assert notices(fewer) == []


def test_by_requirement_of_one_framework(written) -> None:
    text = GOOD.replace("checks: [pss.privileged]", "framework: pss-baseline\n    requirements: [privileged]")
    assert row(evaluating.evaluate(snapshot(*CLUSTER), "pss-baseline", exceptions=written(text)))["accepted"]
    other = evaluating.evaluate(snapshot(*CLUSTER), "pss-restricted", exceptions=written(text))
    assert not other.requirements["accepted"].any()
    assert notices(other) == [] and other.exceptions.empty, "it is of no concern there"


def test_an_exception_to_what_no_check_judges_is_unused(written) -> None:
    text = GOOD.replace("checks: [pss.privileged]", "framework: soc2\n    requirements: [CC1.1]")
    soc2 = definitions.load_framework("soc2")
    governance = Framework(framework="soc2", title="t", version="1", sections=soc2.sections,
                           requirements=[each for each in soc2.requirements if each.id == "CC1.1"])
    judged = evaluating.evaluate(snapshot(), governance, exceptions=written(text))
    assert notices(judged) == ["risk acceptance unused"]


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("reason:", "raeson:", 4, "did you mean reason"),
    ("owner: Platform team\n    ", "", 3, "has no key 'owner'"),
    ("Platform team", "' '", 3, "owner must be text that is not empty"),
    ("    expires: 2026-12-31\n", "", 3, "has no key 'expires'"),
    ("2026-12-31", "2026-02-30", 9, "2026-02-30 is not a date"),
    ("2026-12-31", "31.12.2026", 9, "expires must be a day"),
    ("2026-12-31", "2025-12-31", 3, "expires on 2025-12-31, before the day on which it is granted"),
    ("2026-12-31", "2026-12-31\n    expires: 2036-12-31", 10, "'expires' is listed twice"),
    ("pss.privileged", "pss.priviledged", 3, "did you mean pss.privileged"),
    ("    checks: [pss.privileged]\n", "", 3, "must name the checks or requirements"),
    ("checks: [pss.privileged]", "requirements: [privileged]", 3, "but no framework"),
    ("checks: [pss.privileged]", "framework: pss-base\n    requirements: [x]", 3, "did you mean pss-base"),
    ("checks: [pss.privileged]", "framework: pss-baseline\n    requirements: [priviledged]", 3,
     "did you mean privileged"),
    ("checks: [pss.privileged]", "checks: [pss.selinux]\n    framework: pss-baseline\n"
     "    requirements: [privileged]", 3, "pss.selinux is not used by privileged"),
    ("namespace:", "namespaces:", 7, "did you mean namespace"),
    ("namespace: kube-system", 'namespace: ""', 7, "namespace must be text that is not empty"),
    ("exceptions:", "exception:", 2, "did you mean exceptions"),
    ("  - owner", "  - [owner", 4, "not YAML"),
])
def test_a_mistake_is_named_with_file_and_line(written, old, new, line, says) -> None:
    with pytest.raises(DefinitionError) as error:
        exceptions.read(written(GOOD.replace(old, new)))
    assert says in str(error.value)
    assert f"ours.yaml, line {line}" in str(error.value)


def test_no_file_is_an_error_and_not_no_exceptions(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="does not exist"):
        exceptions.read(tmp_path / "nowhere")
    with pytest.raises(DefinitionError, match="has no YAML file"):
        exceptions.read(tmp_path)


def test_a_pattern_matches_only_what_is_there() -> None:
    who = pd.DataFrame({"kind": ["Pod", "ClusterRole"], "namespace": ["n", pd.NA], "name": ["a\nb", "x"],
                        "container": ["c", pd.NA]})
    assert Selector(namespace="*").matches(who).tolist() == [True, False]
    assert Selector(name="a*").matches(who).tolist() == [True, False]
    assert Selector(kind="cluster*").matches(who).tolist() == [False, False], "case counts"
    assert Selector().matches(who).tolist() == [True, True]


# What follows compares with a plain, slow, obviously right way.

NAMES = st.sampled_from(["a", "ab", "b", "b[1]"])
PATTERNS = st.sampled_from(["a", "a*", "?", "*", "b[[]1]", "[!a]*"])
SELECTORS = st.builds(Selector, namespace=st.none() | PATTERNS, name=st.none() | PATTERNS)
DATES = st.integers(-3, 3).map(lambda days: DAY + dt.timedelta(days))
CHECKS, REQUIREMENTS = ["t.one", "t.two"], ["1", "2", "3"]
EXCEPTIONS = st.builds(
    lambda **said: RiskAcceptance(ExceptionEntry(owner="o", reason="r", compensating_control="c", **said),
                              Origin("f", 1, "", Path("f"))),
    framework=st.sampled_from([None, "x", "y"]), subjects=st.lists(SELECTORS, max_size=2),
    checks=st.lists(st.sampled_from(CHECKS), max_size=2), granted=DATES, expires=DATES,
    requirements=st.lists(st.sampled_from(REQUIREMENTS), max_size=2))
VALUES = st.sampled_from([True, False, False, None])


def judged_with(pods: list[tuple], given: list[RiskAcceptance]) -> Evaluation:
    """Three requirements with two checks of pods that say what the rows (namespace, name, one, two) have."""

    def says(name: str, place: int) -> Check:
        def function(pods: pd.DataFrame):
            return judge(pods, pd.Series([each[place] for each in rows], dtype=BOOLEAN))

        return Check(name, function, "It is so.", "high")

    rows = pods
    taken = snapshot(*(pod(namespace, name) for namespace, name, *_ in rows))
    outcomes = [run(says(name, place), taken) for place, name in enumerate(CHECKS, 2)]
    results = []
    for identifier, found in zip(REQUIREMENTS, (outcomes[:1], outcomes[1:], outcomes), strict=True):
        requirement = Requirement(id=identifier, section="s", title="t", reach="evidenced")
        results.append(Result(requirement, *status_of(requirement, found), found))
    framework = Framework(framework="x", title="X", version="1", sections=[Section("s", "S")],
                          requirements=[result.requirement for result in results])
    return Evaluation(taken, framework, results, given)


@given(st.lists(st.tuples(NAMES, NAMES, VALUES, VALUES), max_size=6),
       st.lists(EXCEPTIONS, min_size=1, max_size=4))
def test_exceptions_change_no_verdict_and_accept_what_they_cover(pods, given_) -> None:
    without, judged = judged_with(pods, []), judged_with(pods, given_)
    assert judged.requirements["status"].tolist() == without.requirements["status"].tolist()
    assert judged.statuses == without.statuses
    frame = judged.verdicts()
    pd.testing.assert_frame_equal(frame.drop(columns="accepted"), without.verdicts().drop(columns="accepted"))
    for threshold in ("never", "fail", "unknown", "low", "high", "critical"):
        assert judged.crosses(threshold) == without.crosses(threshold)
    for _, verdict in frame.iterrows():
        covered = any(covers(one, verdict) for one in given_)
        assert verdict["accepted"] == (verdict["verdict"] == "fail" and covered)
    for _, requirement in judged.requirements.iterrows():
        failing = frame[(frame["requirement"] == requirement["id"]) & (frame["verdict"] == "fail")]
        unknown = ((frame["requirement"] == requirement["id"]) & (frame["verdict"] == "unknown")).any()
        assert requirement["accepted"] == (requirement["status"] == "fail" and all(failing["accepted"]) and not unknown)
    assert judged.crosses("unaccepted") == any((judged.requirements["status"] == "fail")
                                               & ~judged.requirements["accepted"])


def covers(exception: RiskAcceptance, verdict: pd.Series) -> bool:
    said = exception.entry
    return (said.granted <= DAY <= said.expires and said.framework in (None, "x")
            and (not said.checks or verdict["check"] in said.checks)
            and (not said.requirements or verdict["requirement"] in said.requirements)
            and (not said.subjects or any(
                fnmatchcase(verdict["namespace"], one.namespace or "*")
                and fnmatchcase(verdict["name"], one.name or "*") for one in said.subjects)))


# The command line.


def test_on_the_command_line(written, tmp_path: Path) -> None:
    taken = snapshot(*CLUSTER).write(tmp_path / "store")
    text = GOOD + GOOD.replace("exceptions:\n", "").replace("2026-12-31", "2026-02-01")
    asked = ("evaluate", taken, "-f", "pss-baseline", "--exceptions", written(text))
    done = auditkit(*asked, "--format", "json", "--fail-on", "unaccepted")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    privileged = next(each for each in document["requirements"] if each["id"] == "privileged")
    assert (privileged["status"], privileged["accepted"]) == ("fail", True)
    assert [each["state"] for each in document["frameworks"][0]["exceptions"]] == ["valid", "expired"]
    assert [each["kind"] for each in document["frameworks"][0]["notices"]] == ["risk acceptance expired"]
    assert "ours.yaml, line 11: risk acceptance expired: it expired on 2026-02-01; ask Platform team" in done.stderr
    assert auditkit(*asked, "--format", "json").stdout == done.stdout, "the same bytes each time"
    lines = auditkit(*asked, "--subjects", "--format", "jsonl", "--fail-on", "fail")
    assert lines.returncode == 1
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert {each["name"] for each in rows if each["accepted"]} == {"cilium-1", "cilium-2"}


def test_a_mistake_on_the_command_line(written, tmp_path: Path) -> None:
    taken = snapshot(*CLUSTER).write(tmp_path / "store")
    folder = written(GOOD.replace("owner", "ower"))
    done = auditkit("evaluate", taken, "-f", "pss-baseline", "--exceptions", folder)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    assert "ours.yaml, line 3" in done.stderr and "ower" in done.stderr
    early = auditkit("run", "--recording", "/nowhere", "-f", "soc2", "--exceptions", tmp_path / "no.yaml")
    assert early.returncode == 2 and "no.yaml cannot be read: it does not exist" in early.stderr, "before anything is collected"
