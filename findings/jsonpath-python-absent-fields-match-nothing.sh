#!/usr/bin/env bash
# jsonpath-python finds no object whose field is absent, however it is asked, and none with "true" in its filter.
#
# Installed: jsonpath-python 1.1.6, jsonpath-rfc9535 1.0.1.
#
# Expected: what is absent is not equal to true, so [?(@.spec.hostUsers!=true)] has the objects without the field
# (RFC 9535, 2.3.5.2.2, comparisons). true, false, && and || are JSONPath; where a library has other words, the unknown one
# is an error.
#
# What happens: an object without the field is left out by "!=", by "not" and by "!=" with a text alike. "true" and "false"
# (it wants True and False), "&&" and "||" find nothing at all. None of it raises an error.
#
# For an audit: Kubernetes leaves out what is not set, so "containers that do not run as non-root" are just those without
# the field. The query for offenders is empty, and the control passes on every cluster.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile jsonpath-python==1.1.6 jsonpath-rfc9535==1.0.1
venv/bin/python - <<'EOF'
from importlib.metadata import version
import jsonpath_rfc9535
from jsonpath import JSONPath

print("jsonpath-python", version("jsonpath-python"))
pods = {"items": [{"name": "yes", "spec": {"hostNetwork": True}}, {"name": "no", "spec": {"hostNetwork": False}},
                  {"name": "absent", "spec": {}}]}
for words, by_rfc, found in (
        ("@.spec.hostNetwork==True", "@.spec.hostNetwork==true", ["yes"]),
        ("@.spec.hostNetwork!=True", "@.spec.hostNetwork!=true", ["no"]),
        ("@.name!='yes'", "@.name!='yes'", ["no", "absent"]),
        ("@.spec.priorityClassName!='system'", "@.spec.priorityClassName!='system'", []),
        ("not @.spec.hostNetwork", "!@.spec.hostNetwork", ["no"]),
        ("@.spec.hostNetwork==true", "@.spec.hostNetwork==true", []),
        ("@.name=='yes' || @.name=='no'", "@.name=='yes' || @.name=='no'", [])):
    names = JSONPath(f"$.items[?({words})].name").parse(pods)
    expected = jsonpath_rfc9535.find(f"$.items[?{by_rfc}].name", pods).values()
    print(f"{words}: {names}, by RFC 9535: {expected}")
    assert names == found, "the behaviour changed"
EOF
