#!/usr/bin/env bash
# The two packageurl libraries write the same package in two ways, so that texts of one do not match those of the other.
#
# Installed: packageurl-python 0.17.6, packageurl-js 2.0.1.
#
# Expected: a package URL has one canonical form, so that it can be compared as text; each library's output of what it has
# read is that form (Package-URL specification, ECMA-427).
#
# What happens: a "+" in a version stays a "+" in JavaScript and is %2B in Python; slashes in a qualifier are %2F in
# JavaScript and stay in Python. Versions with "+" are ordinary: Go's +incompatible, Debian's +dfsg and +deb12u1, +k3s1.
#
# For an audit: an SBOM that was made by one tool and a list of vulnerabilities or exceptions (VEX) by another are joined by
# their package URLs; these packages have no match, which reads as "nothing is known against them". Compare what both are
# parsed into, with one library.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund packageurl-js@2.0.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile packageurl-python==0.17.6
cat > show.mjs <<'EOF'
import { PackageURL } from "packageurl-js";

console.log(JSON.stringify(process.argv.slice(2).map((text) => PackageURL.fromString(text).toString())));
EOF
venv/bin/python - <<'EOF'
import json, subprocess
from importlib.metadata import version
from packageurl import PackageURL

print("packageurl-python", version("packageurl-python"), "packageurl-js", json.load(open("node_modules/packageurl-js/package.json"))["version"])
texts = ["pkg:npm/web@1.0.0", "pkg:golang/example.com/web@v2.0.0+incompatible", "pkg:deb/debian/web@1.2+deb12u1?arch=amd64",
         "pkg:oci/web@sha256:ab?repository_url=ghcr.io/shop/web"]
python = [PackageURL.from_string(text).to_string() for text in texts]
script = json.loads(subprocess.check_output(["node", "show.mjs", *texts]))
for one, other in zip(python, script, strict=True):
    print(one, "is" if one == other else "is not", other)
assert [one == other for one, other in zip(python, script, strict=True)] == [True, False, False, False], "the behaviour changed"
assert [PackageURL.from_string(text) for text in python] == [PackageURL.from_string(text) for text in script]
EOF
