"""Scopes: what is outside has no verdict, is listed with its reason, and never makes a pass."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import auditkit
from worlds import arrow

import auditkit as library
from auditkit import tables
from auditkit.api import evaluating, handing_over, over_time
from auditkit.errors import DefinitionError, UsageError
from auditkit.evaluation.evaluation import Evaluation, record
from auditkit.evaluation.given import given_of
from auditkit.history.verdicts import SCOPE, verdict_changes
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NOON = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
HEAD = """
scope:
  system: Portal
  decided_by: Jane Roe, CISO
  decided_on: 2026-01-12
  period: {from: 2026-01-01, until: 2026-12-31}
"""
WARD = """
framework: ward
title: Rules of the ward
version: "2026"
protects: ephi
categories:
  - {id: safety, title: Safety, sections: [S]}
  - {id: calm, title: Calm, includes: [safety], sections: [C]}
  - {id: order, title: Order, sections: [O]}
sections: [{id: S, title: Safety}, {id: C, title: Calm}, {id: O, title: Order}, {id: X, title: Of all}]
requirements:
  - {id: S-1, section: S, title: Pods are not privileged, reach: evidenced, checks: [pss.privileged]}
  - {id: C-1, section: C, title: Pods are not privileged, reach: evidenced, checks: [pss.privileged]}
  - {id: O-1, section: O, title: Nodes are ready, reach: attested, look_at: the list}
  - {id: X-1, section: X, title: Namespaces enforce a standard, reach: evidenced, checks: [admission.pod_security_enforced]}
"""


def snapshot(*objects: dict, missing: str = "") -> Snapshot:
    """A snapshot of these objects taken on 2026-06-15, all complete but one source."""
    ledger = [Entry(resource=name, outcome="forbidden" if name == missing else "complete", started=NOON, ended=NOON)
              for name in (*tables.RESOURCES, "discovery", "engines", "kubelets", "controlplane")]
    return Snapshot(Manifest(cluster="c", started=NOON, ended=NOON, ledger=ledger), arrow(objects))


def pod(namespace: str, name: str, privileged: bool = True) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": "c", "securityContext": {"privileged": privileged}}]}}


def space(name: str, **labels: str) -> dict:
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


SHOP, BANK, LAB = space("shop", tier="gold"), space("bank", data="ephi"), space("lab")
CLUSTER = (SHOP, BANK, LAB, pod("shop", "web", False), pod("bank", "vault", False), pod("lab", "miner"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "scope.yaml").write_text(HEAD + text)
        return tmp_path / "scope.yaml"

    return write


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    (tmp_path / "controls").mkdir()
    (tmp_path / "controls" / "ward.yaml").write_text(WARD)
    return tmp_path / "controls"


def status(judged: Evaluation, requirement: str = "privileged") -> tuple[str, str]:
    row = judged.requirements.set_index("id").loc[requirement]
    return row["status"], row["reason"]


def outside(judged: Evaluation) -> list[str]:
    assert judged.scope
    rows = judged.scope.subjects[["kind", "namespace", "name"]].fillna("-").drop_duplicates()
    return ["/".join(row) for row in rows.itertuples(index=False)]


def judge(taken: Snapshot, scope: Path, framework: str = "pss-baseline", **more: object) -> Evaluation:
    return evaluating.evaluate(taken, framework, scope=scope, **more)


def test_namespaces_are_in_scope_by_name_or_by_label_and_the_others_are_listed(written) -> None:
    judged = judge(snapshot(*CLUSTER), written("  namespaces: {names: [ba*], labels: {tier: [gold, silver]}}\n"))
    assert status(judged) == ("pass", "2 passed, none failed; 1 of the pods out of scope")
    assert outside(judged) == ["Pod/lab/miner"]
    assert judged.scope.namespaces[["namespace", "in_scope"]].values.tolist() == [
        ["bank", "yes"], ["lab", "no"], ["shop", "yes"]]
    [row] = judged.scope.subjects.drop_duplicates("name")[["reason", "file", "line"]].values.tolist()
    assert row == ["the namespace is not among those in scope", "scope.yaml", 7]
    assert "miner" not in judged.verdicts()["name"].tolist()
    assert judged.notices.empty


def test_without_a_scope_everything_counts_as_before() -> None:
    judged = evaluating.evaluate(snapshot(*CLUSTER), "pss-baseline")
    assert judged.scope is None and status(judged)[0] == "fail"


def test_where_nothing_is_left_in_scope_nothing_passes(written) -> None:
    scope = written("  exclude:\n    - {subjects: [{kind: Pod}], reason: No pods.}\n")
    judged = judge(snapshot(*CLUSTER), scope)
    assert status(judged) == ("not_applicable", "all pods (3) are out of scope")
    assert judged.statuses["pass"] == 0


def test_nothing_left_and_a_list_that_was_refused_is_unknown(written) -> None:
    scope = written("  exclude:\n    - {subjects: [{kind: Pod}], reason: No pods.}\n")
    assert status(judge(snapshot(*CLUSTER, missing="pods"), scope))[0] == "unknown"


def test_a_namespace_whose_labels_were_not_read_is_in_scope_and_said_to_be(written) -> None:
    scope = written("  namespaces: {names: [shop], labels: {data: ephi}}\n")
    judged = judge(snapshot(*CLUSTER[3:], missing="namespaces"), scope)
    assert outside(judged) == []
    assert "miner" in judged.verdicts("fail")["name"].tolist()
    assert judged.notices[["kind", "line"]].values.tolist() == [["namespace not known", 7]]
    assert judged.scope.namespaces.values.tolist() == [
        ["bank", "not known", "", ""], ["lab", "not known", "", ""], ["shop", "yes", "", ""]]


def test_a_list_of_names_alone_needs_no_labels(written) -> None:
    judged = judge(snapshot(*CLUSTER[3:], missing="namespaces"), written("  namespaces: {names: [shop]}\n"))
    assert outside(judged) == ["Pod/bank/vault", "Pod/lab/miner"]


def test_labels_that_no_namespace_has_are_a_notice(written) -> None:
    """A key that was mistyped puts everything out of scope."""
    judged = judge(snapshot(*CLUSTER), written("  ephi: {labels: {dta: ephi}}\n  namespaces: {names: [shop]}\n"))
    assert judged.notices[["kind", "what"]].values.tolist() == [
        ["no namespace labelled", "no namespace of the snapshot has these labels"]]
    unread = judge(snapshot(*CLUSTER[3:], missing="namespaces"), written("  namespaces: {labels: {dta: ephi}}\n"))
    assert "no namespace labelled" not in unread.notices["kind"].tolist()


def test_a_namespace_is_out_of_scope_only_where_all_of_it_is(written) -> None:
    some = "[{namespace: lab}, {namespace: shop, kind: Job}, {namespace: ba*, name: '*'}]"
    judged = judge(snapshot(*CLUSTER), written(f"  exclude:\n    - {{subjects: {some}, reason: Apart.}}\n"))
    assert judged.scope.namespaces[["namespace", "in_scope"]].values.tolist() == [
        ["bank", "no"], ["lab", "no"], ["shop", "yes"]]


def test_a_pattern_of_names_takes_nothing_out_that_belongs_to_no_namespace(written, acme) -> None:
    scope = written("  exclude:\n    - {subjects: [{kind: Pod, name: '*-*'}], reason: Test pods.}\n")
    judged, whole = (evaluating.evaluate(acme, "cis-kubernetes", scope=each) for each in (scope, None))
    of_servers = [(one.verdicts().query("check.str.startswith('api_server.')")["verdict"]).tolist() for one in (judged, whole)]
    assert of_servers[0] == of_servers[1] != []


def test_a_finding_that_leaves_the_scope_is_not_closed(written) -> None:
    scope = written("  namespaces: {labels: {data: ephi}}\n")
    one, two = (judge(snapshot(space("bank", **labels), space("lab", data="ephi"), pod("bank", "vault"),
                               pod("lab", "calm", False)), scope) for labels in ({"data": "ephi"}, {}))
    found = verdict_changes(one, two)
    rows = found.verdicts[found.verdicts["name"] == "vault"]
    assert set(rows["change"]) == {"out of scope"} and set(rows["why"]) == {SCOPE} and set(rows["before"]) <= {"fail", "unknown"}


def test_people_are_told_that_what_they_name_is_out_of_scope(written, ward, acme, tmp_path) -> None:
    scope = written("  namespaces: {names: [shop]}\n  exclude:\n"
                    "    - {framework: soc2, requirements: [CC9.2], reason: Examined apart.}\n")
    (said := tmp_path / "said.yaml").write_text(
        "attestations:\n- {framework: soc2, requirements: [CC9.2], by: Jane Roe, says: Done., holds: true,\n"
        "   since: 2026-01-01, until: 2026-12-31}\n")
    taken = snapshot(*CLUSTER)
    judged = evaluating.evaluate(taken, "soc2", scope=scope, attestations=said)
    assert ["attestation out of scope", "CC9.2 is out of scope: Examined apart."] in judged.notices[["kind", "what"]].values.tolist()
    with pytest.raises(UsageError, match="CC9.2 is out of scope, so that it has no status: Examined apart"):
        evaluating.explain(taken, "CC9.2", frameworks=["soc2"], scope=scope)
    with pytest.raises(UsageError, match="lab/miner is out of scope, so that it has no verdict: the namespace is not among"):
        evaluating.explain(taken, "privileged", "lab/miner", frameworks=["pss-baseline"], scope=scope)


@pytest.mark.parametrize("value", [5, True, [1], {"a": 1}.values()])
def test_categories_that_are_no_names_are_a_sentence(acme, value) -> None:
    with pytest.raises(UsageError, match="Give names of categories"):
        evaluating.evaluate(acme, "soc2", categories=value)


@pytest.mark.parametrize(("selector", "left"), [
    ("{kind: Node}", ["n1", "n2"]), ('{kind: Node, name: "*"}', ["n1", "n2"]), ("{kind: Node, name: n1}", ["n2"]),
])
def test_what_belongs_to_no_namespace_is_excluded_by_its_name_alone(written, selector, left) -> None:
    nodes = [{"kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": {"kubeletVersion": "v1.33.0"}}}
             for name in ("n1", "n2")]
    scope = written(f"  exclude:\n    - {{subjects: [{selector}], reason: Retired.}}\n")
    judged = judge(snapshot(*CLUSTER, *nodes), scope, "nsa-cisa")
    assert sorted(set(judged.verdicts().query("kind == 'Node'")["name"])) == left
    assert judged.notices["kind"].tolist() == (["exclusion unused"] if len(left) == 2 else [])


def test_the_control_plane_stays_in_scope_whatever_its_namespace(acme, written) -> None:
    judged = judge(acme, written("  ephi: {labels: {data-class: ephi}}\n"), "hipaa")
    servers = judged.verdicts().query("name.str.startswith('kube-apiserver')")
    assert set(servers["namespace"]) == {"kube-system"} and len(servers) > 10
    assert set(judged.verdicts().query("kind == 'Deployment'")["namespace"]) <= {"billing", "legacy-emr", "patient-portal"}
    assert judged.scope.subjects["namespace"].isin(["billing", "legacy-emr", "patient-portal"]).sum() == 0
    assert any("same nodes" in said for said in judged.scope.sentences())


def test_a_framework_that_protects_ephi_counts_the_namespaces_that_hold_it(written, ward) -> None:
    scope = written("  namespaces: {names: [shop]}\n  ephi: {labels: {data: ephi}}\n")
    assert outside(judge(snapshot(*CLUSTER), scope)) == ["Pod/lab/miner"]
    judged = judge(snapshot(*CLUSTER), scope, "ward", controls=ward)
    assert outside(judged) == ["Namespace/-/lab", "Namespace/-/shop", "Pod/lab/miner", "Pod/shop/web"]
    assert judged.scope.sentences()[1] == "1 of 3 namespaces hold ePHI and are in scope: bank."


@pytest.mark.parametrize(("chosen", "ids"), [
    ("safety", ["S-1", "X-1"]), ("calm", ["S-1", "C-1", "X-1"]), ("safety, order", ["S-1", "O-1", "X-1"]),
    ("", ["S-1", "C-1", "O-1", "X-1"]),
])
def test_categories_choose_requirements_and_what_each_includes(ward, chosen, ids) -> None:
    judged = evaluating.evaluate(snapshot(*CLUSTER), "ward", controls=ward, categories=chosen)
    assert judged.requirements["id"].tolist() == ids
    left = judged.scope.requirements if judged.scope else None
    assert (left["requirement"].tolist() if left is not None else []) == [
        name for name in ("S-1", "C-1", "O-1", "X-1") if name not in ids]


def test_soc2_on_security_and_availability_leaves_28_minus_3_criteria(acme) -> None:
    judged = evaluating.evaluate(acme, "soc2", categories=["security", "availability"])
    assert len(judged.requirements) == 36 and len(judged.scope.requirements) == 25
    assert judged.scope.requirements["reason"].value_counts().to_dict() == {
        "the category Privacy is not in scope": 18, "the category Processing integrity is not in scope": 5,
        "the category Confidentiality is not in scope": 2}


def test_a_carve_out_changes_no_status_and_says_who_provides_it(written, ward) -> None:
    scope = written("  carve_outs:\n    - {organisation: Cloud, service: hosting, framework: ward, requirements: [S-1, O-1], "
                    "reason: Theirs., evidence: Their report}\n")
    judged = judge(snapshot(*CLUSTER), scope, "ward", controls=ward)
    assert status(judged, "S-1")[0] == "fail" and status(judged, "O-1")[0] == "manual"
    assert status(judged, "O-1")[1].endswith("carved out, provided by Cloud (hosting): Theirs; evidence expected: Their report")
    assert judged.scope.carve_outs[["requirement", "status"]].values.tolist() == [["S-1", "fail"], ["O-1", "manual"]]


MISTAKES = [
    ("  colour: red\n", "line 7: "),
    ("  exclude:\n    - {subjects: [{namespace: lab}]}\n", "line 8"),
    ("  exclude:\n    - {subjects: [{namespace: lab}], reason: ' '}\n", "line 8"),
    ("  exclude:\n    - {reason: r}\n", "line 8: it must name either subjects or requirements."),
    ("  exclude:\n    - {subjects: [{}], reason: r}\n", "line 8: it excludes everything."),
    ('  exclude:\n    - {subjects: [{namespace: "*"}], reason: r}\n', "line 8: it excludes everything."),
    ("  exclude:\n    - {requirements: [CC1.1], reason: r}\n", "belong together"),
    ("  exclude:\n    - {framework: soc2, requirements: [CC99], reason: r}\n", "There is no requirement of soc2 'CC99'"),
    ("  exclude:\n    - {subjects: [{namespace: moon}], reason: r}\n", "line 8: the snapshot has no namespace 'moon'."),
    ("  namespaces: {names: [shop, moon]}\n", "line 7: the snapshot has no namespace 'moon'. Correct the name"),
    ("  namespaces: {}\n", "line 7: namespaces names no namespace."),
    ("  categories: [securty]\n", "There is no category 'securty'; did you mean security?"),
    ("  carve_outs:\n    - {organisation: o, framework: soc2, requirements: [CC6.4], reason: r}\n", "line 8"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_mistake_is_one_sentence_with_file_and_line(written, text, said) -> None:
    with pytest.raises(DefinitionError) as error:
        judge(snapshot(*CLUSTER), written(text))
    assert str(error.value).startswith(f"{written(text)}, line ") and said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("period", "said"), [
    ("{from: 2026-12-31, until: 2026-01-01}", "the period ends on 2026-01-01, before it begins (2026-12-31)."),
    ("2026-06-14", "the period of the scope ended on 2026-06-14, before the cluster was observed (2026-06-15)."),
])
def test_a_period_that_is_over_is_refused(written, period, said) -> None:
    path = written("")
    path.write_text(path.read_text().replace("{from: 2026-01-01, until: 2026-12-31}", period))
    with pytest.raises(DefinitionError, match="line 6") as error:
        judge(snapshot(*CLUSTER), path)
    assert said in str(error.value)


def test_a_period_that_has_not_begun_is_a_notice(written) -> None:
    path = written("")
    path.write_text(path.read_text().replace("{from: 2026-01-01, until: 2026-12-31}", "2026-06-16"))
    assert judge(snapshot(*CLUSTER), path).notices["kind"].tolist() == ["scope not in force yet"]


def test_a_scope_file_and_categories_together_are_refused(written) -> None:
    with pytest.raises(UsageError, match="leave out --categories"):
        judge(snapshot(*CLUSTER), written(""), categories="security")
    with pytest.raises(UsageError, match="whole population"):
        over_time.sample(snapshot(*CLUSTER), "pods", seed="s", categories="security")


def test_excluding_what_holds_ephi_is_a_notice(written) -> None:
    scope = written("  ephi: {names: [bank]}\n  exclude:\n    - {subjects: [{namespace: bank}], reason: Elsewhere.}\n")
    judged = judge(snapshot(*CLUSTER), scope)
    assert judged.notices[["kind", "line"]].values.tolist() == [["exclusion of ePHI", 9]]
    assert judged.scope.namespaces.set_index("namespace").loc["bank"].tolist() == ["no", "yes", "Elsewhere."]


def test_what_was_given_keeps_the_scope_apart_and_counts_nothing_outside(written, tmp_path) -> None:
    taken = library.open(snapshot(*CLUSTER).write(tmp_path / "store"))
    scope = written("  namespaces: {names: [shop, bank]}\n")
    judged, whole = judge(taken, scope), evaluating.evaluate(taken, "pss-baseline")
    found, wrong = given_of(taken, "pss-baseline")
    assert not wrong and [[file.kind for file in each.people] for each in found] == [["scope"], []]
    scoped = found[0].verdicts()
    assert set(scoped["name"]) == {"web", "vault"} and "miner" in set(found[1].verdicts("fail")["name"])
    assert len(scoped) == len(judged.verdicts()) and len(whole.verdicts()) > len(scoped)
    assert record(judge(library.open(taken.path), scope)) == record(judged)
    assert over_time.given(taken, "pss-baseline")[0].said.outside is not None


def test_a_period_claims_nothing_of_what_is_outside(written, ward, tmp_path) -> None:
    snapshot(*CLUSTER).write(tmp_path / "store")
    scope = written("  namespaces: {names: [shop, bank]}\n  exclude:\n"
                    "    - {framework: ward, requirements: [C-1], reason: Calm is not examined.}\n")
    [found] = over_time.period(tmp_path / "store", "ward", "2026-06-15", "2026-06-15", scope=scope, controls=ward)
    assert found.requirements["requirement"].tolist() == ["S-1", "O-1", "X-1"]
    assert found.requirements.set_index("requirement").loc["S-1", "passed"] == 1 and "miner" not in set(found.deviations["name"])
    assert any("judged by the scope scope.yaml" in note and "1 requirement" in note for note in found.notes)
    with pytest.raises(DefinitionError, match="goes beyond it"):
        over_time.period(tmp_path / "store", "ward", "2026-06-15", "2027-01-01", scope=scope, controls=ward)


def test_a_period_after_a_scoped_evaluation_is_of_the_whole(written, tmp_path) -> None:
    taken = snapshot(*CLUSTER).write(tmp_path / "store")
    judge(taken, written("  namespaces: {names: [shop, bank]}\n"))
    [found] = over_time.period(tmp_path / "store", "pss-baseline", "2026-06-15", "2026-06-15")
    assert found.requirements.set_index("requirement").loc["privileged", "failed"] == 1
    assert any(note.startswith("Of 1 snapshot verdicts were given of a scope only") for note in found.notes)
    [again] = over_time.period(tmp_path / "store", "pss-baseline", "2026-06-15", "2026-06-15")
    assert again.requirements.equals(found.requirements)


@pytest.mark.parametrize("changed", ["added", "deleted"])
def test_a_simulation_takes_a_scope_that_names_a_namespace_before_or_after_it(written, tmp_path, changed) -> None:
    scope = written("  namespaces: {names: [shop, ward]}\n")
    (tmp_path / "manifests.json").write_text(json.dumps({**space("ward"), "apiVersion": "v1"}))
    given = {"frameworks": ["pss-baseline"], "scope": scope}
    if changed == "added":
        found = library.simulate(snapshot(*CLUSTER), tmp_path / "manifests.json", **given)
    else:
        found = library.simulate(snapshot(*CLUSTER, space("ward")), delete=["Namespace/ward"], **given)
    assert {each.name for each in found.objects.itertuples() if each.kind == "Namespace"} == {"ward"}
    assert set(found.verdicts) == {"pss-baseline"}
    with pytest.raises(DefinitionError, match="the snapshot has no namespace 'wrad'"):
        library.simulate(snapshot(*CLUSTER), tmp_path / "manifests.json", frameworks=["pss-baseline"],
                         scope=written("  namespaces: {names: [shop, wrad]}\n"))


def test_exports_list_what_is_outside_and_whose_each_subject_is(written, ward) -> None:
    taken = snapshot(*CLUSTER)
    scope = written("  namespaces: {names: [bank, lab]}\n  exclude:\n"
                    "    - {framework: ward, requirements: [C-1], reason: Not calm.}\n")
    given = {"scope": scope, "controls": ward, "owner_label": "data"}
    document = {form: handing_over.export(taken, form, ["ward"], **given) for form in ("sarif", "oscal", "junit", "ocsf")}
    run = json.loads(document["sarif"])["runs"][0]["properties"]
    assert run["outOfScope"] == [{"id": "C-1", "title": "Pods are not privileged", "reason": "out of scope: Not calm."}]
    [result] = json.loads(document["oscal"])["assessment-results"]["results"]
    assert result["reviewed-controls"]["control-selections"][0]["exclude-controls"] == [{"control-id": "ward-C-1"}]
    assert b"ward C-1 Pods are not privileged [out of scope]" in document["junit"]
    assert b'"team": "ephi"' in document["ocsf"] and b"out of scope: Not calm." in document["ocsf"]


def test_the_command_line_takes_a_scope_and_refuses_a_mistake(written, tmp_path) -> None:
    path = snapshot(*CLUSTER).write(tmp_path / "store")
    done = auditkit("evaluate", path, "-f", "pss-baseline", "--scope", written("  namespaces: {names: [shop]}\n"),
                    "--format", "json")
    assert done.returncode == 0 and "out of scope" in done.stdout
    wrong = auditkit("evaluate", path, "-f", "soc2", "--categories", "securty")
    assert wrong.returncode == 2 and "There is no category 'securty'; did you mean security?" in wrong.stderr


def test_the_scope_that_the_documentation_shows_is_one_of_the_demo(acme, tmp_path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "scope.md").read_text(encoding="utf-8")
    (tmp_path / "scope.yaml").write_text(text.partition("```yaml\n")[2].partition("```")[0])
    judged = judge(acme, tmp_path / "scope.yaml", "soc2")
    assert judged.notices.empty and judged.scope.carve_outs["requirement"].tolist() == ["CC6.4"]
    assert "CC9.2" in judged.scope.reasons and judged.scope.scope.entry.system == "Patient portal of Acme Hospital"
