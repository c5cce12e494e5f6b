"""A snapshot with manifests applied to it, and objects deleted. Nothing is ever sent to a cluster."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.errors import NoSuchName, UsageError
from auditkit.simulation.defaults import with_defaults
from auditkit.simulation.merging import merged
from auditkit.simulation.places import Malformed, Object, at, put
from auditkit.simulation.pods import admitted, uid
from auditkit.simulation.rebuilding import NotRebuilt, alike
from auditkit.simulation.rows import Key
from auditkit.simulation.workloads import Maker, gone, made_again, rolled_out
from auditkit.simulation.world import Reference, World
from auditkit.snapshots.manifest import DIGITS
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES
from auditkit.tables.pods import CONTROLLERS
from auditkit.what_if.manifests import Document, documents

_SOURCES = {(resource.group, resource.kind): name for name, resource in RESOURCES.items()}
_FIRST = ("customresourcedefinitions.apiextensions.k8s.io", "namespaces", "priorityclasses.scheduling.k8s.io",
          "limitranges", "serviceaccounts")
"""What decides how pods are let in is applied before them, in whatever order the files have it."""
_HOOK = "helm.sh/hook"
_TESTS = frozenset(["test", "test-success", "test-failure"])


@dataclass(frozen=True)
class Simulation:
    """A snapshot before and after manifests were applied to it.

    ``applied`` has the manifest of each object that one changed, ``origin`` also that of what controllers make of it;
    ``unchanged`` counts manifests that say what is there already. ``changed`` has every object that is put anew or
    deleted (None), ``there`` those of them that were there before. ``left_out`` says which manifests could not be
    simulated, and why: what they would do is not known. ``tests`` are those that a Helm chart does not install.
    ``manifests`` is the file or folder that was given, ``deleted`` names what was deleted before.
    """

    before: Snapshot
    after: Snapshot
    applied: Mapping[Reference, Document]
    origin: Mapping[Reference, Document]
    changed: Mapping[Reference, Object | None]
    there: frozenset[Reference]
    unchanged: int = 0
    left_out: Sequence[str] = ()
    tests: Sequence[str] = ()
    manifests: Path | None = None
    deleted: Sequence[str] = ()


@dataclass
class _Course:
    """Manifests on their way into a world."""

    snapshot: Snapshot
    namespace: str
    world: World
    applied: dict[Reference, Document] = field(default_factory=dict)
    origin: dict[Reference, Document] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    unchanged: int = 0

    def take(self, found: Iterable[Document]) -> list[tuple[str, Key, Document]]:
        """The manifests with their resource and name, in the order in which they are applied."""
        taken: dict[Reference, Document] = {}
        for document in found:
            source = self._source(document)
            if not source:
                continue
            key = self._key(source, document)
            if other := taken.get((source, key)):
                raise document.wrong(f"{_called(source, key)} is also in {other.place}; give it once")
            taken[source, key] = document
        order = {source: number for number, source in enumerate(_FIRST)}
        return [(source, key, document) for (source, key), document in sorted(
            taken.items(), key=lambda each: order.get(each[0][0], len(order)))]

    def _source(self, document: Document) -> str:
        """The resource of a manifest; empty for one that is not simulated, which is named."""
        thing = document.thing
        version, kind = thing.get("apiVersion"), thing.get("kind")
        if not isinstance(version, str) or not isinstance(kind, str) or not version or not kind:
            raise document.wrong("this document is no Kubernetes object: it needs apiVersion and kind, both of them "
                                 "text")
        group, _, only = version.rpartition("/")
        source = _SOURCES.get((group, kind), "")
        notes = at(thing, "metadata.annotations")
        hooks = str(notes.get(_HOOK) or "").split(",") if isinstance(notes, dict) else [""]
        if {each.strip() for each in hooks} <= _TESTS:
            self.tests.append(f"{kind} in {document.place}: a test of a Helm chart, which is not installed with it")
            return ""
        if not source:
            self.left_out.append(f"{kind} ({version}) in {document.place}: no table has objects of this kind")
        elif only not in RESOURCES[source].versions:
            self.left_out.append(f"{kind} ({version}) in {document.place}: objects of this version are not read")
            return ""
        return source

    def _key(self, source: str, document: Document) -> Key:
        metadata = document.thing.get("metadata")
        if not isinstance(metadata, dict):
            raise document.wrong(f"this {document.thing['kind']} has no metadata")
        name, space = metadata.get("name"), metadata.get("namespace")
        if name is None and isinstance(metadata.get("generateName"), str):
            name = f"{metadata['generateName']}simulated"
        if name is None or name == "":
            raise document.wrong(f"this {document.thing['kind']} has no metadata.name")
        if not isinstance(name, str):
            raise document.wrong(f"metadata.name of this {document.thing['kind']} is {json.dumps(name)}, and no text: "
                                 "put the name in quotes")
        if not RESOURCES[source].namespaced:
            return "", name
        if space is not None and not isinstance(space, str):
            raise document.wrong(f"the namespace of {document.thing['kind']} {name} is {json.dumps(space)}, and no "
                                 "text: put it in quotes")
        return space or self.namespace, name

    def apply(self, source: str, key: Key, document: Document) -> None:
        """Applies one manifest."""
        if RESOURCES[source].namespaced and not self.world.exists("namespaces", ("", key[0])) and not (
                self.snapshot.gap_of("namespaces")):
            raise document.wrong(f"{_called(source, key)} is for the namespace {key[0]}, which does not exist. Add it "
                                 "to the manifests, or name another with --namespace")
        given = {**document.thing, "metadata": {**document.thing["metadata"], "name": key[1], **(
            {"namespace": key[0]} if key[0] else {})}}
        try:
            before = self.world.get(source, key)
        except NotRebuilt as error:
            self.left_out.append(f"{_called(source, key)} in {document.place}: the snapshot does not tell enough of it "
                                 f"to merge a manifest into it ({error})")
            return
        known = dict(self.world.changed)
        try:
            self._put(source, key, before, given, document)
        except Malformed as error:
            raise document.wrong(f"{_called(source, key)} does not follow its schema: {error}") from None
        self.origin |= {reference: document for reference, thing in self.world.changed.items()
                        if known.get(reference) is not thing}
        if (source, key) in self.world.changed:
            self.applied[source, key] = document
        else:
            self.unchanged += 1

    def _put(self, source: str, key: Key, before: Object | None, given: Object, document: Document) -> None:
        thing = deepcopy(merged(source, before or {}, given))
        if before is not None and alike(source, before, thing):
            return
        _verify_change(source, key, before, thing, document)
        if before is None:
            thing["metadata"].setdefault("uid", uid(RESOURCES[source].kind, key))
            thing["metadata"]["creationTimestamp"] = f"{self.snapshot.manifest.observed[1]:%Y-%m-%dT%H:%M:%SZ}"
        self.world.put(source, key, thing)  # a mistake in it is told before anything is worked out from it
        thing = with_defaults(source, deepcopy(thing))
        if source == "pods" and before is None:
            thing = admitted(self.world, thing)
        if source == "services":
            _node_ports(self.world, key, thing)
        if source in CONTROLLERS:
            thing = rolled_out(self.world, source, key, before, thing)
        self.world.put(source, key, thing)
        if source == "namespaces" and before is None:
            _furnish(self.world, key[1])


_FIXED: dict[str, tuple[str, ...]] = {
    "rolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "clusterrolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "jobs.batch": ("spec.template",), "pods": ("spec",), "statefulsets.apps": ("spec.serviceName",),
    "storageclasses.storage.k8s.io": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "persistentvolumeclaims": ("spec.storageClassName",),
    "persistentvolumes": ("spec.csi", "spec.hostPath"),
    "priorityclasses.scheduling.k8s.io": ("value", "preemptionPolicy"), "runtimeclasses.node.k8s.io": ("handler",),
    "ingressclasses.networking.k8s.io": ("spec.controller",), "secrets": ("type",),
}
"""What the API server refuses to change in an object that exists; of pods, all but images and what is added to them.

Source: k8s.io/kubernetes 1.36, ``ValidateXUpdate`` in ``pkg/apis/GROUP/validation/validation.go``.
"""

_ONCE = ("spec.storageClassName",)
"""What may be set where it is not set yet."""


def _verify_change(source: str, key: Key, before: Object | None, after: Object, document: Document) -> None:
    """Refuse what the API server refuses to change."""
    if before is None:
        return
    for path in _FIXED.get(source, ()):
        old, new = (_only(each, path, images=source != "pods") for each in (before, after))
        if (path in _ONCE and at(before, path) is None) or alike(source, old, new):
            continue
        raise document.wrong(f"{path} of {_called(source, key)} cannot be changed. Delete the object first: "
                             f"--delete {RESOURCES[source].kind}/{'/'.join(filter(None, key))}")


def _only(thing: Object, path: str, *, images: bool) -> Object:
    """An object with what stands at a path alone, with or without the images of containers."""
    found: Object = {"metadata": thing["metadata"]}
    if (value := at(thing, path)) is not None:
        put(found, path, deepcopy(value))
    for each in at(found, "spec.containers") or () if not images else ():
        each.pop("image", None)
        each.pop("imagePullPolicy", None)
    return found


def _node_ports(world: World, key: Key, service: Object) -> None:
    """A port on every node for each port of a service that asks for one: the first that is free of those that the API
    server gives by default (30000 to 32767). Which one it would be is not known."""
    if at(service, "spec.type") not in ("NodePort", "LoadBalancer") or (
            at(service, "spec.allocateLoadBalancerNodePorts") is False):
        return
    taken = {port.get("nodePort") for each in world.names("services") if each != key
             for port in at(world.get("services", each), "spec.ports") or ()}
    free = (number for number in range(30000, 32768) if number not in taken)
    for port in at(service, "spec.ports") or ():
        if not port.get("nodePort"):
            port["nodePort"] = next(free, 32767)


def _furnish(world: World, namespace: str) -> None:
    """What every new namespace has: the default service account and the certificate of the API server."""
    furniture: tuple[tuple[str, str, Object], ...] = (
        ("serviceaccounts", "default", {}), ("configmaps", "kube-root-ca.crt", {"data": [{}]}))
    for source, name, more in furniture:
        if not world.exists(source, (namespace, name)):
            kind = RESOURCES[source].kind
            world.put(source, (namespace, name), {"apiVersion": "v1", "kind": kind, **more, "metadata": {
                "name": name, "namespace": namespace, "uid": uid(kind, (namespace, name))}})


def _called(source: str, key: Key) -> str:
    return f"{RESOURCES[source].kind} {'/'.join(filter(None, key))}"


def simulate(snapshot: Snapshot, manifests: Path | None = None, deleted: Sequence[str] = (),
             namespace: str = "default") -> Simulation:
    """The snapshot with the manifests of a file or folder applied to it, after objects were deleted.

    ``deleted`` are ``KIND/NAMESPACE/NAME`` or, of kinds without namespaces, ``KIND/NAME``; ``namespace`` is that of
    manifests that name none. Raises `DefinitionError` with file and line for manifests that cannot be applied,
    `NoSuchName` for an object that is not there to be deleted, and `UsageError` for one that is made again.
    """
    world = World({name: snapshot.arrow(name) for name in tables.TABLES})
    _delete(world, snapshot, deleted)
    course = _Course(snapshot, namespace, world)
    for source, key, document in course.take(documents(manifests) if manifests else ()):
        course.apply(source, key, document)
    how = [f"{len(course.applied)} manifests applied"] if manifests else []
    how += [f"deleted {each}" for each in deleted]
    after = _simulated(snapshot, world, "; ".join(how))
    return Simulation(snapshot, after, course.applied, course.origin, dict(world.changed), world.replaced,
                      course.unchanged, course.left_out, course.tests, manifests, deleted)


def _simulated(snapshot: Snapshot, world: World, how: str) -> Snapshot:
    """The snapshot of what would be. Its manifest says so: it is no evidence, and is never written."""
    changed = sorted([*reference, thing] for reference, thing in world.changed.items())
    content = hashlib.sha256(msgspec.json.encode(changed, order="deterministic")).hexdigest()[:DIGITS]
    said = f"This is a simulation, no evidence: what snapshot {snapshot.digest[:DIGITS]} would be with {how}."
    return Snapshot(msgspec.structs.replace(
        snapshot.manifest, simulated=f"{how} ({content})", transport=[said, *snapshot.manifest.transport], files={},
        previous=None), {**world.tables, "findings": _findings(snapshot.arrow("findings"), world)},
        difference=lambda: snapshot.difference)


_OF_IMAGES = ("vulnerability", "secret", "license")


def _findings(findings: pa.Table, world: World) -> pa.Table:
    """What scanners say, but for what they say of objects that are changed, and of the namespaces of these: they have
    not looked at them as they would be. What they say of images stays."""
    changed = {(RESOURCES[source].kind.lower(), *key) for source, key in world.changed}
    changed |= {("namespace", "", space) for _, space, _ in changed if space}
    changed |= {(kind, name if kind == "namespace" else space, name) for kind, space, name in changed}
    of_image = pc.and_(findings["image"].is_valid(), pc.is_in(findings["category"], value_set=pa.array(_OF_IMAGES)))
    about = pc.binary_join_element_wise(*(pc.fill_null(each, "") for each in (
        pc.utf8_lower(findings["kind"]), findings["namespace"], findings["name"])), "\0")
    stale = pc.is_in(about, value_set=pa.array(["\0".join(each) for each in sorted(changed)], pa.string()))
    return findings.filter(pc.invert(pc.and_not(stale, of_image)))


_STAY = ("default", "kube-system", "kube-public")
"""Namespaces that the API server does not delete (admission plug-in NamespaceLifecycle)."""


def _delete(world: World, snapshot: Snapshot, deleted: Sequence[str]) -> None:
    """Deletes what is named. What would be there again a moment later is no deletion: it is refused."""
    makers: dict[str, Maker] = {}
    for named in deleted:
        source, key = _reference(world, snapshot, named)
        if source == "namespaces" and key[1] in _STAY:
            raise UsageError(f"The API server does not delete the namespace {key[1]}.")
        if maker := made_again(world, source, key):
            makers[named] = maker
        gone(world, source, key)
    left = {(RESOURCES[source].kind, key) for (source, key), thing in world.changed.items() if thing is None}
    for named, (kind, namespace, name) in makers.items():
        if not {(kind, (namespace, name)), (kind, ("", name))} & left:
            raise UsageError(f"{named} would be made again by {kind} {name}. Delete or change that instead.")


def _reference(world: World, snapshot: Snapshot, named: str) -> Reference:
    """The object that somebody names to be deleted. Of several resources of one kind it is that of Kubernetes itself.

    Raises `UsageError` and `NoSuchName`.
    """
    kind, *parts = named.split("/")
    known = {name.casefold(): source for source, resource in reversed(RESOURCES.items())
             for name in (resource.kind, resource.plural, source)}
    source = known.get(kind.casefold())
    if source is None:
        raise NoSuchName("kind", kind, {resource.kind for resource in RESOURCES.values()})
    wanted = 2 if RESOURCES[source].namespaced else 1
    if len(parts) != wanted or not all(parts):
        form = "KIND/NAMESPACE/NAME" if wanted == 2 else "KIND/NAME"
        raise UsageError(f"{named!r} does not name a {RESOURCES[source].kind}. Give it as {form}.")
    key = (parts[0], parts[1]) if wanted == 2 else ("", parts[0])
    if not world.exists(source, key):
        raise NoSuchName(RESOURCES[source].kind, "/".join(parts), (
            "/".join(filter(None, each)) for each in world.names(source)))
    return source, key
