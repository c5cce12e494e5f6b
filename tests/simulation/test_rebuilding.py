"""Objects that are put together from rows give these rows again, and take a manifest as the real objects do."""

import json
import random
from copy import deepcopy

import pytest
from recorded_world import acme as recorded
from simulated import owned, pod_spec, snapshot, stored, template

from auditkit import tables
from auditkit.simulation.merging import merged
from auditkit.simulation.places import Object
from auditkit.simulation.rebuilding import NotRebuilt, rebuilt, seen
from auditkit.simulation.world import World
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

EVERY_FIELD = {"name": "c", "image": "a", "imagePullPolicy": "Always", "args": ["x", "y"], "command": ["z"],
               "env": [{"name": "A", "value": "CANARY"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
               "envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "m"}}],
               "ports": [{"containerPort": 1, "hostPort": 2, "name": "p"}, {"containerPort": 1, "protocol": "UDP"}],
               "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": 1}},
               "livenessProbe": {"httpGet": {"host": "h", "port": 1}}, "readinessProbe": {"exec": {"command": ["x"]}},
               "securityContext": {"privileged": False, "capabilities": {"add": ["A", "B"], "drop": ["ALL"]}, "runAsUser": 0},
               "volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "readOnly": True}]}
SPEC = {"containers": [EVERY_FIELD, {"name": "d", "image": "b", "securityContext": {"seLinuxOptions": {"level": "s0"}}}],
        "initContainers": [{"name": "i", "image": "i", "restartPolicy": "Always", "env": [{"name": "A"}]}],
        "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}, {"serviceAccountToken": {
            "audience": "a", "expirationSeconds": 9}}, {"configMap": {"name": "m"}}]}}, {"name": "h", "hostPath": {"path": "/"}},
                    {"name": "e", "ephemeral": {}}],
        "securityContext": {"sysctls": [{"name": "a", "value": "b"}], "supplementalGroups": [1], "seccompProfile": {"type": "Localhost"}},
        "hostNetwork": True, "nodeSelector": {"kubernetes.io/os": "linux", "x": "y"}, "imagePullSecrets": [{"name": "s"}],
        "tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoSchedule"}],
        "hostAliases": [{"ip": "1.1.1.1", "hostnames": ["a", "b"]}]}
SELECTOR = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "In", "values": ["d", "e"]},
                                                             {"key": "f", "operator": "Exists"}]}
OBJECTS = [
    stored("Pod", "p", spec=SPEC),
    *(stored(kind, "w", version, spec=spec) for kind, version, spec in (
        ("Deployment", "apps/v1", {"template": {"metadata": {"labels": {"a": "b"}}, "spec": SPEC}, "paused": True}),
        ("StatefulSet", "apps/v1", {"template": {"spec": SPEC}, "updateStrategy": {"rollingUpdate": {"partition": 3}},
                                    "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": {"storageClassName": "x"}}]}),
        ("CronJob", "batch/v1", {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": SPEC}}}}),
        ("Job", "batch/v1", {"template": {"spec": SPEC}, "parallelism": 3}))),
    stored("PodDisruptionBudget", "b", "policy/v1", spec={"minAvailable": "50%", "selector": SELECTOR}),
    stored("NetworkPolicy", "n", "networking.k8s.io/v1", spec={"podSelector": SELECTOR, "policyTypes": ["Egress"], "egress": [], "ingress": [
        {}, {"from": [{"podSelector": {}, "namespaceSelector": SELECTOR}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
             "ports": [{"port": 80}, {"port": "http", "protocol": "UDP"}, {"port": 1, "endPort": 9}]}]}),
    stored("Ingress", "i", "networking.k8s.io/v1", spec={"ingressClassName": "x", "tls": [{"hosts": ["a", "b"], "secretName": "s"}, {}], "rules": [
        {"host": "a", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "s", "port": {"number": 1}}}}, {"path": "/x"}]}}, {}]}),
    stored("Service", "s", spec={"type": "LoadBalancer", "selector": {"a": "b"}, "externalIPs": ["1.1.1.1"], "ports": [
        {"name": "a", "port": 1, "targetPort": "http", "nodePort": 30001}, {"port": 1, "protocol": "UDP", "targetPort": 2}],
        "loadBalancerSourceRanges": ["10.0.0.0/8"]}, status={"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}, {"hostname": "h"}]}}),
    stored("ClusterRole", "r", "rbac.authorization.k8s.io/v1", None, aggregationRule={"clusterRoleSelectors": [SELECTOR, {}]}, rules=[
        {"verbs": ["get", "list"], "apiGroups": ["", "apps"], "resources": ["pods"], "resourceNames": ["x"]},
        {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/x/*"]}, {"verbs": [], "apiGroups": [], "resources": []}]),
    stored("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "r"}, subjects=[
        {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "x"}, {"kind": "User", "name": "u"}]),
    stored("ValidatingWebhookConfiguration", "h", "admissionregistration.k8s.io/v1", None, webhooks=[
        {"name": "a", "clientConfig": {"caBundle": "x", "service": {"name": "s", "namespace": "n"}}, "namespaceSelector": SELECTOR,
         "rules": [{"operations": ["CREATE"], "apiGroups": ["", "apps"], "apiVersions": ["*"], "resources": ["pods", "jobs"], "scope": "Namespaced"}],
         "matchConditions": [{"name": "m", "expression": "true"}]}, {"name": "b", "clientConfig": {"url": "https://x"}}]),
    stored("ValidatingAdmissionPolicy", "v", "admissionregistration.k8s.io/v1", None, spec={
        "matchConstraints": {"resourceRules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
                             "objectSelector": SELECTOR}, "validations": [{"expression": "true", "message": "m"}], "variables": []}),
    stored("ValidatingAdmissionPolicyBinding", "v", "admissionregistration.k8s.io/v1", None, spec={
        "policyName": "v", "validationActions": ["Deny", "Audit"], "paramRef": {"name": "x", "parameterNotFoundAction": "Deny"}}),
    stored("ResourceQuota", "q", spec={"hard": {"pods": "1", "cpu": 2}, "scopes": ["BestEffort"]}),
    stored("LimitRange", "l", spec={"limits": [{"type": "Container", "default": {"cpu": 1}, "max": {"cpu": "2"}}, {"type": "Pod", "min": {"cpu": 1}}]}),
    stored("StorageClass", "c", "storage.k8s.io/v1", None, provisioner="x", parameters={"encrypted": "true", "kmsKeyId": "k"}),
    stored("Secret", "s", type="x", data={"a": "b", "c": "d"}), stored("ConfigMap", "m", data={"a": "b"}),
    stored("ServiceAccount", "s", automountServiceAccountToken=False, imagePullSecrets=[{"name": "a"}, {"name": "b"}]),
    stored("Node", "n", space=None, spec={"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]}, status={
        "conditions": [{"type": "Ready", "status": "True", "reason": "r"}], "addresses": [{"type": "InternalIP", "address": "1.1.1.1"}]}),
    stored("CertificateSigningRequest", "r", "certificates.k8s.io/v1", None, spec={"signerName": "s", "username": "u"},
           status={"conditions": [{"type": "Approved", "status": "True"}]}),
]


def all_tables(snap: Snapshot) -> dict:
    return {name: snap.arrow(name) for name in tables.TABLES}


def test_every_object_of_the_recorded_cluster_gives_its_rows_again(acme: Snapshot) -> None:
    """`rebuilt` compares the rows itself; so does this, of the tables that come of all objects at once."""
    before = all_tables(acme)
    world = World(before)
    for source in RESOURCES:
        for key in world.names(source):
            world.changed[source, key] = world.get(source, key)
    assert len(world.changed) > 500
    for name, table in world.tables.items():
        assert _rows(table) == _rows(before[name]), name


def _rows(table) -> set:
    return set(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda each: each["kind"])
def test_an_object_with_every_field_gives_its_rows_again(thing: Object) -> None:
    snap = snapshot(thing)
    source = next(name for name, resource in RESOURCES.items() if resource.kind == thing["kind"])
    key = (thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
    found = rebuilt(all_tables(snap), source, key)
    assert seen(source, found) == seen(source, thing) != {}
    assert "CANARY" not in json.dumps(found.get("spec", {}).get("containers", []))


def test_there_is_no_object_without_rows(acme: Snapshot) -> None:
    assert rebuilt(all_tables(acme), "pods", ("billing", "none")) is None


def test_an_object_whose_rows_may_come_from_several_places_is_not_put_together() -> None:
    thing = stored("AdminNetworkPolicy", "a", "policy.networking.k8s.io/v1alpha1", None, spec={
        "priority": 5, "subject": {"namespaces": SELECTOR}, "egress": [{"action": "Deny", "to": [{"namespaces": SELECTOR}]}]})
    with pytest.raises(NotRebuilt, match="^admin_polic"):
        rebuilt(all_tables(snapshot(thing)), "adminnetworkpolicies.policy.networking.k8s.io", ("", "a"))


def test_rows_that_no_object_gives_are_not_put_together() -> None:
    found = all_tables(snapshot(stored("Service", "s", spec={"selector": {"a": "b"}})))
    found["service_selectors"] = found["service_selectors"].slice(0, 0)
    with pytest.raises(NotRebuilt, match="spec.selector"):
        rebuilt(found, "services", ("shop", "s"))


def patches(chance: random.Random, items: list[Object]) -> Object:
    """A manifest for the first object, with some of the fields of the second."""
    one, other = chance.sample(items, 2)
    body = {name: _some(chance, value) for name, value in other.items()
            if name not in ("metadata", "status", "kind", "apiVersion", "roleRef") and chance.random() < 0.8}
    labels = other["metadata"].get("labels")
    metadata = {"name": one["metadata"]["name"], **({"labels": labels} if labels and chance.random() < 0.5 else {})}
    return {"one": one, "patch": {"metadata": metadata, **body}}


def _some(chance: random.Random, value):
    if isinstance(value, dict):
        return {name: _some(chance, each) for name, each in value.items() if chance.random() < 0.7 or name in ("name", "containers")}
    if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
        return [_some(chance, each) for each in value]
    return deepcopy(value)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 8))])
def test_a_manifest_changes_the_rows_of_a_snapshot_as_it_changes_the_real_object(acme: Snapshot, seed: int) -> None:
    """The rows of a real object with a manifest merged into it are those of the object that was put together."""
    world, chance, before, compared = recorded(), random.Random(seed), all_tables(acme), 0
    for source, resource in RESOURCES.items():
        items = world.items(source)
        if resource.form == "table" or len(items) < 2:
            continue
        for _ in range(6):
            made = patches(chance, items)
            key = (made["one"]["metadata"].get("namespace", ""), made["one"]["metadata"]["name"])
            old = rebuilt(before, source, key)
            real, ours = merged(source, made["one"], made["patch"]), merged(source, old, made["patch"])
            assert seen(source, ours) == seen(source, real), (source, made["patch"])
            compared += seen(source, real) != seen(source, made["one"])
    assert compared > 50


def test_owners_are_found_and_followed() -> None:
    pod = stored("Pod", "p", spec=pod_spec())
    pod["metadata"]["ownerReferences"] = owned("ReplicaSet", "r")
    world = World(all_tables(snapshot(stored("ReplicaSet", "r", "apps/v1", spec={"template": template()}), pod)))
    assert world.owned("pods", "ReplicaSet", ("shop", "r")) == [("shop", "p")]
    world.delete("pods", ("shop", "p"))
    assert world.owned("pods", "ReplicaSet", ("shop", "r")) == []
