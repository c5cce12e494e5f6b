#!/usr/bin/env bash
# sarif-tools keeps one character of a message that begins with the id of its rule.
#
# Installed: sarif-tools 3.0.5.
#
# Expected: "sarif csv" writes a line per result, with its message as the description (SARIF 2.1.0, 3.27.11: the message is
# what explains a result). Scanners often begin it with the id of the rule; leaving that id out of the description, as there
# is a column for it, would be fine.
#
# What happens: of "C-0057 container web of pod pay/web is privileged" the description is "c", the one character after the
# id and the space; after "C-0057: " it is empty. Messages that do not begin with the id are whole.
#
# For an audit: the table that goes to people lists findings without what was found, and results of one rule in different
# objects become the same line, which whoever removes duplicates counts once.
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

write("scan.sarif", [
    result("C-0057", "C-0057 container web of pod pay/web is privileged", "x.yaml", level="error"),
    result("C-0057", "C-0057 container api of pod ehr/api is privileged", "x.yaml", level="error"),
    result("C-0057", "C-0057: container db of pod ehr/db is privileged", "x.yaml", level="error"),
    result("C-0057", "container web of pod lab/web is privileged", "x.yaml", level="error")])
sarif("csv", "-o", "scan.csv", "scan.sarif")
import csv
rows = list(csv.DictReader(open("scan.csv")))
for row in rows:
    print(row)
descriptions = sorted(row["Description"] for row in rows)
assert descriptions == ["", "c", "c", "container web of pod lab/web is privileged"], "the behaviour changed"
EOF
