#!/usr/bin/env bash
# regopy says that version 1.10.0 is older than 1.9.0: semver.compare compares the versions as texts.
#
# Installed: regopy 1.5.2 (Rego in Python, by rego-cpp).
#
# Expected: semver.compare follows the precedence of SemVer 2.0: numbers are compared as numbers, and a version with a
# pre-release part is older than the one without (OPA documentation, "Built-in Functions", semver).
#
# What happens: 1.10.0 is older than 1.9.0, 10.0.0 is older than 9.0.0, and 1.29.3-alpha.1 is newer than 1.29.3. Each answer
# is a number, as it should be; there is no error.
#
# For an audit: "Kubernetes is at least 1.9", or a version in which a flaw is mended, is decided wrongly as soon as the
# numbers differ in length. Parse versions in Python, and hand numbers to the policy.
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
for one, other, expected, found in (
    ("1.9.0", "1.9.0", 0, 0), ("1.9.1", "1.9.0", 1, 1),
    ("1.10.0", "1.9.0", 1, -1), ("10.0.0", "9.0.0", 1, -1), ("1.29.10", "1.29.9", 1, -1), ("1.29.3-alpha.1", "1.29.3", -1, 1),
):
    said = json.loads(str(Interpreter().query(f'semver.compare("{one}", "{other}")')))["expressions"][0]
    print(f"semver.compare({one!r}, {other!r}): {said}, by SemVer {expected}")
    assert said == found, "the behaviour changed"
EOF
