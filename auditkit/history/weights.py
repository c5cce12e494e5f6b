"""How much a change matters: data, each with the reason. The first line that fits a kind and a field decides."""

import re
from functools import cache
from typing import NamedTuple

HIGH, MEDIUM, LOW = "high", "medium", "low"
WEIGHTS = (HIGH, MEDIUM, LOW)
"""The weights, the heaviest first."""


class Weight(NamedTuple):
    """Kinds and fields (regular expressions on the whole of either) and what a change of them weighs."""

    kinds: str
    fields: str
    weight: str
    why: str


_ANY = ".*"
_RBAC = "Role|ClusterRole|RoleBinding|ClusterRoleBinding"
_ADMISSION = ("(Validating|Mutating)(WebhookConfiguration|AdmissionPolicy|AdmissionPolicyBinding)|ClusterImagePolicy")
_NETWORK = ("NetworkPolicy|AdminNetworkPolicy|BaselineAdminNetworkPolicy|ClusterNetworkPolicy|CiliumNetworkPolicy|"
            "CiliumClusterwideNetworkPolicy|GlobalNetworkPolicy|Tier")

LIST = (
    Weight("Pod", r".*\(not in the template of .*", HIGH, "what runs, although nobody wrote it down"),
    Weight(_ANY, "annotations\\..*", LOW, "notes for tools; what they cause is compared itself"),
    Weight("Namespace", r"labels\.pod-security\.kubernetes\.io/.*", HIGH, "which pods are let in"),
    Weight(_RBAC, r"labels\..*rbac\.authorization\.k8s\.io/aggregate.*", HIGH, "which roles take its rules over"),
    Weight("Namespace", r"labels\..*", MEDIUM, "policies and webhooks select namespaces by label"),
    Weight(_ANY, r"(template\.)?labels\..*", LOW, "names for grouping"),
    Weight(_RBAC, _ANY, HIGH, "rights"),
    Weight("Group", _ANY, HIGH, "rights, through membership"),
    Weight(_ADMISSION, _ANY, HIGH, "what the API server refuses"),
    Weight(_NETWORK, _ANY, HIGH, "who reaches whom"),
    Weight("APIService|CustomResourceDefinition", _ANY, MEDIUM, "what the API server serves, and who answers for it"),
    Weight("CertificateSigningRequest", _ANY, HIGH, "credentials"),
    Weight("ConfigMap", _ANY, LOW, "settings, of which the content is not known"),
    Weight("Secret", _ANY, MEDIUM, "credentials"),
    Weight(_ANY, r"(last write|generation) \(.*", MEDIUM, "something was written, and what is not read"),
    Weight("Cluster", _ANY, HIGH, "the version of everything"),
    Weight("Service", r"(spec\.)?(type|externalIPs|loadBalancer.*|externalName|selector).*", HIGH, "exposure"),
    Weight("Ingress", r"spec\.(tls|rules|defaultBackend).*", HIGH, "exposure"),
    Weight("Ingress|Service", _ANY, MEDIUM, "exposure"),
    Weight("Node", r"labels\..*", LOW, "names for grouping"),
    Weight("Node", _ANY, MEDIUM, "where everything runs"),
    Weight(_ANY, r".*\b(image|privileged|hostPath|hostNetwork|hostPID|hostIPC|hostUsers|hostPort|capabilities)\b.*",
           HIGH, "what runs, and with what rights on the node"),
    Weight(_ANY, r".*(securityContext|serviceAccount|automountServiceAccountToken|secret|Secret|runtimeClass).*", HIGH,
           "what runs, and with what rights"),
    Weight(_ANY, r"flags\..*|kubelet\..*", HIGH, "settings of the control plane and of kubelets"),
    Weight(_ANY, r"(containers|initContainers|ephemeralContainers|volumes)(\..*)?", MEDIUM, "what runs"),
    Weight(_ANY, r"spec\.(replicas|strategy|updateStrategy).*|replicas", LOW, "how much of it runs"),
    Weight("CronJob|PriorityClass|RuntimeClass|IngressClass|HorizontalPodAutoscaler", r"spec\.(schedule|suspend)|value"
           r"|globalDefault|handler|spec\.controller|", MEDIUM, "what runs, when and in which sandbox"),
    Weight("ServiceAccount", _ANY, MEDIUM, "identities of workloads"),
    Weight("ResourceQuota|LimitRange|PersistentVolume|StorageClass", _ANY, MEDIUM, "limits, and where data lies"),
    Weight("Pod|Namespace|CronJob", "", MEDIUM, "comes or goes by the hand of somebody"),
    Weight("Deployment|StatefulSet|DaemonSet|Job", "", MEDIUM, "comes or goes by the hand of somebody"),
    Weight(_ANY, _ANY, LOW, "of no known weight for rights, exposure or privileges"),
)


@cache
def weight(kind: str, field: str) -> str:
    """The weight of a change of a field of a kind; of the coming and going of an object where ``field`` is empty."""
    return next(each.weight for each in LIST if re.fullmatch(each.kinds, kind) and re.fullmatch(each.fields, field))
