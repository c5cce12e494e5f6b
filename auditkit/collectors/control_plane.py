"""The control plane's flags, from its static pods in kube-system, and those of kube-proxy, from its pods there.

Arguments can hold credentials. Those of other pods are never read; of these five components only what
`auditkit.collectors.command_line` keeps. etcd takes flags from its environment too: a literal value of one of the same
flags is read there, and nothing else.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors import command_line

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
PROXY = "kube-proxy"
NAMESPACE, MIRROR = "kube-system", "kubernetes.io/config.mirror"

SEVERAL = "several containers of its pod start the component"
WHOLE_ENVIRONMENT = "environment variables from a Secret or ConfigMap (envFrom) may set flags"


class _Meta(msgspec.Struct):
    name: str
    namespace: str = ""
    annotations: dict[str, msgspec.Raw] | None = None
    labels: dict[str, str] | None = None


class _Variable(msgspec.Struct):
    name: str
    value: str | None = None
    valueFrom: dict[str, msgspec.Raw] | None = None


class _Container(msgspec.Struct):
    name: str
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[_Variable] | None = None
    envFrom: list[msgspec.Raw] | None = None

    @property
    def words(self) -> list[str]:
        """The command and its arguments."""
        return [*(self.command or []), *(self.args or [])]


class _Spec(msgspec.Struct):
    containers: list[_Container]
    nodeName: str | None = None


class _Pod(msgspec.Struct):
    metadata: _Meta
    spec: _Spec


class _Pods(msgspec.Struct):
    items: list[msgspec.Raw]


_PODS, _POD = msgspec.json.Decoder(_Pods), msgspec.json.Decoder(_Pod)


def static_pods(body: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    """The components among the pods of a list: component, node, pod, and as ``instance`` (of kube-proxy ``proxy``) its
    image, its flags with their values, and why there may be others (``unread``); and a phrase for each pod that may be
    one of them and cannot be read.

    Of the control plane only mirror pods in kube-system count: a kubelet makes them of the files on its node.
    """
    found: list[dict[str, Any]] = []
    malformed: list[str] = []
    if not any(component.encode() in body for component in (*COMPONENTS, PROXY)):
        return found, malformed
    for position, raw in enumerate(_PODS.decode(body).items):
        text = bytes(raw)
        if MIRROR.encode() not in text and PROXY.encode() not in text:
            continue
        try:
            pod = _POD.decode(raw)
        except UNDECODABLE as error:  # in what the tables do not read: they may have the pod all the same
            malformed.append(f"item {position}: {error}")
            continue
        if pod.metadata.namespace == NAMESPACE:
            by_component: dict[str, list[_Container]] = {}
            for component, container in _components(pod):
                by_component.setdefault(component, []).append(container)
            found += [{"component": component, "node": pod.spec.nodeName, "pod": pod.metadata.name,
                       "proxy" if component == PROXY else "instance": _instance(component, containers)}
                      for component, containers in by_component.items()]
    return found, malformed


def flags(arguments: list[str]) -> list[dict[str, str | None]]:
    """The flags of a component's arguments, a row each."""
    return _rows(command_line.flags(arguments))


def _components(pod: _Pod) -> Iterator[tuple[str, _Container]]:
    """The components that run in a pod, with their containers: as these are called, else as the pod or its label is."""
    mirrored = MIRROR in (pod.metadata.annotations or {})
    called = [(component, container) for container in pod.spec.containers
              if (component := _called(container, mirrored=mirrored))]
    if called or not mirrored:
        yield from called
        return
    label = (pod.metadata.labels or {}).get("component", "")
    for component in COMPONENTS:
        if pod.spec.containers and (label == component or pod.metadata.name == f"{component}-{pod.spec.nodeName}"):
            starts = (container for container in pod.spec.containers if command_line.starts(component, container.words))
            yield component, next(starts, pod.spec.containers[0])
            return


def _called(container: _Container, *, mirrored: bool) -> str:
    """The component that a container is called, or in a pod of the control plane plainly starts; empty: none."""
    if container.name == PROXY or not mirrored or container.name in COMPONENTS:
        return container.name if container.name == PROXY or mirrored else ""
    return next((component for component in COMPONENTS if command_line.runs(component, container.words)), "")


def _instance(component: str, containers: list[_Container]) -> dict[str, Any]:
    container = containers[0]
    if len(containers) > 1:
        return {"image": container.image, "unread": SEVERAL, "flags": []}
    found, unread = command_line.read(component, container.words)
    if component == "etcd":
        if unread is None:
            found = _environment(container) | found
        if container.envFrom:
            unread = unread or WHOLE_ENVIRONMENT
    return {"image": container.image, "unread": unread, "flags": _rows(found)}


def _environment(container: _Container) -> command_line.Values:
    """The flags of etcd that literal variables of its environment set. Those of the command line go before them."""
    named = {variable.name.removeprefix("ETCD_").lower().replace("_", "-"): variable
             for variable in container.env or [] if variable.name.startswith("ETCD_")}
    return {flag: command_line.kept(flag, variable.value or "") for flag, variable in named.items()
            if flag in command_line.KEPT_OF_ETCD and variable.valueFrom is None}


def _rows(found: command_line.Values) -> list[dict[str, str | None]]:
    return [{"flag": flag, "value": value} for flag, value in found.items()]
