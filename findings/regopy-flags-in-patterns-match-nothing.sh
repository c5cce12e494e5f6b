#!/usr/bin/env bash
# regopy takes a pattern with a flag, as (?i), for one that matches nothing.
#
# Installed: regopy 1.5.2 (Rego in Python, by rego-cpp).
#
# Expected: the patterns of regex.match have the syntax of RE2: (?i) at the beginning ignores case, (?P<name>…) names a group
# (OPA documentation, "Built-in Functions", regex). A pattern that an engine cannot read is an error.
#
# What happens: regex.match with such a pattern is undefined, also for a text that it matches in the case as written, and
# "not regex.match(…)" is true. The policy loads, and nothing is said. regex.is_valid answers false for the pattern.
#
# For an audit: a rule that looks for tags, labels or users without regard to case finds nothing at all. Ask
# regex.is_valid for each pattern of a policy first.
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
engine.add_module("tags", """package tags
plain if regex.match("^latest$", "latest")
flag if regex.match("(?i)^latest$", "latest")
named if regex.match("^(?P<tag>latest)$", "latest")
flag_does_not_match if not regex.match("(?i)^latest$", "latest")
flag_is_valid := regex.is_valid("(?i)^latest$")
""")
said = json.loads(str(engine.query("data.tags")))["expressions"][0]
print("latest:", said)
assert said == {"plain": True, "flag_does_not_match": True, "flag_is_valid": False}, "the behaviour changed"
EOF
