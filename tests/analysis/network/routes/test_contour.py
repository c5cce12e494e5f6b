"""HTTPProxies of Contour: manifests rebuilt from its documentation and tests, with what these expect."""

import pytest
from gateway_worlds import pod, service
from network_worlds import derive, verdicts
from route_truth import EXPECTED, cases, controller, run
from worlds import frames

CASES = cases("contour")
CONTOUR = controller("ghcr.io/projectcontour/contour:v1.33.0")
VALID = {"currentStatus": "valid", "conditions": [{"type": "Valid", "status": "True", "observedGeneration": 1}]}
PAIR = {"kind": "Secret", "metadata": {"name": "pair", "namespace": "shop"}}


def proxy(one: dict) -> dict:
    """A proxy that Contour finds valid, unless it says something else."""
    if one["kind"] != "HTTPProxy":
        return one
    return {"status": VALID} | one | {"metadata": {"namespace": "shop", "generation": 1} | one["metadata"]}


def complete(case: dict) -> list[dict]:
    return [CONTOUR, *map(proxy, case["objects"]), *(one for name in ("web", "api") for one in (service(name), pod(name)))]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_contour_makes_of_a_proxy_holds(case):
    run(case, complete)


def test_every_case_names_its_source_and_expects_something():
    assert len(CASES) >= 20 and len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"] and EXPECTED & set(case) for case in CASES)
    assert all(set(case) <= EXPECTED | {"id", "source", "objects"} for case in CASES)


PLAIN = {"kind": "HTTPProxy", "metadata": {"name": "p"}, "spec": {
    "virtualhost": {"fqdn": "a.example"}, "routes": [{"services": [{"name": "web", "port": 80}]}]}}
SECURE = PLAIN | {"spec": PLAIN["spec"] | {"virtualhost": {"fqdn": "a.example", "tls": {"secretName": "pair"}}}}


@pytest.mark.parametrize(("objects", "verdict"), [
    ([CONTOUR, proxy(PLAIN)], "fail"), ([CONTOUR, proxy(SECURE)], "pass"), ([proxy(PLAIN)], "unknown"),
    ([proxy(SECURE)], "unknown"),
    ([CONTOUR | {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}}, proxy(PLAIN)],
     "unknown"),
    ([CONTOUR, proxy(PLAIN | {"status": {}})], "unknown"),
    ([CONTOUR, proxy(PLAIN | {"metadata": {"name": "p", "generation": 2}})], "unknown"),
    ([CONTOUR, proxy(SECURE | {"spec": SECURE["spec"] | {"novel": 1}})], "unknown"),
])
def test_a_proxy_is_judged_where_contour_acts_on_it(objects, verdict):
    assert verdicts("network.ingress_uses_tls", objects) == {"p": verdict}


def test_the_internet_reaches_the_pods_behind_a_proxy_at_the_address_of_contour():
    root = proxy(PLAIN | {"status": VALID | {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}})
    found = derive(frames([CONTOUR, root, service(), pod()]), "exposure")
    rows = found[found["path"] == "HTTPProxy"]
    assert rows[["via", "host", "entry", "public", "pod", "port"]].values.tolist() == [
        ["p", "a.example", "203.0.113.9", True, "web-1", 8080]]


def test_a_missing_certificate_of_a_proxy_fails():
    assert verdicts("network.listeners_have_certificates", [CONTOUR, proxy(SECURE)]) == {"p": "fail"}
    assert verdicts("network.listeners_have_certificates", [CONTOUR, proxy(SECURE), PAIR]) == {"p": "pass"}
    assert verdicts("network.listeners_have_certificates", [proxy(SECURE), PAIR]) == {"p": "unknown"}  # nobody acts
