"""Gateways and Routes over HTTP: what a server is asked for, and what the tables then hold."""

import json

import pytest
from gateway_worlds import PLAIN, TLS, gateway, gateway_class, route

from auditkit.checks import find
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.live import LiveSource
from auditkit.evaluation import engine
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.gateway_api import CLASS, GATEWAYS, GROUP, ROUTES

LISTS = {CLASS: gateway_class(), GATEWAYS["Gateway"]: gateway(PLAIN, TLS), ROUTES["HTTPRoute"]: route(space="billing")}


def take(kubeconfig: str) -> Snapshot:
    return collect(LiveSource(None, kubeconfig, timeout=5))


def entry(snapshot: Snapshot, resource: str) -> Entry:
    return next(found for found in snapshot.manifest.ledger if found.resource == resource)


def serve(server, lists: dict[str, tuple[str, bytes]], version: str = "v1") -> None:
    """Let the server serve these resources: kind and body of the list, by name."""
    by_group: dict[str, list[dict]] = {}
    for name, (kind, body) in lists.items():
        plural, _, group = name.partition(".")
        by_group.setdefault(group, []).append({
            "resource": plural, "scope": "Cluster" if kind == "GatewayClass" else "Namespaced",
            "responseKind": {"kind": kind}, "verbs": ["list"]})
        server.fault(f"/apis/{group}/{version}/{plural}", kind="body", body=body)
    server.fault("/apis", kind="transform", transform=lambda found: {**found, "items": [*found["items"], *(
        {"metadata": {"name": group}, "versions": [{"version": version, "freshness": "Current", "resources": resources}]}
        for group, resources in by_group.items())]})


def gateways(version: str = "v1") -> dict[str, tuple[str, bytes]]:
    """The lists of `LISTS` as a server writes them."""
    api = {"apiVersion": f"{GROUP}/{version}", "metadata": {"resourceVersion": "7"}}
    return {name: (one["kind"], json.dumps({**api, "kind": f"{one['kind']}List", "items": [
        one | {"apiVersion": api["apiVersion"]}]}).encode()) for name, one in LISTS.items()}


def test_a_server_without_them_proves_that_there_are_none(server, kubeconfig):
    snapshot = take(kubeconfig)
    assert snapshot.gaps("attachments") == [] and snapshot.attachments.empty
    assert entry(snapshot, ROUTES["HTTPRoute"]).proven


def test_gateways_are_read_and_judged_over_http(server, kubeconfig):
    serve(server, gateways())
    snapshot = take(kubeconfig)
    assert entry(snapshot, ROUTES["HTTPRoute"]).outcome == "complete"
    found = snapshot.attachments
    assert found[["route", "listener", "host", "tls", "open"]].values.tolist() == [
        ["web", "plain", "(any host)", "none", True], ["web", "web", "(any host)", "Terminate", True]]
    rows = engine.run(find("network.ingress_uses_tls"), snapshot).rows()
    assert rows.set_index("name").loc["web", "verdict"] == "fail"
    assert "HTTPRoute" not in set(snapshot.other_engines["kind"])


def test_a_list_that_is_refused_leaves_no_pass(server, kubeconfig):
    server.fault(f"/apis/{GROUP}/v1/gateways", status=403)
    serve(server, gateways())
    snapshot = take(kubeconfig)
    assert entry(snapshot, GATEWAYS["Gateway"]).outcome == "forbidden"
    verdicts = engine.run(find("network.ingress_uses_tls"), snapshot).counts
    assert verdicts["pass"] == verdicts["not_applicable"] == 0
    assert any("gateways" in gap for gap in snapshot.gaps("exposure"))


def test_kinds_in_a_version_that_is_not_read_are_known_by_name_alone(server, kubeconfig):
    serve(server, gateways("v9"), "v9")
    snapshot = take(kubeconfig)
    found = entry(snapshot, ROUTES["HTTPRoute"])
    assert found.outcome == "failed" and "v9 only" in found.reason and snapshot.gaps("attachments")
    assert {"HTTPRoute", "Gateway"} <= set(snapshot.other_engines["kind"])


def test_the_keys_of_openshift_routes_are_not_asked_for(server, kubeconfig):
    cells = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "7"},
             "columnDefinitions": [{"name": name} for name in (
                 "Name", "Host/Port", "Path", "Services", "Port", "Termination", "Wildcard")],
             "rows": [{"cells": ["desk", "desk.example", "", "desk", "<all>", "edge/Redirect", "None"],
                       "object": {"metadata": {"name": "desk", "namespace": "billing"}}}]}
    serve(server, {"routes.route.openshift.io": ("Route", json.dumps(cells).encode())})
    snapshot = take(kubeconfig)
    [asked] = [one for one in server.requests if one.path.startswith("/apis/route.openshift.io/v1/routes")]
    assert "as=Table" in asked.accept and asked.query["includeObject"] == "Metadata"
    assert snapshot.route_ways[["host", "encrypted", "open"]].values.tolist() == [["desk.example", True, True]]
    rows = engine.run(find("network.ingress_uses_tls"), snapshot).rows()
    assert rows.set_index("name").loc["desk", "verdict"] == "pass"


@pytest.mark.parametrize("field", ["useDefaultGateways", "novel"])
def test_a_field_that_is_not_read_is_told_with_its_object(server, kubeconfig, field):
    lists = gateways()
    odd = json.loads(lists[ROUTES["HTTPRoute"]][1])
    odd["items"][0]["spec"][field] = "All"
    serve(server, lists | {ROUTES["HTTPRoute"]: ("HTTPRoute", json.dumps(odd).encode())})
    snapshot = take(kubeconfig)
    assert snapshot.frame("unread_route_fields")[["kind", "name", "field"]].values.tolist() == [
        ["HTTPRoute", "web", f"spec.{field}"]]
    rows = engine.run(find("network.ingress_uses_tls"), snapshot).rows().set_index("name")
    assert rows.loc["web", "verdict"] == "unknown"
    assert f"spec.{field}, which auditkit does not read" in rows.loc["web", "reason"]


