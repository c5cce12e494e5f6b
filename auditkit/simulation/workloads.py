"""What controllers make of a template that was changed: the pods that there would be.

Pods of a changed template take the names and nodes of those that they replace, so that each can be compared with the
one before it. A pod that is new has a name with ``simulated`` in it. Nothing is known of whether new pods run.
"""

from copy import deepcopy

from auditkit.simulation.places import Malformed, Object, at, placed, put
from auditkit.simulation.pods import pod_of, uid
from auditkit.simulation.rebuilding import alike
from auditkit.simulation.rows import Key
from auditkit.simulation.world import World
from auditkit.tables import RESOURCES
from auditkit.tables.pods import CONTROLLERS

_MOST = 1000
"""Pods of one controller that are written out: more say nothing new."""


def rolled_out(world: World, source: str, key: Key, before: Object | None, after: Object) -> Object:
    """Makes the pods of a controller that was put in the place of another (None: it is new). Returns the controller: a
    status that told of former pods tells nothing of the new ones. Raises `Malformed` where it has no template."""
    kind, path = CONTROLLERS[source]
    template = at(after, path)
    if template is None:
        raise Malformed(f"it has no {path}")
    changed = before is None or not alike(source, *(_template(each, path) for each in (before, after)))
    scaled = before is None or at(before, "spec.replicas") != at(after, "spec.replicas")
    if not (changed or scaled) or kind == "CronJob" or at(after, "spec.suspend"):
        return after
    if changed:
        after = {name: value for name, value in after.items() if name != "status"}
    if changed and before is not None and _held(after):
        return after
    if kind == "Deployment":
        _replica_set(world, key, after, template, changed)
    else:
        _pods(world, source, key, after, template, changed)
    return after


def _template(controller: Object, path: str) -> Object:
    """A controller of which only the template is told."""
    found: Object = {"metadata": {"name": controller["metadata"]["name"]}}
    put(found, path, at(controller, path))
    return found


def _held(controller: Object) -> bool:
    """True if a new template waits: it is paused, rolled out when pods are deleted, or not to all of them."""
    update = at(controller, "spec.updateStrategy") or {}
    waits = update.get("type") == "OnDelete" or at(update, "rollingUpdate.partition")
    return bool(at(controller, "spec.paused") or waits)


def _replica_set(world: World, key: Key, deployment: Object, template: Object, changed: bool) -> None:
    """The ReplicaSet of a Deployment takes its template; former ones stay without pods."""
    sets = [(len(world.owned("pods", "ReplicaSet", each)), each)
            for each in world.owned("replicasets.apps", "Deployment", key)]
    current = max(sets)[1] if sets else (key[0], f"{key[1]}-simulated")
    known = world.get("replicasets.apps", current)
    found: Object = deepcopy(known) if known else {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {
            "name": current[1], "namespace": key[0], "uid": uid("ReplicaSet", current), "ownerReferences": [{
                "kind": "Deployment", "name": key[1], "uid": deployment["metadata"].get("uid", ""),
                "controller": True}]}}
    if changed or not known:
        mark = at(found, "spec.template.metadata.labels.pod-template-hash")
        put(found, "spec.template", deepcopy(template))
        if mark:
            placed(found, "spec.template.metadata.labels")["pod-template-hash"] = mark
        found.pop("status", None)
    put(found, "spec.replicas", at(deployment, "spec.replicas"))
    world.put("replicasets.apps", current, found)
    for _, each in sets:
        if each != current:
            for pod in world.owned("pods", "ReplicaSet", each):
                world.delete("pods", pod)
    _pods(world, "replicasets.apps", current, found, found["spec"]["template"], changed)


def _pods(world: World, source: str, key: Key, owner: Object, template: Object, changed: bool) -> None:
    """The pods of a controller: those that it has are replaced where its template changed."""
    kind = CONTROLLERS[source][0]
    there = world.owned("pods", kind, key)
    places = _places(world, kind, key, owner, template, there)
    for pod in there:
        if pod not in places:
            world.delete("pods", pod)
    for pod, node in places.items():
        if changed or pod not in there:
            world.put("pods", pod, pod_of(world, template, pod, owner, node))


def _places(world: World, kind: str, key: Key, owner: Object, template: Object, there: list[Key]
            ) -> dict[Key, str | None]:
    """The pods that a controller wants, each with its node (None: not known)."""
    nodes = {pod: at(world.get("pods", pod), "spec.nodeName") for pod in there}
    if kind == "DaemonSet":
        if there:
            return nodes
        return {(key[0], f"{key[1]}-simulated-{node}"): node for node in _nodes_for(world, template)}
    wanted = at(owner, "spec.parallelism") if kind == "Job" else at(owner, "spec.replicas")
    count = min(1 if wanted is None else int(wanted), _MOST)
    name = f"{key[1]}-{{}}" if kind == "StatefulSet" else f"{key[1]}-simulated-{{}}"
    fresh = ((key[0], name.format(number)) for number in range(count + len(there)))
    names = [*there[:count], *(each for each in fresh if each not in nodes)][:count]
    return {each: nodes.get(each) for each in names}


def _nodes_for(world: World, template: Object) -> list[str]:
    """The nodes that a new DaemonSet is for, by its node selector and what it tolerates; affinities are not read."""
    wanted: dict[str, str] = at(template, "spec.nodeSelector") or {}
    tolerated = at(template, "spec.tolerations") or []
    found = []
    for _, name in world.names("nodes"):
        node = world.get("nodes", ("", name)) or {}
        labels = at(node, "metadata.labels") or {}
        taints = [each for each in at(node, "spec.taints") or () if each.get("effect") in ("NoSchedule", "NoExecute")]
        if all(labels.get(label) == value for label, value in wanted.items()) and all(
                any(_tolerates(each, taint) for each in tolerated) for taint in taints):
            found.append(name)
    return found


def _tolerates(toleration: Object, taint: Object) -> bool:
    """Source: k8s.io/api, core/v1, ``Toleration.ToleratesTaint``."""
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("key") not in (None, "", taint.get("key")):
        return False
    return toleration.get("operator") == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")


OWNED: dict[str, tuple[str, ...]] = {"Deployment": ("replicasets.apps",), "CronJob": ("jobs.batch",),
                                     **dict.fromkeys(("ReplicaSet", "StatefulSet", "DaemonSet", "Job",
                                                      "ReplicationController"), ("pods",))}
"""What goes with a controller when it is deleted: the resources of what it makes."""


Maker = tuple[str, str, str]
"""The kind, namespace and name of what makes an object again when it is deleted."""
_FURNITURE = {"serviceaccounts": "default", "configmaps": "kube-root-ca.crt"}
_ENDED = ("Succeeded", "Failed")


def made_again(world: World, source: str, key: Key) -> Maker | None:
    """What makes another object in the place of this one if it is deleted alone; None where nothing is known to.

    A pod that ended, a ReplicaSet without pods and a Job of a CronJob are not made again.
    """
    if _FURNITURE.get(source) == key[1]:
        return "Namespace", key[0], key[0]
    owner = world.owner(source, key) if source == "pods" or source in CONTROLLERS else None
    if owner is None or owner[0] == "CronJob":
        return None
    if source == "replicasets.apps" and not world.owned("pods", "ReplicaSet", key):
        return None
    if source == "pods" and at(world.get("pods", key), "status.phase") in _ENDED:
        return None
    return owner[0], *owner[1]


def gone(world: World, source: str, key: Key) -> None:
    """Deletes an object and all that its controllers made of it."""
    world.delete(source, key)
    kind = RESOURCES[source].kind
    for made in OWNED.get(kind, ()):
        for each in world.owned(made, kind, key):
            gone(world, made, each)
    if source == "namespaces":
        _empty(world, key[1])


def _empty(world: World, namespace: str) -> None:
    for source, resource in RESOURCES.items():
        if resource.namespaced:
            for each in world.names(source, namespace):
                world.delete(source, each)

