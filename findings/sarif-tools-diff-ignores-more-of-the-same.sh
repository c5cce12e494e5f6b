#!/usr/bin/env bash
# "sarif diff" sums four errors where there was one as no change.
#
# Installed: sarif-tools 3.0.5.
#
# Expected: one object that breaks a rule before and four that break it after are three new results, in three places that
# were fine, and the sum of a diff says so.
#
# What happens: only rules that did not occur before count as new. The three results are listed on the screen with their
# places, and the sums say "all levels: +0 +0". Where the message has the name of the object in it, as that of many
# scanners, the same step is counted as one new and one eliminated issue: the sum depends on the wording of messages, not
# on results.
#
# For an audit: a trend that is drawn from these sums stays flat while more and more objects break the same rule.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile sarif-tools==3.0.5
venv/bin/python - <<'EOF'
import json, pathlib, subprocess
from importlib.metadata import version

print("sarif-tools", version("sarif-tools"))
def write(name, results, rules=(), extensions=()):
    pathlib.Path(name).write_text(json.dumps({"version": "2.1.0", "runs": [{
        "tool": {"driver": {"name": "scanner", "rules": list(rules)}, "extensions": list(extensions)}, "results": results}]}))
def result(rule_id, text, place, **more):
    return {"ruleId": rule_id, "message": {"text": text}, **more,
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": place}}}]}
def sarif(*arguments):
    return subprocess.run(["venv/bin/sarif", *arguments], capture_output=True, text=True)

def scan(name, *places, text="container is privileged"):
    write(name, [result("C-0057", text.format(place), f"{place}.yaml", level="error") for place in places])
scan("before.sarif", "web")
scan("after.sarif", "web", "db", "pay", "ehr")
same = sarif("diff", "before.sarif", "after.sarif")
print(same.stdout)
assert "1 -> 4" in same.stdout and "all levels: +0 +0" in same.stdout, "the behaviour changed"
scan("before.sarif", "web", text="container of {} is privileged")
scan("after.sarif", "web", "db", "pay", "ehr", text="container of {} is privileged")
named = sarif("diff", "before.sarif", "after.sarif")
print(named.stdout)
assert "all levels: +1 -1" in named.stdout
EOF
