"""Lists to tables: what the declarations say is what is read, and nothing else is."""

import json

import hypothesis.strategies as st
import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from worlds import frames

from auditkit import tables
from auditkit.collectors.decode.objects import NotAList, decode
from auditkit.collectors.decode.structs import struct_for


def pod(name: str = "web", **spec) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [{"name": "c"}], **spec}}


def body(*items: object, **metadata: object) -> bytes:
    return json.dumps({"kind": "PodList", "metadata": metadata, "items": list(items)}).encode()


def test_absent_is_what_the_api_takes_and_unset_stays_unknown() -> None:
    container = frames([pod()])["containers"].iloc[0]
    assert container["privileged"] is False
    assert container["proc_mount"] == "Default"
    assert container.isna()["run_as_non_root"] and container.isna()["allow_privilege_escalation"]


def test_every_kind_of_container_is_a_row() -> None:
    found = frames([pod(initContainers=[{"name": "i"}], ephemeralContainers=[{"name": "e"}])])["containers"]
    assert dict(zip(found["name"], found["type"], strict=True)) == {"c": "regular", "i": "init", "e": "ephemeral"}


def test_rows_of_rows_know_their_parents() -> None:
    world = frames([
        pod("a", containers=[{"name": "x", "ports": [{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}]},
                             {"name": "y"}, {"name": "z", "ports": [{"containerPort": 3}]}]),
        pod("b", containers=[{"name": "x", "ports": None}, {"name": "y", "ports": [{"containerPort": 4, "hostPort": 5}]}]),
    ])
    ports = world["container_ports"]
    assert ports[["pod", "container", "port", "host_port", "protocol"]].values.tolist() == [
        ["a", "x", 1, 0, "TCP"], ["a", "x", 2, 0, "UDP"], ["a", "z", 3, 0, "TCP"], ["b", "y", 4, 5, "TCP"]]


def test_rules_are_one_row_for_each_combination() -> None:
    role = {"kind": "Role", "metadata": {"name": "r", "namespace": "n"}, "rules": [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "secrets"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"]},
        {"verbs": ["get"], "apiGroups": [], "resources": ["nothing"]},
    ]}
    rules = frames([role])["role_rules"]
    rows = [tuple(row) for row in rules[["rule", "verb", "resource"]].itertuples(index=False)]
    assert rows == [(0, "get", "pods"), (0, "get", "secrets"), (0, "list", "pods"), (0, "list", "secrets"),
                    (1, "get", "secrets"), (1, "get", "secrets")]
    assert rules["resource_name"].tolist()[4:] == ["a", "b"]
    assert rules["resource_name"].isna().tolist()[:4] == [True] * 4


def test_selectors_keep_their_rule_and_peer() -> None:
    policy = {"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "n"}, "spec": {
        "podSelector": {"matchLabels": {"app": "db"}},
        "ingress": [{}, {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                                  {"podSelector": {"matchExpressions": [
                                      {"key": "tier", "operator": "In", "values": ["a", "b"]},
                                      {"key": "old", "operator": "DoesNotExist"}]}}]}]}}
    world = frames([policy])
    selectors = world["network_policy_selectors"]
    rows = selectors[["of", "rule", "peer", "key", "operator", "value"]].astype(object)
    assert rows.where(rows.notna(), None).values.tolist() == [
        ["subject", None, None, "app", "In", "db"],
        ["podSelector", 1, 1, "tier", "In", "a"], ["podSelector", 1, 1, "tier", "In", "b"],
        ["podSelector", 1, 1, "old", "DoesNotExist", None]]
    assert world["network_policy_excepts"][["rule", "peer", "cidr"]].values.tolist() == [[1, 0, "10.1.0.0/16"]]
    assert world["network_policy_rules"]["peers_count"].tolist() == [0, 2]


def test_explicit_nulls_are_as_if_absent() -> None:
    world = frames([pod(securityContext=None, volumes=None, nodeName=None),
                    pod("b", containers=[{"name": "c", "securityContext": None, "env": None, "livenessProbe": None}])])
    assert world["pods"]["host_network"].tolist() == [False, False]
    assert world["containers"]["has_liveness_probe"].tolist() == [False, False]
    assert not len(world["volumes"])


@pytest.mark.parametrize("broken", [
    {"metadata": {}, "spec": {"containers": [{"name": "c"}]}},
    {"spec": {"containers": []}},
    {"metadata": {"name": "x"}, "spec": {"containers": None}},
    {"metadata": {"name": "x"}, "spec": {"containers": "none"}},
    {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "securityContext": {"privileged": "yes"}}]}},
    {"metadata": {"name": "x", "creationTimestamp": "yesterday"}, "spec": {"containers": []}},
    {"metadata": {"name": "x", "creationTimestamp": "2026-02-30T00:00:00Z"}, "spec": {"containers": []}},
    {"metadata": {"name": "x", "creationTimestamp": "2026-02-01"}, "spec": {"containers": []}},
    {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "securityContext": {"runAsUser": 2**63}}]}},
    "a string", None, 7,
])
def test_a_malformed_object_is_named_and_the_others_are_kept(broken: object) -> None:
    page = decode(body(pod("good"), broken, pod("fine")), "pods")
    assert page.items == 3 and len(page.malformed) == 1 and page.malformed[0].startswith("item 1")
    assert pa.Table.from_batches(page.batches["pods"]).column("name").to_pylist() == ["good", "fine"]


def test_a_malformed_object_is_named_by_its_name() -> None:
    page = decode(body({"metadata": {"name": "bad", "namespace": "ns"}, "spec": {"containers": 3}}), "pods")
    assert page.malformed[0].startswith("item 0 (ns/bad): ")


@pytest.mark.parametrize("content", [
    b"", b"null", b"[]", b"{}", b'{"items": null}', b'{"kind": "PodList"}', b'{"items": {}}', b"\xff\xfe{",
    b"<html>", b'{"kind":"Status","status":"Failure"}', b'{"items": [', body(pod())[:-5],
    body({"metadata": {"name": "x", "creationTimestamp": "0001-01-01T00:00:00+05:00"}, "spec": {"containers": []}}),
])
def test_what_is_no_list_is_never_an_empty_one(content: bytes) -> None:
    with pytest.raises(NotAList):
        decode(content, "pods")


def fields(struct: type, above: str = "") -> set[str]:
    """The places that a struct decodes, several levels down."""
    found: set[str] = set()
    for field in msgspec.structs.fields(struct):
        kinds = [field.type, *getattr(field.type, "__args__", ())]
        kinds += [inner for kind in kinds for inner in getattr(kind, "__args__", ())]
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
        found |= {f"{above}{field.name}"} if not inner else set()
        for kind in inner:
            found |= fields(kind, f"{above}{field.name}.")
    return found


@pytest.mark.parametrize(("source", "form", "never"), [
    ("secrets", "table", {"object.data", "object.stringData", "object.metadata.annotations"}),
    ("secrets", "object", {"stringData", "metadata.annotations"}),
    ("configmaps", "object", {"binaryData", "metadata.annotations"}),
    ("pods", "object", {"spec.containers.args", "spec.containers.command", "spec.containers.env.value",
                        "spec.initContainers.args", "metadata.managedFields"}),
])
def test_no_struct_names_what_may_hold_a_secret(source: str, form: str, never: set[str]) -> None:
    places = fields(struct_for(source, form))
    assert places
    # Of these only is kept how many there are, or that there are some.
    counted = {"data", "spec.containers.args", "spec.initContainers.args", "spec.containers.command"}
    assert not (never - counted) & places


def test_counted_places_keep_no_text() -> None:
    secret = "hunter2-in-an-argument"
    world = frames([pod(containers=[{"name": "c", "args": [secret], "command": [secret],
                                     "env": [{"name": "PASSWORD", "value": secret}]}])])
    for frame in world.values():
        assert secret not in frame.to_csv()
    assert world["containers"]["args_count"].tolist() == [1]
    assert world["container_env"]["name"].tolist() == ["PASSWORD"]


def test_every_column_can_be_filled() -> None:
    """A column whose path no struct decodes would stay empty for ever."""
    for table in tables.TABLES.values():
        for rows in table.rows:
            assert struct_for(rows.source, "table" if rows.label == "table" else "object")
        assert len({column.name for column in table.columns}) == len(table.columns), table.name
        assert set(table.key) <= {column.name for column in table.columns}, table.name


names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@given(st.lists(st.tuples(names, names, st.one_of(st.none(), st.booleans())), max_size=20))
def test_any_text_comes_through_unchanged(given_pods: list[tuple]) -> None:
    world = frames([{"kind": "Pod", "metadata": {"name": name, "namespace": space},
                     "spec": {"containers": [{"name": "c", "securityContext": {"privileged": flag}}]}}
                    for name, space, flag in given_pods])
    assert world["pods"]["name"].tolist() == [name for name, _, _ in given_pods]
    assert world["containers"]["privileged"].tolist() == [bool(flag) for _, _, flag in given_pods]
