"""Steps from pods: to the service account whose token they hold, and out of the container onto their node."""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.escalation.steps import place, steps

ESCAPES = {  # capabilities with which a container gets out by itself (capabilities(7))
    "ALL": "has all capabilities", "SYS_ADMIN": "mounts and controls the node with SYS_ADMIN",
    "SYS_MODULE": "loads a kernel module", "SYS_RAWIO": "reads the node's memory and devices",
    "DAC_READ_SEARCH": "opens files of the node by handle", "BPF": "loads programs into the kernel",
}
SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
           "/var/run/containerd/containerd.sock", "/run/crio/crio.sock", "/var/run/crio/crio.sock",
           "/run/k3s/containerd/containerd.sock", "/var/run/cri-dockerd.sock", "/run/cri-dockerd.sock")
WRITTEN = ("/etc", "/root", "/home", "/usr", "/bin", "/sbin", "/lib", "/opt", "/boot", "/dev", "/sys",
           "/proc/sys/kernel", "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd", "/var/spool/cron",
           "/etc/kubernetes/manifests")
READ = ("/root/.ssh", "/home", "/etc/kubernetes", "/etc/shadow", "/etc/ssh", "/var/lib/kubelet/pki", "/dev",
        "/var/lib/etcd", "/var/lib/rancher")
TOKENS, LOGS = ("/var/lib/kubelet/pods",), ("/var/log",)
UNBOUND = "(not bound to a node)"
_POD = ["namespace", "pod"]


def pod_steps(pods: pd.DataFrame, containers: pd.DataFrame, container_capabilities: pd.DataFrame,
              container_mounts: pd.DataFrame, container_ports: pd.DataFrame, volumes: pd.DataFrame,
              projected_sources: pd.DataFrame, service_accounts: pd.DataFrame) -> pd.DataFrame:
    """The steps from each pod, and to those that listen on a port."""
    found = [
        _tokens(pods, projected_sources, service_accounts),
        _escapes(_in_pods(containers, pods), _in_pods(container_capabilities, pods)),
        _mounted(_mounts(_in_pods(container_mounts, pods), volumes)),
        _listening(container_ports),
    ]
    return pd.concat(found, ignore_index=True).drop_duplicates(ignore_index=True)


def _in_pods(rows: pd.DataFrame, pods: pd.DataFrame) -> pd.DataFrame:
    """Rows of containers with what their pod shares with its node, and its node."""
    shared = pods[["namespace", "name", "node", "host_pid", "host_network"]].rename(columns={"name": "pod"})
    return rows.merge(shared, on=_POD)


def _tokens(pods: pd.DataFrame, projected: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """To the service account: its token is mounted by default, or as a projected volume for the API server."""
    by_account = accounts[["namespace", "name", "automount_token"]].rename(
        columns={"name": "service_account", "automount_token": "by_account"})
    known = pods.merge(by_account, on=["namespace", "service_account"], how="left")
    mounted = known["automount_token"].fillna(known["by_account"]).fillna(True)
    projected = projected[(projected["secret"] == "") & projected["audience"].isna()]
    own = (known["namespace"] + "/" + known["name"]).isin(projected["namespace"] + "/" + projected["pod"])
    known = known[mounted | own]
    return steps(place("Pod", known["namespace"], known["name"]), "ServiceAccount", known["namespace"],
                 known["service_account"], step="uses the token of its service account",
                 source="pod " + known["namespace"] + "/" + known["name"])


def _onto_node(rows: pd.DataFrame, step: pd.Series | str, what: pd.Series | str, *, certain: bool = True,
               to: str = "Node") -> pd.DataFrame:
    """Steps from the pods of these rows onto their nodes; ``what`` says which part of the container lets them."""
    source = "pod " + rows["namespace"] + "/" + rows["pod"] + ", container " + rows["container"] + what
    return steps(place("Pod", rows["namespace"], rows["pod"]), to, "", rows["node"].fillna(UNBOUND), step=step,
                 source=source, certain=certain)


def _escapes(containers: pd.DataFrame, capabilities: pd.DataFrame) -> pd.DataFrame:
    """Out of a container by what its security context allows."""
    containers = containers.rename(columns={"name": "container"})
    added = capabilities[capabilities["action"] == "add"]
    added = added.assign(capability=added["capability"].str.upper().str.removeprefix("CAP_"))
    alone = added[added["capability"].isin(list(ESCAPES))]
    traces = added[(added["capability"] == "SYS_PTRACE") & added["host_pid"]]
    network = added[added["capability"].isin(["NET_ADMIN", "NET_RAW"]) & added["host_network"]]
    privileged = containers[containers["privileged"] | containers["windows_host_process"].fillna(False)]
    return pd.concat([
        _onto_node(privileged, "is privileged, so that the node is open to it", ", privileged"),
        _onto_node(alone, alone["capability"].map(ESCAPES).astype(STRING), ", capability " + alone["capability"]),
        _onto_node(traces, "enters processes of the node", ", SYS_PTRACE and hostPID"),
        _onto_node(network, "intercepts traffic of the node", ", " + network["capability"] + " and hostNetwork",
                   certain=False),
    ])


def _mounts(mounts: pd.DataFrame, volumes: pd.DataFrame) -> pd.DataFrame:
    """Mounts of paths of the node: ``host_path`` without a slash at its end."""
    paths = volumes.loc[volumes["host_path"].notna(), [*_POD, "name", "host_path"]].rename(columns={"name": "volume"})
    mounts = mounts.merge(paths, on=[*_POD, "volume"])
    return mounts.assign(host_path=mounts["host_path"].str.rstrip("/"))


def _mounted(mounts: pd.DataFrame) -> pd.DataFrame:
    """Onto the node by its files."""
    path = ", " + mounts["host_path"].where(mounts["host_path"] != "", "/")
    write, read, sockets, tokens, logs = (
        _reaches(mounts["host_path"], what) for what in (WRITTEN, READ, SOCKETS, TOKENS, LOGS))
    write &= ~mounts["read_only"]
    read &= ~write
    logs = (logs & ~mounts["read_only"]).fillna(False)
    return pd.concat([
        _onto_node(mounts[sockets], "commands the container runtime", path[sockets]),
        _onto_node(mounts[write], "writes files of the node", path[write]),
        _onto_node(mounts[read], "reads credentials in files of the node", path[read], certain=False),
        _onto_node(mounts[tokens], "reads the tokens of other pods", path[tokens], to="PodsOfNode"),
        _onto_node(mounts[logs], "makes the kubelet show files of the node as logs", path[logs], certain=False),
    ])


def _reaches(paths: pd.Series, wanted: tuple[str, ...]) -> pd.Series:
    """True if a path of the node is one of these, lies in one, or holds one."""
    result = pd.Series(False, paths.index)
    for text in wanted:
        holds = [text[:end] for end in range(len(text)) if text[end] == "/"]
        result |= paths.isin(["", *holds, text]) | paths.str.startswith(f"{text}/").fillna(False).astype(bool)
    return result


def _listening(ports: pd.DataFrame) -> pd.DataFrame:
    """From the network to programs that listen; whether they can be broken into is not seen."""
    ports = ports.astype({"port": STRING})
    source = "pod " + ports["namespace"] + "/" + ports["pod"] + ", container " + ports["container"] + ", port "
    return steps(place("Network", index=ports.index), "Pod", ports["namespace"], ports["pod"],
                 step="breaks into a program that listens", source=source + ports["port"], certain=False)
