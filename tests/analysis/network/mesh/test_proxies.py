"""Whether a mesh acts at a pod, as the pod and its control plane show."""

import pandas as pd
import pytest
from mesh_worlds import ambient, control, linkerd, plain, pod, sidecar, ztunnel
from network_worlds import derive, node
from worlds import frames

CLUSTER = [node("n1"), *control(), ztunnel()]


def seen(*objects: dict, name: str = "web") -> tuple[object, ...]:
    found = derive(frames(objects), "mesh_pods")
    row = found[(found["name"] == name).to_numpy(bool)].iloc[0]
    return tuple(None if row[column] is pd.NA else row[column] for column in ("mesh", "mode", "acts", "why"))


def test_a_sidecar_acts_where_it_is_ready_and_traffic_is_redirected_to_it():
    assert seen(*CLUSTER, sidecar(pod("web"))) == ("Istio", "sidecar", True, None)


def test_a_native_sidecar_and_one_behind_a_network_plug_in_act_as_well():
    assert seen(*CLUSTER, sidecar(pod("web"), native=True, redirect="istio-validation")) == (
        "Istio", "sidecar", True, None)


def test_a_label_that_asks_for_a_proxy_is_no_proxy():
    asked = plain(pod("web", **{"sidecar.istio.io/inject": "true", "istio.io/dataplane-mode": "ambient"}))
    assert seen(*CLUSTER, asked) == (None, None, False, None)


@pytest.mark.parametrize(("told", "why"), [
    ({"ready": False}, "its proxy is not seen to be ready"),
    ({"redirect": ""}, "nothing is seen that redirects its traffic to the proxy"),
    ({"image": "evil.example/app:1"}, "the image of its proxy is not recognised"),
    ({"sidecar.istio.io/interceptionMode": "NONE"},
     "an annotation keeps its traffic from being redirected to the proxy"),
    ({"init": {"image": "busybox"}}, "nothing is seen that redirects its traffic to the proxy"),
    ({"init": {"args": ["-b", "*"]}},
     "which ports are redirected to the proxy is not seen in the arguments of its init container"),
    ({"init": {"args": ["-d", ""]}},
     "which ports are redirected to the proxy is not seen in the arguments of its init container"),
    ({"init": {"args": ["-b", "*", "-d", "", "-c", "eth0"]}},
     "its init container redirects traffic in a way that is not understood"),
    ({"init": {"args": ["-b", "*", "-d", "", "-d", "8080"]}},
     "its init container redirects traffic in a way that is not understood"),
    ({"excludeInterfaces": "eth0"}, "the annotation traffic.sidecar.istio.io/excludeInterfaces is not understood"),
    ({"kubevirtInterfaces": "eth0"}, "the annotation traffic.sidecar.istio.io/kubevirtInterfaces is not understood"),
    ({"istio.io/reroute-virtual-interfaces": "eth0"},
     "the annotation istio.io/reroute-virtual-interfaces is not understood"),
])
def test_a_sidecar_that_is_not_seen_to_act_is_not_known_to(told, why):
    assert seen(*CLUSTER, sidecar(pod("web"), **told)) == ("Istio", "sidecar", None, why)


@pytest.mark.parametrize("planes", [[], control(ready=False), control("linkerd", "linkerd")])
def test_without_a_ready_control_plane_of_its_mesh_no_proxy_is_known_to_act(planes):
    assert seen(node("n1"), *planes, sidecar(pod("web"))) == (
        "Istio", "sidecar", None, "no control plane of Istio is seen to be ready")


def test_the_ambient_mode_needs_the_proxy_of_the_node():
    assert seen(*CLUSTER, ambient(pod("web"))) == ("Istio", "ambient", True, None)
    assert seen(*CLUSTER, node("n2"), ambient(pod("web", node="n2"))) == (
        "Istio", "ambient", None, "no ready ztunnel is seen on its node")


def test_a_pod_that_is_a_proxy_alone_is_a_gateway():
    proxy = sidecar({"kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": []}})
    assert seen(*CLUSTER, proxy) == ("Istio", "gateway", True, None)


def test_a_proxy_of_linkerd_is_one_of_linkerd():
    assert seen(node("n1"), *control("linkerd", "linkerd"), linkerd(pod("web"))) == ("Linkerd", "sidecar", True, None)


def test_subnets_that_linkerd_skips_leave_it_unknown_whether_it_acts():
    cluster = [node("n1"), *control("linkerd", "linkerd")]
    assert seen(*cluster, linkerd(pod("web"), skip_subnets="0.0.0.0/0"))[2:] == (
        None, "the annotation config.linkerd.io/skip-subnets is not understood")
    validated = linkerd(pod("web"), init={"name": "linkerd-network-validator", "args": ["--timeout", "10s"]})
    assert seen(*cluster, validated)[2:] == (
        None, "which ports are redirected to the proxy is not seen in the arguments of its init container")


def test_no_proxy_is_known_to_act_in_the_network_of_its_node_or_beside_another():
    assert seen(*CLUSTER, sidecar(pod("web", host=True)))[2:] == (None, "it is in the network of its node")
    both = [*CLUSTER, *control("linkerd", "linkerd"), sidecar(linkerd(pod("web")))]
    assert seen(*both)[2:] == (None, "it has two proxies")
    assert seen(*CLUSTER, ambient(sidecar(pod("web"))))[2:] == (None, "it has two proxies")


def test_of_arguments_of_init_containers_nothing_is_kept_but_ports():
    arguments = ["--password", "hunter2", "-d", "s3cr3t", "-k", "12345", "--inbound-ports-to-ignore=s3cr3t", "-b", "80"]
    plainly = pod("web")
    plainly["spec"]["initContainers"] = [{"name": "init", "image": "x", "args": arguments}, {"name": "b", "image": "x"}]
    assert frames([plainly])["pod_redirections"]["ports"].fillna("").tolist() == ["excluded=? included=80 other=?", ""]


def test_the_proxy_of_a_node_is_no_pod_of_the_mesh():
    assert seen(*CLUSTER, name="ztunnel-n1") == (None, None, False, None)
