"""What becomes of an object when a manifest is applied to it: the rules of server-side apply.

A field that the manifest names takes its value, one that it does not name keeps its own, and null takes a field away.
Objects are merged field by field and lists of a kind (``KEYS``) element by element; other lists, and the objects in
``ATOMIC``, are replaced as a whole. Of alternatives (the sources of a volume), a new one takes the place of the old.

Source: k8s.io/client-go of July 2026, ``applyconfigurations/internal/internal.go`` (``elementRelationship``, ``keys``);
structured-merge-diff. What client-side ``kubectl apply`` takes away because it stood in an earlier manifest, is kept.
"""

from typing import Any

from auditkit.simulation.places import Object
from auditkit.tables.pods import CONTAINER_LISTS, CONTROLLERS

_PROTOCOL = {"protocol": "TCP"}
"""Keys that have a default."""

_IN_POD: dict[str, tuple[str, ...]] = {
    "spec.volumes[]": ("name",), "spec.imagePullSecrets[]": ("name",), "spec.hostAliases[]": ("ip",),
    "spec.topologySpreadConstraints[]": ("topologyKey", "whenUnsatisfiable"), "spec.resourceClaims[]": ("name",),
    "spec.schedulingGates[]": ("name",),
    **{f"spec.{containers}[]{inner}": keys for containers in CONTAINER_LISTS for inner, keys in {
        "": ("name",), ".ports[]": ("containerPort", "protocol"), ".env[]": ("name",),
        ".volumeMounts[]": ("mountPath",), ".volumeDevices[]": ("devicePath",),
        ".resources.claims[]": ("name",)}.items()},
}
_METADATA: dict[str, tuple[str, ...]] = {
    "metadata.ownerReferences[]": ("uid",), "metadata.finalizers[]": (), "status.conditions[]": ("type",)}
_POLICY: dict[str, tuple[str, ...]] = {"spec.matchConditions[]": ("name",), "spec.variables[]": ("name",)}
_WEBHOOKS: dict[str, tuple[str, ...]] = {"webhooks[]": ("name",), "webhooks[].matchConditions[]": ("name",)}

KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "pods": _IN_POD,
    **{source: {f"{path}.{inner}": keys for inner, keys in _IN_POD.items()}
       for source, (_, path) in CONTROLLERS.items()},
    "services": {"spec.ports[]": ("port", "protocol")},
    "serviceaccounts": {"secrets[]": ("name",)},
    "nodes": {"status.addresses[]": ("type",)},
    "validatingadmissionpolicies.admissionregistration.k8s.io": _POLICY,
    "mutatingadmissionpolicies.admissionregistration.k8s.io": _POLICY,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": {"spec.validationActions[]": ()},
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
}
"""The lists of a resource that are merged, with the fields that tell their elements apart (none: they are texts)."""

_ATOMIC = frozenset([
    "nodeSelector", "podSelector", "namespaceSelector", "objectSelector", "roleRef", "matchResources", "paramKind",
    "paramRef", "configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef", "labelSelector"])
_ATOMIC_OF = {"services": ("spec.selector",), "replicationcontrollers": ("spec.selector",),
              "deployments.apps": ("spec.selector",), "replicasets.apps": ("spec.selector",),
              "statefulsets.apps": ("spec.selector",), "daemonsets.apps": ("spec.selector",),
              "jobs.batch": ("spec.selector",), "poddisruptionbudgets.policy": ("spec.selector",)}

_BESIDE = {"volumes[]": frozenset(["name"]), "livenessProbe": frozenset([
    "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
    "terminationGracePeriodSeconds"]), "env[]": frozenset(["name"])}
_BESIDE |= dict.fromkeys(("readinessProbe", "startupProbe"), _BESIDE["livenessProbe"])
"""Objects with alternatives, of which the API takes one: the fields beside these."""


def merged(source: str, old: Object, new: Object) -> Object:
    """The object that there is when a manifest is applied to an object of a resource. Neither is changed."""
    return _object(source, "", old, new)


def _object(source: str, path: str, old: Object, new: Object) -> Object:
    name = path.rpartition(".")[2]
    beside = _BESIDE.get(name)
    chosen = {key for key in new if key not in beside} if beside is not None else set()
    found = {key: value for key, value in old.items() if not chosen or key in chosen or key in (beside or ())}
    for key, value in new.items():
        inside = f"{path}.{key}".lstrip(".")
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _value(source, inside, found.get(key), value)
    return found


def _value(source: str, path: str, old: Any, new: Any) -> Any:
    name = path.rpartition(".")[2]
    if isinstance(new, dict):
        whole = name in _ATOMIC or path in _ATOMIC_OF.get(source, ()) or not isinstance(old, dict)
        return _object(source, path, {} if whole else old, new)
    keys = _METADATA.get(f"{path}[]", KEYS.get(source, {}).get(f"{path}[]"))
    if isinstance(new, list) and isinstance(old, list) and keys is not None:
        return _list(source, f"{path}[]", old, new, keys)
    return new


def _list(source: str, path: str, old: list[Any], new: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """Elements that both have are merged, where they stood; new ones come last."""
    if not keys:
        return [*old, *(each for each in new if each not in old)]
    known = {_key(each, keys): each for each in old}
    given = {_key(each, keys): each for each in new}
    kept = [_object(source, path, each, given[key]) if key in given else each for key, each in known.items()]
    return [*kept, *(each for key, each in given.items() if key not in known)]


def _key(element: Any, keys: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(element, dict):
        return (element,)
    return tuple(element.get(key, _PROTOCOL.get(key)) for key in keys)
