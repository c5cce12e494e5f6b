"""Effective access is what the API server's RBAC authorizer answers."""

import gzip
import itertools

import access_reference as slow
import pandas as pd
import pytest
from access_random import EMPTY, GROUPS, REQUESTS, worlds
from access_worlds import HERE, TABLES, TRUTH, access, bind, cases, lines, recorded, request, role, rule, user, world
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.analysis.rbac.authorizer import Access
from auditkit.errors import UsageError
from tests.bench.access import cluster, questions

ALICE = user("alice")

# --- answers of real authorizers ------------------------------------------------------------------------------------


def sar_questions() -> list[dict]:
    held_back = sorted(TRUTH.glob("sar*.jsonl.gz"))
    return [line for file in held_back or [HERE / "truth" / "sar.dev.jsonl.gz"] for line in lines(file)]


def test_every_answer_of_the_recorded_api_server():
    questions = sar_questions()
    requests = pd.DataFrame([
        {"user": line["user"], "groups": line["groups"],
         **(line.get("resourceAttributes") or line["nonResourceAttributes"])} for line in questions])
    answers = Access(**recorded("acme-prod")).can(requests)
    wrong = [line for line, answer in zip(questions, answers, strict=True) if answer is not line["allowed"]]
    assert len(questions) >= 7_000
    assert wrong == []


def naive(objects: list[dict]) -> list[dict]:
    """Objects as a server has stored them: it gives each a UID, and what their rules say is all that counts."""
    return [{**thing, "metadata": {**thing["metadata"], "uid": f"uid-{number}"}}
            for number, thing in enumerate(objects)]


@pytest.mark.parametrize("stored", [True, False])
def test_every_answer_of_the_upstream_authorizer_in_worlds(stored):
    """As stored on a server the answers are the authorizer's; as mere manifests aggregated roles are gathered."""
    asked = [case for case in cases("authorize") if "world" in case["input"]]
    full = {repr(case["input"]["request"]): case["expected"]["allowed"] for case in asked
            if "-aggregated" in case["input"]["world"] and "not-aggregated" not in case["input"]["world"]}
    assert len(asked) > 2_000
    wrong = []
    for file, same in itertools.groupby(asked, key=lambda case: case["input"]["world"]):
        group = list(same)
        objects = world({"world": file})
        answers = access(naive(objects) if stored else objects).can(
            pd.DataFrame([request(case["input"]["request"]) for case in group]))
        for case, answer in zip(group, answers, strict=True):
            expected = case["expected"]["allowed"]
            if not stored and "not-aggregated" in file:
                expected = full.get(repr(case["input"]["request"]), answer)
            if answer is not expected:
                wrong.append(case["id"])
    assert wrong == []


def test_every_answer_of_the_authorizers_own_tables():
    wrong = []
    for case in cases("authorize"):
        if "world" not in case["input"]:
            answer = access(world(case["input"])).can(pd.DataFrame([request(case["input"]["request"])]))
            if answer.iloc[0] is not case["expected"]["allowed"]:
                wrong.append(case["id"])
    assert wrong == []


def test_every_single_rule():
    asked = cases("rule_matches")
    objects, requests = [], []
    for number, case in enumerate(asked):
        objects += [role(f"r{number}", case["input"]["rule"]), bind(f"b{number}", f"r{number}",
                                                                    {"kind": "User", "name": f"u{number}"})]
        requests.append({**request(case["input"]["request"]), "user": f"u{number}"})
    answers = access(objects).can(pd.DataFrame(requests))
    assert [case["id"] for case, answer in zip(asked, answers, strict=True)
            if answer is not case["expected"]["allowed"]] == []
    assert len(asked) > 40


def test_whom_subjects_mean():
    for case in cases("applies_to"):
        asked = case["input"]
        binding = bind("b", "r", *asked["subjects"], namespace=asked["namespace"])
        answer = access([role("r", rule("get", "pods")), binding]).can(
            user=asked["user"], groups=asked["groups"] or [], verb="get", resource="pods",
            namespace=asked["namespace"])
        assert bool(answer) is case["expected"]["appliesTo"], case["id"]


def test_which_rules_a_user_has():
    for case in cases("rules_for"):
        asked = case["input"]
        found = access(world(asked))
        requests = [
            {"user": asked["user"], "groups": asked["groups"] or [], "verb": verb, "group": group,
             "resource": resource, "namespace": asked["namespace"], "name": "", "subresource": "", "path": ""}
            for effective in [r for o in world(asked) for r in o.get("rules") or []]
            for verb in effective["verbs"] for group in effective["apiGroups"] for resource in effective["resources"]]
        rules = case["expected"]["effectiveRules"] or []
        expected = [any(slow.rule_allows(r, asked_for) for r in rules) for asked_for in requests]
        assert found.can(pd.DataFrame(requests)).tolist() == expected, case["id"]


def test_which_paths_a_path_covers():
    for case in cases("nonresource_covers"):
        owner, path = case["input"]["owner"], case["input"]["requested"]
        if path:
            found = access([role("r", {"verbs": ["get"], "nonResourceURLs": [owner]}), bind("b", "r", ALICE)])
            assert bool(found.can(user="alice", verb="get", path=path)) is case["expected"]["covered"], case["id"]


def test_every_list_of_holders():
    wrong, built = [], {}
    for case in cases("who_can"):
        asked, expected = request(case["input"]["request"]), case["expected"]["subjects"]
        key = case["input"].get("world", case["id"])
        built[key] = built.get(key) or access(naive(world(case["input"])))
        found = built[key].who_can(
            asked["verb"], asked["resource"], group=asked["group"], subresource=asked["subresource"],
            namespace=asked["namespace"], name=asked["name"], path=asked["path"])
        seen = _subjects(found)
        if case["input"].get("superUser"):  # a flag of the server that its objects do not show
            seen.add(("User", "", case["input"]["superUser"]))
        meant = {tuple(s) if isinstance(s, list) else (s["kind"], s.get("namespace", ""), s["name"]) for s in expected}
        if seen != {_at_home(subject, asked["namespace"]) for subject in meant}:
            wrong.append(case["id"])
    assert wrong == []


def _subjects(holders: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(zip(holders["subject_kind"], holders["subject_namespace"].fillna(""), holders["subject"], strict=True))


def _at_home(subject: tuple[str, str, str], namespace: str) -> tuple[str, str, str]:
    """A service account that its RoleBinding names without a namespace is one of the binding's."""
    kind, space, name = subject
    return (kind, space or namespace, name) if kind == "ServiceAccount" else subject


# --- against the plain way ------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(worlds(), REQUESTS)
def test_columns_of_questions_are_answered_as_one_by_one(objects, requests):
    requests = [EMPTY | asked for asked in requests]
    answers = access(objects).can(pd.DataFrame(requests, index=range(7, 7 + len(requests))))
    assert answers.tolist() == [slow.allowed(objects, asked) for asked in requests]
    assert answers.index[0] == 7
    assert str(answers.dtype) == "bool[pyarrow]"


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from(["get", "bind"]), GROUPS, st.sampled_from(["pods", "pods/log", "log"]),
       st.sampled_from(["", "one"]), st.sampled_from(["", "a"]))
def test_who_can_names_exactly_those_who_can(objects, verb, group, resource, namespace, name):
    found = access(objects)
    plain, _, sub = resource.partition("/")
    asked = EMPTY | {"verb": verb, "group": group, "resource": plain, "subresource": sub, "namespace": namespace,
                     "name": name, "path": ""}
    holders = found.who_can(verb, plain, group=group, subresource=sub, namespace=namespace, name=name)
    seen = _subjects(holders)
    meant = {("Group", "", "system:masters")}
    for kind, space, subject in itertools.product(
            ("User", "Group", "ServiceAccount"), ("", "one", "two"),
            ("alice", "team", "*", "sa", "system:serviceaccount:one:sa")):
        user = f"system:serviceaccount:{space}:{subject}" if kind == "ServiceAccount" else subject
        if (kind == "ServiceAccount") != bool(space) or not any(
                _named(s, kind, space, subject, b["metadata"].get("namespace", ""))
                for b in objects for s in b.get("subjects") or []):
            continue
        who = {"user": "" if kind == "Group" else user, "groups": [subject] if kind == "Group" else []}
        # a service account is listed as whom the binding names: as itself, or as a user of that name
        own = [b if "subjects" not in b else b | {"subjects": [
            s for s in b["subjects"] if _named(s, kind, space, subject, b["metadata"].get("namespace", ""))]}
            for b in objects]
        if slow.allowed(own, asked | who):
            meant.add((kind, space, subject))
    assert seen == meant


def _named(subject: dict, kind: str, space: str, name: str, scope: str) -> bool:
    home = (subject.get("namespace") or scope) if kind == "ServiceAccount" else ""
    return (subject["kind"], home, subject["name"]) == (kind, space, name)


# --- particulars ----------------------------------------------------------------------------------------------------


def test_a_no_is_not_known_where_bindings_may_be_missing():
    objects = [role("r", rule("get", "pods")), bind("b", "r", ALICE)]
    found = access(objects, gaps=["rolebindings is forbidden"])
    assert found.can(user="alice", verb="get", resource="pods") is True
    assert found.can(user="alice", verb="delete", resource="pods") is pd.NA
    assert found.who_can("get", "pods").attrs["gaps"] == ["rolebindings is forbidden"]


def test_groups_that_everybody_has_where_none_are_given():
    objects = [role("r", rule("get", "pods")), role("n", rule("get", "nodes")), role("a", rule("get", "services")),
               bind("one", "r", {"kind": "Group", "name": "system:serviceaccounts:ci"}),
               bind("two", "n", {"kind": "Group", "name": "system:authenticated"}),
               bind("three", "a", {"kind": "Group", "name": "system:unauthenticated"})]
    found = access(objects)
    requests = pd.DataFrame({
        "user": ["system:serviceaccount:ci:x", "system:serviceaccount:cd:x", "eve", "system:anonymous", "eve",
                 "system:anonymous"],
        "verb": "get", "resource": ["pods", "pods", "nodes", "nodes", "services", "services"]})
    assert found.can(requests).tolist() == [True, False, True, False, False, True]
    assert found.can(requests.assign(groups=[[]] * 6)).tolist() == [False] * 6


def test_a_membership_file_adds_to_what_a_user_can_and_to_who_can():
    objects = [role("r", rule("get", "pods")), bind("b", "r", {"kind": "Group", "name": "team"})]
    found = access(objects, memberships=pd.DataFrame({"user": ["eve", "eve"], "group": ["team", "staff"]}))
    assert found.can(user="eve", verb="get", resource="pods") is True
    assert found.can(user="eve", verb="get", resource="pods", groups=["staff"]) is False
    holders = found.who_can("get", "pods").set_index("subject")
    assert holders.loc["eve", "through"] == "team"
    assert holders.loc["team", "members"] == "1 by the membership file"
    assert holders.loc["system:masters", "members"] == "the cluster does not store its members"


def test_a_question_may_be_written_as_kubectl_writes_it():
    served = pd.DataFrame({"group": ["apps", "", "metrics.k8s.io"], "resource": ["deployments", "pods", "pods"]})
    objects = [role("r", rule("get", "deployments", "apps"), rule("create", "pods/exec")), bind("b", "r", ALICE)]
    found = access(objects, api_resources=served)
    assert found.can(user="alice", verb="get", resource="deployments") is True
    assert found.can(user="alice", verb="get", resource="deployments", group="") is False
    assert found.can(user="alice", verb="get", resource="deployments.apps") is True
    assert found.can(user="alice", verb="create", resource="pods/exec") is True


def test_who_can_without_a_namespace_looks_everywhere_and_says_where():
    objects = [role("r", rule("get", "secrets", resourceNames=["db"]), namespace="billing"),
               bind("b", "r", ALICE, namespace="billing", kind="Role")]
    found = access(objects)
    row = found.who_can("get", "secrets").set_index("subject").loc["alice"]
    assert (row["namespace"], row["resource_name"], row["role_kind"], row["rule"]) == ("billing", "db", "Role", 0)
    assert "alice" not in set(found.who_can("get", "secrets", namespace="")["subject"])
    assert "alice" not in set(found.who_can("get", "secrets", namespace="billing", name="")["subject"])
    assert "alice" in set(found.who_can("get", "secrets", namespace="billing", name="db")["subject"])


def test_a_resource_outside_of_namespaces_is_not_granted_by_a_role_binding():
    served = pd.DataFrame({"group": [""], "resource": ["nodes"], "verb": ["get"], "namespaced": [False]})
    objects = [role("r", rule("get", "nodes pods")), bind("b", "r", ALICE, namespace="billing")]
    found = access(objects, api_resources=served)
    assert "alice" not in set(found.who_can("get", "nodes")["subject"])
    assert "alice" in set(found.who_can("get", "pods")["subject"])


@pytest.mark.parametrize("question", [{"user": "alice"}, {"verb": "get", "apiGroup": "apps"}])
def test_a_question_that_is_none_is_refused(question):
    with pytest.raises(UsageError, match="verb"):
        access([]).can(**question)


def test_requests_without_verbs_are_refused():
    with pytest.raises(UsageError, match="verb"):
        access([]).can(pd.DataFrame({"user": ["alice"]}))


def test_no_questions_and_no_cluster():
    assert access([]).can(pd.DataFrame({"verb": []})).tolist() == []
    assert access([]).can(user="alice", verb="get", resource="pods") is False


def test_the_questions_of_the_project_are_those_of_the_recording():
    with gzip.open(HERE / "truth" / "sar.dev.jsonl.gz") as file:
        assert sum(1 for _ in file) == 7_836
    assert set(recorded("acme-prod")) == set(TABLES)


def test_a_snapshot_is_asked(acme):
    assert acme.can(user="system:serviceaccount:billing:invoicer", verb="get", resource="secrets",
                    namespace="billing", name="smtp") is True
    assert acme.can(user="system:serviceaccount:billing:invoicer", verb="get", resource="secrets",
                    namespace="billing") is False
    requests = pd.DataFrame({"user": ["dana@acme.example"], "verb": ["delete"], "resource": ["nodes"]})
    assert acme.can(requests).tolist() == [True]
    assert acme.who_can("get", "secrets").attrs["gaps"] == []
    assert {"invoicer", "runner"} <= set(acme.who_can("get", "secrets", namespace="billing")["subject"])
    view = acme.who_can("list", "pods").set_index("binding").loc["auditors-view"]
    assert view["aggregated_from"] == "system:aggregate-to-view"
    assert (acme.access["subject"] == "invoicer").any()


def test_a_sample_of_a_big_cluster_is_answered_as_one_by_one():
    objects, asked = cluster(bindings=2_000, subjects=300, roles=100, namespaces=20), questions(
        200, subjects=300, namespaces=20)
    answers = access(objects).can(asked).tolist()
    assert answers == [slow.allowed(objects, one) for one in asked.to_dict("records")]
    assert 10 < sum(answers) < 190
