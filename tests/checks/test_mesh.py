"""Whether pods require mutual TLS. Its cases are beside the check; here is what they do not show."""

from mesh_worlds import authorization, control, linkerd, peers, plain, pod, sidecar
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


DENIES = "mesh.pods_deny_by_default"
NOBODY = authorization("none", "shop")
BANK = {"from": [{"source": {"namespaces": ["bank"]}}]}


def test_a_pod_is_closed_by_a_policy_and_opened_by_a_rule_for_everybody():
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web"))])["web"] == "fail"
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), NOBODY])["web"] == "pass"
    wide = authorization("all", "shop", rules=[{}])
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), NOBODY, wide])["web"] == "fail"
    port = authorization("port", "shop", rules=[{"to": [{"operation": {"ports": ["8080"]}}]}])
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), port])["web"] == "fail"


def test_anyone_under_conditions_that_are_not_read_is_unknown_and_named_clients_under_them_pass():
    asked = authorization("get", "shop", rules=[{"to": [{"operation": {"methods": ["GET"]}}]}])
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), asked])["web"] == "unknown"
    named = authorization("get", "shop", rules=[BANK | {"to": [{"operation": {"methods": ["GET"]}}]}])
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), named])["web"] == "pass"


def test_addresses_name_no_client():
    for block, verdict in (("10.0.0.0/16", "unknown"), ("10.0.0.1", "unknown"), ("0.0.0.0/0", "fail")):
        rule = authorization("net", "shop", rules=[{"from": [{"source": {"ipBlocks": [block]}}]}])
        assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), rule])["web"] == verdict


def test_a_policy_that_denies_all_but_some_is_unknown_and_one_that_denies_some_fails():
    for source, verdict in (({"notNamespaces": ["bank"]}, "unknown"), ({"namespaces": ["guests"]}, "fail")):
        deny = authorization("deny", "shop", action="DENY", rules=[{"from": [{"source": source}]}])
        assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web")), deny])["web"] == verdict


def test_what_rests_on_the_root_namespace_is_unknown_until_it_is_stated():
    closed = [*CLUSTER, sidecar(pod("web")), authorization("none", "istio-system")]
    elsewhere = [*CLUSTER, sidecar(pod("web")), NOBODY, authorization("all", "mesh-config", rules=[{}])]
    for objects, stated in ((closed, "pass"), (elsewhere, "pass")):
        assert verdicts(DENIES, objects)["web"] == "unknown"
        assert verdicts(DENIES, objects, root_namespace="istio-system")["web"] == stated
        assert verdicts(DENIES, objects, root_namespace="mesh-config")["web"] == "unknown"


def test_pods_outside_of_the_mesh_are_unknown_and_without_a_mesh_none_is_in_scope():
    assert verdicts(DENIES, [*CLUSTER, plain(pod("web")), NOBODY]) == {"istio-control": "not_applicable", "web": "unknown"}
    assert verdicts(DENIES, [node("n1"), plain(pod("web"))]) == {"web": "not_applicable"}


def test_the_default_of_linkerd_closes_a_pod_only_if_it_denies():
    cluster = [node("n1"), *control("linkerd", "linkerd")]
    for default, verdict in (("deny", "pass"), ("all-authenticated", "fail"), ("cluster-unauthenticated", "fail")):
        assert verdicts(DENIES, [*cluster, linkerd(pod("web"), default_inbound_policy=default)])["web"] == verdict
    assert verdicts(DENIES, [*cluster, linkerd(pod("web"))])["web"] == "unknown"


def test_what_a_cluster_does_not_carry_or_declare_leaves_a_pod_unknown():
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web", ports=((53, "UDP"),))), NOBODY])["web"] == "unknown"
    assert verdicts(DENIES, [*CLUSTER, sidecar(pod("web"), ready=False), NOBODY])["web"] == "unknown"
