"""The questions of the comparison: what is asked, of what, the right answer, and the check of each tool that asks it.

A right answer is worked out here from the objects alone, without any code of auditkit. `True` is a pass, `False` a
failure; `None` is not counted, because people can read the question in two ways (a setting that Windows does not have).
A tool that has no check for a question is not asked it. The tools' ids are the checks whose titles ask the same; where
several checks of a tool ask parts of it, all of them count together, and one that fails is enough.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Thing = dict[str, Any]
Right = bool | None


class Question(NamedTuple):
    asks: str
    """What has to hold."""
    of: str
    """What it is asked of: `workload`, `role`, `binding` or a component of the control plane."""
    right: Callable[..., Right]
    """The right answer, of the object (a workload: the specification of its pods; a component: its flags)."""
    auditkit: str
    prowler: str = ""
    checkov: str = ""
    trivy: str = ""

    def check(self, tool: str) -> list[str]:
        """The checks of a tool that ask it; none if the tool does not."""
        return getattr(self, tool).split()


def containers(spec: Thing) -> list[Thing]:
    """Every container of a pod: regular, init and ephemeral."""
    return [*spec["containers"], *(spec.get("initContainers") or ()), *(spec.get("ephemeralContainers") or ())]


def _settings(spec: Thing, name: str) -> list[Any]:
    """A setting of the security context of each container, its own or that of its pod."""
    pod = (spec.get("securityContext") or {}).get(name)
    return [(one.get("securityContext") or {}).get(name, pod) for one in containers(spec)]


def _own(spec: Thing, name: str) -> list[Any]:
    return [(one.get("securityContext") or {}).get(name) for one in containers(spec)]


def _windows(spec: Thing) -> bool:
    return "windows" in ((spec.get("os") or {}).get("name"), (spec.get("nodeSelector") or {}).get("kubernetes.io/os"))


def escalation_refused(spec: Thing) -> Right:
    return None if _windows(spec) else all(one is False for one in _own(spec, "allowPrivilegeEscalation"))


def not_root(spec: Thing) -> Right:
    found = list(zip(_settings(spec, "runAsNonRoot"), _settings(spec, "runAsUser"), strict=True))
    if _windows(spec) or any(non_root and user == 0 for non_root, user in found):
        return None
    return all(non_root or (user or 0) > 0 for non_root, user in found)


def seccomp(spec: Thing) -> Right:
    if _windows(spec) or any(_own(spec, "privileged")):  # the runtime gives a privileged container no profile
        return None
    return all((one or {}).get("type") in ("RuntimeDefault", "Localhost") for one in _settings(spec, "seccompProfile"))


def read_only_root(spec: Thing) -> Right:
    return None if _windows(spec) else all(_own(spec, "readOnlyRootFilesystem"))


def tagged(spec: Thing) -> Right:
    images = [one["image"] for one in containers(spec)]
    if any("@" in image for image in images):
        return None
    tags = [image.rpartition("/")[2].partition(":")[2] for image in images]
    return all(tag not in ("", "latest") for tag in tags)


def no_secret_variables(spec: Thing) -> Right:
    return not any(one.get("secretRef") or (one.get("valueFrom") or {}).get("secretKeyRef")
                   for each in containers(spec) for one in [*(each.get("env") or ()), *(each.get("envFrom") or ())])


def no_host_ports(spec: Thing) -> Right:
    return not any(port.get("hostPort") for one in containers(spec) for port in one.get("ports") or ())


def no_host_path(spec: Thing) -> Right:
    return not any("hostPath" in volume for volume in spec.get("volumes") or ())


def no_wildcard(role: Thing) -> Right:
    """A wildcard for groups or URLs alone is not counted."""
    rules = role.get("rules") or ()
    if any("*" in [*rule.get("resources", ()), *rule["verbs"]] for rule in rules):
        return False
    return None if any("*" in [*rule.get("apiGroups", ()), *rule.get("nonResourceURLs", ())] for rule in rules) else True


def reads_no_secrets(role: Thing) -> Right:
    """Of the role of a binding: it reads no Secrets. A role that reads Secrets by their names only is not counted."""
    found = [rule for rule in role.get("rules") or ()
             if {"*", "secrets"} & set(rule.get("resources", ())) and {"*", ""} & set(rule.get("apiGroups", ()))
             and {"*", "get", "list", "watch"} & set(rule["verbs"])]
    return None if found and all(rule.get("resourceNames") for rule in found) else not found


def _is(flag: str, wanted: str, default: str) -> Callable[[Thing], Right]:
    return lambda flags: flags.get(flag, default) == wanted


def _given(*names: str) -> Callable[[Thing], Right]:
    return lambda flags: all(flags.get(name) for name in names)


def _lists(flag: str, word: str, default: str = "") -> Callable[[Thing], Right]:
    return lambda flags: word in flags.get(flag, default).split(",")


def _without(flag: str, word: str) -> Callable[[Thing], Right]:
    return lambda flags: word not in flags.get(flag, "").split(",")


def _not_disabled(plugin: str) -> Callable[[Thing], Right]:
    """The plugin is one of those that an API server has on by itself."""
    return _without("disable-admission-plugins", plugin)


def _setting(name: str) -> Callable[[Thing], Right]:
    return lambda spec: not any(_own(spec, name))


def _pod_setting(name: str) -> Callable[[Thing], Right]:
    return lambda spec: not spec.get(name)


ON, PLUGINS, MODES = "true", "enable-admission-plugins", "authorization-mode"
API, CONTROLLERS, SCHEDULER, ETCD = "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"
WORKLOADS = "core_minimize_{}_containers"

QUESTIONS = (
    Question("no container is privileged", "workload", _setting("privileged"), "workloads.no_privileged_containers",
             WORKLOADS.format("privileged"), "CKV_K8S_16", "KSV-0017"),
    Question("pods do not share the host's process IDs", "workload", _pod_setting("hostPID"), "workloads.no_host_pid",
             WORKLOADS.format("hostPID"), "CKV_K8S_17", "KSV-0010"),
    Question("pods do not share the host's IPC", "workload", _pod_setting("hostIPC"), "workloads.no_host_ipc",
             WORKLOADS.format("hostIPC"), "CKV_K8S_18", "KSV-0008"),
    Question("pods do not share the host's network", "workload", _pod_setting("hostNetwork"),
             "workloads.no_host_network", WORKLOADS.format("hostNetwork"), "CKV_K8S_19", "KSV-0009"),
    Question("containers refuse privilege escalation", "workload", escalation_refused,
             "workloads.no_privilege_escalation", WORKLOADS.format("allowPrivilegeEscalation"), "CKV_K8S_20", "KSV-0001"),
    Question("no container may run as root", "workload", not_root, "workloads.run_as_non_root",
             "core_minimize_root_containers_admission", "CKV_K8S_23", "KSV-0012"),
    Question("containers have a seccomp profile", "workload", seccomp, "workloads.seccomp_profile_set",
             "core_seccomp_profile_docker_default", "CKV_K8S_31", "KSV-0104"),
    Question("root file systems are read-only", "workload", read_only_root, "workloads.read_only_root_filesystem",
             "core_readonly_root_filesystem_enabled", "CKV_K8S_22", "KSV-0014"),
    Question("no Secret is in an environment variable", "workload", no_secret_variables, "secrets.not_in_environment",
             "core_no_secrets_envs", "CKV_K8S_35"),
    Question("containers use no port of the host", "workload", no_host_ports, "workloads.no_host_ports",
             "core_minimize_admission_hostport_containers", "CKV_K8S_26", "KSV-0024"),
    Question("pods mount no path of the host", "workload", no_host_path, "workloads.no_host_path",
             "core_minimize_hostpath_volume_mounts", "", "KSV-0023"),
    Question("images have a tag, and not latest", "workload", tagged, "workloads.no_latest_tag",
             "core_image_tag_fixed", "CKV_K8S_14", "KSV-0013"),
    Question("no role has a wildcard in resources or verbs", "role", no_wildcard, "access.no_wildcards",
             "rbac_minimize_wildcard_use_roles", "CKV_K8S_49", "KSV-0044 KSV-0045 KSV-0046 KSV-0112"),
    Question("no binding lets anybody read all Secrets", "binding", reads_no_secrets, "access.secrets_access_minimal",
             "rbac_minimize_secret_access", "", "KSV-0041 KSV-0113 KSV-0044 KSV-0046 KSV-0112"),
    Question("anonymous requests are refused", API, _is("anonymous-auth", "false", ON),
             "api_server.anonymous_auth_disabled", "apiserver_anonymous_requests", "CKV_K8S_68", "KCV-0001"),
    Question("there is no file of static tokens", API, lambda flags: "token-auth-file" not in flags,
             "api_server.no_token_auth_file", "apiserver_no_token_auth_file", "CKV_K8S_70", "KCV-0002"),
    Question("kubelets are asked with a client certificate", API,
             _given("kubelet-client-certificate", "kubelet-client-key"), "api_server.kubelet_client_certificate",
             "apiserver_kubelet_tls_auth", "CKV_K8S_72", "KCV-0005"),
    Question("kubelets' certificates are verified", API, _given("kubelet-certificate-authority"),
             "api_server.kubelet_certificate_authority", "apiserver_kubelet_cert_auth", "CKV_K8S_73", "KCV-0006"),
    Question("authorization is not AlwaysAllow", API, _without(MODES, "AlwaysAllow"),
             "api_server.authorization_not_always_allow", "apiserver_auth_mode_not_always_allow", "CKV_K8S_74", "KCV-0007"),
    Question("authorization includes Node", API, _lists(MODES, "Node"), "api_server.authorization_includes_node",
             "apiserver_auth_mode_include_node", "CKV_K8S_75", "KCV-0008"),
    Question("authorization includes RBAC", API, _lists(MODES, "RBAC"), "api_server.authorization_includes_rbac",
             "apiserver_auth_mode_include_rbac", "CKV_K8S_77", "KCV-0009"),
    Question("EventRateLimit is on", API, _lists(PLUGINS, "EventRateLimit"), "api_server.event_rate_limit",
             "apiserver_event_rate_limit", "", "KCV-0010"),
    Question("AlwaysAdmit is off", API, _without(PLUGINS, "AlwaysAdmit"), "api_server.no_always_admit",
             "apiserver_no_always_admit_plugin", "CKV_K8S_79", "KCV-0011"),
    Question("AlwaysPullImages is on", API, _lists(PLUGINS, "AlwaysPullImages"), "api_server.always_pull_images",
             "apiserver_always_pull_images_plugin", "CKV_K8S_80", "KCV-0012"),
    Question("ServiceAccount is on", API, _not_disabled("ServiceAccount"), "api_server.service_account_plugin",
             "apiserver_service_account_plugin", "CKV_K8S_82", "KCV-0014"),
    Question("NamespaceLifecycle is on", API, _not_disabled("NamespaceLifecycle"),
             "api_server.namespace_lifecycle_plugin", "apiserver_namespace_lifecycle_plugin", "CKV_K8S_83", "KCV-0015"),
    Question("NodeRestriction is on", API, _lists(PLUGINS, "NodeRestriction"), "api_server.node_restriction_plugin",
             "apiserver_node_restriction_plugin", "CKV_K8S_85", "KCV-0016"),
    Question("the API server does not serve profiles", API, _is("profiling", "false", ON),
             "api_server.profiling_disabled", "apiserver_disable_profiling", "CKV_K8S_90", "KCV-0018"),
    Question("tokens of deleted accounts are refused", API, _is("service-account-lookup", ON, ON),
             "api_server.service_account_lookup", "apiserver_service_account_lookup_true", "CKV_K8S_96", "KCV-0024"),
    Question("etcd is asked with a client certificate", API, _given("etcd-certfile", "etcd-keyfile"),
             "api_server.etcd_client_certificate", "apiserver_etcd_tls_config", "CKV_K8S_99", "KCV-0026"),
    Question("etcd's certificate is verified", API, _given("etcd-cafile"), "api_server.etcd_ca_file",
             "apiserver_etcd_cafile_set", "CKV_K8S_102", "KCV-0029"),
    Question("Secrets are encrypted at rest", API, _given("encryption-provider-config"),
             "api_server.encryption_provider_config", "apiserver_encryption_provider_config_set", "CKV_K8S_104",
             "KCV-0030"),
    Question("the controller manager does not serve profiles", CONTROLLERS, _is("profiling", "false", ON),
             "controller_manager.profiling_disabled", "controllermanager_disable_profiling", "CKV_K8S_107", "KCV-0034"),
    Question("each controller has its own account", CONTROLLERS, _is("use-service-account-credentials", ON, "false"),
             "controller_manager.service_account_credentials", "controllermanager_service_account_credentials",
             "CKV_K8S_108", "KCV-0035"),
    Question("kubelets' certificates are rotated", CONTROLLERS,
             _without("feature-gates", "RotateKubeletServerCertificate=false"),
             "controller_manager.rotate_kubelet_server_certificate", "controllermanager_rotate_kubelet_server_cert",
             "CKV_K8S_112", "KCV-0038"),
    Question("the controller manager listens on loopback only", CONTROLLERS, _is("bind-address", "127.0.0.1", ""),
             "controller_manager.bind_address_local", "controllermanager_bind_address", "CKV_K8S_113", "KCV-0039"),
    Question("the scheduler does not serve profiles", SCHEDULER, _is("profiling", "false", ON),
             "scheduler.profiling_disabled", "scheduler_profiling", "CKV_K8S_114", "KCV-0040"),
    Question("the scheduler listens on loopback only", SCHEDULER, _is("bind-address", "127.0.0.1", ""),
             "scheduler.bind_address_local", "scheduler_bind_address", "CKV_K8S_115", "KCV-0041"),
    Question("etcd has a certificate", ETCD, _given("cert-file", "key-file"), "etcd.server_certificate",
             "etcd_tls_encryption", "CKV_K8S_116", "KCV-0042"),
    Question("etcd demands client certificates", ETCD, _is("client-cert-auth", ON, "false"), "etcd.client_cert_auth",
             "etcd_client_cert_auth", "CKV_K8S_117", "KCV-0043"),
    Question("etcd makes no certificates for itself", ETCD, _is("auto-tls", "false", "false"), "etcd.no_auto_tls",
             "etcd_no_auto_tls", "CKV_K8S_118", "KCV-0044"),
    Question("etcd's peers have certificates", ETCD, _given("peer-cert-file", "peer-key-file"), "etcd.peer_certificate",
             "etcd_peer_tls_config", "CKV_K8S_119", "KCV-0045"),
    Question("etcd's peers demand certificates", ETCD, _is("peer-client-cert-auth", ON, "false"),
             "etcd.peer_client_cert_auth", "etcd_peer_client_cert_auth", "CKV_K8S_121", "KCV-0046"),
)


class Cluster:
    """The objects of a cluster by kind, and what each question is asked of."""

    CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "ReplicaSet", "Job")

    def __init__(self, objects: dict[str, list[Thing]]):
        self.objects = objects
        everything = {("Pod", *_place(one)): one for one in objects.get("Pod", ())}
        everything |= {(kind, *_place(one)): one for kind in self.CONTROLLERS for one in objects.get(kind, ())}
        self.top = {of: self._owner(of, everything) for of in everything}
        """Of each pod and controller, the controller that nobody controls, or itself."""
        self.specs: dict[tuple[str, str, str], list[Thing]] = {}
        for of, one in everything.items():
            self.specs.setdefault(self.top[of], []).append(_spec(one))

    def _owner(self, of: tuple[str, str, str], everything: dict) -> tuple[str, str, str]:
        owners = everything[of]["metadata"].get("ownerReferences") or ()
        above = next(((one["kind"], of[1], one["name"]) for one in owners if one.get("controller")), None)
        return self._owner(above, everything) if above in everything else of

    def roles(self) -> Iterator[tuple[tuple[str, str, str], Thing]]:
        """Roles that people made: not those that Kubernetes ships."""
        for kind in ("ClusterRole", "Role"):
            yield from (((kind, *_place(one)), one) for one in self.objects.get(kind, ()) if not _shipped(one))

    def bindings(self) -> Iterator[tuple[tuple[str, str, str], tuple[str, str, str]]]:
        """Bindings that people made to roles that exist, with the role of each."""
        there = {(kind, *_place(one)) for kind in ("ClusterRole", "Role") for one in self.objects.get(kind, ())}
        for kind in ("ClusterRoleBinding", "RoleBinding"):
            for one in self.objects.get(kind, ()):
                role = one["roleRef"]
                at = (role["kind"], _place(one)[0] if role["kind"] == "Role" else "", role["name"])
                if not _shipped(one) and at in there and one.get("subjects"):
                    yield (kind, *_place(one)), at

    def answers(self, question: Question) -> dict[tuple[str, str, str], bool]:
        """The right answers to a question, by subject."""
        if question.of == "workload":
            found = {of: [question.right(spec) for spec in specs] for of, specs in self.specs.items()}
        elif question.of == "role":
            found = {of: [question.right(role)] for of, role in self.roles()}
        elif question.of == "binding":
            roles = {(kind, *_place(one)): one for kind in ("ClusterRole", "Role") for one in self.objects.get(kind, ())}
            found = {of: [question.right(roles[at])] for of, at in self.bindings()}
        else:
            found = {of: [question.right(flags)] for of, name, flags in self._components() if name == question.of}
        return {of: all(rights) for of, rights in found.items() if None not in rights}

    def _components(self) -> Iterator[tuple[tuple[str, str, str], str, dict[str, str]]]:
        """The pods of the control plane, the program of each, and its flags."""
        for one in self.objects.get("Pod", ()):
            words = [*(one["spec"]["containers"][0].get("command") or ()), *(one["spec"]["containers"][0].get("args") or ())]
            name = words[0].rpartition("/")[2] if words else ""
            if name in (API, CONTROLLERS, SCHEDULER, ETCD):
                parts = (word.removeprefix("--").partition("=") for word in words[1:])
                yield ("Pod", *_place(one)), name, {flag: value if sign else ON for flag, sign, value in parts}


def _place(thing: Thing) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _shipped(thing: Thing) -> bool:
    return (thing["metadata"].get("labels") or {}).get("kubernetes.io/bootstrapping") == "rbac-defaults"


def _spec(thing: Thing) -> Thing:
    """The specification of the pods of a pod or controller."""
    spec = thing["spec"]
    for step in ("jobTemplate", "spec", "template", "spec"):
        spec = spec.get(step, spec) if "containers" not in spec else spec
    return spec
