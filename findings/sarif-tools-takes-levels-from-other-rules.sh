#!/usr/bin/env bash
# sarif-tools gives results of rule packs the level of a rule that is not theirs.
#
# Installed: sarif-tools 3.0.5.
#
# Expected: a result without a level has the default level of its rule (SARIF 2.1.0, 3.27.10). Where rules come in packs,
# they are in tool.extensions, and the result's rule.toolComponent says in which (3.52); rule.index counts within it.
#
# What happens: rule.index is looked up in tool.driver.rules whatever toolComponent says, so that an error of the pack gets
# the level "note" of the driver's first rule. Where the driver has no rule at that index, the result is a "warning".
#
# For an audit: "sarif --check error" ends with 0 for a file in which each result is an error, and the summary counts no
# error. Fill the level in before handing results over.
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

error = {"defaultConfiguration": {"level": "error"}}
pack = {"name": "pack", "rules": [{"id": "PACK-1", **error}, {"id": "PACK-2", **error}]}
write("scan.sarif", [result(rule, "broken", f"{rule}.yaml", rule={"id": rule, "index": index, "toolComponent": {"index": 0}})
                     for index, rule in enumerate(("PACK-1", "PACK-2"))],
      [{"id": "C-0009", "defaultConfiguration": {"level": "note"}}], [pack])
summary = sarif("--check", "error", "summary", "scan.sarif")
print(summary.stdout + f"exit code {summary.returncode}")
assert summary.returncode == 0 and "error: 0" in summary.stdout, "the behaviour changed"
assert "note: 1" in summary.stdout and "warning: 1" in summary.stdout, "the behaviour changed"
EOF
