"""Remedies for namespaces and webhooks: what is proposed, what is not, and that declared traffic is kept."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from simulated import applied, deployment, namespace, pod_spec, snapshot, stored, template, thing

import auditkit
from auditkit.analysis.network.reachability import QUESTION
from auditkit.simulation import needs
from auditkit.simulation.proposal import Made
from auditkit.simulation.remedies import Proposals, proposals

POLICY = "network.namespaces_have_policy"


def proposed(check: str, *objects: dict, failing: tuple[str, ...] = ("shop",), kind: str = "Namespace", gaps: tuple[str, ...] = ()
             ) -> Proposals:
    """What is proposed where these subjects fail; nothing of it is proven."""
    subjects = pd.DataFrame({"kind": kind, "namespace": None, "name": list(failing)}).astype("string[pyarrow]")
    return proposals(snapshot(*objects, gaps=gaps), {check: subjects})


def made(found: Proposals) -> dict[str, Made]:
    return {"/".join([each.manifest["kind"], each.manifest["metadata"].get("namespace", ""), each.manifest["metadata"]["name"]]): each
            for _, each in found.made}


def whys(found: Proposals) -> list[tuple[str, str]]:
    return [(each.what, each.why) for each in found.unmade]


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
    found = auditkit.remedy(snapshot(*web(), client), tmp_path / "out", frameworks=["cis-kubernetes"])
    assert {each.called: set(each.notes) for each in found.remedies}["NetworkPolicy/shop/auditkit-default-deny"] == {POLICY}
    deny, service, declared = yaml.safe_load_all((tmp_path / "out" / "NetworkPolicy_shop_auditkit-default-deny.yaml").read_text())
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert service["spec"] == {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [
        {"ports": [{"protocol": "TCP", "port": "http"}]}]}
    assert declared["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8080}, {"protocol": "TCP", "port": 9090}]}]
    asked = pd.DataFrame([["default", "client", "shop", "web-1-a", "TCP", port] for port in (8080, 9090, 22)], columns=QUESTION)
    assert found.effects.simulation.after.reachability.allowed(asked).tolist() == [True, True, False]
    assert POLICY in set(found.mended["check"])


def test_traffic_that_a_policy_would_cut_is_found(tmp_path: Path) -> None:
    snap = snapshot(*web(), stored("Pod", "client", space="default", spec=pod_spec(), status={"podIP": "10.0.1.1"}))
    deny = thing("NetworkPolicy", "deny", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [
        {"ports": [{"protocol": "TCP", "port": 8080}]}]})
    after = applied(snap, tmp_path, deny).after
    assert needs.cut(snap, after, {"shop", "default"}) == {"shop": "it would cut traffic to TCP 9090 of Pod web-1-a"}
    some = {**deny, "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}}
    assert set(needs.cut(snap, applied(snap, tmp_path, some).after, {"shop"})) == {"shop"}, "other namespaces are shut out"
    assert needs.cut(snap, snap, {"shop"}) == {}


def test_where_needs_are_not_known_no_policy_is_proposed() -> None:
    blind = stored("Service", "db", spec={"ports": [{"port": 5432, "protocol": "TCP"}]})
    found = proposed(POLICY, *web(), blind)
    assert whys(found) == [("NetworkPolicy in shop", "Service db has no selector: which pods it leads to is not known")]
    gap = proposed(POLICY, *web(), gaps=("services",))
    assert [what for what, _ in whys(gap)] == ["NetworkPolicy"] and "which traffic is needed is not known: " in whys(gap)[0][1]
    assert found.made == gap.made == []


def test_where_there_are_policies_no_other_is_proposed_which_would_open_what_they_close() -> None:
    own = stored("NetworkPolicy", "from-web", "networking.k8s.io/v1", spec={"podSelector": {"matchLabels": {"app": "db"}}})
    assert whys(proposed(POLICY, *web(), own)) == [("NetworkPolicy in shop", (
        "policies are for its pods already, or may be, and more of them would open what those close"))]


def test_a_service_that_declares_no_port_is_reached_on_any() -> None:
    headless = stored("Service", "db", spec={"clusterIP": "None", "selector": {"app": "web"}})
    found = proposed(POLICY, *web(), headless)
    assert found.made == [] and whys(found) == [
        ("NetworkPolicy in shop", "Service db declares no port: on which it is reached is not known")]


def test_traffic_that_a_policy_would_open_is_found_and_a_new_pod_loses_none(tmp_path: Path) -> None:
    client = stored("Pod", "client", space="default", spec=pod_spec(), status={"podIP": "10.0.1.1"})
    closed = stored("NetworkPolicy", "none", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Ingress"]})
    opened = thing("NetworkPolicy", "all", "networking.k8s.io/v1", spec={"podSelector": {}, "ingress": [{}]})
    snap = snapshot(*web(), client, closed)
    assert needs.cut(snap, applied(snap, tmp_path, opened).after, {"shop"}) == {
        "shop": "it would open traffic to TCP 8080 of Pod web-1-a"}
    more = thing("Deployment", "more", "apps/v1", spec={"replicas": 1, "selector": {"matchLabels": {"app": "more"}}, "template": {
        "metadata": {"labels": {"app": "more"}}, "spec": pod_spec()}})
    assert needs.cut(snap, applied(snap, tmp_path, more).after, {"shop"}) == {}


def test_outgoing_traffic_is_never_denied_by_a_guess() -> None:
    found = proposed("network.default_deny_egress", *web(), failing=("shop", "default", "kube-system"))
    assert whys(found) == [("NetworkPolicy for egress in 2 namespaces",
                            "what their pods connect to is not known: no snapshot shows connections")]


def test_templates_count_for_what_is_declared() -> None:
    idle = stored("Deployment", "idle", "apps/v1", spec={"replicas": 0, "template": template(containers=[
        {"name": "c", "image": "registry/app:1", "ports": [{"containerPort": 7000, "protocol": "UDP"}]}])})
    (ports,) = made(proposed(POLICY, idle))["NetworkPolicy/shop/auditkit-default-deny"].beside
    assert ports["spec"]["ingress"] == [{"ports": [{"protocol": "UDP", "port": 7000}]}]


LIMITED = [{"name": "c", "image": "registry/app:1", "resources": {"limits": {"cpu": cpu, "memory": memory}}} for cpu, memory in (
    ("500m", "1Gi"), ("1", "512Mi"))]
LIMITS, QUOTA = "quotas.namespaces_have_limit_range", "quotas.namespaces_have_quota"


def test_a_limit_range_takes_the_highest_limits_and_needs_all_of_them() -> None:
    pods = [stored("Pod", f"p{number}", spec=pod_spec(containers=[each])) for number, each in enumerate(LIMITED)]
    found = proposed(LIMITS, *pods, stored("Pod", "bare", space="default", spec=pod_spec()), failing=("shop", "default"))
    assert made(found)["LimitRange/shop/auditkit-containers"].manifest["spec"]["limits"] == [
        {"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}, "default": {"cpu": "1", "memory": "1Gi"}}]
    assert whys(found) == [("LimitRange in default", "1 container would get limits, and whether these are enough is not known")]


def test_a_quota_has_room_for_what_controllers_and_autoscalers_ask_for() -> None:
    scaled = stored("HorizontalPodAutoscaler", "h", "autoscaling/v2", spec={
        "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 30})
    found = made(proposed(QUOTA, *deployment(), scaled, failing=("shop", "default")))
    assert {name: each.manifest["spec"]["hard"] for name, each in found.items()} == {
        "ResourceQuota/shop/auditkit-pods": {"pods": "64"}, "ResourceQuota/default/auditkit-pods": {"pods": "20"}}


def test_a_quota_is_not_guessed_where_jobs_run_in_parallel() -> None:
    job = stored("Job", "j", "batch/v1", spec={"parallelism": 50, "template": template()})
    found = proposed(QUOTA, *deployment(), job)
    assert found.made == [] and whys(found) == [
        ("ResourceQuota in shop", "how many pods its Jobs run in parallel is in no table")]


ADMISSION, HOOK = "admissionregistration.k8s.io/v1", "admission.webhooks_fail_closed"
GUARD = "ValidatingWebhookConfiguration//guard"


def elsewhere(*spaces: str) -> dict:
    return {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(spaces)}]}


def webhook(group: str = "", resource: str = "pods", **rest: object) -> dict:
    return stored("ValidatingWebhookConfiguration", "guard", ADMISSION, None, webhooks=[{
        "name": "guard.example.org", "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "namespaceSelector": elsewhere("shop", "kube-system", "kube-node-lease"),
        "clientConfig": {"service": {"namespace": "shop", "name": "web"}, "caBundle": "eA=="},
        "rules": [{"operations": ["CREATE"], "apiGroups": [group], "apiVersions": ["*"], "resources": [resource]}], **rest}])


def of_webhook(*objects: dict) -> Proposals:
    return proposed(HOOK, *objects, failing=("guard.example.org",), kind="Webhook")


def test_a_webhook_fails_closed_where_enough_pods_answer_and_it_cannot_block_itself() -> None:
    found = made(of_webhook(*web(), webhook()))[GUARD]
    assert found.manifest["webhooks"] == [{"name": "guard.example.org", "failurePolicy": "Fail"}]
    assert "2 pods of its service are ready" in found.note
    assert GUARD in made(of_webhook(*web(), webhook("example.org", "widgets", namespaceSelector={}))), "of its own kind only"


SELF = "it is asked about objects of {}: while it is down, what it needs there cannot start"
OUTSIDE = "it is asked about objects outside of namespaces, which nodes need"
FEW = "{} ready pods stand behind its service; 2 are needed, so that one can end"


@pytest.mark.parametrize(("pods", "hook", "reason"), [
    (2, webhook(namespaceSelector={}), SELF.format("shop")),
    (2, webhook(namespaceSelector=elsewhere("shop")), SELF.format("kube-system")),
    (2, webhook("*", "pods", namespaceSelector={}), SELF.format("shop")),
    (2, webhook("coordination.k8s.io", "leases", namespaceSelector=elsewhere("shop", "kube-system")), SELF.format("kube-node-lease")),
    (2, webhook("discovery.k8s.io", "endpointslices", namespaceSelector={}), SELF.format("shop")),
    (2, webhook("certificates.k8s.io", "certificatesigningrequests"), OUTSIDE),
    (2, webhook(resource="nodes"), OUTSIDE), (2, webhook("*", "*"), OUTSIDE),
    (1, webhook(), FEW.format(1)), (2, webhook(clientConfig={"url": "https://guard.example.org"}), FEW.format(0))])
def test_a_webhook_that_could_stop_the_cluster_stays_open(pods: int, hook: dict, reason: str) -> None:
    objects = [each for each in web() if each["kind"] != "Pod" or each["metadata"]["name"] in ("web-1-a", "web-1-b")[:pods]]
    found = of_webhook(*objects, hook, namespace("kube-node-lease"))
    assert found.made == [] and whys(found) == [
        ("webhook guard.example.org of ValidatingWebhookConfiguration guard", reason)]


def test_quotas_limits_and_webhooks_are_proven_together() -> None:
    objects = web()
    for each in objects[:-1]:
        spec = each["spec"].get("template", {}).get("spec") or each["spec"]
        spec["containers"][0]["resources"] = LIMITED[0]["resources"]
    found = auditkit.remedy(snapshot(*objects, webhook()), frameworks=["nsa-cisa"])
    names = {check for each in found.remedies for check in each.notes}
    assert {HOOK, QUOTA, LIMITS} <= names and {HOOK, QUOTA, LIMITS} <= set(found.mended["check"])
