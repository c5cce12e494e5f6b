"""Plain files that kubectl wrote: what they hold is read, what they lack is absent, and bad ones are named."""

import gzip
import json
from pathlib import Path

import pytest
import yaml
from replay import ACME_PROD

from auditkit.checks import find
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import _moment, open_files
from auditkit.errors import SourceError
from auditkit.evaluation.engine import run
from auditkit.snapshots.snapshot import Snapshot


def pod(name: str, **spec) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"containers": [{"name": "c"}], **spec}}


def listed(*items: object, kind: str = "List") -> dict:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"resourceVersion": ""}, "items": list(items)}


def take(path: Path, *complete: str) -> Snapshot:
    """The snapshot of files; of these resources alice says that they are whole."""
    return collect(open_files(path, frozenset(complete), "alice"))


STATED = ("complete", "stated as complete by alice, without other evidence")


def outcome(snapshot: Snapshot, resource: str) -> tuple[str, str]:
    entry = next(found for found in snapshot.manifest.ledger if found.resource == resource)
    return entry.outcome, entry.reason


WRITERS = {
    "list.json": lambda path, things: path.write_text(json.dumps(listed(*things))),
    "list.yaml": lambda path, things: path.write_text(yaml.safe_dump(listed(*things))),
    "podlist.json": lambda path, things: path.write_text(json.dumps(
        listed(*({k: v for k, v in thing.items() if k not in ("kind", "apiVersion")} for thing in things), kind="PodList"))),
    "list.json.gz": lambda path, things: path.write_bytes(gzip.compress(json.dumps(listed(*things)).encode())),
    "utf16.json": lambda path, things: path.write_bytes(json.dumps(listed(*things)).encode("utf-16")),
    "bom.yaml": lambda path, things: path.write_bytes(yaml.safe_dump(listed(*things)).encode("utf-8-sig")),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("folder", [True, False])
def test_every_form_of_a_list(tmp_path: Path, name: str, folder: bool) -> None:
    WRITERS[name](tmp_path / name, [pod("a"), pod("b")])
    snapshot = take(tmp_path if folder else tmp_path / name, "pods")
    assert snapshot.pods["name"].tolist() == ["a", "b"]
    assert outcome(snapshot, "pods") == STATED


def test_many_documents_of_single_objects_are_partial(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([pod("a"), pod("b")]))
    snapshot = take(tmp_path)
    assert snapshot.pods["name"].tolist() == ["a", "b"]
    assert outcome(snapshot, "pods")[0] == "partial"
    assert "single objects" in outcome(snapshot, "pods")[1]


def test_what_names_no_namespace_is_judged_in_default_and_proves_nothing(tmp_path: Path) -> None:
    bare = [pod("a", volumes=[{"name": "v", "hostPath": {"path": "/"}}]), pod("b")]
    for thing in bare:
        del thing["metadata"]["namespace"]
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "template": {"spec": {"containers": [{"name": "c", "securityContext": {"privileged": True}}]}}}}
    (tmp_path / "all.json").write_text(json.dumps(listed(*bare, web)))
    snapshot = take(tmp_path)
    assert snapshot.pods["namespace"].tolist() == ["default", "default"]
    assert outcome(snapshot, "pods")[0] == "partial"
    assert "Pod a has no namespace (nor 1 more)" in outcome(snapshot, "pods")[1]
    assert verdicts(snapshot, "workloads.no_host_path", "Pod") == {"a": "fail", "b": "unknown"}
    assert verdicts(snapshot, "workloads.no_privileged_containers", "Deployment") == {"web": "fail"}


def verdicts(snapshot: Snapshot, name: str, kind: str) -> dict[str, str]:
    rows = run(find(name), snapshot).rows()
    return {row.name: row.verdict for row in rows[rows["kind"] == kind].itertuples()}


def test_what_files_do_not_hold_is_absent_and_never_none(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(json.dumps(listed(pod("a"))))
    snapshot = take(tmp_path)
    for resource in ("nodes", "secrets", "mutatingadmissionpolicies.admissionregistration.k8s.io"):
        assert outcome(snapshot, resource)[0] == "absent"
        assert snapshot.gap_of(resource)


def test_an_empty_typed_list_says_of_what_it_is_and_not_of_which_namespaces(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(json.dumps(listed(kind="PodList")))
    (tmp_path / "rest.json").write_text(json.dumps(listed(pod("x") | {"kind": "Service", "spec": {}})))
    assert outcome(take(tmp_path), "pods")[0] == "partial"
    assert outcome(take(tmp_path, "pods"), "pods") == STATED


@pytest.mark.parametrize(("version", "moment"), [("7", "7"), (7, "7"), ("0", ""), ("", ""), (None, "")])
def test_no_server_answers_with_the_resource_version_0(version: object, moment: str) -> None:
    assert _moment({"resourceVersion": version}) == moment


def test_items_that_are_no_objects_are_said_beside_nodes(tmp_path: Path) -> None:
    """Pods are compared with nodes, and one of them is nothing."""
    (tmp_path / "pods.json").write_text(json.dumps(listed(pod("a"), kind="PodList") | {"items": [None, 7, pod("a")]}))
    nodes = listed({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}, kind="NodeList")
    (tmp_path / "nodes.json").write_text(json.dumps(nodes))
    assert outcome(take(tmp_path), "pods")[0] in ("partial", "failed")


@pytest.mark.parametrize("more", [{"continue": "abc"}, {"remainingItemCount": 54}])
def test_one_page_of_a_longer_list_is_partial(tmp_path: Path, more: dict) -> None:
    page = listed(pod("a"), kind="PodList")
    page["metadata"] |= more
    (tmp_path / "pods.json").write_text(json.dumps(page))
    assert outcome(take(tmp_path), "pods") == ("partial", "pods.json is one page of a longer list")


@pytest.mark.parametrize(("name", "content"), [
    ("broken.json", b'{"kind": "List", "items": ['), ("broken.yaml", b"a: [b"), ("binary.json", b"\x00\x01\x02"),
    ("items.json", b'{"kind": "PodList", "items": null}'), ("nokind.json", b'{"a": 1}'), ("list.json", b"[1, 2]"),
    ("cut.json.gz", gzip.compress(b"{}" * 100, mtime=0)[:20]), ("deep.json", b"[" * 100_000),
    ("aliases.yaml", b"a: &a [x]\nb: [*a, *a]\nkind: Pod\n"),
])
def test_a_broken_file_is_named_and_casts_doubt_on_the_rest(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.json").write_text(json.dumps(listed(pod("a"))))
    snapshot = take(tmp_path)
    assert snapshot.pods["name"].tolist() == ["a"]
    assert outcome(snapshot, "pods")[0] == "partial" and name in outcome(snapshot, "pods")[1]


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"hello", b'{"kind": "Frob"}', b'{"items": []}'])
def test_files_without_objects_are_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(SourceError, match="contains no Kubernetes objects"):
        take(tmp_path)


def test_a_folder_with_nothing_and_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="contains no Kubernetes objects"):
        take(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        take(tmp_path / "nowhere")


@pytest.mark.parametrize("index", [b"", b"{}", b"[{}]", b"not json"])
def test_a_recording_without_an_index_is_an_error(tmp_path: Path, index: bytes) -> None:
    (tmp_path / "index.json").write_bytes(index)
    with pytest.raises(SourceError, match="index of a recording"):
        take(tmp_path)


def test_a_recording_that_points_outside_its_folder(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(listed(pod("stolen"), kind="PodList")))
    (tmp_path / "recording" / "nodes.json").write_text(json.dumps(listed(kind="NodeList")))
    (recording / "index.json").write_text(json.dumps([
        {"method": "GET", "path": "/api/v1/pods?limit=500", "file": "../outside.json", "status": 200},
        {"method": "GET", "path": "/api/v1/nodes?limit=500", "file": "nodes.json", "status": 200}]))
    snapshot = take(recording)
    assert len(snapshot.pods) == 0 and outcome(snapshot, "pods")[0] == "absent"


@pytest.mark.parametrize("status", [200, 403])
def test_a_recording_that_lost_a_file_names_it(tmp_path: Path, status: int) -> None:
    (tmp_path / "nodes.json").write_text(json.dumps(listed(kind="NodeList")))
    (tmp_path / "index.json").write_text(json.dumps([
        {"method": "GET", "path": "/api/v1/pods?limit=500", "file": "lost.json", "status": status},
        {"method": "GET", "path": "/api/v1/nodes?limit=500", "file": "nodes.json", "status": 200}]))
    found, reason = outcome(take(tmp_path), "pods")
    assert found in ("failed", "refused") and "lost.json" in reason, reason


def test_a_recorded_answer_to_somebody_else_is_not_used() -> None:
    snapshot = take(ACME_PROD)
    assert outcome(snapshot, "pods") == ("complete", "")


def test_values_of_secrets_in_files_are_not_kept(tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n", "annotations": {
        "kubectl.kubernetes.io/last-applied-configuration": "TOPSECRET"}}, "data": {"a": "TOPSECRET"}, "type": "Opaque"}
    (tmp_path / "s.json").write_text(json.dumps(listed(secret)))
    snapshot = take(tmp_path)
    assert snapshot.secrets[["name", "type", "keys_count"]].values.tolist() == [["s", "Opaque", 1]]
    folder = snapshot.write(tmp_path / "store")
    for file in folder.iterdir():
        assert b"TOPSECRET" not in file.read_bytes()
    assert all("TOPSECRET" not in snapshot.frame(name).to_csv() for name in snapshot._tables)


@pytest.mark.parametrize("namespace", [{}, [], [{}], 7, True])
def test_a_namespace_that_is_no_text_costs_its_object(tmp_path: Path, namespace: object) -> None:
    items = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": space}, "spec": {"containers": []}}
             for space in (namespace or {"a": 1}, "shop")]
    (tmp_path / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    snapshot = collect(open_files(tmp_path))
    [pods] = [entry for entry in snapshot.manifest.ledger if entry.resource == "pods"]
    assert pods.outcome == "partial" and "item 0" in pods.reason and snapshot.pods["namespace"].tolist() == ["shop"]


def test_what_kubectl_writes_without_quotes_is_text(tmp_path: Path) -> None:
    """kubectl quotes what looks like a number, but not the equals sign, which is an error in YAML 1.1."""
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, annotations: {sign: =}}\n"
                                       "spec: {containers: [{name: c}]}\n")
    snapshot = take(tmp_path, "pods")
    assert snapshot.pods["name"].tolist() == ["a"] and outcome(snapshot, "pods") == STATED


@pytest.mark.parametrize("key", ["true", "null", "[1]"])
def test_a_key_of_yaml_that_is_no_text_breaks_its_file(tmp_path: Path, key: str) -> None:
    (tmp_path / "pod.yaml").write_text(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, {key}: 1}}\n")
    with pytest.raises(SourceError, match="contains no Kubernetes objects"):
        open_files(tmp_path)
