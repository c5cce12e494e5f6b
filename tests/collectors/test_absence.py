"""Kinds that files show not to be there."""

import json

import pytest

import auditkit
from auditkit import tables

CILIUM = "ciliumnetworkpolicies.cilium.io"
DEVICES = "deviceclasses.resource.k8s.io"


def collected(tmp_path, definitions: list[str], groups: dict[str, bool], **left_out: bool) -> auditkit.Snapshot:
    """A snapshot of lists that a server wrote of every built-in kind, with these definitions and APIServices."""
    given = {"CustomResourceDefinition": [
        {"metadata": {"name": name}, "spec": {"group": name.partition(".")[2], "scope": "Namespaced",
                                              "names": {"kind": "X", "plural": name.partition(".")[0]}}}
        for name in definitions], "APIService": [
        {"metadata": {"name": f"v1.{group}"}, "spec": {"group": group, "version": "v1"} | (
            {"service": {"name": "api", "namespace": "x"}} if served else {})} for group, served in groups.items()]}
    for resource in tables.RESOURCES.values():
        if resource.builtin and not left_out.get(resource.kind):
            api = f"{resource.group}/{resource.versions[0]}" if resource.group else resource.versions[0]
            (tmp_path / f"{resource.name}.json").write_text(json.dumps({
                "kind": f"{resource.kind}List", "apiVersion": api, "metadata": {"resourceVersion": "7"},
                "items": given.get(resource.kind, [])}))
    return auditkit.collect(recording=tmp_path)


@pytest.mark.parametrize(("definitions", "groups", "source", "gap"), [
    ([], {"apps": False}, CILIUM, False),
    (["ciliumnodes.cilium.io"], {"cilium.io": False}, CILIUM, False),
    ([CILIUM], {"cilium.io": False}, CILIUM, True),
    ([], {"cilium.io": True}, CILIUM, True),  # another server answers for the group
    ([], {"apps": False}, DEVICES, False),
    ([], {"resource.k8s.io": False}, DEVICES, True),  # a group of the API server itself, without definitions
])
def test_a_kind_without_definition_and_api_service_is_not_there(tmp_path, definitions, groups, source, gap):
    snap = collected(tmp_path, definitions, groups)
    assert snap.ledger.set_index("resource").loc[source, "outcome"] == "absent"
    assert _proven(snap, source) is not gap


@pytest.mark.parametrize("kind", ["CustomResourceDefinition", "APIService"])
def test_without_both_lists_nothing_is_shown(tmp_path, kind):
    assert not _proven(collected(tmp_path, [], {"apps": False}, **{kind: True}), CILIUM)


def _proven(snap: auditkit.Snapshot, source: str) -> bool:
    return next(entry.proven for entry in snap.manifest.ledger if entry.resource == source)
