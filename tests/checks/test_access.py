"""The checks on access: what they must refuse, what they must accept, and what Kubernetes itself ships."""

import pandas as pd
import pytest
from access_worlds import account, bind, group, role, rule, user
from network_worlds import derive
from worlds import frames

from auditkit.checks import find
from auditkit.errors import UsageError
from auditkit.evaluation.engine import run

LABEL = {"kubernetes.io/bootstrapping": "rbac-defaults"}
RBAC = "rbac.authorization.k8s.io"
CSR = "certificates.k8s.io"
HOOKS = "admissionregistration.k8s.io"
AUTHN = "authentication.k8s.io"
EVERYTHING = rule("*", "*", "*")
ALICE, CI = user("alice"), account("ci", "tools")


def verdicts(name: str, objects: list[dict], **parameters) -> list[str]:
    """What a check says of each subject, in order."""
    tables, check = frames(objects), find(f"access.{name}").with_parameters(parameters)
    judgement = check(*(derive(tables, table) for table in check.tables))
    assert judgement.ok.index.equals(derive(tables, check.tables[0]).index)
    applies = [True] * len(judgement.ok) if judgement.applies is None else judgement.applies
    words = {True: "pass", False: "fail", pd.NA: "unknown"}
    return [words[ok] if applied is True else "not_applicable" if applied is False else "unknown"
            for ok, applied in zip(judgement.ok, applies, strict=True)]


CLUSTER = [EVERYTHING]
FEW = {  # check: rules that it must refuse (each alone, cluster-wide), rules that it must accept
    "cluster_admin_only_where_needed": (
        [CLUSTER, [rule("*", "pods *", "*")],
         [rule("get list watch create update patch delete deletecollection", "*", "*")]],
        [[rule("*", "*", "apps")], [rule("get list watch", "*", "*")], [rule("*", "*/scale", "*")],
         [EVERYTHING | {"resourceNames": ["one"]}]]),
    "secrets_access_minimal": (
        [CLUSTER, [rule("watch", "secrets")], [rule("list", "pods secrets", "*")], [rule("*", "*")]],
        [[rule("get", "secrets", resourceNames=["db"])], [rule("create delete", "secrets")],
         [rule("get", "secrets", "core")], [rule("get", "Secrets")], [rule("get", "secrets/status")]]),
    "pod_creation_minimal": (
        [CLUSTER, [rule("create", "pods")], [rule("create", "cronjobs", "batch")], [rule("*", "deployments", "apps")]],
        [[rule("get list watch", "pods")], [rule("create", "pods/exec")], [rule("update", "deployments", "apps")],
         [rule("create", "deployments", "extensions")]]),
    "no_bind_escalate_impersonate": (
        [CLUSTER, [rule("bind", "clusterroles", RBAC)], [rule("escalate", "roles", RBAC, resourceNames=["view"])],
         [rule("impersonate", "users groups")], [rule("impersonate", "serviceaccounts")],
         [rule("impersonate", "userextras", AUTHN)], [rule("impersonate", "uids", AUTHN)],
         [rule("impersonate", "userextras/scopes", AUTHN)], [rule("*", "userextras/scopes", "*")],
         [rule("impersonate", "userextras/scopes", AUTHN, resourceNames=["admin"])],
         [rule("impersonate:user-info", "users groups", AUTHN)], [rule("impersonate:user-info", "userextras/a", AUTHN)],
         [rule("impersonate:serviceaccount", "serviceaccounts", AUTHN)],
         [rule("impersonate:arbitrary-node", "nodes", AUTHN)], [rule("impersonate:associated-node", "nodes", AUTHN)]],
        [[rule("get list create update", "clusterroles", RBAC)], [rule("bind", "clusterroles")],
         [rule("impersonate", "pods")], [rule("impersonate", "userextras/scopes")],
         [rule("get", "userextras/scopes", AUTHN)], [rule("impersonate:user-info", "pods", AUTHN)],
         [rule("impersonate-on:user-info:list", "pods")]]),
    "persistent_volume_creation_minimal": (
        [CLUSTER, [rule("create", "persistentvolumes")], [rule("*", "persistentvolumes")], [rule("create", "*")]],
        [[rule("get list", "persistentvolumes")], [rule("create", "persistentvolumeclaims")]]),
    "node_proxy_minimal": (
        [CLUSTER, [rule("get", "nodes/proxy")], [rule("create", "*/proxy")],
         [rule("get", "nodes/proxy", resourceNames=["n"])]],
        [[rule("get", "nodes")], [rule("get", "nodes/metrics nodes/*")], [rule("get", "services/proxy pods/proxy")]]),
    "csr_approval_minimal": (
        [CLUSTER, [rule("update", "certificatesigningrequests/approval", CSR)], [rule("approve", "signers", CSR)],
         [rule("patch", "*/approval", "*")]],
        [[rule("create get", "certificatesigningrequests", CSR)],
         [rule("get", "certificatesigningrequests/approval", CSR)]]),
    "webhook_config_access_minimal": (
        [CLUSTER, [rule("patch", "mutatingwebhookconfigurations", HOOKS)], [rule("delete", "*", HOOKS)],
         [rule("create", "validatingwebhookconfigurations", "*")],
         [rule("update", "validatingwebhookconfigurations", HOOKS, resourceNames=["own"])]],
        [[rule("get list watch", "mutatingwebhookconfigurations", HOOKS)],
         [rule("get", "validatingwebhookconfigurations", HOOKS, resourceNames=["own"])]]),
    "token_creation_minimal": (
        [CLUSTER, [rule("create", "serviceaccounts/token")], [rule("create", "*/token")],
         [rule("create", "serviceaccounts/token", resourceNames=["x"])]],
        [[rule("create", "serviceaccounts")], [rule("get", "serviceaccounts/token")]]),
}
WORSE = [(name, rules) for name, (bad, _) in FEW.items() for rules in bad]
FINE = [(name, rules) for name, (_, good) in FEW.items() for rules in good]


@pytest.mark.parametrize(("name", "rules"), WORSE)
def test_a_right_that_leads_to_more_fails_whoever_holds_it(name, rules):
    objects = [role("r", *rules), bind("b", "r", ALICE, CI, group("system:authenticated"))]
    assert verdicts(name, objects) == ["fail"] * 3


@pytest.mark.parametrize(("name", "rules"), FINE)
def test_other_rights_pass(name, rules):
    assert verdicts(name, [role("r", *rules), bind("b", "r", ALICE, CI)]) == ["pass"] * 2


@pytest.mark.parametrize("name", FEW)
def test_a_binding_without_effect_passes(name):
    objects = [role("r", EVERYTHING), bind("b", "gone", ALICE), bind("c", "r", account("nobody")),
               bind("d", "r", ALICE, kind="Role")]
    assert verdicts(name, objects) == ["pass"] * 3


@pytest.mark.parametrize("name", FEW)
def test_a_control_may_accept_a_subject(name):
    objects = [role("r", EVERYTHING), bind("b", "r", ALICE, CI, user("eve"))]
    assert verdicts(name, objects, accepted=["alice", "tools/ci"]) == ["pass", "pass", "fail"]


@pytest.mark.parametrize(("name", "verdict"), [
    ("secrets_access_minimal", "fail"), ("pod_creation_minimal", "fail"), ("token_creation_minimal", "fail"),
    ("no_bind_escalate_impersonate", "fail"), ("cluster_admin_only_where_needed", "fail"),
    ("node_proxy_minimal", "pass"), ("persistent_volume_creation_minimal", "pass"), ("csr_approval_minimal", "pass"),
    ("webhook_config_access_minimal", "pass"),
])
def test_a_role_binding_gives_no_rights_outside_of_namespaces(name, verdict):
    assert verdicts(name, [role("r", EVERYTHING), bind("b", "r", ALICE, namespace="billing")]) == [verdict]


def shipped(*rules: dict, binding: str = "system:controller:resourcequota-controller", subject: dict | None = None):
    name = "system:controller:resourcequota-controller"
    subject = subject or account("resourcequota-controller", "kube-system")
    return [role(name, *rules, labels=LABEL), bind(binding, name, subject)]


def test_what_kubernetes_ships_is_not_applicable_but_not_what_was_added_to_it():
    reads = rule("list watch", "*", "*")
    assert verdicts("secrets_access_minimal", shipped(reads)) == ["not_applicable"]
    assert verdicts("secrets_access_minimal", shipped(reads, binding="mine")) == ["fail"]
    assert verdicts("secrets_access_minimal", shipped(reads, subject=ALICE)) == ["fail"]
    assert verdicts("pod_creation_minimal", shipped(reads, rule("create", "pods"))) == ["fail"]
    assert verdicts("pod_creation_minimal", shipped(reads)) == ["pass"]


def component(name: str, *rules: dict) -> list[dict]:
    full = f"system:controller:{name}"
    return [role(full, *rules, labels=LABEL), bind(full, full, account(name, "kube-system"))]


GC, NAMESPACES = rule("get list watch patch update delete", "*", "*"), rule("get list watch delete deletecollection",
                                                                           "*", "*")


@pytest.mark.parametrize(("check", "name", "ships", "added"), [
    ("no_bind_escalate_impersonate", "generic-garbage-collector", GC, rule("escalate bind impersonate", "*", "*")),
    ("token_creation_minimal", "generic-garbage-collector", GC, rule("create", "serviceaccounts/token")),
    ("pod_creation_minimal", "generic-garbage-collector", GC, rule("create", "*", "*")),
    ("cluster_admin_only_where_needed", "generic-garbage-collector", GC, rule("create deletecollection", "*", "*")),
    ("cluster_admin_only_where_needed", "namespace-controller", NAMESPACES, EVERYTHING),
    ("pod_creation_minimal", "namespace-controller", NAMESPACES, EVERYTHING),
    ("webhook_config_access_minimal", "namespace-controller", NAMESPACES, rule("patch", "*", "*")),
    ("node_proxy_minimal", "resourcequota-controller", rule("list watch", "*", "*"), rule("get", "nodes/proxy")),
    ("secrets_access_minimal", "persistent-volume-binder", rule("get", "secrets"), rule("*", "secrets")),
])
def test_a_component_that_was_given_more_than_it_ships_with_fails(check, name, ships, added):
    assert verdicts(check, component(name, ships)) != ["fail"]
    assert verdicts(check, component(name, ships, added)) == ["fail"]


@pytest.mark.parametrize(("name", "rules", "verdict"), [
    ("system:controller:namespace-controller", [NAMESPACES], "not_applicable"),
    ("system:controller:namespace-controller", [NAMESPACES, EVERYTHING], "fail"),
    ("system:controller:generic-garbage-collector", [GC, rule("*", "secrets")], "fail"),
    ("system:kubelet-api-admin", [rule("*", "nodes/proxy")], "not_applicable"),
    ("cluster-admin", [EVERYTHING], "not_applicable"),
])
def test_a_default_role_with_all_verbs_that_it_does_not_ship_with_is_not_shipped(name, rules, verdict):
    assert verdicts("no_wildcards", [role(name, *rules, labels=LABEL)]) == [verdict]


def test_the_rights_of_components_on_everything_are_shipped():
    assert verdicts("secrets_access_minimal", component("generic-garbage-collector", GC)) == ["not_applicable"]
    assert verdicts("webhook_config_access_minimal", component("namespace-controller", NAMESPACES)) == [
        "not_applicable"]
    assert verdicts("cluster_admin_only_where_needed", [
        role("cluster-admin", EVERYTHING, labels=LABEL), bind("cluster-admin", "cluster-admin",
                                                              group("system:masters"))]) == ["not_applicable"]


def test_everybody_reads_secrets_by_a_default_role_that_was_widened():
    objects = [role("system:basic-user", rule("get", "secrets"), labels=LABEL),
               bind("system:basic-user", "system:basic-user", group("system:authenticated"))]
    assert verdicts("secrets_access_minimal", objects) == ["fail"]


@pytest.mark.parametrize(("rules", "verdict"), [
    ([EVERYTHING], "fail"), ([rule("get *", "pods")], "fail"), ([rule("get", "pods", "*")], "fail"),
    ([{"verbs": ["get"], "nonResourceURLs": ["*"]}], "fail"), ([rule("get list", "pods"), rule("get", "x *")], "fail"),
    ([rule("get list", "pods")], "pass"), ([], "pass"), ([{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}], "pass"),
    ([rule("update", "*/scale", "apps")], "fail"), ([rule("get", "pods/*")], "fail"),
    ([rule("update", "deployments/scale", "apps")], "pass"),
])
def test_wildcards(rules, verdict):
    assert verdicts("no_wildcards", [role("r", *rules), role("r", *rules, namespace="x")]) == [verdict] * 2


@pytest.mark.parametrize(("name", "labels", "namespace", "verdict"), [
    ("cluster-admin", LABEL, "", "not_applicable"), ("cluster-admin", {}, "", "fail"), ("mine", LABEL, "", "fail"),
    ("system:discovery", LABEL, "", "fail"), ("cluster-admin", LABEL, "kube-system", "fail"),
])
def test_a_default_role_is_known_by_name_and_label(name, labels, namespace, verdict):
    assert verdicts("no_wildcards", [role(name, EVERYTHING, labels=labels, namespace=namespace)]) == [verdict]


def service_account(name: str = "default", **fields) -> dict:
    return {"kind": "ServiceAccount", "metadata": {"name": name, "namespace": "shop"}, **fields}


def pod(name: str, **spec) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


OFF = service_account(automountServiceAccountToken=False)


@pytest.mark.parametrize(("objects", "verdict"), [
    ([OFF], "pass"),
    ([OFF, pod("p")], "pass"),
    ([OFF, pod("p", automountServiceAccountToken=True, serviceAccountName="own")], "pass"),
    ([service_account("own")], "not_applicable"),
    ([service_account()], "fail"),
    ([OFF, pod("p", automountServiceAccountToken=True)], "fail"),
    ([OFF, bind("b", "view", account("default"), namespace="shop")], "fail"),
    ([OFF, bind("b", "view", user("system:serviceaccount:shop:default"))], "fail"),
    ([OFF, bind("b", "view", group("system:serviceaccounts:shop"))], "fail"),
    ([OFF, bind("b", "view", group("system:serviceaccounts:other"))], "pass"),
    ([OFF, bind("b", "view", group("system:serviceaccounts"))], "fail"),
    ([OFF, bind("b", "view", group("system:authenticated"), namespace="other")], "fail"),
    ([OFF, bind("system:discovery", "system:discovery", group("system:authenticated"))], "pass"),
    ([OFF, pod("p", automountServiceAccountToken=True) | {"status": {"phase": "Succeeded"}}], "pass"),
    ([OFF, pod("p", automountServiceAccountToken=True) | {"status": {"phase": "Pending"}}], "fail"),
])
def test_default_accounts(objects, verdict):
    assert verdicts("default_service_accounts_unused", objects) == [verdict]


def test_a_default_account_may_be_in_a_group_by_the_list_of_members():
    tables = frames([OFF, bind("b", "view", group("ops"))])
    listed = pd.DataFrame([{"user": "system:serviceaccount:shop:default", "group": "ops"}], dtype="string[pyarrow]")
    found = [find("access.default_service_accounts_unused")(*(
        derive(tables | {"memberships": members}, table)
        for table in find("access.default_service_accounts_unused").tables)).ok.tolist()
        for members in (tables["memberships"], listed)]
    assert found == [[True], [False]]


def test_a_control_may_leave_the_token_of_a_default_account_on():
    assert verdicts("default_service_accounts_unused", [service_account()], token_off=False) == ["pass"]
    assert verdicts("default_service_accounts_unused", [service_account(), pod("p")], token_off=False) == ["fail"]


@pytest.mark.parametrize(("name", "subject", "verdict"), [
    ("no_system_masters_group", group("system:masters"), "fail"),
    ("no_system_masters_group", user("system:masters"), "pass"),
    ("no_system_masters_group", group("system:authenticated"), "pass"),
    ("no_anonymous_bindings", group("system:unauthenticated"), "fail"),
    ("no_anonymous_bindings", user("system:anonymous"), "fail"),
    ("no_anonymous_bindings", group("system:anonymous"), "pass"),
    ("no_anonymous_bindings", group("system:authenticated"), "pass"),
])
@pytest.mark.parametrize("namespace", ["", "shop"])
def test_whom_bindings_must_not_name(name, subject, verdict, namespace):
    assert verdicts(name, [bind("b", "view", subject, namespace=namespace)]) == [verdict]


def test_the_bindings_of_kubernetes_to_these_groups_are_not_applicable():
    admin = bind("cluster-admin", "cluster-admin", group("system:masters"), user("eve"))
    info = bind("system:public-info-viewer", "system:public-info-viewer", group("system:unauthenticated"))
    other = bind("system:public-info-viewer", "view", group("system:unauthenticated"))
    assert verdicts("no_system_masters_group", [admin]) == ["not_applicable", "pass"]
    assert verdicts("no_anonymous_bindings", [info, other]) == ["not_applicable", "fail"]


@pytest.mark.parametrize(("subjects", "verdict"), [
    (["system:anonymous"], ["fail", "pass"]), (["system:unauthenticated"], ["pass", "fail"])])
def test_a_control_may_ask_for_the_anonymous_user_or_the_group_alone(subjects, verdict):
    objects = [bind("b", "view", user("system:anonymous"), group("system:unauthenticated"))]
    assert verdicts("no_anonymous_bindings", objects, subjects=subjects) == verdict
    with pytest.raises(UsageError, match="system:anonymus"):
        verdicts("no_anonymous_bindings", objects, subjects=["system:anonymus"])


def test_rights_of_everybody_who_authenticates():
    own = bind("system:basic-user", "system:basic-user", group("system:authenticated"))
    other = bind("all", "view", group("system:authenticated"), user("system:authenticated"))
    assert verdicts("no_bindings_of_everybody", [own, other]) == ["not_applicable", "fail", "pass"]


KUBEADM = [role("cluster-admin", EVERYTHING, labels=LABEL),
           bind("kubeadm:cluster-admins", "cluster-admin", group("kubeadm:cluster-admins"))]


@pytest.mark.parametrize("name", FEW)
def test_the_administrators_of_kubeadm_are_judged_once(name):
    """Whoever they are is asked of full power; not again of each power that it includes."""
    once = "fail" if name == "cluster_admin_only_where_needed" else "not_applicable"
    assert verdicts(name, KUBEADM) == [once]
    assert verdicts(name, [KUBEADM[0], bind("mine", "cluster-admin", group("kubeadm:cluster-admins"))]) == ["fail"]
    accepted = "not_applicable" if once == "not_applicable" else "pass"
    assert verdicts(name, KUBEADM, accepted=["kubeadm:cluster-admins"]) == [accepted]


def test_the_client_of_kubelets_that_kubeadm_binds_is_its_own():
    name, who = "kubeadm:apiserver-kubelet-client", user("kube-apiserver-kubelet-client")
    kubelets = role("system:kubelet-api-admin", rule("*", "nodes/proxy nodes/log"), labels=LABEL)
    assert verdicts("node_proxy_minimal", [kubelets, bind(name, kubelets["metadata"]["name"], who)]) == ["not_applicable"]
    assert verdicts("node_proxy_minimal", [kubelets, bind(name, kubelets["metadata"]["name"], ALICE)]) == ["fail"]
    assert verdicts("node_proxy_minimal", [kubelets, bind("b", kubelets["metadata"]["name"], who)]) == ["fail"]


def test_roles_that_are_missing():
    objects = [role("here"), role("local", namespace="shop"), bind("a", "here", ALICE), bind("b", "gone", ALICE),
               bind("c", "local", ALICE, namespace="shop", kind="Role"),
               bind("d", "local", ALICE, namespace="x", kind="Role"), bind("e", "here", ALICE, namespace="x"),
               bind("f", "local", ALICE), bind("g", "local", ALICE, kind="Role"),
               bind("h", "here", ALICE, namespace="x", kind="Other")]
    tables = frames(objects)
    found = dict(zip(tables["bindings"]["name"], verdicts("no_bindings_to_missing_roles", objects), strict=True))
    assert found == dict.fromkeys("ace", "pass") | dict.fromkeys("bdfgh", "fail")


def test_an_empty_cluster_has_nothing_to_judge():
    for name in (*FEW, "no_wildcards", "no_anonymous_bindings", "no_system_masters_group",
                 "no_bindings_to_missing_roles", "default_service_accounts_unused"):
        assert verdicts(name, []) == []


def test_the_recorded_cluster(acme):
    """What was put wrong into the recorded cluster is found, with its grounds; Kubernetes' own is recognised."""
    found = {name: run(find(f"access.{name}"), acme) for name in FEW}
    failed = {name: set(outcome.rows("fail")["name"]) for name, outcome in found.items()}
    assert {"ci-cluster-admin", "old-contractor", "platform-admins", "gatekeeper-manager"} <= failed[
        "cluster_admin_only_where_needed"]
    assert {"runner-secrets", "monitor", "nb", "default-edit"} <= failed["secrets_access_minimal"]
    assert {"one", "invoicer"} & failed["secrets_access_minimal"] == set()
    assert {"rbac-editors", "sso-impersonator"} <= failed["no_bind_escalate_impersonate"]
    for name, binding in {"persistent_volume_creation_minimal": "storage-ops", "node_proxy_minimal": "prometheus-proxy",
                          "csr_approval_minimal": "csr", "webhook_config_access_minimal": "webhooks",
                          "token_creation_minimal": "minter"}.items():
        assert binding in failed[name]
        assert "cluster-admin" not in failed[name]
        assert "cluster-admin" in set(found[name].rows("not_applicable")["name"])
    row = found["node_proxy_minimal"].rows("fail").set_index("name").loc["prometheus-proxy"]
    assert row["reason"] == "create, get on nodes/proxy in the whole cluster (rule 0)"
