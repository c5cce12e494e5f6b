#!/usr/bin/env bash
# An expression that cannot be evaluated is true, as a Python value, in cel-expr-python.
#
# Installed: cel-expr-python 0.1.3.
#
# Expected: a CEL expression that asks for a field which an object lacks is an error (CEL specification, "Runtime Errors");
# Kubernetes does not let such an expression pass but applies the failurePolicy. A Python library should raise, or give
# something that cannot be taken for a verdict.
#
# What happens: Expression.eval raises nothing. It gives a value of the type ERROR, and its value() is the text of the
# error, "NOT_FOUND: ...", which is true in Python. "if result.value():" takes the object for a compliant one. Mistakes
# that are seen when the expression is compiled are raised, so that the try block around it looks as if it were enough.
#
# For an audit: of two pods, the one that says runAsNonRoot: false is found, and the one that does not say it at all passes.
# Compare with True ("is True"), or look at type() first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cel-expr-python==0.1.3
venv/bin/python - <<'EOF'
from importlib.metadata import version
from cel_expr_python import cel

print("cel-expr-python", version("cel-expr-python"))
check = cel.NewEnv(variables={"pod": cel.Type.DYN}).compile("pod.securityContext.runAsNonRoot")
pods = {"true": {"securityContext": {"runAsNonRoot": True}}, "false": {"securityContext": {"runAsNonRoot": False}},
        "not set": {"securityContext": {}}}
seen = {}
for name, pod in pods.items():
    result = check.eval(data={"pod": pod})
    seen[name] = (str(result.type()), bool(result.value()), result.value() is True)
    print(f"{name}: type {result.type()}, value {result.value()!r}, as a condition {bool(result.value())}")
assert seen == {"true": ("BOOL", True, True), "false": ("BOOL", False, False), "not set": ("ERROR", True, False)}, seen
EOF
