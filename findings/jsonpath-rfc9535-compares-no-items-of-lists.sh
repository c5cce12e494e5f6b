#!/usr/bin/env bash
# jsonpath-rfc9535 for JavaScript finds nothing where a filter compares a field of a list's item.
#
# Installed: jsonpath-rfc9535 1.3.0 (npm), and jsonpath-rfc9535 1.0.1 of Python beside it.
#
# Expected: a comparison takes singular queries: names and indexes, one after another, as @.spec.containers[0].image (RFC 9535,
# 2.3.5.1). The package says that it implements the RFC.
#
# What happens: with an index in its path, the comparison is false, with "==" as with ">=", and without an error. The same path
# as an existence test, or in value(), finds the item, and paths of names alone are compared.
#
# For an audit: "pods whose first container runs this image", "certificates whose first condition is False" are empty lists, and
# a check for bad ones passes. Write value(...) around such paths.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund jsonpath-rfc9535@1.3.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile jsonpath-rfc9535==1.0.1
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { query } from "jsonpath-rfc9535";

const [data, paths] = JSON.parse(readFileSync(0));
console.log(JSON.stringify(paths.map((path) => query(data, path))));
END
venv/bin/python - <<'END'
import json, subprocess
from importlib.metadata import version
import jsonpath_rfc9535

data = {"items": [{"name": "web", "images": [{"name": "nginx", "layers": 7}], "node": {"name": "a"}}, {"name": "log", "images": []}]}
cases = {
    "$.items[?@.images[0].name == 'nginx'].name": False,
    "$.items[?@.images[-1].layers >= 5].name": False,
    "$.items[?value(@.images[0].name) == 'nginx'].name": True,
    "$.items[?@.images[0].name].name": True,
    "$.items[?@.node.name == 'a'].name": True,
}
answers = json.loads(subprocess.run(["node", "show.mjs"], input=json.dumps([data, list(cases)]), capture_output=True, text=True,
                                    check=True).stdout)
package = json.load(open("node_modules/jsonpath-rfc9535/package.json"))
print("jsonpath-rfc9535", package["version"], "(npm),", version("jsonpath-rfc9535"), "(Python)")
for (path, same), answer in zip(cases.items(), answers, strict=True):
    other = jsonpath_rfc9535.find(path, data).values()
    print(f"{path}: {answer} in JavaScript, {other} in Python")
    assert other == ["web"] and answer == (["web"] if same else []), "the behaviour changed"
END
