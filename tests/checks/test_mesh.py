"""Whether pods require mutual TLS. Its cases are beside the check; here is what they do not show."""

from mesh_worlds import control, peers, plain, pod, sidecar
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
