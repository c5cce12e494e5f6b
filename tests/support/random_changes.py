"""Random changes of a cluster, for the worse and for the better."""

import json
from collections.abc import Callable
from random import Random

from hardened_world import harden
from recorded_world import DENY, RBAC, WORKLOADS, World, pod_spec

from auditkit.collectors.sources.model import Answer

Change = Callable[[World, Random], str]
"""Changes a world, and says what it did; empty where there was nothing to change."""


def _listed(world: World, random: Random, *, full: bool = False) -> str:
    names = sorted(name for name, found in world.lists.items() if found.get("items") or (not full and "items" in found))
    return random.choice(names)


def refused(world: World, random: Random) -> str:
    name, status = _listed(world, random), random.choice([401, 403, 404, 410, 500, 503])
    world.raw[name] = Answer(status, json.dumps({"kind": "Status", "code": status, "message": "no"}).encode())
    return f"{name} answers {status}"


def cut(world: World, random: Random) -> str:
    name = _listed(world, random)
    body = json.dumps(world.lists[name]).encode()
    world.raw[name] = Answer(200, body[:random.randrange(len(body))])
    return f"{name} is cut off"


def leads_nowhere(world: World, random: Random) -> str:
    name = _listed(world, random, full=True)
    found = world.lists[name]
    found["items"] = found["items"][:random.randrange(len(found["items"]))]
    found["metadata"]["continue"] = "next"
    return f"{name} has a continue that is gone"


def malformed(world: World, random: Random) -> str:
    name = _listed(world, random)
    world.lists[name]["items"].insert(0, random.choice([{}, {"metadata": 3}, {"metadata": {"name": 1}}, []]))
    return f"{name} has an object that is none"


def null_list(world: World, random: Random) -> str:
    name = _listed(world, random)
    world.lists[name]["items"] = None
    return f"{name} has null for items"


def fewer_than_announced(world: World, random: Random) -> str:
    name = _listed(world, random, full=True)
    found = world.lists[name]
    gone = random.randrange(1, len(found["items"]) + 1)
    found["items"] = found["items"][gone:]
    found["metadata"]["remainingItemCount"] = gone
    return f"{name} announces {gone} more"


def mislabelled(world: World, random: Random) -> str:
    name = _listed(world, random)
    world.lists[name]["kind"] = random.choice(["List", "Status", "ServiceListing", ""])
    world.lists[name]["items"] = []
    return f"{name} is a {world.lists[name]['kind']!r} without items"


def foreign(world: World, random: Random) -> str:
    name = _listed(world, random)
    other = random.choice(sorted(set(world.lists) - {name}))
    world.raw[name] = Answer(200, json.dumps(world.lists[other]).encode())
    return f"{name} answers with the list of {other}"


def bare(world: World, random: Random) -> str:
    name = _listed(world, random)
    world.raw[name] = Answer(200, b'{"items": []}')
    return f"{name} is an envelope without kind"


LIST_FAULTS = (refused, cut, leads_nowhere, malformed, null_list)
ENVELOPE_FAULTS = (fewer_than_announced, mislabelled, foreign, bare)


def worse_pod(world: World, random: Random) -> str:
    name = random.choice([n for n in ("pods", *WORKLOADS, "cronjobs.batch") if world.items(n)])
    thing = random.choice(world.items(name))
    spec = pod_spec(thing)
    container = random.choice([*spec["containers"], *spec.get("initContainers", ())])
    context = container.setdefault("securityContext", {})
    how, change = random.choice([
        ("privileged", lambda: context.update(privileged=True, allowPrivilegeEscalation=True)),
        ("escalates", lambda: context.update(allowPrivilegeEscalation=True)),
        ("root", lambda: context.update(runAsUser=0, runAsNonRoot=False)),
        ("adds SYS_ADMIN", lambda: context.update(capabilities={"add": ["SYS_ADMIN"]})),
        ("adds NET_RAW", lambda: context.update(capabilities={"drop": ["KILL"], "add": ["NET_RAW"]})),
        ("unconfined", lambda: context.update(seccompProfile={"type": "Unconfined"})),
        ("proc mount", lambda: context.update(procMount="Unmasked")),
        ("SELinux", lambda: context.update(seLinuxOptions={"type": "spc_t", "user": "root"})),
        ("writable", lambda: context.update(readOnlyRootFilesystem=False)),
        ("no context", lambda: (container.pop("securityContext"), spec.pop("securityContext", None))),
        ("host process", lambda: context.update(windowsOptions={"hostProcess": True})),
        ("latest", lambda: container.update(image=container["image"].partition("@")[0].partition(":")[0] + ":latest")),
        ("host port", lambda: container.update(ports=[{"containerPort": 80, "hostPort": 80}])),
        ("no limits", lambda: container.pop("resources", None)),
        ("no probes", lambda: [container.pop(f"{kind}Probe", None) for kind in ("liveness", "readiness", "startup")]),
        ("secret in env", lambda: container.update(env=[{"name": "A", "valueFrom": {
            "secretKeyRef": {"name": "s", "key": "k"}}}])),
        ("host network", lambda: spec.update(hostNetwork=True)),
        ("host PID", lambda: spec.update(hostPID=True)),
        ("host IPC", lambda: spec.update(hostIPC=True)),
        ("token", lambda: spec.update(automountServiceAccountToken=True)),
        ("host path", lambda: spec.setdefault("volumes", []).append({"name": "root", "hostPath": {"path": "/"}})),
        ("sysctl", lambda: spec.setdefault("securityContext", {}).update(sysctls=[{"name": "kernel.msgmax", "value": "1"}])),
    ])
    change()
    return f"{name} {thing['metadata']['name']}: {how}"


def worse_access(world: World, random: Random) -> str:
    subject = random.choice([
        {"kind": "User", "name": "mallory"}, {"kind": "Group", "name": "system:authenticated"},
        {"kind": "Group", "name": "system:unauthenticated"}, {"kind": "Group", "name": "system:masters"},
        {"kind": "ServiceAccount", "name": "default", "namespace": "kube-system"}])
    rule = {"apiGroups": random.choice([["*"], [""], [RBAC], ["admissionregistration.k8s.io"]]),
            "resources": random.choice([["*"], ["secrets"], ["pods"], ["nodes/proxy"], ["serviceaccounts/token"],
                                        ["clusterroles"], ["validatingwebhookconfigurations"], ["persistentvolumes"]]),
            "verbs": random.choice([["*"], ["get", "list"], ["create"], ["bind", "escalate"], ["update"]])}
    world.add(f"clusterroles.{RBAC}", "worse", rules=[rule])
    role = random.choice(["worse", "cluster-admin", "gone"])
    world.add(f"clusterrolebindings.{RBAC}", "worse", subjects=[subject],
              roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": role})
    return f"{subject['name']} has {role} ({rule})"


def worse_namespace(world: World, random: Random) -> str:
    namespace = random.choice(world.items("namespaces"))
    name = namespace["metadata"]["name"]
    kind = random.choice(["labels", "networkpolicies.networking.k8s.io", "resourcequotas", "limitranges",
                          "poddisruptionbudgets.policy", "open", "object"])
    if kind == "labels":
        namespace["metadata"]["labels"] = {}
    elif kind == "open":
        world.add("networkpolicies.networking.k8s.io", "open", name, spec=DENY | {"ingress": [{}], "egress": [{}]})
    elif kind == "object":
        world.add("services", "strange", "default", spec={"ports": [], "type": "ClusterIP"})
    else:
        found = world.lists[kind]
        found["items"] = [one for one in found["items"] if one["metadata"]["namespace"] != name]
    return f"namespace {name}: {kind}"


def worse_network(world: World, random: Random) -> str:
    inner = [one for one in world.items("services") if one["spec"].get("type", "ClusterIP") == "ClusterIP"]
    ingresses, nodes = world.items("ingresses.networking.k8s.io"), world.items("nodes")
    how = random.choice(["NodePort", "LoadBalancer", "ips", "tls", "address", "add ingress"])
    if how in ("NodePort", "LoadBalancer"):
        random.choice(inner)["spec"]["type"] = how
    elif how == "ips":
        random.choice(inner)["spec"]["externalIPs"] = ["8.8.8.8"]
    elif how == "tls" and ingresses:
        random.choice(ingresses)["spec"].pop("tls", None)
    elif how == "address":
        random.choice(nodes)["status"]["addresses"].append({"type": "ExternalIP", "address": "8.8.8.8"})
    else:
        world.add("ingresses.networking.k8s.io", "plain", "kube-system", spec={"rules": [{
            "host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
                "service": {"name": "s", "port": {"number": 80}}}}]}}]})
    return f"network: {how}"


BAD_FLAGS = {
    "kube-apiserver": ["--anonymous-auth=true", "--authorization-mode=AlwaysAllow", "--profiling=true",
                       "--token-auth-file=/t", "--enable-admission-plugins=AlwaysAdmit", "--audit-log-maxage=1",
                       "--disable-admission-plugins=ServiceAccount,NodeRestriction,PodSecurity,NamespaceLifecycle",
                       "--service-account-lookup=false", "--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA"],
    "kube-controller-manager": ["--profiling=true", "--use-service-account-credentials=false", "--bind-address=0.0.0.0"],
    "kube-scheduler": ["--profiling=true", "--bind-address=0.0.0.0"],
    "etcd": ["--client-cert-auth=false", "--auto-tls=true", "--peer-auto-tls=true", "--peer-client-cert-auth=false"],
}


def worse_flag(world: World, random: Random) -> str:
    pods = [pod for pod in world.items("pods") if pod["spec"]["containers"][0]["name"] in BAD_FLAGS]
    container = random.choice(pods)["spec"]["containers"][0]
    flag = random.choice(BAD_FLAGS[container["name"]])
    container["command"] = [word for word in container["command"] if not word.startswith(flag.partition("=")[0] + "=")]
    container["command"].append(flag)
    return f"{container['name']} {flag}"


def worse_kubelet(world: World, random: Random) -> str:
    if not world.configz:
        return ""
    name, (key, value) = random.choice(sorted(world.configz)), random.choice([
        ("readOnlyPort", 10255), ("protectKernelDefaults", False), ("eventRecordQPS", 0), ("podPidsLimit", -1),
        ("authorization", {"mode": "AlwaysAllow"}), ("rotateCertificates", False), ("tlsCipherSuites", ["TLS_RSA_X"]),
        ("authentication", {"anonymous": {"enabled": True}}), ("streamingConnectionIdleTimeout", "0s")])
    world.configz[name][key] = value
    return f"kubelet {name}: {key}={value}"


def silent_kubelet(world: World, random: Random) -> str:
    if not world.configz:
        return ""
    name = random.choice(sorted(world.configz))
    del world.configz[name]
    return f"kubelet {name} does not answer"


WORSE = (worse_pod, worse_pod, worse_pod, worse_access, worse_namespace, worse_network, worse_flag, worse_kubelet,
         silent_kubelet)


def better_pod(world: World, random: Random) -> str:
    name = random.choice([n for n in ("pods", *WORKLOADS) if world.items(n)])
    thing = random.choice(world.items(name))
    harden(pod_spec(thing))
    return f"{name} {thing['metadata']['name']} is hardened"


def better_namespace(world: World, random: Random) -> str:
    namespace = random.choice(world.items("namespaces"))
    name = namespace["metadata"]["name"]
    namespace["metadata"].setdefault("labels", {})["pod-security.kubernetes.io/enforce"] = "restricted"
    world.add("networkpolicies.networking.k8s.io", "better", name, spec=DENY)
    world.add("resourcequotas", "better", name, spec={"hard": {"pods": "10"}})
    return f"namespace {name} is better"


def better_access(world: World, random: Random) -> str:
    found = world.lists[f"{random.choice(['rolebindings', 'clusterrolebindings'])}.{RBAC}"]
    own = [one for one in found["items"] if not one["metadata"].get("labels", {}).get("kubernetes.io/bootstrapping")]
    if not own:
        return ""
    gone = random.choice(own)
    found["items"].remove(gone)
    return f"the binding {gone['metadata']['name']} is gone"


BETTER = (better_pod, better_pod, better_namespace, better_access)


def changed(base: World, random: Random, changes: tuple[Change, ...]) -> tuple[World, list[str]]:
    """A world with one or two random changes, and what they are."""
    world, said = base.copy(), []
    for _ in range(random.choice([1, 1, 2])):
        said.append(random.choice(changes)(world, random))
    return world, [what for what in said if what]
