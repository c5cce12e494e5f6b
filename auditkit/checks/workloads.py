"""Containers and pods: their access to the node, their rights, their images and their availability."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from auditkit.analysis.columns import IN_CONTAINER, OF_POD, STRING, by_value, has, lookup, named
from auditkit.analysis.network.plugins import repository
from auditkit.analysis.workloads.containers import ended, image_volumes
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.containers import (
    ENDED,
    NO_USER,
    ON_WINDOWS,
    limited,
    no_administrator,
    on_linux,
    other_than_root,
)
from auditkit.checks.support.platform_objects import NAMESPACE, made_by

_DASHBOARD = r"(?:^|/)(?:(?:mirrored-)?kubernetesui[/-]dashboard[a-z0-9-]*|kubernetes-dashboard[a-z0-9-]*)$"
_PROFILES = ("RuntimeDefault", "Localhost")
_UNCONFINED_TYPES = ("spc_t", "unconfined_t", "unconfined_service_t", "")
"""SELinux types without limits (container-selinux: spc_t is the type of super privileged containers)."""

high, medium, low = (partial(check, severity=severity) for severity in ("high", "medium", "low"))


# --- access to the node ----------------------------------------------------------------------------------------------


@high(
    finding="runs privileged",
    wanted="privileged is not set",
    remedy="Remove securityContext.privileged. Grant only the capabilities or devices that are needed.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.2; Pod Security Standards, baseline: privileged containers",
)
def no_privileged_containers(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers do not run privileged.

    A privileged container has all capabilities and all devices of its node. A process that breaks out of it controls
    the node.
    """
    return judge(all_containers, ~all_containers["privileged"], ["type", "image", "privileged"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


@high(
    finding="shares the PID namespace of the host",
    wanted="hostPID is not set",
    remedy="Remove hostPID. A sidecar can share the processes of its own pod with shareProcessNamespace.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.3; Pod Security Standards, baseline: host namespaces",
)
def no_host_pid(all_pods: pd.DataFrame) -> Judgement:
    """Pods do not share the PID namespace of the host.

    With hostPID, a container sees every process of its node, and may read the environment and memory of other
    containers.
    """
    return judge(all_pods, ~all_pods["host_pid"], ["host_pid"], applies=~ended(all_pods), otherwise=ENDED)


@high(
    finding="shares the IPC namespace of the host",
    wanted="hostIPC is not set",
    remedy="Remove hostIPC. Containers of one pod share memory without it.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.4; Pod Security Standards, baseline: host namespaces",
)
def no_host_ipc(all_pods: pd.DataFrame) -> Judgement:
    """Pods do not share the IPC namespace of the host.

    With hostIPC, a container can read and change the shared memory of other processes on its node.
    """
    return judge(all_pods, ~all_pods["host_ipc"], ["host_ipc"], applies=~ended(all_pods), otherwise=ENDED)


@high(
    finding="uses the network of the host",
    wanted="hostNetwork is not set",
    remedy="Remove hostNetwork and expose the pod through a Service.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.5; Pod Security Standards, baseline: host namespaces",
)
def no_host_network(all_pods: pd.DataFrame) -> Judgement:
    """Pods do not use the network of the host.

    With hostNetwork, a container reaches services that listen on the node's loopback address, and network policies do
    not apply to it.
    """
    return judge(all_pods, ~all_pods["host_network"], ["host_network"], applies=~ended(all_pods), otherwise=ENDED)


@medium(
    finding="has a hostPath volume",
    wanted="no volume of type hostPath",
    remedy="Use a persistent volume claim, an emptyDir or a projected volume. Where a pod needs the node, use a CSI "
           "driver.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.11; Pod Security Standards, baseline: hostPath volumes",
)
def no_host_path(all_pods: pd.DataFrame, all_volumes: pd.DataFrame) -> Judgement:
    """Pods have no hostPath volumes.

    A hostPath volume gives a container files of its node: credentials of the kubelet, logs of other pods or the socket
    of the container runtime.
    """
    host = all_volumes[(all_volumes["type"] == "hostPath").fillna(True)]
    return judge(lambda: all_pods.assign(host_paths=named(all_pods, OF_POD, host, "host_path")),
                 ~has(all_pods, OF_POD, host), ["host_paths"], applies=~ended(all_pods), otherwise=ENDED)


@medium(
    finding="uses a host port",
    wanted="hostPort is not set, or is 0",
    remedy="Remove hostPort and expose the port through a Service.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.12; Pod Security Standards, baseline: host ports",
)
def no_host_ports(all_containers: pd.DataFrame, all_container_ports: pd.DataFrame,
                  container_contexts: pd.DataFrame) -> Judgement:
    """Containers do not use host ports.

    Traffic to a host port goes to the address of the node, and bypasses Services and Ingresses.
    """
    opened = all_container_ports[(all_container_ports["host_port"] != 0).fillna(True)]
    ports = opened.assign(host_port=opened["host_port"].astype(STRING))
    return judge(lambda: all_containers.assign(host_ports=named(all_containers, IN_CONTAINER, ports, "host_port")),
                 ~has(all_containers, IN_CONTAINER, opened), ["type", "host_ports"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


@high(
    finding="runs in HostProcess mode",
    wanted="windowsOptions.hostProcess is not set on the container or its pod",
    remedy="Remove windowsOptions.hostProcess. Keep it only for agents that manage the node.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.10; Pod Security Standards, baseline: HostProcess",
)
def no_windows_host_process(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Windows containers do not run in HostProcess mode.

    A HostProcess container runs as a process of its node, with access to the node's files and network.
    """
    host_process = container_contexts["windows_host_process"].fillna(False)
    return judge(all_containers.assign(host_process=host_process), ~host_process, ["type", "host_process"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


# --- rights of processes ---------------------------------------------------------------------------------------------


@medium(
    finding="allows privilege escalation",
    wanted="allowPrivilegeEscalation: false, and not privileged",
    remedy="Set securityContext.allowPrivilegeEscalation to false.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.6; Pod Security Standards, restricted: privilege escalation",
)
def no_privilege_escalation(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                            container_systems: pd.DataFrame) -> Judgement:
    """Containers do not allow privilege escalation.

    Where it is allowed, a process can gain more rights than its parent, for example through a setuid program.
    Kubernetes allows it by default.
    """
    may = all_containers["allow_privilege_escalation"].fillna(True)
    return judge(all_containers, ~may & ~all_containers["privileged"], ["type", "allow_privilege_escalation",
                 "privileged"],
                 applies=on_linux(container_contexts, container_systems), otherwise=ON_WINDOWS)


@medium(
    finding="is not set to run as an unprivileged user",
    wanted="runAsNonRoot: true, or a runAsUser other than 0, on the container or its pod; on Windows, a "
           "runAsUserName that is not an administrator",
    remedy="Build the image so that it runs as an unprivileged user, and set runAsNonRoot to true.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.7; Pod Security Standards, restricted: running as non-root",
)
def run_as_non_root(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                    container_systems: pd.DataFrame) -> Judgement:
    """Containers are set to run as an unprivileged user.

    A process that runs as root in a container is root on the node if it breaks out, unless the pod has a user namespace
    of its own.
    """
    context = container_contexts
    as_user = (context["run_as_user"] != 0).fillna(context["run_as_non_root"].fillna(False))
    ok = as_user.mask(container_systems["windows"], no_administrator(context))
    return judge(context.assign(type=all_containers["type"]), ok,
                 ["type", "run_as_user", "run_as_non_root", "windows_user"], applies=~context["ended"], otherwise=ENDED,
                 reasons=lambda: pd.Series(NO_USER, ok.index, STRING).where(ok.isna(), ""))


@medium(
    finding="may have the capability NET_RAW",
    wanted="NET_RAW is dropped, by name or with ALL, and not added; not privileged",
    remedy="Set securityContext.capabilities.drop to [ALL], and add only the capabilities that are needed.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.8",
)
def no_net_raw(all_containers: pd.DataFrame, container_contexts: pd.DataFrame, container_systems: pd.DataFrame,
               container_powers: pd.DataFrame) -> Judgement:
    """Containers do not have the capability NET_RAW.

    With NET_RAW, a process can forge packets and intercept traffic of other pods on its network.
    """
    ok = container_powers["drops_net_raw"] & ~container_powers["adds_net_raw"] & ~all_containers["privileged"]
    return judge(_with_powers(all_containers, container_powers), ok, ["type", "dropped", "added", "privileged"],
                 applies=on_linux(container_contexts, container_systems), otherwise=ON_WINDOWS)


@medium(
    finding="may have capabilities beyond those that are allowed",
    wanted="ALL is dropped, and only allowed capabilities are added ({allowed}); not privileged",
    remedy="Set securityContext.capabilities.drop to [ALL]. Record why a container needs each capability that it "
           "adds.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.9; Pod Security Standards, restricted: capabilities",
)
def all_capabilities_dropped(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                             container_systems: pd.DataFrame, container_powers: pd.DataFrame, *, allowed: tuple[str,
                             ...] = ("NET_BIND_SERVICE",)) -> Judgement:
    """Containers drop all capabilities, and add only those that are allowed.

    A capability is a part of the power of root. Runtimes give containers several that most programs never use.
    """
    adds_allowed = container_powers["added"].str.fullmatch(rf"(?:(?:{'|'.join(allowed)})(?:, |$))*")
    ok = container_powers["drops_all"] & adds_allowed & ~all_containers["privileged"]
    return judge(_with_powers(all_containers, container_powers), ok, ["type", "dropped", "added", "privileged"],
                 applies=on_linux(container_contexts, container_systems), otherwise=ON_WINDOWS)


def _with_powers(all_containers: pd.DataFrame, container_powers: pd.DataFrame) -> pd.DataFrame:
    return all_containers.assign(added=container_powers["added"], dropped=container_powers["dropped"])


@medium(
    finding="sets no effective seccomp profile",
    wanted="seccompProfile of type RuntimeDefault or Localhost on the container or its pod; not privileged",
    remedy="Set seccompProfile.type to RuntimeDefault on the pod. A privileged container has no profile.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.6.2; Pod Security Standards, restricted: seccomp",
)
def seccomp_profile_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                        container_systems: pd.DataFrame) -> Judgement:
    """Containers set a seccomp profile.

    A seccomp profile blocks system calls that programs rarely need and that attacks on the kernel use.
    """
    profile = container_contexts["seccomp_type"]
    ok = profile.isin(_PROFILES) & ~all_containers["privileged"]  # the runtime gives a privileged container none
    return judge(all_containers.assign(seccomp_type=profile), ok, ["type", "seccomp_type", "privileged"],
                 applies=on_linux(container_contexts, container_systems), otherwise=ON_WINDOWS)


@low(
    finding="has no limiting security context",
    wanted="a securityContext on the container or its pod that limits the container or sets its user",
    remedy="Add a securityContext: runAsNonRoot, allowPrivilegeEscalation: false, drop ALL, seccompProfile.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.6.3",
)
def security_context_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                         container_powers: pd.DataFrame) -> Judgement:
    """Containers have a security context that limits them.

    A field counts if its value limits the container and takes effect. ``privileged: true``, ``runAsUser: 0``,
    ``Unconfined`` and added capabilities are no limits. Seccomp, AppArmor and dropped capabilities do not limit a
    privileged container.
    """
    contexts, privileged = container_contexts, all_containers["privileged"]
    confined = (contexts["seccomp_type"].isin(_PROFILES) | contexts["apparmor_type"].isin(_PROFILES)
                | (container_powers["dropped"] != "") | ~all_containers["allow_privilege_escalation"].fillna(True))
    known_user = (contexts["run_as_non_root"].fillna(False) | other_than_root(contexts, "run_as_user", "run_as_group",
                  "fs_group") | (contexts["windows_user"].notna() & no_administrator(contexts).fillna(False)))
    selinux = contexts["selinux_type"].notna() & ~contexts["selinux_type"].isin(_UNCONFINED_TYPES).fillna(False)
    said = all_containers["security_statement"]
    safer = (said != "privileged") | ~privileged, (said != "procMount") | (all_containers["proc_mount"] == "Default")
    stated = contexts["security_statement"].notna() | (said.notna() & safer[0].fillna(True) & safer[1].fillna(True))
    on_node = (~contexts["windows_host_process"]).fillna(False)
    limits = (confined & ~privileged) | known_user | selinux | stated | on_node | all_containers["read_only_root"]
    ok = limits.fillna(False)
    first = contexts["security_context"]
    return judge(contexts.assign(type=all_containers["type"]), ok, ["type", "security_context"],
                 reasons=lambda: ("no field of the security context limits the container; the first field set is "
                                  + first).where(~ok, "").fillna(""),
                 applies=~contexts["ended"], otherwise=ENDED)


@low(
    finding="has a writable root file system",
    wanted="readOnlyRootFilesystem: true",
    remedy="Set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir where the program must write.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: immutable container file systems",
)
def read_only_root_filesystem(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                              container_systems: pd.DataFrame) -> Judgement:
    """Containers have a read-only root file system.

    Where the root file system is writable, an attacker can replace programs or leave new ones in the container.
    """
    return judge(all_containers, all_containers["read_only_root"], ["type", "read_only_root"],
                 applies=on_linux(container_contexts, container_systems), otherwise=ON_WINDOWS)


@medium(
    finding="mounts a service account token automatically",
    wanted="automountServiceAccountToken: false, on the pod or its service account",
    remedy="Set automountServiceAccountToken to false on the service account. Set it to true only on pods that call "
           "the API, and record these as exceptions.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.1.6",
)
def token_mounted_only_where_needed(all_pods: pd.DataFrame, service_accounts: pd.DataFrame,
                                    all_pod_annotations: pd.DataFrame) -> Judgement:
    """Pods do not mount a service account token automatically.

    Whoever controls a container can use its token to call the API with the rights of the service account.
    """
    account = lookup(all_pods, {"namespace": "namespace", "service_account": "name"}, service_accounts,
                     ["automount_token"])
    mirror = has(all_pods, OF_POD,
                 all_pod_annotations[(all_pod_annotations["key"] == "kubernetes.io/config.mirror").fillna(False)])
    seen = all_pods.assign(account_automount=account["automount_token"])
    return judge(seen, ~all_pods["automount_token"].fillna(account["automount_token"]),
                 ["service_account", "automount_token", "account_automount"],
                 applies=~mirror & ~ended(all_pods),
                 otherwise="the pod has ended, or is a static pod, which cannot have a service account")


# --- images ----------------------------------------------------------------------------------------------------------


@low(
    finding="uses an image without a digest",
    wanted="an image with a digest (name@sha256:…)",
    remedy="Refer to images by digest.",
    source="NIST SP 800-190, 4.1.4: use of trusted images",
)
def images_pinned_by_digest(all_containers: pd.DataFrame, all_volumes: pd.DataFrame,
                            container_contexts: pd.DataFrame) -> Judgement:
    """Containers use images by digest.

    A tag can be moved to another image, so that what runs is not what was tested. The images that a pod mounts as
    volumes count too.
    """
    digest = r"@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$"
    return _images(all_containers, all_volumes, container_contexts,
                   lambda image: image.str.contains(digest, regex=True))


def _images(containers: pd.DataFrame, volumes: pd.DataFrame, contexts: pd.DataFrame,
            right: Callable[[pd.Series], pd.Series]) -> Judgement:
    """Judge the image of each container, and the images that its pod mounts as volumes, by ``right``."""
    mounted = image_volumes(volumes)
    wrong = mounted[~by_value(mounted["image"], right).fillna(False)]
    in_pod = {"kind": "kind", "namespace": "namespace", "pod": "pod"}
    ok = by_value(containers["image"], right) & ~has(containers, in_pod, wrong)
    return judge(lambda: containers.assign(image_volumes=named(containers, in_pod, mounted, "image")), ok,
                 ["type", "image", "image_volumes"] if len(mounted) else ["type", "image"],
                 applies=~contexts["ended"], otherwise=ENDED)


@medium(
    finding="uses an image tagged latest or without a tag",
    wanted="a tag other than latest, or a digest",
    remedy="Give the image a version as its tag, or better, its digest.",
    source="Kubernetes documentation: configuration best practices, container images",
)
def no_latest_tag(all_containers: pd.DataFrame, all_volumes: pd.DataFrame,
                  container_contexts: pd.DataFrame) -> Judgement:
    """Containers use images with a digest, or with a tag other than latest.

    The tag latest, which is also the default, does not show which version runs. It may mean another image at each
    start. The images that a pod mounts as volumes count too.
    """
    def versioned(image: pd.Series) -> pd.Series:
        named_version, latest = (image.str.contains(tag, regex=True) for tag in (r":[\w.-]+$", r":latest$"))
        return image.str.contains("@") | (named_version & ~latest)

    return _images(all_containers, all_volumes, container_contexts, versioned)


@medium(
    finding="runs a part of the Kubernetes dashboard",
    wanted="no container of the Kubernetes dashboard, by image or by name",
    remedy="Remove the dashboard.",
    source="CIS Google GKE 5.10.1",
)
def no_dashboard(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """The Kubernetes dashboard is not installed.

    Whoever reaches the dashboard can act with the rights of its service account, in addition to their own.
    """
    by_image = by_value(all_containers["image"], lambda image: repository(image).str.contains(_DASHBOARD, regex=True))
    return judge(all_containers, ~(by_image | (all_containers["name"] == "kubernetes-dashboard")), ["image"],
                 applies=~container_contexts["ended"], otherwise=ENDED)


# --- order and availability ------------------------------------------------------------------------------------------


@low(
    finding="is in the default namespace",
    wanted="only objects that Kubernetes or the platform create are in the namespace default",
    remedy="Move the object to another namespace, with policies, quotas and role bindings of its own.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.6.4",
)
def default_namespace_unused(namespaced_objects: pd.DataFrame) -> Judgement:
    """The default namespace is not used.

    Objects of different owners in one namespace share its policies, quotas and role bindings. Objects that Kubernetes
    or the platform create there do not count.
    """
    objects = namespaced_objects
    platform = made_by(objects)
    reasons = ("created by " + platform).fillna("")
    return judge(objects, (objects["namespace"] != NAMESPACE) | platform.notna(), ["namespace"], reasons=reasons)


@medium(
    finding="lacks a limit for CPU or memory",
    wanted="limits for CPU and memory on the container or its pod",
    remedy="Set resources.limits, or add a LimitRange with defaults.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: resource policies",
)
def resource_limits_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame,
                        limit_ranges: pd.DataFrame) -> Judgement:
    """Containers have limits for CPU and memory.

    A container without limits can use up the CPU or memory of its node, and slow down or evict other pods.
    """
    limits = container_contexts[["cpu_limit", "memory_limit"]]
    ok = limited(limits["cpu_limit"]) & limited(limits["memory_limit"])
    defaults = limit_ranges[(limit_ranges["type"] == "Container").fillna(False)
                            & (limit_ranges["has_default"] | limit_ranges["has_max"])]
    filled_in = (all_containers["kind"] != "Pod") & has(all_containers, {"namespace": "namespace"}, defaults)
    ok = ok.mask(~ok & filled_in)  # a LimitRange may set the limits when pods are created
    return judge(all_containers.assign(**limits), ok, ["type", "cpu_limit", "memory_limit"],
                 applies=(all_containers["type"] != "ephemeral") & ~container_contexts["ended"],
                 otherwise="the pod has ended, or the container is ephemeral and cannot have limits")


@low(
    finding="lacks a liveness or readiness probe",
    wanted="a liveness probe and a readiness probe",
    remedy="Add a liveness probe and a readiness probe.",
    source="Kubernetes documentation: liveness, readiness and startup probes",
)
def probes_set(all_containers: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers that serve have liveness and readiness probes.

    Without them, a container that hangs is not restarted, and traffic is sent to a container that is not ready.
    Containers of jobs and init containers that end do not count.
    """
    ok = all_containers["has_liveness_probe"] & all_containers["has_readiness_probe"]
    return judge(all_containers, ok, ["type", "has_liveness_probe", "has_readiness_probe"],
                 applies=container_contexts["serves"] & ~container_contexts["ended"],
                 otherwise="the container does not serve: it is an init or ephemeral container, or its pod has "
                           "ended or ends by itself")


@medium(
    finding="lacks enough replicas or a PodDisruptionBudget",
    wanted="at least {replicas} replicas, and a PodDisruptionBudget that covers them",
    remedy="Run at least two replicas, and add a PodDisruptionBudget that selects their labels.",
    source="Kubernetes documentation: disruptions; SOC 2 A1.2",
    needs=("disruption_budgets",),
)
def replicated_with_disruption_budget(workloads: pd.DataFrame, workload_budgets: pd.DataFrame,
                                      workload_owners: pd.DataFrame, *, replicas: int = 2) -> Judgement:
    """Workloads have several replicas and a PodDisruptionBudget.

    A workload with one replica is down while its node is lost or drained. A PodDisruptionBudget keeps enough replicas
    running while nodes are drained.
    """
    seen = workloads.assign(budget=workload_budgets["budget"])
    owned = has(workloads, {"kind": "kind", "namespace": "namespace", "name": "name"},
                workload_owners[workload_owners["controller"]])
    scaled = (workloads["kind"].isin(["Deployment", "StatefulSet"])
              | (workloads["kind"].isin(["ReplicaSet", "ReplicationController"]) & ~owned))
    enough = workloads["replicas"].fillna(1) >= replicas
    return judge(seen, enough & workload_budgets["budget"].notna(), ["replicas", "budget"],
                 applies=scaled & (workloads["replicas"].fillna(1) > 0), for_want=enough,
                 otherwise="the workload has no number of replicas of its own, or is scaled to zero")
