"""What routes open: their encryption, and the pods that the internet reaches."""

import pytest
from gateway_worlds import (
    AWAITED,
    PLAIN,
    REDIRECTED,
    SERVED,
    TLS,
    gateway,
    gateway_class,
    listener,
    pod,
    route,
    said,
    service,
)
from network_worlds import CALICO, derive, policy, verdicts
from worlds import frames

EXTENSION = {"filters": [{"type": "ExtensionRef", "extensionRef": {"group": "x", "kind": "Y", "name": "z"}}]}
PASSES = listener("pass", "TLS", tls={"mode": "Passthrough"})


@pytest.mark.parametrize(("objects", "verdict"), [
    ([gateway(TLS), route()], "pass"),
    ([gateway(PLAIN), route()], "fail"),
    ([gateway(PLAIN, TLS), route()], "fail"),
    ([gateway(PLAIN, TLS), route(parents=({"sectionName": "web"},))], "pass"),
    ([gateway(PLAIN, TLS), route(parents=({"sectionName": "plain"},))], "fail"),
    ([gateway(PLAIN), route(REDIRECTED)], "pass"),
    ([gateway(PLAIN), route(REDIRECTED, SERVED)], "fail"),
    ([gateway(PLAIN), route({})], "fail"),
    ([gateway(PLAIN), route(EXTENSION)], "unknown"),
    ([gateway(TLS), route(EXTENSION)], "pass"),
    ([gateway(PLAIN), route(EXTENSION, SERVED)], "fail"),
    ([gateway(PASSES), route(kind="TLSRoute")], "pass"),
    ([gateway(PLAIN, PASSES), route(kind="TLSRoute")], "pass"),
    ([gateway(listener("db", "TCP", 5432)), route(kind="TCPRoute")], "unknown"),
    ([gateway(listener("dns", "UDP", 53)), route(kind="UDPRoute")], "unknown"),
    ([gateway(PLAIN), route(kind="GRPCRoute")], "fail"),
    ([gateway(PLAIN, generation=2), route()], "unknown"),
    ([gateway(TLS, generation=2), route()], "unknown"),
    ([gateway(TLS), route(conditions=[])], "unknown"),
    ([gateway(TLS), route(novel=1)], "unknown"),
    ([gateway(PLAIN, defaultScope="All"), route()], "unknown"),
    ([gateway(PLAIN, conditions=AWAITED, of_listeners=[]), route(conditions=[])], "unknown"),
    ([route()], "not_applicable"),
    ([gateway(PLAIN), route(parents=({"sectionName": "other"},), conditions=said("Accepted", status="False"))],
     "not_applicable"),
    ([gateway(PLAIN | {"hostname": "a.example"}), route(hostnames=["b.example"], conditions=[])], "not_applicable"),
])
def test_a_route_is_judged_by_the_listeners_that_serve_it(objects, verdict):
    assert verdicts("network.ingress_uses_tls", [gateway_class(), *objects]) == {"web": verdict}


def test_a_gateway_that_waits_for_a_controller_serves_nothing():
    waiting = gateway(PLAIN, conditions=AWAITED, of_listeners=[])
    of_class = gateway_class(said("Accepted", status="Unknown", generation=0))
    assert verdicts("network.ingress_uses_tls", [of_class, waiting, route(conditions=[])]) == {"web": "not_applicable"}


def test_a_renewed_certificate_is_not_known_at_a_gateway():
    objects = [gateway_class(), gateway(TLS), route()]
    assert verdicts("network.ingress_uses_tls", objects, renewed=True) == {"web": "unknown"}


def test_the_hosts_without_tls_are_told():
    found = derive(frames([gateway_class(), gateway(PLAIN, TLS), route(hostnames=["a.example", "b.example"])]),
                   "entrances")
    assert found["hosts_without_tls"].tolist() == ["a.example, b.example"]


def exposure(*objects: dict) -> list[tuple]:
    found = derive(frames([gateway_class(), *objects]), "exposure")
    columns = ("via", "host", "entry", "entry_port", "pod", "port", "public", "allowed", "reached")
    return [tuple(None if value is None or value != value else value for value in row)
            for row in found[list(columns)].astype(object).where(found[list(columns)].notna(), None).itertuples(index=False)]


WEB = [service(), pod()]


def test_the_internet_reaches_pods_by_way_of_a_route():
    assert exposure(gateway(TLS), route(hostnames=["a.example"]), *WEB) == [
        ("web", "a.example", "203.0.113.7", 443, "web-1", 8080, True, True, True)]


@pytest.mark.parametrize(("objects", "reached"), [
    ([gateway(TLS, address="10.0.0.1"), route(), *WEB], [False]),
    ([gateway(TLS), route(conditions=[]), *WEB], [None]),
    ([gateway(TLS, generation=2), route(), *WEB], [None]),
    ([gateway(TLS), route(EXTENSION | SERVED), *WEB], [None]),
    ([route(), *WEB], []),
    ([gateway(TLS), route(REDIRECTED), *WEB], []),
    ([gateway(TLS), route({"backendRefs": [{"name": "web", "namespace": "vault", "port": 80}]}),
      service(space="vault"), pod(space="vault")], []),
    ([gateway(TLS), route({"backendRefs": [{"name": "web", "port": 81}]}), *WEB], []),
    ([gateway(TLS), route(), service(selector={})], [None]),
    ([gateway(TLS), route({"backendRefs": [{"name": "x", "group": "y", "kind": "Bucket"}]}), *WEB], [None]),
])
def test_what_is_not_known_to_reach_a_pod_is_not_told_as_reached(objects, reached):
    assert [row[-1] for row in exposure(*objects)] == reached


def test_a_policy_that_keeps_everybody_out_keeps_the_gateway_out_too():
    closed = policy("deny", policyTypes=["Ingress"])
    assert [row[-2:] for row in exposure(gateway(TLS), route(), *WEB, closed, *CALICO)] == [(False, False)]


@pytest.mark.parametrize(("kind", "public"), [("ClusterIP", False), ("NodePort", None), ("LoadBalancer", None)])
@pytest.mark.parametrize("address", ["10.96.0.7", "main.infra.svc.cluster.local"])
def test_an_address_in_the_cluster_of_a_service_that_is_opened_may_be_reached_from_outside(kind, public, address):
    opened = service("main", "infra", type=kind, clusterIP="10.96.0.7", selector={"app": "edge"})
    named = gateway(TLS)
    named["status"]["addresses"] = [{"type": "IPAddress" if address[0] == "1" else "Hostname", "value": address}]
    assert [row[6] for row in exposure(named, route(), opened, *WEB)] == [public]


def test_a_private_address_of_a_node_may_be_reached_from_outside():
    own = {"kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [
        {"type": "InternalIP", "address": "10.0.0.1"}]}}
    assert [row[6] for row in exposure(gateway(TLS, address="10.0.0.1"), route(), own, *WEB)] == [None]


def test_an_internal_name_of_a_load_balancer_is_not_public():
    named = gateway(TLS)
    for name, public in (("internal-k8s-x.eu-west-1.elb.amazonaws.com", False), ("main.infra.svc.cluster.local", False),
                         ("k8s-x.elb.eu-west-1.amazonaws.com", None)):
        named["status"]["addresses"] = [{"type": "Hostname", "value": name}]
        assert [row[6] for row in exposure(named, route(), *WEB)] == [public]


def test_what_is_asked_who_may_pass_is_reached_from_outside_too():
    asks = {"filters": [{"type": "ExternalAuth", "externalAuth": {"protocol": "HTTP", "backendRef": {"name": "guard", "port": 80}}}]}
    found = derive(frames([gateway_class(), gateway(TLS), route(SERVED | asks), *(
        one for name in ("web", "guard") for one in (service(name), pod(name)))]), "exposure")
    rows = found[found["path"] == "HTTPRoute"]
    assert rows[["via", "pod", "port"]].values.tolist() == [["web", "web-1", 8080], ["web", "guard-1", 8080]]
