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
    ("Istio", "PeerAuthentication and AuthorizationPolicy security.istio.io/v1 and v1beta1, DestinationRule and "
     "EnvoyFilter, up to the sources of 2026", "at a pod: its proxy, and a control plane, both ready"),
    ("Linkerd", "Server, ServerAuthorization and AuthorizationPolicy policy.linkerd.io, up to the documentation of "
     "2026", "at a pod: its proxy, and a control plane, both ready"),
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
               "the rule may match; rules that ask for authentication are in mutual_authentication"),
    Understood("Cilium", "encryption by WireGuard and IPsec", "as far as CiliumNodes show keys",
               "its settings are in a ConfigMap, which is not read (node_encryption)"),
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
    Understood("Istio", "proxies: sidecars with their init container or network plug-in, native sidecars, the ambient "
               "mode by the annotation of its agent", "yes",
               "where the proxy, the redirection, the proxy of the node or the control plane is not seen ready, "
               "nothing is known of what the mesh lets in"),
    Understood("Istio", "annotations that leave out interfaces (excludeInterfaces, kubevirtInterfaces, "
               "reroute-virtual-interfaces) or change the proxy (bootstrapOverride)", "no",
               "nothing is known of what the mesh lets in to the pod"),
    Understood("Istio", "policies of one revision (istio.io/rev)", "no",
               "nothing is known of what the mesh lets in to the pods that they are for"),
    Understood("Istio", "PeerAuthentication: workload, namespace, mesh, ports, the oldest of several; ports that "
               "annotations or the arguments of the init container leave out", "yes",
               "what rests on the root namespace says so (assumes_root), and denies perhaps"),
    Understood("Istio", "AuthorizationPolicy: ALLOW, DENY, AUDIT, dry run, selector, principals, namespaces, "
               "serviceAccounts, ipBlocks and ports, each with its negation", "yes"),
    Understood("Istio", "rules by identity where plain text is accepted", "in part",
               "a client can leave its identity out: what a DENY or a negation rests on is not known"),
    Understood("Istio", "hosts, methods, paths, requestPrincipals, remoteIpBlocks, trustDomains, when", "no",
               "the rule may match what its identities, addresses and ports match"),
    Understood("Istio", "CUSTOM, sources with identities and addresses in one, ports that are no numbers, trust "
               "domains other than cluster.local", "no", "the rule may match"),
    Understood("Istio", "targetRef and targetRefs, waypoints", "no",
               "nothing is known of what the mesh lets in to pods in the ambient mode and gateways of the namespace"),
    Understood("Istio", "policies of the root namespace", "in part",
               "it is a setting that no list shows: if it is the control plane's, they may be for all pods"),
    Understood("Istio", "EnvoyFilter, fields and actions of a later release", "no",
               "nothing is known of what the mesh lets in to the pods that they are for"),
    Understood("Istio", "DestinationRule", "the TLS of clients",
               "where one has clients connect otherwise than with mutual TLS, an identity is not sure"),
    Understood("Istio", "Sidecar", "no", "nothing is known of any flow"),
    Understood("Istio", "RequestAuthentication, VirtualService, ServiceEntry, outboundTrafficPolicy", "not read",
               "they admit or keep out nothing at layer 4, or only what a proxy sends out"),
    Understood("Istio", "identities from outside of the cluster (virtual machines, other clusters)", "no",
               "whether what comes from outside has one is not known"),
    Understood("Istio", "the tunnel of the ambient mode (port 15008) under network policies", "yes",
               "where policies say different things of the port and of the tunnel, the port is not known"),
    Understood("Linkerd", "proxies, default-inbound-policy, skip-inbound-ports, ports that the arguments of the init "
               "container leave out, Server, ServerAuthorization and "
               "AuthorizationPolicy as far as they admit clients without mutual TLS", "yes",
               "the default of the installation is not visible; ports of pods are in mesh_ports"),
    Understood("Linkerd", "skip-subnets, the settings of its network plug-in", "no",
               "nothing is known of what the mesh lets in to the pods"),
    Understood("Linkerd", "who may connect to a Server, default policies other than all-unauthenticated", "in part",
               "mesh_clients names them; flows to the pods are not known"),
    Understood("Linkerd", "traffic between proxies, which may go to port 4143 of the pod", "in part",
               "where network policies say different things of the port and of 4143, the port is not known"),
)
