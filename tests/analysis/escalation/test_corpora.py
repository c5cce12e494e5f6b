"""What other tools look for is found here too, or it is said why not."""

import csv
from pathlib import Path

import pytest
import yaml
from access_worlds import TRUTH, bind, cases, role, user, world
from escalation_worlds import acts, node, steps
from worlds import frames

from auditkit.analysis.rbac.privileges import POWERS, role_powers
from auditkit.checks import all_checks

# --- conditions of five tools, as facts -----------------------------------------------------------------------------

READS_ONLY = {("get", "pods"), ("get", "rolebindings")}
"""Parts of conditions that lead nowhere by themselves: reading, beside a right that does."""

ELSEWHERE = {  # condition: the check, table or step that has it
    "unauthenticated-subject-access": "check access.no_anonymous_bindings",
    "subjects-with-open-cluster-wide-access": "check access.cluster_admin_only_where_needed",
    "subjects-with-open-ns-level-access": "check access.cluster_admin_only_where_needed",
    "subjects-with-rbac-management": "power write_bindings",
    "subjects-with-non-existing-roles": "check access.no_bindings_to_missing_roles",
    "subjects-with-privileged-psp-not-scoped-to-ns": "power use_policies",
    "CE_MODULE_LOAD": "step loads a kernel module",
    "CE_NSENTER": "step is privileged, so that the node is open to it",
    "CE_PRIV_MOUNT": "step is privileged, so that the node is open to it",
    "CE_SYS_PTRACE": "step enters processes of the node",
    "CE_UMH_CORE_PATTERN": "step writes files of the node",
    "CE_VAR_LOG_SYMLINK": "step makes the kubelet show files of the node as logs",
    "EXPLOIT_CONTAINERD_SOCK": "step commands the container runtime",
    "EXPLOIT_HOST_READ": "step reads credentials in files of the node",
    "EXPLOIT_HOST_TRAVERSE": "step reads the tokens of other pods",
    "EXPLOIT_HOST_WRITE": "step writes files of the node",
    "VOLUME_ACCESS": "step reads the tokens of other pods",
    "ENDPOINT_EXPLOIT": "step breaks into a program that listens",
    "IDENTITY_ASSUME": "step uses the token of its service account",
    "TOKEN_STEAL": "step uses the token of its service account",
    "POD_ATTACH": "step is one of them",
    "PERMISSION_DISCOVER": "table held_powers",
    "cluster_admin": "power full_power",
}
NOT_LOOKED_FOR = {  # condition: why there is nothing to find
    "example-rule": "it is switched off there and shows how a rule is written",
    "subjects-with-many-roles": "a number of roles is no right; the access review lists them all",
    "namespaces-with-many-subjects": "a number of subjects is no right; the access review lists them all",
    "CONTAINER_ATTACH": "a pod is one place here: whoever is in it is in its containers",
    "SHARE_PS_NAMESPACE": "a pod is one place here: its containers are not parted",
    "VOLUME_DISCOVER": "a pod and its volumes are one place here",
    "providerIAM": "annotations of service accounts are not kept; what a cloud grants to them is outside",
}
POLICE = {  # conditions that rbac-police writes as code: rules of a role that meets them, and powers
    "approve_csrs": ("certificates.k8s.io", {"update": "certificatesigningrequests/approval", "approve": "signers",
                                             "create": "certificatesigningrequests"},
                     {"approve_csrs", "approve_signers", "create_csrs"}),
    "assign_sa": ("", {"create": "pods", "patch": "replicationcontrollers"}, {"create_pods", "create_workloads"}),
    "bind_roles": ("rbac.authorization.k8s.io", {"bind": "clusterroles"}, {"bind_roles"}),
    "control_webhooks": ("admissionregistration.k8s.io", {"create": "validatingwebhookconfigurations"},
                         {"change_webhooks"}),
    "eks_modify_aws_auth": ("", {"patch": "configmaps"}, {"change_configmaps"}),
    "escalate_roles": ("rbac.authorization.k8s.io", {"escalate": "roles"}, {"escalate_roles"}),
    "impersonate": ("", {"impersonate": "users"}, {"impersonate_users"}),
    "issue_token_secrets": ("", {"create": "secrets"}, {"write_secrets"}),
    "list_secrets": ("", {"list": "secrets"}, {"read_secrets"}),
    "modify_node_status": ("", {"patch": "nodes/status"}, {"change_nodes"}),
    "modify_pod_status": ("", {"patch": "pods/status"}, {"change_pod_status"}),
    "modify_pods": ("", {"update": "pods"}, {"change_pods"}),
    "modify_service_status_cve_2020_8554": ("", {"patch": "services/status"}, {"change_service_status"}),
    "nodes_proxy": ("", {"create": "nodes/proxy"}, {"proxy_nodes"}),
    "obtain_token_weak_ns": ("", {"create": "serviceaccounts/token", "get": "secrets"},
                             {"create_tokens", "read_secrets"}),
    "pods_ephemeral_ctrs": ("", {"patch": "pods/ephemeralcontainers"}, {"debug_pods"}),
    "pods_exec": ("", {"create": "pods/exec"}, {"exec_pods"}),
    "rce_weak_ns": ("", {"patch": "pods", "create": "pods/exec"}, {"change_pods", "exec_pods"}),
    "retrieve_token_secrets": ("", {"get": "secrets"}, {"read_secrets"}),
    "steal_pods": ("", {"deletecollection": "pods", "create": "pods/eviction", "patch": "nodes"},
                   {"delete_pods", "evict_pods", "change_nodes"}),
    "token_request": ("", {"create": "serviceaccounts/token"}, {"create_tokens"}),
}
NOT_ASKED = {("bind", "rolebindings"), ("bind", "clusterrolebindings")}
"""Kubernetes asks for bind on the role, never on the binding."""


def conditions() -> list[dict[str, str]]:
    file = TRUTH / "rbac" / "rules.csv"
    if not file.is_file():
        pytest.skip("rbac/rules.csv is not here; AUDITKIT_TRUTH names the folder that has it")
    with file.open() as lines:
        return list(csv.DictReader(lines))


def powers_of(*rights: tuple[str, str, str]) -> list[set[str]]:
    """The powers of each right: group, verb, resource."""
    found = frames([role(f"r{n}", {"verbs": [verb], "apiGroups": [group], "resources": [resource]})
                    for n, (group, verb, resource) in enumerate(rights)])
    held = role_powers(found["role_rules"])
    return [set(held.loc[held["role"] == f"r{n}", "power"]) for n in range(len(rights))]


def test_every_condition_of_other_tools_is_covered_or_it_is_said_why_not():
    named = {power.name for power in POWERS}
    asked: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for condition in conditions():
        rule = condition["rule_id"]
        if rule in ELSEWHERE or rule in NOT_LOOKED_FOR:
            continue
        if condition["tool"] == "rbac-police":
            group, rights, powers = POLICE[rule]
            found = set().union(*powers_of(*((group, verb, resource) for verb, resource in rights.items())))
            assert powers <= found & named, rule
            continue
        groups = [{"core": ""}.get(group, group) for group in condition["api_groups"].split(";")]
        for verb in condition["verbs"].split(";"):
            for resource in condition["resources"].replace("|", ";").split(";"):
                if (verb, resource) not in READS_ONLY | NOT_ASKED:
                    asked[rule, verb, resource] = [(group, verb, resource) for group in groups]
    rights = list(dict.fromkeys(right for ways in asked.values() for right in ways))
    powers = dict(zip(rights, powers_of(*rights), strict=True))
    assert len(asked) > 100
    assert [what for what, ways in asked.items() if not any(powers[way] for way in ways)] == []


def test_what_covers_a_condition_elsewhere_is_there():
    checks, powers = all_checks(), {power.name for power in POWERS} | {"full_power"}
    folder = Path(__file__).parents[3] / "auditkit" / "analysis" / "escalation"
    source = "".join(file.read_text() for file in folder.glob("*.py"))
    for rule, text in ELSEWHERE.items():
        kind, _, name = text.partition(" ")
        assert {"check": name in checks, "power": name in powers, "step": name in source,
                "table": name == "held_powers"}[kind], rule
    assert all(NOT_LOOKED_FOR.values())


# --- manifests made for one attack each -----------------------------------------------------------------------------

STEPS = {  # attack: the steps that stand for it here
    "CE_MODULE_LOAD": {"loads a kernel module"},
    "CE_NET_MITM": {"intercepts traffic of the node"},
    "CE_NSENTER": {"is privileged, so that the node is open to it"},
    "CE_PRIV_MOUNT": {"is privileged, so that the node is open to it"},
    "CE_SYS_PTRACE": {"enters processes of the node"},
    "CE_UMH_CORE_PATTERN": {"writes files of the node"},
    "CE_VAR_LOG_SYMLINK": {"makes the kubelet show files of the node as logs"},
    "ENDPOINT_EXPLOIT": {"breaks into a program that listens"},
    "EXPLOIT_HOST_READ": {"reads credentials in files of the node"},
    "EXPLOIT_HOST_TRAVERSE": {"reads the tokens of other pods"},
    "EXPLOIT_HOST_READ_TRAVERSE": {"reads credentials in files of the node", "reads the tokens of other pods"},
    "EXPLOIT_HOST_WRITE": {"writes files of the node"},
    "IDENTITY_ASSUME": {"uses the kubelet's certificate"},
    "POD_CREATE": {"runs a pod as any service account"},
    "POD_EXEC": {"runs commands in a pod"},
    "POD_PATCH": {"changes the image of a pod"},
    "TOKEN_BRUTEFORCE": {"reads Secrets with tokens of service accounts"},
    "TOKEN_LIST": {"reads Secrets with tokens of service accounts"},
}
BINDS = {"binds cluster-admin", "binds cluster-admin in a namespace", "binds a role whose rights it does not have"}
OTHERWISE = {  # manifest: why there is no such step here
    "IDENTITY_IMPERSONATE": "a RoleBinding gives no right to impersonate users and groups, which have no namespace",
    "SHARE_PS_NAMESPACE": "a pod is one place here",
    "ROLE_BIND_ALL": "it has only roles that others could bind, and nobody who binds",
}


def manifest(file: Path) -> list[dict]:
    with file.open() as text:
        return [thing for thing in yaml.safe_load_all(text) if thing and thing["kind"] != "Service"]


def attacks() -> list[dict]:
    """What all the attack manifests hold; skips where they are not here."""
    folder = TRUTH / "rbac" / "kubehound" / "test" / "setup" / "test-cluster" / "attacks"
    if not folder.is_dir():
        pytest.skip("rbac/kubehound/ is not here; AUDITKIT_TRUTH names the folder that has it")
    return [thing for file in sorted(folder.glob("*.yaml")) for thing in manifest(file)]


def test_each_attack_manifest_gives_its_step():
    asked = [case for case in cases("attack_manifest") if (TRUTH / "rbac" / case["input"]).is_file()]
    if not asked:
        pytest.skip("the manifests of rbac/kubehound/ are not here; AUDITKIT_TRUTH names the folder that has them")
    for case in asked:
        name = Path(case["input"]).stem
        objects = [*manifest(TRUTH / "rbac" / case["input"]), node("n1")]
        found = {step for _, step, _ in acts(steps(objects))}
        if name in OTHERWISE:
            continue
        if name.startswith("ROLE_BIND"):
            assert found & BINDS, name
        else:
            assert STEPS[name] <= found, name


def test_steps_of_the_attack_cluster_onto_nodes_and_between_identities():
    objects = attacks()
    containers = {container["name"]: thing["metadata"]["name"] for thing in objects if thing["kind"] == "Pod"
                  for container in thing["spec"]["containers"]}
    found = acts(steps(objects))
    for case in cases("attack_edges"):
        edge = case["expected"]["edge"]
        if edge.startswith("CE_"):
            for container in case["expected"]["containers"]:
                pod = containers[container]
                assert any(who.endswith(f"/{pod}") and step in STEPS[edge] for who, step, _ in found), (edge, pod)
        if case["id"].endswith("IDENTITY_ASSUME_Container"):
            for container, account in case["expected"]["paths"]:
                step = (f"Pod default/{containers[container]}", "uses the token of its service account",
                        f"ServiceAccount default/{account}")
                assert step in found


def test_who_may_bind_in_the_attack_cluster():
    """Those whose name says that binding fails have no such step, all others do."""
    found = acts(steps(world({"world": "worlds/kubehound-attacks.json"}))) if cases("attack_edges") else set()
    binders = {who for who, step, _ in found if step in BINDS}
    assert binders
    assert not [who for who in binders if "fail" in who]
    for case in cases("attack_edges"):
        if case["expected"]["edge"] == "ROLE_BIND":
            for holder, _ in case["expected"]["paths"]:
                name = holder.partition("::")[0].replace("rolebind-", "rolebind-sa-", 1)
                assert f"ServiceAccount default/{name}" in binders, case["id"]


def test_which_tokens_the_attack_cluster_gives_away():
    """Whoever lists Secrets reaches each account of the namespace, as far as nobody knows which Secrets there are."""
    objects = world({"world": "worlds/kubehound-attacks.json"}) if cases("attack_edges") else []
    found = acts(steps(objects))
    reads = {who for who, step, to in found if step in STEPS["TOKEN_LIST"] and to == "Accounts default"}
    holders = {case["expected"]["paths"][0][0] for case in cases("attack_edges")
               if case["expected"]["edge"] in ("TOKEN_LIST", "TOKEN_BRUTEFORCE")}
    subjects = {f"{thing['roleRef']['name']}::{thing['metadata']['name']}": thing["subjects"]
                for thing in objects if "roleRef" in thing}
    for holder in holders:
        for subject in subjects[holder]:
            assert f"ServiceAccount default/{subject['name']}" in reads


def test_a_condition_that_nobody_knows_would_be_noticed():
    assert powers_of(("", "get", "events"), ("", "get", "secrets")) == [set(), {"read_secrets"}]
    harmless = role("r", {"verbs": ["get"], "apiGroups": [""], "resources": ["events"]})
    assert not [who for who, _, _ in acts(steps([harmless, bind("b", "r", user("alice"))])) if who == "User alice"]
