"""What applied manifests change: traffic, rights, paths to full power, verdicts, and what would be refused."""

import itertools
from pathlib import Path

import pytest
import yaml
from simulated import applied, deployment, namespace, pod_spec, snapshot, stored, template, thing

import auditkit
from auditkit.simulation.effects import Effects
from auditkit.snapshots.snapshot import Snapshot

RBAC = "rbac.authorization.k8s.io/v1"
ADMIN = stored("ClusterRole", "cluster-admin", RBAC, None, rules=[{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                                                                  {"verbs": ["*"], "nonResourceURLs": ["*"]}])


def effects(snap: Snapshot, folder: Path, *manifests: dict, delete: tuple[str, ...] = (), frameworks: tuple[str, ...] = ()) -> Effects:
    (folder / "manifests.yaml").write_text("---\n".join(map(yaml.safe_dump, manifests)))
    return auditkit.simulate(snap, folder / "manifests.yaml" if manifests else None, delete=delete, frameworks=frameworks)


def pods(*names: str, space: str = "shop", **spec) -> list[dict]:
    return [stored("Pod", name, space=space, spec=pod_spec(**spec), status={"phase": "Running", "podIP": f"10.0.0.{at}"})
            for at, name in enumerate(names, 1)]


def test_a_policy_that_denies_closes_traffic_and_its_deletion_opens_it(tmp_path: Path) -> None:
    snap = snapshot(*pods("a"), *pods("b", space="default"))
    deny = thing("NetworkPolicy", "deny", "networking.k8s.io/v1", spec={"podSelector": {}})
    closed = effects(snap, tmp_path, deny)
    ends = ["change", "source", "destination", "before", "after"]
    rows = closed.flows[closed.flows["source_kind"].eq("Namespace")][ends]
    assert rows.astype(object).where(rows.notna(), None).values.tolist() == [["closed", "default", "shop", "all", None]]
    opened = effects(closed.simulation.after, tmp_path, delete=("NetworkPolicy/shop/deny",))
    rows = opened.flows[opened.flows["source_kind"].eq("Namespace")][ends]
    assert rows.astype(object).where(rows.notna(), None).values.tolist() == [["opened", "default", "shop", None, "all"]]


def test_as_many_pairs_that_are_others_are_a_change(tmp_path: Path) -> None:
    """The namespace is as open as before, to another pod."""
    named = pods("a", "b", "db")
    for pod in named:
        pod["metadata"]["labels"] = {"app": pod["metadata"]["name"]}

    def to_db(source: str) -> dict:
        return {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": source}}}]}]}
    snap = snapshot(*named, stored("NetworkPolicy", "to-db", "networking.k8s.io/v1", spec=to_db("a")))
    found = effects(snap, tmp_path, thing("NetworkPolicy", "to-db", "networking.k8s.io/v1", spec=to_db("b"))).flows
    assert found[["change", "source", "destination", "before", "after"]].values.tolist() == [
        ["other pairs", "shop", "shop", "all", "all"]]
    assert len(effects(snap, tmp_path, thing("NetworkPolicy", "to-db", "networking.k8s.io/v1", spec=to_db("a"))).flows) == 0


def test_a_binding_gives_rights_and_a_path_to_full_power(tmp_path: Path) -> None:
    snap = snapshot(ADMIN, stored("ServiceAccount", "robot"))
    role = thing("Role", "reader", RBAC, rules=[{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]}])
    to = [{"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}]
    some = effects(snap, tmp_path, role, thing("RoleBinding", "b", RBAC, roleRef={"kind": "Role", "name": "reader"}, subjects=to))
    assert some.rights[["change", "subject", "verb", "resource", "namespace"]].values.tolist() == [
        ["gained", "robot", verb, "configmaps", "shop"] for verb in ("get", "list")]
    assert len(some.paths) == 0
    every = effects(snap, tmp_path, thing("ClusterRoleBinding", "b", RBAC, None, roleRef={"kind": "ClusterRole", "name": "cluster-admin"}, subjects=to))
    rows = every.paths[["change", "kind", "namespace", "name", "steps_after"]]
    assert rows.values.tolist() == [["opened", "ServiceAccount", "shop", "robot", 1]]
    gone = effects(every.simulation.after, tmp_path, delete=("ClusterRoleBinding/b",))
    assert gone.paths["change"].tolist() == ["closed"] and set(gone.rights["change"]) == {"lost"}
    assert len(gone.rights) == len(every.rights)


def test_pods_that_pod_security_refuses_are_named_with_the_words_of_the_plug_in(tmp_path: Path) -> None:
    enforced = namespace("shop", **{"pod-security.kubernetes.io/enforce": "baseline"})
    bad = {"template": {"spec": {"containers": [{"name": "c", "securityContext": {"privileged": True}}]}}}
    found = effects(snapshot(enforced, *deployment()), tmp_path, thing("Deployment", "web", "apps/v1", spec=bad)).refused
    assert found[["policy", "kind", "name", "outcome"]].values.tolist() == [
        ["Pod Security", "Pod", name, "denied"] for name in ("web-1-a", "web-1-b")]
    assert set(found["message"]) == {'privileged (container "c" must not set securityContext.privileged=true)'}


def test_a_label_that_would_refuse_pods_that_run_names_them(tmp_path: Path) -> None:
    """They run on, and are refused when they are made anew. Those that were refused before are not named again."""
    snap = snapshot(*pods("bad", hostPID=True), *pods("good"))
    label = thing("Namespace", "shop", space=None)
    label["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "baseline"}
    found = effects(snap, tmp_path, label)
    assert found.refused["name"].tolist() == ["bad"]
    label["metadata"]["labels"]["team"] = "a"
    assert len(effects(found.simulation.after, tmp_path, label).refused) == 0


def policy(operation: str, expression: str, resources: str = "deployments", group: str = "apps") -> list[dict]:
    rules = [{"apiGroups": [group], "apiVersions": ["v1"], "operations": [operation], "resources": [resources]}]
    version = "admissionregistration.k8s.io/v1"
    return [stored("ValidatingAdmissionPolicy", "p", version, None, spec={
        "matchConstraints": {"resourceRules": rules}, "validations": [{"expression": expression, "message": "no"}]}),
        stored("ValidatingAdmissionPolicyBinding", "b", version, None, spec={"policyName": "p", "validationActions": ["Deny"]})]


@pytest.mark.parametrize(("operation", "expression", "denied"), [
    ("CREATE", "object.metadata.name != 'web'", False), ("UPDATE", "object.metadata.name != 'web'", True),
    ("UPDATE", "oldObject.spec.replicas == object.spec.replicas", True), ("UPDATE", "oldObject.spec.replicas < 9", False)])
def test_what_is_changed_is_decided_as_an_update_of_what_was_there(tmp_path: Path, operation: str, expression: str, denied: bool) -> None:
    snap = snapshot(*deployment(), *policy(operation, expression))
    found = effects(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec={"replicas": 3})).refused
    assert found["outcome"].tolist() == (["denied"] if denied else [])


def test_a_policy_that_is_applied_too_decides_what_is_applied_with_it(tmp_path: Path) -> None:
    given = [{**each, "metadata": {"name": each["metadata"]["name"]}} for each in policy("CREATE", "false")]
    new = thing("Deployment", "new", "apps/v1", spec={"template": template()})
    found = effects(snapshot(), tmp_path, *given, new).refused
    assert found[["policy", "kind", "name", "outcome", "message"]].values.tolist() == [["p", "Deployment", "new", "denied", "no"]]


def test_what_a_policy_reads_and_is_not_known_is_not_taken_for_allowed(tmp_path: Path) -> None:
    snap = snapshot(*deployment(), *policy("UPDATE", "object.spec.template.spec.dnsPolicy == 'Default'"))
    found = effects(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec={"replicas": 3})).refused
    assert found["outcome"].tolist() == ["unknown"] and "dnsPolicy, which is not known" in found["why"][0]


def test_verdicts_that_change_are_those_of_the_framework(tmp_path: Path) -> None:
    safe = {"template": {"spec": {"automountServiceAccountToken": False}}}
    snap = snapshot(*deployment(), stored("ServiceAccount", "default"))
    found = effects(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec=safe), frameworks=("cis-kubernetes",))
    news = found.changes[found.changes["change"] != "still open"]
    assert news[["change", "check", "namespace", "name", "before", "after"]].values.tolist() == [
        ["closed", "workloads.token_mounted_only_where_needed", "shop", name, "fail", "pass"] for name in ("web-1-a", "web-1-b")]
    assert set(news["requirements"]) == {"cis-kubernetes 5.1.6"}
    assert found.counts["closed"] == 2


def test_each_object_has_the_place_of_its_manifest(tmp_path: Path) -> None:
    found = effects(snapshot(*deployment(1)), tmp_path, thing("Secret", "s"), thing("Deployment", "web", "apps/v1", spec={"replicas": 2}),
                    delete=("ReplicaSet/shop/web-old",))
    rows = found.objects.astype(object).where(found.objects.notna(), None)
    file = tmp_path / "manifests.yaml"
    assert sorted(map(tuple, rows[["change", "kind", "name", "manifest"]].values.tolist()), key=str) == sorted([
        ("deleted", "ReplicaSet", "web-old", None), ("added", "Secret", "s", f"{file}, line 1"),
        ("changed", "Deployment", "web", f"{file}, line 7"), ("changed", "ReplicaSet", "web-1", f"{file}, line 7"),
        ("added", "Pod", "web-1-simulated-0", f"{file}, line 7")], key=str)


def test_a_simulation_of_a_simulation_is_that_of_both(acme: Snapshot, tmp_path: Path) -> None:
    """Applied one after the other, in any order, manifests of different objects give the same tables."""
    manifests = [thing("NetworkPolicy", "deny", "networking.k8s.io/v1", "billing", spec={"podSelector": {}}),
                 thing("Deployment", "billing-api", "apps/v1", "billing", spec={"template": {"spec": {"hostNetwork": True}}}),
                 thing("Role", "r", RBAC, "billing", rules=[])]
    found = []
    for order in itertools.permutations(manifests):
        after = acme
        for each in order:
            after = applied(after, tmp_path, each).after
        found.append(after)
    found.append(applied(acme, tmp_path, *manifests).after)
    for name in ("pods", "containers", "network_policies", "roles", "templates", "workloads"):
        tables = {frozenset(zip(*(column.to_pylist() for column in each.arrow(name).columns), strict=True)) for each in found}
        assert len(tables) == 1, name


def test_flows_that_are_not_known_any_more_are_not_called_closed(tmp_path: Path) -> None:
    """The address of a new pod is not known, and a policy that goes by addresses may be for it or not."""
    cidr = stored("NetworkPolicy", "to-db", "networking.k8s.io/v1", spec={
        "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]})
    objects = deployment(1)
    found = effects(snapshot(cidr, *objects, *pods("other")), tmp_path,
                    thing("Deployment", "web", "apps/v1", spec={"template": {"spec": {"hostPID": True}}})).flows
    assert set(found["change"]) <= {"not known any more"} and len(found) > 0


def test_a_threshold_is_crossed_by_what_newly_fails(tmp_path: Path) -> None:
    snap = snapshot(*pods("old", hostPID=True), stored("ServiceAccount", "default"))
    found = effects(snap, tmp_path, thing("Pod", "new", spec=pod_spec(hostNetwork=True)), frameworks=("cis-kubernetes",))
    assert {name: found.crosses(name) for name in ("never", "fail", "unaccepted", "unknown", "medium", "high", "critical")} == {
        "never": False, "fail": True, "unaccepted": True, "unknown": True, "medium": True, "high": True, "critical": False}
    none = effects(snap, tmp_path, thing("ConfigMap", "c"), frameworks=("cis-kubernetes",))
    assert not any(none.crosses(name) for name in ("fail", "unknown", "low"))


def test_nothing_changes_where_there_is_nothing(tmp_path: Path) -> None:
    """A cluster without pods, subjects and paths, before and after."""
    found = effects(snapshot(), tmp_path, thing("ConfigMap", "c"))
    assert [len(each) for each in (found.flows, found.rights, found.paths, found.refused)] == [0, 0, 0, 0]


def test_what_a_manifest_that_cannot_be_simulated_does_is_unknown(tmp_path: Path) -> None:
    found = effects(snapshot(), tmp_path, thing("ConfigMap", "c"), thing("Widget", "w", "example.org/v1"))
    assert {name: found.crosses(name) for name in ("never", "fail", "unknown", "low")} == {
        "never": False, "fail": False, "unknown": True, "low": False}
    hook = thing("Pod", "test", spec=pod_spec())
    hook["metadata"]["annotations"] = {"helm.sh/hook": "test"}
    assert not effects(snapshot(), tmp_path, thing("ConfigMap", "c"), hook).crosses("unknown")


def test_alone_nothing_is_known_to_be_well(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(thing("Pod", "p", spec=pod_spec(hostNetwork=True))))
    found = auditkit.simulate(None, tmp_path / "m.yaml", frameworks=("cis-kubernetes",))
    assert set(found.changes["after"]) == {"fail"} and set(found.changes["change"]) == {"opened"}
    assert "pass" not in set(found.verdicts["cis-kubernetes"].later.verdicts()["verdict"])
    assert found.changes["line"].tolist() == [1] * len(found.changes)
