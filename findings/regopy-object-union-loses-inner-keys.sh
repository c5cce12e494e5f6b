#!/usr/bin/env bash
# regopy's object.union replaces inner objects instead of merging them.
#
# Installed: regopy 1.5.2 (Rego in Python, by rego-cpp).
#
# Expected: object.union(a, b) merges objects at each depth; where both have a key and one of the values is no object, that
# of b is taken. object.union_n does so for a list (OPA documentation, "Built-in Functions", object).
#
# What happens: the inner object of the right side takes the place of the left one whole. Its keys are gone, without an
# error, which Rego reads as "not set".
#
# For an audit: object.union is how a policy lays a container's securityContext over the pod's, or an exception over the
# defaults. Here the defaults' seccompProfile, or their list of exempt namespaces, is not set once a neighbour is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile regopy==1.5.2
venv/bin/python - <<'EOF'
import json
from importlib.metadata import version
from regopy import Interpreter

print("regopy", version("regopy"))
def ask(expression):
    return json.loads(str(Interpreter().query(expression)))["expressions"][0]

defaults = '{"limits": {"cpu": "1", "memory": "512Mi"}}'
own = '{"limits": {"cpu": "2"}}'
for expression in (f"object.union({defaults}, {own})", f"object.union_n([{defaults}, {own}])"):
    said = ask(expression)
    print(expression, "is", said)
    assert said == {"limits": {"cpu": "2"}}, "the behaviour changed: merged, it is {'limits': {'cpu': '2', 'memory': '512Mi'}}"
EOF
