#!/usr/bin/env bash
# has() of a variable whose name has a dot is not whether it is there, but its value, in cel-expr-python.
#
# Installed: cel-expr-python 0.1.3.
#
# Expected: has(e.f) is a bool, whether the field f of e is there (CEL specification, "Field Selection"). A variable may
# have a name with dots, which is how the variables of a policy can be declared with their own types
# ("variables.exempt"): has(variables.exempt) is then true, or refused when it is compiled.
#
# What happens: the parser makes a test of it, the type checker takes e.f for the variable and drops the test. The
# expression has the type and the value of the variable: has(variables.exempt) is false where the variable is false, and
# has(variables.count) is a number.
#
# For an audit: "has(variables.exempt) || object.spec.hostNetwork == false" is another rule than the one that was written.
# Replace has() of declared names before compiling, or declare the object that holds them as one variable.
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
env = cel.NewEnv(variables={"variables.exempt": cel.Type.BOOL, "variables.count": cel.Type.INT, "object": cel.Type.DYN})
data = {"variables.exempt": False, "variables.count": 7, "object": {"exempt": False}}
seen = {}
for text in ("has(variables.exempt)", "has(variables.count)", "has(object.exempt)"):
    compiled = env.compile(text)
    seen[text] = (compiled.return_type().name(), compiled.eval(data=data).plain_value())
    print(f"{text}: {seen[text]}")
assert seen == {"has(variables.exempt)": ("BOOL", False), "has(variables.count)": ("INT", 7),
                "has(object.exempt)": ("BOOL", True)}, seen
EOF
