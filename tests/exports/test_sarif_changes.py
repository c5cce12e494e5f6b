"""SARIF on what manifests would change: at their files and lines, new or not."""

import json
from pathlib import Path

import jsonschema
import pytest
from export_worlds import schema
from simulated import deployment, namespace, pod_spec, snapshot, stored, template, thing

import auditkit
from auditkit.exports import sarif_changes

PRIVILEGED = pod_spec(containers=[{"name": "c", "image": "registry/app:1", "securityContext": {"privileged": True}}])
CHECK = "cis-kubernetes/5.2.2/workloads.no_privileged_containers"


def document(folder: Path, snap, *manifests: dict) -> dict:
    file = folder / "m.yaml"
    file.write_text("\n---\n".join(map(json.dumps, manifests)))
    return json.loads(sarif_changes.encoded(auditkit.simulate(snap, file, frameworks=["cis-kubernetes"])))


def results(found: dict, rule: str, run: int = 0) -> list[dict]:
    return [each for each in found["runs"][run]["results"] if each["ruleId"] == rule]


def test_what_a_manifest_brings_is_a_result_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = document(tmp_path, snapshot(), thing("Secret", "s"), thing("Deployment", "d", "apps/v1", spec={
        "replicas": 3, "template": {"spec": PRIVILEGED}}))
    result, = results(found, CHECK)  # one for the three pods
    assert result["baselineState"] == "new" and result["level"] == "error"
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "m.yaml"}, "region": {"startLine": 3}}
    assert result["locations"][0]["logicalLocations"][0]["properties"]["kind"] == "Pod"


def test_a_file_elsewhere_has_its_whole_path(tmp_path: Path) -> None:
    found = document(tmp_path, snapshot(), thing("Pod", "p", spec=PRIVILEGED))
    result, = results(found, CHECK)
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{tmp_path}/m.yaml"


def test_what_failed_before_is_told_where_the_manifest_touches_it_and_nothing_else_is(tmp_path: Path) -> None:
    objects = deployment(1)
    for each in objects:
        spec = each["spec"].get("template", {}).get("spec") or each["spec"]
        spec["containers"][0]["securityContext"] = {"privileged": True}
    untouched = stored("Pod", "other", spec=PRIVILEGED)
    found = document(tmp_path, snapshot(*objects, untouched), thing("Deployment", "web", "apps/v1", spec={
        "template": {"spec": {"automountServiceAccountToken": False}}}))
    result, = results(found, CHECK)
    assert result["baselineState"] == "unchanged" and "web-1-a" in result["message"]["text"]


def test_a_manifest_that_cannot_be_simulated_is_a_notification(tmp_path: Path) -> None:
    found = document(tmp_path, snapshot(), thing("ConfigMap", "c"), thing("Widget", "w", "example.org/v1"))
    invocation, = found["runs"][1]["invocations"]
    assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == [
        f"Not simulated: Widget (example.org/v1) in {tmp_path}/m.yaml, line 3: no table has objects of this kind"]
    assert invocation["executionSuccessful"] is False


def test_what_newly_fails_elsewhere_has_no_file(tmp_path: Path) -> None:
    """A Service account that is bound, and that no manifest names: the binding is at fault."""
    found = document(tmp_path, snapshot(stored("ServiceAccount", "default", automountServiceAccountToken=False)), thing(
        "RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "ClusterRole", "name": "view", "apiGroup": "x"},
        subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}]))
    result, = results(found, "cis-kubernetes/5.1.5/access.default_service_accounts_unused")
    assert result["baselineState"] == "new"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "c/shop/ServiceAccount/default"


def test_what_would_be_refused_is_a_run_of_its_own(tmp_path: Path) -> None:
    enforced = namespace("shop", **{"pod-security.kubernetes.io/enforce": "baseline"})
    found = document(tmp_path, snapshot(enforced), thing("Pod", "p", spec=PRIVILEGED))
    result, = results(found, "admission/Pod Security", 1)
    assert (result["level"], result["kind"]) == ("error", "fail")
    assert result["message"]["text"].startswith("Pod shop/p would be refused: privileged (container")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_the_schema_finds_no_fault(tmp_path: Path) -> None:
    enforced = namespace("shop", **{"pod-security.kubernetes.io/enforce": "restricted"})
    validator = jsonschema.Draft7Validator(schema("", "", "sarif-2.1.0-rtm.5.json"))
    for snap in (snapshot(enforced, *deployment()), snapshot(gaps=["namespaces", "pods"]), None):
        found = document(tmp_path, snap, thing("Deployment", "web", "apps/v1", spec={"template": template(hostNetwork=True)}))
        assert [error.message for error in validator.iter_errors(found)] == []


def test_the_same_manifests_give_the_same_bytes(tmp_path: Path) -> None:
    snap, manifest = snapshot(*deployment()), thing("Pod", "p", spec=PRIVILEGED)
    assert document(tmp_path, snap, manifest) == document(tmp_path, snap, manifest)
