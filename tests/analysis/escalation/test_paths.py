"""Paths to more power: each step, the shortest path, and what one can reach."""

from collections import deque

import pandas as pd
import pytest
from access_worlds import account, bind, group, role, rule, user
from escalation_worlds import acts, capability, namespace, node, pod, service_account, steps
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.analysis.escalation.paths import blast_radius, path, paths_to_admin
from auditkit.analysis.escalation.steps import DTYPES
from auditkit.errors import UsageError

RBAC, CERTIFICATES = "rbac.authorization.k8s.io", "certificates.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
ALICE = user("alice")
ME = "User alice"

# --- rights ---------------------------------------------------------------------------------------------------------


def of_alice(*rules: dict, space: str = "", more: tuple[dict, ...] = (), **given_tables) -> set[tuple[str, str]]:
    """What alice can do with these rules: (step, where it leads)."""
    objects = [role("r", *rules), bind("b", "r", ALICE, namespace=space), *more]
    return {(step, to) for who, step, to in acts(steps(objects, **given_tables)) if who == ME}


POD = ("runs a pod as any service account", "Accounts")
PRIVILEGED = ("runs a privileged pod", "Nodes")
CSR = "certificatesigningrequests"


RIGHTS = [  # rules, what they allow in the whole cluster, what in the namespace shop
    ([rule("create", "pods")], {POD, PRIVILEGED}, {(POD[0], "Accounts shop"), PRIVILEGED}),
    ([rule("patch", "jobs", "batch")],
     {("lets a controller run a pod as any service account", "Accounts"), PRIVILEGED},
     {("lets a controller run a pod as any service account", "Accounts shop"), PRIVILEGED}),
    ([rule("update", "pods")], {("changes the image of a pod", "Pods")}, {("changes the image of a pod", "Pods shop")}),
    ([rule("create", "pods/exec")], {("runs commands in a pod", "Pods")}, {("runs commands in a pod", "Pods shop")}),
    ([rule("get", "pods/attach")], {("speaks to the program in a pod", "Pods")},
     {("speaks to the program in a pod", "Pods shop")}),
    ([rule("patch", "pods/ephemeralcontainers")], {("adds a container to a pod", "Pods")},
     {("adds a container to a pod", "Pods shop")}),
    ([rule("get", "nodes/proxy")], {("runs commands in pods through the kubelet", "PodsOfNode")}, set()),
    ([rule("create", "serviceaccounts/token")], {("makes a token of a service account", "Accounts")},
     {("makes a token of a service account", "Accounts shop")}),
    ([rule("impersonate", "serviceaccounts")], {("impersonates a service account", "Accounts")},
     {("impersonates a service account", "Accounts shop")}),
    ([rule("impersonate", "users")], {("impersonates a user", "Users")}, set()),
    ([rule("impersonate", "groups")], set(), set()),
    ([rule("impersonate", "groups users")],
     {("impersonates a user", "Users"), ("impersonates system:masters", "ClusterAdmin")}, set()),
    ([rule("impersonate", "users"), rule("impersonate", "groups", resourceNames=["team"])],
     {("impersonates a user", "Users"), ("impersonates a group", "Group team")}, set()),
    ([rule("bind", "clusterroles", RBAC)], set(), set()),
    ([rule("create", "clusterrolebindings rolebindings", RBAC)], set(), set()),
    ([rule("bind", "clusterroles", RBAC), rule("create", "clusterrolebindings", RBAC)],
     {("binds cluster-admin", "ClusterAdmin")}, set()),
    ([rule("bind", "clusterroles", RBAC), rule("patch", "rolebindings", RBAC)],
     {("binds cluster-admin in a namespace", "Namespace")}, {("binds cluster-admin in a namespace", "Namespace shop")}),
    ([rule("bind", "clusterroles", RBAC, resourceNames=["view"]), rule("create", "rolebindings", RBAC)],
     {("binds a role whose rights it does not have", "Role ClusterRole/view")},
     {("binds a role whose rights it does not have", "Role shop/ClusterRole/view")}),
    ([rule("bind", "roles", RBAC), rule("create", "rolebindings", RBAC)],
     {("binds a role whose rights it does not have", "Roles")},
     {("binds a role whose rights it does not have", "Roles shop")}),
    ([rule("escalate", "clusterroles", RBAC)], set(), set()),
    ([rule("escalate patch", "clusterroles", RBAC)],
     {("writes every right into a ClusterRole", "ClusterAdmin")}, set()),
    ([rule("escalate update", "roles", RBAC)], {("writes every right into a Role", "Namespace")},
     {("writes every right into a Role", "Namespace shop")}),
    ([rule("create", CSR, CERTIFICATES), rule("update", f"{CSR}/approval", CERTIFICATES)], set(), set()),
    ([rule("create", CSR, CERTIFICATES), rule("update", f"{CSR}/approval", CERTIFICATES),
      rule("approve", "signers", CERTIFICATES, resourceNames=["kubernetes.io/kube-apiserver-client"])],
     {("obtains a certificate for a user", "Users"), ("obtains a certificate with groups", "Groups")},
     set()),
    ([rule("create", CSR, CERTIFICATES), rule("patch", f"{CSR}/approval", CERTIFICATES),
      rule("approve", "signers", CERTIFICATES, resourceNames=["kubernetes.io/kube-apiserver-client-kubelet"])],
     {("obtains the certificate of a kubelet", "PodsOfNode")}, set()),
    ([rule("create", CSR, CERTIFICATES), rule("patch", f"{CSR}/approval", CERTIFICATES),
      rule("approve", "signers", CERTIFICATES, resourceNames=["example.com/mine"])], set(), set()),
    ([rule("update", "mutatingwebhookconfigurations", ADMISSION)],
     {("alters every object by a mutating webhook", "ClusterAdmin")}, set()),
    ([rule("update", "validatingwebhookconfigurations", ADMISSION)], set(), set()),
    ([rule("delete", "mutatingwebhookconfigurations", ADMISSION)], set(), set()),
    ([rule("create", "mutatingadmissionpolicies", ADMISSION)],
     {("alters objects by a mutating policy", "ClusterAdmin")}, set()),
    ([rule("create", "apiservices", "apiregistration.k8s.io")],
     {("answers for an API group in the server's place", "ClusterAdmin")}, set()),
    ([rule("create", "customresourcedefinitions", "apiextensions.k8s.io")], set(), set()),
    ([rule("create get", "secrets")],
     {("makes a Secret that is filled with a token", "Accounts"),
      ("reads Secrets with tokens of service accounts", "Accounts")},
     {("makes a Secret that is filled with a token", "Accounts shop"),
      ("reads Secrets with tokens of service accounts", "Accounts shop")}),
    ([rule("create", "secrets")], set(), set()),
    ([rule("create", "persistentvolumes persistentvolumeclaims")], set(), set()),
    ([rule("create", "persistentvolumes persistentvolumeclaims pods")],
     {POD, PRIVILEGED, ("mounts files of the node as a volume", "Nodes")}, {(POD[0], "Accounts shop"), PRIVILEGED}),
    ([rule("patch", "namespaces")], set(), set()),
    ([rule("list get watch", "pods nodes services configmaps")], set(), set()),
]


@pytest.fixture(scope="module", params=["", "shop"])
def everybody(request) -> tuple[str, set[tuple[str, str, str]]]:
    """Each line of `RIGHTS` held by a user of its own, in one cluster: where, and all acts."""
    objects = [thing for n, (rules, *_) in enumerate(RIGHTS)
               for thing in (role(f"r{n}", *rules), bind(f"b{n}", f"r{n}", user(f"u{n}"), namespace=request.param))]
    return request.param, acts(steps(objects))


@pytest.mark.parametrize("line", range(len(RIGHTS)))
def test_what_rights_allow(everybody, line):
    space, found = everybody
    _, everywhere, inside = RIGHTS[line]
    assert {(step, to) for who, step, to in found if who == f"User u{line}"} == (inside if space else everywhere)


def test_who_may_do_everything_may_do_it_at_once():
    assert ("may do everything", "ClusterAdmin") in of_alice(rule("*", "*", "*"))
    inside = of_alice(rule("*", "*", "*"), space="shop")
    assert ("may do everything", "Namespace shop") in inside
    assert not [step for step, to in inside if to == "ClusterAdmin"]


def test_a_name_in_a_rule_narrows_the_step_to_it():
    there = (pod("web"), pod("db"), service_account("web"), service_account("web", "other"), node("n1"))
    named = {"resourceNames": ["web"]}
    assert of_alice(rule("create", "pods/exec", **named), space="shop", more=there) == {
        ("runs commands in a pod", "Pod shop/web")}
    assert of_alice(rule("create", "serviceaccounts/token", **named), more=there) == {
        ("makes a token of a service account", f"ServiceAccount {space}/web") for space in ("shop", "other")}
    assert of_alice(rule("get", "nodes/proxy", resourceNames=["n1"]), more=there) == {
        ("runs commands in pods through the kubelet", "PodsOfNode n1")}
    assert of_alice(rule("create", "pods", **named), more=there) == set()
    assert of_alice(rule("patch", "deployments", "apps", **named), space="shop", more=there) == {
        ("lets a controller run a pod as any service account", "Accounts shop"), PRIVILEGED}


def test_rights_count_together_whatever_gives_them():
    objects = [role("one", rule("bind", "clusterroles", RBAC)), role("two", rule("create", "rolebindings", RBAC)),
               bind("b", "one", account("ci", "shop")),
               bind("c", "two", group("system:serviceaccounts:shop"), namespace="bank"), service_account("ci")]
    assert ("ServiceAccount shop/ci", "binds cluster-admin in a namespace", "Namespace bank") in acts(steps(objects))
    apart = [*objects[:2], bind("b", "one", account("ci", "shop"), namespace="shop"), *objects[3:]]
    assert not [step for _, step, _ in acts(steps(apart)) if step.startswith("binds")]


def test_a_role_that_one_may_bind_leads_where_it_leads():
    objects = [role("binder", rule("bind", "clusterroles", RBAC, resourceNames=["runner"]),
                    rule("create", "rolebindings", RBAC)),
               role("runner", rule("create", "pods/exec")), bind("b", "binder", ALICE, namespace="shop")]
    assert ("Role shop/ClusterRole/runner", "runs commands in a pod", "Pods shop") in acts(steps(objects))


def test_pods_reach_their_node_only_where_pod_security_lets_them():
    strict = namespace("shop", **{"pod-security.kubernetes.io/enforce": "baseline"})
    assert PRIVILEGED not in of_alice(rule("create", "pods"), space="shop", more=(strict,))
    assert PRIVILEGED not in of_alice(rule("create", "pods"), more=(strict,))
    assert PRIVILEGED in of_alice(rule("create", "pods"), more=(strict, namespace("other")))
    lifts = ("lifts Pod Security and runs a privileged pod", "Nodes")
    assert lifts in of_alice(rule("create", "pods"), rule("patch", "namespaces"), more=(strict,))


def test_secrets_lead_to_accounts_only_where_they_hold_tokens():
    def secrets(*rows: tuple[str, str, str]) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=["namespace", "name", "type"], dtype=DTYPES["step"])

    token = ("shop", "old-token", "kubernetes.io/service-account-token")
    reads = "reads Secrets with tokens of service accounts"
    assert of_alice(rule("get", "secrets"), secrets=secrets(token)) == {(reads, "Accounts shop")}
    assert of_alice(rule("get", "secrets"), secrets=secrets(("shop", "db", "Opaque"))) == set()
    assert of_alice(rule("get", "secrets"), space="bank", secrets=secrets(token)) == set()
    named = rule("get", "secrets", resourceNames=["db"])
    assert of_alice(named, space="shop", secrets=secrets(token)) == set()


def test_aws_auth_is_everything_where_it_is_there():
    there = pd.DataFrame({"namespace": ["kube-system"], "name": ["aws-auth"]}, dtype=DTYPES["step"])
    wanted = ("writes aws-auth, which maps cloud identities to groups", "ClusterAdmin")
    assert wanted in of_alice(rule("patch", "configmaps"), space="kube-system", config_maps=there)
    assert of_alice(rule("patch", "configmaps"), space="shop", config_maps=there) == set()
    assert of_alice(rule("patch", "configmaps"), space="kube-system") == set()


# --- pods -----------------------------------------------------------------------------------------------------------


def from_pods(*objects: dict) -> set[tuple[str, str]]:
    return {(step, to) for who, step, to in acts(steps([*objects])) if who == "Pod shop/p"}


TOKEN = ("uses the token of its service account", "ServiceAccount shop/default")
LOGS = ("makes the kubelet show files of the node as logs", "Node n1")
WRITES, READS = ("writes files of the node", "Node n1"), ("reads credentials in files of the node", "Node n1")
TOKENS = ("reads the tokens of other pods", "PodsOfNode n1")


PODS = [
    ({}, set()),
    ({"container": {"securityContext": {"privileged": True}}},
     {("is privileged, so that the node is open to it", "Node n1")}),
    ({"container": capability("SYS_MODULE")}, {("loads a kernel module", "Node n1")}),
    ({"container": capability("cap_sys_admin")}, {("mounts and controls the node with SYS_ADMIN", "Node n1")}),
    ({"container": capability("CHOWN", "NET_BIND_SERVICE")}, set()),
    ({"container": capability("SYS_PTRACE")}, set()),
    ({"container": capability("SYS_PTRACE"), "hostPID": True}, {("enters processes of the node", "Node n1")}),
    ({"container": capability("NET_ADMIN")}, set()),
    ({"container": capability("NET_ADMIN"), "hostNetwork": True}, {("intercepts traffic of the node", "Node n1")}),
    ({"mounts": {"/": {}}}, {WRITES, TOKENS, LOGS, ("commands the container runtime", "Node n1")}),
    ({"mounts": {"/etc/kubernetes/": {"readOnly": True}}}, {READS}),
    ({"mounts": {"/etc/kubernetes/manifests": {}}}, {WRITES}),
    ({"mounts": {"/proc/sys/kernel": {}}}, {WRITES}),
    ({"mounts": {"/var/log": {}}}, {LOGS}),
    ({"mounts": {"/var/log": {"readOnly": True}}}, set()),
    ({"mounts": {"/run/containerd/containerd.sock": {"readOnly": True}}},
     {("commands the container runtime", "Node n1")}),
    ({"mounts": {"/var/lib/kubelet/pods": {"readOnly": True}}}, {TOKENS}),
    ({"mounts": {"/data/shop": {}}}, set()),
    ({"mounts": {"/etcetera": {}}}, set()),
]


@pytest.fixture(scope="module")
def all_pods() -> set[tuple[str, str, str]]:
    """Each line of `PODS` as a pod of its own, in one cluster: all acts."""
    return acts(steps([pod(f"p{n}", automountServiceAccountToken=False, **fields)
                       for n, (fields, _) in enumerate(PODS)]))


@pytest.mark.parametrize("line", range(len(PODS)))
def test_what_pods_reach(all_pods, line):
    assert {(step, to) for who, step, to in all_pods if who == f"Pod shop/p{line}"} == PODS[line][1]


def test_a_pod_has_the_token_that_is_mounted_into_it():
    assert from_pods(pod("p")) == {TOKEN}
    off = service_account("default", automountServiceAccountToken=False)
    assert from_pods(off, pod("p")) == set()
    assert from_pods(off, pod("p", automountServiceAccountToken=True)) == {TOKEN}
    projected = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
    for_others = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}
    bare = pod("p", automountServiceAccountToken=False)
    assert from_pods(bare | {"spec": {**bare["spec"], "volumes": [projected]}}) == {TOKEN}
    assert from_pods(bare | {"spec": {**bare["spec"], "volumes": [for_others]}}) == set()


def test_a_pod_that_has_ended_leads_nowhere():
    assert from_pods(pod("p") | {"status": {"phase": "Succeeded"}}) == set()


def test_the_network_reaches_programs_that_listen():
    assert ("Network", "breaks into a program that listens", "Pod shop/p") in acts(steps(
        [pod("p", container={"ports": [{"containerPort": 80}]})]))


@pytest.mark.parametrize("role", ["control-plane", "master", "controlplane"])
def test_the_control_plane_has_the_keys(role):
    label = {f"node-role.kubernetes.io/{role}": ""}
    found = acts(steps([node("cp", **label), node("w")]))
    assert ("Node cp", "has the keys of the control plane", "ClusterAdmin") in found
    assert ("Node w", "has the keys of the control plane", "ClusterAdmin") not in found


# --- paths ----------------------------------------------------------------------------------------------------------

CHAIN = [
    role("exec", rule("create", "pods/exec")), role("admin", rule("*", "*", "*")),
    bind("b", "exec", ALICE, namespace="shop"), bind("c", "admin", account("deployer", "shop")),
    service_account("deployer"), pod("web", serviceAccountName="deployer"),
]


def test_the_shortest_path_is_told_step_by_step():
    found = steps(CHAIN)
    told = paths_to_admin(found).set_index("name").loc["alice"]
    assert told["steps"] == 3
    assert told["certain"] is True
    assert told["path"] == ("runs commands in a pod → Pod shop/web → uses the token of its service account → "
                            "ServiceAccount shop/deployer → may do everything → ClusterAdmin")
    assert told["first"] == "RoleBinding shop/b: ClusterRole exec, rule 0"
    rows = path(found, "User", "", "alice")
    assert rows["to_kind"].tolist() == ["Pods", "Pod", "ServiceAccount", "ClusterAdmin"]


def test_who_has_no_path_is_listed_without_one():
    found = steps([*CHAIN, role("r", rule("create", "pods/exec")), bind("d", "r", user("bob"), namespace="empty")])
    told = paths_to_admin(found).set_index("name").loc["bob"]
    assert told["steps"] is pd.NA
    assert told["path"] is pd.NA
    assert path(found, "User", "", "bob").empty


def test_a_certain_path_is_told_before_a_shorter_uncertain_one():
    objects = [*CHAIN, role("hooks", rule("update", "mutatingwebhookconfigurations", ADMISSION)),
               bind("d", "hooks", ALICE), bind("e", "hooks", user("carol"))]
    told = paths_to_admin(steps(objects)).set_index("name")
    assert (told.loc["alice", "steps"], told.loc["alice", "certain"]) == (3, True)
    assert (told.loc["carol", "steps"], told.loc["carol", "certain"]) == (1, False)


def test_the_blast_radius_is_everything_that_can_be_reached():
    found = steps(CHAIN)
    reached = blast_radius(found, "User", "", "alice")
    names = dict(zip(reached["kind"] + " " + reached["name"], reached["steps"], strict=True))
    assert names["Pod web"] == 1
    assert names["ServiceAccount deployer"] == 2
    assert names["ClusterAdmin "] == 3
    assert "User alice" not in names
    assert set(blast_radius(found, "Pod", "shop", "web")["kind"]) >= {"ServiceAccount", "ClusterAdmin", "Node"}


@pytest.mark.parametrize("function", [path, blast_radius])
def test_a_place_that_is_none_is_refused(function):
    with pytest.raises(UsageError, match="User mallory"):
        function(steps(CHAIN), "User", "", "mallory")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans(), st.booleans()), max_size=25))
def test_distances_are_those_of_a_plain_search(edges):
    """Place 0 is everything; an edge has an end, an end, whether it is certain, and whether it counts."""
    kind = ["ClusterAdmin", *["User"] * 7]
    found = pd.DataFrame([{
        "from_kind": kind[a], "from_namespace": "", "from_name": str(a), "to_kind": kind[b], "to_namespace": "",
        "to_name": str(b) if b else "", "step": "s", "source": "x", "certain": certain, "counts": counts,
    } for a, b, certain, counts in edges if a], columns=[*DTYPES]).astype(DTYPES)
    told = paths_to_admin(found).set_index("name") if len(found) else pd.DataFrame()
    for start in told.index:
        sure, anyhow = (_distance(edges, int(start), only) for only in (True, False))
        row = told.loc[start]
        assert (None if row["steps"] is pd.NA else row["steps"]) == (anyhow if sure is None else sure)
        assert row["certain"] is (pd.NA if anyhow is None else sure is not None)


def _distance(edges: list[tuple], start: int, certain_only: bool) -> int | None:
    """0-1 breadth-first search, one place at a time."""
    best, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for a, b, certain, counts in edges:
            if a == here and (certain or not certain_only) and best[here] + counts < best.get(b, 99):
                best[b] = best[here] + counts
                (queue.append if counts else queue.appendleft)(b)
    return best.get(0)


def test_the_recorded_cluster(acme):
    told = acme.paths_to_admin.set_index(["kind", "namespace", "name"])
    assert told.loc[("ServiceAccount", "ci-runners", "deployer"), "steps"] == 1
    assert told.loc[("User", "", "contractor7@partner.example"), "steps"] == 1
    assert told.loc[("ServiceAccount", "monitoring", "prometheus"), "path"].startswith(
        "runs commands in pods through the kubelet → Pod kube-system/")
    assert told.loc[("ServiceAccount", "billing", "invoicer"), "steps"] is pd.NA
    assert acme.escalation_steps["source"].notna().all()
    assert len(acme.escalation_steps) == len(acme.escalation_steps.drop_duplicates())
