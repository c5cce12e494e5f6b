"""Whether ports of meshed pods take plain text. What PeerAuthentications mean is in `tests/truth/istio`."""

import pandas as pd
import pytest
from mesh_worlds import ambient, control, linkerd, peers, pod, sidecar, ztunnel
from network_worlds import derive, node
from worlds import frames

CLUSTER = [node("n1"), *control(), ztunnel()]
STRICT = peers("default", "shop", "STRICT")
OF_LINKERD = [node("n1"), *control("linkerd", "linkerd")]


def modes(*objects: dict, name: str = "web", column: str = "mtls") -> dict[str, str | None]:
    """What holds for each port of a pod; ``rest`` for all others."""
    found = derive(frames(objects), "mesh_ports")
    mine = found[(found["name"] == name).to_numpy(bool)]
    return {"rest" if port is pd.NA else f"{port}{'' if protocol == 'TCP' else '/' + protocol}":
            None if said is pd.NA else said
            for port, protocol, said in zip(mine["port"], mine["protocol"], mine[column], strict=True)}


def test_every_declared_port_has_a_row_and_all_others_have_one():
    assert modes(*CLUSTER, sidecar(pod("web", ports=(8080, 9090))), STRICT) == {
        "8080": "strict", "9090": "strict", "rest": "strict"}


def test_the_ports_of_the_proxy_itself_are_left_out():
    assert "15090" not in modes(*CLUSTER, sidecar(pod("web")), STRICT)


def test_a_mesh_carries_tcp_only():
    assert modes(*CLUSTER, sidecar(pod("web", ports=((53, "UDP"),))), STRICT) == {
        "53/UDP": "bypassed", "rest": "strict"}


@pytest.mark.parametrize(("annotations", "expected"), [
    ({"excludeInboundPorts": "9000, 9001"}, {"8080": "strict", "9000": "bypassed", "9001": "bypassed",
                                             "rest": "strict"}),
    ({"excludeInboundPorts": ""}, {"8080": "strict", "rest": "strict"}),
    ({"includeInboundPorts": "*"}, {"8080": "strict", "rest": "strict"}),
    ({"includeInboundPorts": "8080"}, {"8080": "strict", "rest": "bypassed"}),
    ({"includeInboundPorts": ""}, {"8080": "bypassed", "rest": "bypassed"}),
    ({"excludeInboundPorts": "8000-8090"}, {"8080": None, "rest": None}),
])
def test_ports_that_go_around_the_proxy_are_bypassed(annotations, expected):
    assert modes(*CLUSTER, sidecar(pod("web"), **annotations), STRICT) == expected


def test_what_the_init_container_leaves_out_is_bypassed_whether_or_not_a_container_declares_it():
    def left_out(ports: str) -> list[dict]:
        arguments = {"args": ["-b", "*", "-d", f"15090,15021,{ports}"]}
        return [*CLUSTER, sidecar(pod("web"), init=arguments), STRICT]

    assert modes(*left_out("8080")) == {"8080": "bypassed", "rest": "strict"}
    assert modes(*left_out("9000")) == {"8080": "strict", "9000": "bypassed", "rest": "strict"}
    assert modes(*left_out("9000"), column="why") == {
        "8080": None, "rest": None,
        "9000": "the arguments of its init container take it around the proxy, and no container declares it"}
    assert modes(*left_out("9000-9010"), column="why")["rest"] == (
        "the port list in the arguments of its init container is not understood")
    some = sidecar(pod("web"), init={"args": ["-b", "8080", "-d", ""]})
    assert modes(*CLUSTER, some, STRICT) == {"8080": "strict", "rest": "bypassed"}


def test_a_port_that_is_none_leaves_its_pods_unknown():
    web = peers("web", "shop", "PERMISSIVE", ports={"abc": "STRICT"}, app="web")
    assert modes(*CLUSTER, sidecar(pod("web")), web) == {"8080": None, "rest": None}
    assert modes(*CLUSTER, sidecar(pod("web")), web, column="why")["rest"] == (
        "PeerAuthentication shop/web: its port abc is not a port number")


def test_a_policy_of_one_revision_of_the_control_plane_leaves_its_pods_unknown():
    canary = peers("default", "shop", "STRICT")
    canary["metadata"]["labels"] = {"istio.io/rev": "canary"}
    assert modes(*CLUSTER, sidecar(pod("web")), canary, column="why") == dict.fromkeys(
        ("8080", "rest"), "PeerAuthentication shop/default: it is for the revision canary alone")


def test_the_ambient_mode_can_leave_out_what_comes_in():
    assert modes(*CLUSTER, ambient(pod("web"), **{"ambient.istio.io/bypass-inbound-capture": "true"}), STRICT) == {
        "8080": "bypassed", "rest": "bypassed"}


def test_what_is_not_understood_of_a_policy_leaves_its_pods_unknown():
    odd = peers("default", "shop", "STRICT")
    odd["spec"]["portLevelTls"] = {"8080": {}}
    assert modes(*CLUSTER, sidecar(pod("web")), odd) == {"8080": None, "rest": None}
    assert modes(*CLUSTER, sidecar(pod("web")), odd, column="why")["8080"] == (
        "PeerAuthentication shop/default: the field spec.portLevelTls is not understood")
    assert modes(*CLUSTER, sidecar(pod("web")), peers("default", "shop", "TIGHT"), column="why")["8080"] == (
        "PeerAuthentication shop/default: its mode TIGHT is not understood")


def test_a_narrower_policy_counts_whatever_a_wider_one_says_that_is_not_understood():
    web = peers("web", "shop", "STRICT", app="web")
    assert modes(*CLUSTER, sidecar(pod("web")), peers("default", "shop", "TIGHT"), web) == {
        "8080": "strict", "rest": "strict"}


def test_an_envoy_filter_may_change_the_proxy_unless_istio_installed_it_itself():
    def filter_(name, space):
        return {"kind": "EnvoyFilter", "metadata": {"name": name, "namespace": space}, "spec": {}}

    assert modes(*CLUSTER, sidecar(pod("web")), STRICT, filter_("lua", "shop"))["8080"] is None
    assert modes(*CLUSTER, sidecar(pod("web")), STRICT, filter_("lua", "istio-system"))["8080"] is None
    assert modes(*CLUSTER, sidecar(pod("web")), STRICT, filter_("lua", "bank"))["8080"] == "strict"
    assert modes(*CLUSTER, sidecar(pod("web")), STRICT, filter_("stats-filter-1.20", "istio-system"))["8080"] == "strict"
    assert modes(*CLUSTER, sidecar(pod("web")), STRICT, filter_("stats-filter-1.20", "shop"))["8080"] is None


def test_what_rests_on_the_root_namespace_says_so():
    mesh = peers("default", "istio-system", "STRICT")
    assert modes(*CLUSTER, sidecar(pod("web")), mesh, column="assumes_root") == {"8080": True, "rest": True}
    assert modes(*CLUSTER, sidecar(pod("web")), mesh, STRICT, column="assumes_root") == {"8080": False, "rest": False}
    assert modes(*CLUSTER, sidecar(pod("web")), column="assumes_root") == {"8080": False, "rest": False}
    elsewhere = peers("default", "mesh-config", "STRICT")
    assert modes(*CLUSTER, sidecar(pod("web")), elsewhere, column="assumes_root") == {"8080": True, "rest": True}


def server(port: object = 8080, **spec: object) -> dict:
    return {"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": {"name": "http", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "port": port} | spec}


def lets_in(target: str, name: str, *kinds: str) -> dict:
    return {"apiVersion": "policy.linkerd.io/v1alpha1", "kind": "AuthorizationPolicy",
            "metadata": {"name": "all", "namespace": "shop"},
            "spec": {"targetRef": {"kind": target, "name": name},
                     "requiredAuthenticationRefs": [{"kind": kind, "name": "x"} for kind in kinds]}}


@pytest.mark.parametrize(("default", "mode"), [
    ("all-unauthenticated", "permissive"), ("all-authenticated", "strict"), ("cluster-authenticated", "strict"),
    ("cluster-unauthenticated", "permissive"), ("deny", "strict"), ("audit", "permissive"), ("later", None),
])
def test_the_default_policy_of_linkerd_says_whether_clients_need_mutual_tls(default, mode):
    assert modes(*OF_LINKERD, linkerd(pod("web"), default_inbound_policy=default)) == {"8080": mode, "rest": mode}


def test_the_default_of_the_installation_is_not_visible():
    assert modes(*OF_LINKERD, linkerd(pod("web")), column="why")["rest"] == (
        "the default policy of the installation is not visible")


@pytest.mark.parametrize(("objects", "mode"), [
    ([server()], "strict"),
    ([server(accessPolicy="all-unauthenticated")], "permissive"),
    ([server(), lets_in("Server", "http", "MeshTLSAuthentication")], "strict"),
    ([server(), lets_in("Server", "http", "NetworkAuthentication")], "permissive"),
    ([server(), lets_in("Server", "http", "NetworkAuthentication", "MeshTLSAuthentication")], "strict"),
    ([server(), lets_in("Namespace", "shop", "NetworkAuthentication")], "permissive"),
    ([server(), lets_in("HTTPRoute", "health", "NetworkAuthentication")], None),
    ([server(), lets_in("Server", "other", "NetworkAuthentication")], "strict"),
    ([server(somethingNew=True)], None),
])
def test_a_server_of_linkerd_decides_over_its_port_alone(objects, mode):
    meshed = linkerd(pod("web"), default_inbound_policy="all-unauthenticated")
    assert modes(*OF_LINKERD, meshed, *objects) == {"8080": mode, "rest": "permissive"}


def test_two_servers_that_say_different_things_of_a_port_leave_it_unknown():
    other = server(accessPolicy="all-unauthenticated")
    other["metadata"] = other["metadata"] | {"name": "open"}
    meshed = linkerd(pod("web"), default_inbound_policy="deny")
    for servers in ([server(), other], [other, server()]):
        assert modes(*OF_LINKERD, meshed, *servers) == {"8080": None, "rest": "strict"}
    assert modes(*OF_LINKERD, meshed, server(), other, column="why")["8080"] == (
        "Servers http and open say different things")


def test_ports_that_the_installation_of_linkerd_skips_are_bypassed():
    chart = {"args": ["--inbound-ports-to-ignore", "4190,4191,4567,4568"]}
    meshed = linkerd(pod("web", ports=(4567,)), init=chart, default_inbound_policy="deny")
    assert modes(*OF_LINKERD, meshed) == {"4567": "bypassed", "4568": "bypassed", "rest": "strict"}
    assert modes(*OF_LINKERD, meshed, column="why")["4567"] == "the arguments of its init container"


def test_ports_that_linkerd_skips_are_bypassed_and_ranges_of_them_not_understood():
    strict = {"default_inbound_policy": "deny"}
    assert modes(*OF_LINKERD, linkerd(pod("web"), skip_inbound_ports="8080", **strict)) == {
        "8080": "bypassed", "rest": "strict"}
    assert modes(*OF_LINKERD, linkerd(pod("web"), skip_inbound_ports="8000-9000", **strict)) == {
        "8080": None, "rest": None}
