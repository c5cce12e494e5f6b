"""Parameters of policies: the objects that a binding's ``paramRef`` names or selects.

Source: k8s.io/apiserver, ``pkg/admission/plugin/policy/generic/policy_dispatcher.go`` (CollectParams).
"""

from collections.abc import Sequence

from auditkit.admission.cel.values import Unknown
from auditkit.admission.matching import selects
from auditkit.admission.request import Object, Request

_CLUSTER_KINDS = frozenset([
    ("v1", "Namespace"), ("v1", "Node"), ("v1", "PersistentVolume"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"), ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("storage.k8s.io/v1", "StorageClass"), ("scheduling.k8s.io/v1", "PriorityClass"),
    ("networking.k8s.io/v1", "IngressClass"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
])
_NAMESPACED_KINDS = frozenset([
    *(("v1", kind) for kind in ("ConfigMap", "Secret", "Service", "ServiceAccount", "Pod", "LimitRange",
                                "ResourceQuota", "PersistentVolumeClaim", "ReplicationController", "Endpoints",
                                "PodTemplate")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    ("batch/v1", "Job"), ("batch/v1", "CronJob"), ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "Ingress"), ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
])
"""Kinds of Kubernetes that may be parameters. Others of its groups are not known here."""


class ConfigurationError(Exception):
    """A policy or binding cannot be used; the text is the API server's."""


def check_kind(kind: Object | None, context: Object) -> bool:
    """Whether the kind of the parameters is in namespaces. One that is not served is an error of the policy."""
    if not kind:
        return False
    named = (kind["apiVersion"], kind["kind"])
    if named in _CLUSTER_KINDS | _NAMESPACED_KINDS:
        return named in _NAMESPACED_KINDS
    group, _, version = kind["apiVersion"].rpartition("/")
    for definition in context.get("crds") or ():
        versions = [each["name"] for each in definition["versions"] if each["served"]]
        if (definition["group"], definition["names"]["kind"]) == (group, kind["kind"]) and version in versions:
            return bool(definition["scope"] == "Namespaced")
    if "crds" not in context or "." not in group or group.endswith(".k8s.io"):
        raise Unknown(f"whether {kind['apiVersion']} {kind['kind']} is served, the kind of the parameters")
    raise ConfigurationError("failed to find resource referenced by paramKind: "
                             f"'{group}/{version}, Kind={kind['kind']}'")


def collect(kind: Object | None, reference: Object | None, request: Request, context: Object
            ) -> Sequence[Object | None]:
    """The parameters to evaluate with, one after the other; ``[None]`` where the binding or policy wants none."""
    if not kind or not reference:
        return [None]
    home = _home(check_kind(kind, context), reference, request)
    if "params" not in context:
        raise Unknown(f"the parameters ({kind['kind']})")
    of_kind = [each for each in context["params"] if (each["apiVersion"], each["kind"]) == (kind["apiVersion"],
                                                                                            kind["kind"])]
    found = [each for each in of_kind if home in (None, each["metadata"].get("namespace"))
             and _meant(reference, each)]
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return sorted(found, key=lambda each: str(each["metadata"]["name"]))


def _home(namespaced: bool, reference: Object, request: Request) -> str | None:
    """The namespace to look in; ``None`` for kinds that are in none."""
    given = reference.get("namespace")
    if not namespaced:
        if given:
            raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return None
    if not given and not request.namespace:
        raise ConfigurationError("cannot use namespaced paramRef in policy binding that matches cluster-scoped "
                                 "resources")
    return str(given or request.namespace)


def _meant(reference: Object, thing: Object) -> bool:
    if reference.get("name"):
        return bool(thing["metadata"]["name"] == reference["name"])
    return selects(reference.get("selector"), thing["metadata"].get("labels"))
