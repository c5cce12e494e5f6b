"""Gateways and VirtualServices of Istio: manifests rebuilt from its API and documentation, with what these come to."""

import pandas as pd
import pytest
from gateway_worlds import pod, service
from network_worlds import derive, verdicts
from route_truth import EXPECTED, cases, controller, run
from worlds import frames

CASES = cases("istio-gateways")
API = "networking.istio.io/v1"
PROXY = controller("docker.io/istio/proxyv2:1.27.0", name="ingress")
PROXY["metadata"]["labels"] |= {"istio": "ingress"}


def placed(one: dict) -> dict:
    """An object of Istio in ``shop``, and a Gateway for the pods of the cases, unless it says something else."""
    if one["kind"] not in ("Gateway", "VirtualService"):
        return one
    spec = ({"selector": {"istio": "ingress"}} if one["kind"] == "Gateway" else {}) | one["spec"]
    return {"apiVersion": API} | one | {"metadata": {"namespace": "shop"} | one["metadata"], "spec": spec}


def complete(case: dict) -> list[dict]:
    return [PROXY, *map(placed, case["objects"]), *(one for name in ("web", "api") for one in (service(name), pod(name)))]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_istio_makes_of_a_virtual_service_holds(case):
    run(case, complete)


def test_every_case_names_its_source_and_expects_something():
    assert len(CASES) >= 20 and len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"] and EXPECTED & set(case) for case in CASES)
    assert all(set(case) <= EXPECTED | {"id", "source", "objects"} for case in CASES)


GATEWAY = placed(CASES[0]["objects"][0])
VIRTUAL = placed(CASES[0]["objects"][1])
UNREADY = PROXY | {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}}


@pytest.mark.parametrize(("objects", "verdict"), [
    ([PROXY, GATEWAY, VIRTUAL], "fail"), ([UNREADY, GATEWAY, VIRTUAL], "unknown"), ([GATEWAY, VIRTUAL], "unknown"),
    ([controller("registry.example/other:1"), GATEWAY, VIRTUAL], "unknown"), ([PROXY, VIRTUAL], "not_applicable"),
])
def test_a_virtual_service_is_judged_where_a_pod_serves_its_gateway(objects, verdict):
    assert verdicts("network.ingress_uses_tls", objects) == {"v": verdict}


def test_the_internet_reaches_pods_by_the_load_balancer_before_the_gateway():
    balancer = service("ingress", "edge", type="LoadBalancer") | {
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    found = derive(frames([PROXY, balancer, GATEWAY, VIRTUAL, service(), pod()]), "exposure")
    rows = found[found["path"] == "VirtualService"]
    assert rows[["via", "host", "entry", "entry_port", "public", "pod", "port"]].values.tolist() == [
        ["v", "a.example", "203.0.113.9", 80, True, "web-1", 8080]]


SERVED = placed(next(case for case in CASES if case["id"] == "simple")["objects"][1])
PAIR = {"kind": "Secret", "metadata": {"name": "pair", "namespace": "edge"}}
STRANGE = SERVED | {"spec": SERVED["spec"] | {"novel": 1}}


@pytest.mark.parametrize(("objects", "verdict"), [
    ([PROXY, SERVED, PAIR], "pass"), ([PROXY, SERVED], "fail"), ([UNREADY, SERVED, PAIR], "unknown"),
    ([SERVED, PAIR], "unknown"), ([PROXY, STRANGE, PAIR], "unknown"),
])
def test_a_certificate_is_there_where_a_pod_serves_the_gateway(objects, verdict):
    assert verdicts("network.listeners_have_certificates", objects) == {"g/https": verdict}


def test_a_server_that_passes_on_tls_to_any_service_is_an_entrance_of_which_nothing_is_known():
    server = {"port": {"number": 15443, "name": "tls", "protocol": "TLS"}, "hosts": ["*.local"], "tls": {"mode": "AUTO_PASSTHROUGH"}}
    opened = placed({"kind": "Gateway", "metadata": {"name": "east"}, "spec": {"servers": [server]}})
    assert verdicts("network.ingress_uses_tls", [PROXY, opened]) == {"east": "unknown"}
    found = derive(frames([PROXY, opened]), "exposure")
    assert [row["via"] for row in found.to_dict("records") if pd.isna(row["reached"]) and pd.isna(row["pod"])] == ["east"]


def test_a_loop_of_delegates_ends_and_serves_what_is_reached_in_one_step():
    """A delegate is used by the VirtualService with hosts; one of a delegate is not (Istio's reference: Delegate)."""
    def delegating(name: str, to: str, **spec: object) -> dict:
        return placed({"kind": "VirtualService", "metadata": {"name": name},
                       "spec": spec | {"http": [{"match": [{"uri": {"prefix": "/x"}}], "delegate": {"name": to}},
                                                {"route": [{"destination": {"host": "web"}}]}]}})

    root = delegating("v", "one", hosts=["a.example"], gateways=["g"])
    found = derive(frames([PROXY, GATEWAY, root, delegating("one", "two"), delegating("two", "one")]), "route_ways")
    rows = {(name, opened) for name, opened in zip(found["route"], found["open"], strict=True) if opened is not False}
    assert {name for name, _ in rows} == {"v", "one"}
