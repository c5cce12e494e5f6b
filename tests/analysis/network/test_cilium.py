"""Cilium's policies count where its agent acts, and are unknown by name where it does not or they are not understood."""

import pytest
from engine_truth import CHECKS, IMAGES, decided, judged, objects, world
from network_worlds import agent, derive
from worlds import frames

CLOSED = {"kind": "CiliumNetworkPolicy", "metadata": {"name": "closed", "namespace": "shop"}, "spec": {
    "endpointSelector": {}, "ingress": [{"fromEndpoints": []}], "egress": [{"toEndpoints": []}]}}
WIDE = {"kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "closed"}, "spec": {
    "endpointSelector": {"matchExpressions": [
        {"key": "io.kubernetes.pod.namespace", "operator": "NotIn", "values": ["kube-system"]}]},
    "ingress": [{"fromEntities": []}]}}


def policy(**spec: object) -> dict:
    return {"kind": "CiliumNetworkPolicy", "metadata": {"name": "own", "namespace": "shop"},
            "spec": {"endpointSelector": {}} | spec}


@pytest.mark.parametrize("name", CHECKS)
def test_a_policy_of_cilium_closes_its_namespace(name):
    assert judged(world("cilium", [CLOSED]), name) == {"shop": "pass", "bank": "fail", "kube-system": "fail"}


@pytest.mark.parametrize(("name", "bank"), list(zip(CHECKS, ("pass", "pass", "fail"), strict=True)))
def test_a_clusterwide_policy_closes_the_namespaces_that_it_is_for(name, bank):
    assert judged(world("cilium", [WIDE]), name) == {"shop": bank, "bank": bank, "kube-system": "fail"}


@pytest.mark.parametrize(("rule", "verdict"), [
    ({"fromEntities": ["all"]}, "fail"), ({"fromEntities": ["cluster"]}, "fail"), ({"fromCIDR": ["0.0.0.0/0"]}, "fail"),
    ({"toPorts": [{"ports": [{"port": "0", "protocol": "TCP"}]}]}, "fail"), ({}, "unknown"), ({"later": 1}, "unknown"),
    ({"fromEndpoints": [{"matchExpressions": [{"key": "io.kubernetes.pod.namespace", "operator": "Exists"}]}]}, "fail"),
    ({"fromEndpoints": [{"matchExpressions": [{"key": name, "operator": "Exists"} for name in (
        "io.kubernetes.pod.namespace", "io.cilium.k8s.policy.serviceaccount")]}]}, "unknown"),
    ({"fromEndpoints": [{}]}, "pass"), ({"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}, "pass"),
    ({"fromCIDR": ["10.0.0.0/24"]}, "pass"), ({"fromEntities": ["remote-node"]}, "pass"),
    ({"fromEntities": ["all"], "toPorts": [{"ports": [{"port": "80"}], "rules": {"http": [{}]}}]}, "pass"),
])
def test_a_rule_for_everybody_opens_what_is_denied_by_default(rule, verdict):
    assert judged(world("cilium", [policy(ingress=[rule])]), "network.default_deny_ingress")["shop"] == verdict


def test_a_policy_whose_only_rules_are_of_a_later_release_is_not_understood():
    tables = world("cilium", [{"kind": "CiliumNetworkPolicy", "metadata": {"name": "own", "namespace": "shop"}, "spec": {
        "endpointSelector": {}, "laterRules": [{"fromEndpoints": [{}]}]}}])
    assert derive(tables, "undecided_traffic")["words"].tolist() == [
        "CiliumNetworkPolicy shop/own of Cilium (the field spec.laterRules is not understood)"]
    assert judged(tables, "network.default_deny_ingress")["shop"] == "unknown"


@pytest.mark.parametrize(("section", "verdict"), [("ingress", "unknown"), ("ingressDeny", "pass")])
def test_a_policy_that_denies_nothing_by_default_counts_by_what_its_rules_deny(section, verdict):
    lenient = policy(enableDefaultDeny={"ingress": False}, **{section: [{"fromEndpoints": [{}]}]})
    assert judged(world("cilium", [lenient]), "network.namespaces_have_policy")["shop"] == verdict


@pytest.mark.parametrize(("agents", "why"), [
    ([], "no agent of Cilium is recognised"),
    (agent(IMAGES["cilium"], name="cilium", nodes=("n1",)), "the agent of Cilium is not seen ready on every node"),
    ([*agent(IMAGES["cilium"], name="cilium", nodes=("n1", "n2")), *agent(IMAGES["calico"], name="calico", nodes=("n1",))],
     "Calico may enforce policies beside it"),
])
def test_where_nobody_is_seen_to_act_what_policies_decide_is_not_known(agents, why):
    tables = frames([*objects(), *agents, CLOSED])
    assert derive(tables, "undecided_traffic")["words"].tolist() == [
        f"CiliumNetworkPolicy shop/closed of Cilium ({why})"]
    assert {name: judged(tables, name)["shop"] for name in CHECKS} == dict.fromkeys(CHECKS, "unknown")
    isolated = derive(tables, "isolation").set_index("name")["ingress_isolated"]
    assert isolated.isna()[["web", "till"]].tolist() == [True, False]


def test_agents_that_only_route_do_not_stand_in_the_way():
    both = [*agent(IMAGES["cilium"], name="cilium", nodes=("n1", "n2")),
            *agent("602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.19", name="aws", nodes=("n1", "n2"))]
    assert derive(frames([*objects(), *both, CLOSED]), "undecided_traffic").empty


@pytest.mark.parametrize(("spec", "why"), [
    ({"ingress": [{"fromEntities": ["moon"]}]}, "the entity moon is not understood"),
    *(({"ingressDeny": [{"toPorts": [{"ports": [port]}]}]}, "the port of a rule is none")
      for port in ({}, {"port": ""}, {"port": "65536"}, {"port": "123456"})),
    ({"ingress": [{"fromCIDR": ["10.0.0.0/99"]}]}, "the range 10.0.0.0/99 is none"),
    ({"order": 3, "ingress": [{"fromEndpoints": [{}]}]}, "the field spec.order is not understood"),
    ({"nodeSelector": {}, "ingress": [{"fromEndpoints": [{}]}]}, "it needs an endpointSelector or a nodeSelector, and not both"),
    ({"ingress": [{"fromRequires": [{}]}]}, "fromRequires and toRequires are not understood"),
    ({"ingress": [{"fromEndpoints": [{}], "fromCIDR": ["10.0.0.0/8"]}]},
     "a rule names its peers in two ways, which Cilium refuses"),
    ({"endpointSelector": {"matchLabels": {"pod-template-hash": "x"}}, "ingress": [{"fromEndpoints": [{}]}]},
     "the label pod-template-hash of its selector is not understood"),
])
def test_a_policy_that_is_not_understood_is_unknown_by_name(spec, why):
    tables = world("cilium", [policy(**spec)])
    assert derive(tables, "undecided_traffic")["words"].tolist() == [f"CiliumNetworkPolicy shop/own of Cilium ({why})"]
    assert judged(tables, CHECKS[1]) == {"shop": "unknown", "bank": "fail", "kube-system": "fail"}


def test_isolation_names_the_policies_of_cilium():
    found = derive(world("cilium", [CLOSED, WIDE]), "isolation").set_index("name")
    row = found.loc["web", ["ingress_isolated", "egress_isolated", "policies", "cluster_policies", "ingress_by"]]
    assert row.tolist() == [True, True, 1, 1, "CiliumNetworkPolicy shop/closed, CiliumClusterwideNetworkPolicy closed"]
    assert found.loc["dns", ["ingress_isolated", "policies", "cluster_policies"]].tolist() == [False, 0, 0]


def test_flows_name_the_policies_that_decide():
    tables = world("cilium", [policy(endpointSelector={"matchLabels": {"app": "db"}}, ingress=[{
        "fromEndpoints": [{"matchLabels": {"app": "web"}}], "toPorts": [
            {"ports": [{"port": "80", "protocol": "TCP"}]},
            {"ports": [{"port": "81", "protocol": "TCP"}], "rules": {"http": [{}]}}]}])])
    groups = derive(tables, "network_groups").set_index("name")["group"]
    flows = derive(tables, "flows")
    mine = flows[(flows["source"] == groups["web"]) & (flows["destination"] == groups["db"])]
    assert mine[["ports", "allowed", "ingress_by"]].astype(object).fillna("?").values.tolist() == [
        ["TCP 80", True, "CiliumNetworkPolicy shop/own"], ["TCP 81", "?", "CiliumNetworkPolicy shop/own"]]


@pytest.mark.parametrize(("section", "whole"), [("ingress", False), ("ingressDeny", True)])
def test_groups_of_ranges_that_may_be_missing_may_have_any_range(section, whole):
    objects = [policy(**{section: [{"fromCIDRSet": [{"cidrGroupRef": "partners"}]}]},
                      enableDefaultDeny={"ingress": section == "ingress"})]
    connection = "203.0.113.5 > db 80"
    assert decided(world("cilium", objects), [connection]) == {connection: whole}
    tables = world("cilium", objects)
    tables["cilium_cidr_groups"].attrs["gaps"] = ["cilium_cidr_groups could not be read"]
    assert decided(tables, [connection]) == {connection: None}


@pytest.mark.parametrize(("image", "answer"), [("cilium", None), ("calico", False)])
def test_clusterwide_policies_of_kubernetes_may_decide_nothing_where_the_agent_does_not_read_them(image, answer):
    deny = {"kind": "AdminNetworkPolicy", "metadata": {"name": "deny"}, "spec": {
        "priority": 1, "subject": {"namespaces": {}},
        "ingress": [{"name": "all", "action": "Deny", "from": [{"namespaces": {}}]}]}}
    assert decided(world(image, [deny]), ["web > db 80", "203.0.113.5 > db 80"]) == {
        "web > db 80": answer, "203.0.113.5 > db 80": True}


def test_policies_that_may_be_missing_leave_nothing_known():
    tables = world("cilium", [])
    tables["cilium_policies"].attrs["gaps"] = ["cilium_policies could not be read"]
    assert derive(tables, "flows")["allowed"].isna().any()
