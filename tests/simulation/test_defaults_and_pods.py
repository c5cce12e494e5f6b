"""What the API server writes into an object that does not say it, and what it adds to pods."""

from pathlib import Path

import pytest
from simulated import applied, pod_spec, snapshot, stored, thing

from auditkit.simulation.defaults import with_defaults

C = {"name": "c", "image": "a"}


@pytest.mark.parametrize(("source", "given", "whole"), [
    ("deployments.apps", {}, {"replicas": 1, "strategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10}),
    ("deployments.apps", {"replicas": 0, "strategy": {"type": "Recreate"}}, {"replicas": 0, "strategy": {"type": "Recreate"}, "revisionHistoryLimit": 10}),
    ("jobs.batch", {}, {"completions": 1, "parallelism": 1}), ("jobs.batch", {"completions": 3}, {"completions": 3, "parallelism": 1}),
    ("jobs.batch", {"parallelism": 3}, {"parallelism": 3}),
    ("services", {"ports": [{"port": 1}, {"port": 2, "targetPort": "x"}]},
     {"ports": [{"port": 1, "targetPort": 1}, {"port": 2, "targetPort": "x"}], "internalTrafficPolicy": "Cluster"}),
    ("services", {"type": "NodePort"}, {"type": "NodePort", "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster"}),
    ("networkpolicies.networking.k8s.io", {}, {"policyTypes": ["Ingress"]}),
    ("networkpolicies.networking.k8s.io", {"egress": []}, {"egress": [], "policyTypes": ["Ingress"]}),
    ("networkpolicies.networking.k8s.io", {"egress": [{}]}, {"egress": [{}], "policyTypes": ["Ingress", "Egress"]}),
    ("networkpolicies.networking.k8s.io", {"policyTypes": ["Egress"]}, {"policyTypes": ["Egress"]}),
    ("limitranges", {"limits": [{"type": "Container", "max": {"cpu": 2}, "min": {"cpu": 1, "x": 1}}, {"type": "Pod", "max": {"cpu": 1}}]},
     {"limits": [{"type": "Container", "max": {"cpu": 2}, "min": {"cpu": 1, "x": 1}, "default": {"cpu": 2}, "defaultRequest": {"cpu": 2, "x": 1}},
                 {"type": "Pod", "max": {"cpu": 1}}]}),
    ("limitranges", {"limits": [{"type": "Container"}]}, {"limits": [{"type": "Container"}]}),
])
def test_what_is_not_said_has_the_default_of_the_api_server(source: str, given: dict, whole: dict) -> None:
    assert with_defaults(source, {"metadata": {"name": "x"}, "spec": given})["spec"] == whole


@pytest.mark.parametrize(("image", "policy"), [
    ("a", "Always"), ("r:5000/a", "Always"), ("a:latest", "Always"), ("a:1", "IfNotPresent"), ("r:5000/a:1", "IfNotPresent"),
    ("a@sha256:00", "IfNotPresent"), ("a:latest@sha256:00", "IfNotPresent")])
def test_images_with_the_tag_latest_are_always_pulled(image: str, policy: str) -> None:
    found = with_defaults("deployments.apps", {"spec": {"template": {"spec": {"containers": [{"image": image}]}}}})
    assert found["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == policy


@pytest.mark.parametrize(("account", "pod", "mounted"), [
    ({}, {}, True), ({"automountServiceAccountToken": False}, {}, False), ({}, {"automountServiceAccountToken": False}, False),
    ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": True}, True),
    ({}, {"containers": [{**C, "volumeMounts": [{"name": "v", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}]}, False)])
def test_a_pod_has_the_token_of_its_service_account_unless_one_of_them_says_no(tmp_path: Path, account: dict, pod: dict, mounted: bool) -> None:
    snap = snapshot(stored("ServiceAccount", "default", **account))
    after = applied(snap, tmp_path, thing("Pod", "p", spec={**pod_spec(), **pod})).after
    assert after.projected_sources["expiration_seconds"].tolist() == ([3607] if mounted else [])
    assert after.pods["service_account"].tolist() == ["default"]


@pytest.mark.parametrize(("given", "account"), [
    ({"serviceAccount": "admin"}, "admin"), ({"serviceAccount": "admin", "serviceAccountName": "web"}, "web")])
def test_the_former_name_of_the_field_of_the_account_counts(tmp_path: Path, given: dict, account: str) -> None:
    """The API server takes it where the new one is not given."""
    made = thing("Deployment", "web", "apps/v1", spec={"replicas": 1, "template": {"spec": pod_spec(**given)}})
    after = applied(snapshot(), tmp_path, made, thing("Pod", "p", spec=pod_spec(**given))).after
    assert set(after.pods["service_account"]) == set(after.templates["service_account"]) == {account}


def test_a_pod_takes_the_pull_secrets_of_its_account_unless_it_has_its_own(tmp_path: Path) -> None:
    snap = snapshot(stored("ServiceAccount", "default", imagePullSecrets=[{"name": "s"}]))
    after = applied(snap, tmp_path, thing("Pod", "a", spec=pod_spec()),
                    thing("Pod", "b", spec=pod_spec(imagePullSecrets=[{"name": "own"}]))).after
    assert dict(zip(after.pull_secrets["pod"], after.pull_secrets["secret"], strict=True)) == {"a": "s", "b": "own"}


def test_limits_come_from_the_limit_range_and_requests_from_limits(tmp_path: Path) -> None:
    snap = snapshot(stored("LimitRange", "l", spec={"limits": [{"type": "Container", "default": {"memory": "1Gi"}}]}))
    spec = pod_spec(containers=[{**C, "resources": {"limits": {"cpu": "2"}}}])
    found = applied(snap, tmp_path, thing("Pod", "p", spec=spec)).after.containers.iloc[0]
    assert (found["cpu_limit"], found["cpu_request"], found["memory_limit"], found["memory_request"]) == ("2", "2", "1Gi", "1Gi")


def test_ports_of_a_pod_in_the_network_of_its_node_are_ports_of_the_node(tmp_path: Path) -> None:
    ports = [{**C, "ports": [{"containerPort": 80}]}]
    after = applied(snapshot(), tmp_path, thing("Pod", "a", spec={"containers": ports, "hostNetwork": True}),
                    thing("Pod", "b", spec={"containers": ports})).after
    assert dict(zip(after.container_ports["pod"], after.container_ports["host_port"], strict=True)) == {"a": 80, "b": 0}


def test_a_pod_without_a_priority_has_the_default_class(tmp_path: Path) -> None:
    snap = snapshot(stored("PriorityClass", "vital", "scheduling.k8s.io/v1", None, value=1, globalDefault=True))
    assert applied(snap, tmp_path, thing("Pod", "p", spec=pod_spec())).after.pods["priority_class"].tolist() == ["vital"]


def test_a_service_that_asks_for_ports_on_nodes_gets_one_that_is_free(tmp_path: Path) -> None:
    there = stored("Service", "old", spec={"type": "NodePort", "ports": [{"port": 1, "nodePort": 30000}]})
    after = applied(snapshot(there), tmp_path, thing("Service", "new", spec={"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2}]}),
                    thing("Service", "inner", spec={"ports": [{"port": 1}]}),
                    thing("Service", "none", spec={"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 1}]})).after
    ports = after.service_ports[["service", "node_port"]].astype(object)
    assert ports.where(ports.notna(), None).values.tolist() == [
        ["old", 30000], ["new", 30001], ["new", 30002], ["inner", None], ["none", None]]


def test_a_new_namespace_has_its_label_and_a_default_service_account(tmp_path: Path) -> None:
    after = applied(snapshot(), tmp_path, thing("Pod", "p", space="new", spec=pod_spec()), thing("Namespace", "new", space=None)).after
    assert after.service_accounts[["namespace", "name"]].values.tolist() == [["new", "default"]]
    labels = after.namespace_labels
    assert labels[labels["namespace"] == "new"][["key", "value"]].values.tolist() == [["kubernetes.io/metadata.name", "new"]]
    assert after.namespaces.set_index("name")["phase"]["new"] == "Active"
