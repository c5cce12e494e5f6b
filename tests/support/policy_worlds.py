"""Policies, bindings and requests in short, and the decisions of a real API server."""

import gzip
import json
import os
from functools import cache
from pathlib import Path

TRUTH = Path(os.environ.get("AUDITKIT_TRUTH") or Path(__file__).parents[3] / "shared" / "truth") / "vap"
COPY = Path(__file__).parents[1] / "truth" / "vap.dev.json.gz"
"""Some decisions of each of the policies, so that the test does not depend on where the whole corpus lies."""

GENERATED = "c-pod-generate"
"""Its object gets a new name with every request."""

PODS = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]}


def policy(*validations, name="p", rules=(PODS,), **spec):
    """A policy on pods; a validation is its expression, or the whole mapping."""
    whole = [{"expression": each} if isinstance(each, str) else each for each in validations]
    constraints = {"resourceRules": list(rules), **spec.pop("constraints", {})}
    return {"metadata": {"name": name}, "spec": {"matchConstraints": constraints, "validations": whole, **spec}}


def binding(*actions, name="b", policy="p", **spec):
    """A binding with these actions (Deny)."""
    return {"metadata": {"name": name}, "spec": {"policyName": policy, "validationActions": list(actions or ["Deny"]),
                                                 **spec}}


def pod(name="web", labels=None, **spec):
    """A pod of one container."""
    metadata = {"name": name, "namespace": "shop", **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"containers": [{"name": "a", "image": "registry/a:1"}], **spec}}


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"env": "prod"}}}


def request(thing=None, operation="CREATE", old=None, resource="pods", **more):
    """The request for an object of a namespace."""
    meant = thing or old
    group, _, version = meant["apiVersion"].rpartition("/")
    return {
        "operation": operation, "name": meant["metadata"]["name"], "namespace": meant["metadata"].get("namespace", ""),
        "kind": {"group": group, "version": version, "kind": meant["kind"]},
        "resource": {"group": group, "version": version, "resource": resource},
        "user": {"username": "kay", "groups": ["dev", "system:authenticated"]},
        "object": thing, "oldObject": old, "namespaceObject": NAMESPACE, **more,
    }


@cache
def copied():
    """The decisions that lie beside the tests."""
    return _resolved(json.loads(gzip.decompress(COPY.read_bytes())))


def whole():
    """All decisions of the corpus."""
    parts = {part: json.loads((TRUTH / f"{part}.json").read_text())
             for part in ("policies", "requests", "objects", "context", "compile")}
    with gzip.open(TRUTH / "vap.jsonl.gz") as file:
        return _resolved({**parts, "decisions": list(map(json.loads, file))})


def _resolved(corpus):
    """The corpus with the objects in their requests, and policies and requests by what they are called."""
    for each in corpus["requests"]:
        each.update({part: corpus["objects"].get(each[part]) for part in ("object", "oldObject", "namespaceObject")})
    for part in ("policies", "requests"):
        corpus[part] = {each["id"]: each for each in corpus[part]}
    return corpus
