"""Remedies: written only where a simulation proves that they mend, and break nothing that passed."""

from pathlib import Path

import pytest
import yaml
from simulated import deployment, namespace, owned, pod_spec, snapshot, stored, template

import auditkit
from auditkit.errors import MissingDependency, UsageError
from auditkit.simulation.proving import Proven
from auditkit.snapshots.snapshot import Snapshot

CIS = ("cis-kubernetes",)
SECCOMP, TOKEN, LEVEL = ("workloads.seccomp_profile_set", "workloads.token_mounted_only_where_needed",
                         "admission.pod_security_enforced")
ACCOUNT = stored("ServiceAccount", "default")


def proven(*objects: dict, output: Path | None = None) -> Proven:
    return auditkit.remedy(snapshot(*objects), output, frameworks=CIS)


def mended(found: Proven) -> dict[str, set[str]]:
    return {each.called: set(each.notes) for each in found.remedies}


def test_a_controller_is_mended_by_one_manifest_for_all_its_checks(tmp_path: Path) -> None:
    found = proven(*deployment(), ACCOUNT, output=tmp_path / "out")
    assert mended(found)["Deployment/shop/web"] == {SECCOMP, TOKEN}
    written = yaml.safe_load((tmp_path / "out" / "Deployment_shop_web.yaml").read_text())
    assert written == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
                       "spec": {"template": {"spec": {"automountServiceAccountToken": False,
                                                      "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}}}}
    assert set(found.mended["check"]) >= {SECCOMP, TOKEN}


def test_what_is_written_mends_when_it_is_simulated_again(tmp_path: Path) -> None:
    snap = snapshot(*deployment(), ACCOUNT)
    found = auditkit.remedy(snap, tmp_path / "out", frameworks=CIS)
    again = auditkit.simulate(snap, tmp_path / "out", frameworks=CIS)
    assert again.counts["closed"] == len(found.mended) > 0
    assert not {"opened", "newly unknown"} & set(again.counts) and len(again.refused) == 0


def test_a_namespace_gets_the_highest_level_that_all_its_pods_and_templates_meet() -> None:
    host = stored("Deployment", "host", "apps/v1", spec={"replicas": 0, "template": template(hostPID=True)})
    plain = stored("Pod", "p", space="default", spec=pod_spec())
    found = {each.called: each.manifest for each in proven(host, plain, namespace("empty")).remedies}
    levels = {name: each["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") for name, each in found.items()}
    assert levels["Namespace/default"] == "baseline" and levels["Namespace/empty"] == "restricted"
    assert "Namespace/shop" not in levels and "Namespace/kube-system" not in levels


def test_an_account_with_rights_keeps_its_token() -> None:
    """Its pods may need the token, which no snapshot can rule out."""
    binding = stored("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "r"},
                     subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}])
    role = stored("Role", "r", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}])
    assert TOKEN not in mended(proven(*deployment(), ACCOUNT, binding, role))["Deployment/shop/web"]


def test_what_policies_say_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they cannot be run, one of them may refuse any remedy."""
    version = "admissionregistration.k8s.io/v1"
    policy = stored("ValidatingAdmissionPolicy", "frozen", version, None, spec={
        "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["namespaces"]}]},
        "validations": [{"expression": "false"}]})
    binding = stored("ValidatingAdmissionPolicyBinding", "b", version, None, spec={"policyName": "frozen", "validationActions": ["Deny"]})

    def lacking(*given: object, **more: object) -> None:
        raise MissingDependency("it is not installed")
    monkeypatch.setattr("auditkit.what_if.decisions.policy_decisions", lacking)
    found = proven(namespace("empty"), policy, binding)
    assert found.remedies == []
    assert ("Namespace/empty", "An admission policy may refuse Namespace empty") in found.left_out


RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize("subject", [
    {"kind": "User", "name": "system:serviceaccount:shop:default"}, {"kind": "Group", "name": "system:authenticated"},
    {"kind": "Group", "name": "system:serviceaccounts:shop"}])
def test_an_account_that_is_bound_by_another_name_keeps_its_token(subject: dict) -> None:
    binding = stored("ClusterRoleBinding", "b", RBAC, None, roleRef={"kind": "ClusterRole", "name": "r"}, subjects=[subject])
    assert TOKEN not in mended(proven(*deployment(), ACCOUNT, binding))["Deployment/shop/web"]


@pytest.mark.parametrize("resource", ["rolebindings", "clusterrolebindings", "roles"])
def test_an_account_whose_rights_are_not_known_keeps_its_token(resource: str) -> None:
    """What is bound to it may be in the list that was refused, or its role."""
    binding = stored("RoleBinding", "b", RBAC, roleRef={"kind": "Role", "name": "r"},
                     subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}])
    snap = snapshot(*deployment(), ACCOUNT, *([binding] if resource == "roles" else []),
                    gaps=[f"{resource}.rbac.authorization.k8s.io"])
    found = auditkit.remedy(snap, frameworks=CIS)
    assert mended(found)["Deployment/shop/web"] == {SECCOMP}


def test_what_would_not_mend_is_left_out_with_the_reason() -> None:
    """A privileged container has no seccomp profile, whatever its pod asks for."""
    own = stored("Deployment", "web", "apps/v1", spec={"replicas": 0, "template": template(containers=[
        {"name": "c", "image": "a:1", "securityContext": {"privileged": True}}], automountServiceAccountToken=False)})
    found = proven(own, ACCOUNT)
    assert "Deployment/shop/web" not in mended(found)
    assert ("Deployment/shop/web", f"it would not mend {SECCOMP}") in found.left_out


def test_what_would_be_refused_is_left_out_and_the_rest_is_written() -> None:
    version = "admissionregistration.k8s.io/v1"
    policy = stored("ValidatingAdmissionPolicy", "frozen", version, None, spec={
        "matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments"]}]},
        "validations": [{"expression": "false"}]})
    binding = stored("ValidatingAdmissionPolicyBinding", "b", version, None, spec={"policyName": "frozen", "validationActions": ["Deny"]})
    found = proven(*deployment(), ACCOUNT, policy, binding, namespace("empty"))
    assert ("Deployment/shop/web", "frozen may refuse Deployment web") in found.left_out
    assert "Namespace/empty" in mended(found) and "Deployment/shop/web" not in mended(found)


def test_a_bare_pod_and_the_namespaces_of_kubernetes_get_no_manifest() -> None:
    pod = stored("Pod", "p", spec=pod_spec())
    system = stored("Pod", "s", space="kube-system", spec=pod_spec())
    system["metadata"]["ownerReferences"] = owned("DaemonSet", "agent")
    agent = stored("DaemonSet", "agent", "apps/v1", "kube-system", spec={"template": template()})
    found = mended(proven(pod, system, agent))
    assert {name.split("/")[0] for name in found} == {"Namespace", "NetworkPolicy"} and not any("kube-system" in name for name in found)


def test_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "Deployment_shop_web.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"Deployment_shop_web\.yaml exists"):
        proven(*deployment(), ACCOUNT, output=tmp_path)
    assert (tmp_path / "Deployment_shop_web.yaml").read_text() == "mine"


def test_text_of_a_cluster_cannot_leave_its_comment_or_its_folder(tmp_path: Path) -> None:
    objects = deployment()
    for each in objects:
        spec = each["spec"].get("template", {}).get("spec") or each["spec"]
        spec["serviceAccountName"] = "x\nkind: Secret"
    objects[0]["metadata"]["name"] = "../../web"
    for each in objects[1:3]:
        each["metadata"]["ownerReferences"][0]["name"] = "../../web"
    found = proven(*objects, stored("ServiceAccount", "x\nkind: Secret"), output=tmp_path / "out")
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert "Deployment_shop_..%2F..%2Fweb.yaml" in files and sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    text = (tmp_path / "out" / "Deployment_shop_..%2F..%2Fweb.yaml").read_text()
    assert yaml.safe_load(text)["kind"] == "Deployment" and all(each.file in files for each in found.remedies)


def test_where_nothing_can_be_proven_nothing_is_written(tmp_path: Path) -> None:
    snap: Snapshot = snapshot(gaps=["pods", "deployments.apps"])
    found = auditkit.remedy(snap, tmp_path / "out", frameworks=CIS)
    assert found.remedies == [] and found.effects is None and len(found.mended) == 0
