"""Pod Security Standards: one check for each rule, judged as the admission plug-in of Kubernetes judges it.

Each pod gets one verdict, and so does the pod template of each controller that has no pods; what fails is said in the
plug-in's own words. ``version`` is ``latest`` or ``v1.N``. A rule that the standard does not have in that version does
not speak of any pod. A rule of restricted that is younger than the rule of baseline which it replaces is judged by the
latter in the versions before.
"""

import pandas as pd

from auditkit.analysis.pod_security.levels import explain_specs, in_force, minor_version
from auditkit.analysis.pod_security.rules import in_force as rules_in_force
from auditkit.analysis.workloads.containers import ended
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.workloads import ENDED

SOURCE = "Kubernetes Pod Security Standards, {}: {}"
USERS = "A pod with hostUsers: false (a user namespace of its own) is exempt from v1.35 on."
WINDOWS = "A pod with os.name: windows is exempt from v1.25 on."


def _judged(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, security: pd.DataFrame, level: str, version: str,
            *rules: str, seen: tuple[str, ...] = ()) -> Judgement:
    """The verdict of those of these rules that a level has in a version. ``seen`` are columns of pods that count."""
    if not set(rules) & set(rules_in_force(level, minor_version(version))):
        none = pd.Series(False, all_pods.index)
        return judge(all_pods, none, applies=none, otherwise=f"{level} has no such rule in {version}")
    said = explain_specs(pod_specs, in_force(security, level=level, version=version, only=rules))
    return judge(all_pods, said == "", seen, reasons=said, applies=~ended(all_pods), otherwise=ENDED)


# --- baseline ------------------------------------------------------------------------------------------------------


@check(severity="high", wanted="hostNetwork, hostPID and hostIPC are not set",
       remedy="Remove them; reach what is needed through a Service, or run it as a daemon of the node's own.",
       source=SOURCE.format("baseline", "host namespaces"))
def host_namespaces(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                    version: str = "latest") -> Judgement:
    """Pods share no namespace of their node."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "hostNamespaces",
                   seen=("host_network", "host_pid", "host_ipc"))


@check(severity="critical", wanted="privileged is not set on any container",
       remedy="Remove securityContext.privileged; grant the single capabilities or devices that are needed.",
       source=SOURCE.format("baseline", "privileged containers"))
def privileged(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
               version: str = "latest") -> Judgement:
    """Pods have no privileged container."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "privileged")


@check(severity="high", wanted="containers add no capability beyond those that runtimes give by default",
       remedy="Remove the capability from securityContext.capabilities.add, or move what needs it to a pod of its own.",
       source=SOURCE.format("baseline", "capabilities"))
def capabilities_baseline(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                          version: str = "latest") -> Judgement:
    """Containers add only capabilities of the default set."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "capabilities_baseline")


@check(severity="high", wanted="no volume of type hostPath",
       remedy="Use a volume that does not reach into the node: emptyDir, a claim, a ConfigMap or a CSI driver.",
       source=SOURCE.format("baseline", "hostPath volumes"))
def host_path_volumes(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                      version: str = "latest") -> Judgement:
    """Pods mount no path of their node."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "hostPathVolumes")


@check(severity="medium", wanted="no hostPort, or 0",
       remedy="Remove hostPort and publish the port by a Service.",
       source=SOURCE.format("baseline", "host ports"))
def host_ports(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
               version: str = "latest") -> Judgement:
    """Containers take no port of their node."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "hostPorts")


@check(severity="medium", wanted="AppArmor profile RuntimeDefault, Localhost, or not set",
       remedy="Remove the profile Unconfined from appArmorProfile and from the annotations of the pod.",
       source=SOURCE.format("baseline", "AppArmor"))
def apparmor(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
             version: str = "latest") -> Judgement:
    """AppArmor is not switched off."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "appArmorProfile", seen=("apparmor_type",))


@check(severity="medium", wanted="an SELinux type for containers, or none; no SELinux user and role",
       remedy="Remove user and role from seLinuxOptions, and set type to container_t or leave it out.",
       source=SOURCE.format("baseline", "SELinux"))
def selinux(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
            version: str = "latest") -> Judgement:
    """SELinux options stay within those made for containers."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "seLinuxOptions",
                   seen=("selinux_type", "selinux_user", "selinux_role"))


@check(severity="medium", wanted="procMount Default, or not set",
       remedy=f"Remove securityContext.procMount. {USERS.removesuffix('.')}, at the level baseline.",
       source=SOURCE.format("baseline and restricted", "/proc mount type"))
def proc_mount(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
               version: str = "latest", level: str = "baseline") -> Judgement:
    """Containers see /proc masked as runtimes do it by default."""
    return _judged(all_pods, pod_specs, spec_security, level, version, "procMount", "procMount_restricted",
                   seen=("host_users",))


@check(severity="medium", wanted="seccomp profile RuntimeDefault, Localhost, or not set",
       remedy="Replace the profile Unconfined by RuntimeDefault.",
       source=SOURCE.format("baseline", "seccomp"))
def seccomp_baseline(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                     version: str = "latest") -> Judgement:
    """Seccomp is not switched off."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "seccompProfile_baseline",
                   seen=("seccomp_type",))


@check(severity="medium", wanted="only kernel parameters that are safe for the other pods of the node",
       remedy="Remove the parameter from securityContext.sysctls, or set it on nodes that are kept for such pods.",
       source=SOURCE.format("baseline", "sysctls"))
def sysctls(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
            version: str = "latest") -> Judgement:
    """Pods set only safe kernel parameters."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "sysctls")


@check(severity="high", wanted="windowsOptions.hostProcess is not true for the pod and its containers",
       remedy="Remove windowsOptions.hostProcess.",
       source=SOURCE.format("baseline", "HostProcess"))
def windows_host_process(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                         version: str = "latest") -> Judgement:
    """No Windows container runs as a process of its node."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "windowsHostProcess",
                   seen=("windows_host_process",))


@check(severity="medium", wanted="no host in probes and lifecycle hooks",
       remedy="Remove host from httpGet and tcpSocket, so that the kubelet connects to the pod itself.",
       source=SOURCE.format("baseline", "host probes and lifecycle hooks (from v1.34)"))
def host_probes(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                version: str = "latest") -> Judgement:
    """Probes and lifecycle hooks connect to their own pod only."""
    return _judged(all_pods, pod_specs, spec_security, "baseline", version, "hostProbesAndHostLifecycle")


# --- restricted ----------------------------------------------------------------------------------------------------


@check(severity="medium", wanted="every container drops ALL capabilities and adds at most NET_BIND_SERVICE",
       remedy=f'Set securityContext.capabilities.drop to ["ALL"] on every container. {WINDOWS}',
       source=SOURCE.format("restricted", "capabilities (from v1.22)"))
def capabilities_restricted(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                            version: str = "latest") -> Judgement:
    """Containers drop all capabilities, and add back none but NET_BIND_SERVICE."""
    return _judged(all_pods, pod_specs, spec_security, "restricted", version, "capabilities_baseline",
                   "capabilities_restricted",
                   seen=("os_name",))


@check(severity="medium",
       wanted="only volumes of the types configMap, csi, downwardAPI, emptyDir, ephemeral, image, "
              "persistentVolumeClaim, projected, secret",
       remedy="Mount storage through a PersistentVolumeClaim or a CSI driver.",
       source=SOURCE.format("restricted", "volume types"))
def volume_types(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                 version: str = "latest") -> Judgement:
    """Pods use only the volume types that need no trust in who writes the pod."""
    return _judged(all_pods, pod_specs, spec_security, "restricted", version, "hostPathVolumes", "restrictedVolumes")


@check(severity="medium", wanted="allowPrivilegeEscalation: false on every container",
       remedy=f"Set securityContext.allowPrivilegeEscalation to false on every container. {WINDOWS}",
       source=SOURCE.format("restricted", "privilege escalation (from v1.8)"))
def privilege_escalation(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                         version: str = "latest") -> Judgement:
    """Processes in containers cannot gain rights that their parent does not have."""
    return _judged(all_pods, pod_specs, spec_security, "restricted", version, "allowPrivilegeEscalation",
                   seen=("os_name",))


@check(severity="medium", wanted="runAsNonRoot: true for the pod or every container, and false nowhere",
       remedy=f"Set securityContext.runAsNonRoot to true for the pod, with an image that has a user. {USERS}",
       source=SOURCE.format("restricted", "running as non-root"))
def run_as_non_root(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                    version: str = "latest") -> Judgement:
    """Containers must not start as root."""
    return _judged(all_pods, pod_specs, spec_security, "restricted", version, "runAsNonRoot",
                   seen=("run_as_non_root", "host_users"))


@check(severity="medium", wanted="runAsUser is not 0 for the pod and its containers",
       remedy=f"Remove runAsUser: 0, or set another user. {USERS}",
       source=SOURCE.format("restricted", "running as non-root user (from v1.23)"))
def run_as_user(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                version: str = "latest") -> Judgement:
    """No container is told to run as user 0."""
    return _judged(all_pods, pod_specs, spec_security, "restricted", version, "runAsUser", seen=("run_as_user",
                   "host_users"))


@check(severity="medium", wanted="seccomp profile RuntimeDefault or Localhost for the pod or every container",
       remedy=f"Set securityContext.seccompProfile.type to RuntimeDefault for the pod. {WINDOWS}",
       source=SOURCE.format("restricted", "seccomp (from v1.19)"))
def seccomp_restricted(all_pods: pd.DataFrame, pod_specs: pd.DataFrame, spec_security: pd.DataFrame, *,
                       version: str = "latest") -> Judgement:
    """Every container has a seccomp profile."""
    return _judged(all_pods, pod_specs, spec_security, "restricted", version, "seccompProfile_baseline",
                   "seccompProfile_restricted",
                   seen=("seccomp_type", "os_name"))
