#!/usr/bin/env bash
# sarif-junit makes passed test cases of SARIF results that do not repeat the level of their rule.
#
# Installed: sarif-junit 1.1.4.
#
# Expected: a result without "level" has that of its rule's default configuration, and "warning" if the rule has none
# (SARIF 2.1.0, 3.27.10). Warnings and errors become failures of the JUnit file, as they do where the result has the level.
#
# What happens: only what the result itself says is read. A result without a level, of a rule whose level is "error", is a
# test case without a failure, as is one of a rule without a level. Many tools leave the level out of their results. Results
# of the kind "open", of which the tool could not tell whether they hold, are passed test cases, too.
#
# For an audit: the pipeline shows the scan as passed, with a count of tests which is that of the findings. Write the levels
# into the results before the file is converted.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund sarif-junit@1.1.4
cat > show.py <<'END'
import json, subprocess
import xml.etree.ElementTree as ET

def converted(rule: dict, result: dict) -> tuple[int, int]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "deploy.yaml"}, "region": {"startLine": 3}}}
    run = {"tool": {"driver": {"name": "lint", "rules": [{"id": "no-privileged", **rule}]}},
           "results": [{"ruleId": "no-privileged", "ruleIndex": 0, "message": {"text": "runs privileged"}, "locations": [place], **result}]}
    with open("in.sarif", "w") as file:
        json.dump({"version": "2.1.0", "runs": [run]}, file)
    subprocess.run(["node_modules/.bin/sarif-junit", "in.sarif", "out.xml"], check=True, stdout=subprocess.DEVNULL)
    suite = ET.parse("out.xml").getroot().find("testsuite")
    return len(suite.findall("testcase")), len(suite.findall("testcase/failure"))

print("sarif-junit", json.load(open("node_modules/sarif-junit/package.json"))["version"])
error = {"defaultConfiguration": {"level": "error"}}
for name, rule, result, found in (
    ("level in the result", error, {"level": "error"}, (1, 1)),
    ("level of the rule", error, {}, (1, 0)),
    ("no level, so a warning", {}, {}, (1, 0)),
    ("not known", error, {"kind": "open", "level": "none"}, (1, 0)),
):
    cases, failures = converted(rule, result)
    print(f"{name}: {cases} test case, {failures} failures, expected {'error or skipped' if result.get('kind') else 1}")
    assert (cases, failures) == found, "the behaviour changed"
END
python3 show.py
