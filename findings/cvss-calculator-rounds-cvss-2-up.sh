#!/usr/bin/env bash
# cvss-calculator gives 326 of the 729 base vectors of CVSS 2 a score that is 0.1 too high, and makes three of them "high".
#
# Installed: cvss-calculator 4.1, cvss 3.6.
#
# Expected: the base score of CVSS 2 is rounded to the nearest tenth (CVSS 2.0, complete guide, 3.2.1); only CVSS 3 rounds up.
#
# What happens: both are rounded up. AV:A/AC:L/Au:M/C:P/I:C/A:C is 7.0 instead of 6.9. Scores of CVSS 3.0 and 3.1 are right.
#
# For an audit: scanners still give CVSS 2 scores of old vulnerabilities. Three kinds of medium ones are high, and a score that is
# computed again from its vector differs from the published one in almost half of the vectors.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cvss-calculator==4.1 cvss==3.6
venv/bin/python - <<'EOF'
from importlib.metadata import version
from itertools import product
from cvss import CVSS2
from cvss_calculator.cvss import CVSSCalculator

print("cvss-calculator", version("cvss-calculator"), "| cvss", version("cvss"))
metrics = {"AV": "LAN", "AC": "HML", "Au": "MSN", "C": "NPC", "I": "NPC", "A": "NPC"}
higher, classes, total = 0, [], 0
for values in product(*metrics.values()):
    vector = "/".join(f"{metric}:{value}" for metric, value in zip(metrics, values, strict=True))
    score, other = float(CVSS2(vector).scores()[0]), CVSSCalculator.calc(vector)
    total += 1
    higher += abs(other.score - score - 0.1) < 1e-9
    assert abs(other.score - score) < 0.11
    if score < 7 <= other.score:
        classes.append(vector)
        print(f"{vector}: {score}, by cvss-calculator {other.score}, {other.level.name}")
print(f"{higher} of {total} are 0.1 higher")
assert (higher, total, len(classes)) == (326, 729, 3), "the behaviour changed"
EOF
