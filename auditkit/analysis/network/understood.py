"""What is understood of the network policies of each engine, and what becomes of a flow where something is not.

`docs/reference/network-policies.md` is written from here.
"""

from typing import NamedTuple


class Understood(NamedTuple):
    """A part of an engine's policies, whether it is understood, and what else is to be said of it."""

    engine: str
    what: str
    understood: str
    otherwise: str = ""


ENGINES = (
    ("Kubernetes", "NetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy", "any"),
    ("Cilium", "CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy cilium.io/v2, up to Cilium 1.19",
     "the Cilium agent, ready on every node, and no other agent that enforces policies"),
    ("Calico", "NetworkPolicy, GlobalNetworkPolicy, Tier, NetworkSet and GlobalNetworkSet, projectcalico.org/v3 and "
     "crd.projectcalico.org/v1, up to the sources of July 2026 (after v3.31)",
     "the Calico agent, ready on every node, and no other agent that enforces policies"),
)
"""Each engine, the kinds that are read of it, and who must be seen to act on them. Where nobody is, what they would
decide over is not known."""

UNDERSTOOD = (
    Understood("Kubernetes", "pods, namespaces, nodes, address ranges, ports by number, range and name, relations "
               "between labels of namespaces", "yes",
               "ranges are taken to be for pods and nodes too, but where Cilium acts"),
    Understood("Kubernetes", "AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy beside agents "
               "other than Calico and OVN-Kubernetes", "no", "the rule may match"),
    Understood("Kubernetes", "names outside of the cluster (domainNames)", "no", "the rule may match"),
    Understood("Kubernetes", "two policies of one priority that contradict each other", "no",
               "what both decide is not known"),
    Understood("Cilium", "spec and specs, endpointSelector, nodeSelector, enableDefaultDeny, ingressDeny and "
               "egressDeny before ingress and egress, NetworkPolicies beside them", "yes"),
    Understood("Cilium", "fromEndpoints and toEndpoints, with labels of namespaces and the service account", "yes"),
    Understood("Cilium", "fromCIDR, fromCIDRSet with except and cidrGroupRef", "outside of the cluster",
               "a node in the range is not known (policy-cidr-match-mode is not visible); a pod is never meant"),
    Understood("Cilium", "entities all, world, cluster, host, remote-node, ingress, init, health, none", "yes",
               "whether a node is the pod's own is not known of groups of pods"),
    Understood("Cilium", "entities kube-apiserver and unmanaged", "in part",
               "which nodes, addresses or pods are meant is not known"),
    Understood("Cilium", "toServices by name", "services with a selector", "of others the addresses are not known"),
    Understood("Cilium", "toPorts: numbers, ranges, names of the pod's own ports, TCP, UDP and SCTP", "yes"),
    Understood("Cilium", "names of ports in egress rules", "no", "the rule may match"),
    Understood("Cilium", "icmps", "yes", "flows have no ICMP: such a rule opens no port"),
    Understood("Cilium", "layer 7 rules, listener, TLS, serverNames, toFQDNs, authentication", "no",
               "the rule may match"),
    Understood("Cilium", "fromNodes and toNodes, groups of a cloud, cidrGroupSelector, an empty rule", "no",
               "the rule may match"),
    Understood("Cilium", "fromRequires and toRequires, fields of a later release, policies that Cilium refuses", "no",
               "nothing is known of the policy's namespace, or of the cluster"),
    Understood("Cilium", "host policies (nodeSelector)", "in part",
               "what they deny is not known: the host firewall is off by default"),
    Understood("Cilium", "labels that are no part of an identity (pod-template-hash, kubernetes.io and others), labels "
               "of the cluster", "no", "the selector may match"),
    Understood("Cilium", "the entity cluster", "in part", "an API server outside of the cluster is no endpoint here"),
    Understood("Calico", "tiers by order and default action, policies by order and name, the first rule that matches, "
               "Pass, Log, types, the profile of the namespace; NetworkPolicies in the tier default", "yes",
               "the order of two policies of one order and different kinds is not known"),
    Understood("Calico", "AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy in tiers of their "
               "own", "yes", "releases before 3.29 ignore them"),
    Understood("Calico", "the language of selectors, for pods, namespaces and the names of service accounts", "yes"),
    Understood("Calico", "labels of service accounts, labels under projectcalico.org that are not documented", "no",
               "the rule may match; of a policy that is for them nothing is known"),
    Understood("Calico", "nets and notNets, notSelector, network sets through projectcalico.org/v3", "yes",
               "sets that are seen in the stored form alone may have any labels"),
    Understood("Calico", "protocols by name and number, ports, ranges and names of ports, notPorts by number", "yes"),
    Understood("Calico", "icmp", "yes", "flows have no ICMP: such a rule opens no port"),
    Understood("Calico", "notPorts by name, ports of the source, notICMP, ipVersion, services, http, domains, fields "
               "of a later release in a rule", "no", "the rule may match"),
    Understood("Calico", "doNotTrack, preDNAT, applyOnForward, fields of a later release, selectors that are none, "
               "tiers that are not there", "no", "nothing is known of the policy's namespace, or of the cluster"),
    Understood("Calico", "HostEndpoints", "no", "nothing is known of what nodes send and receive"),
    Understood("Calico", "StagedNetworkPolicy, StagedGlobalNetworkPolicy, StagedKubernetesNetworkPolicy", "yes",
               "they decide nothing"),
)
