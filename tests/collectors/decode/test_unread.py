"""Fields that no table reads leave their place, and nothing of what stands there."""

import json

import pyarrow as pa
import pytest

from auditkit import tables
from auditkit.collectors.decode.objects import NotAList, decode

SOURCE = "ciliumnetworkpolicies.cilium.io"


def unread(spec: object, **more: object) -> list[str]:
    item = {"metadata": {"name": "x", "namespace": "shop"}, "spec": spec} | more
    return fields(decode(json.dumps({"items": [item]}).encode(), SOURCE))


def fields(page: object) -> list[str]:
    found = pa.Table.from_batches(page.batches.get("cilium_unread_fields", []),
                                  schema=tables.table("cilium_unread_fields").schema)
    return found["field"].to_pylist()


@pytest.mark.parametrize(("spec", "places"), [
    ({"endpointSelector": {}, "ingress": [{"fromEndpoints": [{"matchLabels": {"a": "b"}}]}]}, []),
    ({"endpointSelector": {}, "description": "x"}, ["spec.description"]),
    ({"ingress": [{}, {"toPorts": [{}, {"ports": [], "rules": {"http": [{"headers": ["Authorization: s3cret"]}]}}]}]},
     ["spec.ingress[1].toPorts[1].rules"]),
    ({"egress": [{"toServices": [{"k8sServiceSelector": {}}]}]}, ["spec.egress[0].toServices[0].k8sServiceSelector"]),
    ({"egress": [{"toFQDNs": [{"matchName": "a"}]}]}, []),  # a column counts them
    ({"later": None}, []),
    ({"a b": 1, "ünï": 2}, ["spec.?", "spec.?"]),
])
def test_fields_are_named_by_their_place(spec, places):
    assert unread(spec) == places


def test_what_stands_in_a_field_is_not_kept():
    page = decode(json.dumps({"items": [{"metadata": {"name": "x"}, "spec": {"later": "s3cret"}}]}).encode(), SOURCE)
    assert not any("s3cret" in str(batch.to_pydict()) for found in page.batches.values() for batch in found)


def test_metadata_and_status_decide_nothing_and_the_object_s_own_list_does_not_count():
    assert unread({}, status={"x": 1}, unreadFields=["spec.ingress"], other=1) == ["other"]


def test_many_fields_are_cut():
    assert unread({f"a{at}": 1 for at in range(1000)})[100:] == ["(further fields)"]
    assert unread({f"a{at}": 1 for at in range(100)})[99:] == ["spec.a99"]


def test_other_resources_are_decoded_as_they_are():
    assert "unread" not in str(decode(b'{"items": [{"metadata": {"name": "x"}, "later": 1}]}', "pods").batches)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"items": 3}'])
def test_what_is_no_list_is_refused_as_ever(body):
    with pytest.raises(NotAList):
        decode(body, SOURCE)
