"""What meshes add to flows and to what is undecided. What their policies mean is in `tests/truth/istio`."""

import pandas as pd
import pytest
from engine_truth import decided
from istio_truth import world
from mesh_worlds import ambient, authorization, control, linkerd, peers, plain, pod, sidecar, ztunnel
from network_worlds import CALICO, derive, namespace, node, policy, verdicts
from worlds import frames

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.mesh.labels import IDENTITY
from auditkit.analysis.network.mesh.sources import Identities
from auditkit.analysis.network.reachability import QUESTION

CLOSED = authorization("closed", "shop")
STRICT = peers("default", "shop", "STRICT")


def ask(tables: dict[str, pd.DataFrame], source: str, destination: str, space: str = "shop") -> tuple[object, str]:
    question = pd.DataFrame([[space, source, "shop", destination, "TCP", 8080]], columns=QUESTION)
    found = derive(tables, "reachability").judged(question).iloc[0]
    return None if found["allowed"] is pd.NA else found["allowed"], found["ingress_by"]


def meshed(*more: dict) -> dict[str, pd.DataFrame]:
    return frames([node("n1"), namespace("shop"), *control(), sidecar(pod("web")), sidecar(pod("db")), *more])


def test_the_policy_of_the_mesh_that_decides_is_named():
    assert ask(meshed(CLOSED), "web", "db") == (False, "AuthorizationPolicy shop/closed")
    assert ask(meshed(STRICT, plain(pod("raw"))), "raw", "db") == (False, "PeerAuthentication shop/default")


def test_flows_leave_out_what_the_mesh_denies():
    groups, flows = (derive(meshed(CLOSED), name) for name in ("network_groups", "flows"))
    meshed_group = set(groups.loc[groups["name"].isin(["web", "db"]).to_numpy(bool), "group"])
    into = flows[flows["destination"].isin(meshed_group).to_numpy(bool)]
    assert set(into["ports"]) == {"UDP, SCTP"}


def test_a_mesh_that_is_not_whole_lets_nothing_be_known():
    tables = meshed()
    assert ask(tables, "web", "db") == (True, "no policy")
    tables = meshed()
    tables["istio_authorization_policies"].attrs["gaps"] = ["forbidden"]
    assert ask(tables, "web", "db")[0] is None


def test_without_a_ready_control_plane_what_is_let_in_is_not_known():
    tables = frames([node("n1"), *control(ready=False), sidecar(pod("web")), sidecar(pod("db")), CLOSED])
    assert ask(tables, "web", "db")[0] is None


def test_policies_of_a_mesh_decide_nothing_where_no_pod_is_in_it():
    tables = frames([node("n1"), *control(), plain(pod("web")), plain(pod("db")), CLOSED, STRICT])
    assert derive(tables, "mesh_rules") is None
    assert ask(tables, "web", "db") == (True, "no policy")


def test_servers_of_linkerd_leave_the_pods_of_their_namespace_unknown():
    server = {"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server",
              "metadata": {"name": "http", "namespace": "shop"}, "spec": {"podSelector": {}, "port": 8080}}
    open_ = {"default_inbound_policy": "all-unauthenticated"}
    cluster = [node("n1"), *control("linkerd", "linkerd"), linkerd(pod("web"), **open_), linkerd(pod("db"), **open_)]
    assert ask(frames(cluster), "web", "db") == (True, "no policy")
    assert ask(frames([*cluster[:-1], linkerd(pod("db"))]), "web", "db")[0] is None
    assert ask(frames([*cluster, server]), "web", "db")[0] is None
    assert ask(frames([*cluster[:-1], linkerd(pod("db"), default_inbound_policy="deny")]), "web", "db")[0] is None


def only_port(port: int) -> dict:
    """A NetworkPolicy that lets in one port to the pod db."""
    return policy("only", podSelector={"matchLabels": {"app": "db"}}, policyTypes=["Ingress"],
                  ingress=[{"ports": [{"port": port}]}])


def test_whether_traffic_of_linkerd_goes_to_the_port_or_to_its_proxy_is_not_known():
    open_ = {"default_inbound_policy": "all-unauthenticated"}
    cluster = [node("n1"), *control("linkerd", "linkerd"), linkerd(pod("web"), **open_), linkerd(pod("db"), **open_),
               plain(pod("raw"))]
    for port in (4143, 8080):
        assert ask(frames([*cluster, only_port(port)]), "web", "db")[0] is None
    assert ask(frames([*cluster, only_port(9090)]), "web", "db")[0] is False
    assert ask(frames([*cluster, only_port(4143)]), "raw", "db")[0] is False


def test_a_client_that_is_perhaps_in_the_ambient_mode_perhaps_uses_the_tunnel():
    cluster = [node("n1"), node("n2"), namespace("shop"), *control(), ztunnel(), ambient(pod("db")),
               ambient(pod("web", node="n2")), plain(pod("raw"))]
    assert ask(frames([*cluster, only_port(15008)]), "web", "db")[0] is None
    assert ask(frames([*cluster, only_port(15008)]), "raw", "db")[0] is False


@pytest.mark.parametrize(("principals", "allowed"), [
    (["cluster.local/ns/*/sa/default"], False),
    (["*/ns/*/sa/default"], False),
    (["cluster.local/ns/shop/sa/*"], True),
    (["*/sa/default"], True),
])
def test_a_star_in_a_principal_stands_for_something_at_its_ends_alone(principals, allowed):
    lets_in = authorization("in", "shop", rules=[{"from": [{"source": {"principals": principals}}]}])
    assert ask(meshed(STRICT, lets_in), "web", "db")[0] is allowed


@pytest.mark.parametrize("kind", ["principals", "namespaces"])
def test_many_stars_are_matched_at_once(kind):
    long = "a" * 60
    labels = pd.DataFrame({"key": [IDENTITY], "value": [f"{long}/{long}"]}).astype(STRING)
    identities = Identities(labels)
    assert identities.source({kind: ["*" + "a*" * 30 + "b"]}, "shop").peers == identities.source(
        {kind: ["*none"]}, "shop").peers


def test_a_star_within_a_namespace_is_not_known_to_match():
    lets_in = authorization("in", "shop", rules=[{"from": [{"source": {"namespaces": ["s*p"]}}]}])
    assert ask(meshed(STRICT, lets_in), "web", "db")[0] is None


@pytest.mark.parametrize("port", ["9" * 5000, "0", "70000", "٨٠٨٠", "²"])
def test_a_port_that_is_none_lets_the_rule_perhaps_match(port):
    denies = authorization("no", "shop", action="DENY", rules=[{"to": [{"operation": {"ports": [port]}}]}])
    assert ask(meshed(denies), "web", "db")[0] is None


def test_a_policy_of_one_revision_of_the_control_plane_decides_perhaps():
    canary = authorization("no", "shop", action="DENY", rules=[{}])
    canary["metadata"] = canary["metadata"] | {"labels": {"istio.io/rev": "canary"}}
    assert ask(meshed(canary), "web", "db")[0] is None


def test_with_control_planes_in_two_namespaces_a_policy_of_any_namespace_may_be_for_all_pods():
    open_ = peers("default", "shop", "PERMISSIVE")
    elsewhere = authorization("no", "mesh-two", action="DENY", rules=[{}])
    assert ask(meshed(open_, elsewhere), "web", "db")[0] is True
    assert ask(meshed(open_, *control(space="mesh-two")), "web", "db")[0] is True
    assert ask(meshed(open_, elsewhere, *control(space="mesh-two")), "web", "db")[0] is None


def test_a_waypoint_may_decide_over_what_reaches_pods_in_the_ambient_mode():
    case = {"policies": [], "ambient": ["web", "db"]}
    assert decided(world(case), ["web > db 8080"]) == {"web > db 8080": True}
    way = sidecar({"kind": "Pod", "metadata": {"name": "way", "namespace": "shop", "labels": {
        "gateway.networking.k8s.io/gateway-class-name": "istio-waypoint"}}, "spec": {"containers": []}})
    tables = world(case | {"policies": [way | {"apiVersion": "v1"}]})
    assert decided(tables, ["web > db 8080"]) == {"web > db 8080": None}


def test_the_pod_s_own_node_is_not_known_to_get_through_a_proxy():
    assert decided(world({"policies": [STRICT]}), ["n2 > db 8080", "n1 > db 8080"]) == {
        "n2 > db 8080": None, "n1 > db 8080": False}


def test_policies_of_a_mesh_are_undecided_to_checks_on_network_policies():
    audit = authorization("audit", "bank", action="AUDIT")
    everywhere = peers("default", "istio-system", "STRICT")
    found = derive(meshed(CLOSED, audit, everywhere), "undecided_traffic")
    assert found[["namespace", "words"]].fillna("").to_numpy().tolist() == [
        ["", "PeerAuthentication istio-system/default of Istio"], ["shop", "AuthorizationPolicy shop/closed of Istio"]]


@pytest.mark.parametrize("idle", [
    [plain(pod("web")), CLOSED],
    [sidecar(pod("web", "bank")), CLOSED],
    [sidecar(pod("web")), peers("default", "shop", "PERMISSIVE")],
    [sidecar(pod("web")), peers("default", "shop")],
    [sidecar(pod("web")), CLOSED | {"metadata": CLOSED["metadata"] | {"annotations": {"istio.io/dry-run": "true"}}}],
    [linkerd(pod("web")), {"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": {
        "name": "http", "namespace": "shop"}, "spec": {"port": 80, "accessPolicy": "all-unauthenticated"}}],
])
def test_policies_of_a_mesh_that_deny_nothing_leave_no_check_undecided(idle):
    assert derive(frames([node("n1"), *control(), *idle]), "undecided_traffic").empty


def test_a_mesh_leaves_failures_to_deny_incoming_traffic_unknown_and_nothing_else():
    def judged(name: str, *more: dict) -> str:
        cluster = [*CALICO, namespace("shop"), *control(), sidecar(pod("web")), CLOSED]
        return verdicts(f"network.{name}", [*cluster, *more])["shop"]

    deny = policy("deny", policyTypes=["Ingress", "Egress"])
    assert [judged("default_deny_ingress"), judged("default_deny_egress")] == ["unknown", "fail"]
    assert [judged("default_deny_ingress", deny), judged("default_deny_egress", deny)] == ["pass", "pass"]


def test_what_a_condition_compares_requests_with_is_never_kept():
    secret = "s3cr3t-t0k3n"
    asks = authorization("token", "shop", rules=[{"when": [{"key": "request.headers[x-api-key]", "values": [secret]}],
                                                  "to": [{"operation": {"hosts": [secret], "paths": [secret]}}]}])
    tables = meshed(asks)
    kept = [name for name, table in tables.items() for column in table
            if table[column].astype(str).str.contains(secret).any()]
    assert kept == []
    assert ask(tables, "web", "db")[0] is None
