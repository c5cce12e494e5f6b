#!/usr/bin/env bash
# jsonpath and jsonpath-plus take a field that is false, 0 or empty for one that is not there, and [-1] for no item.
#
# Installed: jsonpath-plus 10.4.0, jsonpath 1.3.0, and jsonpath-rfc9535 1.0.1 of Python beside them.
#
# Expected: [?(@.ready)] finds what has the field, whatever its value, in kubectl ("exists") as in RFC 9535 (2.3.5.2.1); [-1] is
# the last item (2.3.3.1), in kubectl, too.
#
# What happens: the filter is a JavaScript expression, so that false, 0 and "" are no match: of two containers with a status,
# one is found. [-1] finds nothing, where [-1:] does; jsonpath-plus finds nothing for two names in brackets, either.
#
# For an audit: "which containers say anything about privilege escalation" leaves out those that forbid it, and "which report
# restarts" those with 0, so that a count of the covered ones is too low. An expression that was tried with kubectl has
# another answer here. Compare (`@.ready != undefined`) instead.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund jsonpath-plus@10.4.0 jsonpath@1.3.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile jsonpath-rfc9535==1.0.1
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import jsonpath from "jsonpath";
import { JSONPath } from "jsonpath-plus";

const [json, paths] = JSON.parse(readFileSync(0));
console.log(JSON.stringify(paths.map((path) => [JSONPath({ path, json }), jsonpath.query(json, path)])));
END
venv/bin/python - <<'END'
import json, subprocess
from importlib.metadata import version
import jsonpath_rfc9535

data = {"statuses": [{"name": "web", "ready": False, "restarts": 0}, {"name": "log", "ready": True, "restarts": 9}, {"name": "new"}]}
cases = {
    "$.statuses[?(@.ready)].name": (["web", "log"], ["log"], ["log"]),
    "$.statuses[?(@.restarts)].name": (["web", "log"], ["log"], ["log"]),
    "$.statuses[-1].name": (["new"], [], []),
    "$.statuses[-1:].name": (["new"], ["new"], ["new"]),
    "$.statuses[0]['name','restarts']": (["web", 0], [], ["web", 0]),
    "$.statuses[?(@.restarts > 5)].name": (["log"], ["log"], ["log"]),
}
answers = json.loads(subprocess.run(["node", "show.mjs"], input=json.dumps([data, list(cases)]), capture_output=True, text=True,
                                    check=True).stdout)
names = [(name, json.load(open(f"node_modules/{name}/package.json"))["version"]) for name in ("jsonpath-plus", "jsonpath")]
print(*(f"{name} {number}," for name, number in names), "jsonpath-rfc9535", version("jsonpath-rfc9535"), "(Python)")
for (path, (expected, *found)), answer in zip(cases.items(), answers, strict=True):
    print(f"{path}: jsonpath-plus {answer[0]}, jsonpath {answer[1]}, RFC 9535 {expected}")
    assert jsonpath_rfc9535.find(path, data).values() == expected and answer == found, "the behaviour changed"
END
