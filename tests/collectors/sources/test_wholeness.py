"""Files prove only what they show: a list is whole with proof, or by the user's word; and what cannot be is doubted."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml
from file_worlds import kubectl, write_selected
from replay import ACME_PROD

from auditkit import tables
from auditkit.api import evaluating, snapshots
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.wholeness import next_step, resources
from auditkit.errors import NoSuchName, SourceError, UsageError
from auditkit.snapshots.snapshot import Snapshot

SYSTEM = ("default", "kube-node-lease", "kube-public", "kube-system")


def thing(kind: str, name: str, namespace: str | None = "shop", **more) -> dict:
    resource = next(r for r in tables.RESOURCES.values() if r.kind == kind)
    version = f"{resource.group}/{resource.versions[0]}" if resource.group else "v1"
    metadata = {"name": name, "uid": f"{kind}/{namespace}/{name}"} | ({"namespace": namespace} if resource.namespaced else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata | more.pop("metadata", {}), **more}


def pod(name: str, namespace: str = "shop", **labels: str) -> dict:
    return thing("Pod", name, namespace, metadata={"labels": labels} if labels else {},
                 spec={"containers": [{"name": "c"}]})


def spaces(*names: str) -> list[dict]:
    return [thing("Namespace", name) for name in names]


def answer(kind: str, *items: dict, version: str = "7", group: str | None = None, **metadata) -> dict:
    """What a server answers and ``kubectl get --raw`` prints: of the first group with this kind, or of that one."""
    resource = next(r for r in tables.RESOURCES.values() if r.kind == kind and group in (None, r.group))
    group = f"{resource.group}/{resource.versions[0]}" if resource.group else "v1"
    bare = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in items]
    return {"apiVersion": group, "kind": f"{kind}List", "metadata": {"resourceVersion": version, **metadata}, "items": bare}


def every(*items: dict, **lists: dict) -> list[dict]:
    """The answers of a server that was asked for each kind that auditkit reads."""
    return [lists.get(r.kind) or answer(r.kind, *(item for item in items if item["kind"] == r.kind), group=r.group)
            for r in tables.RESOURCES.values()]


def put(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        documents = content if isinstance(content, list) else [content]
        path.with_suffix(".yaml").write_text("".join(f"---\n{json.dumps(each)}\n" for each in documents))
    return folder


def outcome(snapshot: Snapshot, resource: str) -> tuple[str, str]:
    entry = next(found for found in snapshot.manifest.ledger if found.resource == resource)
    return entry.outcome, entry.reason


def take(path: Path, *complete: str) -> Snapshot:
    return snapshots.collect(recording=path, complete=complete, stated_by="alice")


# --- a list does not say with which request it was made -------------------------------------------------------------


@pytest.mark.parametrize("pods", [
    kubectl(pod("a"), pod("b")), kubectl(pod("a", app="web"), pod("b", "kube-system", app="web")), kubectl(pod("a")),
    answer("Pod", pod("a")), answer("Pod", pod("a"), pod("b", "kube-system")), answer("Pod", pod("a"), version=""),
], ids=["-n shop", "-l app=web", "one", "raw of one namespace", "raw", "no resourceVersion"])
def test_a_list_alone_is_partial(tmp_path: Path, pods: dict) -> None:
    snapshot = take(put(tmp_path, pods=pods, namespaces=kubectl(*spaces("shop", *SYSTEM))))
    assert outcome(snapshot, "pods")[0] == "partial"
    assert "pods.yaml is a list that does not show its namespaces and selectors" in outcome(snapshot, "pods")[1]
    assert outcome(snapshot, "namespaces")[0] == "partial"


def test_the_dump_of_two_namespaces_is_partial(tmp_path: Path) -> None:
    """``kubectl cluster-info dump --namespaces=shop,kube-system --output-directory=…``."""
    put(tmp_path, nodes=answer("Node", thing("Node", "n")), shop__pods=answer("Pod", pod("a")),
        **{"kube-system__pods": answer("Pod", pod("b", "kube-system"), version="9")})
    snapshot = take(tmp_path)
    assert len(snapshot.pods) == 2
    assert outcome(snapshot, "pods") == ("partial", "there are 2 lists of pods (kube-system/pods.yaml, shop/pods.yaml), "
                                         "which may not cover all namespaces")
    assert outcome(snapshot, "nodes")[0] == "partial"


def test_files_of_one_namespace_let_nothing_pass(tmp_path: Path) -> None:
    """All that ``kubectl get … -n emr -o json`` prints of the recorded cluster, and the lists that need no namespace."""
    write_selected(tmp_path, lambda item: item["metadata"].get("namespace", "emr") == "emr")
    snapshot = take(tmp_path)
    assert [entry.resource for entry in snapshot.manifest.ledger if entry.outcome == "complete"] == ["collection"]
    for framework in ("soc2", "hipaa", "cis-kubernetes"):
        judged = evaluating.evaluate(snapshot, framework)
        assert judged.statuses["pass"] == judged.statuses["not_applicable"] == 0, framework
        assert not judged.requirements["passed"].any()


# --- what proves it ------------------------------------------------------------------------------------------------


def test_one_list_with_objects_in_every_namespace_is_whole_for_all_its_kinds(tmp_path: Path) -> None:
    every_space = ("shop", *SYSTEM)
    accounts = [thing("ServiceAccount", "default", name) for name in every_space]
    snapshot = take(put(tmp_path, all=kubectl(*spaces(*every_space), *accounts, pod("a", app="web"))))
    assert [outcome(snapshot, name) for name in ("namespaces", "serviceaccounts", "pods")] == [("complete", "")] * 3
    assert outcome(snapshot, "services")[0] == "absent"


def accounts(*namespaces: str) -> list[dict]:
    return [thing("ServiceAccount", "default", name) for name in namespaces]


def test_what_another_command_wrote_is_not_shown_to_be_whole(tmp_path: Path) -> None:
    snapshot = take(put(tmp_path, all=kubectl(*spaces(*SYSTEM), *accounts(*SYSTEM)), pods=kubectl(pod("a", "default"))))
    assert [outcome(snapshot, name)[0] for name in ("namespaces", "serviceaccounts", "pods")] == [
        "complete", "complete", "partial"]


ALWAYS = ("default", "kube-public", "kube-system")
"""Namespaces that every API server makes."""


@pytest.mark.parametrize(("listed", "found"), [
    (kubectl(*accounts(*ALWAYS)), "complete"),
    (kubectl(*accounts(*ALWAYS[1:]), thing("ServiceAccount", "default", "default", metadata={"uid": None})), "partial"),
    (answer("ServiceAccount", *accounts(*ALWAYS)), "partial"),
], ids=["kubectl", "a manifest among them", "raw"])
def test_a_list_that_kubectl_wrote_of_every_namespace_is_whole(tmp_path: Path, listed: dict, found: str) -> None:
    put(tmp_path, namespaces=kubectl(*spaces(*ALWAYS)), accounts=listed)
    assert outcome(take(tmp_path), "serviceaccounts")[0] == found


@pytest.mark.parametrize("lacking", ALWAYS)
def test_a_list_without_one_of_the_namespaces_that_are_always_there_is_of_chosen_ones(tmp_path, lacking: str) -> None:
    some = {"shop", *SYSTEM} - {lacking}
    assert outcome(take(put(tmp_path, all=kubectl(*spaces(*some), *accounts(*some)))), "serviceaccounts")[0] == "partial"


@pytest.mark.parametrize("lacking", ALWAYS)
def test_answers_without_objects_in_a_namespace_that_always_has_some_are_partial(tmp_path, lacking: str) -> None:
    some = set(ALWAYS)
    whole = take(put(tmp_path / "whole", lists=every(*spaces(*some), *accounts(*some))))
    assert outcome(whole, "pods") == ("complete", "")
    cut = take(put(tmp_path / "cut", lists=every(*spaces(*some), *accounts(*some - {lacking}))))
    assert outcome(cut, "pods") == ("partial", f"the lists have no object in the namespace {lacking}, which always has "
                                    "objects: they are incomplete")


@pytest.mark.parametrize(("items", "why"), [
    ([{**pod("a", name), "spec": {"containers": [{"name": "c"}], "nodeName": "n1"}} for name in SYSTEM],
     "all objects have spec.nodeName=n1"),
    ([thing("Secret", "s", name, type="Opaque") for name in SYSTEM], "all objects have type=Opaque"),
], ids=["nodeName", "type"])
def test_what_all_objects_have_in_a_field_may_have_been_the_selector(tmp_path: Path, items: list, why: str) -> None:
    put(tmp_path, namespaces=kubectl(*spaces(*SYSTEM)), things=kubectl(*items))
    found, reason = outcome(take(tmp_path), "pods" if items[0]["kind"] == "Pod" else "secrets")
    assert found == "partial" and reason.endswith(f"{why}, which may have been the selector")


@pytest.mark.parametrize(("named", "items", "why"), [
    (SYSTEM, [thing("ServiceAccount", "default", name) for name in SYSTEM[:3]], ""),
    (("default", "shop"), [thing("ServiceAccount", "default", name) for name in ("default", "shop")], ""),
    (("kube-system",), [thing("ServiceAccount", "default", "kube-system")], ""),
    (("kube-system", "shop"), [thing("ServiceAccount", "default", name) for name in ("kube-system", "shop")], ""),
    (SYSTEM, [thing("ServiceAccount", "default", name, metadata={"uid": None}) for name in SYSTEM], ""),
    (SYSTEM, [pod("a", name, app="web", tier=name) for name in SYSTEM], "all objects have the label app"),
    (SYSTEM, [pod("a", name, app=name) for name in SYSTEM], "all objects have the label app,"),
    (SYSTEM, [pod("a", name) | {"status": {"phase": "Running"}} for name in SYSTEM], "all objects have status.phase=Running"),
], ids=["one namespace lacks", "no kube-system: chosen namespaces", "one namespace", "-n shop and -n kube-system", "manifests in Git", "-l app=web", "-l app", "--field-selector"])
def test_a_list_that_may_be_of_some_namespaces_or_of_a_selector_is_partial(tmp_path, named, items, why) -> None:
    snapshot = take(put(tmp_path, namespaces=kubectl(*spaces(*named)), things=kubectl(*items)))
    found, reason = outcome(snapshot, "pods" if items[0]["kind"] == "Pod" else "serviceaccounts")
    assert found == "partial" and why in reason


def test_the_answers_of_a_server_for_every_kind_are_whole(tmp_path: Path) -> None:
    snapshot = take(put(tmp_path, lists=every(*spaces("shop"), *accounts(*ALWAYS), pod("a")), more=kubectl(pod("a"))))
    assert {outcome(snapshot, name) for name in tables.RESOURCES} == {("complete", "")}


def test_answers_for_every_kind_that_is_built_in_are_enough(tmp_path: Path) -> None:
    built_in = {r.kind for r in tables.RESOURCES.values() if r.builtin}
    lists = [each for each in every(*accounts(*ALWAYS), pod("a")) if each["kind"].removesuffix("List") in built_in]
    assert outcome(take(put(tmp_path, lists=lists)), "pods") == ("complete", "")


def test_a_copy_of_an_answer_adds_nothing(tmp_path: Path) -> None:
    lists = every(*accounts(*ALWAYS), pod("a"), pod("b"))
    snapshot = take(put(tmp_path, lists=lists, copy=answer("Pod", pod("b"), pod("a"))))
    assert outcome(snapshot, "pods") == ("complete", "")


@pytest.mark.parametrize(("lists", "why"), [
    (every(pod("a"))[:5] + every(pod("a"))[6:], "does not show its namespaces"),
    (every(pod("a"), Service=kubectl(thing("Service", "s"))), "does not show its namespaces"),
    (every(pod("a"), Service=answer("Service", version="")), "does not show its namespaces"),
    ([*every(pod("a")), answer("Pod", pod("b", "bank"), version="8")], "there are 2 lists of pods"),
    ([*every(pod("a")), answer("Pod", pod("b", "bank"))], "there are 2 lists of pods"),
    (every(Pod=answer("Pod", pod("a"), selfLink="/api/v1/namespaces/shop/pods")), "/api/v1/namespaces/shop/pods"),
    (every(Pod=answer("Pod", pod("a"), selfLink="/api/v1/pods?labelSelector=app%3Dweb")), "covers what a selector picks"),
    (every(*spaces("shop", *SYSTEM), pod("a")), "the lists have no object in the namespace default"),
    (every(), "the lists have no object at all"),
    (every(*accounts(*ALWAYS), Service={**answer("Service"), "kind": "List"}), "does not show its namespaces"),
    (every(pod("a", app="web"), pod("b", app="web")), "all objects have the label app"),
    (every(pod("a", app="web"), thing("Service", "s", metadata={"labels": {"app": "x"}})), "all objects have the label app"),
], ids=["a kind lacks", "kubectl's list among them", "no resourceVersion", "two lists", "two lists of one time", "selfLink", "selfLink -l", "-n shop", "nothing",
        "a List", "-l of one kind", "-l"])
def test_answers_that_are_not_those_of_the_whole_cluster_are_partial(tmp_path: Path, lists: list, why: str) -> None:
    found, reason = outcome(take(put(tmp_path, lists=lists)), "pods")
    assert found == "partial" and why in reason


# --- the user's word ------------------------------------------------------------------------------------------------


def test_what_is_stated_is_complete_and_shown_as_stated(tmp_path: Path) -> None:
    snapshot = take(put(tmp_path, pods=kubectl(pod("a"))), "pods", "rc,deploy", "ReplicaSet")
    word = "stated as complete by alice, without other evidence"
    assert [outcome(snapshot, name) for name in ("pods", "replicationcontrollers", "deployments.apps")] == [("complete", word)] * 3
    assert outcome(snapshot, "controlplane")[1] == word
    assert snapshot.manifest.stated_by == "alice"
    assert set(snapshot.manifest.stated) == {"pods", "replicationcontrollers", "deployments.apps", "replicasets.apps",
                                             "controlplane"}
    assert outcome(snapshot, "jobs.batch")[0] == "absent"


def test_what_is_made_from_stated_lists_is_stated_too(tmp_path: Path) -> None:
    snapshot = take(put(tmp_path, lists=kubectl(pod("a"), thing("APIService", "v1.", spec={"version": "v1"}))), "all")
    assert "stated as complete by alice" in outcome(snapshot, "engines")[1] and "engines" in snapshot.manifest.stated


def test_verdicts_and_requirements_say_whose_word_they_rest_on(tmp_path: Path) -> None:
    snapshot = take(put(tmp_path, pods=kubectl(pod("a"))), "all")
    judged = evaluating.evaluate(snapshot, "cis-kubernetes")
    row = judged.requirements.set_index("id").loc["5.2.2"]
    assert row["status"] == "pass" and "alice states that all" in row["reason"]
    passed = judged.verdicts("pass")
    assert passed.loc[passed["requirement"] == "5.2.2", "reason"].str.contains("alice states that all pods").all()


def test_what_no_cluster_is_without_is_not_none_on_anybodys_word(tmp_path: Path) -> None:
    snapshot = take(put(tmp_path, pods=kubectl(pod("a"))), "all")
    assert outcome(snapshot, "replicationcontrollers")[0] == "complete"
    assert {name for name in tables.RESOURCES if outcome(snapshot, name)[0] == "absent"} == {
        "namespaces", "nodes", "serviceaccounts", "configmaps", "services", "apiservices.apiregistration.k8s.io",
        *(f"{plural}.rbac.authorization.k8s.io"
          for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings"))}
    put(tmp_path, nodes=kubectl())
    assert outcome(take(tmp_path, "all"), "nodes") == (
        "partial", "--complete states that there are no nodes, but every cluster has some")


def test_a_word_does_not_mend_what_is_broken(tmp_path: Path) -> None:
    page = answer("Pod", pod("a")) | {"metadata": {"resourceVersion": "1", "continue": "abc"}}
    assert outcome(take(put(tmp_path, pods=page), "all"), "pods") == ("partial", "pods.yaml is one page of a longer list")


def test_words_that_name_no_kind_and_words_about_what_shows_itself(tmp_path: Path) -> None:
    put(tmp_path, pods=kubectl(pod("a")))
    with pytest.raises(NoSuchName, match="kind 'pdos'"):
        take(tmp_path, "pdos")
    with pytest.raises(UsageError, match="is a recording"):
        take(ACME_PROD, "all")
    with pytest.raises(UsageError, match="are for files"):
        snapshots.collect("some-context", complete=["pods"])
    assert resources(["po", "Deployment, jobs.batch"]) == {"pods", "deployments.apps", "jobs.batch"}


@pytest.mark.parametrize("name", ["pods", "Pods", "po", "pod", "pods,rc"])
def test_an_empty_list_is_of_the_kind_that_its_file_states(tmp_path: Path, name: str) -> None:
    put(tmp_path, **{name: kubectl(), "rest": kubectl(thing("Service", "s"))})
    assert outcome(take(tmp_path), "pods") == (
        "partial", f"{name}.yaml is an empty list that does not show its namespaces and selectors")
    assert outcome(take(tmp_path, "pods"), "pods")[0] == "complete"


def test_an_empty_list_of_nobody_knows_what_says_nothing(tmp_path: Path) -> None:
    put(tmp_path, **{"things": kubectl(), "pods,things": kubectl(), "rest": kubectl(thing("Service", "s"))})
    assert outcome(take(tmp_path), "pods")[0] == "absent"


def test_what_to_hand_in_next_is_one_line_that_writes_no_secret() -> None:
    line = next_step(["pods", "jobs.batch", "secrets"])
    assert "K=namespaces,serviceaccounts,pods,jobs; kubectl get $K -A -o json > more.json, and --complete $K" in line
    assert "\n" not in line and "secrets" not in line
    assert "kubectl get" not in next_step(["secrets"]) and next_step([]) == ""


# --- twice, and of two clusters -------------------------------------------------------------------------------------


def test_an_object_that_is_there_twice_counts_once_in_its_newest_state(tmp_path: Path) -> None:
    old, new = (thing("Pod", "a", metadata={"uid": "u", "resourceVersion": version, "labels": {"v": version}},
                      spec={"containers": [{"name": "c"}]}) for version in ("9", "10"))
    snapshot = take(put(tmp_path, a=kubectl(new), b=kubectl(old), c=new, d=answer("Pod", new)), "all")
    assert len(snapshot.pods) == 1 and snapshot.pod_labels["value"].tolist() == ["10"]
    assert outcome(snapshot, "pods")[0] == "complete"


def test_two_states_of_which_nobody_knows_the_newer_are_both_judged(tmp_path: Path) -> None:
    one, other = (thing("Pod", "a", spec={"containers": [{"name": "c", "image": image}]}) for image in ("x", "y"))
    snapshot = take(put(tmp_path, a=kubectl(one), b=kubectl(other)), "all")
    assert outcome(snapshot, "pods") == ("partial", "an object is listed twice")


@pytest.mark.parametrize("lasting", [
    lambda uid: thing("Namespace", "kube-system", metadata={"uid": uid}),
    lambda uid: thing("Service", "kubernetes", "default", metadata={"uid": uid}),
    lambda uid: thing("ClusterRole", "cluster-admin", metadata={"uid": uid}),
], ids=["kube-system", "the Service of the API", "cluster-admin"])
def test_files_of_two_clusters_are_refused(tmp_path: Path, lasting) -> None:
    put(tmp_path, a__ns=kubectl(lasting("one")), b__ns=kubectl(lasting("two")))
    with pytest.raises(SourceError, match="files are from two clusters: .* has the UID one in a/ns.yaml and two in b/ns.yaml"):
        take(tmp_path)


def test_pods_on_other_nodes_and_in_other_namespaces_are_doubted(tmp_path: Path) -> None:
    far = pod("a", "bank")
    far["spec"]["nodeName"] = "n9"
    snapshot = take(put(tmp_path, lists=kubectl(*spaces("kube-system"), thing("Node", "n1"), far)), "all")
    assert outcome(snapshot, "namespaces") == (
        "partial", "pods are in the namespace bank, which is not in the list of namespaces")
    assert outcome(snapshot, "nodes") == (
        "partial", "pods run only on nodes that are not in the list (n9): are the files from two clusters?")
    assert outcome(snapshot, "pods")[0] == "partial"


def test_a_folder_of_recordings_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.json").write_text("[]")
    with pytest.raises(SourceError, match=r"contains 2 recordings \(one, two\): give one of them"):
        take(tmp_path)


# --- dumps and archives ---------------------------------------------------------------------------------------------


def archive(path: Path, files: dict[str, object]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_a_velero_backup_counts_each_object_once_and_is_partial(tmp_path: Path) -> None:
    """Since its format 1.1.0 Velero writes each object twice, the second time in the preferred version."""
    one = thing("Deployment", "web", metadata={"uid": "u", "resourceVersion": "5"}, spec={"template": {"spec": {"containers": [{"name": "c"}]}}})
    path = archive(tmp_path / "nightly.tar.gz", {
        "metadata/version": b"1.1.0",
        "resources/deployments.apps/namespaces/shop/web.json": one,
        "resources/deployments.apps/v1-preferredversion/namespaces/shop/web.json": one,
        "resources/namespaces/cluster/shop.json": spaces("shop")[0]})
    snapshot = take(path)
    assert snapshot.manifest.source == "Velero backup nightly"
    assert snapshot.workloads["name"].tolist() == ["web"]
    assert outcome(snapshot, "deployments.apps")[0] == outcome(snapshot, "namespaces")[0] == "partial"


def test_a_must_gather_counts_each_object_once_and_is_partial(tmp_path: Path) -> None:
    path = archive(tmp_path / "must-gather.tar.gz", {
        "q/sha256-1/version": b"x", "q/sha256-1/event-filter.html": b"<html>",
        "q/sha256-1/namespaces/shop/core/pods.yaml": answer("Pod", pod("a")),
        "q/sha256-1/namespaces/bank/core/pods.yaml": answer("Pod", pod("b", "bank")),
        "q/sha256-1/namespaces/shop/pods/a/a.yaml": pod("a"),
        "q/sha256-1/cluster-scoped-resources/core/nodes/n1.yaml": thing("Node", "n1")})
    snapshot = take(path)
    assert snapshot.manifest.source == "must-gather must-gather"
    assert sorted(snapshot.pods["name"]) == ["a", "b"]
    assert outcome(snapshot, "pods")[0] == outcome(snapshot, "nodes")[0] == "partial"


def test_a_recording_in_an_archive_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "acme.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(ACME_PROD, "acme")
    one, other = take(path), collect(open_files(ACME_PROD))
    assert [(e.resource, e.outcome, e.items) for e in one.manifest.ledger] == [
        (e.resource, e.outcome, e.items) for e in other.manifest.ledger]


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no archive", mtime=0), b"\x1f\x8b cut"])
def test_a_broken_archive_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(SourceError, match=r"x\.tar\.gz cannot be read: (it is not a tar archive|Compressed file ended)"):
        take(tmp_path / "x.tar.gz")


def test_yaml_of_a_dump_is_read(tmp_path: Path) -> None:
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump(answer("Pod", pod("a"))))
    assert take(tmp_path).pods["name"].tolist() == ["a"]


# --- where it is shown ----------------------------------------------------------------------------------------------


def test_the_cover_says_what_is_stated_and_by_whom_and_escapes_it(tmp_path: Path) -> None:
    put(tmp_path, pods=kubectl(pod("a")))
    snapshot = snapshots.collect(recording=tmp_path, complete="pods", stated_by="<b>alice</b>", taken_at="2026-01-31")
    cover = snapshot._repr_mimebundle_()["text/html"]
    assert "complete according to &lt;b&gt;alice&lt;/b&gt;, without other evidence: pods, controlplane" in cover
    assert "2026-01-31 00:00:00 UTC to 2026-01-31 23:59:59 UTC, stated by &lt;b&gt;alice&lt;/b&gt;; read on" in cover
    assert "Stated" not in collect(open_files(ACME_PROD))._repr_mimebundle_()["text/html"]


def test_a_snapshot_keeps_when_it_was_observed_and_what_was_stated(tmp_path: Path) -> None:
    put(tmp_path, pods=kubectl(pod("a")))
    snapshot = snapshots.collect(recording=tmp_path, complete="pods", stated_by="alice", taken_at="2026-01-31")
    again = snapshots.open(snapshot.write(tmp_path / "store"))
    assert again.manifest.observed == snapshot.manifest.observed
    assert again.stated("containers") == ["pods"] and again.stated("nodes") == []
    assert again.ledger.set_index("resource").loc["pods", "reason"].startswith("stated as complete by alice")
