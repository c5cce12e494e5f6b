"""Pod Security Standards: one check for each rule, judged as the admission plug-in of Kubernetes judges it.

Each pod gets one verdict, and so does the pod template of each controller that has no pods. The reasons of failures are
the messages of the plug-in. ``version`` is ``latest`` or ``v1.N``. Where a level does not have a rule in a version, no
pod is in scope. Where a rule of restricted replaces one of baseline, earlier versions are judged by that of baseline.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from auditkit.analysis.pod_security.levels import explain_specs, in_force, minor_version
from auditkit.analysis.pod_security.rules import in_force as rules_in_force
from auditkit.analysis.workloads.containers import ended
from auditkit.checks.model import Judgement, Severity, check, judge
from auditkit.checks.support.containers import ENDED
from auditkit.checks.support.rules import add

SOURCE = "Kubernetes Pod Security Standards, {}: {}"
USERS = "A pod with hostUsers: false (a user namespace of its own) is exempt from v1.35 on."
WINDOWS = "A pod with os.name: windows is exempt from v1.25 on."


@dataclass(frozen=True)
class PodRule:
    """One rule of a level: ``standard`` is its name there, ``rules`` are those of the plug-in that judge it, ``seen``
    the columns of pods that are its evidence."""

    name: str
    severity: Severity
    level: Literal["baseline", "restricted"]
    standard: str
    rules: Sequence[str]
    title: str
    finding: str
    wanted: str
    remedy: str
    why: str
    seen: Sequence[str] = ()


def _judged(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, security: pd.DataFrame, level: str, version: str,
            rules: Sequence[str], seen: Sequence[str]) -> Judgement:
    """Judge pods by those of these rules that a level has in a version. ``seen`` are columns of pods that count."""
    if not set(rules) & set(rules_in_force(level, minor_version(version))):
        none = pd.Series(False, all_pods.index)
        return judge(all_pods, none, applies=none, otherwise=f"{level} has no such rule in {version}")
    said = explain_specs(pod_specs, in_force(security, level=level, version=version, only=rules))
    return judge(all_pods, said == "", seen, reasons=said, applies=~ended(all_pods), otherwise=ENDED)


def _judging(rule: PodRule) -> Callable[..., Judgement]:
    def judged(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
               version: str = "latest") -> Judgement:
        return _judged(all_pods, pod_specs, spec_security, rule.level, version, rule.rules, rule.seen)

    return judged


def _register(*rules: PodRule) -> None:
    for rule in rules:
        add(_judging(rule), __name__, rule.name, ["all_pods", "pod_specs", "spec_security"],
            tunable={"version": "latest"}, severity=rule.severity, title=rule.title, finding=rule.finding,
            wanted=rule.wanted, remedy=rule.remedy, why=rule.why, source=SOURCE.format(rule.level, rule.standard))


_register(
    PodRule("host_namespaces", "high", "baseline", "host namespaces", ["hostNamespaces"],
            "Pods share no namespace of the host.",
            "shares a namespace of the host",
            wanted="hostNetwork, hostPID and hostIPC are not set",
            remedy="Remove hostNetwork, hostPID and hostIPC. Expose the pod through a Service.",
            why="A pod that shares a namespace of the host can see its network, its processes or its shared memory.",
            seen=["host_network", "host_pid", "host_ipc"]),
    PodRule("privileged", "critical", "baseline", "privileged containers", ["privileged"],
            "Pods have no privileged containers.",
            "has a privileged container",
            wanted="privileged is not set on any container",
            remedy="Remove securityContext.privileged. Grant only the capabilities or devices that are needed.",
            why="A privileged container has all capabilities and all devices of its node."),
    PodRule("capabilities_baseline", "high", "baseline", "capabilities", ["capabilities_baseline"],
            "Containers add no capabilities beyond the default set.",
            "adds a capability beyond the default set",
            wanted="containers add no capability beyond those that runtimes give by default",
            remedy="Remove the capability from securityContext.capabilities.add, or move the program that needs it to "
                   "a separate pod.",
            why="Other capabilities, such as SYS_ADMIN and NET_ADMIN, let a process change the node or break out to "
                "it."),
    PodRule("host_path_volumes", "high", "baseline", "hostPath volumes", ["hostPathVolumes"],
            "Pods meet the rule of the Pod Security Standards on hostPath volumes.",
            "has a hostPath volume",
            wanted="no volume of type hostPath",
            remedy="Use a volume that is not a path of the node: an emptyDir, a persistent volume claim, a ConfigMap "
                   "or a CSI driver.",
            why="A hostPath volume gives a container files of its node, such as credentials of the kubelet."),
    PodRule("host_ports", "medium", "baseline", "host ports", ["hostPorts"],
            "Pods use no host ports.",
            "uses a host port",
            wanted="hostPort is not set, or is 0",
            remedy="Remove hostPort and expose the port through a Service.",
            why="Traffic to a host port goes to the address of the node, and bypasses Services and Ingresses."),
    PodRule("apparmor", "medium", "baseline", "AppArmor", ["appArmorProfile"],
            "Pods set no forbidden AppArmor profile.",
            "sets a forbidden AppArmor profile",
            wanted="AppArmor profile RuntimeDefault or Localhost, or none set",
            remedy="Remove the profile Unconfined from appArmorProfile and from the annotations of the pod.",
            why="With the profile Unconfined, AppArmor does not limit the container, also on nodes that enforce it.",
            seen=["apparmor_type"]),
    PodRule("selinux", "medium", "baseline", "SELinux", ["seLinuxOptions"],
            "Pods set no forbidden SELinux options.",
            "sets a forbidden SELinux option",
            wanted="an SELinux type for containers, or none; no SELinux user and no SELinux role",
            remedy="Remove user and role from seLinuxOptions. Remove type, or set it to container_t.",
            why="With another type, user or role, SELinux may let a container reach files of its node.",
            seen=["selinux_type", "selinux_user", "selinux_role"]),
    PodRule("seccomp_baseline", "medium", "baseline", "seccomp", ["seccompProfile_baseline"],
            "Pods set no forbidden seccomp profile.",
            "sets a forbidden seccomp profile",
            wanted="seccomp profile RuntimeDefault or Localhost, or none set",
            remedy="Replace the profile Unconfined with RuntimeDefault.",
            why="With the profile Unconfined, a container can use every system call, also those that attacks on the "
                "kernel use.",
            seen=["seccomp_type"]),
    PodRule("sysctls", "medium", "baseline", "sysctls", ["sysctls"],
            "Pods set only safe sysctls.",
            "sets a forbidden sysctl",
            wanted="only sysctls that the standard lists as safe",
            remedy="Remove the sysctl from securityContext.sysctls, or set it on nodes that are reserved for such "
                   "pods.",
            why="Other kernel parameters can affect all pods of the node, or switch off protections."),
    PodRule("windows_host_process", "high", "baseline", "HostProcess", ["windowsHostProcess"],
            "Pods do not use HostProcess mode on Windows.",
            "sets HostProcess mode",
            wanted="windowsOptions.hostProcess is not true for the pod and its containers",
            remedy="Remove windowsOptions.hostProcess.",
            why="A HostProcess container runs as a process of its node, with access to the node's files and network.",
            seen=["windows_host_process"]),
    PodRule("host_probes", "medium", "baseline", "host probes and lifecycle hooks (from v1.34)",
            ["hostProbesAndHostLifecycle"],
            "Probes and lifecycle hooks connect only to their own pod.",
            "sets a host in a probe or lifecycle hook",
            wanted="no host in probes and lifecycle hooks",
            remedy="Remove host from httpGet and tcpSocket, so that the kubelet connects to the pod itself.",
            why="Whoever writes the pod can make the kubelet send requests to any host that the node can reach."),
)


@check(severity="medium", finding="sets a procMount other than Default", wanted="procMount is Default, or not set",
       remedy=f"Remove securityContext.procMount. {USERS.removesuffix('.')}, at the level baseline.",
       source=SOURCE.format("baseline and restricted", "/proc mount type"))
def proc_mount(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
               version: str = "latest", level: str = "baseline") -> Judgement:
    """Pods keep the default masks of /proc.

    With procMount Unmasked, a container can read and change settings of the kernel through /proc.
    """
    return _judged(all_pods, pod_specs, spec_security, level, version, ["procMount", "procMount_restricted"],
                   ["host_users"])


_register(
    PodRule("capabilities_restricted", "medium", "restricted", "capabilities (from v1.22)",
            ["capabilities_baseline", "capabilities_restricted"],
            "Containers drop all capabilities, and add only NET_BIND_SERVICE.",
            "does not limit capabilities as the standard requires",
            wanted="every container drops ALL capabilities and adds at most NET_BIND_SERVICE",
            remedy=f'Set securityContext.capabilities.drop to ["ALL"] on every container. {WINDOWS}',
            why="A capability is a part of the power of root. Runtimes give containers several that most programs "
                "never use.",
            seen=["os_name"]),
    PodRule("volume_types", "medium", "restricted", "volume types", ["hostPathVolumes", "restrictedVolumes"],
            "Pods use only allowed volume types.",
            "uses a volume type that is not allowed",
            wanted="only volumes of the types configMap, csi, downwardAPI, emptyDir, ephemeral, image, "
                   "persistentVolumeClaim, projected, secret",
            remedy="Mount storage through a persistent volume claim or a CSI driver.",
            why="With other types, whoever writes the pod chooses which files of the node or which storage it mounts."),
    PodRule("privilege_escalation", "medium", "restricted", "privilege escalation (from v1.8)",
            ["allowPrivilegeEscalation"],
            "Containers meet the rule of the Pod Security Standards on privilege escalation.",
            "has a container that allows privilege escalation",
            wanted="allowPrivilegeEscalation: false on every container",
            remedy=f"Set securityContext.allowPrivilegeEscalation to false on every container. {WINDOWS}",
            why="Where it is allowed, a process can gain more rights than its parent, for example through a setuid "
                "program.",
            seen=["os_name"]),
    PodRule("run_as_non_root", "medium", "restricted", "running as non-root", ["runAsNonRoot"],
            "Containers are required to run as non-root users.",
            "does not require containers to run as non-root users",
            wanted="runAsNonRoot: true for the pod or every container, and false nowhere",
            remedy=f"Set securityContext.runAsNonRoot to true for the pod, and use an image with a user. {USERS}",
            why="A process that runs as root in a container is root on the node if it breaks out.",
            seen=["run_as_non_root", "host_users"]),
    PodRule("run_as_user", "medium", "restricted", "running as non-root user (from v1.23)", ["runAsUser"],
            "Pods and containers do not set user 0 (root).",
            "sets runAsUser to 0",
            wanted="runAsUser is not 0 for the pod and its containers",
            remedy=f"Remove runAsUser: 0, or set another user. {USERS}",
            why="User 0 is root. A process that runs as root in a container is root on the node if it breaks out.",
            seen=["run_as_user", "host_users"]),
    PodRule("seccomp_restricted", "medium", "restricted", "seccomp (from v1.19)",
            ["seccompProfile_baseline", "seccompProfile_restricted"],
            "Containers have an allowed seccomp profile.",
            "lacks an allowed seccomp profile",
            wanted="seccomp profile RuntimeDefault or Localhost for the pod or every container",
            remedy=f"Set securityContext.seccompProfile.type to RuntimeDefault for the pod. {WINDOWS}",
            why="A seccomp profile blocks system calls that programs rarely need and that attacks on the kernel use.",
            seen=["seccomp_type", "os_name"]),
)
