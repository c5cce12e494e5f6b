"""How a Service of type LoadBalancer tells its controller who may reach it, and what the load balancer does with TLS:
annotations and classes as one declared table, each with its source.

`auditkit.analysis.network.load_balancers` works out what they come to; `docs/reference/entrances.md` is written from
here. A value is given as the pattern of what the controller takes for yes: ``"True"`` is not ``"true"`` for most of
them.
"""

from typing import Literal, NamedTuple

Meaning = Literal["internal", "ranges", "added ranges", "elsewhere", "beside", "addresses", "kind", "certificate",
                  "TLS ports"]
MEANINGS: dict[Meaning, str] = {
    "internal": "asks for a load balancer with private addresses",
    "ranges": "lists address ranges, joined by commas, in place of the Service's own field",
    "added ranges": "lists address ranges beside those of the Service",
    "elsewhere": "leaves who may reach it to rules outside of the cluster, whatever ranges the Service states",
    "beside": "names rules outside of the cluster, which count where the Service states no ranges",
    "addresses": "asks for addresses, joined by commas; says nothing of who reaches them",
    "kind": "hands the Service to the AWS Load Balancer Controller, which makes internal ones by default",
    "certificate": "names a certificate: ports end TLS at the load balancer",
    "TLS ports": "limits TLS at the load balancer to some ports",
}


class Annotation(NamedTuple):
    """An annotation of a Service: the provider that reads it, what it means (`MEANINGS`), the values that count (but
    this one), the source of that, and these values in words where the pattern is none to read."""

    provider: str
    key: str
    means: Meaning
    values: str
    source: str
    but: str = ""
    words: str = ""


MACHINES = {"AWS Load Balancer Controller": "aws://", "AWS": "aws://", "Azure": "azure://", "Google": "gce://",
            "OpenStack": "openstack://", "DigitalOcean": "digitalocean://", "Hetzner": "hcloud://"}
"""How the names begin that clouds give their machines (``spec.providerID`` of nodes). Sources: the cloud providers of
Kubernetes for each (providerID). Of any other cloud: a name that is not one of these, nor of `LOCAL`."""
LOCAL = ("kind://", "k3s://", "k3d://", "metal3://", "vsphere://", "tinkerbell://", "harvester://", "rke2://")
"""How machines are named that no cloud has."""


class LoadBalancerClass(NamedTuple):
    """A value of ``spec.loadBalancerClass``: its provider, whether load balancers of it are ``internal`` unless the
    annotation for the scheme says otherwise, or ``public``, and the source."""

    provider: str
    name: str
    reach: Literal["internal", "public"]
    source: str


_BETA = "service.beta.kubernetes.io/"
_TRUE = "1|t|T|TRUE|true|True"  # strconv.ParseBool

ANNOTATIONS = (
    Annotation("AWS Load Balancer Controller", f"{_BETA}aws-load-balancer-scheme", "internal", "internal",
               "its documentation: service annotations"),
    Annotation("AWS", f"{_BETA}aws-load-balancer-internal", "internal", ".+",
               "kubernetes/cloud-provider-aws, pkg/providers/v1/aws.go: everything but false and the empty text",
               but="false"),
    Annotation("Azure", f"{_BETA}azure-load-balancer-internal", "internal", "true",
               "cloud-provider-azure, pkg/provider: requiresInternalLoadBalancer"),
    Annotation("Google", "networking.gke.io/load-balancer-type", "internal", "Internal|internal",
               "cloud-provider-gcp, providers/gce/gce_annotations.go"),
    Annotation("Google", "cloud.google.com/load-balancer-type", "internal", "Internal|internal",
               "cloud-provider-gcp, providers/gce/gce_annotations.go: the former name"),
    Annotation("OpenStack", f"{_BETA}openstack-internal-load-balancer", "internal", "true",
               "cloud-provider-openstack, pkg/openstack/loadbalancer.go: getBoolFromServiceAnnotation"),
    Annotation("DigitalOcean", f"{_BETA}do-loadbalancer-network", "internal", "INTERNAL",
               "digitalocean-cloud-controller-manager, docs: annotations"),
    Annotation("Alibaba Cloud", f"{_BETA}alibaba-cloud-loadbalancer-address-type", "internal", "intranet",
               "Kubernetes documentation: internal load balancers; Alibaba"),
    Annotation("Alibaba Cloud", f"{_BETA}alicloud-loadbalancer-address-type", "internal", "intranet",
               "kubernetes/cloud-provider-alibaba-cloud, docs/usage.md: the former name"),
    Annotation("Volcengine", f"{_BETA}volcengine-loadbalancer-address-type", "internal", "PRIVATE",
               "volcengine/cloud-provider-volcengine, docs: annotations of services"),
    Annotation("Huawei Cloud", "kubernetes.io/elb.autocreate", "internal", r'(?s).*"type"\s*:\s*"inner".*',
               "Huawei CCE documentation: creating a load balancer, type public or inner",
               words="JSON in which `type` is `inner`"),
    Annotation("IBM Cloud", "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "internal", "private",
               "Kubernetes documentation: internal load balancers; IBM"),
    Annotation("Oracle", f"{_BETA}oci-load-balancer-internal", "internal", _TRUE,
               "oracle/oci-cloud-controller-manager, docs: load balancer annotations"),
    Annotation("Oracle", "oci-network-load-balancer.oraclecloud.com/internal", "internal", _TRUE,
               "oracle/oci-cloud-controller-manager, docs: load balancer annotations"),
    Annotation("Hetzner", "load-balancer.hetzner.cloud/disable-public-network", "internal", _TRUE,
               "hetznercloud/hcloud-cloud-controller-manager, internal/annotation/load_balancer.go"),
    Annotation("Tencent Cloud", "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", "internal", ".+",
               "Kubernetes documentation: internal load balancers; Tencent"),
    Annotation("Baidu Cloud", f"{_BETA}cce-load-balancer-internal-vpc", "internal", "true",
               "Kubernetes documentation: internal load balancers; Baidu"),
    Annotation("Scaleway", f"{_BETA}scw-loadbalancer-private", "internal", "true",
               "scaleway-cloud-controller-manager, docs: loadbalancer annotations"),
    Annotation("Outscale", f"{_BETA}osc-load-balancer-internal", "internal", ".+",
               "outscale/cloud-provider-osc", but="false"),
    Annotation("Yandex Cloud", "yandex.cloud/load-balancer-type", "internal", "internal",
               "Yandex Managed Service for Kubernetes documentation: parameters of a LoadBalancer Service"),
    Annotation("STACKIT", "lb.stackit.cloud/internal-lb", "internal", _TRUE,
               "stackitcloud/cloud-provider-stackit, docs"),
    Annotation("Kubernetes", f"{_BETA}load-balancer-source-ranges", "ranges", ".*",
               "k8s.io/cloud-provider, service/helpers: read where spec.loadBalancerSourceRanges is empty"),
    Annotation("Azure", f"{_BETA}azure-allowed-ip-ranges", "added ranges", ".*",
               "cloud-provider-azure: adds to spec.loadBalancerSourceRanges"),
    Annotation("MetalLB", "metallb.io/loadBalancerIPs", "addresses", ".+",
               "MetalLB documentation: requesting specific addresses"),
    Annotation("MetalLB", "metallb.universe.tf/loadBalancerIPs", "addresses", ".+",
               "MetalLB documentation: the former name"),
    Annotation("kube-vip", "kube-vip.io/loadbalancerIPs", "addresses", ".+",
               "kube-vip documentation: services"),
    Annotation("Cilium", "lbipam.cilium.io/ips", "addresses", ".+",
               "Cilium documentation: LB IPAM, requesting addresses"),
    Annotation("Cilium", "io.cilium/lb-ipam-ips", "addresses", ".+",
               "Cilium documentation: LB IPAM, the former name"),
    Annotation("AWS", f"{_BETA}aws-load-balancer-security-groups", "elsewhere", ".+",
               "AWS Load Balancer Controller documentation: with these the ranges of the Service are not applied"),
    Annotation("Oracle", f"{_BETA}oci-load-balancer-security-list-management-mode", "elsewhere", "None",
               "oracle/oci-cloud-controller-manager, docs: security list management modes"),
    Annotation("Oracle", "oci.oraclecloud.com/security-rule-management-mode", "elsewhere", "None",
               "oracle/oci-cloud-controller-manager, docs: security rule management mode"),
    Annotation("Azure", f"{_BETA}azure-allowed-service-tags", "beside", ".+",
               "cloud-provider-azure, docs: load balancer"),
    Annotation("DigitalOcean", f"{_BETA}do-loadbalancer-allow-rules", "beside", ".+",
               "digitalocean-cloud-controller-manager, docs: the ranges of the Service go before them"),
    Annotation("Oracle", "oci.oraclecloud.com/oci-network-security-groups", "beside", ".+",
               "oracle/oci-cloud-controller-manager, docs: load balancer annotations"),
    Annotation("Alibaba Cloud", f"{_BETA}alibaba-cloud-loadbalancer-acl-id", "beside", ".+",
               "cloud-provider-alibaba-cloud, docs"),
    Annotation("Linode", f"{_BETA}linode-loadbalancer-firewall-id", "beside", ".+",
               "linode-cloud-controller-manager, docs"),
    Annotation("Linode", f"{_BETA}linode-loadbalancer-firewall-acl", "beside", ".+",
               "linode-cloud-controller-manager, docs"),
    Annotation("Tencent Cloud", "service.cloud.tencent.com/security-groups", "beside", ".+",
               "Tencent TKE documentation"),
    Annotation("IBM Cloud", "service.kubernetes.io/ibm-load-balancer-cloud-provider-vpc-security-group", "beside", ".+",
               "IBM Cloud documentation: VPC load balancers"),
    Annotation("Huawei Cloud", "kubernetes.io/elb.acl-id", "beside", ".+",
               "Huawei CCE documentation"),
    Annotation("AWS", f"{_BETA}aws-load-balancer-type", "kind", "external|nlb-ip",
               "AWS Load Balancer Controller documentation: aws-load-balancer-scheme, default internal"),
    Annotation("AWS", f"{_BETA}aws-load-balancer-ssl-cert", "certificate", ".+",
               "kubernetes/cloud-provider-aws, pkg/providers/v1/aws.go: ServiceAnnotationLoadBalancerCertificate"),
    Annotation("AWS", f"{_BETA}aws-load-balancer-ssl-ports", "TLS ports", ".+",
               "kubernetes/cloud-provider-aws, pkg/providers/v1/aws.go: ServiceAnnotationLoadBalancerSSLPorts"),
)

CLASSES = (
    LoadBalancerClass("AWS", "service.k8s.aws/nlb", "internal", "AWS Load Balancer Controller documentation"),
    LoadBalancerClass("AWS", "eks.amazonaws.com/nlb", "internal", "Amazon EKS Auto Mode documentation"),
    LoadBalancerClass("Google", "networking.gke.io/l4-regional-external", "public",
                      "Google GKE documentation: load balancer classes"),
    LoadBalancerClass("Google", "networking.gke.io/l4-regional-external-legacy", "public",
                      "Google GKE documentation: load balancer classes"),
    LoadBalancerClass("Google", "networking.gke.io/l4-regional-internal", "internal",
                      "Google GKE documentation: load balancer classes"),
    LoadBalancerClass("Google", "networking.gke.io/l4-regional-internal-legacy", "internal",
                      "Google GKE documentation: load balancer classes"),
)
"""What a class that is not here does is a matter of its controller, which the cluster does not show. The classes of
MetalLB and kube-vip are any names that their settings give, and say nothing of who reaches their addresses."""

SCHEME = f"{_BETA}aws-load-balancer-scheme"
"""By which a Service overrules the default of the AWS controllers, with `INTERNET_FACING`."""
INTERNET_FACING = "internet-facing"


def meaning(*means: Meaning) -> tuple[Annotation, ...]:
    """The annotations with any of these meanings."""
    return tuple(one for one in ANNOTATIONS if one.means in means)


_NOT_KEPT = [one for one in ANNOTATIONS if one.means in ("elsewhere", "beside") and one.values == ".+"]
NAMED = tuple(one.key for one in _NOT_KEPT)
"""Annotations whose values name things, of which only is kept that they stand there."""
READ = tuple(one.key for one in ANNOTATIONS if one not in _NOT_KEPT and one not in meaning("certificate", "TLS ports"))
"""Annotations whose values are kept."""
