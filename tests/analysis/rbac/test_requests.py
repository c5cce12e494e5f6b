"""What a rule seems to grant and what a request can use: namespaces, names, constrained impersonation, members."""

import pandas as pd
import pytest
from access_worlds import account, bind, group, role, rule, user
from escalation_worlds import acts, namespace, service_account
from worlds import derived, frames

from auditkit.analysis.escalation.paths import paths_to_admin
from auditkit.analysis.rbac.authorizer import Access
from auditkit.analysis.rbac.duties import duties
from auditkit.analysis.rbac.privileges import role_powers
from auditkit.analysis.rbac.requests import asked_beside
from auditkit.errors import DefinitionError
from tests.analysis.escalation.test_paths import of_alice

RBAC, AUTHN, HOOKS = "rbac.authorization.k8s.io", "authentication.k8s.io", "admissionregistration.k8s.io"
ALICE = user("alice")
MEMBERS = pd.DataFrame({"user": ["kim", "kim", "system:serviceaccount:ci:bot"], "group": ["dev", "sec", "dev"]},
                       dtype="string[pyarrow]")


def powers(*rules: dict) -> set[str]:
    return set(role_powers(frames([role("r", *rules)])["role_rules"])["power"])


def held(*objects: dict, **given: pd.DataFrame) -> pd.DataFrame:
    (found,) = derived(frames(objects) | given, "held_powers")
    return found


def access(*objects: dict) -> Access:
    found = frames(objects)
    return Access(**{name: found[name] for name in (
        "roles", "role_rules", "role_urls", "role_labels", "role_aggregation", "binding_subjects", "api_resources")})


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "expected"), [
    ([rule("create", "secrets", resourceNames=["x"])], set()),
    ([rule("create deletecollection", "validatingwebhookconfigurations", HOOKS, resourceNames=["x"])], set()),
    ([rule("deletecollection", "pods", resourceNames=["x"])], set()),
    ([rule("create update", "validatingwebhookconfigurations", HOOKS, resourceNames=["x"])], {"change_webhooks"}),
    ([rule("create", "serviceaccounts/token pods/exec", resourceNames=["x"])], {"create_tokens", "exec_pods"}),
    ([rule("create", "*", resourceNames=["x"])],
     {"create_tokens", "exec_pods", "attach_pods", "proxy_pods", "evict_pods"}),
    ([rule("create", "pods", resourceNames=["x"])], set()),
    # server-side apply makes what it may patch and create by that name
    ([rule("create", "pods", resourceNames=["x"]), rule("patch", "pods")], {"create_pods", "change_pods"}),
    ([rule("create", "pods", resourceNames=["x"]), rule("patch", "pods", resourceNames=["y"])], {"change_pods"}),
])
def test_a_right_to_create_objects_of_certain_names_meets_no_request(rules, expected):
    assert powers(*rules) - {"proxy_nodes"} == expected


def test_who_can_create_does_not_claim_what_no_request_can_use():
    found = access(role("r", rule("create get", "secrets", resourceNames=["x"]),
                        rule("create", "serviceaccounts/token", resourceNames=["x"])), bind("b", "r", ALICE))
    assert "alice" not in set(found.who_can("create", "secrets")["subject"])
    assert "alice" not in set(found.who_can("deletecollection", "secrets")["subject"])
    assert "alice" in set(found.who_can("get", "secrets")["subject"])
    assert "alice" in set(found.who_can("create", "serviceaccounts/token")["subject"])
    # a SubjectAccessReview with a name says yes, and so do we
    assert found.can(user="alice", verb="create", resource="secrets", namespace="shop", name="x")
    assert not found.can(user="alice", verb="create", resource="secrets", namespace="shop")


def test_the_table_of_access_does_not_list_it_either():
    objects = [role("r", rule("create get", "secrets", resourceNames=["x"]),
                    rule("create", "pods/exec", resourceNames=["x"])), bind("b", "r", ALICE)]
    (found,) = derived(frames(objects), "access")
    found = found[(found["subject"] == "alice").fillna(False)].astype("string[pyarrow]")
    assert set(zip(found["verb"], found["resource"], strict=True)) == {("get", "secrets"), ("create", "pods/exec")}


# --- a namespace as an object ---------------------------------------------------------------------------------------

RELABELS = rule("get update patch", "namespaces")


def test_a_role_binding_grants_its_own_namespace():
    found = held(role("r", RELABELS), bind("b", "r", ALICE, namespace="shop"))
    assert set(zip(found["power"], found["scope"], strict=True)) == {("change_namespaces", "shop")}
    assert held(role("r", rule("create list", "namespaces")), bind("b", "r", ALICE, namespace="shop")).empty
    assert held(role("r", rule("patch", "namespaces", "example.com")), bind("b", "r", ALICE, namespace="shop")).empty


@pytest.mark.parametrize("resource", ["namespaces/status", "namespaces/finalize"])
def test_a_write_of_the_state_of_a_namespace_alters_its_labels_too(resource):
    """Kubernetes resets only ``spec`` (or ``status``) in it: registry/core/namespace/strategy.go, PrepareForUpdate."""
    found = held(role("r", rule("get patch", resource)), bind("b", "r", ALICE, namespace="shop"))
    assert set(zip(found["power"], found["scope"], strict=True)) == {("change_namespaces", "shop")}
    assert held(role("r", rule("get delete create", resource)), bind("b", "r", ALICE)).empty


@pytest.mark.parametrize(("name", "space", "scopes"), [
    ("shop", "shop", {"shop"}), ("bank", "shop", set()), ("bank", "", {"bank"})])
def test_a_namespace_that_a_rule_names_is_a_scope(name, space, scopes):
    named = rule("patch", "namespaces", resourceNames=[name])
    assert set(held(role("r", named), bind("b", "r", ALICE, namespace=space))["scope"]) == scopes


def test_lifting_pod_security_in_ones_own_namespace_is_a_step():
    objects = (namespace("shop", **{"pod-security.kubernetes.io/enforce": "restricted"}),)
    found = of_alice(RELABELS, rule("create", "pods"), space="shop", more=objects)
    assert ("lifts Pod Security and runs a privileged pod", "Nodes") in found
    found = of_alice(rule("get", "namespaces"), rule("create", "pods"), space="shop", more=objects)
    assert ("lifts Pod Security and runs a privileged pod", "Nodes") not in found


# --- constrained impersonation --------------------------------------------------------------------------------------

ACTS = rule("impersonate-on:user-info:create", "clusterrolebindings", RBAC)
USER, GROUP = ("impersonates a user for some requests", "Users"), ("impersonates a group for some requests", "Groups")
AS_USER = rule("impersonate:user-info", "users", AUTHN)


@pytest.mark.parametrize(("rules", "expected"), [
    ([AS_USER, ACTS], {USER}),
    ([AS_USER], set()),
    ([ACTS], set()),
    ([AS_USER, rule("impersonate-on:user-info:list", "pods")], set()),
    ([AS_USER, rule("impersonate-on:user-info:*", "clusterrolebindings", RBAC)], set()),
    ([AS_USER, rule("impersonate-on:serviceaccount:create", "pods")], set()),
    ([AS_USER, rule("create", "clusterrolebindings", RBAC)], set()),
    ([rule("impersonate:user-info", "users"), ACTS], set()),
    ([rule("impersonate:user-info", "groups", AUTHN), ACTS], set()),
    ([rule("impersonate:user-info", "users groups", AUTHN), ACTS], {USER, GROUP}),
    ([AS_USER, rule("impersonate:user-info", "groups", AUTHN, resourceNames=["ops", "system:masters"]), ACTS],
     {USER, (GROUP[0], "Group ops")}),
    ([rule("impersonate:user-info", "users", AUTHN, resourceNames=["eve", "system:serviceaccount:a:b"]), ACTS],
     {(USER[0], "User eve")}),
    ([rule("impersonate:arbitrary-node", "nodes", AUTHN, resourceNames=["n1"]),
      rule("impersonate-on:arbitrary-node:create", "serviceaccounts/token")],
     {("impersonates a node for some requests", "PodsOfNode n1")}),
    ([rule("impersonate:serviceaccount", "serviceaccounts", AUTHN),
      rule("impersonate-on:serviceaccount:create", "pods/exec")],
     {("impersonates a service account for some requests", "Accounts")}),
])
def test_both_halves_of_constrained_impersonation_are_a_step(rules, expected):
    assert {step for step in of_alice(*rules) if "some requests" in step[0]} == expected


def test_an_associated_node_is_asked_for_by_no_name():
    objects = [role("r", rule("impersonate:associated-node", "nodes", AUTHN, resourceNames=["n1"])), bind("b", "r", ALICE)]
    assert held(*objects).empty
    objects[0] = role("r", rule("impersonate:associated-node", "nodes", AUTHN, resourceNames=["*"]))
    assert set(held(*objects)["power"]) == {"impersonate_constrained"}


def test_constrained_impersonation_of_an_administrator_is_a_path():
    objects = [role("admin", rule("*", "*", "*")), bind("a", "admin", user("root")),
               role("r", AS_USER, ACTS), bind("b", "r", ALICE)]
    paths = paths_to_admin(*derived(frames(objects), "escalation_steps")).set_index("name")
    assert paths.loc["alice", "steps"] == 2
    assert not paths.loc["alice", "certain"]


# --- members --------------------------------------------------------------------------------------------------------


def test_members_hold_what_their_groups_hold():
    objects = [role("r", rule("get", "secrets")), bind("b", "r", group("dev"), ALICE)]
    found = held(*objects, memberships=MEMBERS)
    rows = found[["user", "through", "row"]].astype(object).where(lambda frame: frame.notna(), None)
    assert set(rows.itertuples(index=False, name=None)) == {
        (None, None, 0), ("alice", None, 1), ("kim", "dev", 0), ("system:serviceaccount:ci:bot", "dev", 0)}


def test_members_have_paths_and_conflicts():
    objects = [role("grants", rule("create", "rolebindings", RBAC), rule("bind", "clusterroles", RBAC)),
               role("runs", rule("create", "pods")), service_account("bot", "ci"),
               bind("a", "grants", group("dev")), bind("b", "runs", group("sec"))]
    found = frames(objects) | {"memberships": MEMBERS}
    conflicts, steps = derived(found, "duty_conflicts", "escalation_steps")
    conflicts = conflicts[conflicts["duty"] == "grants-and-runs"]
    assert conflicts["user"].tolist() == ["kim"]
    assert conflicts[["first_row", "second_row"]].to_numpy().tolist() == [[0, 1]]
    reached = {who for who, step, _ in acts(steps) if step.startswith("binds cluster-admin")}
    assert {"User kim", "ServiceAccount ci/bot"} <= reached


def test_members_are_listed_as_what_they_are():
    found = frames([role("r", rule("get", "secrets")), bind("b", "r", group("dev"))]) | {"memberships": MEMBERS}
    holders = Access(**{name: found[name] for name in (
        "roles", "role_rules", "role_urls", "role_labels", "role_aggregation", "binding_subjects", "memberships",
    )}).who_can("get", "secrets")
    through = holders[holders["through"].notna()]
    assert through[["subject_kind", "subject_namespace", "subject"]].astype(object).where(
        lambda frame: frame.notna(), None).to_numpy().tolist() == [["ServiceAccount", "ci", "bot"], ["User", None, "kim"]]


# --- signers, and what is asked beside ------------------------------------------------------------------------------


def test_a_signer_is_asked_for_by_its_domain_too():
    signers = rule("approve", "signers", "certificates.k8s.io", resourceNames=["kubernetes.io/*"])
    found = access(role("r", signers), bind("b", "r", account("approver", "certs")))
    asked = {"group": "certificates.k8s.io", "name": "kubernetes.io/kube-apiserver-client"}
    assert "approver" in set(found.who_can("approve", "signers", **asked)["subject"])
    assert "approver" not in set(found.who_can("approve", "signers", **asked | {"name": "example.com/x"})["subject"])


@pytest.mark.parametrize(("right", "expected"), [
    (("impersonate", "", "users"), True), (("bind", RBAC, "clusterroles"), True), (("*", RBAC, "*"), True),
    (("approve", "certificates.k8s.io", "signers"), True), (("get", "", "nodes/metrics"), True),
    (("get", "", "*"), True), (("impersonate-on:user-info:list", "", "pods"), True), (("*", "*", "*/scale"), False),
    (("impersonate:user-info", AUTHN, "userextras/scopes"), True), (("list", "", "nodes"), False),
    (("patch", "", "nodes/status"), False), (("create", RBAC, "rolebindings"), False),
])
def test_rights_that_stand_in_no_request(right, expected):
    rules = pd.DataFrame([right], columns=["verb", "group", "resource"], dtype="string[pyarrow]")
    assert asked_beside(rules).tolist() == [expected]


@pytest.mark.parametrize(("right", "words"), [
    ("powers: [fly]", "there is no power fly"), ("verbs: [get]", "a right has verbs and resources, or powers"),
])
def test_a_right_of_a_duty_that_says_nothing_is_refused(tmp_path, right, words):
    file = tmp_path / "duties.yaml"
    file.write_text("duties:\n  - id: mine\n    title: t\n    why: w\n    first: {name: a, rights: [{" + right
                    + "}]}\n    second: {name: b, rights: [{powers: [create_pods]}]}\n")
    with pytest.raises(DefinitionError, match=words):
        duties(file)
