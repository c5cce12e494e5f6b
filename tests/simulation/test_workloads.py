"""Controllers become pods of their templates, and take them along when they go."""

from pathlib import Path

import pytest
from simulated import applied, deployment, namespace, owned, pod_spec, snapshot, stored, template, thing

from auditkit.errors import DefinitionError, UsageError
from auditkit.snapshots.snapshot import Snapshot

SAFE = {"template": {"spec": {"securityContext": {"runAsNonRoot": True}}}}


def pods(snap: Snapshot) -> dict[str, bool]:
    """Pods by name: whether they run as non-root."""
    found = snap.pods
    return dict(zip(found["name"], found["run_as_non_root"].fillna(False), strict=True))


def test_pods_of_a_changed_template_stand_in_the_place_of_those_before(tmp_path: Path) -> None:
    found = applied(snapshot(*deployment()), tmp_path, thing("Deployment", "web", "apps/v1", spec=SAFE))
    assert pods(found.before) == {"web-1-a": False, "web-1-b": False}
    assert pods(found.after) == {"web-1-a": True, "web-1-b": True}
    assert found.after.pods["node"].tolist() == ["n1", "n1"]
    assert found.after.pods["automount_token"].isna().all() and len(found.after.projected_sources) == 2
    sets = found.after.templates.set_index("name")["run_as_non_root"].fillna(False)
    assert sets.to_dict() == {"web": True, "web-1": True, "web-old": False}, "the former revision stays as it was"


def test_nothing_is_known_of_whether_new_pods_run(tmp_path: Path) -> None:
    found = applied(snapshot(*deployment()), tmp_path, thing("Deployment", "web", "apps/v1", spec=SAFE))
    assert found.before.pod_readiness["ready"].tolist() == [True, True]
    assert found.after.pod_readiness["ready"].isna().tolist() == [True, True]
    assert found.after.pods["pod_ip"].isna().all() and found.after.workloads.set_index("name")["ready_replicas"].isna()["web"]


def test_a_daemon_set_that_was_ready_is_not_so_with_new_pods(tmp_path: Path) -> None:
    """Its status says that all of its pods are ready: of the pods that it had."""
    pod = stored("Pod", "agent-a", spec={**pod_spec(), "nodeName": "n1"}, status={"phase": "Running"})
    pod["metadata"]["ownerReferences"] = owned("DaemonSet", "agent")
    agent = stored("DaemonSet", "agent", "apps/v1", spec={"template": template(), "updateStrategy": {"type": "RollingUpdate"}},
                   status={"numberReady": 1, "desiredNumberScheduled": 1})
    found = applied(snapshot(agent, pod), tmp_path, thing("DaemonSet", "agent", "apps/v1", spec=SAFE))
    assert found.before.pod_readiness["ready"].tolist() == [True] and found.after.pod_readiness["ready"].isna().tolist() == [True]
    assert pods(found.after) == {"agent-a": True}


def test_a_manifest_that_says_what_is_there_changes_nothing(tmp_path: Path) -> None:
    snap = snapshot(*deployment())
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    found = applied(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec=spec))
    assert found.changed == {} and found.unchanged == 1
    assert all(found.after.arrow(name).equals(snap.arrow(name)) for name in ("pods", "workloads", "pod_conditions"))


def test_a_field_that_no_table_has_rolls_nothing_out(tmp_path: Path) -> None:
    own = template()
    own["spec"]["containers"][0]["tty"] = True
    found = applied(snapshot(*deployment()), tmp_path, thing("Deployment", "web", "apps/v1", spec={"template": own}))
    assert found.changed == {}


def test_scaling_makes_and_takes_away_pods_and_leaves_the_others(tmp_path: Path) -> None:
    snap = snapshot(*deployment(2))
    more = applied(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec={"replicas": 3})).after
    assert pods(more) == {"web-1-a": False, "web-1-b": False, "web-1-simulated-0": False}
    assert more.pod_readiness["ready"].fillna(False).tolist() == [True, True, False]
    fewer = applied(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec={"replicas": 1})).after
    assert pods(fewer) == {"web-1-a": False}
    none = applied(snap, tmp_path, thing("Deployment", "web", "apps/v1", spec={"replicas": 0})).after
    assert pods(none) == {} and none.idle_templates["kind"].tolist() == ["Deployment"]


@pytest.mark.parametrize("held", [{"paused": True}, {"updateStrategy": {"type": "OnDelete"}}])
def test_a_template_that_waits_leaves_the_pods_and_is_judged_beside_them(tmp_path: Path, held: dict) -> None:
    kind = "Deployment" if "paused" in held else "StatefulSet"
    objects = deployment() if kind == "Deployment" else [
        stored("StatefulSet", "web", "apps/v1", spec={"replicas": 1, "template": template()}), _of_set("web-0")]
    found = applied(snapshot(*objects), tmp_path, thing(kind, "web", "apps/v1", spec={**SAFE, **held}))
    assert not any(pods(found.after).values()) and len(found.after.pods) == len(found.before.pods)
    assert found.after.idle_templates.query("kind == @kind")["name"].tolist() == ["web"]


def _of_set(name: str) -> dict:
    pod = stored("Pod", name, spec=pod_spec())
    pod["metadata"]["ownerReferences"] = owned("StatefulSet", "web")
    return pod


@pytest.mark.parametrize(("manifest", "names"), [
    (thing("Deployment", "d", "apps/v1", spec={"replicas": 2, "template": template()}), ["d-simulated-simulated-0", "d-simulated-simulated-1"]),
    (thing("StatefulSet", "s", "apps/v1", spec={"replicas": 2, "template": template()}), ["s-0", "s-1"]),
    (thing("ReplicaSet", "r", "apps/v1", spec={"template": template()}), ["r-simulated-0"]),
    (thing("Job", "j", "batch/v1", spec={"parallelism": 2, "template": template()}), ["j-simulated-0", "j-simulated-1"]),
    (thing("Job", "j", "batch/v1", spec={"suspend": True, "template": template()}), []),
    (thing("CronJob", "c", "batch/v1", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template()}}}), []),
])
def test_new_controllers_make_their_pods(tmp_path: Path, manifest: dict, names: list[str]) -> None:
    after = applied(snapshot(), tmp_path, manifest).after
    assert sorted(after.pods["name"]) == names
    assert len(after.all_pods) == max(len(names), 1), "a template without pods is judged in their place"


def node(name: str, taint: dict | None = None, **labels: str) -> dict:
    found = stored("Node", name, space=None, spec={"taints": [taint] if taint else []}, status={})
    found["metadata"]["labels"] = labels
    return found


@pytest.mark.parametrize(("spec", "nodes"), [
    ({}, ["plain"]), ({"tolerations": [{"operator": "Exists"}]}, ["plain", "tainted"]),
    ({"tolerations": [{"key": "a", "operator": "Equal", "value": "b"}]}, ["plain", "tainted"]),
    ({"tolerations": [{"key": "a", "value": "c"}]}, ["plain"]), ({"nodeSelector": {"disk": "ssd"}}, []),
    ({"tolerations": [{"key": "a", "value": "b", "effect": "NoExecute"}]}, ["plain"]),
    ({"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}]}, ["tainted"])])
def test_a_new_daemon_set_has_a_pod_on_each_node_that_it_is_for(tmp_path: Path, spec: dict, nodes: list[str]) -> None:
    snap = snapshot(node("plain"), node("tainted", {"key": "a", "value": "b", "effect": "NoSchedule"}, disk="ssd"))
    after = applied(snap, tmp_path, thing("DaemonSet", "agent", "apps/v1", spec={"template": template(**spec)})).after
    assert sorted(after.pods["node"]) == nodes


def test_what_is_deleted_takes_along_what_was_made_of_it(tmp_path: Path) -> None:
    after = applied(snapshot(*deployment()), tmp_path, delete=["Deployment/shop/web"]).after
    assert [len(after.frame(name)) for name in ("pods", "workloads", "templates", "containers", "pod_owners")] == [0] * 5


def test_a_deleted_namespace_takes_along_what_is_in_it(tmp_path: Path) -> None:
    other = stored("Pod", "p", space="default", spec=pod_spec())
    after = applied(snapshot(*deployment(), other, stored("Secret", "s", type="x")), tmp_path, delete=["namespace/shop"]).after
    assert after.pods["namespace"].tolist() == ["default"] and len(after.secrets) == len(after.workloads) == 0
    assert sorted(after.namespaces["name"]) == ["default", "kube-system"]


@pytest.mark.parametrize(("there", "manifest", "says"), [
    (stored("Job", "j", "batch/v1", spec={"template": template()}), thing("Job", "j", "batch/v1", spec={"template": template(hostNetwork=True)}), r"spec\.template of Job shop/j"),
    (stored("Pod", "p", spec=pod_spec()), thing("Pod", "p", spec=pod_spec(hostNetwork=True)), r"spec of Pod shop/p"),
    (stored("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "r"}),
     thing("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "x"}), "roleRef of RoleBinding shop/b")])
def test_what_the_api_server_refuses_to_change_is_refused(tmp_path: Path, there: dict, manifest: dict, says: str) -> None:
    with pytest.raises(DefinitionError, match=rf"manifests\.yaml, line 1: {says} cannot be changed. Delete the object first: --delete "):
        applied(snapshot(there), tmp_path, manifest)
    again = applied(snapshot(there), tmp_path, manifest, delete=[f"{there['kind']}/shop/{there['metadata']['name']}"])
    assert len(again.changed) >= 1, "once it is deleted it can be made anew"


@pytest.mark.parametrize("spec", [{}, {"replicas": 1}, {"template": None}])
@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"])
def test_a_controller_without_a_template_is_a_mistake(tmp_path: Path, kind: str, spec: dict) -> None:
    node = stored("Node", "n", space=None)
    with pytest.raises(DefinitionError, match=rf"line 1: {kind} shop/x does not follow its schema: it has no spec\.template"):
        applied(snapshot(node), tmp_path, thing(kind, "x", "apps/v1", spec=spec))


def test_an_account_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="Expected `str` as serviceAccount"):
        applied(snapshot(), tmp_path, thing("Pod", "p", spec=pod_spec(serviceAccount=5)))


CLASS = {"provisioner": "ebs.csi.aws.com", "parameters": {"encrypted": "false"}, "reclaimPolicy": "Delete"}


@pytest.mark.parametrize(("kind", "version", "space", "there", "wanted", "says"), [
    ("StorageClass", "storage.k8s.io/v1", None, CLASS, {"parameters": {"encrypted": "true"}}, "parameters"),
    ("StorageClass", "storage.k8s.io/v1", None, CLASS, {"reclaimPolicy": "Retain"}, "reclaimPolicy"),
    ("StorageClass", "storage.k8s.io/v1", None, CLASS, {"volumeBindingMode": "WaitForFirstConsumer"}, "volumeBindingMode"),
    ("PersistentVolumeClaim", "v1", "shop", {"spec": {"storageClassName": "plain"}}, {"spec": {"storageClassName": "encrypted"}}, r"spec\.storageClassName"),
    ("PersistentVolume", "v1", None, {"spec": {"hostPath": {"path": "/"}}}, {"spec": {"hostPath": {"path": "/data"}}}, r"spec\.hostPath"),
    ("PriorityClass", "scheduling.k8s.io/v1", None, {"value": 1}, {"value": 2}, "value"),
    ("RuntimeClass", "node.k8s.io/v1", None, {"handler": "runc"}, {"handler": "gvisor"}, "handler")])
def test_a_change_that_is_refused_mends_nothing(tmp_path: Path, kind: str, version: str, space: str | None, there: dict,
                                                wanted: dict, says: str) -> None:
    with pytest.raises(DefinitionError, match=f"{says} of {kind} .* cannot be changed. Delete the object first"):
        applied(snapshot(stored(kind, "x", version, space, **there)), tmp_path, thing(kind, "x", version, space, **wanted))


def test_a_claim_without_a_class_can_be_given_one(tmp_path: Path) -> None:
    claim = thing("PersistentVolumeClaim", "c", spec={"storageClassName": "encrypted"})
    found = applied(snapshot(stored("PersistentVolumeClaim", "c", spec={})), tmp_path, claim)
    assert found.after.persistent_volume_claims["storage_class"].tolist() == ["encrypted"]


STATIC = stored("Pod", "api-n1", spec=pod_spec())
STATIC["metadata"]["ownerReferences"] = owned("Node", "n1")


@pytest.mark.parametrize(("named", "maker"), [
    ("Pod/shop/web-1-a", "ReplicaSet web-1"), ("ReplicaSet/shop/web-1", "Deployment web"), ("Pod/shop/api-n1", "Node n1"),
    ("ServiceAccount/shop/default", "Namespace shop")])
def test_what_would_be_there_again_cannot_be_deleted_alone(tmp_path: Path, named: str, maker: str) -> None:
    """A pod that its controller makes again has mended nothing."""
    snap = snapshot(*deployment(), STATIC, stored("ServiceAccount", "default"))
    with pytest.raises(UsageError, match=f"{named} would be made again by {maker}. Delete or change that instead"):
        applied(snap, tmp_path, delete=[named])


def test_what_is_not_made_again_can_be_deleted(tmp_path: Path) -> None:
    ended = stored("Pod", "web-1-x", spec=pod_spec(), status={"phase": "Failed"})
    ended["metadata"]["ownerReferences"] = owned("ReplicaSet", "web-1")
    job = stored("Job", "j", "batch/v1", spec={"template": template()})
    job["metadata"]["ownerReferences"] = owned("CronJob", "c")
    snap = snapshot(*deployment(), ended, job)
    after = applied(snap, tmp_path, delete=["Pod/shop/web-1-x", "Job/shop/j", "ReplicaSet/shop/web-old"]).after
    assert after.pods["name"].tolist() == ["web-1-a", "web-1-b"]
    both = applied(snap, tmp_path, delete=["Pod/shop/web-1-a", "Deployment/shop/web"])
    assert both.after.pods.empty, "what makes it goes as well"


def test_a_namespace_of_kubernetes_is_not_deleted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not delete the namespace kube-system"):
        applied(snapshot(), tmp_path, delete=["Namespace/kube-system"])


def test_the_image_of_a_pod_can_be_changed(tmp_path: Path) -> None:
    manifest = thing("Pod", "p", spec={"containers": [{"name": "c", "image": "new:2"}]})
    after = applied(snapshot(stored("Pod", "p", spec=pod_spec())), tmp_path, manifest).after
    assert after.containers["image"].tolist() == ["new:2"]


def test_pods_keep_the_zone_of_their_node(tmp_path: Path) -> None:
    objects = deployment(1)
    objects[-1]["metadata"]["labels"]["topology.kubernetes.io/zone"] = "eu-1"
    after = applied(snapshot(*objects), tmp_path, thing("Deployment", "web", "apps/v1", spec=SAFE)).after
    assert {(row.key, row.value) for row in after.pod_labels.itertuples()} == {
        ("app", "web"), ("pod-template-hash", "1"), ("topology.kubernetes.io/zone", "eu-1")}


def test_namespaces_of_the_simulation_have_their_labels() -> None:
    assert snapshot(namespace("shop", team="a")).namespace_labels.query("key == 'team'")["value"].tolist() == ["a"]
