"""Whether pods require mutual TLS. Its cases are beside the check; here is what they do not show."""

from mesh_worlds import control, linkerd, peers, plain, pod, sidecar
from network_worlds import namespace, node, verdicts

CHECK = "mesh.pods_require_mutual_tls"
CLUSTER = [node("n1"), namespace("shop"), *control()]
OF_MESH = peers("default", "istio-system", "STRICT")


def test_without_a_mesh_no_pod_is_in_scope():
    assert verdicts(CHECK, [node("n1"), plain(pod("web"))]) == {"web": "not_applicable"}


def test_pods_outside_of_the_mesh_are_unknown_and_its_control_plane_is_not_in_scope():
    assert verdicts(CHECK, [*CLUSTER, plain(pod("web")), sidecar(pod("db")), peers("default", "shop", "STRICT")]) == {
        "istio-control": "not_applicable", "web": "unknown", "db": "pass"}


def test_what_the_mesh_does_not_carry_is_unknown():
    assert verdicts(CHECK, [*CLUSTER, sidecar(pod("dns", ports=((53, "UDP"),))), peers("default", "shop", "STRICT")])[
        "dns"] == "unknown"


def test_a_strict_mesh_passes_only_where_its_root_namespace_is_stated():
    objects = [*CLUSTER, sidecar(pod("web")), OF_MESH]
    assert verdicts(CHECK, objects)["web"] == "unknown"
    assert verdicts(CHECK, objects, root_namespace="istio-system")["web"] == "pass"
    assert verdicts(CHECK, objects, root_namespace="mesh-config")["web"] == "unknown"


def test_what_a_policy_in_another_namespace_may_say_of_all_pods_is_unknown_until_the_root_namespace_is_stated():
    objects = [*CLUSTER, sidecar(pod("web")), peers("default", "mesh-config", "STRICT")]
    assert verdicts(CHECK, objects)["web"] == "unknown"
    assert verdicts(CHECK, objects, root_namespace="istio-system")["web"] == "fail"
    assert verdicts(CHECK, objects, root_namespace="mesh-config")["web"] == "unknown"
    strict = [*CLUSTER, sidecar(pod("web")), peers("default", "shop", "STRICT")]
    assert verdicts(CHECK, strict, root_namespace="mesh-config")["web"] == "unknown"


def test_a_port_that_the_installation_takes_around_the_proxy_fails_where_a_container_declares_it():
    chart = {"args": ["--inbound-ports-to-ignore", "4190,4191,4567,4568"]}
    cluster = [node("n1"), *control("linkerd", "linkerd")]
    for ports, verdict in (((8080,), "unknown"), ((4567,), "fail")):
        meshed = linkerd(pod("web", ports=ports), init=chart, default_inbound_policy="deny")
        assert verdicts(CHECK, [*cluster, meshed])["web"] == verdict


def test_no_pod_is_out_of_scope_by_the_name_of_a_container_if_it_has_a_proxy():
    poses = linkerd(pod("web"), default_inbound_policy="all-unauthenticated")
    poses["spec"]["containers"][0] |= {"name": "destination", "image": "acme/controller:1"}
    assert verdicts(CHECK, [node("n1"), *control("linkerd", "linkerd"), poses])["web"] == "fail"
