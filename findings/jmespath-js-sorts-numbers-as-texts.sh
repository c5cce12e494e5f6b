#!/usr/bin/env bash
# JMESPath for JavaScript sorts numbers as texts, and a field that is missing is less than any number.
#
# Installed: jmespath 0.16.0 (npm), and jmespath 1.1.0 of Python beside it.
#
# Expected: sort() puts numbers in their order; "<" and ">" are for two numbers, and null otherwise, so that a filter leaves
# an element without the field out; to_number() of a text that is no JSON number is null (JMESPath specification, "sort",
# "Ordering Operators" and "to_number").
#
# What happens: sort() of 3, 10 and 9 is 10, 3 and 9. null < 5 is true, as in JavaScript, so that a filter for less than 5
# finds what has no such field, too. to_number('') is 0. sort_by() and max() answer as they should.
#
# For an audit: "containers with fewer than 2 replicas", "keys younger than 90 days" hold those of which nothing is known,
# and the first and last of a sorted list are not the least and the greatest. Ask for the field too (`age && age < ...`),
# and use sort_by, min and max.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund jmespath@0.16.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile jmespath==1.1.0
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import jmespath from "jmespath";

const [data, expressions] = JSON.parse(readFileSync(0));
console.log(JSON.stringify(expressions.map((expression) => jmespath.search(data, expression))));
END
venv/bin/python - <<'END'
import json, subprocess
from importlib.metadata import version
import jmespath

data = {"keys": [{"name": "web", "days": 3}, {"name": "db", "days": 10}, {"name": "log", "days": 9}, {"name": "new"}], "tier": ""}
cases = {
    "sort(keys[].days)": ([3, 9, 10], [10, 3, 9]),
    "keys[?days < `5`].name": (["web"], ["web", "new"]),
    "to_number(tier)": (None, 0),
    "max(keys[].days)": (10, 10),
    "keys[?days > `5`].name": (["db", "log"], ["db", "log"]),
}
answers = json.loads(subprocess.run(["node", "show.mjs"], input=json.dumps([data, list(cases)]), capture_output=True, text=True,
                                    check=True).stdout)
print("jmespath", json.load(open("node_modules/jmespath/package.json"))["version"], "(npm),", version("jmespath"), "(Python)")
for (expression, (expected, found)), answer in zip(cases.items(), answers, strict=True):
    other = jmespath.search(expression, data)
    print(f"{expression}: {answer} in JavaScript, {other} in Python")
    assert (answer, other) == (found, expected), "the behaviour changed"
END
