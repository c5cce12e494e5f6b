"""A cluster that passes nearly everything, made of the recorded one."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from recorded_world import DENY, RBAC, WORKLOADS, World, acme, pod_spec

from auditkit import checks


def hardened() -> World:
    """The recorded cluster with everything in it as it should be, as far as that can be written down in general."""
    world = acme()
    for name in ("pods", *WORKLOADS, "cronjobs.batch"):
        for thing in world.items(name):
            harden(pod_spec(thing))
            if "replicas" in thing.get("spec", {}):
                thing["spec"]["replicas"] = max(2, thing["spec"]["replicas"])
    _without_default(world)
    _access(world)
    _namespaces(world)
    _network(world)
    _nodes(world)
    for name in ("persistentvolumes", "persistentvolumeclaims"):
        world.lists[name]["items"] = []
    for account in world.items("serviceaccounts"):
        account["automountServiceAccountToken"] = False
    _admission(world)
    _flags(world)
    return world


def harden(spec: dict[str, Any]) -> None:
    for name in ("hostNetwork", "hostPID", "hostIPC", "ephemeralContainers"):
        spec.pop(name, None)
    spec["securityContext"] = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec["automountServiceAccountToken"] = False
    spec["volumes"] = [{"name": volume["name"], "emptyDir": {}} if "hostPath" in volume else volume
                       for volume in spec.get("volumes", ())]
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        container["securityContext"] = {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        container["image"] = f"{container['image'].partition('@')[0].rpartition(':')[0]}@sha256:{'a' * 64}"
        container["resources"] = {kind: {"cpu": "1", "memory": "1Gi"} for kind in ("limits", "requests")}
        container.pop("envFrom", None)
        container["env"] = [one for one in container.get("env", ()) if "secretKeyRef" not in one.get("valueFrom", {})]
        for port in container.get("ports", ()):
            port.pop("hostPort", None)
    for container in spec["containers"]:
        container |= {f"{kind}Probe": {"httpGet": {"path": "/", "port": 8080}} for kind in ("liveness", "readiness")}


def _without_default(world: World) -> None:
    kept = {("services", "kubernetes"), ("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")}
    for name, found in world.lists.items():
        for key in ("items", "rows"):
            if key in found:
                found[key] = [thing for thing in found[key] or () if _meta(thing).get("namespace") != "default"
                              or (name, _meta(thing)["name"]) in kept]


def _meta(thing: dict[str, Any]) -> dict[str, Any]:
    return thing.get("metadata") or thing.get("object", {}).get("metadata", {})


def _access(world: World) -> None:
    """Only what Kubernetes itself ships."""
    for name in ("roles", "clusterroles", "rolebindings", "clusterrolebindings"):
        found = world.lists[f"{name}.{RBAC}"]
        found["items"] = [thing for thing in found["items"] if thing["metadata"].get("labels", {}).get(
            "kubernetes.io/bootstrapping") == "rbac-defaults" and "public-info-viewer" not in thing["metadata"]["name"]]


def _namespaces(world: World) -> None:
    for namespace in world.items("namespaces"):
        name = namespace["metadata"]["name"]
        namespace["metadata"].setdefault("labels", {}).update({
            f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")})
        if name == "default":
            continue  # where nothing is to be kept
        world.add("resourcequotas", "all", name, spec={"hard": {"pods": "10", "limits.cpu": "10"}})
        world.add("limitranges", "all", name, spec={"limits": [{
            "type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "max": {"cpu": "2", "memory": "2Gi"}}]})
        world.add("poddisruptionbudgets.policy", "all", name, spec={"minAvailable": 1, "selector": {}})
    world.lists["networkpolicies.networking.k8s.io"]["items"] = []
    for namespace in world.items("namespaces"):
        world.add("networkpolicies.networking.k8s.io", "all", namespace["metadata"]["name"], spec=DENY)


def _admission(world: World) -> None:
    """Webhooks and policies that refuse what they cannot judge, and are bound; no token that stays for ever."""
    group = "admissionregistration.k8s.io"
    for kind in ("validating", "mutating"):
        for configuration in world.items(f"{kind}webhookconfigurations.{group}"):
            for webhook in configuration["webhooks"]:
                webhook["failurePolicy"] = "Fail"
    bindings = world.items(f"validatingadmissionpolicybindings.{group}")
    for binding in bindings:
        binding["spec"]["validationActions"] = ["Deny"]
    bound = {binding["spec"]["policyName"] for binding in bindings}
    policies = world.lists[f"validatingadmissionpolicies.{group}"]
    policies["items"] = [one for one in policies["items"] if one["metadata"]["name"] in bound]
    secrets = world.lists["secrets"]
    secrets["rows"] = [row for row in secrets["rows"] if not any("service-account-token" in str(c) for c in row["cells"])]


def _plugin(world: World) -> None:
    """Calico on every node."""
    spec = {"containers": [{"name": "calico-node", "image": "quay.io/calico/node:v3.31.0"}]}
    harden(spec)
    labels = {"k8s-app": "calico-node"}
    nodes = [node["metadata"]["name"] for node in world.items("nodes")]
    owner = world.add("daemonsets.apps", "calico-node", "kube-system",
                      spec={"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
                      status={"desiredNumberScheduled": len(nodes), "numberReady": len(nodes)})
    state = {"name": "calico-node", "ready": True, "image": spec["containers"][0]["image"], "imageID": "",
             "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
    for node in nodes:
        pod = world.add("pods", f"calico-node-{node}", "kube-system", spec=copy.deepcopy(spec) | {"nodeName": node}, status={
            "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [copy.deepcopy(state)]})
        pod["metadata"] |= {"labels": labels, "ownerReferences": [{
            "kind": "DaemonSet", "name": "calico-node", "uid": owner["metadata"]["uid"], "controller": True}]}


def _network(world: World) -> None:
    _plugin(world)
    for service in world.items("services"):
        service["spec"]["type"] = "ClusterIP"
        service["spec"].pop("externalIPs", None)
    for ingress in world.items("ingresses.networking.k8s.io"):
        ingress["spec"]["tls"] = [{"secretName": "tls"}]


def _nodes(world: World) -> None:
    for node in world.items("nodes"):
        node["status"]["addresses"] = [a for a in node["status"]["addresses"] if a["type"] != "ExternalIP"]
        world.configz[node["metadata"]["name"]] = _config()


def _config() -> dict[str, Any]:
    return {"authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                               "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"}},
            "authorization": {"mode": "Webhook"}, "readOnlyPort": 0, "streamingConnectionIdleTimeout": "4h0m0s",
            "makeIPTablesUtilChains": True, "eventRecordQPS": 50, "tlsCertFile": "/k.crt", "tlsPrivateKeyFile": "/k.key",
            "rotateCertificates": True, "serverTLSBootstrap": True, "podPidsLimit": 4096, "seccompDefault": True,
            "protectKernelDefaults": True, "tlsCipherSuites": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
            "featureGates": {"RotateKubeletServerCertificate": True}, "port": 10250}


def _flags(world: World) -> None:
    """Of each component the flags of the cases that our checks must pass."""
    wanted = dict(case_flags())
    for pod in world.items("pods"):
        container = pod["spec"]["containers"][0]
        if container["name"] in wanted:
            container["command"] = [container["name"], *wanted[container["name"]]]


def case_flags() -> Iterator[tuple[str, list[str]]]:
    """Component → the flags that the first clean case of each check on it sets; lists are joined."""
    found: dict[str, dict[str, list[str]]] = {}
    for module in ("api_server", "controller_manager", "scheduler", "etcd"):
        file = Path(checks.__file__).parent / "cases" / f"{module}.yaml"
        for case in yaml.safe_load(file.read_text()).values():
            for component, flags in ((c, f) for c, f in case["clean"][0].items() if isinstance(f, list)):
                for flag in flags:
                    key, _, value = str(flag).partition("=")
                    if value:
                        found.setdefault(component, {}).setdefault(key, []).append(value)
    for component, flags in found.items():
        yield component, [f"{key}={','.join(dict.fromkeys(v for one in values for v in one.split(',')))}"
                          if key.endswith(("plugins", "mode")) else f"{key}={values[0]}"
                          for key, values in flags.items()]
