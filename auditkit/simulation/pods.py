"""Pods as the API server lets them in: of a template, with what its defaults and its admission plug-ins add.

Sources: k8s.io/kubernetes 1.36, ``SetDefaults_Pod`` (pkg/apis/core/v1/defaults.go) and the admission plug-ins
ServiceAccount, LimitRanger and Priority, which are on by default. What webhooks and MutatingAdmissionPolicies add is
not known.
"""

from copy import deepcopy
from typing import Any
from uuid import UUID, uuid5

from auditkit.simulation.defaults import with_defaults
from auditkit.simulation.places import Object, at, listed, placed
from auditkit.simulation.rows import Key
from auditkit.simulation.world import World
from auditkit.tables.pods import CONTAINER_LISTS

_NAMES = UUID("c0a6f4de-2a58-5f6e-9a64-3f7f6f1f6a10")
_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 3607
_LIMITED = tuple(name for name in CONTAINER_LISTS if name != "ephemeralContainers")


def uid(kind: str, key: Key) -> str:
    """The UID of an object that is only simulated: the same for the same object."""
    return str(uuid5(_NAMES, "/".join((kind, *key))))


_OF_NODE = "topology.kubernetes.io/"
"""Labels that a pod takes from its node (admission plug-in PodTopologyLabels)."""


def pod_of(world: World, template: Object, key: Key, owner: Object, node: str | None) -> Object:
    """The pod that a controller (``owner``) makes of its template, on the node where it is to be (None: not known).

    Nothing is known of whether it runs: it has no status. What it takes from its node is that of the pod in whose place
    it is.
    """
    made: Object = {"apiVersion": "v1", "kind": "Pod", **deepcopy({name: template[name] for name in ("metadata", "spec")
                                                                  if isinstance(template.get(name), dict)})}
    made["metadata"] = {**made.get("metadata", {}), "name": key[1], "namespace": key[0]}
    made["metadata"]["ownerReferences"] = [{
        "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"].get("uid", ""),
        "controller": True}]
    if node:
        placed(made, "spec")["nodeName"] = node
    former = at(world.get("pods", key), "metadata.labels") or {}
    if taken := {label: value for label, value in former.items() if label.startswith(_OF_NODE)}:
        placed(made, "metadata.labels").update(taken)
    return admitted(world, made)


def admitted(world: World, pod: Object) -> Object:
    """A new pod with what the API server adds to it. It is changed in place."""
    spec, namespace = placed(pod, "spec"), pod["metadata"]["namespace"]
    with_defaults("pods", pod)
    spec.setdefault("serviceAccountName", "default")
    account = world.get("serviceaccounts", (namespace, spec["serviceAccountName"])) or {}
    _mount_token(spec, account)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = deepcopy(account["imagePullSecrets"])
    _limit(world, spec, namespace)
    _resources_and_ports(spec)
    if not spec.get("priorityClassName"):
        for _, name in world.names("priorityclasses.scheduling.k8s.io"):
            if (world.get("priorityclasses.scheduling.k8s.io", ("", name)) or {}).get("globalDefault"):
                spec["priorityClassName"] = name
    metadata = pod["metadata"]
    metadata.setdefault("uid", uid("Pod", (namespace, metadata["name"])))
    return pod


def _mount_token(spec: Object, account: Object) -> None:
    """The token of the service account, in each container that has nothing at its place."""
    wanted = spec.get("automountServiceAccountToken")
    if not (account.get("automountServiceAccountToken", True) if wanted is None else wanted):
        return
    bare = [each for name in _LIMITED for each in spec.get(name) or ()
            if not any(mount.get("mountPath") == _TOKENS for mount in each.get("volumeMounts") or ())]
    if not bare:
        return
    listed(spec, "volumes").append({"name": "kube-api-access", "projected": {"sources": [
        {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt"}}, {"downwardAPI": {}}]}})
    for each in bare:
        listed(each, "volumeMounts").append({"name": "kube-api-access", "mountPath": _TOKENS, "readOnly": True})


def _limit(world: World, spec: Object, namespace: str) -> None:
    """The defaults of the limit ranges of a namespace."""
    for key in world.names("limitranges", namespace):
        for limit in at(world.get("limitranges", key), "spec.limits") or ():
            for each in _containers(spec) if limit.get("type") == "Container" else ():
                for given, default in (("limits", "default"), ("requests", "defaultRequest")):
                    for resource, value in (limit.get(default) or {}).items():
                        placed(each, f"resources.{given}").setdefault(resource, value)


def _resources_and_ports(spec: Object) -> None:
    """What is not requested is the limit; a pod in the network of its node has its ports there."""
    for each in _containers(spec):
        for resource, value in (at(each, "resources.limits") or {}).items():
            placed(each, "resources.requests").setdefault(resource, value)
        for port in each.get("ports") or () if spec.get("hostNetwork") else ():
            if not port.get("hostPort"):
                port["hostPort"] = port.get("containerPort")


def _containers(spec: Object) -> list[Any]:
    return [each for name in _LIMITED for each in spec.get(name) or ()]
