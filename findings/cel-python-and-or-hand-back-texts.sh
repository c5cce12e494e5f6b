#!/usr/bin/env bash
# cel-python answers "x && y" with a text, which Python takes for true, where the CEL specification has an error.
#
# Installed: cel-python 0.5.0, and cel-expr-python 0.1.3 to compare with.
#
# Expected: && and || of CEL (the language of ValidatingAdmissionPolicies) take booleans; for another type there is no
# matching overload, which is an error (CEL specification, "Logical Operators"). Labels and annotations are texts, so
# that a condition on an annotation "false", without == "true", must not be an answer.
#
# What happens: true && annotation and false || annotation give the annotation itself, the text "false". In an "if" of
# Python, that is true. Also a list's exists() hands a text back. The conditional and the negation of the same text are
# errors, as they should be, so that the same slip is noticed in one expression and not in the other. cel-expr-python gives
# an error for all of them.
#
# For an audit: an expression that a cluster would refuse counts as true, for each object that has the annotation, whatever
# it says. Ask for the type of a result before taking it for a verdict.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cel-python==0.5.0 cel-expr-python==0.1.3
venv/bin/python - <<'EOF'
from importlib.metadata import version
import celpy
from cel_expr_python import cel

print("cel-python", version("cel-python"), "cel-expr-python", version("cel-expr-python"))
document = {"annotations": {"audited": "false"}}
def python(expression):
    environment = celpy.Environment()
    try:
        result = environment.program(environment.compile(expression)).evaluate({"object": celpy.json_to_cel(document)})
    except celpy.CELEvalError:
        return "error", None
    return type(result).__name__, bool(result)
def other(expression):
    return str(cel.NewEnv(variables={"object": cel.Type.DYN}).compile(expression).eval(data={"object": document}).type())

audited = "object.annotations.audited"
for expression in (f"true && {audited}", f"{audited} && true", f"false || {audited}", f"[1].exists(i, {audited})"):
    print(expression, "| cel-python:", python(expression), "| cel-expr-python:", other(expression))
    assert python(expression) == ("StringType", True), "the behaviour changed"
    assert other(expression) == "ERROR"
for expression in (f"!{audited}", f"{audited} ? true : false"):
    print(expression, "| cel-python:", python(expression), "| cel-expr-python:", other(expression))
    assert python(expression)[0] == "error" and other(expression) == "ERROR"
EOF
