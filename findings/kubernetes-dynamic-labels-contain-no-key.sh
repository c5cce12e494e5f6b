#!/usr/bin/env bash
# In the Python client's dynamic objects no label is "in" the labels, and a field that is empty is true.
#
# Installed: kubernetes 37.0.2.
#
# Expected: labels and annotations of an object that the dynamic client returns have dict's ways: labels["team"] is the
# value, labels.get("team") too; so `"team" in labels` says whether there is one, `for key in labels` has the keys, and
# labels without an entry are false.
#
# What happens: `in` is False for each key, since iteration gives pairs of key and value, and an empty field such as
# `securityContext: {}` is true. None of it raises an error. to_dict() gives the dict.
#
# For an audit: "the namespace has no label that enforces Pod Security" holds for each namespace, "no role is annotated as
# an exception" too, and `if container.securityContext:` counts an empty context as one that is set.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kubernetes==37.0.2
venv/bin/python - <<'EOF'
from importlib.metadata import version
from kubernetes.dynamic.resource import ResourceInstance

print("kubernetes", version("kubernetes"))
enforce = "pod-security.kubernetes.io/enforce"
namespace = ResourceInstance(None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {
    "name": "shop", "labels": {enforce: "restricted"}, "annotations": {}}})
labels, empty = namespace.metadata.labels, namespace.metadata.annotations
print("labels[...] is", labels[enforce], "and labels.get(...) is", labels.get(enforce))
print("in labels:", enforce in labels, "| iteration:", list(labels))
print("in to_dict():", enforce in namespace.to_dict()["metadata"]["labels"])
print("annotations: {} is", bool(empty))
assert labels[enforce] == labels.get(enforce) == "restricted" and enforce in namespace.to_dict()["metadata"]["labels"]
assert enforce not in labels and list(labels) == [(enforce, "restricted")] and bool(empty), "the behaviour changed"
EOF
