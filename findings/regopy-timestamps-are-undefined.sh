#!/usr/bin/env bash
# Rego's time.parse_rfc3339_ns and net.cidr_contains are undefined in regopy for what each API server sends.
#
# Installed: regopy 1.5.2, an implementation of Rego in C++ with a Python interface.
#
# Expected: time.parse_rfc3339_ns parses RFC 3339 (Open Policy Agent's documentation, "Policy Reference", time), and each
# time in a Kubernetes object is RFC 3339 in UTC with a "Z". net.cidr_contains("10.0.0.0/8", "10.1.2.3") is true.
#
# What happens: with "Z", or with a fraction, the time is undefined; with a numeric offset it is parsed. net.cidr_contains
# is undefined for an address that is in the block. Undefined is not an error in Rego: the body of the rule just does not
# hold, and its set is empty.
#
# For an audit: a rule on the age of a token, or on the range of an address, has no result for any object. Try each rule
# on an object of which the answer is known.
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
def found_by(body, document):
    rego = Interpreter()
    rego.add_module("audit", "package audit\nimport rego.v1\nfound contains result if { " + body + " }")
    rego.set_input(document)
    return json.loads(str(rego.query("data.audit.found")))["expressions"][0]

parse = "result := time.parse_rfc3339_ns(input.created)"
seen = {when: found_by(parse, {"created": when}) for when in
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T02:00:00+02:00")}
for when, found in seen.items():
    print("time.parse_rfc3339_ns", when, found)
inside = 'net.cidr_contains("10.0.0.0/8", input.address); result := "inside"'
print("net.cidr_contains 10.0.0.0/8 10.1.2.3", found_by(inside, {"address": "10.1.2.3"}))
assert list(seen.values()) == [[], [], [1767225600000000000]], "the behaviour changed"
assert found_by(inside, {"address": "10.1.2.3"}) == [], "the behaviour changed"
assert found_by('startswith(input.address, "10."); result := "inside"', {"address": "10.1.2.3"}) == ["inside"]
EOF
