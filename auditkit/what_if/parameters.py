"""The parameters of policies, as far as files or a snapshot have them."""

from collections.abc import Mapping
from typing import Any

from auditkit.admission.cel.partial import ABSENT, Partial
from auditkit.tables import RESOURCES, Resource
from auditkit.what_if.objects import objects
from auditkit.what_if.policy_set import PolicySet
from auditkit.what_if.source import Source

_LISTED = {"configmaps": "config_maps", "secrets": "secrets"}
"""Kinds of which a snapshot has the names and nothing of their data, with their tables."""


def with_parameters(known: Mapping[str, Any], policy: Mapping[str, Any], policies: PolicySet, snapshot: Source
                    ) -> dict[str, Any]:
    """What is known beside an object, with the parameters that a policy may have.

    Without ``params`` none of them is known. Those of a policy in files are the objects of the files; those of a
    policy in a cluster are its objects, if it is known that they are all there are of the kind.
    """
    kind = policy["spec"].get("paramKind")
    if policies.others:
        return {**known, "params": [each for each in policies.others if "apiVersion" in each and "metadata" in each]}
    resource = _resource(kind) if kind and not policies.unbound else None
    if not resource or snapshot.gap_of(resource.name):
        return dict(known)
    return {**known, "params": _of(snapshot, resource, kind)}


def _resource(kind: Mapping[str, str]) -> Resource | None:
    group, _, version = kind["apiVersion"].rpartition("/")
    return next((each for each in RESOURCES.values() if each.kind == kind["kind"] and each.group == group
                 and version in each.versions), None)


def _of(snapshot: Source, resource: Resource, kind: Mapping[str, str]) -> list[Partial]:
    if resource.name not in _LISTED:
        return [found.thing for found in objects(snapshot, [resource.name], "params")]
    frame = snapshot.frame(_LISTED[resource.name])
    return [Partial({**kind, "metadata": Partial({"name": name, "namespace": namespace or ABSENT}, "params.metadata")},
                    "params")
            for namespace, name in zip(frame["namespace"], frame["name"], strict=True)]
