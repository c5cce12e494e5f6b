"""Pods, namespaces, Secrets and volumes: what is out of scope, and what cannot be known."""

import pytest
from worlds import derived, frames

from auditkit.analysis import derivation, inputs
from auditkit.checks import all_checks, find
from auditkit.evaluation.engine import run
from auditkit.proof.prove import world
from auditkit.tables import RESOURCES, TABLES

PODS_RULE = {"operation": "CREATE", "group": "", "version": "v1", "resource": "pods"}
ENFORCE = "pod-security.kubernetes.io/enforce"
PVC = "pvc-01234567-89ab-cdef-0123-456789abcdef"


def verdicts(check, tables, **parameters):
    rows = run(find(check).with_parameters(parameters), world(tables)).rows()
    return list(zip(rows["verdict"], rows["reason"], strict=True))


@pytest.mark.parametrize("check", ["no_privilege_escalation", "no_net_raw", "all_capabilities_dropped",
                                   "seccomp_profile_set", "read_only_root_filesystem"])
def test_windows_pods_are_out_of_scope_where_the_thing_does_not_exist(check):
    found = verdicts(f"workloads.{check}", {"pods": [{"os_name": "windows"}], "containers": [{}]})
    assert [verdict for verdict, _ in found] == ["not_applicable"]


@pytest.mark.parametrize("check", ["run_as_non_root", "no_windows_host_process"])
def test_windows_pods_are_judged_where_it_does(check):
    tables = {"pods": [{"os_name": "windows"}], "containers": [{"windows_host_process": True}]}
    assert verdicts(f"workloads.{check}", tables)[0][0] == "fail"


@pytest.mark.parametrize(("check", "kind", "verdict"), [
    ("resource_limits_set", "init", "fail"), ("resource_limits_set", "ephemeral", "not_applicable"),
    ("probes_set", "init", "not_applicable"), ("probes_set", "ephemeral", "not_applicable"),
    ("no_privileged_containers", "ephemeral", "fail"), ("images_pinned_by_digest", "init", "fail"),
])
def test_kinds_of_containers(check, kind, verdict):
    tables = {"pods": [{}], "containers": [{"type": kind, "privileged": True, "image": "a:1"}]}
    assert verdicts(f"workloads.{check}", tables)[0][0] == verdict


@pytest.mark.parametrize(("quantity", "verdict"), [
    ("1", "pass"), ("0.5", "pass"), (".5", "pass"), ("+100m", "pass"), ("1e3", "pass"), ("0.001Gi", "pass"),
    ("0", "fail"), ("0m", "fail"), ("0.0", "fail"), ("0Mi", "fail"), ("0e3", "fail"), ("-0", "fail"), ("", "fail"),
    (None, "fail"),
])
def test_a_quantity_of_nothing_is_no_limit(quantity, verdict):
    for limits in ({"cpu_limit": quantity, "memory_limit": "1Gi"}, {"cpu_limit": "1", "memory_limit": quantity}):
        tables = {"pods": [{}], "containers": [limits]}
        assert verdicts("workloads.resource_limits_set", tables)[0][0] == verdict


@pytest.mark.parametrize(("limit_range", "verdict"), [
    ({"type": "Container", "has_default": True}, "unknown"), ({"type": "Container", "has_max": True}, "unknown"),
    ({"type": "Container"}, "fail"), ({"type": "Pod", "has_max": True}, "fail"),
    ({"type": "PersistentVolumeClaim", "has_max": True}, "fail"),
    ({"type": "Container", "has_default": True, "namespace": "elsewhere"}, "fail"),
])
def test_a_limit_range_fills_in_what_a_template_does_not_say_if_it_gives_containers_a_limit(limit_range, verdict):
    tables = {"templates": [{"kind": "CronJob"}], "template_containers": [{"kind": "CronJob"}],
              "workloads": [{"kind": "CronJob"}], "limit_ranges": [limit_range]}
    assert [found for found, _ in verdicts("workloads.resource_limits_set", tables)] == [verdict]


def test_a_token_is_unknown_where_the_account_is_not_there():
    assert verdicts("workloads.token_mounted_only_where_needed", {"pods": [{}]})[0][0] == "unknown"


def test_static_pods_are_judged_but_for_tokens_that_they_cannot_have():
    tables = {"pods": [{"name": "etcd", "namespace": "kube-system", "host_network": True}],
              "pod_annotations": [{"pod": "etcd", "namespace": "kube-system", "key": "kubernetes.io/config.mirror"}]}
    assert verdicts("workloads.no_host_network", tables)[0][0] == "fail"
    assert verdicts("workloads.token_mounted_only_where_needed", tables)[0] == (
        "not_applicable", "the pod has ended, or is a static pod, which cannot have a service account")


@pytest.mark.parametrize("check", ["images_pinned_by_digest", "no_latest_tag"])
def test_a_container_without_an_image_is_unknown(check):
    assert verdicts(f"workloads.{check}", {"containers": [{"image": None}]})[0][0] == "unknown"


@pytest.mark.parametrize("image", ["app@sha256:" + "0" * 63, "app@sha256:" + "G" * 64, "app@md5:" + "0" * 32,
                                   "app@sha256:" + "0" * 64 + " "])
def test_what_only_looks_like_a_digest(image):
    assert verdicts("workloads.images_pinned_by_digest", {"containers": [{"image": image}]})[0][0] == "fail"


@pytest.mark.parametrize(("workload", "verdict"), [
    ({"kind": "DaemonSet"}, "not_applicable"), ({"kind": "Job"}, "not_applicable"),
    ({"kind": "Deployment", "replicas": 0}, "not_applicable"), ({"kind": "Deployment", "replicas": None}, "fail"),
    ({"kind": "StatefulSet", "replicas": 1}, "fail"), ({"kind": "Deployment", "replicas": 2}, "pass"),
])
def test_workloads_that_need_replicas(workload, verdict):
    tables = {"workloads": [workload], "disruption_budgets": [{"has_selector": True, "min_available": "1"}]}
    assert verdicts("workloads.replicated_with_disruption_budget", tables)[0][0] == verdict


def test_a_deployment_that_an_operator_owns_is_judged():
    owner = {"kind": "Deployment", "name": "workload-0", "owner_kind": "Elasticsearch", "owner": "a", "owner_uid": "b",
             "controller": True}
    tables = {"workloads": [{"replicas": 1}], "workload_owners": [owner]}
    assert verdicts("workloads.replicated_with_disruption_budget", tables)[0][0] == "fail"


# --- admission -----------------------------------------------------------------------------------------------------


def test_another_engine_leaves_pod_security_open():
    webhook = {"namespaces": [{"name": "web"}, {"name": "free"}, {"name": "safe"}],
               "namespace_labels": [{"namespace": "free", "key": "ignore", "value": "yes"},
                                    {"namespace": "safe", "key": ENFORCE, "value": "baseline"}],
               "webhooks": [{"name": "validation.gatekeeper.sh"}],
               "webhook_rules": [{"webhook": "validation.gatekeeper.sh", **PODS_RULE}],
               "webhook_selectors": [{"webhook": "validation.gatekeeper.sh", "of": "namespaceSelector", "key": "ignore",
                                      "operator": "DoesNotExist", "form": "expressions", "value": None}]}
    web, free, safe = verdicts("admission.pod_security_enforced", webhook)
    assert web[0] == "unknown" and "validation.gatekeeper.sh" in web[1]
    assert free[0] == "fail" and safe[0] == "pass"


def test_a_file_of_the_api_server_may_hold_what_namespaces_enforce_by_default():
    world = {"namespaces": [{"name": "web"}, {"name": "open"}, {"name": "safe"}],
             "namespace_labels": [{"namespace": "open", "key": ENFORCE, "value": "privileged"},
                                  {"namespace": "safe", "key": ENFORCE, "value": "baseline"},
                                  {"namespace": "safe", "key": f"{ENFORCE}-version", "value": "v1.30"}],
             "kube-apiserver": ["--admission-control-config-file=/etc/admission.yaml"]}
    web, open_, safe = verdicts("admission.pod_security_enforced", world)
    assert web[0] == "unknown" and "file of the control plane" in web[1]
    assert open_[0] == "fail"
    assert safe[0] == "unknown", "the file may exempt this namespace from its labels"
    assert verdicts("admission.pod_security_enforced", world | {"kube-apiserver": ["--profiling=false"]})[0][0] == "fail"


@pytest.mark.parametrize(("labels", "verdict", "said"), [
    ({"enforce": "bogus"}, "pass", "restricted (latest) is enforced; invalid labels: "
                                   "pod-security.kubernetes.io/enforce=bogus"),
    ({"enforce": ""}, "pass", "restricted (latest) is enforced"),
    ({"enforce": "baseline", "enforce-version": "1.30"}, "pass", "baseline (latest) is enforced"),
    ({"enforce": "privileged", "enforce-version": "x"}, "fail", "privileged (latest) is enforced"),
    ({"warn": "bogus"}, "fail", "privileged (latest) is enforced"),
    ({"enforce": "baseline"}, "pass", "enforce=baseline, enforce_version=latest"),
    ({}, "fail", "enforce=not set, enforce_version=not set"),
])
def test_a_level_that_is_not_valid_refuses_as_restricted_does(labels, verdict, said):
    world = {"namespaces": [{}], "namespace_labels": [
        {"key": f"pod-security.kubernetes.io/{key}", "value": value} for key, value in labels.items()]}
    (found, reason), = verdicts("admission.pod_security_enforced", world)
    assert found == verdict and reason.startswith(said)


@pytest.mark.parametrize(("change", "verdict"), [
    ({"type": "Mutating"}, "fail"), ({"operation": "DELETE"}, "fail"), ({"resource": "pods/exec"}, "fail"),
    ({"group": "apps"}, "fail"), ({"scope": "Cluster"}, "fail"), ({"resource": "*"}, "unknown"),
    ({"operation": "*", "group": "*", "resource": "*/*"}, "unknown"),
])
def test_only_webhooks_that_can_refuse_pods_are_another_engine(change, verdict):
    rule = {**PODS_RULE, "webhook": "a", **change}
    hook = {"name": "a", "type": rule.get("type", "Validating")}
    tables = {"namespaces": [{}], "webhooks": [hook], "webhook_rules": [rule]}
    assert verdicts("admission.pod_security_enforced", tables)[0][0] == verdict


@pytest.mark.parametrize(("action", "verdict"), [("Deny", "unknown"), ("Audit", "fail")])
def test_a_policy_on_pods_is_another_engine_where_it_denies(action, verdict):
    tables = {"namespaces": [{}], "admission_policies": [{"validations_count": 1}], "admission_policy_rules": [PODS_RULE],
              "admission_policy_bindings": [{"policy": "policy-0", "action": action}]}
    assert verdicts("admission.pod_security_enforced", tables)[0][0] == verdict


@pytest.mark.parametrize("change", [
    {"kube-apiserver": ["--enable-admission-plugins=ImagePolicyWebhook"]},
    {"kube-apiserver": ["--enable-admission-plugins=$(A)"]},
    {"kube-apiserver": None}, {"webhooks": [{"name": "validate.kyverno.svc-fail"}]},
    {"webhooks": [{"name": "policy.sigstore.dev", "failure_policy": "Ignore"}]},
    {"webhooks": [{"name": "policy.sigstore.dev", "conditions_count": 1}]},
    {"webhooks": [{"name": "policy.sigstore.dev"}],
     "webhook_selectors": [{"webhook": "policy.sigstore.dev", "of": "objectSelector", "key": "a", "value": "b"}]},
])
def test_provenance_is_unknown_where_something_may_verify_images(change):
    tables = {"kube-apiserver": [], "namespaces": [{}], **change}
    tables = {name: rows for name, rows in tables.items() if rows is not None}
    for hook in tables.get("webhooks", []):
        tables["webhook_rules"] = [{"webhook": hook["name"], **PODS_RULE}]
    verdict, reason = verdicts("admission.image_provenance_policy", tables)[0]
    assert verdict == "unknown" and reason.startswith("whether these verify image signatures is not known")


def test_policies_that_mutate_are_out_of_scope():
    assert verdicts("admission.validating_policies_enforced", {"admission_policies": [{"type": "Mutating"}]})[0][0] == \
        "not_applicable"


# --- Secrets and volumes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [
    {"containers": [{"image": "hashicorp/vault:1.18.0", "namespace": "vault"}]},
    {"containers": [{"image": "quay.io/openbao/openbao@sha256:00", "namespace": "vault"}]},
    {"crds": [{"group": "secrets.infisical.com"}]},
])
def test_a_store_in_the_cluster_leaves_open_who_reads_from_it(more):
    assert verdicts("secrets.external_store_in_use", {"namespaces": [{}], "secrets": [{}], **more})[0][0] == "unknown"


def test_images_that_only_contain_the_word_are_no_store():
    containers = [{"image": "acme/vault-exporter:1"}, {"image": "acme/my-vault/web:1"}]
    tables = {"namespaces": [{}], "secrets": [{}], "containers": containers}
    assert verdicts("secrets.external_store_in_use", tables)[0][0] == "fail"


@pytest.mark.parametrize("change", [
    {"name": "static-volume"}, {"csi_driver": "pd.csi.storage.gke.io"}, {"csi_driver": None, "type": "hostPath"},
    {"storage_class": None}, {"storage_class": "gone"}, {"created": "2024-01-01T00:00:00Z"},
])
def test_a_volume_that_its_class_did_not_make_is_unknown(change):
    driver = "ebs.csi.aws.com"
    volume = {"name": PVC, "storage_class": "gp3", "csi_driver": driver, "created": "2025-02-01T00:00:00Z"}
    storage_class = {"name": "gp3", "provisioner": driver, "encrypted": "true", "created": "2025-01-01T00:00:00Z"}
    tables = {"storage_classes": [storage_class], "persistent_volumes": [volume | change]}
    assert verdicts("storage.volumes_encrypted", tables)[0][0] == "unknown"


def encryption(provisioner: str, **parameters: str) -> str:
    """The verdict on a volume of a class with these parameters, as an API server lists them."""
    rows = frames([
        {"kind": "StorageClass", "metadata": {"name": "c"}, "provisioner": provisioner, "parameters": parameters},
        {"kind": "PersistentVolume", "metadata": {"name": PVC}, "spec": {
            "storageClassName": "c", "csi": {"driver": provisioner, "volumeHandle": "v"}}}])
    check = find("storage.volumes_encrypted")
    [ok] = check(*derived(rows, *check.tables)).ok.tolist()
    return {True: "pass", False: "fail"}.get(ok, "unknown")


@pytest.mark.parametrize(("provisioner", "parameters", "verdict"), [
    *(("ebs.csi.aws.com", {"encrypted": value}, verdict) for value, verdict in (
        ("true", "pass"), ("false", "fail"), ("True", "unknown"), ("1", "unknown"), ("perhaps", "unknown"))),
    ("ebs.csi.aws.com", {}, "unknown"), ("ebs.csi.aws.com", {"type": "gp3", "kmsKeyId": "k"}, "unknown"),
    ("ebs.csi.eks.amazonaws.com", {"encrypted": "true"}, "pass"),
    ("ebs.csi.eks.amazonaws.com", {"encrypted": "TRUE"}, "unknown"),
    *(("rook-ceph.rbd.csi.ceph.com", {"encrypted": value}, verdict) for value, verdict in (
        ("true", "pass"), ("True", "pass"), ("1", "pass"), ("F", "fail"), ("tRUE", "unknown"), ("yes", "unknown"))),
    ("cephfs.csi.ceph.com", {}, "unknown"), ("rbd.csi.ceph.com.evil.example", {"encrypted": "true"}, "unknown"),
    ("driver.longhorn.io", {"encrypted": "true"}, "pass"), ("driver.longhorn.io", {"secure": "true"}, "unknown"),
    ("pxd.portworx.com", {"secure": "true"}, "pass"), ("pxd.portworx.com", {"encrypted": "true"}, "unknown"),
    ("pxd.portworx.com", {"secure": "0"}, "fail"),
    ("disk.csi.azure.com", {}, "unknown"), ("disk.csi.azure.com", {"encrypted": "true"}, "unknown"),
    ("disk.csi.azure.com", {"diskEncryptionSetID": "/subscriptions/a"}, "pass"),
    ("disk.csi.azure.com", {"diskencryptionsetid": "/subscriptions/a"}, "pass"),
    ("pd.csi.storage.gke.io", {}, "unknown"), ("pd.csi.storage.gke.io", {"encrypted": "true"}, "unknown"),
    ("cinder.csi.openstack.org", {"type": "luks", "encrypted": "true"}, "unknown"),
    ("csi.vsphere.vmware.com", {"storagepolicyname": "encrypted"}, "unknown"),
    ("efs.csi.aws.com", {"encrypted": "true"}, "unknown"), ("acme.example", {"encrypted": "true"}, "unknown"),
    ("acme.example", {"encrypted": "false"}, "unknown"),
])
def test_parameters_are_read_as_strictly_as_their_driver_does(provisioner, parameters, verdict):
    assert encryption(provisioner, **parameters) == verdict


@pytest.mark.parametrize(("value", "verdict"), [("true", "pass"), ("True", "unknown"), ("false", "fail")])
def test_a_volume_of_the_former_provisioner_is_read_as_before_and_after_its_migration(value, verdict):
    tables = {"storage_classes": [{"name": "a", "provisioner": "kubernetes.io/aws-ebs", "encrypted": value}],
              "persistent_volumes": [{"name": PVC, "storage_class": "a", "type": "awsElasticBlockStore"}]}
    assert verdicts("storage.volumes_encrypted", tables)[0][0] == verdict


def test_what_to_ask_of_a_class_that_does_not_say():
    tables = {"storage_classes": [{"name": "a", "provisioner": "ebs.csi.aws.com"}],
              "persistent_volumes": [{"name": PVC, "storage_class": "a", "csi_driver": "ebs.csi.aws.com"}]}
    [(verdict, reason)] = verdicts("storage.volumes_encrypted", tables)
    assert verdict == "unknown" and "encrypts new EBS volumes by default" in reason


def test_a_volume_without_a_policy_is_unknown():
    assert verdicts("storage.reclaim_policy_known", {"persistent_volumes": [{"phase": "Bound"}]})[0][0] == "unknown"


@pytest.mark.parametrize("check", ["quotas.namespaces_have_quota", "quotas.namespaces_have_limit_range",
                                   "admission.pod_security_enforced", "admission.image_provenance_policy"])
def test_namespaces_of_kubernetes_are_exempt_unless_a_control_says_otherwise(check):
    tables = {"kube-apiserver": [], "namespaces": [{"name": "kube-system"}, {"name": "default"}]}
    assert [verdict for verdict, _ in verdicts(check, tables)] == ["not_applicable", "fail"]
    assert [verdict for verdict, _ in verdicts(check, tables, exempt=[])] == ["fail", "fail"]


WINDOWS = {"nodes": [{"os": "windows"}, {"name": "lin", "os": "linux"}], "containers": [{}]}


@pytest.mark.parametrize("name", ["no_privilege_escalation", "no_net_raw", "all_capabilities_dropped",
                                  "seccomp_profile_set"])
@pytest.mark.parametrize(("pod", "selectors", "verdict"), [
    ({"node": "node-0"}, [], "not_applicable"),
    ({}, [{"key": "kubernetes.io/os", "value": "windows"}], "not_applicable"),
    ({"os_name": "windows"}, [], "not_applicable"),
    ({"node": "lin", "os_name": "windows"}, [], "fail"),
    ({"os_name": "linux"}, [{"key": "kubernetes.io/os", "value": "windows"}], "fail"),
    ({}, [{"pod": "other", "key": "kubernetes.io/os", "value": "windows"}], "fail"),
    ({}, [], "fail"),
])
def test_a_pod_on_windows_is_known_by_its_node_by_itself_or_by_what_it_asks_for(name, pod, selectors, verdict):
    tables = WINDOWS | {"pods": [pod], "pod_node_selectors": selectors}
    assert verdicts(f"workloads.{name}", tables)[0][0] == verdict


@pytest.mark.parametrize(("context", "verdict"), [
    ({}, "unknown"), ({"run_as_non_root": True}, "unknown"), ({"run_as_user": 1000}, "unknown"),
    ({"windows_user": "ContainerUser"}, "pass"), ({"windows_user": "CONTAINERADMINISTRATOR"}, "fail"),
    ({"windows_user": "NT AUTHORITY\\SYSTEM", "windows_host_process": True}, "fail"),
    ({"windows_user": "ops", "windows_host_process": True}, "unknown"),
    *(({"windows_user": user}, "fail") for user in (
        "User Manager\\ContainerAdministrator", "BUILTIN\\Administrators", "HOST\\Administrator", " administrator ",
        "NT AUTHORITY\\LocalSystem", "NT AUTHORITY\\Local System", "S-1-5-18", "s-1-5-93-2-1", "Administrator@host",
        "S-1-5-21-1-2-3-500")),
    ({"windows_user": "SHOP\\web"}, "pass"), ({"windows_user": "ADMINISTRATOR\\web"}, "pass"),
    ({"windows_user": ""}, "unknown"), ({"windows_user": " "}, "unknown"),
])
def test_who_a_windows_container_runs_as(context, verdict):
    tables = WINDOWS | {"pods": [{"node": "node-0"} | context]}
    assert verdicts("workloads.run_as_non_root", tables)[0][0] == verdict


def security_contexts(pod: dict, container: dict) -> list[str]:
    """The verdicts on a pod with these security contexts, as an API server lists it."""
    thing = {"kind": "Pod", "metadata": {"name": "p", "namespace": "web"}, "spec": {
        "securityContext": pod, "containers": [{"name": "c", "image": "i", "securityContext": container}]}}
    rows = frames([thing])
    check = find("workloads.security_context_set")
    return check(*derived(rows, *check.tables)).ok.tolist()


@pytest.mark.parametrize(("pod", "container", "ok"), [
    ({}, {}, False), ({}, {"capabilities": {}}, False), ({}, {"privileged": None}, False),
    ({"seLinuxOptions": {}}, {"windowsOptions": {}}, False),
    ({}, {"capabilities": {"drop": [], "add": []}}, False), ({"sysctls": []}, {}, False),
    ({"supplementalGroups": []}, {}, False), ({}, {"capabilities": {"add": [], "drop": ["ALL"]}}, True),
    ({}, {"privileged": False}, True), ({}, {"procMount": "Default"}, True), ({}, {"runAsGroup": 5}, True),
    ({}, {"capabilities": {"drop": ["ALL"]}}, True), ({"fsGroup": 1}, {}, True), ({"runAsGroup": 1}, {}, True),
    ({"supplementalGroups": [1]}, {}, True), ({"sysctls": [{"name": "a", "value": "1"}]}, {}, True),
    ({"windowsOptions": {"runAsUserName": "ContainerUser"}}, {}, True),
])
def test_a_security_context_in_which_nothing_is_set_states_nothing(pod, container, ok):
    assert security_contexts(pod, container) == [ok]


@pytest.mark.parametrize(("pod", "container"), [
    ({}, {"privileged": True}), ({}, {"allowPrivilegeEscalation": True}), ({}, {"runAsUser": 0}),
    ({}, {"runAsNonRoot": False}), ({"runAsUser": 0, "runAsGroup": 0, "fsGroup": 0}, {}),
    ({}, {"capabilities": {"add": ["NET_ADMIN"]}}), ({}, {"procMount": "Unmasked"}),
    ({}, {"readOnlyRootFilesystem": False}), ({"seccompProfile": {"type": "Unconfined"}}, {}),
    ({}, {"appArmorProfile": {"type": "Unconfined"}}), ({}, {"seLinuxOptions": {"type": "spc_t"}}),
    ({"windowsOptions": {"hostProcess": True}}, {}), ({"windowsOptions": {"runAsUserName": "ContainerAdministrator"}}, {}),
    ({"seccompProfile": {"type": "RuntimeDefault"}}, {"seccompProfile": {"type": "Unconfined"}}),  # the container's counts
    ({"runAsNonRoot": True}, {"runAsNonRoot": False}), ({"runAsUser": 1000}, {"runAsUser": 0}),
    ({"seccompProfile": {"type": "RuntimeDefault"}}, {"privileged": True}),  # a privileged container gets none of these
    ({}, {"privileged": True, "capabilities": {"drop": ["ALL"]}}),
])
def test_a_security_context_that_only_makes_things_worse_states_nothing(pod, container):
    assert security_contexts(pod, container) == [False]


@pytest.mark.parametrize(("pod", "container"), [
    ({}, {"privileged": True, "runAsNonRoot": True}), ({}, {"allowPrivilegeEscalation": False}),
    ({"runAsUser": 0}, {"runAsUser": 1000}), ({}, {"readOnlyRootFilesystem": True}),
    ({}, {"seLinuxOptions": {"level": "s0:c1,c2"}}), ({}, {"seLinuxOptions": {"type": "container_t"}}),
    ({"appArmorProfile": {"type": "RuntimeDefault"}}, {}), ({"windowsOptions": {"hostProcess": False}}, {}),
    ({"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}}, {"capabilities": {"add": ["CHOWN"]}}),
])
def test_a_security_context_that_limits_something_is_set(pod, container):
    assert security_contexts(pod, container) == [True]


@pytest.mark.parametrize(("phase", "verdict"), [
    ("Succeeded", "not_applicable"), ("Failed", "not_applicable"), ("Running", "fail"), (None, "fail")])
def test_a_pod_that_has_ended_uses_no_token(phase, verdict):
    tables = {"pods": [{"phase": phase}], "service_accounts": [{"name": "default"}]}
    assert verdicts("workloads.token_mounted_only_where_needed", tables)[0][0] == verdict


def test_every_collected_kind_of_object_counts_in_the_namespace_default():
    """A table of things in namespaces that nobody added to `namespaced_objects` would be overlooked."""
    inside = set(inputs(derivation("namespaced_objects")))
    objects = {name for name, table in TABLES.items() if {"namespace", "name"} <= set(table.key)
               and table.sources[0] in RESOURCES and table.rows[0].path == ""}
    missing = objects - inside
    assert not missing


ENDED_CHECKS = sorted(name for name, check in all_checks().items() if name.partition(".")[0] in ("workloads", "pss")
                      and check.tables[0] in ("all_pods", "all_containers"))


@pytest.mark.parametrize("check", [*ENDED_CHECKS, "secrets.not_in_environment"])
@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_of_a_pod_that_has_ended_nothing_runs(check, phase):
    given = {"pods": [{"phase": phase, "host_network": True, "host_pid": True, "host_ipc": True}],
             "service_accounts": [{"name": "default"}], "volumes": [{"type": "hostPath", "host_path": "/"}],
             "containers": [{"privileged": True, "image": "a"}], "container_env": [{"secret": "a", "name": "A"}],
             "container_ports": [{"port": 80, "host_port": 80}]}
    assert {verdict for verdict, _ in verdicts(check, given)} == {"not_applicable"}


def test_a_pod_that_has_ended_is_still_kept_in_its_namespace():
    given = {"pods": [{"namespace": "default", "phase": "Succeeded"}]}
    assert [verdict for verdict, _ in verdicts("workloads.default_namespace_unused", given)] == ["fail"]


@pytest.mark.parametrize(("own", "of_pod", "verdict"), [
    (None, "Always", "not_applicable"), ("Always", "Always", "fail"), ("Never", "Always", "not_applicable"),
    ("OnFailure", "Always", "not_applicable"), ("Always", "Never", "not_applicable"),
    ("Always", "OnFailure", "not_applicable")])
def test_a_sidecar_is_an_init_container_that_serves(own, of_pod, verdict):
    given = {"pods": [{"restart_policy": of_pod}], "containers": [{"type": "init", "restart_policy": own}]}
    assert [found for found, _ in verdicts("workloads.probes_set", given)] == [verdict]


PINNED = "a@sha256:" + "0" * 64


@pytest.mark.parametrize(("volumes", "pinned", "tagged"), [
    ([{"type": "image", "image": PINNED}], "pass", "pass"),
    ([{"type": "image", "image": "a:1"}], "fail", "pass"),
    ([{"type": "image", "image": "a:latest"}], "fail", "fail"),
    ([{"type": "image", "image": "a"}, {"type": "image", "image": PINNED}], "fail", "fail"),
    ([{"type": "image", "image": "a", "pod": "other"}, {"type": "emptyDir"}], "pass", "pass"),
])
def test_the_images_of_volumes_count_as_those_of_containers(volumes, pinned, tagged):
    given = {"pods": [{}], "containers": [{"image": PINNED}], "volumes": volumes}
    assert verdicts("workloads.images_pinned_by_digest", given)[0][0] == pinned
    assert verdicts("workloads.no_latest_tag", given)[0][0] == tagged
