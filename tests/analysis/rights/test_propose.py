"""Proposals: the smallest roles that would have allowed what was used."""

import copy
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from access_random import EMPTY
from access_reference import allowed
from access_worlds import bind, group, role, rule, user
from audit_worlds import event, refused, uses
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import frames

from auditkit.analysis.rights.manifests import Subject
from auditkit.analysis.rights.propose import Proposal, propose
from auditkit.analysis.rights.uses import MAX_NAMES

ALICE = Subject("User", "alice")
EVERYBODY = {"kind": "ClusterRoleBinding", "metadata": {"name": "system:discovery"},
             "roleRef": {"kind": "ClusterRole", "name": "system:discovery"}, "subjects": [group("system:authenticated")]}
DISCOVERY = role("system:discovery", {"verbs": ["get"], "nonResourceURLs": ["/version", "/apis/*"]})


def proposed(*events: dict[str, Any], subject: Subject = ALICE, objects: tuple[dict, ...] = (), spaces: str = "one two",
             served: dict[str, str] | None = None, **options: Any) -> Proposal:
    namespaces = [{"kind": "Namespace", "metadata": {"name": name}} for name in spaces.split()]
    found = frames([DISCOVERY, EVERYBODY, *objects, *namespaces])
    rows = [(group_of, name, verb) for what, verbs in (served or {}).items() for verb in verbs.split()
            for name, _, group_of in [what.partition(".")]]
    found["api_resources"] = pd.DataFrame(rows, columns=["group", "resource", "verb"], dtype="string[pyarrow]")
    return propose(subject, uses(*events), found, **options)


def rules(found: Proposal) -> dict[tuple[str, str], list[dict]]:
    """The rules of each role by its kind and namespace."""
    return {(thing["kind"], thing["metadata"].get("namespace", "")): thing["rules"] for thing in found.manifests if
            "rules" in thing}


def test_each_scope_has_its_own_role_and_what_was_used_is_all_that_is_granted() -> None:
    found = proposed(event(verb="list", resource="nodes"), event(resource="pods", namespace="one", name="web"),
                     event(verb="list", resource="pods", namespace="one"), event(resource=None, path="/metrics"))
    assert rules(found) == {
        ("ClusterRole", ""): [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
                              {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}],
        ("Role", "one"): [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
                          {"apiGroups": [""], "resources": ["pods"], "resourceNames": ["web"], "verbs": ["get"]}]}
    assert [(thing["kind"], thing["metadata"]["name"]) for thing in found.manifests] == [
        ("ClusterRole", "alice-used"), ("ClusterRoleBinding", "alice-used"), ("Role", "alice-used-2"),
        ("RoleBinding", "alice-used-2")]
    assert (found.requests, found.questions, found.refused) == (4, 0, 0)


def test_what_namespaces_need_alike_is_one_role_that_is_bound_in_each() -> None:
    found = proposed(*(event(verb="list", namespace=name) for name in ("one", "two")))
    assert rules(found) == {("ClusterRole", ""): [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}
    assert [thing["metadata"].get("namespace") for thing in found.manifests if thing["kind"] == "RoleBinding"] == ["one", "two"]
    assert all(thing["kind"] != "ClusterRoleBinding" for thing in found.manifests)


def test_what_the_whole_cluster_grants_stands_in_no_namespace() -> None:
    found = proposed(event(verb="list"), event(verb="list", namespace="one"))
    assert list(rules(found)) == [("ClusterRole", "")]


def test_what_was_used_in_each_of_many_namespaces_is_granted_in_the_cluster() -> None:
    spaces = "a b c d e"
    every = [event(verb="list", namespace=name) for name in spaces.split()]
    assert {thing["kind"] for thing in proposed(*every, spaces=spaces).manifests} == {"ClusterRole", "ClusterRoleBinding"}
    assert {thing["kind"] for thing in proposed(*every[1:], spaces=spaces).manifests} == {"ClusterRole", "RoleBinding"}
    assert {thing["kind"] for thing in proposed(*every[1:], spaces="b c d e").manifests} == {"ClusterRole", "RoleBinding"}


def test_names_are_kept_where_they_are_used_in_many_namespaces() -> None:
    """One Secret in each of five namespaces is not every Secret of the cluster."""
    spaces = "a b c d e"
    alike = [event(resource="secrets", name="pull", namespace=name) for name in spaces.split()]
    assert rules(proposed(*alike, spaces=spaces)) == {("ClusterRole", ""): [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["pull"], "verbs": ["get"]}]}
    other = [event(resource="secrets", name=f"pull-{name}", namespace=name) for name in spaces.split()]
    found = rules(proposed(*other, spaces=spaces))
    assert {scope: rule["resourceNames"] for (_, scope), (rule,) in found.items()} == {
        name: [f"pull-{name}"] for name in spaces.split()}


def test_a_path_among_many_is_granted_as_it_was_used() -> None:
    """``/logs/*`` does not cover ``/logs``."""
    paths = ["/", "/logs", *(f"/logs/{at}" for at in range(30))]
    (rule,), = rules(proposed(*(event(resource=None, path=path) for path in paths))).values()
    assert rule["nonResourceURLs"] == ["/", "/logs", "/logs/*"]


@pytest.mark.parametrize(("events", "names"), [
    ([event(name="a"), event(name="b")], ["a", "b"]),
    ([event(name=f"n{at}") for at in range(11)], None),  # too many
    ([event(name="web-7f9c5-x2kq4")], None),  # a controller's
    ([event(name="a"), event(verb="create")], None),  # its own objects will have other names
    ([event(verb="list", name="a")], ["a"]),  # a field selector
    ([event(verb="list", name="a"), event(verb="list")], None),
    ([event(verb="create", name="a")], None),
    ([event(verb="deletecollection", name="a")], None),
    ([event(verb="create", resource="pods/exec", name="a")], ["a"]),
    ([event(name=f"n{at}") for at in range(MAX_NAMES + 1)], None),
])
def test_a_rule_is_limited_to_names_only_where_that_is_sound(events: list, names: list | None) -> None:
    found = proposed(*events)
    (given_rules,) = rules(found).values()
    assert [rule_.get("resourceNames") for rule_ in given_rules if rule_["verbs"] != ["create"] or len(given_rules) == 1] == [names]
    assert found.refused == 0


def test_server_side_apply_needs_create_by_name() -> None:
    found = proposed(event(verb="patch", resource="configmaps", name="c", namespace="one", code=201))
    assert rules(found) == {("Role", "one"): [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["c"], "verbs": ["create", "patch"]}]}
    assert (found.requests, found.questions) == (1, 1)


def test_what_everybody_may_do_is_not_granted_again() -> None:
    found = proposed(event(resource=None, path="/apis/apps/v1"), event(resource=None, path="/metrics"))
    assert rules(found) == {("ClusterRole", ""): [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]}
    assert (found.requests, found.by_default, found.refused) == (2, 1, 0)


def test_refused_requests_and_those_that_passed_before_rbac_need_no_right() -> None:
    found = proposed(refused(), event(groups="system:masters", reason=None), event(reason="webhook: yes", verb="list"))
    assert found.manifests == [] and found.aside == {"another authorizer": 1, "system:masters": 1}


def test_a_request_of_which_nothing_is_said_counts_if_it_succeeded() -> None:
    found = proposed(event(decision=None, reason=None), event(verb="list", decision=None, reason=None, code=404))
    assert rules(found) == {("ClusterRole", ""): [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    assert any("by what they were allowed" in note for note in found.notes)


def test_the_margin_adds_what_is_served_but_no_secrets() -> None:
    served = {"deployments.apps": "get list watch create", "secrets": "get list watch", "tokenreviews": "create"}
    used = [event(verb="create", resource="deployments.apps", namespace="one"), event(resource="secrets", namespace="one", name="s"),
            event(verb="create", resource="tokenreviews")]
    found = proposed(*used, served=served, margin=True)
    assert rules(found) == {
        ("ClusterRole", ""): [{"apiGroups": [""], "resources": ["tokenreviews"], "verbs": ["create"]}],
        ("Role", "one"): [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["s"], "verbs": ["get"]},
                          {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "get", "list", "watch"]}]}


def test_the_margin_adds_nothing_for_accounts_that_are_only_impersonated() -> None:
    """Whoever acts as an account does not read accounts."""
    asked = event(user="alice", impersonated_user="system:serviceaccount:one:robot", namespace="one",
                  impersonated_groups="system:serviceaccounts,system:serviceaccounts:one,system:authenticated")
    served = {"serviceaccounts": "get list watch create", "pods": "get list watch"}
    objects = (role("r", rule("impersonate", "serviceaccounts users groups")), bind("b", "r", user("alice")))
    found = proposed(asked, objects=objects, served=served, margin=True)
    assert {verb for each in rules(found).values() for one in each for verb in one["verbs"]} == {"impersonate"}
    assert found.refused == 0 < found.questions
    narrow = proposed(asked, objects=(
        role("r", rule("impersonate:serviceaccount", "serviceaccounts", group="authentication.k8s.io"),
             rule("impersonate-on:serviceaccount:get", "pods")), bind("b", "r", user("alice"))), served=served, margin=True)
    assert {verb for each in rules(narrow).values() for one in each for verb in one["verbs"]} == {
        "impersonate:serviceaccount", "impersonate-on:serviceaccount:get"}


def test_a_group_needs_what_its_members_used_of_its_own_bindings() -> None:
    objects = (role("r", rule("list", "pods")), bind("b", "r", group("team")))
    asked = [event(verb="list", groups="team,system:authenticated"), event(verb="list", user="bob", groups="team"),
             event(verb="delete", groups="team,system:authenticated"), event(verb="list", user="eve")]
    found = proposed(*asked, subject=Subject("Group", "team"), objects=objects)
    assert rules(found) == {("ClusterRole", ""): [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}
    assert found.requests == 2
    assert found.manifests[1]["subjects"] == [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "team"}]


def test_an_impersonator_needs_the_form_of_impersonation_that_it_holds() -> None:
    asked = event(user="alice", impersonated_user="bob", impersonated_groups="system:authenticated", namespace="one")
    plain = proposed(asked, objects=(role("r", rule("impersonate", "users")), bind("b", "r", user("alice"))))
    assert rules(plain) == {("ClusterRole", ""): [
        {"apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"], "verbs": ["impersonate"]}]}
    narrow = proposed(asked, objects=(role("r", rule("impersonate:user-info", "users", "authentication.k8s.io")),
                                      bind("b", "r", user("alice"))))
    assert rules(narrow) == {
        ("ClusterRole", ""): [{"apiGroups": ["authentication.k8s.io"], "resources": ["users"], "resourceNames": ["bob"],
                               "verbs": ["impersonate:user-info"]}],
        ("Role", "one"): [{"apiGroups": [""], "resources": ["pods"], "verbs": ["impersonate-on:user-info:get"]}]}
    assert plain.refused == narrow.refused == 0


def test_new_names_take_none_that_is_there() -> None:
    objects = (role("alice-used", rule("get", "pods")), bind("alice-used-2", "alice-used", user("x"), namespace="one"))
    assert proposed(event(), objects=objects).manifests[0]["metadata"]["name"] == "alice-used-3"


@pytest.mark.parametrize(("subject", "warned"), [
    (Subject("User", "system:kube-scheduler"), True), (Subject("Group", "system:nodes"), True),
    (Subject("ServiceAccount", "job-controller", "kube-system"), True), (Subject("ServiceAccount", "app", "pay"), False),
    (ALICE, False)])
def test_who_narrows_kubernetes_itself_is_warned(subject: Subject, warned: bool) -> None:
    assert any("belongs to Kubernetes itself" in note for note in proposed(subject=subject).notes) is warned


def test_gaps_of_the_log_are_notes() -> None:
    assert proposed(event(), gaps=["it begins today"]).notes == [
        "The log is not complete, so that the proposal can lack rights: it begins today."]


# --- any use ---------------------------------------------------------------------------------------------------------

SPACES = st.sampled_from([None, "one", "two"])
OBJECTS = st.builds(
    lambda verb, resource, space, name: event(verb=verb, resource=resource, namespace=space, name=name),
    st.sampled_from(["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]),
    st.sampled_from(["pods", "pods/log", "secrets", "deployments.apps", "jobs.batch"]), SPACES,
    st.sampled_from([None, "a", "b", "web-7f9c5-x2kq4"]))
PATHS = st.builds(lambda verb, path: event(verb=verb, resource=None, path=path), st.sampled_from(["get", "post"]),
                  st.sampled_from(["/metrics", "/version", "/logs/a", "/logs/b"]))


def questions(events: list[dict]) -> Iterator[dict]:
    """What the authorizer was asked."""
    for one in events:
        named = one["name"] if "name" in one and not (
            one["verb"] in ("create", "deletecollection") and one["subresource"] is None) else None
        yield {**EMPTY, "path": "", "user": "alice", "groups": ["system:authenticated"], "verb": one["verb"]} | (
            {"path": one["path"]} if one["resource"] is None else {
                "group": one["api_group"], "resource": one["resource"], "subresource": one["subresource"] or "",
                "namespace": one["namespace"] or "", "name": named or ""})


def smaller(objects: list[dict]) -> Iterator[list[dict]]:
    """The objects without one word of one rule, in every way; and without one rule."""
    for at, thing in enumerate(objects):
        for number, given_rule in enumerate(thing.get("rules", ())):
            words = [(key, place) for key, values in given_rule.items() for place in range(len(values)) if len(values) > 1]
            for key, place in [*words, ("", 0)]:
                less = copy.deepcopy(objects)
                if key:
                    del less[at]["rules"][number][key][place]
                else:
                    del less[at]["rules"][number]
                yield less


@given(st.lists(st.one_of(OBJECTS, PATHS), max_size=10))
@settings(max_examples=25, deadline=None)
def test_a_proposal_allows_all_that_was_used_and_no_word_of_it_can_go(events: list[dict]) -> None:
    found = proposed(*events)
    asked, default = list(questions(events)), [DISCOVERY, EVERYBODY]
    assert found.refused == 0 and found.requests == len(events)
    assert all(allowed([*default, *found.manifests], one) for one in asked)
    for less in smaller(found.manifests):
        assert not all(allowed([*default, *less], one) for one in asked)
    assert bool(found.manifests) == any(not allowed(default, one) for one in asked)


def test_nothing_used_proposes_nothing() -> None:
    found = proposed(event(user="bob"))
    assert (found.manifests, found.requests, found.refused) == ([], 0, 0)
