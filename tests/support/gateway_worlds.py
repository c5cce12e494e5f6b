"""Gateways, routes and what controllers say of them, for tests."""

CLASS = "edge"


def said(*types: str, status: str = "True", generation: int = 1, reason: str = "Said") -> list[dict]:
    """Conditions of these types."""
    return [{"type": one, "status": status, "reason": reason, "observedGeneration": generation} for one in types]


AWAITED = said("Accepted", "Programmed", status="Unknown", generation=0, reason="Pending")
"""What the API server writes before any controller has come."""


def gateway_class(conditions: list[dict] | None = None, name: str = CLASS, **spec: object) -> dict:
    """A class that its controller has accepted, unless other conditions are given."""
    return {"kind": "GatewayClass", "metadata": {"name": name, "generation": 1},
            "spec": {"controllerName": "example.com/edge"} | spec,
            "status": {"conditions": said("Accepted") if conditions is None else conditions}}


def listener(name: str = "web", protocol: str = "HTTPS", port: int = 443, **more: object) -> dict:
    return {"name": name, "port": port, "protocol": protocol, "allowedRoutes": {"namespaces": {"from": "All"}}} | more


PLAIN = listener("plain", "HTTP", 80)
TLS = listener(tls={"certificateRefs": [{"name": "pair"}]})


def gateway(*listeners: dict, name: str = "main", space: str = "infra", generation: int = 1, conditions: list | None = None,
            of_listeners: list | None = None, address: str = "203.0.113.7", **spec: object) -> dict:
    """A Gateway that its controller has programmed, unless other conditions are given."""
    conditions = said("Accepted", "Programmed") if conditions is None else conditions
    of_listeners = said("Accepted", "Programmed", "ResolvedRefs") if of_listeners is None else of_listeners
    return {"kind": "Gateway", "metadata": {"name": name, "namespace": space, "generation": generation},
            "spec": {"gatewayClassName": CLASS, "listeners": list(listeners)} | spec,
            "status": {"conditions": conditions, "addresses": [{"type": "IPAddress", "value": address}],
                       "listeners": [{"name": one["name"], "conditions": of_listeners} for one in listeners]}}


def route(*rules: dict, name: str = "web", space: str = "shop", kind: str = "HTTPRoute", parents: tuple = ({},),
          conditions: list | None = None, **spec: object) -> dict:
    """A route to the service ``web`` by way of the Gateway ``infra/main``, which its controller has accepted, unless
    other rules, parents or conditions are given."""
    refs = [{"name": "main", "namespace": "infra"} | parent for parent in parents]
    conditions = said("Accepted", "ResolvedRefs") if conditions is None else conditions
    return {"kind": kind, "metadata": {"name": name, "namespace": space, "generation": 1},
            "spec": {"parentRefs": refs, "rules": list(rules) or [SERVED]} | spec,
            "status": {"parents": [{"parentRef": ref, "controllerName": "example.com/edge", "conditions": conditions}
                                   for ref in refs]}}


SERVED = {"backendRefs": [{"name": "web", "port": 80}]}
REDIRECTED = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}


def service(name: str = "web", space: str = "shop", **spec: object) -> dict:
    return {"kind": "Service", "metadata": {"name": name, "namespace": space},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]} | spec}


def pod(name: str = "web", space: str = "shop", image: str = "registry.example/web") -> dict:
    return {"kind": "Pod", "metadata": {"name": f"{name}-1", "namespace": space, "labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": image}]}, "status": {"phase": "Running"}}
