"""Annotations and classes by which a Service of type LoadBalancer tells its controller who may reach it: data with
sources. What they come to is worked out in `auditkit.analysis.network.load_balancers`.

A value is given as the pattern of what the controller takes for yes: ``"True"`` is not ``"true"`` for most of them.
"""

from typing import NamedTuple


class Annotation(NamedTuple):
    """An annotation of a Service, the controller that reads it, the values that count (but this one), and the source
    of that."""

    key: str
    controller: str
    values: str
    source: str
    but: str = ""


_BETA = "service.beta.kubernetes.io/"
_TRUE = "1|t|T|TRUE|true|True"  # strconv.ParseBool
_DOCUMENTED = "Kubernetes documentation: internal load balancers; "

INTERNAL = (
    Annotation(f"{_BETA}aws-load-balancer-scheme", "AWS Load Balancer Controller", "internal",
               "its documentation: service annotations"),
    Annotation(f"{_BETA}aws-load-balancer-internal", "AWS", ".+",
               "kubernetes/cloud-provider-aws, pkg/providers/v1/aws.go: everything but false and the empty text",
               but="false"),
    Annotation(f"{_BETA}azure-load-balancer-internal", "Azure", "true",
               "cloud-provider-azure, pkg/provider: requiresInternalLoadBalancer"),
    Annotation("networking.gke.io/load-balancer-type", "Google", "Internal|internal",
               "cloud-provider-gcp, providers/gce/gce_annotations.go"),
    Annotation("cloud.google.com/load-balancer-type", "Google", "Internal|internal",
               "cloud-provider-gcp, providers/gce/gce_annotations.go: the former name"),
    Annotation(f"{_BETA}openstack-internal-load-balancer", "OpenStack", "true",
               "cloud-provider-openstack, pkg/openstack/loadbalancer.go: getBoolFromServiceAnnotation"),
    Annotation(f"{_BETA}do-loadbalancer-network", "DigitalOcean", "INTERNAL",
               "digitalocean-cloud-controller-manager, docs: annotations"),
    Annotation(f"{_BETA}alibaba-cloud-loadbalancer-address-type", "Alibaba Cloud", "intranet", _DOCUMENTED + "Alibaba"),
    Annotation(f"{_BETA}alicloud-loadbalancer-address-type", "Alibaba Cloud", "intranet",
               "kubernetes/cloud-provider-alibaba-cloud, docs/usage.md: the former name"),
    Annotation(f"{_BETA}volcengine-loadbalancer-address-type", "Volcengine", "PRIVATE",
               "volcengine/cloud-provider-volcengine, docs: annotations of services"),
    Annotation("kubernetes.io/elb.autocreate", "Huawei Cloud", r'(?s).*"type"\s*:\s*"inner".*',
               "Huawei CCE documentation: creating a load balancer, type public or inner"),
    Annotation("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "IBM Cloud", "private",
               _DOCUMENTED + "IBM"),
    Annotation(f"{_BETA}oci-load-balancer-internal", "Oracle", _TRUE,
               "oracle/oci-cloud-controller-manager, docs: load balancer annotations"),
    Annotation("oci-network-load-balancer.oraclecloud.com/internal", "Oracle", _TRUE,
               "oracle/oci-cloud-controller-manager, docs: load balancer annotations"),
    Annotation("load-balancer.hetzner.cloud/disable-public-network", "Hetzner", _TRUE,
               "hetznercloud/hcloud-cloud-controller-manager, internal/annotation/load_balancer.go"),
    Annotation("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", "Tencent Cloud", ".+",
               _DOCUMENTED + "Tencent"),
    Annotation(f"{_BETA}cce-load-balancer-internal-vpc", "Baidu Cloud", "true", _DOCUMENTED + "Baidu"),
    Annotation(f"{_BETA}scw-loadbalancer-private", "Scaleway", "true",
               "scaleway-cloud-controller-manager, docs: loadbalancer annotations"),
    Annotation(f"{_BETA}osc-load-balancer-internal", "Outscale", ".+", "outscale/cloud-provider-osc",
               but="false"),
    Annotation("yandex.cloud/load-balancer-type", "Yandex Cloud", "internal",
               "Yandex Managed Service for Kubernetes documentation: parameters of a LoadBalancer Service"),
    Annotation("lb.stackit.cloud/internal-lb", "STACKIT", _TRUE, "stackitcloud/cloud-provider-stackit, docs"),
)
"""They ask for a load balancer with a private address."""

RANGES = (
    Annotation(f"{_BETA}load-balancer-source-ranges", "", ".*",
               "k8s.io/cloud-provider, service/helpers: read where spec.loadBalancerSourceRanges is empty"),
    Annotation(f"{_BETA}azure-allowed-ip-ranges", "Azure", ".*",
               "cloud-provider-azure: adds to spec.loadBalancerSourceRanges"),
)
"""They list address ranges, joined by commas, in the place of the Service's own field or beside it."""

ELSEWHERE = (
    Annotation(f"{_BETA}aws-load-balancer-security-groups", "AWS", ".+",
               "AWS Load Balancer Controller documentation: with these the ranges of the Service are not applied"),
    Annotation(f"{_BETA}oci-load-balancer-security-list-management-mode", "Oracle", "None",
               "oracle/oci-cloud-controller-manager, docs: security list management modes"),
    Annotation("oci.oraclecloud.com/security-rule-management-mode", "Oracle", "None",
               "oracle/oci-cloud-controller-manager, docs: security rule management mode"),
)
"""They leave who may reach it to rules outside of the cluster, whatever ranges the Service states."""

BESIDE = (
    Annotation(f"{_BETA}azure-allowed-service-tags", "Azure", ".+", "cloud-provider-azure, docs: load balancer"),
    Annotation(f"{_BETA}do-loadbalancer-allow-rules", "DigitalOcean", ".+",
               "digitalocean-cloud-controller-manager, docs: the ranges of the Service go before them"),
    Annotation("oci.oraclecloud.com/oci-network-security-groups", "Oracle", ".+",
               "oracle/oci-cloud-controller-manager, docs: load balancer annotations"),
    Annotation(f"{_BETA}alibaba-cloud-loadbalancer-acl-id", "Alibaba Cloud", ".+",
               "cloud-provider-alibaba-cloud, docs"),
    Annotation(f"{_BETA}linode-loadbalancer-firewall-id", "Linode", ".+", "linode-cloud-controller-manager, docs"),
    Annotation(f"{_BETA}linode-loadbalancer-firewall-acl", "Linode", ".+", "linode-cloud-controller-manager, docs"),
    Annotation("service.cloud.tencent.com/security-groups", "Tencent Cloud", ".+", "Tencent TKE documentation"),
    Annotation("service.kubernetes.io/ibm-load-balancer-cloud-provider-vpc-security-group", "IBM Cloud", ".+",
               "IBM Cloud documentation: VPC load balancers"),
    Annotation("kubernetes.io/elb.acl-id", "Huawei Cloud", ".+", "Huawei CCE documentation"),
)
"""They name rules outside of the cluster that count where the Service states no ranges."""

REQUESTED = tuple(Annotation(key, controller, ".+", source) for key, controller, source in (
    ("metallb.io/loadBalancerIPs", "MetalLB", "MetalLB documentation: requesting specific addresses"),
    ("metallb.universe.tf/loadBalancerIPs", "MetalLB", "MetalLB documentation: the former name"),
    ("kube-vip.io/loadbalancerIPs", "kube-vip", "kube-vip documentation: services"),
    ("lbipam.cilium.io/ips", "Cilium", "Cilium documentation: LB IPAM, requesting addresses"),
    ("io.cilium/lb-ipam-ips", "Cilium", "Cilium documentation: LB IPAM, the former name"),
))
"""They ask for addresses, joined by commas."""

SCHEME, KIND = f"{_BETA}aws-load-balancer-scheme", f"{_BETA}aws-load-balancer-type"
OF_AWS_CONTROLLER = ("external", "nlb-ip")
"""Values of `KIND` that hand a Service to the AWS Load Balancer Controller, which makes internal ones unless it is
told otherwise (its documentation: aws-load-balancer-scheme, default internal)."""

CLASSES = {
    "service.k8s.aws/nlb": "AWS Load Balancer Controller documentation: internal unless the scheme says otherwise",
    "eks.amazonaws.com/nlb": "Amazon EKS Auto Mode documentation: internal unless the scheme says otherwise",
}
"""Values of ``spec.loadBalancerClass`` whose controller makes internal load balancers by default."""

PUBLIC_CLASSES = ("networking.gke.io/l4-regional-external", "networking.gke.io/l4-regional-external-legacy")
"""Classes that are opened to the internet by what they are (Google GKE documentation: load balancer classes). What
another class does is its controller's matter, which the cluster does not show."""

READ = (*(a.key for group in (INTERNAL, RANGES, REQUESTED, ELSEWHERE[1:]) for a in group), KIND)
NAMED = tuple(a.key for group in (ELSEWHERE[:1], BESIDE) for a in group)
"""Annotations whose values are kept, and those that name things, of which only is kept that they stand there."""
