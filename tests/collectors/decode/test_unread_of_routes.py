"""Fields that nobody reads: an object that has one is named, with the place of the field and nothing of its value."""

import json

import pytest
from worlds import frames

from auditkit.collectors.decode.objects import decode
from auditkit.tables import RESOURCES

ROUTE = "httproutes.gateway.networking.k8s.io"


def route(spec: dict, **more: object) -> dict:
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": spec} | more


@pytest.mark.parametrize(("spec", "fields"), [
    ({}, []),
    ({"parentRefs": [{"name": "main", "namespace": "infra", "sectionName": "web", "port": 443}]}, []),
    ({"rules": [{"matches": [{"path": {"value": "/"}, "novel": 1}], "timeouts": {"request": "1s"}}]}, []),
    ({"rules": [{"filters": [{"type": "ExtensionRef", "extensionRef": {"kind": "X", "novel": 1}}]}]}, []),
    ({"useDefaultGateways": "All"}, ["spec.useDefaultGateways"]),
    ({"useDefaultGateways": None}, []),
    ({"novel": []}, ["spec.novel"]),
    ({"novel": False}, ["spec.novel"]),
    ({"parentRefs": [{"name": "main"}, {"name": "other", "novel": {"deep": 1}}]}, ["spec.parentRefs[1].novel"]),
    ({"rules": [{"novel": 1}, {"novel": 2}, {"backendRefs": [{"name": "x", "subset": "y"}]}]},
     ["spec.rules[0].novel", "spec.rules[1].novel", "spec.rules[2].backendRefs[0].subset"]),
])
def test_a_field_that_is_neither_read_nor_known_to_change_nothing_is_named(spec, fields):
    found = frames([route(spec)])["unread_route_fields"]
    assert found["field"].tolist() == fields
    assert set(found["kind"]) == ({"HTTPRoute"} if fields else set())
    assert set(found["namespace"] + "/" + found["name"]) == ({"shop/web"} if fields else set())


def test_status_and_metadata_may_hold_anything():
    thing = route({}, status={"novel": 1})
    thing["metadata"]["novel"] = 1
    assert frames([thing])["unread_route_fields"].empty


def test_a_field_beside_the_spec_is_named():
    assert frames([route({}, novel={"a": 1})])["unread_route_fields"]["field"].tolist() == ["novel"]


def test_nothing_of_the_value_is_kept():
    body = json.dumps({"items": [route({"novel": {"password": "hunter2", "list": ["hunter2"]}})]}).encode()
    assert "hunter2" not in repr([batch.to_pylist() for batch in decode(body, ROUTE).batches["unread_route_fields"]])


def test_many_fields_are_cut_and_what_is_no_name_is_not_kept():
    found = frames([route({f"novel{at}": 1 for at in range(500)})])["unread_route_fields"]
    assert len(found) == 101
    assert frames([route({"x" * 5000: 1})])["unread_route_fields"]["field"].tolist() == ["spec.?"]


@pytest.mark.parametrize("resource", [one for one in RESOURCES.values() if one.harmless], ids=lambda one: one.kind)
def test_what_is_known_to_change_nothing_is_known_with_all_that_is_in_it(resource):
    for place in resource.harmless:
        spec: dict = {"novel": {"deep": [1]}}
        for name in reversed(place.split(".")):
            spec = {name.removesuffix("[]"): [spec] if name.endswith("[]") else spec}
        thing = {"apiVersion": f"{resource.group}/{resource.versions[0]}", "kind": resource.kind,
                 "metadata": {"name": "x", "namespace": "y"}, **spec}
        page = decode(json.dumps({"items": [thing]}).encode(), resource.name)
        assert not [name for name in page.batches if name.startswith("unread_")], place


@pytest.mark.parametrize(("version", "malformed"), [("v1", 0), ("v1beta1", 0), ("v2", 1)])
def test_an_object_of_a_version_that_is_not_read_is_named_and_left_out(version, malformed):
    thing = route({}) | {"apiVersion": f"gateway.networking.k8s.io/{version}"}
    page = decode(json.dumps({"items": [thing]}).encode(), ROUTE)
    assert len(page.malformed) == malformed
    assert sum(batch.num_rows for batch in page.batches.get("gateway_routes", [])) == 1 - malformed
