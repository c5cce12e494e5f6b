#!/usr/bin/env bash
# regopy says of no address that it is in a network: net.cidr_contains is undefined, without an error.
#
# Installed: regopy 1.5.2 (Rego in Python, by rego-cpp).
#
# Expected: net.cidr_contains("10.0.0.0/8", "10.1.2.3") is true (OPA documentation, "Built-in Functions", net). A function
# that an engine does not have is an error when the policy is compiled, as it is in OPA.
#
# What happens: the call is undefined, and the policy loads. Rules that ask whether an address is inside do not hold, for an
# address that is; rules with "not" hold for each address.
#
# For an audit: a rule that looks for a NetworkPolicy's ipBlock or a load balancer's range outside of the own networks
# reports all of them, one that looks for ranges inside reports none. Test each policy with an example that it must find.
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
engine = Interpreter()
engine.add_module("networks", """package networks
inside if net.cidr_contains("10.0.0.0/8", "10.1.2.3")
outside if not net.cidr_contains("10.0.0.0/8", "10.1.2.3")
overlaps if net.cidr_intersects("10.0.0.0/8", "10.1.0.0/16")
valid if net.cidr_is_valid("10.0.0.0/8")
""")
said = json.loads(str(engine.query("data.networks")))["expressions"][0]
print("10.1.2.3 and 10.0.0.0/8:", said)
assert said == {"outside": True}, "the behaviour changed"
EOF
