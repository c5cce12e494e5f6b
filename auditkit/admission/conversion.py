"""Objects in another version of their kind, for policies whose rules ask for it (``matchPolicy: Equivalent``)."""

from collections.abc import Sequence
from typing import Any

from auditkit.admission.cel.values import Unknown
from auditkit.admission.request import Kind, Object, Resource

_VERSIONS = {Resource("autoscaling", "v1", "horizontalpodautoscalers"): ("v1", "v2"),
             Resource("autoscaling", "v2", "horizontalpodautoscalers"): ("v1", "v2")}
"""The kinds of Kubernetes 1.36 that it serves in more than one version by default."""


def served_versions(resource: Resource, context: Object, asked: Sequence[str]) -> tuple[str, ...]:
    """The versions in which a resource is served. Of a group that is not known and asked for: Unknown."""
    if resource in _VERSIONS:
        return _VERSIONS[resource]
    if resource.group.endswith(".k8s.io") or "." not in resource.group:
        return (resource.version,)
    for definition in context.get("crds") or ():
        if (definition["group"], definition["names"]["plural"]) == (resource.group, resource.name):
            return tuple(version["name"] for version in definition["versions"] if version["served"])
    if set(asked) <= {"*", resource.version}:
        return (resource.version,)
    raise Unknown(f"the versions in which {resource} is served")


def converted(thing: Object | None, into: Kind, context: Object) -> Object | None:
    """The object in another version. One that would have to be changed in ways that are not known: Unknown."""
    if thing is None or thing.get("apiVersion") == into.api_version:
        return thing
    changed = {**thing, "apiVersion": into.api_version}
    if into == Kind("autoscaling", "v2", "HorizontalPodAutoscaler"):
        return _autoscaler(changed)
    for definition in context.get("crds") or ():
        if (definition["group"], definition["names"]["kind"]) == (into.group, into.name):
            if (definition.get("conversion") or {}).get("strategy", "None") == "None":
                return changed
            raise Unknown(f"the conversion webhook of {into.name}.{into.group}")
    raise Unknown(f"a {into.name} as {into.api_version}")


def _autoscaler(thing: dict[str, Any]) -> Object:
    """A HorizontalPodAutoscaler of autoscaling/v1 as one of v2. More than a target of CPU is kept in annotations."""
    annotations = thing["metadata"].get("annotations") or {}
    if any(key.startswith("autoscaling.alpha.kubernetes.io/") for key in annotations):
        raise Unknown("metrics and conditions of a HorizontalPodAutoscaler that are in its annotations")
    spec, status = dict(thing.get("spec") or {}), dict(thing.get("status") or {})
    target = spec.pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        utilization = {"type": "Utilization", "averageUtilization": target}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}]
    used = status.pop("currentCPUUtilizationPercentage", None)
    current = {"name": "cpu", "current": {"averageUtilization": used}}
    status["currentMetrics"] = None if used is None else [{"type": "Resource", "resource": current}]
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)
    return {**thing, "spec": spec, "status": status}
