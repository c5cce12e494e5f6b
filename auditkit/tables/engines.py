"""Other engines that decide over traffic, and that nobody here reads: which there are, and what of them there is.

A CiliumNetworkPolicy may allow or deny what a NetworkPolicy says nothing of, and an OpenShift Route opens a door beside
ingresses. What such objects decide is not known; that they are there is. Only their names are asked for, in the form in
which the API server sends metadata alone (a Route may carry the key of its certificate).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from auditkit.tables.model import Column, Resource, Rows, Table
from auditkit.tables.resources import RESOURCES as READ


class Engine(NamedTuple):
    """An engine: its API group, its kinds by plural, and what they decide over (traffic, entrances or both).

    ``beyond``: an object in a namespace may decide over others too, as those of a mesh's root namespace do.
    """

    name: str
    group: str
    kinds: dict[str, str]
    traffic: bool = False
    entrances: bool = False
    beyond: bool = False


_ANTREA = {"networkpolicies": "NetworkPolicy", "clusternetworkpolicies": "ClusterNetworkPolicy"}
_EMISSARY = {"mappings": "Mapping", "tcpmappings": "TCPMapping", "listeners": "Listener", "hosts": "Host"}

ENGINES = (
    # Policies. Sources: each project's reference of its custom resources, under the group that stands here.
    Engine("Antrea", "crd.antrea.io", _ANTREA, traffic=True),
    Engine("OVN-Kubernetes", "k8s.ovn.org", {
        "egressfirewalls": "EgressFirewall", "userdefinednetworks": "UserDefinedNetwork",
        "clusteruserdefinednetworks": "ClusterUserDefinedNetwork"}, traffic=True),
    Engine("OpenShift SDN", "network.openshift.io", {"egressnetworkpolicies": "EgressNetworkPolicy"}, traffic=True),
    Engine("Kube-OVN", "kubeovn.io", {"subnets": "Subnet", "security-groups": "SecurityGroup"}, traffic=True),
    Engine("NSX", "crd.nsx.vmware.com", {"securitypolicies": "SecurityPolicy"}, traffic=True),
    Engine("NSX", "nsx.vmware.com", {"securitypolicies": "SecurityPolicy"}, traffic=True),
    Engine("Amazon EKS", "networking.k8s.aws", {
        "applicationnetworkpolicies": "ApplicationNetworkPolicy", "clusternetworkpolicies": "ClusterNetworkPolicy"},
        traffic=True),
    Engine("Amazon EKS", "vpcresources.k8s.aws", {"securitygrouppolicies": "SecurityGroupPolicy"}, traffic=True),
    Engine("GKE", "networking.gke.io", {"fqdnnetworkpolicies": "FQDNNetworkPolicy"}, traffic=True),
    Engine("NeuVector", "neuvector.com", {"nvsecurityrules": "NvSecurityRule",
                                          "nvclustersecurityrules": "NvClusterSecurityRule"}, traffic=True),
    Engine("Multus", "k8s.cni.cncf.io", {"multi-networkpolicies": "MultiNetworkPolicy"}, traffic=True),
    Engine("Multus", "k8s.cni.cncf.io", {"network-attachment-definitions": "NetworkAttachmentDefinition"},
           traffic=True, beyond=True),
    Engine("Linkerd", "policy.linkerd.io", {"egressnetworks": "EgressNetwork"}, traffic=True, beyond=True),
    Engine("Consul", "consul.hashicorp.com", {"serviceintentions": "ServiceIntentions"}, traffic=True,
           beyond=True),
    Engine("Kuma", "kuma.io", {"meshtrafficpermissions": "MeshTrafficPermission",
                               "trafficpermissions": "TrafficPermission"}, traffic=True, beyond=True),
    # Entrances.
    Engine("Traefik", "traefik.containo.us", {
        "ingressroutes": "IngressRoute", "ingressroutetcps": "IngressRouteTCP", "ingressrouteudps": "IngressRouteUDP"},
        entrances=True),
    Engine("Contour", "contour.heptio.com", {"ingressroutes": "IngressRoute"}, entrances=True),
    Engine("Istio", "networking.istio.io", {"sidecars": "Sidecar"}, traffic=True, beyond=True),
    Engine("Kong", "configuration.konghq.com", {"tcpingresses": "TCPIngress", "udpingresses": "UDPIngress"},
           entrances=True),
    Engine("Emissary", "getambassador.io", _EMISSARY, entrances=True),
    Engine("Emissary", "x.getambassador.io", {f"ambassador{plural}": f"Ambassador{kind}"
                                              for plural, kind in _EMISSARY.items()}, entrances=True),
    Engine("Gloo", "gateway.solo.io", {"gateways": "Gateway", "virtualservices": "VirtualService",
                                       "routetables": "RouteTable"}, entrances=True),
    Engine("APISIX", "apisix.apache.org", {"apisixroutes": "ApisixRoute", "apisixtlses": "ApisixTls"}, entrances=True),
    Engine("NGINX Ingress Controller", "k8s.nginx.org", {
        "virtualservers": "VirtualServer", "virtualserverroutes": "VirtualServerRoute",
        "transportservers": "TransportServer"}, entrances=True),
    Engine("HAProxy", "ingress.v1.haproxy.com", {"tcps": "TCP"}, entrances=True),
    Engine("HAProxy", "ingress.v3.haproxy.com", {"tcps": "TCP"}, entrances=True),
    Engine("Skipper", "zalando.org", {"routegroups": "RouteGroup"}, entrances=True),
    Engine("Knative", "serving.knative.dev", {"routes": "Route", "domainmappings": "DomainMapping"}, entrances=True),
    Engine("Knative", "networking.internal.knative.dev", {"ingresses": "Ingress"}, entrances=True),
    Engine("Voyager", "voyager.appscode.com", {"ingresses": "Ingress"}, entrances=True),
    Engine("Kuma", "kuma.io", {"meshgateways": "MeshGateway", "meshgatewayroutes": "MeshGatewayRoute",
                               "meshhttproutes": "MeshHTTPRoute"}, entrances=True),
    Engine("Consul", "consul.hashicorp.com", {"ingressgateways": "IngressGateway"}, entrances=True),
    Engine("GKE", "networking.gke.io", {"multiclusteringresses": "MultiClusterIngress"}, entrances=True),
    Engine("Cloudflare", "networking.cfargotunnel.com", {
        "tunnelbindings": "TunnelBinding", "tunnels": "Tunnel", "clustertunnels": "ClusterTunnel"}, entrances=True),
    Engine("ngrok", "ngrok.k8s.ngrok.com", {"cloudendpoints": "CloudEndpoint", "agentendpoints": "AgentEndpoint"},
           entrances=True),
)

RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for engine in ENGINES for plural, kind in engine.kinds.items()
    for resource in [Resource(f"{plural}.{engine.group}", kind, form="table", namespaced=None, builtin=False)]
}
"""The kinds that are declared, as resources. They have no tables of their own, and some share their kind. An object in
a file that names no namespace is taken as one for the whole cluster."""

_TRAFFIC = re.compile(r"(?:NetworkPolicy|NetworkPolicies|AuthorizationPolicy|TrafficPermission|EgressFirewall)$")
_ENTRANCES = re.compile(r"(?:Ingress|IngressRoute(?:TCP|UDP)?|HTTPProxy|Route|Gateway|VirtualServer|VirtualService|"
                        r"VirtualHost)$")
_READ = re.compile(r"^(?:|extensions|networking\.k8s\.io|policy\.networking\.k8s\.io)$")
_NONE = re.compile(r"(?:^|\.)(?:upbound\.io|crossplane\.io|services\.k8s\.aws|cnrm\.cloud\.google\.com|azure\.com)$"
                   r"|^(?:config|operator)\.openshift\.io$|^(?:controlplane|stats)\.antrea\.io$"
                   r"|^(?:(?:custom\.|external\.)?metrics\.k8s\.io|packages\.operators\.coreos\.com)$")
"""Groups whose objects are of a cloud and not of the cluster, or settings and copies that decide nothing themselves:
Crossplane, the AWS and Azure service operators, Config Connector; OpenShift's own configuration; what Antrea computes;
metrics, and the catalogue of the Operator Lifecycle Manager.
"""
DECIDES_NOTHING = {
    (group, plural) for group in ("projectcalico.org", "crd.projectcalico.org")
    for plural in ("stagednetworkpolicies", "stagedglobalnetworkpolicies", "stagedkubernetesnetworkpolicies")}
"""Kinds that are called as those that decide, and only propose."""


class Decider(NamedTuple):
    """What a kind of an API group decides over, and whose it is."""

    engine: str
    traffic: bool
    entrances: bool
    beyond: bool = True


def decider(group: str, plural: str, kind: str, versions: Sequence[str] = ()) -> Decider | None:
    """What objects of this kind decide over; ``None`` where they decide nothing, or auditkit reads them.

    ``versions`` are those in which the kind is served, if that is known: a kind that is read, and served in other
    versions only, is not read. A kind that is not declared counts by its name: what calls itself a NetworkPolicy or a
    Gateway may be one.
    """
    if (group, plural) in DECIDES_NOTHING:
        return None
    read = READ.get(f"{plural}.{group}")
    if read and (not versions or not set(versions).isdisjoint(read.versions)):
        return None
    for engine in ENGINES:
        if engine.group == group and plural in engine.kinds:
            return Decider(engine.name, engine.traffic, engine.entrances, engine.beyond)
    if not may_decide(group):
        return None
    traffic, entrances = bool(_TRAFFIC.search(kind)), bool(_ENTRANCES.search(kind))
    return Decider(group, traffic, entrances) if traffic or entrances else None


def may_decide(group: str) -> bool:
    """Whether kinds of a group that is not declared may decide over traffic or entrances."""
    return not (_READ.search(group) or _NONE.search(group))


_WHAT = (
    Column("engine", "string", "/engine", "policy engine that reads it"),
    Column("traffic", "boolean", "/traffic", "true if it controls traffic, like network policies"),
    Column("entrances", "boolean", "/entrances", "true if it exposes the cluster, like ingresses"),
    Column("beyond", "boolean", "/beyond", "true if an object can affect other namespaces"),
    Column("group", "string", "/group", "API group"),
    Column("kind", "string", "/kind", "kind"),
)

TABLES = (
    Table(
        "engine_kinds", "installed kinds of other policy engines, which auditkit does not evaluate",
        (Rows("engines"),),
        (
            *_WHAT,
            Column("listed", "boolean", "listed", "true if the objects were counted"),
            Column("reason", "string", "reason", "why not"),
        ),
        ("group", "kind"),
    ),
    Table(
        "engine_objects", "objects of other policy engines, by name; their content is not read",
        (Rows("engines", "objects[]"),),
        (
            *_WHAT,
            Column("namespace", "string", "namespace", "namespace of the object; <NA>: it is for the whole cluster"),
            Column("name", "string", "name", "name of the object"),
        ),
        ("group", "kind", "namespace", "name"),
    ),
)
