"""Recordings that are changed at random, for better and for worse; and a cluster that passes nearly everything.

A recording is a `World`: what a server answers to each list, as objects. It is collected as any recording is, so what is
changed goes the whole way. Only checks that read something changed are judged anew.
"""

import copy
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml
from replay import ACME_PROD

from auditkit import checks, tables
from auditkit.analysis import sources
from auditkit.checks import Check, all_checks
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.model import Answer
from auditkit.collectors.sources.observed import Observed
from auditkit.evaluation.engine import run
from auditkit.evaluation.results import Outcome
from auditkit.evaluation.status import status_of
from auditkit.framework import library, model
from auditkit.snapshots.ledger import SCAN, SCANNED
from auditkit.snapshots.snapshot import Snapshot

GOOD = {"pass", "not_applicable", "manual"}
"""Statuses that nothing harmful may lead to from others; ``manual``, as what a cluster shows of it holds then."""
FRAMEWORKS = ("cis-kubernetes", "soc2", "hipaa", "nsa-cisa", "pss-baseline", "pss-restricted")
WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch")


class World:
    """What a server answers: ``lists`` (resource → list as it answers it, with ``items`` or ``rows``), and the rest."""

    proves_absence = True
    assembles = False
    stated: frozenset[str] = frozenset()
    stated_by = ""

    def __init__(self) -> None:
        source = open_files(ACME_PROD)
        self.name, self.described, self._source = source.name, source.described, source
        self.lists: dict[str, dict[str, Any]] = {}
        self.raw: dict[str, Answer] = {}
        self.configz: dict[str, dict[str, Any]] = {}
        self.other: dict[tuple[str, str], Answer] = {}

    def get(self, path: str, accept: str = "application/json") -> Answer:
        bare, _, query = path.partition("?")
        if bare.endswith("/proxy/configz"):
            config = self.configz.get(bare.split("/")[-3])
            return Answer(200, json.dumps({"kubeletconfig": config}).encode()) if config else Answer(403, b"{}")
        name = resource_of(bare)
        if name and "continue=" in query:
            return Answer(410, json.dumps({"kind": "Status", "reason": "Expired", "message": "expired"}).encode())
        if name in self.raw:
            return self.raw[name]
        if name and name not in self.lists:
            answer = self._source.get(path, accept)
            if answer.status == 200:
                self.lists[name] = json.loads(answer.body)
            else:
                return answer
        if name:
            return Answer(200, json.dumps(self.lists[name]).encode())
        if (path, accept) not in self.other:
            self.other[path, accept] = self._source.get(path, accept)
        return self.other[path, accept]

    def review(self, path: str, body: dict) -> Answer:
        return self._source.review(path, body)

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        return self._source.observed(started, ended)

    def items(self, name: str) -> list[dict[str, Any]]:
        """The objects of a list, to be changed."""
        found = self.lists.get(name) or {}
        return found.get("items") or []

    def copy(self) -> "World":
        other = copy.copy(self)
        other.lists, other.raw = copy.deepcopy(self.lists), dict(self.raw)
        other.configz = copy.deepcopy(self.configz)
        return other


def resource_of(path: str) -> str:
    """The resource that a path lists; empty for other paths and kinds that the tables do not know."""
    parts = path.strip("/").split("/")
    at = 2 if parts[0] == "api" else 3
    if len(parts) != at + 1:
        return ""
    name = parts[at] if at == 2 else f"{parts[at]}.{parts[1]}"
    return name if name in tables.RESOURCES else ""


# --- judging --------------------------------------------------------------------------------------------------------


@dataclass
class Judged:
    """A world with what checks found in it, and the status of each requirement."""

    snapshot: Snapshot
    outcomes: dict[tuple, Outcome]
    statuses: dict[str, str] = field(default_factory=dict)


def judge(world: World, base: Judged | None = None) -> Judged:
    """Collect a world and judge it by all frameworks; what hangs on nothing changed is taken from the ``base``."""
    snapshot = collect(world, workers=1)
    changed = _changed(base.snapshot, snapshot) if base else None
    if base:
        snapshot._frames |= {name: frame for name, frame in base.snapshot._frames.items()
                             if name != "collection" and not changed & set(sources.sources(name, sources.OPTIONAL))}
    judged = Judged(snapshot, {})
    for requirement, asked in REQUIREMENTS:
        outcomes = [_outcome(check, judged, base, changed) for check in asked]
        judged.statuses[requirement.id] = status_of(requirement, outcomes)[0]
    return judged


def _requirements() -> Iterator[tuple[model.Requirement, list[Check]]]:
    """Requirements of all frameworks, by the name of their framework; and one for each check alone."""
    for name in FRAMEWORKS:
        for requirement in library.load(name).requirements:
            if requirement.run_by != "provider":
                yield msgspec.structs.replace(requirement, id=f"{name} {requirement.id}"), requirement.resolved()
    for name, check in all_checks().items():
        yield model.Requirement(id=name, section="", title=name, reach="evidenced"), [check]


REQUIREMENTS = list(_requirements())


def _outcome(check: Check, judged: Judged, base: Judged | None, changed: set[str] | None) -> Outcome:
    key = (check.name, repr(sorted(check.parameters.items())))
    if key not in judged.outcomes:
        read = {source for name in (*check.tables, *check.needs) for source in sources.sources(name, sources.OPTIONAL)}
        judged.outcomes[key] = base.outcomes[key] if base and not read & changed else run(check, judged.snapshot)
    return judged.outcomes[key]


def _changed(before: Snapshot, after: Snapshot) -> set[str]:
    """The sources that say something else."""
    said = [{entry.resource: (entry.outcome, entry.reason) for entry in snapshot.manifest.ledger}
            for snapshot in (before, after)]
    found = {name for name in said[0] | said[1] if said[0].get(name) != said[1].get(name)}
    for name, table in tables.TABLES.items():
        if name != "collection" and not before.arrow(name).equals(after.arrow(name)):
            found |= set(table.sources)
    return found | (set(SCANNED) if any(name.startswith(SCAN) for name in found) else set())


# --- a cluster that passes nearly everything ------------------------------------------------------------------------


def acme() -> World:
    """The recorded cluster, with the whole of each list in memory."""
    world = World()
    collect(world, workers=1)
    return world


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


def pod_spec(thing: dict[str, Any]) -> dict[str, Any]:
    """The spec of a pod, or of the pods that a workload makes."""
    spec = thing["spec"]
    spec = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    return spec["template"]["spec"] if "template" in spec else spec


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


RBAC = "rbac.authorization.k8s.io"


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
        world.lists["resourcequotas"]["items"].append(_thing(
            name, {"hard": {"pods": "10", "limits.cpu": "10"}}, "all-quota"))
        world.lists["limitranges"]["items"].append(_thing(name, {"limits": [{
            "type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "max": {"cpu": "2", "memory": "2Gi"}}]}, "all-limits"))
        world.lists["poddisruptionbudgets.policy"]["items"].append(_thing(
            name, {"minAvailable": 1, "selector": {}}, "budget"))
    world.lists["networkpolicies.networking.k8s.io"]["items"] = [_thing(namespace["metadata"]["name"], {
        "podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, "default-deny") for namespace in world.items("namespaces")]


def _thing(namespace: str, spec: dict[str, Any], name: str) -> dict[str, Any]:
    """An object. Names tell kinds apart: lists that share UIDs are doubted."""
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}"}, "spec": spec}


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
    world.lists["daemonsets.apps"]["items"].append(_thing("kube-system", {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}, "calico-node") | {
        "status": {"desiredNumberScheduled": len(world.items("nodes")), "numberReady": len(world.items("nodes"))}})
    for node in world.items("nodes"):
        name = f"calico-node-{node['metadata']['name']}"
        pod = _thing("kube-system", copy.deepcopy(spec) | {"nodeName": node["metadata"]["name"]}, name)
        pod["metadata"] |= {"labels": labels, "ownerReferences": [{
            "kind": "DaemonSet", "name": "calico-node", "uid": "kube-system-calico-node", "controller": True}]}
        pod["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [
            {"name": "calico-node", "ready": True, "image": spec["containers"][0]["image"], "imageID": "", "restartCount": 0,
             "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}
        world.lists["pods"]["items"].append(pod)


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


# --- changes for the worse ------------------------------------------------------------------------------------------

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
    world.lists[f"clusterroles.{RBAC}"]["items"].append({
        "metadata": {"name": "worse", "uid": "worse"}, "rules": [rule]})
    role = random.choice(["worse", "cluster-admin", "gone"])
    world.lists[f"clusterrolebindings.{RBAC}"]["items"].append({
        "metadata": {"name": "worse", "uid": "worse-b"}, "subjects": [subject],
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}})
    return f"{subject['name']} has {role} ({rule})"


def worse_namespace(world: World, random: Random) -> str:
    namespace = random.choice(world.items("namespaces"))
    name = namespace["metadata"]["name"]
    kind = random.choice(["labels", "networkpolicies.networking.k8s.io", "resourcequotas", "limitranges",
                          "poddisruptionbudgets.policy", "open", "object"])
    if kind == "labels":
        namespace["metadata"]["labels"] = {}
    elif kind == "open":
        world.lists["networkpolicies.networking.k8s.io"]["items"].append(_thing(name, {
            "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}, "open"))
    elif kind == "object":
        world.lists["services"]["items"].append(_thing("default", {"ports": [], "type": "ClusterIP"}, "strange"))
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
        world.lists["ingresses.networking.k8s.io"]["items"].append(_thing("kube-system", {"rules": [{
            "host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
                "service": {"name": "s", "port": {"number": 80}}}}]}}]}, "plain"))
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


# --- and for the better ---------------------------------------------------------------------------------------------


def better_pod(world: World, random: Random) -> str:
    name = random.choice([n for n in ("pods", *WORKLOADS) if world.items(n)])
    thing = random.choice(world.items(name))
    harden(pod_spec(thing))
    return f"{name} {thing['metadata']['name']} is hardened"


def better_namespace(world: World, random: Random) -> str:
    namespace = random.choice(world.items("namespaces"))
    name = namespace["metadata"]["name"]
    namespace["metadata"].setdefault("labels", {})["pod-security.kubernetes.io/enforce"] = "restricted"
    for kind, spec in (("networkpolicies.networking.k8s.io", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
                       ("resourcequotas", {"hard": {"pods": "10"}})):
        world.lists[kind]["items"].append(_thing(name, spec, "better"))
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


# --- the property ---------------------------------------------------------------------------------------------------


def changed(base: World, random: Random, changes: tuple[Change, ...]) -> tuple[World, list[str]]:
    """A world with one or two random changes, and what they are."""
    world, said = base.copy(), []
    for _ in range(random.choice([1, 1, 2])):
        said.append(random.choice(changes)(world, random))
    return world, [what for what in said if what]


def improved(before: Judged, after: Judged) -> dict[str, str]:
    """Requirements that were not good, and are, with both statuses: what nothing harmful may lead to."""
    return {name: f"{status} → {after.statuses[name]}" for name, status in before.statuses.items()
            if status not in GOOD and after.statuses[name] in GOOD}


def failed(before: Judged, after: Judged) -> dict[str, str]:
    """Requirements that passed, and fail: what nothing helpful may lead to."""
    return {name: f"{status} → {after.statuses[name]}" for name, status in before.statuses.items()
            if status == "pass" and after.statuses[name] == "fail"}
