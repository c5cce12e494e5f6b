"""Pods of many shapes: what is decided of their rows is what the whole pods give."""

import json
import random
from pathlib import Path

import pytest
from policy_worlds import binding, policy

import auditkit
from auditkit.admission import decide
from auditkit.what_if.decisions import _known, _request
from auditkit.what_if.objects import objects

EXPRESSIONS = [
    "!object.spec.?hostNetwork.orValue(false)", "has(object.spec.hostPID)", "object.spec.?hostUsers.orValue(true)",
    "object.spec.containers.all(c, !c.?securityContext.?privileged.orValue(false))",
    "object.spec.containers.all(c, has(c.securityContext) && has(c.securityContext.privileged))",
    "object.spec.containers.all(c, c.securityContext.allowPrivilegeEscalation == false)",
    "object.spec.?securityContext.?runAsNonRoot.orValue(false)", "object.spec.securityContext.runAsUser > 0",
    "(object.spec.containers + object.spec.?initContainers.orValue([])).all(c, c.image.contains('@'))",
    "object.spec.containers.map(c, c.name).join(',') != 'a,b'", "object.spec.containers.size() < 2",
    "object.metadata.?labels[?'app'].orValue('none') != 'none'", "has(object.metadata.labels)",
    "object.spec.containers.all(c, has(c.resources.limits) && has(c.resources.limits.memory))",
    "object.spec.containers.all(c, quantity(c.resources.limits.memory).isLessThan(quantity('1Gi')))",
    "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
    "object.spec.?volumes.orValue([]).all(v, v.?hostPath.?path.orValue('') != '/')",
    "object.spec.serviceAccountName != 'default'", "object.spec.restartPolicy == 'Never'",
    "object.spec.?automountServiceAccountToken.orValue(true) == false", "object.metadata.name.startsWith('p')",
    "has(object.spec.initContainers)", "object.spec.nodeName == 'n'", "object.kind == 'Pod' && object.apiVersion == 'v1'",
    "object.spec.containers[0].imagePullPolicy == 'Always'", "has(object.spec.containers[0].livenessProbe)",
]


def some(chance: random.Random, **fields):
    """Some of the fields, as the API server writes them: what is `None` is not written."""
    return {name: value for name, value in fields.items() if value is not None and chance.random() < 0.5}


def container(chance: random.Random, name: str) -> dict:
    context = some(chance, privileged=chance.choice([True, False]), allowPrivilegeEscalation=chance.choice([True, False]),
                   readOnlyRootFilesystem=chance.choice([True, False]), runAsUser=chance.choice([0, 1000]))
    limits = some(chance, memory=chance.choice(["64Mi", "2Gi"]), cpu="1")
    return {"name": name, "image": chance.choice(["r/a:1", "r/a@sha256:00"]), "imagePullPolicy": chance.choice(["Always", "Never"]),
            "resources": some(chance, limits=limits or None),
            **some(chance, securityContext=context, livenessProbe={"httpGet": {"path": "/", "port": 80}})}


def made(chance: random.Random, number: int) -> dict:
    volumes = [{"name": "v", **chance.choice([{"hostPath": {"path": "/", "type": ""}}, {"emptyDir": {}},
                                              {"configMap": {"name": "c", "defaultMode": 420}}])}]
    spec = {"containers": [container(chance, name) for name in chance.choice([["a"], ["a", "b"]])],
            "restartPolicy": chance.choice(["Always", "Never"]), "serviceAccountName": chance.choice(["default", "own"]),
            **some(chance, hostNetwork=True, hostPID=True, hostUsers=chance.choice([True, False]), volumes=volumes,
                   automountServiceAccountToken=chance.choice([True, False]), initContainers=[container(chance, "i")],
                   securityContext=some(chance, runAsNonRoot=chance.choice([True, False]), runAsUser=5), nodeName="n")}
    labels = some(chance, app="x", tier="y")
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec,
            "metadata": {"name": f"p{number}", "namespace": "shop", "uid": str(number), **({"labels": labels} if labels else {})}}


@pytest.mark.parametrize("seed", range(3))
def test_what_is_decided_of_pods_is_what_the_whole_pods_give(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    pods = {f"p{number}": made(chance, number) for number in range(60)}
    items = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, *pods.values()]
    (tmp_path / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    snap = auditkit.collect(recording=tmp_path / "objects.json")
    context = _known(snap)
    decided = 0
    for found in objects(snap, ["pods"]):
        asked = _request(found, context)
        for expression in EXPRESSIONS:
            ours, whole = (decide(policy(expression), [binding()], each, context)
                           for each in (asked, {**asked, "object": pods[found.name]}))
            decided += ours.outcome != "unknown"
            assert ours.outcome == "unknown" or (ours.outcome, ours.message) == (whole.outcome, whole.message), (
                expression, pods[found.name])
    assert decided > 0.6 * len(pods) * len(EXPRESSIONS)
