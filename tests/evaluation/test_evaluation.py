"""The engine: what becomes pass, fail, unknown or not applicable, and that nothing else can become a pass."""

import datetime as dt
import inspect

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from worlds import arrow

from auditkit import tables
from auditkit.checks.model import BOOLEAN, Check, judge
from auditkit.errors import UsageError
from auditkit.evaluation import sentences
from auditkit.evaluation.engine import run
from auditkit.evaluation.evaluation import Evaluation, evaluate
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.status import status_of
from auditkit.evaluation.words import VERDICTS
from auditkit.framework.model import Framework, Requirement, Section
from auditkit.proof.prove import world
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OUTCOMES = ("complete", "forbidden", "absent", "partial", "failed")


def snapshot(count: int = 3, **outcomes: str) -> Snapshot:
    """A snapshot with so many pods, in which what is named had this outcome and all else is complete."""
    objects = [{"kind": "Pod", "metadata": {"name": f"p{n}", "namespace": "n"}, "spec": {"containers": [{"name": "c"}]}}
               for n in range(count)]
    ledger = [Entry(resource=name, outcome=outcomes.get(name, "complete"), reason="told so", started=NOW, ended=NOW)
              for name in (*tables.RESOURCES, "discovery", "engines", "kubelets", "controlplane", "collection")]
    return Snapshot(Manifest(cluster="c", started=NOW, ended=NOW, ledger=ledger), arrow(objects))


def check_of(function, **about) -> Check:
    return Check(f"test.{function.__name__}", function, "It is so.", "high", **about)


def says(*values: bool | None, applies: list[bool | None] | None = None, **about) -> Check:
    """A check of pods that says exactly this."""

    def given(pods: pd.DataFrame):
        return judge(pods, pd.Series(list(values), dtype=BOOLEAN), ["name"],
                     applies=None if applies is None else pd.Series(applies, dtype=BOOLEAN))

    return check_of(given, **about)


def verdicts(check: Check, of: Snapshot) -> list[str]:
    return run(check, of).verdict.to_pylist()


def test_true_false_and_not_known() -> None:
    assert verdicts(says(True, False, None), snapshot()) == ["pass", "fail", "unknown"]


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
def test_no_pass_where_an_input_is_not_complete(outcome: str) -> None:
    assert verdicts(says(True, False, None), snapshot(3, pods=outcome)) == ["unknown", "fail", "unknown"]


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
def test_a_second_input_counts_as_much_as_the_first(outcome: str) -> None:
    def both(pods: pd.DataFrame, nodes: pd.DataFrame):
        return judge(pods, pd.Series([True] * len(pods), dtype=BOOLEAN))

    assert verdicts(check_of(both), snapshot(nodes=outcome)) == ["unknown"] * 3
    assert verdicts(check_of(both), snapshot()) == ["pass"] * 3


def test_out_of_scope_is_said_and_not_dropped() -> None:
    check = says(True, False, True, False, applies=[False, True, None, False])
    assert verdicts(check, snapshot(4)) == ["not_applicable", "fail", "unknown", "not_applicable"]
    assert verdicts(check, snapshot(4, pods="partial")) == ["unknown", "fail", "unknown", "unknown"]


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from([True, False, None])), max_size=30),
       st.sampled_from(OUTCOMES), st.booleans())
def test_every_subject_has_one_verdict_and_pass_is_earned(rows, outcome, scoped) -> None:
    check = says(*(ok for ok, _ in rows), applies=[applies for _, applies in rows] if scoped else None)
    outcome_of = run(check, snapshot(len(rows), pods=outcome))
    assert len(outcome_of.verdict) == len(rows)
    for (ok, applies), verdict in zip(rows, outcome_of.verdict.to_pylist(), strict=True):
        if verdict == "pass":
            assert ok is True and outcome == "complete" and (applies is True or not scoped)
        if ok is False and (applies is True or not scoped):
            assert verdict == "fail"
    assert sum(outcome_of.counts.values()) == len(rows)
    assert list(outcome_of.counts) == list(VERDICTS)


def test_a_check_that_drops_a_subject_is_refused() -> None:
    def drops(pods: pd.DataFrame):
        return judge(pods.head(1), pd.Series([True], dtype=BOOLEAN, index=[0]))

    with pytest.raises(UsageError, match="judged 1 subjects of 3"):
        run(check_of(drops), snapshot())


def test_a_check_that_reorders_its_subjects_is_refused() -> None:
    def reorders(pods: pd.DataFrame):
        shuffled = pods.iloc[::-1]
        return judge(shuffled, pd.Series([True] * 3, dtype=BOOLEAN, index=shuffled.index))

    with pytest.raises(UsageError, match="each row"):
        run(check_of(reorders), snapshot())


def test_a_check_that_does_not_judge_is_refused() -> None:
    def silent(pods: pd.DataFrame) -> None:
        pass

    with pytest.raises(UsageError, match=r"returned NoneType; it must return judge\(…\)"):
        run(check_of(silent), snapshot())


REQUIREMENT = Requirement(id="1", section="s", title="t", reach="evidenced", look_at="the minutes")


def told(requirement: Requirement, outcomes: list[Outcome], run_by: str = "") -> tuple[str, str]:
    status, reason = status_of(requirement, outcomes, run_by)
    return status, str(reason)


def status(*checks: Check, of: Snapshot | None = None) -> tuple[str, str]:
    return told(REQUIREMENT, [run(check, of or snapshot()) for check in checks])


def test_the_status_of_a_requirement() -> None:
    yes, no, unknown = says(True, True, True), says(True, True, False), says(True, None, True)
    assert status(yes)[0] == "pass"
    assert status(yes, no)[0] == "fail"
    assert status(no, unknown)[0] == "fail"
    assert status(yes, unknown)[0] == "unknown"
    assert status() == ("manual", "to examine: the minutes")


def test_a_requirement_without_a_check_says_what_is_missing() -> None:
    def of(**about: str) -> tuple[str, str]:
        return told(Requirement(id="1", section="s", title="t", reach="attested", **about), [])

    assert of(look_at="the minutes", cannot_show="who asks") == ("manual", "to examine: the minutes")
    assert of(cannot_show="who asks") == ("manual", "not shown by a cluster: who asks")
    assert of() == ("manual", "no check covers this requirement yet")


def test_a_status_says_on_whose_word_it_rests() -> None:
    taken = snapshot()
    taken.manifest.stated, taken.manifest.stated_by = ["nodes"], "alice"

    def both(pods: pd.DataFrame, nodes: pd.DataFrame):
        return judge(pods, pd.Series([True] * 3, dtype=BOOLEAN))

    assert status(says(True, True, True), check_of(both), of=taken) == (
        "pass", "6 passed, none failed; alice states that all nodes were supplied")


def test_an_empty_population_is_not_a_pass() -> None:
    nobody = snapshot(0)
    assert status(says(), of=nobody) == ("not_applicable", "there are no pods")
    assert status(says(if_empty="none is visible"), of=nobody) == ("unknown", "none is visible")
    assert status(says(True, True, True, if_empty="none is visible"))[0] == "pass"
    assert status(says(), of=snapshot(0, pods="forbidden"))[0] == "unknown"


def test_all_out_of_scope_is_not_a_pass() -> None:
    assert status(says(True, True, True, applies=[False] * 3)) == ("not_applicable", "not in scope")


@pytest.mark.parametrize("reach", ["partly", "attested"])
def test_what_a_cluster_shows_in_part_is_never_a_pass(reach: str) -> None:
    part = Requirement(id="1", section="s", title="t", reach=reach, cannot_show="who asks", look_at="the minutes")

    def found(*checks: Check, of: Snapshot | None = None, run_by: str = "", of_part: Requirement = part) -> tuple[str, str]:
        return told(of_part, [run(check, of or snapshot()) for check in checks], run_by)

    yes, no, unknown = says(True, True, True), says(True, True, False), says(True, None, True)
    assert found(yes, yes) == ("manual", "the cluster meets its part: 6 passed, none failed; not shown by a cluster: who asks")
    assert found(says(), of=snapshot(0)) == (
        "manual", "no evidence in the cluster: there are no pods; not shown by a cluster: who asks")
    assert found(says(True, True, True, applies=[False] * 3))[0] == "manual"
    assert found(yes, no) == ("fail", "1 of 3 pods fails the check \"It is so\"")
    assert found(yes, unknown)[0] == "unknown"
    assert found(yes, of=snapshot(3, pods="forbidden"))[0] == "unknown"
    assert found(says(if_empty="none is visible"), of=snapshot(0))[0] == "unknown"
    assert found() == ("manual", "to examine: the minutes")
    silent = Requirement(id="1", section="s", title="t", reach=reach)
    assert found(yes, of_part=silent) == (
        "manual", "the cluster meets its part: 3 passed, none failed; a person must supply the remaining evidence")
    theirs = Requirement(id="1", section="s", title="t", reach=reach, run_by="provider")
    assert found(yes, run_by="EKS", of_part=theirs) == ("not_applicable", "run by the provider (EKS)")


def test_a_control_plane_that_a_provider_runs_decides_nothing_of_what_is_shown_in_part() -> None:
    def of_api_servers(api_servers: pd.DataFrame):
        return judge(api_servers, pd.Series(True, api_servers.index, BOOLEAN))

    outcomes = [run(check_of(of_api_servers, if_empty="none is visible"), snapshot())]
    assert told(REQUIREMENT, outcomes, "EKS") == ("not_applicable", "run by the provider (EKS)")
    part = Requirement(id="1", section="s", title="t", reach="partly", cannot_show="who signs in")
    assert told(part, outcomes, "EKS") == (
        "manual", "no evidence in the cluster: run by the provider (EKS); not shown by a cluster: who signs in")
    assert told(part, outcomes) == ("unknown", "none is visible")


CONTROL_PLANE = {"api_servers": "kube-apiserver", "controller_managers": "kube-controller-manager",
                 "schedulers": "kube-scheduler", "etcd_members": "etcd"}


def of_control_plane(table: str, **about) -> Check:
    """A check that every one of a component's processes passes."""
    def given(rows: pd.DataFrame):
        return judge(rows, pd.Series(True, rows.index, BOOLEAN))

    given.__signature__ = inspect.Signature([inspect.Parameter(table, inspect.Parameter.POSITIONAL_OR_KEYWORD)])
    return check_of(given, **about)


@pytest.mark.parametrize("table", CONTROL_PLANE)
def test_a_provider_runs_what_is_not_visible_of_the_control_plane(table: str) -> None:
    def found(of: Snapshot, *checks: Check) -> tuple[str, str]:
        return told(REQUIREMENT, [run(check, of) for check in checks], "EKS")

    theirs = "not_applicable", "run by the provider (EKS)"
    must_be, may_be = of_control_plane(table, if_empty="none is visible"), of_control_plane(table)
    assert found(snapshot(), must_be) == found(snapshot(), must_be, may_be) == theirs
    assert found(snapshot(), may_be)[1].startswith("there are no "), "nobody says that there must be one"
    assert found(snapshot(controlplane="failed"), must_be) == ("unknown", "controlplane could not be read: told so")
    assert found(world({CONTROL_PLANE[table]: []}), must_be) == ("pass", "1 passed, none failed")
    assert found(snapshot(), must_be, says(True, True, True)) == ("unknown", "none is visible")


def test_a_provider_decides_nothing_of_what_the_cluster_shows() -> None:
    def found(check: Check, of: Snapshot) -> tuple[str, str]:
        return told(REQUIREMENT, [run(check, of)], "EKS")

    assert found(says(True, True, True), snapshot()) == ("pass", "3 passed, none failed")
    assert found(says(True, True, True), snapshot(pods="partial")) == ("unknown", "pods could be read only in part: told so")
    assert found(says(if_empty="none is visible"), snapshot(0)) == ("unknown", "none is visible")


@given(st.lists(st.lists(st.sampled_from([True, False, None]), min_size=2, max_size=2), min_size=1, max_size=4),
       st.sampled_from(OUTCOMES))
def test_a_requirement_passes_only_if_all_is_known_and_good(found, outcome) -> None:
    result, _ = status(*(says(*values) for values in found), of=snapshot(2, pods=outcome))
    flat = [value for values in found for value in values]
    if False in flat:
        assert result == "fail"
    elif None in flat or outcome != "complete":
        assert result == "unknown"
    else:
        assert result == "pass"


def test_the_numbers_of_a_summary_add_up() -> None:
    few = says(False, False, False, True, None, applies=[True, True, True, True, False], finding="runs privileged")
    assert sentences.failing(run(few, snapshot(5))) == (
        "3 of 4 pods run privileged (1 not applicable): n/p0, n/p1 and 1 more")
    open_ = says(None, None, True, True, applies=[True, True, True, False])
    assert sentences.undecided(run(open_, snapshot(4))) == (
        "unknown for 2 of 3 pods (1 not applicable): name=p0 (and 1 other reason)")


def test_a_value_that_is_not_there_is_unknown_where_it_could_not_be_judged() -> None:
    def of_nodes(pods: pd.DataFrame):
        return judge(pods.assign(value=pd.Series(pd.NA, pods.index)), pd.Series([True, False, None], dtype=BOOLEAN),
                     ["value"])

    assert run(check_of(of_nodes), snapshot()).rows()["seen"].tolist() == [
        "value=not set", "value=not set", "value=unknown"]


def test_subjects_of_the_same_name_are_counted_together() -> None:
    def alike(binding_subjects: pd.DataFrame):
        return judge(binding_subjects, pd.Series(False, binding_subjects.index, BOOLEAN))

    names = ["a", "b", "b", "b", "c", "d", "d", "e"]
    bindings = [{"namespace": "n", "binding": name, "subject": f"s{place}"} for place, name in enumerate(names)]
    outcome = run(check_of(alike, finding="holds a right"), world({"binding_subjects": bindings}))
    assert sentences.failing(outcome) == "8 of 8 subjects of bindings hold a right: in n/a, n/b (3) and 4 more"


def test_reasons_name_the_values_or_what_is_missing() -> None:
    failing = run(says(False, True, None), snapshot()).rows()
    assert failing["reason"].tolist() == ["name=p0", "name=p1", "name=p2"]
    incomplete = run(says(True, True, True), snapshot(3, pods="forbidden")).rows()
    assert incomplete["reason"].tolist() == ["access to pods was refused: told so"] * 3
    assert run(says(True, True, True, applies=[False] * 3), snapshot()).rows()["reason"].tolist() == [
        "not in scope"] * 3


def test_subjects_are_called_as_people_call_them() -> None:
    def of_containers(containers: pd.DataFrame):
        return judge(containers, ~containers["privileged"])

    row = run(check_of(of_containers), snapshot()).rows().iloc[0]
    assert (row["kind"], row["namespace"], row["name"], row["container"]) == ("Pod", "n", "p0", "c")


def evaluation(*checks: Check) -> Evaluation:
    taken = snapshot()
    outcomes = [run(check, taken) for check in checks]
    framework = Framework(framework="x", title="X", version="1", sections=[Section("s", "S")], requirements=[REQUIREMENT])
    return Evaluation(taken, framework, [Result(REQUIREMENT, *status_of(REQUIREMENT, outcomes), outcomes)])


def test_thresholds() -> None:
    failing = evaluation(says(False, True, True))
    unknown = evaluation(says(None, True, True))
    assert [failing.crosses(t) for t in ("never", "fail", "unknown", "low", "high", "critical")] == [
        False, True, True, True, True, False]
    assert [unknown.crosses(t) for t in ("never", "fail", "unknown", "low")] == [False, False, True, False]


def test_verdicts_are_one_row_a_subject() -> None:
    frame = evaluation(says(False, True, None)).verdicts()
    assert list(frame.columns) == ["check", "requirement", "severity", "kind", "namespace", "name", "container",
                                   "verdict", "reason", "seen", "wanted", "accepted"]
    assert frame["verdict"].tolist() == ["fail", "pass", "unknown"]
    assert evaluation(says(False, True, None)).verdicts("fail")["name"].tolist() == ["p0"]
    assert list(evaluation().verdicts().columns) == list(frame.columns)
    assert isinstance(run(says(True, True, True), snapshot()).verdict, pa.DictionaryArray)


@pytest.mark.parametrize(("version", "labels", "run_by"), [
    ("v1.33.4-eks-99bf9bd", {}, "Amazon EKS"), ("v1.33.4-gke.1134000", {}, "Google GKE"),
    ("v1.33.4", {"kubernetes.azure.com/cluster": "x"}, "Azure AKS"), ("v1.33.4+k3s1", {}, ""), ("", {}, ""),
])
def test_what_a_provider_runs_is_not_applicable_and_never_a_pass(version: str, labels: dict, run_by: str) -> None:
    objects = [{"kind": "Node", "metadata": {"name": "n", "labels": labels}, "spec": {}}]
    taken = snapshot(0)
    taken.manifest.server_version = version
    tables_ = {**arrow(objects), "collection": pa.Table.from_pylist(
        [{"cluster": "c", "server_version": version}], schema=tables.table("collection").schema)}
    taken = Snapshot(taken.manifest, tables_)
    for name in ("cis-kubernetes", "cis-eks"):
        judged = evaluate(taken, name)
        rows = judged.requirements.set_index("id")
        assert not (rows["status"] == "pass").loc[rows.index.str.startswith(("1.", "2."))].any()
        if name == "cis-kubernetes":
            assert rows.loc["1.2.2", "status"] == ("not_applicable" if run_by else "unknown")
            assert run_by in rows.loc["1.2.2", "reason"]
        else:
            theirs = [r.requirement.id for r in judged.results if r.requirement.run_by]
            assert theirs and set(rows.loc[theirs, "status"]) == {"not_applicable"}
            assert rows.loc[theirs, "reason"].str.startswith("run by the provider").all()


def test_the_version_of_the_pod_security_standards(acme) -> None:
    def versions(**given) -> set[str]:
        return {outcome.check.parameters["version"]
                for result in evaluate(acme, "pss-restricted", **given).results for outcome in result.outcomes}

    assert versions() == {"v1.36"}, "that of the server"
    assert versions(pss_version="v1.20") == {"v1.20"}
    assert versions(pss_version="v1.99") == {"v1.36"}, "the server knows no later one"
    with pytest.raises(UsageError, match="not a version of the Pod Security Standards"):
        versions(pss_version="1.2.3")


def test_why_this_version_of_the_pod_security_standards(acme) -> None:
    def said(checks, **given) -> str:
        ours = Framework(framework="f", title="F", version="1", requirements=[
            Requirement(id="1", section="s", title="T", reach="evidenced", checks=checks)])
        return evaluate(acme, ours, **given).standard

    server = acme.manifest.server_version
    assert said(["pss.privileged"]) == f"v1.36 (the server version, {server})"
    assert said(["pss.privileged"], pss_version="v1.20") == "v1.20"
    assert said(["pss.privileged"], pss_version="v1.99") == f"v1.36 instead of the requested v1.99: the server is {server}"
    assert said([{"pss.privileged": {"version": "v1.30"}}], pss_version="v1.99") == "v1.30 where the framework sets it"
    assert said(["pss.host_ports", {"pss.privileged": {"version": "v1.30"}}], pss_version="v1.2") == (
        "v1.2; v1.30 where the framework sets it")
    assert said(["workloads.no_latest_tag"], pss_version="v1.20") == ""
