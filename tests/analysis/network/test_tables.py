"""The tables of the network: isolation, groups, flows, namespaces with a class of data, what the outside reaches."""

import pandas as pd
import pytest
from network_worlds import CALICO, agent, derive, namespace, node, policy
from worlds import frames

DENY = {"policyTypes": ["Ingress", "Egress"]}


def pod(name: str, space: str = "shop", ports: list[dict] | None = None, image: str = "x", **spec: object) -> dict:
    containers = [{"name": "c", "image": image, "ports": ports or [{"containerPort": 80}]}]
    named = {"name": name, "namespace": space, "labels": {"app": name.rstrip("0123456789")}}
    return {"kind": "Pod", "metadata": named, "spec": {"containers": containers, "nodeName": "n1"} | spec,
            "status": {"phase": "Running", "podIP": "10.0.0.7"}}


def let(*peers: dict, port: int = 80) -> dict:
    rule = {"from": list(peers), "ports": [{"port": port}]}
    return policy("let", podSelector={"matchLabels": {"app": "web"}}, ingress=[rule])


SHOP = [namespace("shop", **{"acme.example/data-class": "ephi"}), namespace("far")]


def table(name: str, *objects: dict) -> pd.DataFrame:
    return derive(frames([*SHOP, *objects]), name)


def test_isolation_of_each_pod():
    found = table("isolation", pod("web"), pod("db"), pod("host", hostNetwork=True), pod("app", "far"),
                  policy("deny", podSelector={"matchLabels": {"app": "db"}}, **DENY), let({"podSelector": {}}))
    found = found.set_index("name")
    assert found["ingress_isolated"].to_dict() == {"web": True, "db": True, "host": False, "app": False}
    assert found["egress_isolated"].to_dict() == {"web": False, "db": True, "host": False, "app": False}
    assert found["policies"].to_dict() == {"web": 1, "db": 1, "host": 0, "app": 0}
    assert found["ingress_by"].to_dict() == {
        "web": "NetworkPolicy shop/let", "db": "NetworkPolicy shop/deny", "host": None, "app": None}
    assert found["host_network"].to_dict() == {"web": False, "db": False, "host": True, "app": False}


def test_pods_that_policies_treat_alike_are_one_group():
    found = table("network_groups", pod("web1"), pod("web2"), pod("db"), pod("app1", "far"), pod("app2", "far"),
                  let({"podSelector": {"matchLabels": {"app": "db"}}}))
    group = found.set_index("name")["group"]
    assert group["web1"] == group["web2"] != group["db"]
    assert group["app1"] == group["app2"] != group["db"]


def test_flows_name_the_policies_that_decided():
    objects = [pod("web1"), pod("web2"), pod("db"), let({"podSelector": {"matchLabels": {"app": "db"}}})]
    groups = table("network_groups", *objects).set_index("name")["group"]
    found = table("flows", *objects)
    into = found[found["destination"] == groups["web1"]]
    assert into[["source", "ports", "allowed", "ingress_by", "egress_by"]].to_numpy(object).tolist() == [
        [groups["db"], "TCP 80", True, "NetworkPolicy shop/let", pd.NA]]
    out = found[found["source"] == groups["web1"]]
    assert set(out["ports"]) == {"all"}
    assert groups["web1"] not in set(out["destination"])


def test_flows_that_are_not_known_say_so():
    late = pod("late") | {"status": {"phase": "Pending"}}
    objects = [pod("web"), late, let({"ipBlock": {"cidr": "10.0.0.0/8"}})]
    groups = table("network_groups", *objects).set_index("name")["group"]
    found = table("flows", *objects).set_index(["source", "destination"])
    assert found.loc[(groups["late"], groups["web"]), "allowed"] is pd.NA


def test_namespaces_with_a_class_of_data():
    found = table("data_class_flows", *CALICO, pod("web1"), pod("web2"), pod("db"), pod("app", "far"), policy("deny"),
                  let({"namespaceSelector": {}}))
    found = found.loc[found["source"] == "far"]
    columns = ["data_class", "destination", "pairs", "open_pairs", "free_pairs", "unknown_pairs", "ports", "enforced"]
    assert found[columns].to_numpy(object).tolist() == [["ephi", "shop", 3, 2, 0, 0, "TCP 80", True]]


def test_flows_between_namespaces_count_different_pods():
    found = table("namespace_flows", pod("web1"), pod("web2"), pod("app", "far")).set_index(["source", "destination"])
    assert found.loc[("shop", "shop"), "pairs"] == 2
    assert found.loc[("shop", "far"), ["pairs", "open_pairs", "free_pairs"]].tolist() == [2, 2, 2]
    assert ("far", "far") not in found.index
    outside = found.reset_index()
    outside = outside[(outside["source_kind"] == "Outside") & (outside["destination"] == "shop")]
    assert outside["ports"].tolist() == ["all"]


# --- what the outside reaches ----------------------------------------------------------------------------------------


def service(kind: str, addresses: tuple[dict, ...] = (), **spec: object) -> dict:
    port = {"port": 443, "targetPort": 80} | ({"nodePort": 30443} if kind != "ClusterIP" else {})
    return {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"type": kind, "selector": {"app": "web"}, "ports": [port]} | spec,
            "status": {"loadBalancer": {"ingress": list(addresses)}}}


def exposed(*objects: dict) -> pd.DataFrame:
    return table("exposure", *objects)


def seen(found: pd.DataFrame, path: str) -> list[list]:
    rows = found.loc[found["path"] == path, ["pod", "port", "public", "allowed", "reached"]]
    return [[None if value is pd.NA else value for value in row] for row in rows.itertuples(index=False)]


EVERYWHERE = {"cidr": "0.0.0.0/0"}
PUBLIC, LOCAL = ({"ip": "203.0.113.7"},), {"externalTrafficPolicy": "Local"}


@pytest.mark.parametrize(("door", "policies", "expected"), [
    (service("LoadBalancer", PUBLIC), [], [True, True, True]),
    (service("LoadBalancer", PUBLIC, **LOCAL), [], [True, True, True]),
    (service("LoadBalancer", PUBLIC, **LOCAL), [policy("deny")], [True, False, False]),
    (service("LoadBalancer", PUBLIC), [policy("deny")], [True, None, None]),
    (service("LoadBalancer", ({"ip": "10.0.0.1"},)), [], [None, True, None]),
    (service("LoadBalancer", ({"ip": "10.0.0.1"},), loadBalancerClass="networking.gke.io/l4-regional-internal"), [],
     [False, True, False]),
    (service("LoadBalancer", ({"hostname": "lb.example"},)), [], [None, True, None]),
    (service("LoadBalancer", ({"ip": "10.0.0.1"}, *PUBLIC)), [], [True, True, True]),
    (service("LoadBalancer"), [], [None, True, None]),
    (service("LoadBalancer", PUBLIC, **LOCAL), [let({"ipBlock": {"cidr": "203.0.113.0/24"}})], [True, True, True]),
    (service("LoadBalancer", PUBLIC, **LOCAL), [let({"ipBlock": {"cidr": "10.0.0.0/8"}})], [True, False, False]),
    (service("LoadBalancer", PUBLIC, **LOCAL), [let({"ipBlock": EVERYWHERE}, port=81)], [True, False, False]),
    (service("LoadBalancer", PUBLIC, loadBalancerSourceRanges=["198.51.100.0/24"], **LOCAL),
     [let({"ipBlock": {"cidr": "203.0.113.0/24"}})], [True, False, False]),
])
def test_load_balancers(door, policies, expected):
    found = exposed(*CALICO, pod("web"), door, *policies)
    assert seen(found, "LoadBalancer") == [["web", 80, *expected]]


def test_a_policy_that_nobody_enforces_keeps_nothing_out():
    door = service("LoadBalancer", PUBLIC, **LOCAL)
    flannel = [node("n1"), *agent("flannel/flannel:v0.26")]
    assert seen(exposed(*flannel, pod("web"), door, policy("deny")), "LoadBalancer") == [["web", 80, True, False, True]]
    assert seen(exposed(pod("web"), door, policy("deny")), "LoadBalancer") == [["web", 80, True, False, None]]


def test_ports_of_nodes():
    outside = node("n1") | {"status": {"addresses": [{"type": "ExternalIP", "address": "203.0.113.1"}]}}
    calico = CALICO[1:]
    things = [*calico, pod("web", ports=[{"containerPort": 80, "hostPort": 8080}]), pod("agent", hostNetwork=True)]
    found = exposed(outside, *things, service("NodePort"))
    assert seen(found, "NodePort") == [["web", 80, True, True, True]]
    assert seen(found, "HostPort") == [["web", 80, True, True, True]]
    assert seen(found, "HostNetwork") == [["agent", None, True, True, True]]
    hidden = exposed(node("n1"), *things, service("NodePort"))
    assert seen(hidden, "NodePort") == [["web", 80, None, True, None]]
    assert seen(hidden, "HostNetwork") == [["agent", None, None, True, None]]
    assert found.set_index("path")["entry_port"].dropna().to_dict() == {"NodePort": 30443, "HostPort": 8080}


def test_pods_that_have_ended_answer_nobody():
    done = pod("web", ports=[{"containerPort": 80, "hostPort": 80}]) | {"status": {"phase": "Succeeded"}}
    assert exposed(*CALICO, done, service("LoadBalancer", PUBLIC)).empty


def test_external_ips():
    found = exposed(*CALICO, pod("web"), service("ClusterIP", externalIPs=["203.0.113.9", "10.1.1.1"]))
    assert sorted(map(str, found["entry"])) == ["10.1.1.1", "203.0.113.9"]
    assert found.set_index("entry")["public"].to_dict() == {"203.0.113.9": True, "10.1.1.1": False}


def ingress(**backend: object) -> dict:
    path = {"path": "/", "backend": {"service": {"name": "web", "port": backend}}}
    return {"kind": "Ingress", "metadata": {"name": "site", "namespace": "shop"},
            "spec": {"rules": [{"host": "shop.example", "http": {"paths": [path]}}]},
            "status": {"loadBalancer": {"ingress": list(PUBLIC)}}}


FAR = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "far"}}}
NGINX = pod("nginx", "far", image="registry.k8s.io/ingress-nginx/controller:v1.12")


@pytest.mark.parametrize(("objects", "allowed"), [
    ([], True),
    ([policy("deny")], False),
    ([let({"namespaceSelector": {}})], True),
    ([let(FAR)], False),
    ([pod("app", "far"), let(FAR)], None),
    ([NGINX, let(FAR)], True),
    ([NGINX, let({"podSelector": {}})], None),
    ([NGINX, policy("deny")], False),
])
def test_ingresses(objects, allowed):
    found = exposed(*CALICO, pod("web"), pod("web2"), service("ClusterIP"), ingress(number=443), *objects)
    rows = found[found["path"] == "Ingress"]
    assert [None if value is pd.NA else value for value in rows["allowed"]] == [allowed] * 2
    assert set(zip(rows["via"], rows["host"], rows["entry"], rows["port"], strict=True)) == {
        ("site", "shop.example", "203.0.113.7", 80)}


def test_an_ingress_goes_to_the_port_that_it_names():
    ports = [{"name": "tls", "port": 443, "targetPort": "https"}, {"name": "web", "port": 80}]
    named = service("ClusterIP", ports=ports)
    things = [pod("web", ports=[{"name": "https", "containerPort": 8443}]), named]
    assert seen(exposed(*CALICO, *things, ingress(name="tls")), "Ingress") == [["web", 8443, True, True, True]]
    assert seen(exposed(*CALICO, *things, ingress(number=80)), "Ingress") == [["web", 80, True, True, True]]
    assert seen(exposed(*CALICO, *things, ingress(name="https")), "Ingress") == [["web", 8443, True, True, True]]
    assert seen(exposed(*CALICO, *things, ingress(number=81)), "Ingress") == []


def test_a_cluster_of_nothing():
    tables = frames([])
    for name in ("isolation", "network_groups", "flows", "namespace_flows", "data_class_flows", "exposure"):
        assert isinstance(derive(tables, name), pd.DataFrame)
