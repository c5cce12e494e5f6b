"""On the recorded cluster: who fails each check, derived here once more from the raw answers by plain loops."""

import gzip
import json
import re
from pathlib import Path

import pytest

from auditkit.api.snapshots import collect
from auditkit.checks import find
from auditkit.evaluation.engine import run

RECORDING = Path(__file__).parents[1] / "clusters" / "acme-prod"
LISTS = {
    "pods": "api__v1__pods", "services": "api__v1__services", "accounts": "api__v1__serviceaccounts",
    "namespaces": "api__v1__namespaces", "quotas": "api__v1__resourcequotas", "limits": "api__v1__limitranges",
    "deployments": "apis__apps__v1__deployments", "statefulsets": "apis__apps__v1__statefulsets",
    "daemonsets": "apis__apps__v1__daemonsets", "replicasets": "apis__apps__v1__replicasets",
    "jobs": "apis__batch__v1__jobs", "cronjobs": "apis__batch__v1__cronjobs",
    "budgets": "apis__policy__v1__poddisruptionbudgets", "volumes": "api__v1__persistentvolumes",
    "secrets": "api__v1__secrets",
    "webhooks": "apis__admissionregistration.k8s.io__v1__validatingwebhookconfigurations",
}
SYSTEM = {"kube-system", "kube-public", "kube-node-lease"}


@pytest.fixture(scope="module")
def snapshot():
    return collect(recording=RECORDING)


@pytest.fixture(scope="module")
def raw():
    found = {name: json.loads(gzip.decompress((RECORDING / f"{file}%3Flimit%3D500.json.gz").read_bytes()))["items"]
             for name, file in LISTS.items()}
    return found | {"written": [*found["pods"], *idle(found)]}


def idle(raw):
    """The templates of controllers that no other owns and that have no pod which has not ended, like pods."""
    kinds = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets",
             "ReplicaSet": "replicasets", "Job": "jobs", "CronJob": "cronjobs"}
    above = {(kind, *of(thing)): (owner["kind"], of(thing)[0], owner["name"]) for kind, name in (
        *kinds.items(), ("Pod", "pods")) for thing in raw[name] for owner in thing["metadata"].get("ownerReferences", [])}
    busy = set()
    for pod in raw["pods"]:
        if pod["status"]["phase"] in ("Running", "Pending", "Unknown"):
            place = ("Pod", *of(pod))
            while place := above.get(place):
                busy.add(place)
    return [{"metadata": thing["metadata"], "spec": template(thing)} for kind, name in kinds.items() for thing in raw[name]
            if (kind, *of(thing)) not in busy and (kind, *of(thing)) not in above]


def template(thing):
    return (thing["spec"].get("jobTemplate") or thing)["spec"]["template"]["spec"]


def subjects(snapshot, check, verdict):
    rows = run(find(check), snapshot).rows(verdict)
    return {tuple(part for part in row if isinstance(part, str))
            for row in rows[["namespace", "name", "container"]].itertuples(index=False)}


def of(thing):
    return thing["metadata"].get("namespace"), thing["metadata"]["name"]


def containers(pod):
    spec = pod["spec"]
    return [*spec.get("containers", []), *spec.get("initContainers", []), *spec.get("ephemeralContainers", [])]


def context(thing):
    return thing.get("securityContext") or {}


def windows(pod):
    return pod["spec"].get("os", {}).get("name") == "windows"


def effective(pod, container, field):
    own = context(container).get(field)
    return context(pod["spec"]).get(field) if own is None else own


def capabilities(container, action):
    return (context(container).get("capabilities") or {}).get(action) or []


def privileged(container):
    return context(container).get("privileged") is True


def may_be_root(pod, container):
    user = effective(pod, container, "runAsUser")
    return user == 0 if user is not None else effective(pod, container, "runAsNonRoot") is not True


def no_profile(pod, container):
    profile = (effective(pod, container, "seccompProfile") or {}).get("type")
    return privileged(container) or profile not in ("RuntimeDefault", "Localhost")


def is_latest(image):
    last = image.rpartition("/")[2]
    return "@" not in image and (":" not in last or last.endswith(":latest"))


OF_CONTAINERS = {
    "no_privileged_containers": lambda p, c: privileged(c),
    "no_host_ports": lambda p, c: any(port.get("hostPort") for port in c.get("ports", [])),
    "no_windows_host_process": lambda p, c: (effective(p, c, "windowsOptions") or {}).get("hostProcess") is True,
    "no_privilege_escalation": lambda p, c: not windows(p) and (
        context(c).get("allowPrivilegeEscalation") is not False or privileged(c)),
    "run_as_non_root": may_be_root,
    "no_net_raw": lambda p, c: not windows(p) and (
        not {"ALL", "NET_RAW"} & set(capabilities(c, "drop")) or privileged(c)
        or bool({"ALL", "NET_RAW"} & set(capabilities(c, "add")))),
    "all_capabilities_dropped": lambda p, c: not windows(p) and (
        "ALL" not in capabilities(c, "drop") or privileged(c)
        or bool(set(capabilities(c, "add")) - {"NET_BIND_SERVICE"})),
    "seccomp_profile_set": lambda p, c: not windows(p) and no_profile(p, c),
    "read_only_root_filesystem": lambda p, c: not windows(p) and context(c).get("readOnlyRootFilesystem") is not True,
    "images_pinned_by_digest": lambda p, c: not re.search(r"@sha256:[0-9a-f]{64}$", c["image"]),
    "no_latest_tag": lambda p, c: is_latest(c["image"]),
    "resource_limits_set": lambda p, c: c not in p["spec"].get("ephemeralContainers", []) and not (
        {"cpu", "memory"} <= set((c.get("resources") or {}).get("limits") or {})),
    "probes_set": lambda p, c: c in p["spec"]["containers"] and p["spec"]["restartPolicy"] == "Always" and not (
        "livenessProbe" in c and "readinessProbe" in c),
}

OF_PODS = {
    "no_host_pid": lambda p: p["spec"].get("hostPID", False),
    "no_host_ipc": lambda p: p["spec"].get("hostIPC", False),
    "no_host_network": lambda p: p["spec"].get("hostNetwork", False),
    "no_host_path": lambda p: any("hostPath" in volume for volume in p["spec"].get("volumes", [])),
}


@pytest.mark.parametrize("check", OF_CONTAINERS)
def test_containers_that_fail(snapshot, raw, check):
    wanted = {(*of(pod), container["name"]) for pod in raw["written"] for container in containers(pod)
              if OF_CONTAINERS[check](pod, container)}
    assert wanted
    assert subjects(snapshot, f"workloads.{check}", "fail") == wanted
    assert not subjects(snapshot, f"workloads.{check}", "unknown")


def test_there_are_templates_without_pods(raw):
    assert len(raw["written"]) > len(raw["pods"])


@pytest.mark.parametrize("check", OF_PODS)
def test_pods_that_fail(snapshot, raw, check):
    wanted = {of(pod) for pod in raw["written"] if OF_PODS[check](pod)}
    assert wanted
    assert subjects(snapshot, f"workloads.{check}", "fail") == wanted


def test_pods_that_get_a_token(snapshot, raw):
    by_account = {of(account): account.get("automountServiceAccountToken", True) for account in raw["accounts"]}
    mirrors = {of(pod) for pod in raw["pods"]
               if "kubernetes.io/config.mirror" in pod["metadata"].get("annotations", {})}
    wanted = set()
    for pod in raw["written"]:
        if of(pod) in mirrors:
            continue
        account = by_account[of(pod)[0], pod["spec"].get("serviceAccountName", "default")]
        if pod["spec"].get("automountServiceAccountToken", account):
            wanted.add(of(pod))
    assert wanted and mirrors
    assert subjects(snapshot, "workloads.token_mounted_only_where_needed", "fail") == wanted
    assert subjects(snapshot, "workloads.token_mounted_only_where_needed", "not_applicable") == mirrors


def test_secrets_in_the_environment(snapshot, raw):
    def takes(container):
        return (any("secretKeyRef" in (env.get("valueFrom") or {}) for env in container.get("env", []))
                or any("secretRef" in source for source in container.get("envFrom", [])))
    wanted = {(*of(pod), c["name"]) for pod in raw["written"] for c in containers(pod) if takes(c)}
    assert wanted
    assert subjects(snapshot, "secrets.not_in_environment", "fail") == wanted


def test_tokens_that_live_for_ever(snapshot, raw):
    wanted = {of(secret) for secret in raw["secrets"] if secret["type"] == "kubernetes.io/service-account-token"}
    assert wanted
    assert subjects(snapshot, "secrets.no_legacy_token_secrets", "fail") == wanted


def test_workloads_that_do_not_outlive_a_node(snapshot, raw):
    def covered(workload):
        labels = workload["spec"]["template"]["metadata"].get("labels", {})
        return any(of(budget)[0] == of(workload)[0] and set(budget["spec"]["selector"]["matchLabels"].items())
                   <= set(labels.items()) for budget in raw["budgets"])
    workloads = [*raw["deployments"], *raw["statefulsets"]]
    wanted = {of(w) for w in workloads if w["spec"]["replicas"] == 1 or (w["spec"]["replicas"] and not covered(w))}
    found = subjects(snapshot, "workloads.replicated_with_disruption_budget", "fail")
    owned = {of(w) for w in workloads}
    assert wanted and {subject for subject in found if subject in owned} == wanted
    assert subjects(snapshot, "workloads.replicated_with_disruption_budget", "pass") == {
        of(w) for w in workloads if w["spec"]["replicas"] > 1 and covered(w)}


@pytest.mark.parametrize(("check", "satisfied"), [
    ("admission.pod_security_enforced", lambda raw: {
        n["metadata"]["name"] for n in raw["namespaces"]
        if n["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") in ("baseline", "restricted")}),
    ("quotas.namespaces_have_quota", lambda raw: {
        quota["metadata"]["namespace"] for quota in raw["quotas"] if quota["spec"]["hard"]}),
    ("quotas.namespaces_have_limit_range", lambda raw: {
        r["metadata"]["namespace"] for r in raw["limits"]
        if any(item["type"] == "Container" and ("default" in item or "max" in item) for item in r["spec"]["limits"])}),
])
def test_namespaces_that_fail(snapshot, raw, check, satisfied):
    names = {n["metadata"]["name"] for n in raw["namespaces"]} - SYSTEM
    assert satisfied(raw)
    assert subjects(snapshot, check, "fail") == {(name,) for name in names - satisfied(raw)}
    assert subjects(snapshot, check, "pass") == {(name,) for name in names & satisfied(raw)}
    assert subjects(snapshot, check, "not_applicable") == {(name,) for name in SYSTEM}


def test_webhooks_that_let_pass(snapshot, raw):
    wanted = {(hook["name"],) for configuration in raw["webhooks"] for hook in configuration["webhooks"]
              if hook["failurePolicy"] == "Ignore"}
    assert wanted
    assert subjects(snapshot, "admission.webhooks_fail_closed", "fail") == wanted


def flags(raw, component):
    """The arguments of a static pod, in the one form that this cluster uses."""
    pod = next(pod for pod in raw["pods"] if pod["metadata"].get("labels", {}).get("component") == component)
    arguments = pod["spec"]["containers"][0]["command"][1:]
    return dict(argument.removeprefix("--").partition("=")[::2] for argument in arguments)


def items(told, flag):
    return told.get(flag, "").split(",")


FLAGS = [
    ("api_server.client_ca_file", lambda f: "client-ca-file" in f),
    ("api_server.kubelet_certificate_authority", lambda f: "kubelet-certificate-authority" in f),
    ("api_server.kubelet_client_certificate", lambda f: {"kubelet-client-certificate", "kubelet-client-key"} <= set(f)),
    ("api_server.etcd_ca_file", lambda f: "etcd-cafile" in f),
    ("api_server.etcd_client_certificate", lambda f: {"etcd-certfile", "etcd-keyfile"} <= set(f)),
    ("api_server.tls_certificate", lambda f: {"tls-cert-file", "tls-private-key-file"} <= set(f)),
    ("api_server.audit_log_path", lambda f: {"audit-log-path", "audit-policy-file"} <= set(f)),
    ("api_server.audit_policy_file", lambda f: "audit-policy-file" in f),
    ("api_server.encryption_provider_config", lambda f: "encryption-provider-config" in f),
    ("api_server.service_account_key_file", lambda f: "service-account-key-file" in f),
    ("api_server.no_token_auth_file", lambda f: "token-auth-file" not in f),
    ("api_server.anonymous_auth_disabled", lambda f: f.get("anonymous-auth") == "false"),
    ("api_server.profiling_disabled", lambda f: f.get("profiling") == "false"),
    ("api_server.service_account_lookup", lambda f: f.get("service-account-lookup", "true") == "true"),
    ("api_server.no_extended_token_expiration", lambda f: f.get("service-account-extend-token-expiration") == "false"),
    ("api_server.authorization_not_always_allow",
     lambda f: "AlwaysAllow" not in f.get("authorization-mode", "AlwaysAllow").split(",")),
    ("api_server.authorization_includes_node", lambda f: "Node" in items(f, "authorization-mode")),
    ("api_server.authorization_includes_rbac", lambda f: "RBAC" in items(f, "authorization-mode")),
    ("api_server.always_pull_images", lambda f: "AlwaysPullImages" in items(f, "enable-admission-plugins")),
    ("api_server.event_rate_limit", lambda f: "EventRateLimit" in items(f, "enable-admission-plugins")),
    ("api_server.node_restriction_plugin", lambda f: "NodeRestriction" in items(f, "enable-admission-plugins")),
    ("api_server.service_account_plugin", lambda f: "ServiceAccount" not in f.get("disable-admission-plugins", "")),
    *((f"api_server.audit_log_{name}", lambda f, name=name, default=default, least=least:
       "audit-policy-file" in f and int(f.get(f"audit-log-{name}", default)) >= least)
      for name, default, least in (("maxage", 366, 30), ("maxbackup", 100, 10), ("maxsize", 100, 100))),
    ("api_server.strong_ciphers", lambda f: "tls-cipher-suites" in f),
    ("controller_manager.profiling_disabled", lambda f: f.get("profiling") == "false"),
    ("controller_manager.bind_address_local", lambda f: f.get("bind-address") == "127.0.0.1"),
    ("controller_manager.terminated_pod_gc", lambda f: "terminated-pod-gc-threshold" in f),
    ("controller_manager.root_ca_file", lambda f: "root-ca-file" in f),
    ("controller_manager.service_account_credentials", lambda f: f.get("use-service-account-credentials") == "true"),
    ("scheduler.profiling_disabled", lambda f: f.get("profiling") == "false"),
    ("scheduler.bind_address_local", lambda f: f.get("bind-address") == "127.0.0.1"),
    ("etcd.client_cert_auth", lambda f: f.get("client-cert-auth") == "true"),
    ("etcd.peer_client_cert_auth", lambda f: f.get("peer-client-cert-auth") == "true"),
    ("etcd.server_certificate", lambda f: {"cert-file", "key-file"} <= set(f)),
    ("etcd.no_auto_tls", lambda f: f.get("auto-tls", "false") == "false"),
]
COMPONENTS = {"api_server": "kube-apiserver", "controller_manager": "kube-controller-manager",
              "scheduler": "kube-scheduler", "etcd": "etcd"}


@pytest.mark.parametrize(("check", "satisfied"), FLAGS)
def test_flags_of_the_control_plane(snapshot, raw, check, satisfied):
    component = COMPONENTS[check.partition(".")[0]]
    verdict = "pass" if satisfied(flags(raw, component)) else "fail"
    assert subjects(snapshot, check, verdict) == {("kube-system", f"{component}-acme-cp0")}


@pytest.mark.parametrize("check", ["kubelet.anonymous_auth_disabled", "kubelet.read_only_port_closed",
                                   "node_files.permissions", "kube_proxy.metrics_local"])
def test_what_no_answer_shows_is_unknown(snapshot, raw, check):
    outcome = run(find(check), snapshot)
    assert outcome.counts["unknown"] == len(outcome.population) > 0


def test_only_the_volume_whose_disk_cannot_be_seen_is_unknown(snapshot, raw):
    assert subjects(snapshot, "storage.volumes_encrypted", "unknown") == {
        (volume["metadata"]["name"],) for volume in raw["volumes"] if "csi" not in volume["spec"]}
