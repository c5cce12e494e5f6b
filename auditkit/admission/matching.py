"""Which requests a policy or binding is for: rules, excluded rules, and selectors.

Source: k8s.io/apiserver, ``pkg/admission/plugin/policy/matching`` and ``pkg/admission/plugin/webhook/predicates``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.admission.cel.values import Unknown
from auditkit.admission.conversion import served_versions
from auditkit.admission.request import Kind, Object, Request, Resource

_NAMESPACES = Resource("", "v1", "namespaces")


@dataclass(frozen=True)
class Match:
    """The resource and kind in the version that a rule asks for."""

    resource: Resource
    kind: Kind


def match(constraints: Object, request: Request, context: Object) -> Match | None:
    """How constraints match a request; ``None`` where they do not. What they need to know and is not there: Unknown."""
    excluded = constraints.get("excludeResourceRules") or ()
    rules = constraints.get("resourceRules") or ()
    exact = constraints.get("matchPolicy") == "Exact"
    found = _by_rules(rules, request, exact, context) if rules else Match(request.resource, request.kind)
    if not found or _by_rules(excluded, request, exact, context):
        return None
    if not _object_selected(constraints.get("objectSelector"), request):
        return None
    return found if _namespace_selected(constraints.get("namespaceSelector"), request, context) else None


def selects(selector: Object | None, labels: Mapping[str, str] | None) -> bool:
    """Whether a label selector picks what has these labels."""
    labels, selector = labels or {}, selector or {}
    if not isinstance(labels, Mapping):
        raise Unknown("labels that are no map")
    return (all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
            and all(_meets(each, labels) for each in selector.get("matchExpressions") or ()))


def _meets(requirement: Object, labels: Mapping[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise Unknown(f"the label selector operator {requirement['operator']}")


def _empty(selector: Object | None) -> bool:
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def _object_selected(selector: Object | None, request: Request) -> bool:
    """The new object or the old one is picked: either is enough."""
    if _empty(selector):
        return True
    objects = (request.object, request.old_object)
    return any(selects(selector, each["metadata"].get("labels")) for each in objects if each and "metadata" in each)


def _namespace_selected(selector: Object | None, request: Request, context: Object) -> bool:
    """The namespace is picked. Requests about what is in none are never left out."""
    if _empty(selector) or (not request.namespace and request.resource.name != "namespaces"):
        return True
    return selects(selector, _namespace_labels(request, context))


def _namespace_labels(request: Request, context: Object) -> Mapping[str, str]:
    about_itself = request.resource.name == "namespaces" and not request.subresource
    if about_itself and request.operation in ("CREATE", "UPDATE"):
        return (request.object or {}).get("metadata", {}).get("labels") or {}
    stored = request.namespace_object or (request.old_object if about_itself else None)
    if stored:
        return stored["metadata"].get("labels") or {}
    for namespace in context.get("namespaces") or ():
        if namespace["name"] == request.namespace:
            return namespace.get("labels") or {}
    raise Unknown(f"the labels of the namespace {request.namespace}")


def _by_rules(rules: Sequence[Object], request: Request, exact: bool, context: Object) -> Match | None:
    if any(_fits(rule, request, request.resource) for rule in rules):
        return Match(request.resource, request.kind)
    if exact:
        return None
    for rule in rules:
        for other in _other_versions(rule, request, context):
            if _fits(rule, request, other):
                return Match(other, Kind(other.group, other.version, request.kind.name))
    return None


def _other_versions(rule: Object, request: Request, context: Object) -> list[Resource]:
    """The resource in the other versions that are served of it."""
    if request.subresource and request.kind.group != request.resource.group:
        return []  # Scale, Eviction…: kinds of their own group, in one version
    asked = request.resource
    return [Resource(asked.group, version, asked.name)
            for version in served_versions(asked, context, rule.get("apiVersions") or ()) if version != asked.version]


def _fits(rule: Object, request: Request, resource: Resource) -> bool:
    names = rule.get("resourceNames") or ()
    return (_scope_fits(rule.get("scope") or "*", request, resource)
            and _listed(rule, "operations", request.operation)
            and _listed(rule, "apiGroups", resource.group)
            and _listed(rule, "apiVersions", resource.version)
            and any(_resource_fits(each, request, resource) for each in rule.get("resources") or ())
            and (not names or request.name in names))


def _scope_fits(scope: str, request: Request, resource: Resource) -> bool:
    """A namespace is in no namespace, although a request about it names itself as one."""
    of_cluster = resource == _NAMESPACES or not request.namespace
    return scope == "*" or (scope == "Cluster") == of_cluster


def _listed(rule: Object, field: str, wanted: Any) -> bool:
    given = rule.get(field) or ()
    return "*" in given or wanted in given


def _resource_fits(pattern: str, request: Request, resource: Resource) -> bool:
    name, _, subresource = pattern.partition("/")
    return name in ("*", resource.name) and subresource in ("*", request.subresource)
