"""Kubernetes objects of service meshes for tests: control planes, and pods with and without a proxy."""

READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
SECURITY, NETWORKING = "security.istio.io/v1", "networking.istio.io/v1"
CREATED = "2026-01-01T00:00:00Z"
ARGUMENTS = {
    "istio-proxy": ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-x", "",
                    "-b", "*", "-d", "15090,15021,15020"],
    "linkerd-proxy": ["--incoming-proxy-port", "4143", "--outgoing-proxy-port", "4140", "--proxy-uid", "2102",
                      "--inbound-ports-to-ignore", "4190,4191"],
}
"""How init containers are told which traffic to redirect to a proxy, where nothing is left out but its own ports."""


def control(mesh: str = "istio", space: str = "istio-system", *, ready: bool = True) -> list[dict]:
    """A control plane of one pod."""
    name, image = {"istio": ("discovery", "docker.io/istio/pilot:1.28.0"),
                   "linkerd": ("destination", "cr.l5d.io/linkerd/controller:edge-25.4.4")}[mesh]
    status = READY | {"conditions": [{"type": "Ready", "status": str(ready)}]}
    return [{"kind": "Pod", "metadata": {"name": f"{mesh}-control", "namespace": space},
             "spec": {"nodeName": "n1", "containers": [{"name": name, "image": image}]}, "status": status}]


def ztunnel(node: str = "n1") -> dict:
    """The proxy of a node in Istio's ambient mode."""
    return {"kind": "Pod", "metadata": {"name": f"ztunnel-{node}", "namespace": "istio-system"},
            "spec": {"nodeName": node, "containers": [{"name": "istio-proxy", "image": "docker.io/istio/ztunnel:1.28.0"}]},
            "status": READY}


def plain(pod: dict) -> dict:
    """A pod as it is, running."""
    return pod | {"status": READY | pod.get("status", {})}


def sidecar(pod: dict, *, native: bool = False, ready: bool = True, redirect: str = "istio-init",
            image: str = "docker.io/istio/proxyv2:1.28.0", init: dict | None = None, **annotations: str) -> dict:
    """A pod with a proxy of Istio beside its containers; ``init`` is what its init container has otherwise."""
    return _meshed(pod, "istio-proxy", image, redirect, native=native, ready=ready, init=init, annotations=annotations)


def linkerd(pod: dict, *, init: dict | None = None, **annotations: str) -> dict:
    """A pod with a proxy of Linkerd beside its containers."""
    told = {f"config.linkerd.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return _meshed(pod, "linkerd-proxy", "cr.l5d.io/linkerd/proxy:edge-25.4.4", "linkerd-init", native=False, ready=True,
                   init=init, annotations=told)


def ambient(pod: dict, **annotations: str) -> dict:
    """A pod whose traffic goes through the proxy of its node."""
    return _annotated(plain(pod), {"ambient.istio.io/redirection": "enabled"} | annotations)


def _meshed(pod: dict, name: str, image: str, redirect: str, *, native: bool, ready: bool, init: dict | None,
            annotations: dict) -> dict:
    spec = pod["spec"]
    proxy = {"name": name, "image": image, "ports": [{"name": "metrics", "containerPort": 15090}]}
    before = [*spec.get("initContainers", [])]
    before += [{"name": redirect, "image": image, "args": ARGUMENTS[name]} | (init or {})] if redirect else []
    containers = [*spec["containers"], *([] if native else [proxy])]
    before += [proxy | {"restartPolicy": "Always"}] if native else []
    told = {"name": name, "ready": ready, "image": image, "imageID": ""}
    field = "initContainerStatuses" if native else "containerStatuses"
    status = pod.get("status", {})
    return _annotated(pod | {"spec": spec | {"containers": containers, "initContainers": before},
                             "status": READY | status | {field: [*status.get(field, []), told]}}, annotations)


def _annotated(pod: dict, annotations: dict) -> dict:
    names = {key if "/" in key else f"traffic.sidecar.istio.io/{key}": value for key, value in annotations.items()}
    meta = pod["metadata"]
    return pod | {"metadata": meta | {"annotations": meta.get("annotations", {}) | names}}


def pod(name: str, space: str = "shop", *, account: str = "default", node: str = "n1", host: bool = False,
        ports: tuple[int | tuple[int, str], ...] = (8080,), **labels: str) -> dict:
    """A pod with ports: numbers, or number and protocol."""
    listed = [{"containerPort": port} if isinstance(port, int) else {"containerPort": port[0], "protocol": port[1]}
              for port in ports]
    return {"kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": {"app": name} | labels},
            "spec": {"nodeName": node, "serviceAccountName": account, "hostNetwork": host,
                     "containers": [{"name": "app", "image": "app", "ports": listed}]}}


def peers(name: str, space: str, mode: str | None = None, *, ports: dict | None = None, created: str | None = CREATED,
          **selector: str) -> dict:
    """A PeerAuthentication."""
    spec: dict = {} if mode is None else {"mtls": {"mode": mode}}
    spec |= {"selector": {"matchLabels": selector}} if selector else {}
    spec |= {"portLevelMtls": {str(port): {"mode": said} for port, said in ports.items()}} if ports else {}
    return {"apiVersion": SECURITY, "kind": "PeerAuthentication", "spec": spec,
            "metadata": {"name": name, "namespace": space} | ({"creationTimestamp": created} if created else {})}


def authorization(name: str, space: str, **spec: object) -> dict:
    """An AuthorizationPolicy."""
    return {"apiVersion": SECURITY, "kind": "AuthorizationPolicy", "metadata": {"name": name, "namespace": space},
            "spec": spec}
