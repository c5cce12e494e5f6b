#!/usr/bin/env bash
# Merging two SARIF files with Microsoft's SARIF Multitool gives the results of one the levels of the other's rules.
#
# Installed: @microsoft/sarif-multitool-linux 5.7.0.
#
# Expected: merge puts the runs of several files into one. What a result says stays, and so does its level, also where that is
# the rule's: the same tool may have a rule as "error" for one cluster and as "note" for another (SARIF 2.1.0, 3.50).
#
# What happens: runs of a tool become one run with one description for each rule's id. Results without a level of their own
# all have the level of the description that stayed: an error of the one file is a note in the merged one, or the note an
# error. There is no warning, and the files are not refused.
#
# For an audit: the report of the fleet has other severities than those of its clusters, and the thresholds of each are not
# the ones that it was scanned by. Write levels into results before they are merged, or keep a file for each cluster.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @microsoft/sarif-multitool-linux@5.7.0
cat > show.py <<'END'
import json, os, subprocess
from pathlib import Path

package = Path("node_modules/@microsoft/sarif-multitool-linux")
tool = package / "Sarif.Multitool"
tool.chmod(0o755)
print("@microsoft/sarif-multitool-linux", json.loads((package / "package.json").read_text())["version"])

def levels(path: str) -> dict[str, str]:
    """The level of each result, by its message."""
    told = {}
    for run in json.loads(Path(path).read_text())["runs"]:
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            rule = rules[result["ruleIndex"]].get("defaultConfiguration", {}).get("level", "warning")
            told[result["message"]["text"]] = result.get("level", rule)
    return told

def merged(own: bool) -> tuple[dict[str, str], dict[str, str]]:
    for cluster, level in (("prod", "error"), ("test", "note")):
        result = {"ruleId": "no-privileged", "ruleIndex": 0, "message": {"text": cluster}, **({"level": level} if own else {})}
        driver = {"name": "lint", "rules": [{"id": "no-privileged", "defaultConfiguration": {"level": level}}]}
        log = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": [result]}]}
        Path(f"{cluster}.sarif").write_text(json.dumps(log))
    subprocess.run([tool, "merge", "prod.sarif", "test.sarif", "-o", ".", "--output-file", "fleet.out", "--log", "ForceOverwrite"],
                   env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}, check=True, stdout=subprocess.DEVNULL)
    return {**levels("prod.sarif"), **levels("test.sarif")}, levels("fleet.out")

for own in (True, False):
    before, after = merged(own)
    print(f"levels in the {'results' if own else 'rules'}: before {before}, merged {after}")
    assert before == {"prod": "error", "test": "note"}
    assert after == before if own else len(set(after.values())) == 1 and len(after) == 2, "the behaviour changed"
END
python3 show.py
