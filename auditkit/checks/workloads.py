"""Containers and pods: what they may do on their node, what they are made of, and how they are kept running."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, IN_CONTAINER, OF_POD, STRING, by_value, has, lookup, named
from auditkit.analysis.network.plugins import repository
from auditkit.analysis.workloads.containers import ended, image_volumes
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.platform_objects import NAMESPACE, made_by

ENDED = "its pod has ended: nothing of it runs, or will run again"
ON_WINDOWS = "its pod has ended, or runs on Windows, where this does not exist"
NO_USER = "which user a Windows container runs as is decided by its image, or by its node"
_DASHBOARD = r"(?:^|/)(?:(?:mirrored-)?kubernetesui[/-]dashboard[a-z0-9-]*|kubernetes-dashboard[a-z0-9-]*)$"
_ADMINISTRATORS = (r"(?i)\s*(?:.*\\)?\s*(?:containeradministrator|administrators?|(?:local\s?)?system|"
                   r"s-1-5-(?:18|32-544|93-2-1|21-.*-500))\s*(?:@.*)?")
"""Users and groups of Windows that may do everything, in a container or on its node, by name (``DOMAIN\\USER``,
``USER@DOMAIN``; there is no case) or by their well-known security identifier."""

_PROFILES = ("RuntimeDefault", "Localhost")
_UNCONFINED_TYPES = ("spc_t", "unconfined_t", "unconfined_service_t", "")
"""SELinux types without limits (container-selinux: spc_t is the type of super privileged containers)."""

high, medium, low = (partial(check, severity=severity) for severity in ("high", "medium", "low"))


# --- what a pod shares with its node -------------------------------------------------------------------------------


@high(
    wanted="privileged is not set",
    remedy="Remove securityContext.privileged; grant the single capabilities or devices that are needed.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.2; Pod Security Standards, baseline: privileged containers",
)
def no_privileged_containers(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """No container runs privileged."""
    return judge(all_containers, ~all_containers["privileged"], ["type", "image", "privileged"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


@high(
    wanted="hostPID is not set", remedy="Remove hostPID; a sidecar can share the processes of its own pod instead.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.3; Pod Security Standards, baseline: host namespaces",
)
def no_host_pid(all_pods: pd.DataFrame) -> Judgement:
    """No pod sees the processes of its node."""
    return judge(all_pods, ~all_pods["host_pid"], ["host_pid"], applies=~ended(all_pods), otherwise=ENDED)


@high(
    wanted="hostIPC is not set", remedy="Remove hostIPC; containers of one pod share memory without it.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.4; Pod Security Standards, baseline: host namespaces",
)
def no_host_ipc(all_pods: pd.DataFrame) -> Judgement:
    """No pod shares the inter-process communication of its node."""
    return judge(all_pods, ~all_pods["host_ipc"], ["host_ipc"], applies=~ended(all_pods), otherwise=ENDED)


@high(
    wanted="hostNetwork is not set", remedy="Remove hostNetwork and publish the pod by a Service.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.5; Pod Security Standards, baseline: host namespaces",
)
def no_host_network(all_pods: pd.DataFrame) -> Judgement:
    """No pod uses the network of its node, where network policies do not hold."""
    return judge(all_pods, ~all_pods["host_network"], ["host_network"], applies=~ended(all_pods), otherwise=ENDED)


@medium(
    wanted="no volume of type hostPath",
    remedy="Use a claim, an emptyDir or a projected volume; let a CSI driver reach the node where that is needed.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.11; Pod Security Standards, baseline: hostPath volumes",
)
def no_host_path(all_pods: pd.DataFrame, all_volumes: pd.DataFrame) -> Judgement:
    """No pod mounts a path of its node."""
    host = all_volumes[(all_volumes["type"] == "hostPath").fillna(True)]
    return judge(lambda: all_pods.assign(host_paths=named(all_pods, OF_POD, host, "host_path")),
                 ~has(all_pods, OF_POD, host), ["host_paths"], applies=~ended(all_pods), otherwise=ENDED)


@medium(
    wanted="no hostPort, or 0", remedy="Remove hostPort and publish the port by a Service.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.12; Pod Security Standards, baseline: host ports",
)
def no_host_ports(all_containers: pd.DataFrame, all_container_ports: pd.DataFrame,
                  container_contexts: pd.DataFrame) -> Judgement:
    """No container opens a port of its node."""
    opened = all_container_ports[(all_container_ports["host_port"] != 0).fillna(True)]
    ports = opened.assign(host_port=opened["host_port"].astype(STRING))
    return judge(lambda: all_containers.assign(host_ports=named(all_containers, IN_CONTAINER, ports, "host_port")),
                 ~has(all_containers, IN_CONTAINER, opened), ["type", "host_ports"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


@high(
    wanted="hostProcess is not set, on the container or its pod",
    remedy="Remove windowsOptions.hostProcess, or keep it for the agents of the node alone.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.10; Pod Security Standards, baseline: HostProcess",
)
def no_windows_host_process(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """No Windows container runs as a process of its node."""
    host_process = container_contexts["windows_host_process"].fillna(False)
    return judge(all_containers.assign(host_process=host_process), ~host_process, ["type", "host_process"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


# --- what its processes may do -------------------------------------------------------------------------------------


@medium(
    wanted="allowPrivilegeEscalation: false",
    remedy="Set securityContext.allowPrivilegeEscalation to false; where it is not set, a process may gain rights.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.6; Pod Security Standards, restricted: privilege escalation",
)
def no_privilege_escalation(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """No process in a container can gain more rights than its parent."""
    may = all_containers["allow_privilege_escalation"].fillna(True)
    return judge(all_containers, ~may & ~all_containers["privileged"], ["type", "allow_privilege_escalation",
                 "privileged"],
                 applies=_on_linux(container_contexts), otherwise=ON_WINDOWS)


@medium(
    wanted="runAsNonRoot: true, or a runAsUser other than 0, on the container or its pod; on Windows a runAsUserName "
           "that is no administrator",
    remedy="Build the image to run as a user, and set runAsNonRoot: true.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.7; Pod Security Standards, restricted: running as non-root",
)
def run_as_non_root(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers are kept from running as root."""
    context = container_contexts
    on_linux = (context["run_as_user"] != 0).fillna(context["run_as_non_root"].fillna(False))
    ok = on_linux.mask(context["windows"], _no_administrator(context))
    return judge(context.assign(type=all_containers["type"]), ok,
                 ["type", "run_as_user", "run_as_non_root", "windows_user"], applies=~context["ended"], otherwise=ENDED,
                 reasons=lambda: pd.Series(NO_USER, ok.index, STRING).where(ok.isna(), ""))


def _on_linux(contexts: pd.DataFrame) -> pd.Series:
    """Whether each container is of a pod that has not ended, and does not run on Windows."""
    return ~contexts["windows"] & ~contexts["ended"]


def _no_administrator(context: pd.DataFrame) -> pd.Series:
    """Whether a Windows container names a user that is no administrator; <NA> where its image decides, or its node. A
    process of the node that names nobody runs as its system."""
    of_node = context["windows_host_process"].fillna(False)
    user = context["windows_user"].mask(context["windows_user"].str.strip() == "", pd.NA)
    bad = user.str.fullmatch(_ADMINISTRATORS).fillna(False) | (user.isna() & of_node)
    return (~bad).mask(~bad & (user.isna() | of_node), pd.NA)


@medium(
    wanted="NET_RAW is dropped, by name or with ALL, and not added",
    remedy="Set securityContext.capabilities.drop to [ALL], and add what is needed.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.8",
)
def no_net_raw(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
               container_powers: pd.DataFrame) -> Judgement:
    """No container can forge packets."""
    ok = container_powers["drops_net_raw"] & ~container_powers["adds_net_raw"] & ~all_containers["privileged"]
    return judge(_with_powers(all_containers, container_powers), ok, ["type", "dropped", "added", "privileged"],
                 applies=_on_linux(container_contexts), otherwise=ON_WINDOWS)


@medium(
    wanted="ALL is dropped, and nothing added but NET_BIND_SERVICE",
    remedy="Set securityContext.capabilities.drop to [ALL]; record why a container needs a capability that it adds.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.9; Pod Security Standards, restricted: capabilities",
)
def all_capabilities_dropped(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                             container_powers: pd.DataFrame,
                             *, allowed: tuple[str, ...] = ("NET_BIND_SERVICE",)) -> Judgement:
    """Containers drop all capabilities."""
    adds_allowed = container_powers["added"].str.fullmatch(rf"(?:(?:{'|'.join(allowed)})(?:, |$))*")
    ok = container_powers["drops_all"] & adds_allowed & ~all_containers["privileged"]
    return judge(_with_powers(all_containers, container_powers), ok, ["type", "dropped", "added", "privileged"],
                 applies=_on_linux(container_contexts), otherwise=ON_WINDOWS)


def _with_powers(all_containers: pd.DataFrame, container_powers: pd.DataFrame) -> pd.DataFrame:
    return all_containers.assign(added=container_powers["added"], dropped=container_powers["dropped"])


@medium(
    wanted="seccompProfile of type RuntimeDefault or Localhost, on the container or its pod",
    remedy="Set seccompProfile.type to RuntimeDefault on the pod.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.6.2; Pod Security Standards, restricted: seccomp",
)
def seccomp_profile_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers run under a seccomp profile."""
    profile = container_contexts["seccomp_type"]
    ok = profile.isin(_PROFILES) & ~all_containers["privileged"]  # privileged ones have none
    return judge(all_containers.assign(seccomp_type=profile), ok, ["type", "seccomp_type", "privileged"],
                 applies=_on_linux(container_contexts), otherwise=ON_WINDOWS)


@low(
    wanted="a securityContext on the container or its pod that limits it, or says as whom it runs",
    remedy="Write a securityContext: runAsNonRoot, allowPrivilegeEscalation: false, drop ALL, seccompProfile.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.6.3",
)
def security_context_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                         container_powers: pd.DataFrame) -> Judgement:
    """Containers state what they may do.

    A field counts with a value that limits, where it is in force: ``privileged: true``, ``runAsUser: 0``,
    ``Unconfined`` or an added capability alone state nothing, and what a privileged container does not get
    (seccomp, AppArmor, fewer capabilities) is no limit of it.
    """
    contexts, privileged = container_contexts, all_containers["privileged"]
    confined = (contexts["seccomp_type"].isin(_PROFILES) | contexts["apparmor_type"].isin(_PROFILES)
                | (container_powers["dropped"] != "") | ~all_containers["allow_privilege_escalation"].fillna(True))
    known_user = (contexts["run_as_non_root"].fillna(False) | _other_than_root(contexts, "run_as_user", "run_as_group",
                  "fs_group") | (contexts["windows_user"].notna() & _no_administrator(contexts).fillna(False)))
    selinux = contexts["selinux_type"].notna() & ~contexts["selinux_type"].isin(_UNCONFINED_TYPES).fillna(False)
    said = all_containers["security_statement"]
    safer = (said != "privileged") | ~privileged, (said != "procMount") | (all_containers["proc_mount"] == "Default")
    stated = contexts["security_statement"].notna() | (said.notna() & safer[0].fillna(True) & safer[1].fillna(True))
    on_node = (~contexts["windows_host_process"]).fillna(False)
    limited = (confined & ~privileged) | known_user | selinux | stated | on_node | all_containers["read_only_root"]
    first = contexts["security_context"]
    return judge(contexts.assign(type=all_containers["type"]), limited.fillna(False), ["type", "security_context"],
                 reasons=lambda: ("its security context limits nothing; the first field that it sets is " + first)
                 .where(~limited.fillna(False), "").fillna(""),
                 applies=~contexts["ended"], otherwise=ENDED)


def _other_than_root(contexts: pd.DataFrame, *columns: str) -> pd.Series:
    """Whether any of these numbers is set, and is not that of root."""
    found = pd.Series(False, contexts.index, BOOLEAN)
    for name in columns:
        found |= (contexts[name] != 0).fillna(False)
    return found


@low(
    wanted="readOnlyRootFilesystem: true",
    remedy="Set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir where the program must write.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: immutable container file systems",
)
def read_only_root_filesystem(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers cannot write to their own root file system."""
    return judge(all_containers, all_containers["read_only_root"], ["type", "read_only_root"],
                 applies=_on_linux(container_contexts), otherwise=ON_WINDOWS)


@medium(
    wanted="automountServiceAccountToken: false, on the pod or its service account",
    remedy="Set automountServiceAccountToken: false on the service account; true on the pods that call the API.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.1.6",
)
def token_mounted_only_where_needed(all_pods: pd.DataFrame, service_accounts: pd.DataFrame,
                                    all_pod_annotations: pd.DataFrame) -> Judgement:
    """Pods get no token of a service account unless they ask for it."""
    account = lookup(all_pods, {"namespace": "namespace", "service_account": "name"}, service_accounts,
                     ["automount_token"])
    mirror = has(all_pods, OF_POD,
                 all_pod_annotations[(all_pod_annotations["key"] == "kubernetes.io/config.mirror").fillna(False)])
    seen = all_pods.assign(account_automount=account["automount_token"])
    return judge(seen, ~all_pods["automount_token"].fillna(account["automount_token"]),
                 ["service_account", "automount_token", "account_automount"],
                 applies=~mirror & ~ended(all_pods),
                 otherwise="no process in it can use a token of a service account")


# --- images --------------------------------------------------------------------------------------------------------


@low(
    wanted="an image with a digest (name@sha256:…)",
    remedy="Name images by digest, so that what was tested is what runs; a tag can be moved.",
    source="NIST SP 800-190, 4.1.4: use of trusted images",
)
def images_pinned_by_digest(all_containers: pd.DataFrame, all_volumes: pd.DataFrame,
                            container_contexts: pd.DataFrame) -> Judgement:
    """Images are named by their digest.

    Of a container count its image, and those that its pod mounts as volumes.
    """
    digest = r"@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$"
    return _images(all_containers, all_volumes, container_contexts,
                   lambda image: image.str.contains(digest, regex=True))


def _images(containers: pd.DataFrame, volumes: pd.DataFrame, contexts: pd.DataFrame,
            right: Callable[[pd.Series], pd.Series]) -> Judgement:
    """Whether the image of each container is right, and each that its pod mounts as a volume."""
    mounted = image_volumes(volumes)
    wrong = mounted[~by_value(mounted["image"], right).fillna(False)]
    in_pod = {"kind": "kind", "namespace": "namespace", "pod": "pod"}
    ok = by_value(containers["image"], right) & ~has(containers, in_pod, wrong)
    return judge(lambda: containers.assign(image_volumes=named(containers, in_pod, mounted, "image")), ok,
                 ["type", "image", "image_volumes"] if len(mounted) else ["type", "image"],
                 applies=~contexts["ended"], otherwise=ENDED)


@medium(
    wanted="a tag other than latest, or a digest",
    remedy="Name a version of the image, or better its digest; without a tag, latest is taken.",
    source="Kubernetes documentation: configuration best practices, container images",
)
def no_latest_tag(all_containers: pd.DataFrame, all_volumes: pd.DataFrame,
                  container_contexts: pd.DataFrame) -> Judgement:
    """No image is taken by the tag latest.

    Of a container count its image, and those that its pod mounts as volumes.
    """
    def versioned(image: pd.Series) -> pd.Series:
        named_version, latest = (image.str.contains(tag, regex=True) for tag in (r":[\w.-]+$", r":latest$"))
        return image.str.contains("@") | (named_version & ~latest)

    return _images(all_containers, all_volumes, container_contexts, versioned)


@medium(
    wanted="no container of the Kubernetes dashboard",
    remedy="Remove the dashboard; its account is a way to the cluster that passes by what people may do themselves.",
    source="CIS Google GKE 5.10.1",
)
def no_dashboard(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """The Kubernetes dashboard does not run."""
    by_image = by_value(all_containers["image"], lambda image: repository(image).str.contains(_DASHBOARD, regex=True))
    return judge(all_containers, ~(by_image | (all_containers["name"] == "kubernetes-dashboard")), ["image"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


# --- order and availability ----------------------------------------------------------------------------------------


@low(
    wanted="nothing in the namespace default but what Kubernetes and the platform make there themselves",
    remedy="Move it to a namespace of its own, which can have policies, quotas and bindings of its own.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.6.4",
)
def default_namespace_unused(namespaced_objects: pd.DataFrame) -> Judgement:
    """Nothing is kept in the namespace default, be it a program, a setting or a right.

    What Kubernetes, OpenShift, Istio and others put there themselves does not count (`support.platform_objects.MADE`).
    """
    objects = namespaced_objects
    platform = made_by(objects)
    reasons = ("put there by " + platform).fillna("")
    return judge(objects, (objects["namespace"] != NAMESPACE) | platform.notna(), ["namespace"], reasons=reasons)


@medium(
    wanted="limits of CPU and memory, on the container or its pod",
    remedy="Set resources.limits, or a LimitRange that gives a default.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: resource policies",
)
def resource_limits_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                        limit_ranges: pd.DataFrame) -> Judgement:
    """Containers have limits of CPU and memory."""
    limits = container_contexts[["cpu_limit", "memory_limit"]]
    ok = _limited(limits["cpu_limit"]) & _limited(limits["memory_limit"])
    defaults = limit_ranges[(limit_ranges["type"] == "Container").fillna(False)
                            & (limit_ranges["has_default"] | limit_ranges["has_max"])]
    filled_in = (all_containers["kind"] != "Pod") & has(all_containers, {"namespace": "namespace"}, defaults)
    ok = ok.mask(~ok & filled_in)  # a LimitRange may give its pods what a template does not say
    return judge(all_containers.assign(**limits), ok, ["type", "cpu_limit", "memory_limit"],
                 applies=(all_containers["type"] != "ephemeral") & ~container_contexts["ended"],
                 otherwise="its pod has ended, or it is an ephemeral container, which cannot have limits")


def _limited(limit: pd.Series) -> pd.Series:
    """Whether a quantity is there and is more than nothing: ``0``, ``0.0`` and ``0Mi`` are no limits."""
    return limit.str.match(r"\+?[0-9.]*[1-9]").fillna(False)


@low(
    wanted="a liveness probe and a readiness probe",
    remedy="Add both, so that a container that hangs is started again, and gets no traffic until it is ready.",
    source="Kubernetes documentation: liveness, readiness and startup probes",
)
def probes_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers that serve have probes of liveness and readiness.

    Those are the regular ones of pods that do not end by themselves, and their sidecars: init containers with
    ``restartPolicy: Always``.
    """
    ok = all_containers["has_liveness_probe"] & all_containers["has_readiness_probe"]
    return judge(all_containers, ok, ["type", "has_liveness_probe", "has_readiness_probe"],
                 applies=container_contexts["serves"] & ~container_contexts["ended"],
                 otherwise="it does not serve: it prepares or inspects a pod, or belongs to one that ends by itself or "
                           "has ended")


@medium(
    wanted="two replicas or more, and a PodDisruptionBudget that covers them",
    remedy="Run at least two replicas, and add a PodDisruptionBudget for their labels.",
    source="Kubernetes documentation: disruptions; SOC 2 A1.2",
    needs=("disruption_budgets",),
)
def replicated_with_disruption_budget(workloads: pd.DataFrame, workload_budgets: pd.DataFrame,
                                      workload_owners: pd.DataFrame, *, replicas: int = 2) -> Judgement:
    """Workloads that serve outlive the loss of a node."""
    seen = workloads.assign(budget=workload_budgets["budget"])
    owned = has(workloads, {"kind": "kind", "namespace": "namespace", "name": "name"},
                workload_owners[workload_owners["controller"]])
    scaled = (workloads["kind"].isin(["Deployment", "StatefulSet"])
              | (workloads["kind"].isin(["ReplicaSet", "ReplicationController"]) & ~owned))
    enough = workloads["replicas"].fillna(1) >= replicas
    return judge(seen, enough & workload_budgets["budget"].notna(), ["replicas", "budget"],
                 applies=scaled & (workloads["replicas"].fillna(1) > 0), for_want=enough,
                 otherwise="it has no number of replicas of its own, or was scaled down to none")
