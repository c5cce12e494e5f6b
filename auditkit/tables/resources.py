"""The resources that collectors ask an API server for."""

from auditkit.tables import (
    cert_manager,
    contour,
    gateway_api,
    istio,
    istio_gateways,
    linkerd,
    openshift,
    spire,
    traefik,
)
from auditkit.tables.model import Resource

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_DEVICES = ("v1", "v1beta2", "v1beta1")
_CALICO = (
    ("networkpolicies", "NetworkPolicy", True, True), ("globalnetworkpolicies", "GlobalNetworkPolicy", False, True),
    ("tiers", "Tier", False, False), ("networksets", "NetworkSet", True, False),
    ("globalnetworksets", "GlobalNetworkSet", False, False), ("hostendpoints", "HostEndpoint", False, False),
)

RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource("namespaces", "Namespace", namespaced=False),
        Resource("nodes", "Node", namespaced=False),
        Resource("pods", "Pod"),
        Resource("deployments.apps", "Deployment"),
        Resource("replicasets.apps", "ReplicaSet"),
        Resource("statefulsets.apps", "StatefulSet"),
        Resource("daemonsets.apps", "DaemonSet"),
        Resource("replicationcontrollers", "ReplicationController"),
        Resource("jobs.batch", "Job"),
        Resource("cronjobs.batch", "CronJob", ("v1", "v1beta1")),
        Resource("poddisruptionbudgets.policy", "PodDisruptionBudget", ("v1", "v1beta1")),
        Resource("serviceaccounts", "ServiceAccount"),
        Resource(f"roles.{_RBAC}", "Role"),
        Resource(f"clusterroles.{_RBAC}", "ClusterRole", namespaced=False),
        Resource(f"rolebindings.{_RBAC}", "RoleBinding"),
        Resource(f"clusterrolebindings.{_RBAC}", "ClusterRoleBinding", namespaced=False),
        Resource("certificatesigningrequests.certificates.k8s.io", "CertificateSigningRequest", namespaced=False),
        Resource("secrets", "Secret", form="table"),
        Resource("configmaps", "ConfigMap", form="table"),
        Resource("services", "Service"),
        Resource("ingresses.networking.k8s.io", "Ingress"),
        Resource("networkpolicies.networking.k8s.io", "NetworkPolicy"),
        Resource("adminnetworkpolicies.policy.networking.k8s.io", "AdminNetworkPolicy", ("v1alpha1",), namespaced=False,
                 builtin=False),
        Resource("baselineadminnetworkpolicies.policy.networking.k8s.io", "BaselineAdminNetworkPolicy", ("v1alpha1",),
                 namespaced=False, builtin=False),
        Resource("clusternetworkpolicies.policy.networking.k8s.io", "ClusterNetworkPolicy", ("v1beta1", "v1alpha2"),
                 namespaced=False, builtin=False),
        Resource("ciliumnetworkpolicies.cilium.io", "CiliumNetworkPolicy", ("v2",), builtin=False, exact=True),
        Resource("ciliumclusterwidenetworkpolicies.cilium.io", "CiliumClusterwideNetworkPolicy", ("v2",),
                 namespaced=False, builtin=False, exact=True),
        Resource("ciliumcidrgroups.cilium.io", "CiliumCIDRGroup", ("v2", "v2alpha1"), namespaced=False, builtin=False),
        Resource("ciliumnodes.cilium.io", "CiliumNode", ("v2",), namespaced=False, builtin=False),
        *(Resource(f"{plural}.{group}", kind, (version,), namespaced=namespaced, builtin=False, exact=exact)
          for group, version in (("projectcalico.org", "v3"), ("crd.projectcalico.org", "v1"))
          for plural, kind, namespaced, exact in _CALICO),
        *gateway_api.RESOURCES,
        *openshift.RESOURCES,
        *contour.RESOURCES,
        *istio_gateways.RESOURCES,
        *traefik.RESOURCES,
        *cert_manager.RESOURCES,
        *istio.RESOURCES,
        *linkerd.RESOURCES,
        *spire.RESOURCES,
        Resource(f"validatingwebhookconfigurations.{_ADMISSION}", "ValidatingWebhookConfiguration", namespaced=False),
        Resource(f"mutatingwebhookconfigurations.{_ADMISSION}", "MutatingWebhookConfiguration", namespaced=False),
        Resource(f"validatingadmissionpolicies.{_ADMISSION}", "ValidatingAdmissionPolicy", ("v1", "v1beta1"),
                 namespaced=False, builtin=False),
        Resource(f"validatingadmissionpolicybindings.{_ADMISSION}", "ValidatingAdmissionPolicyBinding",
                 ("v1", "v1beta1"), namespaced=False, builtin=False),
        Resource(f"mutatingadmissionpolicies.{_ADMISSION}", "MutatingAdmissionPolicy", ("v1", "v1beta1", "v1alpha1"),
                 namespaced=False, builtin=False),
        Resource(f"mutatingadmissionpolicybindings.{_ADMISSION}", "MutatingAdmissionPolicyBinding",
                 ("v1", "v1beta1", "v1alpha1"), namespaced=False, builtin=False),
        Resource("clusterimagepolicies.policy.sigstore.dev", "ClusterImagePolicy", ("v1beta1", "v1alpha1"),
                 namespaced=False, builtin=False),
        Resource("externalsecrets.external-secrets.io", "ExternalSecret", ("v1", "v1beta1"), builtin=False),
        Resource("secretproviderclasses.secrets-store.csi.x-k8s.io", "SecretProviderClass", ("v1", "v1alpha1"),
                 builtin=False),
        Resource("vaultstaticsecrets.secrets.hashicorp.com", "VaultStaticSecret", ("v1beta1",), builtin=False),
        Resource("horizontalpodautoscalers.autoscaling", "HorizontalPodAutoscaler", ("v2", "v1")),
        Resource("ingressclasses.networking.k8s.io", "IngressClass", namespaced=False),
        Resource("priorityclasses.scheduling.k8s.io", "PriorityClass", namespaced=False),
        Resource("runtimeclasses.node.k8s.io", "RuntimeClass", namespaced=False),
        Resource("resourcequotas", "ResourceQuota"),
        Resource("limitranges", "LimitRange"),
        Resource("customresourcedefinitions.apiextensions.k8s.io", "CustomResourceDefinition", namespaced=False),
        Resource("apiservices.apiregistration.k8s.io", "APIService", namespaced=False),
        Resource("deviceclasses.resource.k8s.io", "DeviceClass", _DEVICES, namespaced=False, builtin=False),
        Resource("resourceclaims.resource.k8s.io", "ResourceClaim", _DEVICES, builtin=False),
        Resource("resourceclaimtemplates.resource.k8s.io", "ResourceClaimTemplate", _DEVICES, builtin=False),
        Resource("storageclasses.storage.k8s.io", "StorageClass", namespaced=False),
        Resource("persistentvolumes", "PersistentVolume", namespaced=False),
        Resource("persistentvolumeclaims", "PersistentVolumeClaim"),
    )
}

BY_KIND: dict[str, Resource] = {resource.kind: resource for resource in reversed(RESOURCES.values())}
"""The resource of each kind; where engines have a kind of the same name, that of Kubernetes."""

BUILTIN = {f"{group}/{plural}" for group, plurals in {
    "": "bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims "
        "persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services",
    "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs",
    "networking.k8s.io": "ingressclasses ingresses ipaddresses networkpolicies servicecidrs",
    "policy": "poddisruptionbudgets podsecuritypolicies",
    _RBAC: "clusterrolebindings clusterroles rolebindings roles",
    "storage.k8s.io": "csidrivers csinodes csistoragecapacities storageclasses volumeattachments "
                      "volumeattributesclasses",
}.items() for plural in plurals.split()}
"""All resources of some of Kubernetes' own API groups, as ``group/plural`` (its API reference, 1.20 to 1.36)."""
