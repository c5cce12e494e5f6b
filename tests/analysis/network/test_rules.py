"""Rules of network policies that are easily got wrong, one by one."""

import pandas as pd
import pytest
from network_worlds import namespace, node
from worlds import frames

from auditkit.analysis.network.reachability import QUESTION, Reachability

WEB, DB, FAR = ("shop", "web"), ("shop", "db"), ("far", "app")


def pod(name: str, space: str = "shop", address: str | None = "10.0.0.1", **spec: object) -> dict:
    containers = [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]
    return {"kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
            "spec": {"containers": containers} | spec, "status": {"podIP": address} if address else {}}


def policy(**spec: object) -> dict:
    spec = {"podSelector": {}} | spec
    return {"kind": "NetworkPolicy", "metadata": {"name": "np", "namespace": "shop"}, "spec": spec}


def wide(kind: str = "AdminNetworkPolicy", name: str = "wide", **spec: object) -> dict:
    return {"kind": kind, "metadata": {"name": name}, "spec": {"subject": {"namespaces": {}}, "priority": 5} | spec}


PODS = [pod("web", address="10.0.0.1"), pod("db", address="10.0.0.2"), pod("app", "far", "10.9.0.1"),
        pod("late", address=None)]
SPACES = [namespace("shop", team="a", env="x"), namespace("far", team="b", env="x"), namespace("bare")]


def allowed(objects, source, destination, port=8080, protocol="TCP", **options):
    ends = [end if isinstance(end, tuple) else (None, end) for end in (source, destination)]
    question = pd.DataFrame([[*ends[0], *ends[1], protocol, port]], columns=QUESTION)
    answer = Reachability(frames([*SPACES, *PODS, *objects]), **options).allowed(question).iloc[0]
    return None if answer is pd.NA else answer


@pytest.mark.parametrize(("spec", "ingress", "egress"), [
    ({}, False, True),
    ({"egress": []}, False, True),
    ({"egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}, False, False),
    ({"policyTypes": ["Egress"]}, True, False),
    ({"policyTypes": ["Egress"], "ingress": [{}]}, True, False),
    ({"policyTypes": ["Ingress"], "egress": [{}]}, False, True),
    ({"ingress": [{}]}, True, True),
    ({"ingress": [{"from": []}]}, True, True),
    ({"ingress": [{"from": [{"podSelector": {}}]}]}, False, True),
    ({"ingress": [{"from": [{"namespaceSelector": {}}]}]}, True, True),
])
def test_types_and_empty_rules(spec, ingress, egress):
    assert allowed([policy(**spec)], FAR, WEB) is ingress
    assert allowed([policy(**spec)], WEB, FAR) is egress


FAR_AWAY = {"namespaceSelector": {"matchLabels": {"team": "b"}}}


def _labelled(name: str) -> dict:
    return {"podSelector": {"matchLabels": {"app": name}}}


def _not_in(key: str) -> dict:
    return {"namespaceSelector": {"matchExpressions": [{"key": key, "operator": "NotIn", "values": ["b"]}]}}


@pytest.mark.parametrize(("peers", "shop", "far"), [
    ([FAR_AWAY | _labelled("app")], False, True),
    ([FAR_AWAY | _labelled("db")], False, False),
    ([FAR_AWAY, _labelled("db")], True, True),
    ([_labelled("app")], False, False),
    ([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "far"}}}], False, True),
    ([_not_in("team")], True, False),
    ([_not_in("none")], True, True),
    ([{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}}], True, False),
])
def test_peers(peers, shop, far):
    objects = [policy(ingress=[{"from": peers}])]
    assert allowed(objects, DB, WEB) is shop
    assert allowed(objects, FAR, WEB) is far


@pytest.mark.parametrize(("ports", "open_ports", "closed"), [
    ([{"port": 80, "endPort": 82}], [("TCP", 80), ("TCP", 82)], [("TCP", 83), ("UDP", 81)]),
    ([{"protocol": "SCTP"}], [("SCTP", 1), ("SCTP", 65535)], [("TCP", 80)]),
    ([{"port": "http"}], [("TCP", 8080)], [("UDP", 8080), ("TCP", 80)]),
    ([{"port": "http", "protocol": "UDP"}], [], [("UDP", 8080), ("TCP", 8080)]),
    ([{"port": "nothing"}], [], [("TCP", 8080)]),
    ([{"port": 53, "protocol": "UDP"}, {"port": "http"}], [("UDP", 53), ("TCP", 8080)], [("TCP", 53)]),
])
def test_ports(ports, open_ports, closed):
    objects = [policy(ingress=[{"ports": ports}])]
    assert [allowed(objects, FAR, WEB, port, protocol) for protocol, port in open_ports] == [True] * len(open_ports)
    assert [allowed(objects, FAR, WEB, port, protocol) for protocol, port in closed] == [False] * len(closed)


def test_a_named_port_is_that_of_each_destination():
    twins = [pod("one"), pod("two")]
    twins[1]["metadata"]["labels"] = {"app": "one"}
    twins[1]["spec"]["containers"] = [{"name": "c", "ports": [{"name": "http", "containerPort": 9090}]}]
    rule = {"ports": [{"port": "http"}]}
    for one in (policy(ingress=[rule]), policy(policyTypes=["Egress"], egress=[rule | {"to": [{"podSelector": {}}]}])):
        found = [allowed([*twins, one], WEB, ("shop", name), port) for name in ("one", "two") for port in (8080, 9090)]
        assert found == [True, False, False, True]


def test_a_named_port_means_nothing_for_an_address_range():
    ranges = [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    out = policy(policyTypes=["Egress"], egress=[{"to": ranges, "ports": [{"port": "http"}]}])
    into = policy(ingress=[{"from": ranges, "ports": [{"port": "http"}]}])
    assert allowed([out], WEB, FAR) is False
    assert allowed([out], WEB, "10.0.0.77") is False
    assert allowed([into], FAR, WEB) is True
    assert allowed([into], "10.0.0.77", WEB) is True


def test_an_address_that_is_not_known_may_lie_in_a_range():
    late, ranges = ("shop", "late"), [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    assert allowed([policy(ingress=[{"from": ranges}])], late, WEB) is None
    assert allowed([policy(ingress=[{"from": [*ranges, {"podSelector": {}}]}])], late, WEB) is True
    assert allowed([policy(ingress=[{"from": ranges, "ports": [{"port": 80}]}])], late, WEB) is False


def test_addresses_outside_and_both_families():
    block = {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25"]}
    objects = [policy(ingress=[{"from": [{"ipBlock": block}, {"ipBlock": {"cidr": "2001:db8::/32"}}]}])]
    inside, outside = ["203.0.113.1", "2001:db8::1"], ["203.0.113.200", "192.0.2.1", "2001:db9::1", "nobody"]
    assert [allowed(objects, address, WEB) for address in inside] == [True, True]
    assert [allowed(objects, address, WEB) for address in outside] == [False, False, False, None]


def test_pods_on_their_nodes_network_are_the_node():
    host = pod("agent", address="192.0.2.1", hostNetwork=True, nodeName="n1")
    near, other = pod("near", nodeName="n1"), pod("other", nodeName="n2")
    deny, by_label = policy(), policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "agent"}}}]}])
    by_address = policy(ingress=[{"from": [{"ipBlock": {"cidr": "192.0.2.1/32"}}]}])
    agent, machine = ("shop", "agent"), {"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}}
    things = [host, near, other, node("n1") | machine]
    assert allowed([*things, deny], FAR, agent) is True
    assert allowed([*things, deny], agent, ("shop", "near")) is True
    assert allowed([*things, deny], "n1", ("shop", "near")) is True
    assert allowed([*things, by_label], agent, ("shop", "other")) is False
    assert allowed([*things, by_address], agent, ("shop", "other")) is True
    assert allowed([*things, by_address], "n1", ("shop", "other")) is True
    assert allowed([*things, by_label], agent, ("shop", "other"), host_pods=True) is True
    assert allowed([*things, deny], FAR, agent, host_pods=True) is False


ANY = [{"namespaces": {}}]
ACROSS = [{"pods": {"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {}}}]
ONE = [{"portNumber": {"port": 80, "protocol": "TCP"}}]


def _rule(action, peers, **more):
    return {"action": action, "from": peers} | more


@pytest.mark.parametrize(("objects", "verdict"), [
    ([wide(ingress=[_rule("Deny", ANY)])], False),
    ([wide(ingress=[_rule("Allow", ACROSS), _rule("Deny", ANY)])], True),
    ([wide(ingress=[_rule("Deny", ANY), _rule("Allow", ACROSS)])], False),
    ([wide(ingress=[_rule("Allow", ANY)]), policy()], True),
    ([wide(ingress=[_rule("Pass", ANY), _rule("Allow", ANY)]), policy()], False),
    ([wide(ingress=[_rule("Pass", ACROSS), _rule("Deny", ANY)])], True),
    ([wide(ingress=[_rule("Deny", ANY)], priority=9), wide(name="b", ingress=[_rule("Allow", ANY)], priority=2)], True),
    ([wide(ingress=[_rule("Deny", ANY)]), wide(name="b", ingress=[_rule("Allow", ANY)])], None),
    ([wide(ingress=[_rule("Deny", ANY)]), wide(name="b", ingress=[_rule("Deny", ACROSS)])], False),
    ([wide(ingress=[_rule("Deny", ANY)]), wide(name="z", ingress=[_rule("Allow", ANY, ports=ONE)])], False),
    ([wide(ingress=[_rule("Pass", ANY)]), wide(name="b", ingress=[_rule("Deny", ANY)], priority=9)], True),
    ([wide("BaselineAdminNetworkPolicy", ingress=[_rule("Deny", ANY)])], False),
    ([wide("BaselineAdminNetworkPolicy", ingress=[_rule("Deny", ANY)]), policy(ingress=[{}])], True),
    ([wide("BaselineAdminNetworkPolicy", ingress=[_rule("Allow", ANY)]), policy()], False),
    ([wide("ClusterNetworkPolicy", tier="Admin", ingress=[_rule("Accept", ANY)]), policy()], True),
    ([wide("ClusterNetworkPolicy", tier="Baseline", ingress=[_rule("Accept", ANY)]), policy()], False),
    ([wide("ClusterNetworkPolicy", tier="Baseline", ingress=[_rule("Pass", ANY), _rule("Deny", ANY)])], True),
    ([wide("ClusterNetworkPolicy", tier="Admin", ingress=[_rule("Deny", ANY, protocols=[{"tcp": {}}])])], False),
    ([wide("ClusterNetworkPolicy", tier="Admin", ingress=[_rule("Deny", ANY, protocols=[{"udp": {}}])])], True),
    ([wide(ingress=[_rule("Deny", [{"invented": {}}])])], False),
    ([wide(ingress=[_rule("Allow", [{"invented": {}}])]), policy()], False),
    ([wide(ingress=[_rule("Deny", ANY, ports=[{"namedPort": "http"}])])], False),
    ([wide(ingress=[_rule("Deny", ANY, ports=[{"portNumber": {"port": 8080}}])])], False),
    ([wide(ingress=[_rule("Deny", ANY, ports=[{"portNumber": {"port": 8080, "protocol": ""}}])])], False),
    ([wide(ingress=[_rule("Deny", ANY, ports=[{"portRange": {"start": 8000, "end": 8079}}])])], True),
    ([wide(ingress=[_rule("Deny", [{"namespaces": {"sameLabels": ["env"]}}])])], False),
    ([wide(ingress=[_rule("Deny", [{"namespaces": {"sameLabels": ["env", "team"]}}])])], True),
    ([wide(ingress=[_rule("Deny", [{"namespaces": {"notSameLabels": ["team"]}}])])], False),
    ([wide(ingress=[_rule("Deny", [{"namespaces": {"notSameLabels": ["env"]}}])])], True),
    ([wide(subject={"namespaces": {"matchLabels": {"team": "b"}}}, ingress=[_rule("Deny", ANY)])], True),
])
def test_cluster_wide_policies(objects, verdict):
    assert allowed(objects, FAR, WEB) is verdict


def test_namespaces_without_the_label_are_neither_the_same_nor_different():
    bare = pod("bare", "bare")
    objects = [bare, wide(ingress=[_rule("Deny", [{"namespaces": {"notSameLabels": ["team"]}}])])]
    assert allowed(objects, ("bare", "bare"), WEB) is True
    assert allowed(objects, WEB, ("bare", "bare")) is True


def test_peers_of_egress():
    labelled = node("n1") | {"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}}
    labelled["metadata"]["labels"] = {"zone": "a"}

    def deny(peer):
        return [labelled, wide(egress=[{"action": "Deny", "to": [peer]}])]

    assert allowed(deny({"nodes": {"matchLabels": {"zone": "a"}}}), WEB, "n1") is False
    assert allowed(deny({"nodes": {"matchLabels": {"zone": "b"}}}), WEB, "n1") is True
    assert allowed(deny({"nodes": {}}), WEB, FAR) is True
    assert allowed(deny({"networks": ["10.0.0.0/8"]}), WEB, FAR) is False
    assert allowed(deny({"networks": ["203.0.113.0/24"]}), WEB, "203.0.113.4") is False
    names = wide(egress=[{"action": "Allow", "to": [{"domainNames": ["*.example"]}]}])
    closed = wide("BaselineAdminNetworkPolicy", egress=[{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}])
    assert allowed([names, closed], WEB, "203.0.113.4") is None
    assert allowed([names, closed], WEB, FAR) is False
