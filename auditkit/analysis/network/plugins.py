"""What is known of the network plug-in, and whether it enforces network policies at all.

The API server stores network policies whether or not anything acts on them. What acts on them is an agent on every
node, as a rule a DaemonSet, known by its image. Its settings are not read, so what holds "unless switched off" is said
so in the grounds. What is not recognised is not known, and is never taken for enforcing.
"""

from typing import NamedTuple

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING


class Agent(NamedTuple):
    """An agent on the nodes: how its image or DaemonSet is called, and what it does about policies."""

    plugin: str
    pattern: str
    enforces: bool | None
    grounds: str
    by: str = "repository"


AGENTS = (
    Agent("Calico", r"(?:^|/)(?:mirrored-|hardened-)?(?:calico/node|calico-node|calico|cnx-node)$", True,
          "the Calico agent enforces network policies"),
    Agent("Cilium", r"(?:^|/)(?:mirrored-cilium-)?cilium(?:-agent)?$", True,
          "the Cilium agent enforces network policies unless enforcement is set to never"),
    Agent("Antrea", r"(?:^|/)antrea-(?:agent-)?(?:ubuntu|ubi|debian|agent)$", True,
          "the Antrea agent enforces network policies"),
    Agent("Weave Net", r"(?:^|/)weave-npc$", True, "the Weave policy controller enforces network policies"),
    Agent("Weave Net", r"(?:^|/)weave-kube$", False, "Weave without its policy controller only routes"),
    Agent("kube-router", r"(?:^|/)kube-router$", True,
          "kube-router enforces network policies unless its firewall is switched off"),
    Agent("OVN-Kubernetes", r"(?:^|/)ovn-(?:kube|kubernetes)[a-z0-9-]*$", True,
          "OVN-Kubernetes enforces network policies"),
    Agent("OVN-Kubernetes", r"^(?:openshift-ovn-kubernetes|ovn-kubernetes)/ovnkube-node", True,
          "OVN-Kubernetes enforces network policies", "daemonset"),
    Agent("OpenShift SDN", r"^openshift-sdn/sdn$", None,
          "OpenShift SDN enforces network policies only in one of its modes", "daemonset"),
    Agent("Kube-OVN", r"(?:^|/)kube-ovn(?:-cni)?$", True, "Kube-OVN enforces network policies unless switched off"),
    Agent("kube-network-policies", r"(?:^|/)kube-network-policies[a-z0-9-]*$", True,
          "kube-network-policies enforces network policies in addition to any plug-in"),
    Agent("NSX", r"(?:^|/)nsx-(?:ncp|node-agent)[a-z0-9-]*$", True, "the NSX agent enforces network policies"),
    Agent("Cisco ACI", r"(?:^|/)aci-containers-host$", True, "the ACI agent enforces network policies"),
    Agent("Contrail", r"(?:^|/)contrail-(?:vrouter|node)[a-z0-9-]*$", True, "Contrail enforces network policies"),
    Agent("flannel", r"(?:^|/)(?:mirrored-|hardened-)?(?:flannel|flannelcni-flannel|flannel-flannel)$", False,
          "flannel only routes; it does not enforce network policies"),
    Agent("AWS VPC CNI", r"(?:^|/)amazon-k8s-cni$", False,
          "the AWS VPC CNI only routes without its policy agent"),
    Agent("AWS policy agent", r"(?:^|/)aws-network-policy-agent$", None,
          "the AWS policy agent is disabled by default, and the cluster does not show whether it was enabled"),
    Agent("Azure NPM", r"(?:^|/)azure-npm$", True, "the Azure network policy manager enforces network policies"),
    Agent("Azure CNI", r"(?:^|/)azure-(?:cns|cni|vnet)[a-z0-9-]*$", False,
          "the Azure CNI only routes without a policy manager, Calico or Cilium"),
    Agent("Terway", r"(?:^|/)terway[a-z0-9-]*$", None, "Terway enforces network policies if that is enabled"),
)

CLUSTER_WIDE = ("Calico", "OVN-Kubernetes")
"""Agents that act on AdminNetworkPolicies and their kin. Cilium up to 1.19 does not (cilium/cilium#23380), Antrea does
by a feature gate, kube-network-policies in another build; of the rest it is not known."""

KINDNET = r"(?:^|/)kindnetd$"
KINDNET_ENFORCES, KINDNET_ROUTES = "20240813", "20240701"
"""The agent of kind v0.24.0 (the first release with network policies), and the last month before they were built in."""

COLUMNS = {"plugin": STRING, "namespace": STRING, "name": STRING, "image": STRING, "nodes": INTEGER,
           "of_nodes": INTEGER, "enforces": BOOLEAN, "grounds": STRING}

NO_AGENTS = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
"""A cluster of which no agent is known."""


def network_plugin(template_containers: pd.DataFrame, pod_readiness: pd.DataFrame, pod_owners: pd.DataFrame,
                   nodes: pd.DataFrame) -> pd.DataFrame:
    """The recognised network agents: one row for each DaemonSet and agent in it.

    plugin, namespace and name of the DaemonSet, image, nodes (with a ready pod of it), of_nodes (that there are),
    enforces (whether it enforces network policies; ``<NA>``: not known), grounds.
    """
    of_agents = (template_containers["kind"] == "DaemonSet") & (template_containers["type"] != "init")
    agents = template_containers[["namespace", "pod", "image"]][of_agents.fillna(False)]
    agents = agents.rename(columns={"pod": "name"})
    agents = agents.assign(repository=repository(agents["image"]), daemonset=agents["namespace"] + "/" + agents["name"])
    found = [agents[rows].assign(plugin=agent.plugin, enforces=agent.enforces, grounds=agent.grounds)
             for agent in AGENTS if (rows := agents[agent.by].str.contains(agent.pattern).fillna(False)).any()]
    found = pd.concat([*found, _kindnet(agents), _k3s(nodes)], ignore_index=True)
    found = found.drop_duplicates(["namespace", "name", "plugin"]).merge(
        _coverage(pod_readiness, pod_owners, nodes), on=["namespace", "name"], how="left")
    found["of_nodes"] = pd.NA if nodes.attrs.get("gaps") else len(nodes)  # how many there are is not known then
    found["nodes"] = found["nodes"].astype(INTEGER).fillna(found["own_nodes"].astype(INTEGER)).fillna(0)
    found["grounds"] = found["grounds"].where(found["nodes"] >= found["of_nodes"], found["grounds"] + "; ready on "
                                              + found["nodes"].astype(STRING) + f" of {len(nodes)} nodes")
    return found.astype(COLUMNS)[list(COLUMNS)]


def repository(image: pd.Series) -> pd.Series:
    """The path of an image without registry, tag and digest: ``quay.io/calico/node:v3`` → ``calico/node``."""
    path = image.astype(STRING).str.replace(r"@.*$", "", regex=True).str.replace(r":[^/]*$", "", regex=True)
    return path.str.replace(r"^[^/]*[.:][^/]*/|^localhost/", "", regex=True)


def _kindnet(agents: pd.DataFrame) -> pd.DataFrame:
    """kindnet: whether it enforces is told by the date in its tag."""
    mine = agents[agents["repository"].str.contains(KINDNET).fillna(False)]
    date = mine["image"].str.extract(r":v(\d{8})-", expand=False).astype(STRING)
    enforces = (date >= KINDNET_ENFORCES).where((date >= KINDNET_ENFORCES) | (date < KINDNET_ROUTES))
    return mine.assign(plugin="kindnet", enforces=enforces.astype(BOOLEAN),
                       grounds="kindnet enforces network policies since the release of kind v0.24.0 (August 2024)")


def _k3s(nodes: pd.DataFrame) -> pd.DataFrame:
    """k3s: its policy controller is part of its one process, and nothing of it is visible."""
    mine = nodes["kubelet_version"].str.contains("+k3s", regex=False).fillna(False)
    return pd.DataFrame({"plugin": ["k3s"], "enforces": [None], "own_nodes": [mine.sum()], "grounds": [
        "k3s enforces network policies in its own process unless disabled, which the cluster does not show"]}
    ).iloc[: int(mine.any())]


def _coverage(pod_readiness: pd.DataFrame, pod_owners: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """On how many of the nodes a pod of each DaemonSet is known to be ready: namespace, name, nodes."""
    ready = pod_readiness[pod_readiness["ready"].fillna(False) & pod_readiness["node"].isin(nodes["name"])]
    owners = pod_owners.loc[(pod_owners["owner_kind"] == "DaemonSet").fillna(False), ["namespace", "pod", "owner"]]
    placed = owners.merge(ready[["namespace", "pod", "node"]], on=["namespace", "pod"])
    counted = placed.groupby(["namespace", "owner"])["node"].nunique()
    return counted.rename("nodes").reset_index().rename(columns={"owner": "name"})


def enforcement(network_plugin: pd.DataFrame) -> bool | None:
    """``True`` if network policies are enforced, ``False`` if not, ``None`` if unknown.

    One agent that enforces them on every node is enough, whatever runs beside it; that nothing does is known only where
    no agent can be missing.
    """
    everywhere = (network_plugin["nodes"] >= network_plugin["of_nodes"]).fillna(False)
    if (network_plugin["enforces"].fillna(False) & everywhere).any():
        return True
    refuted = (~network_plugin["enforces"]).fillna(False)
    return False if len(network_plugin) and refuted.all() and not network_plugin.attrs.get("gaps") else None


def acting(network_plugin: pd.DataFrame, plugin: str) -> str:
    """Why it is not known that this plug-in's agent alone acts on every node; empty where it does."""
    own = network_plugin["plugin"] == plugin
    if not own.any():
        return f"no agent of {plugin} is recognised"
    if network_plugin.attrs.get("gaps"):
        return "which agents there are is not known completely"
    if not (own & (network_plugin["nodes"] >= network_plugin["of_nodes"])).fillna(False).any():
        return f"the agent of {plugin} is not seen ready on every node"
    others = network_plugin.loc[(~own & network_plugin["enforces"].fillna(True)).to_numpy(bool), "plugin"]
    return f"{others.iloc[0]} may enforce policies beside it" if len(others) else ""


def reads_cluster_wide(network_plugin: pd.DataFrame) -> bool:
    """False if agents are recognised, and none of them is known to act on cluster-wide policies of Kubernetes."""
    return network_plugin.empty or bool(network_plugin["plugin"].isin(CLUSTER_WIDE).any())


def enforcement_grounds(network_plugin: pd.DataFrame) -> str:
    """The same in words."""
    if network_plugin.empty:
        return "the network plug-in was not recognised"
    return "; ".join(network_plugin["grounds"].unique())
