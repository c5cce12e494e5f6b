"""The rules of Pod Security: what each forbids, since which version, and what the plug-in says of it.

Facts and messages are those of Kubernetes' own admission plug-in (``k8s.io/pod-security-admission``, package
``policy``); so are the names of the rules. Versions are minor numbers: 25 is v1.25.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from auditkit.analysis.pod_security.specs import Listing, Specs, each, joined, keys, outside, said, true
from auditkit.base.go_text import go_quoted

APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/"
SECCOMP_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
PROFILES = ["RuntimeDefault", "Localhost"]
CAPABILITIES = [
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
]
VOLUMES = [
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
]
SELINUX_TYPES = {
    0: ("container_t", "container_init_t", "container_kvm_t"),
    31: ("container_engine_t",),
}
SYSCTLS = {
    0: ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
    27: ("net.ipv4.ip_local_reserved_ports",),
    29: ("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
         "net.ipv4.tcp_keepalive_probes"),
    32: ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
    37: ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"),
}


class Finding(NamedTuple):
    """A message for each pod that violates a rule (``<NA>`` for the others), and the versions in which it does.

    It does from ``since`` up to, and without, ``until``, which may differ by pod; without it, to the newest.
    """

    message: pd.Series
    since: int = 0
    until: int | np.ndarray | None = None


Find = Callable[[Specs], Iterator[Finding]]


class Rule(NamedTuple):
    """A rule: its name upstream, its level, the first version that has it, and how it is judged.

    ``replaced`` is the version since which restricted has a stricter rule in its place. ``known`` are the columns
    (``table.column`` of `Specs`) without which a pod can not be said to keep the rule.
    """

    id: str
    level: str
    since: int
    replaced: int | None
    known: tuple[str, ...]
    find: Find


RULES: list[Rule] = []
"""In the order in which the plug-in reports them: baseline first, then by name."""


def rule(id: str, level: str, *known: str, since: int = 0, replaced: int | None = None) -> Callable[[Find], Find]:
    """Register a rule."""

    def register(find: Find) -> Find:
        RULES.append(Rule(id, level, since, replaced, known, find))
        RULES.sort(key=lambda entry: (entry.level, entry.id.encode()))
        return find

    return register


def in_force(level: str, minor: int) -> list[str]:
    """The names of the rules that make up a level in a version. Privileged has none."""
    return [entry.id for entry in RULES if entry.since <= minor and (entry.level == level or (
        level == "restricted" and (entry.replaced is None or minor < entry.replaced)))]


def _growing(additions: dict[int, tuple[str, ...]]) -> Iterator[tuple[int, int | None, list[str]]]:
    """Each stretch of versions in which a list stays the same: first, end, all that is allowed by then."""
    starts = sorted(additions)
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        yield start, end, [name for since in starts if since <= start for name in additions[since]]


def _until(version: int, exempt: np.ndarray) -> np.ndarray:
    """The end of a rule for the pods that are exempt from this version on; it never ends for the others."""
    return np.where(exempt, float(version), np.nan)


def at_issue(volumes: pd.DataFrame, ports: pd.DataFrame, handlers: pd.DataFrame, annotations: pd.DataFrame,
             ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows of these tables that a rule of some version may mind, or of which it is not known whether one does."""
    profile = annotations["key"].str.startswith((APPARMOR_ANNOTATION, SECCOMP_ANNOTATION, SECCOMP_POD_ANNOTATION))
    return (volumes[~volumes["type"].isin(VOLUMES).fillna(False)], ports[~true(ports["host_port"] == 0)],
            handlers[~true(handlers["host"] == "")], annotations[profile.fillna(True)])


# --- baseline ------------------------------------------------------------------------------------------------------


@rule("hostNamespaces", "baseline", "pods.host_network", "pods.host_pid", "pods.host_ipc")
def host_namespaces(specs: Specs) -> Iterator[Finding]:
    shared = joined(", ", *(said(true(specs.pods[column]), f"{field}=true") for column, field in (
        ("host_network", "hostNetwork"), ("host_pid", "hostPID"), ("host_ipc", "hostIPC"))))
    yield Finding("host namespaces (" + shared + ")")


@rule("privileged", "baseline", "containers.privileged")
def privileged(specs: Specs) -> Iterator[Finding]:
    containers = specs.listed(specs.containers, true(specs.containers["privileged"])).after("container", "containers")
    yield Finding("privileged (" + containers + " must not set securityContext.privileged=true)")


def _added_beyond(specs: Specs, allowed: list[str]) -> pd.Series:
    added = specs.capabilities
    bad = true(added["action"] == "add") & outside(added["capability"], allowed)
    containers = specs.listed(specs.containers, specs.with_any(added, bad)).after("container", "containers")
    capabilities = specs.distinct((added, bad, "capability")).text
    return containers + " must not include " + capabilities + " in securityContext.capabilities.add"


@rule("capabilities_baseline", "baseline", "containers.name", "capabilities.capability", replaced=22)
def capabilities_baseline(specs: Specs) -> Iterator[Finding]:
    yield Finding("non-default capabilities (" + _added_beyond(specs, CAPABILITIES) + ")")


@rule("hostPathVolumes", "baseline", "volumes.type", replaced=0)
def host_path_volumes(specs: Specs) -> Iterator[Finding]:
    volumes = specs.listed(specs.volumes, true(specs.volumes["type"] == "hostPath"))
    yield Finding("hostPath volumes (" + volumes.after("volume", "volumes") + ")")


@rule("hostPorts", "baseline", "containers.name", "ports.host_port")
def host_ports(specs: Specs) -> Iterator[Finding]:
    bad = true(specs.ports["host_port"] != 0)
    containers = specs.listed(specs.containers, specs.with_any(specs.ports, bad))
    ports = specs.distinct((specs.ports, bad, "host_port"), quote="")
    yield Finding("hostPort (" + containers.after("container", "containers") + " " + containers.word("uses", "use")
                  + " " + ports.after("hostPort", "hostPorts") + ")")


@rule("hostProbesAndHostLifecycle", "baseline", "containers.name", "handlers.host", since=34)
def host_probes(specs: Specs) -> Iterator[Finding]:
    bad = true(specs.handlers["host"] != "")
    containers = specs.distinct((specs.handlers, bad, "container"))
    hosts = specs.distinct((specs.handlers, bad, "host"))
    yield Finding("probe or lifecycle host (" + containers.after("container", "containers") + " "
                  + containers.word("uses", "use") + " "
                  + hosts.after("probe or lifecycle host", "probe or lifecycle hosts") + ")")


@rule("appArmorProfile", "baseline", "containers.name")
def app_armor_profile(specs: Specs) -> Iterator[Finding]:
    wrong = specs.set_otherwise("apparmor_type", PROFILES)
    types = specs.values("apparmor_type", *wrong)
    notes = specs.annotations[true(specs.annotations["key"].str.startswith(APPARMOR_ANNOTATION))]
    annotations = _forbidden(specs, notes, "", "runtime/default")
    setters = joined(" and ", specs.setters(*wrong),
                     annotations.word("annotation", "annotations").where(annotations.text.notna()))
    profiles = Listing(types.count + annotations.count, joined(", ", types.text, annotations.text))
    yield Finding(profiles.word("forbidden AppArmor profile", "forbidden AppArmor profiles") + " (" + setters
                  + " must not set AppArmor profile type to " + profiles.text + ")")


def _forbidden(specs: Specs, notes: pd.DataFrame, *allowed: str, quote: str = '"') -> Listing:
    """Annotations, as ``key="value"``, that set a profile which is neither allowed nor a local one."""
    value = notes["value"].fillna("")
    notes = notes[~true(value.isin(list(allowed)) | value.str.startswith("localhost/"))].reset_index(drop=True)
    notes = notes.assign(text=notes["key"] + "=" + each(notes["value"], go_quoted))
    return specs.distinct((notes, np.ones(len(notes), bool), "text"), quote=quote)


@rule("seLinuxOptions", "baseline", "containers.name")
def selinux_options(specs: Specs) -> Iterator[Finding]:
    users, roles = (specs.set_otherwise(f"selinux_{field}", [""]) for field in ("user", "role"))
    for since, until, allowed in _growing(SELINUX_TYPES):
        types = specs.set_otherwise("selinux_type", ["", *allowed])
        setters = specs.setters(*(type_ | user | role for type_, user, role in zip(types, users, roles, strict=True)))
        data = joined("; ", specs.values("selinux_type", *types).after("type", "types"),
                      said(specs.anywhere(*users), "user may not be set"),
                      said(specs.anywhere(*roles), "role may not be set"))
        yield Finding("seLinuxOptions (" + setters + " set forbidden securityContext.seLinuxOptions: " + data + ")",
                      since, until)


def _unmasked_proc(specs: Specs) -> pd.Series:
    bad = true(specs.containers["proc_mount"] != "Default")
    return ("procMount (" + specs.listed(specs.containers, bad).after("container", "containers")
            + " must not set securityContext.procMount to "
            + specs.distinct((specs.containers, bad, "proc_mount")).text + ")")


@rule("procMount", "baseline", "containers.proc_mount", replaced=35)
def proc_mount(specs: Specs) -> Iterator[Finding]:
    yield Finding(_unmasked_proc(specs), until=_until(35, specs.own_users))


@rule("seccompProfile_baseline", "baseline", "containers.name", replaced=19)
def seccomp_baseline(specs: Specs) -> Iterator[Finding]:
    notes, containers = specs.annotations, specs.containers.assign(key=SECCOMP_ANNOTATION + specs.containers["name"])
    of_containers = pc.is_in(keys(notes, "at", "key"), value_set=keys(containers, "at", "key"))
    notes = notes[true(notes["key"] == SECCOMP_POD_ANNOTATION) | np.asarray(of_containers)]
    annotations = _forbidden(specs, notes, "runtime/default", "docker/default", quote="")
    yield Finding("seccompProfile (forbidden " + annotations.after("annotation", "annotations") + ")", until=19)
    yield Finding("seccompProfile (" + _wrong_seccomp(specs) + ")", since=19)


def _wrong_seccomp(specs: Specs) -> pd.Series:
    wrong = specs.set_otherwise("seccomp_type", PROFILES)
    return (specs.setters(*wrong) + " must not set securityContext.seccompProfile.type to "
            + specs.values("seccomp_type", *wrong).text)


@rule("sysctls", "baseline", "sysctls.name")
def sysctls(specs: Specs) -> Iterator[Finding]:
    for since, until, allowed in _growing(SYSCTLS):
        bad = outside(specs.sysctls["name"], allowed)
        yield Finding("forbidden sysctls (" + specs.listed(specs.sysctls, bad, quote="").text + ")", since, until)


@rule("windowsHostProcess", "baseline", "containers.name")
def windows_host_process(specs: Specs) -> Iterator[Finding]:
    setters = specs.setters(*(true(frame["windows_host_process"]) for frame in (specs.pods, specs.containers)))
    yield Finding("hostProcess (" + setters + " must not set securityContext.windowsOptions.hostProcess=true)")


# --- restricted ----------------------------------------------------------------------------------------------------


@rule("allowPrivilegeEscalation", "restricted", "containers.name", since=8)
def allow_privilege_escalation(specs: Specs) -> Iterator[Finding]:
    bad = ~true(~specs.containers["allow_privilege_escalation"])
    containers = specs.listed(specs.containers, bad).after("container", "containers")
    yield Finding("allowPrivilegeEscalation != false (" + containers
                  + " must set securityContext.allowPrivilegeEscalation=false)", until=_until(25, specs.windows))


@rule("capabilities_restricted", "restricted", "containers.name", "capabilities.capability", since=22)
def capabilities_restricted(specs: Specs) -> Iterator[Finding]:
    dropped = true((specs.capabilities["action"] == "drop") & (specs.capabilities["capability"] == "ALL"))
    keeping = specs.listed(specs.containers, ~specs.with_any(specs.capabilities, dropped))
    details = joined("; ", keeping.after("container", "containers")
                     + ' must set securityContext.capabilities.drop=["ALL"]',
                     _added_beyond(specs, ["NET_BIND_SERVICE"]))
    yield Finding("unrestricted capabilities (" + details + ")", until=_until(25, specs.windows))


@rule("procMount_restricted", "restricted", "containers.proc_mount", since=35)
def proc_mount_restricted(specs: Specs) -> Iterator[Finding]:
    yield Finding(_unmasked_proc(specs))


@rule("restrictedVolumes", "restricted", "volumes.type")
def restricted_volumes(specs: Specs) -> Iterator[Finding]:
    bad = outside(specs.volumes["type"], VOLUMES)
    volumes = specs.listed(specs.volumes, bad)
    types = specs.distinct((specs.volumes, bad, "type"))
    yield Finding("restricted volume types (" + volumes.after("volume", "volumes") + " " + volumes.word("uses", "use")
                  + " " + types.after("restricted volume type", "restricted volume types") + ")")


@rule("runAsNonRoot", "restricted", "containers.name")
def run_as_non_root(specs: Specs) -> Iterator[Finding]:
    pods, containers = specs.pods["run_as_non_root"], specs.containers["run_as_non_root"]
    setters = specs.setters(true(~pods), true(~containers))
    silent = specs.listed(specs.containers, containers.isna().to_numpy(dtype=bool) & ~specs.of_pod(true(pods)))
    detail = (setters + " must not set securityContext.runAsNonRoot=false").fillna(
        "pod or " + silent.after("container", "containers") + " must set securityContext.runAsNonRoot=true")
    yield Finding("runAsNonRoot != true (" + detail + ")", until=_until(35, specs.own_users))


@rule("runAsUser", "restricted", "containers.name", since=23)
def run_as_user(specs: Specs) -> Iterator[Finding]:
    setters = specs.setters(*(true(frame["run_as_user"] == 0) for frame in (specs.pods, specs.containers)))
    yield Finding("runAsUser=0 (" + setters + " must not set runAsUser=0)", until=_until(35, specs.own_users))


@rule("seccompProfile_restricted", "restricted", "containers.name", since=19)
def seccomp_restricted(specs: Specs) -> Iterator[Finding]:
    set_by_pod = true(specs.pods["seccomp_type"].isin(PROFILES))
    silent = specs.containers["seccomp_type"].isna().to_numpy(dtype=bool) & ~specs.of_pod(set_by_pod)
    detail = _wrong_seccomp(specs).fillna(
        "pod or " + specs.listed(specs.containers, silent).after("container", "containers")
        + ' must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"')
    yield Finding("seccompProfile (" + detail + ")", until=_until(25, specs.windows))
