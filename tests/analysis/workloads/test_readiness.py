"""What is there does not thereby act: agents count where their pods are ready."""

import pytest
from network_worlds import agent, derive, namespace, node, policy, verdicts
from worlds import frames

CALICO = "quay.io/calico/node:v3.29.0"
NEW = {"conditions": [], "containerStatuses": []}


def calico(daemonset: dict | None = None, **status: object) -> list[dict]:
    """A node, and Calico on it, whose pod has this status."""
    controller, pod = agent(CALICO)
    return [node("n1"), controller | {"status": daemonset or {}},
            pod | {"status": {"phase": "Running", **status}}]


def condition(status: str) -> list[dict]:
    return [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": status}]


def container(ready: bool) -> list[dict]:
    return [{"name": "c0", "ready": ready}]


@pytest.mark.parametrize(("objects", "ready"), [
    (calico(conditions=condition("True")), [True]),
    (calico(conditions=condition("False"), containerStatuses=container(True)), [False]),
    (calico(conditions=condition("Unknown"), containerStatuses=container(True)), [False]),
    (calico(containerStatuses=container(False)), [False]),
    (calico(containerStatuses=container(True)), [None]),
    (calico(), [None]),
    (calico({"desiredNumberScheduled": 1, "numberReady": 1}), [True]),
    (calico({"desiredNumberScheduled": 1, "numberReady": 0}), [None]),
    (calico({"desiredNumberScheduled": 1, "numberReady": 1}, conditions=condition("False")), [False]),
    (calico(phase="Pending", conditions=condition("True")), [False]),
])
def test_the_condition_ready_decides_and_the_phase_does_not(objects, ready):
    found = derive(frames(objects), "pod_readiness")["ready"]
    assert found.astype(object).where(found.notna(), None).tolist() == ready


@pytest.mark.parametrize("name", ["namespaces_have_policy", "default_deny_ingress", "default_deny_egress"])
def test_policies_are_not_known_to_be_enforced_by_agents_that_crash(name):
    objects = [namespace("shop"), policy("deny", policyTypes=["Ingress", "Egress"])]
    crashing = calico(conditions=condition("False"), containerStatuses=container(False))
    assert verdicts(f"network.{name}", [*objects, *crashing]) == {"shop": "unknown"}
    assert verdicts(f"network.{name}", [*objects, *calico(conditions=condition("True"))]) == {"shop": "pass"}
    assert verdicts("network.plugin_enforces_policies", [*objects, *crashing]) == {"Calico": "unknown"}


def test_a_pod_on_a_node_that_is_gone_counts_for_no_other():
    objects = [node("n1"), node("n2"), *agent(CALICO, nodes=("n1", "gone"))]
    assert derive(frames(objects), "network_plugin")["nodes"].tolist() == [1]
