"""IngressRoutes of Traefik: manifests rebuilt from its code and documentation, with what these come to."""

import msgspec
import pytest
from gateway_worlds import pod, service
from network_worlds import derive, verdicts
from route_truth import EXPECTED, cases, controller, run
from worlds import frames

from auditkit.collectors.decode.objects import decode

CASES = cases("traefik")
IMAGE = "docker.io/traefik:v3.7.0"
ARGUMENTS = ["--entryPoints.web.address=:8000/tcp", "--entryPoints.websecure.address=:8443/tcp",
             "--entryPoints.websecure.http.tls=true", "--entryPoints.traefik.address=:8080/tcp", "--ping=true"]
TRAEFIK = controller(IMAGE, *ARGUMENTS)


def placed(one: dict) -> dict:
    return one | {"metadata": {"namespace": "shop"} | one["metadata"]}


def complete(case: dict) -> list[dict]:
    return [controller(IMAGE, *case.get("arguments", ARGUMENTS)), *map(placed, case["objects"]),
            *(one for name in ("web", "api") for one in (service(name), pod(name)))]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_traefik_makes_of_a_route_holds(case):
    run(case, complete)
    if "plain" in case:  # several entry points: one without TLS is enough
        found = derive(frames(complete(case)), "entrances")
        assert [f"{kind} {space}/{name}" for kind, space, name, fine in zip(
            found["kind"], found["namespace"], found["name"], found["encrypted"], strict=True) if fine is False] == case["plain"]


def test_every_case_names_its_source_and_expects_something():
    assert len(CASES) >= 20 and len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"] and EXPECTED & set(case) for case in CASES)
    assert all(set(case) <= EXPECTED | {"id", "source", "objects", "arguments", "plain"} for case in CASES)


PLAIN, SECURE = (placed(CASES[at]["objects"][-1]) for at in (0, 1))
OTHER = controller(IMAGE, "--entryPoints.web.address=:8000/tcp", "--entryPoints.web.http.tls=true", name="other")


CLASSED = PLAIN | {"spec": PLAIN["spec"] | {"ingressClassName": "traefik"}}
INNER = controller(IMAGE, *ARGUMENTS, "--providers.kubernetesCRD.ingressClass=inner", name="inner")


def with_fields(**fields: object) -> dict:
    """Traefik whose container has these fields too."""
    found = controller(IMAGE, *ARGUMENTS)
    found["spec"]["containers"][0] |= fields
    return found


def mounting(path: str) -> dict:
    """Traefik with something mounted at a place."""
    return with_fields(volumeMounts=[{"name": "v", "mountPath": path}])


@pytest.mark.parametrize(("objects", "verdict"), [
    ([mounting("/etc/traefik"), PLAIN], "unknown"), ([mounting("/etc/traefik/traefik.yaml"), PLAIN], "unknown"),
    ([mounting("/traefik.yml"), PLAIN], "unknown"), ([mounting("/root/.config"), PLAIN], "unknown"),
    ([with_fields(env=[{"name": "XDG_CONFIG_HOME", "value": "/c"}]), PLAIN], "unknown"),
    ([with_fields(env=[{"name": "TRAEFIK_ENTRYPOINTS_WEB_HTTP_TLS", "value": "true"}]), PLAIN], "unknown"),
    ([with_fields(envFrom=[{"configMapRef": {"name": "settings"}}]), PLAIN], "unknown"),
    ([with_fields(env=[{"name": "POD_NAME", "value": "x"}]), PLAIN], "fail"),
    ([with_fields(command=["traefik", "--entrypoints.web.http.tls"]), PLAIN], "unknown"),
    ([TRAEFIK, controller(IMAGE, name="by-environment"), PLAIN], "unknown"),
    ([INNER, CLASSED], "not_applicable"), ([INNER, TRAEFIK, CLASSED], "unknown"),
    ([mounting("/etc/traefik/dynamic"), PLAIN], "fail"), ([mounting("/data"), PLAIN], "fail"),
    ([TRAEFIK, PLAIN], "fail"), ([TRAEFIK, SECURE], "pass"), ([PLAIN], "unknown"), ([SECURE], "unknown"),
    ([controller(IMAGE, *ARGUMENTS, ready="False"), PLAIN], "unknown"),
    ([TRAEFIK, OTHER, PLAIN], "unknown"),  # pods with different entry points
])
def test_a_route_is_judged_where_traefik_acts(objects, verdict):
    assert verdicts("network.ingress_uses_tls", objects) == {"r": verdict}


def test_the_internet_reaches_pods_by_the_load_balancer_before_traefik():
    balancer = service("controller", "edge", type="LoadBalancer") | {
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    found = derive(frames([TRAEFIK, balancer, PLAIN, service(), pod()]), "exposure")
    rows = found[found["path"] == "IngressRoute"]
    assert rows[["via", "host", "entry", "public", "pod", "port"]].values.tolist() == [
        ["r", "a.example", "203.0.113.9", True, "web-1", 8080]]


def test_of_rules_and_arguments_only_hosts_and_entry_points_are_kept():
    secret = "hunter2"
    rule = f"Host(`a.example`) && Header(`X-Token`, `{secret}`)"
    route = PLAIN | {"apiVersion": "traefik.io/v1alpha1", "spec": {"routes": [{"match": rule, "kind": "Rule"}]}}
    arguments = controller(
        IMAGE, f"--providers.kubernetescrd.token={secret}", f"--token={secret}", "--entrypoints.web.address=:80",
        f"--configfile=https://u:{secret}@h/x", f"--configFilePassword={secret}", f"--entrypoints.x.password={secret}",
        f"--entrypoints.x.address=redis://u:{secret}@h", f"--entrypoints.x.http.tls.certresolver={secret}",
        f"--entrypoints.x.http.middlewares={secret}@file", f"--entrypoints.x.http.redirections.entrypoint.to={secret}!")
    for one, source in ((route, "ingressroutes.traefik.io"), (arguments, "pods")):
        page = decode(msgspec.json.encode({"items": [one]}), source)
        kept = {name: [row for batch in batches for row in batch.to_pylist()] for name, batches in page.batches.items()}
        assert not page.malformed and secret not in repr(kept)
        if source == "pods":
            assert [row["argument"] for row in kept["traefik_arguments"]] == [
                "--entrypoints.web.address=:80", "--configfile", "--entrypoints.x.address=",
                "--entrypoints.x.http.tls.certresolver", "--entrypoints.x.http.middlewares",
                "--entrypoints.x.http.redirections.entrypoint.to="]
        else:
            assert [row["hosts"] for row in kept["traefik_rules"]] == ["a.example"]


PAIR = {"kind": "Secret", "metadata": {"name": "pair", "namespace": "shop"}}
STRANGE = SECURE | {"spec": SECURE["spec"] | {"novel": 1}}


@pytest.mark.parametrize(("objects", "verdict"), [
    ([TRAEFIK, SECURE, PAIR], "pass"), ([TRAEFIK, SECURE], "fail"), ([SECURE, PAIR], "unknown"),
    ([controller(IMAGE, *ARGUMENTS, ready="False"), SECURE, PAIR], "unknown"), ([TRAEFIK, STRANGE, PAIR], "unknown"),
    ([INNER, SECURE, PAIR], "unknown"),
])
def test_a_certificate_is_there_where_traefik_acts(objects, verdict):
    assert verdicts("network.listeners_have_certificates", objects) == {"r": verdict}


def test_of_commands_only_is_kept_that_there_is_one():
    page = decode(msgspec.json.encode({"items": [with_fields(command=["sh", "-c", "hunter2"]), TRAEFIK]}), "pods")
    kept = {name: [row for batch in batches for row in batch.to_pylist()] for name, batches in page.batches.items()}
    assert not page.malformed and "hunter2" not in repr(kept)
    assert kept["container_commands"] == [{"namespace": "edge", "pod": "controller", "container": "c"}]
