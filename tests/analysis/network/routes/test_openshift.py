"""Routes of OpenShift: manifests and cells rebuilt from its code, with what that makes of them."""

import json

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from gateway_truth import cases
from gateway_worlds import pod, service
from network_worlds import derive, verdicts
from worlds import frames

from auditkit import tables
from auditkit.collectors.decode.objects import decode

CASES = cases("openshift-routes")
COLUMNS = ["Host/Port", "Path", "Services", "Port", "Termination", "Wildcard"]
BEHIND = [
    service("web", "portal", ports=[{"name": "http", "port": 80, "targetPort": 8080},
                                    {"name": "admin", "port": 81, "targetPort": 9090}]),
    service("api", "portal", ports=[{"port": 80, "targetPort": 3000}]), pod("web", "portal"), pod("api", "portal")]


def route(spec: dict, routers: tuple = ("True",), name: str = "patients") -> dict:
    said = [{"host": spec.get("host"), "routerName": f"r{at}", "conditions": [{"type": "Admitted", "status": word}]}
            for at, word in enumerate(routers)]
    return {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": name, "namespace": "portal"},
            "spec": spec, "status": {"ingress": said}}


def shown(columns: list[str], cells: list[str]) -> bytes:
    """A list in the form in which a server shows one Route."""
    return msgspec.json.encode({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": [{"name": name} for name in ["Name", *columns]],
        "rows": [{"cells": ["patients", *cells], "object": {"metadata": {"name": "patients", "namespace": "portal"}}}]})


def world(case: dict) -> dict[str, pd.DataFrame]:
    if "spec" in case:
        return frames([route(case["spec"], case.get("routers", ["True"])), *BEHIND])
    found = frames(BEHIND)
    page = decode(shown(case.get("columns", COLUMNS), case["cells"]), "routes.route.openshift.io")
    return found | {name: pa.Table.from_batches(batches, schema=tables.table(name).schema).to_pandas(
        types_mapper=pd.ArrowDtype) for name, batches in page.batches.items()}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_openshift_makes_of_a_route_holds(case):
    given = world(case)
    [way] = derive(given, "route_ways").to_dict("records")
    seen = {name: None if pd.isna(value) else value for name, value in way.items()}
    wanted = {name: case[name] for name in ("encrypted", "open", "host") if name in case}
    assert {name: seen[name] for name in wanted} == wanted
    backends = derive(given, "route_backends").to_dict("records")
    for word, verdict in (("pods", True), ("perhaps", None)):
        if "pods" in case:
            assert sorted(f"{row['backend']} {row['port']}" for row in backends if not pd.isna(row["pod"])
                          and (None if pd.isna(row["sends"]) else row["sends"]) is verdict) == sorted(case.get(word, []))


def test_there_are_enough_cases_and_each_names_its_source():
    assert len(CASES) >= 20 and all(case["source"] and {"spec", "cells"} & set(case) for case in CASES)


@pytest.mark.parametrize(("spec", "routers", "verdict"), [
    ({"host": "a.example", "to": {"name": "web"}}, ["True"], "fail"),
    ({"host": "a.example", "to": {"name": "web"}, "tls": {"termination": "edge"}}, ["True"], "pass"),
    ({"host": "a.example", "to": {"name": "web"}, "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Allow"}},
     ["True"], "fail"),
    ({"host": "a.example", "to": {"name": "web"}, "tls": {"termination": "odd"}}, ["True"], "unknown"),
    ({"host": "a.example", "to": {"name": "web"}}, ["False"], "not_applicable"),
    ({"host": "a.example", "to": {"name": "web"}}, [], "unknown"),
])
def test_a_route_is_judged_by_its_termination(spec, routers, verdict):
    assert verdicts("network.ingress_uses_tls", [route(spec, routers), *BEHIND]) == {"patients": verdict}


def test_the_pods_behind_a_route_are_told_and_whether_its_address_is_public_is_not_known():
    found = derive(frames([route({"host": "a.example", "to": {"name": "web"}, "port": {"targetPort": "http"}}), *BEHIND]),
                   "exposure")
    assert found[["path", "via", "host", "pod", "port"]].values.tolist() == [
        ["Route", "patients", "a.example", "web-1", 8080]]
    assert found["public"].isna().all() and found["reached"].isna().all()


def test_the_key_of_a_route_is_never_kept():
    secret = "hunter2-private-key"
    tls = {"termination": "edge", "key": secret, "certificate": secret, "destinationCACertificate": secret}
    body = json.dumps({"items": [route({"host": "a.example", "to": {"name": "web"}, "tls": tls})]}).encode()
    page = decode(body, "routes.route.openshift.io")
    assert not page.malformed
    assert secret not in repr([batch.to_pylist() for batches in page.batches.values() for batch in batches])
    assert tables.RESOURCES["routes.route.openshift.io"].form == "table"  # a server is not asked for it at all
