"""Manifests on their way into a snapshot: what is refused, what is left out, and what the result is."""

from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from simulated import applied, deployment, pod_spec, snapshot, stored, template, thing

import auditkit
from auditkit.errors import DefinitionError, NoSuchName, SnapshotError, UsageError
from auditkit.simulation.applying import simulate
from auditkit.snapshots.migration import Difference, Lack
from auditkit.snapshots.snapshot import Snapshot

POLICY = thing("NetworkPolicy", "deny", "networking.k8s.io/v1", spec={"podSelector": {}})


@pytest.mark.parametrize(("text", "says"), [
    ("a: [", "line 2: it is no YAML: did not find expected node content."),
    ("name: x\n", "line 1: this document is no Kubernetes object: it has no kind."),
    ("kind: Pod\n", "line 1: this document is no Kubernetes object: it needs apiVersion and kind, both of them text."),
    ("apiVersion: v1\nkind: 7\n", "line 1: this document is no Kubernetes object: it needs apiVersion and kind, both of them text."),
    ("apiVersion: v1\nkind: Pod\n", "line 1: this Pod has no metadata."),
    ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "line 1: this Pod has no metadata.name."),
    ("---\napiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: [a]}\n",
     'line 2: the namespace of Pod x is ["a"], and no text: put it in quotes.'),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: n}\n",
     "line 1: metadata.name of this Pod is false, and no text: put the name in quotes."),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: none}\n",
     "line 1: Pod default/x does not follow its schema: Expected `array`, got `str` - at `$.spec.containers`."),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: default}\n",
     "line 5: Pod default/x is also in FILE, line 1; give it once."),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: nowhere}\n",
     "line 1: Secret nowhere/x is for the namespace nowhere, which does not exist. Add it to the manifests, or name another with "
     "--namespace."),
    ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n",
     "line 4: this is a template that was not rendered; give what `helm template` or your tool makes of it."),
    ('apiVersion: v1\nkind: Pod\nmetadata:\n  name: "{{ .Values.name }}"\n',
     "line 4: this is a template that was not rendered; give what `helm template` or your tool makes of it."),
    ("a: &x [1]\nkind: *x\n", "line 1: aliases of YAML are not followed here; write the value out."),
    (f"kind: {'[' * 300}{']' * 300}\n", "line 1: its lists and mappings are nested more than 200 deep."),
])
def test_a_mistake_is_a_sentence_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        applied(snapshot(), tmp_path, text)
    file = tmp_path / "manifests.yaml"
    assert str(caught.value) == f"{file}, {says.replace('FILE', str(file))}"


def test_manifests_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    found = applied(snapshot(), tmp_path, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\n"
                    "  labels: {at: 10-30, since: 2026-01-01}\n  annotations: {at: 10:30}\n"
                    "spec: {hostPID: y, containers: [{name: web, image: x, ports: [{containerPort: 0o120, hostPort: 8e1}]}]}\n")
    pods, ports = found.after.pods, found.after.container_ports
    assert pods["host_pid"].tolist() == [True]
    assert ports[["port", "host_port"]].values.tolist() == [[80, 80]]


def test_braces_in_texts_of_any_kind_are_no_templates(tmp_path: Path) -> None:
    found = applied(snapshot(), tmp_path, thing("ConfigMap", "c", data={"dashboard": "{{ label }}"}))
    assert len(found.applied) == 1


@pytest.mark.parametrize(("name", "text", "says"), [
    ("Chart.yaml", "name: x\n", "is a Helm chart. Give what `helm template` makes of it."),
    ("kustomization.yaml", "resources: []\n", "is to be built by kustomize. Give what `kustomize build` makes of it.")])
def test_what_is_not_rendered_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=says):
        simulate(snapshot(), tmp_path)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="it does not exist"):
        simulate(snapshot(), Path("/nowhere/x.yaml"))
    with pytest.raises(UsageError, match="Nothing is to be simulated"):
        auditkit.simulate(snapshot())


def test_manifests_are_found_in_folders_and_in_lists_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.yml").write_text("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n"
                                              "  metadata: {name: a}\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n")
    (tmp_path / "b.json").write_text('{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}')
    (tmp_path / "notes.txt").write_text("not this")
    found = simulate(snapshot(), tmp_path, namespace="shop")
    assert {key[1]: (document.file.name, document.line) for (_, key), document in found.applied.items()} == {
        "a": ("a.yml", 4), "b": ("a.yml", 7), "c": ("b.json", 1)}


def test_what_cannot_be_simulated_is_named_and_the_rest_is_applied(tmp_path: Path) -> None:
    hook = thing("Pod", "test", spec=pod_spec())
    hook["metadata"]["annotations"] = {"helm.sh/hook": "test"}
    found = applied(snapshot(), tmp_path, thing("Widget", "w", "example.org/v1"), hook, POLICY)
    assert [each.partition(" in ")[0] + each.partition(": ")[2] for each in (*found.left_out, *found.tests)] == [
        "Widget (example.org/v1)no table has objects of this kind",
        "Poda test of a Helm chart, which is not installed with it"]
    assert [len(found.left_out), len(found.tests)] == [1, 1], "what is not installed is no gap"
    assert list(found.applied) == [("networkpolicies.networking.k8s.io", ("shop", "deny"))]


def test_a_hook_that_is_not_only_a_test_is_applied(tmp_path: Path) -> None:
    """Helm runs it when it installs the chart."""
    hook = thing("Pod", "setup", spec=pod_spec(hostPID=True))
    hook["metadata"]["annotations"] = {"helm.sh/hook": "pre-install, test"}
    assert applied(snapshot(), tmp_path, hook).after.pods["host_pid"].tolist() == [True]


def test_an_object_of_another_version_is_named_and_not_read_as_this_one(tmp_path: Path) -> None:
    found = applied(snapshot(), tmp_path, thing("Deployment", "web", "apps/v1beta1", spec={"template": {}}))
    assert found.after.workloads.empty and [each.partition(" in ")[0] + each.partition(": ")[2] for each in found.left_out] == [
        "Deployment (apps/v1beta1)objects of this version are not read"]


def test_where_namespaces_are_not_known_one_that_is_not_seen_may_be_there(tmp_path: Path) -> None:
    secret = thing("Secret", "s", space="elsewhere")
    assert len(applied(snapshot(gaps=["namespaces"]), tmp_path, secret).applied) == 1


def test_an_object_with_a_generated_name_is_called_simulated(tmp_path: Path) -> None:
    job = thing("Job", "x", "batch/v1", spec={"template": template()})
    job["metadata"] = {"generateName": "run-", "namespace": "shop"}
    assert applied(snapshot(), tmp_path, job).after.workloads["name"].tolist() == ["run-simulated"]


@pytest.mark.parametrize(("named", "error", "says"), [
    ("Wdget/shop/x", NoSuchName, "There is no kind 'Wdget'"), ("Deployment/web", UsageError, "Give it as KIND/NAMESPACE/NAME"),
    ("ClusterRole/a/b", UsageError, "Give it as KIND/NAME"), ("deployments.apps/shop/wbe", NoSuchName, "did you mean shop/web")])
def test_an_object_to_delete_has_to_be_there(tmp_path: Path, named: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        applied(snapshot(*deployment()), tmp_path, delete=[named])


def test_what_would_be_is_no_evidence(tmp_path: Path) -> None:
    """It says so wherever a snapshot says what it is, and is never written."""
    after = applied(snapshot(), tmp_path, POLICY).after
    assert after.manifest.as_of == "simulated on 2026-11-01 00:00:00 UTC"
    assert "; simulated, no evidence: 1 manifests applied (" in after.manifest.when
    assert after.manifest.transport[0].startswith("This is a simulation, no evidence: what snapshot ")
    with pytest.raises(SnapshotError, match="A simulated snapshot is not evidence"):
        after.write(tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_real_manifests_have_the_bytes_that_they_had(acme: Snapshot) -> None:
    assert b"simulated" not in acme.manifest.encoded()
    assert msgspec.json.decode(acme.manifest.encoded(), type=type(acme.manifest)).simulated == ""


def test_simulations_of_other_content_have_other_digests(tmp_path: Path) -> None:
    other = thing("NetworkPolicy", "deny", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    digests = {applied(snapshot(), tmp_path, each).after.digest for each in (POLICY, other, POLICY)}
    assert len(digests) == 2


def test_scanners_have_not_looked_at_what_is_changed(tmp_path: Path) -> None:
    """What they said of it, and of its namespace, does not count; what they say of other objects and of images does."""
    rows = [("Deployment", "shop", "web", "misconfiguration", None), ("ReplicaSet", "shop", "web-1", "vulnerability", "i"),
            ("Namespace", None, "shop", "misconfiguration", None), ("Deployment", "shop", "other", "misconfiguration", None),
            ("Namespace", None, "default", "misconfiguration", None)]
    snap = snapshot(*deployment())
    schema = snap.arrow("findings").schema
    found = pa.Table.from_pylist([dict(zip(("kind", "namespace", "name", "category", "image"), row, strict=True)) for row in rows], schema)
    scanned = Snapshot(snap.manifest, {name: snap.arrow(name) for name in auditkit.tables.TABLES} | {"findings": found})
    manifest = thing("Deployment", "web", "apps/v1", spec={"template": {"spec": {"hostNetwork": True}}})
    after = applied(scanned, tmp_path, manifest).after
    assert after.findings[["kind", "name"]].values.tolist() == [["ReplicaSet", "web-1"], ["Deployment", "other"], ["Namespace", "default"]]


def test_values_of_secrets_are_not_kept(tmp_path: Path) -> None:
    found = applied(snapshot(), tmp_path, thing("Secret", "s", stringData={"a": "CANARY-1"}, data={"b": "Q0FOQVJZ"}),
                    thing("Pod", "p", spec={"containers": [{"name": "c", "image": "i", "args": ["CANARY-2"], "env": [{"name": "A", "value": "CANARY-3"}]}]}))
    for name in auditkit.tables.TABLES:
        assert "CANARY" not in found.after.frame(name).to_csv()


def test_what_another_version_did_not_collect_is_not_known_of_what_would_be_either(tmp_path: Path) -> None:
    snap = snapshot()
    old = Snapshot(snap.manifest, {name: snap.arrow(name) for name in auditkit.tables.TABLES}, difference=lambda: Difference(
        {"volumes": Lack((), "then")}, ""))
    after = applied(old, tmp_path, thing("Pod", "p", spec=pod_spec())).after
    assert after.gaps("volumes") == ["not collected: table volumes: then"] and len(after.whole("volumes")) == 0
    assert after.pods["name"].tolist() == ["p"] and after.gaps("pods") == []


def test_an_existing_config_map_is_merged_by_its_name(tmp_path: Path) -> None:
    there = stored("ConfigMap", "m", data={"a": "1", "b": "2"})
    after = applied(snapshot(there), tmp_path, thing("ConfigMap", "m", data={"a": "1", "b": "2", "c": "3"})).after
    assert after.config_maps["keys_count"].tolist() == [3] and after.config_maps["uid"].tolist() == ["ConfigMap-m"]


def test_of_several_resources_of_one_kind_that_of_kubernetes_is_deleted() -> None:
    """Calico has NetworkPolicies too; the whole name of the resource tells them apart."""
    from auditkit.simulation.applying import _reference
    from auditkit.simulation.world import World
    from auditkit.tables import RESOURCES

    snap = snapshot(stored("NetworkPolicy", "n", "networking.k8s.io/v1", spec={"podSelector": {}}))
    world = World({name: snap.arrow(name) for name in auditkit.tables.TABLES})
    assert len([each for each in RESOURCES.values() if each.kind == "NetworkPolicy"]) > 1
    for named in ("NetworkPolicy/shop/n", "networkpolicies.networking.k8s.io/shop/n"):
        assert _reference(world, snap, named) == ("networkpolicies.networking.k8s.io", ("shop", "n"))


def test_a_controller_whose_containers_have_arguments_can_be_changed(tmp_path: Path) -> None:
    """Arguments of templates are read in a second step, those of pods at once: what stands for one is a text."""
    with_arguments = stored("Deployment", "w", "apps/v1", spec={"replicas": 1, "template": template(
        containers=[{"name": "c", "image": "i", "args": ["--a"], "command": ["b"]}])})
    change = thing("Deployment", "w", "apps/v1", spec={"template": {"spec": {"automountServiceAccountToken": False}}})
    changed = applied(snapshot(with_arguments), tmp_path, change).after.frame("templates")
    assert changed.loc[changed["name"] == "w", "automount_token"].tolist() == [False]
