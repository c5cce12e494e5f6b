"""Remedies for namespaces and webhooks: what is proposed, what is not, and that declared traffic is kept."""

from pathlib import Path

import pytest
import yaml
from simulated import applied, deployment, namespace, pod_spec, snapshot, stored, template, thing

import auditkit
from auditkit.simulation import needs
from auditkit.simulation.proving import Proven, Remedy

CIS, NSA = ("cis-kubernetes",), ("nsa-cisa",)
POLICY = "network.namespaces_have_policy"
NETWORKING = "networking.k8s.io/v1"


def proven(*objects: dict, frameworks: tuple[str, ...] = CIS, output: Path | None = None, gaps: tuple[str, ...] = ()) -> Proven:
    return auditkit.remedy(snapshot(*objects, gaps=gaps), output, frameworks=frameworks)


def remedies(found: Proven) -> dict[str, Remedy]:
    return {each.called: each for each in found.remedies}


def why(found: Proven, what: str) -> list[str]:
    return [reason for called, reason in found.left_out if called.startswith(what)]


def web(**labels: str) -> list[dict]:
    """A controller with two pods that serve a named port, and a port that no Service has; and their Service."""
    objects = deployment()
    ports = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090, "protocol": "TCP"}]
    for each in objects:
        spec = each["spec"].get("template", {}).get("spec") or each["spec"]
        spec["containers"][0]["ports"] = ports
    for number, pod in enumerate(each for each in objects if each["kind"] == "Pod"):
        pod["status"]["podIP"] = f"10.0.0.{number + 1}"
    return [*objects, stored("Service", "web", spec={"selector": labels or {"app": "web"}, "ports": [
        {"port": 80, "targetPort": "http", "protocol": "TCP"}]})]


def test_a_namespace_is_closed_but_for_what_services_and_containers_declare(tmp_path: Path) -> None:
    client = stored("Pod", "client", space="default", spec=pod_spec(), status={"podIP": "10.0.1.1"})
    found = proven(*web(), client, output=tmp_path / "out")
    assert set(remedies(found)["NetworkPolicy/shop/auditkit-default-deny"].notes) == {POLICY}
    deny, service, declared = yaml.safe_load_all((tmp_path / "out" / "NetworkPolicy_shop_auditkit-default-deny.yaml").read_text())
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert service["spec"] == {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [
        {"ports": [{"protocol": "TCP", "port": "http"}]}]}
    assert declared["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8080}, {"protocol": "TCP", "port": 9090}]}]
    after = found.effects.simulation.after
    assert [after.can_reach("default/client", "shop/web-1-a", port=port) for port in (8080, 9090, 22)] == [True, True, False]
    assert POLICY in set(found.mended["check"])


def test_traffic_that_a_policy_would_cut_is_found(tmp_path: Path) -> None:
    snap = snapshot(*web(), stored("Pod", "client", space="default", spec=pod_spec(), status={"podIP": "10.0.1.1"}))
    deny = thing("NetworkPolicy", "n", NETWORKING, spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [
        {"ports": [{"protocol": "TCP", "port": 8080}]}]})
    after = applied(snap, tmp_path, deny).after
    assert needs.cut(snap, after, {"shop", "default"}) == {"shop": "it would cut traffic to TCP 9090 of Pod web-1-a"}
    some = {**deny, "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}}
    assert set(needs.cut(snap, applied(snap, tmp_path, some).after, {"shop"})) == {"shop"}, "other namespaces are shut out"
    assert needs.cut(snap, snap, {"shop"}) == {}


def test_a_policy_that_cuts_what_is_declared_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.simulation.remedies_of_namespaces._declared", lambda snap, space: ())
    found = proven(*web())
    assert why(found, "NetworkPolicy/shop/auditkit-default-deny") == ["it would cut traffic to TCP 9090 of Pod web-1-a"]
    assert "NetworkPolicy/shop/auditkit-default-deny" not in remedies(found)


def test_where_needs_are_not_known_no_policy_is_written() -> None:
    blind = stored("Service", "db", spec={"ports": [{"port": 5432, "protocol": "TCP"}]})
    found = proven(*web(), blind)
    assert why(found, "NetworkPolicy in shop") == ["Service db has no selector: which pods it leads to is not known"]
    assert "NetworkPolicy/shop/auditkit-default-deny" not in remedies(found)
    gap = proven(*web(), gaps=("services",))
    assert why(gap, "NetworkPolicy")[0].startswith("which traffic is needed is not known: ")
    assert not any(name.startswith("NetworkPolicy") for name in remedies(gap))


def test_outgoing_traffic_is_never_denied_by_a_guess() -> None:
    found = proven(*web(), frameworks=NSA)
    assert why(found, "NetworkPolicy for egress in 2 namespaces") == [
        "what their pods connect to is not known: no snapshot shows connections"]


LIMITED = [{"name": "c", "image": "registry/app:1", "resources": {"limits": {"cpu": cpu, "memory": memory}}} for cpu, memory in (
    ("500m", "1Gi"), ("1", "512Mi"))]


def test_a_limit_range_takes_the_highest_limits_and_needs_all_of_them() -> None:
    pods = [stored("Pod", f"p{number}", spec=pod_spec(containers=[each])) for number, each in enumerate(LIMITED)]
    bare = stored("Pod", "bare", space="default", spec=pod_spec())
    found = proven(*pods, bare, frameworks=NSA)
    limits = remedies(found)["LimitRange/shop/auditkit-containers"].manifest["spec"]["limits"]
    assert limits == [{"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}, "default": {"cpu": "1", "memory": "1Gi"}}]
    assert why(found, "LimitRange in default") == ["1 container would get limits, and whether these are enough is not known"]


def test_a_quota_has_room_for_what_controllers_and_autoscalers_ask_for() -> None:
    scaled = stored("HorizontalPodAutoscaler", "h", "autoscaling/v2", spec={
        "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 30})
    found = proven(*deployment(), scaled, namespace("empty"), frameworks=NSA)
    hard = {name: each.manifest["spec"]["hard"] for name, each in remedies(found).items() if name.startswith("ResourceQuota")}
    assert hard == {"ResourceQuota/shop/auditkit-pods": {"pods": "64"}, "ResourceQuota/default/auditkit-pods": {"pods": "20"},
                    "ResourceQuota/empty/auditkit-pods": {"pods": "20"}}


ADMISSION = "admissionregistration.k8s.io/v1"
ELSEWHERE = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop", "kube-system"]}]}


def webhook(group: str = "", resource: str = "pods", **rest: object) -> dict:
    return stored("ValidatingWebhookConfiguration", "guard", ADMISSION, None, webhooks=[{
        "name": "guard.example.org", "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": "shop", "name": "web"}, "caBundle": "eA=="},
        "rules": [{"operations": ["CREATE"], "apiGroups": [group], "apiVersions": ["*"], "resources": [resource]}], **rest}])


def test_a_webhook_fails_closed_where_enough_pods_answer_and_it_cannot_block_itself() -> None:
    found = proven(*web(), webhook(namespaceSelector=ELSEWHERE), frameworks=NSA)
    made = remedies(found)["ValidatingWebhookConfiguration/guard"]
    assert made.manifest["webhooks"] == [{"name": "guard.example.org", "failurePolicy": "Fail"}]
    assert "2 pods of its service are ready" in made.notes["admission.webhooks_fail_closed"]
    own = proven(*web(), webhook("example.org", "widgets"), frameworks=NSA)
    assert "ValidatingWebhookConfiguration/guard" in remedies(own), "it is asked about its own kind only"


@pytest.mark.parametrize(("pods", "hook", "reason"), [
    (2, webhook(), "it is asked about objects of shop: while it is down, what it needs there cannot start"),
    (2, webhook(namespaceSelector={"matchExpressions": [{**ELSEWHERE["matchExpressions"][0], "values": ["shop"]}]}),
     "it is asked about objects of kube-system: while it is down, what it needs there cannot start"),
    (2, webhook(resource="nodes", namespaceSelector=ELSEWHERE), "it is asked about objects outside of namespaces, which nodes need"),
    (2, webhook("*", "*", namespaceSelector=ELSEWHERE), "it is asked about objects outside of namespaces, which nodes need"),
    (1, webhook(namespaceSelector=ELSEWHERE), "1 ready pods stand behind its service; 2 are needed, so that one can end"),
    (2, webhook(namespaceSelector=ELSEWHERE, clientConfig={"url": "https://guard.example.org"}),
     "0 ready pods stand behind its service; 2 are needed, so that one can end"),
])
def test_a_webhook_that_could_stop_the_cluster_stays_open(pods: int, hook: dict, reason: str) -> None:
    objects = [each for each in web() if each["kind"] != "Pod" or each["metadata"]["name"] in ("web-1-a", "web-1-b")[:pods]]
    found = proven(*objects, hook, frameworks=NSA)
    assert why(found, "webhook guard.example.org of ValidatingWebhookConfiguration guard") == [reason]
    assert "ValidatingWebhookConfiguration/guard" not in remedies(found)


def test_the_wider_template_of_a_controller_counts_for_what_is_declared() -> None:
    idle = stored("Deployment", "idle", "apps/v1", spec={"replicas": 0, "template": template(containers=[
        {"name": "c", "image": "registry/app:1", "ports": [{"containerPort": 7000, "protocol": "UDP"}]}])})
    beside = remedies(proven(idle))["NetworkPolicy/shop/auditkit-default-deny"].beside
    assert beside["NetworkPolicy/shop/auditkit-allow-declared-ports"]["spec"]["ingress"] == [
        {"ports": [{"protocol": "UDP", "port": 7000}]}]
