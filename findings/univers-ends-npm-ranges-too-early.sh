#!/usr/bin/env bash
# univers reads npm's range "<=1.2" as "up to 1.2.0", so that 1.2.5 is outside of it.
#
# Installed: univers 32.0.1, and semver 7.8.6, npm's own reader of ranges, beside it.
#
# Expected: in ranges of npm a version that lacks its last numbers stands for all that begin with it: "1.2" and "=1.2" are
# 1.2.x, "<=1.2" goes up to below 1.3.0, and ">1.2" begins with 1.3.0 (npm's documentation of semver, "X-Ranges").
#
# What happens: NpmVersionRange.from_native() fills the missing numbers with zeros in these, and does what npm does with the
# same versions in "1.2.x", "~1.2", "^1" and "1.2 - 1.4". There is no error.
#
# For an audit: a package 1.2.5 is "not affected" by what an advisory says of "<=1.2", and affected by what holds from 1.3.0
# on. Let npm's own package expand such ranges first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund semver@7.8.6
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile univers==32.0.1
cat > show.js <<'END'
console.log(require("semver").satisfies(process.argv[2], process.argv[3]));
END
venv/bin/python - <<'END'
import json, subprocess
from importlib.metadata import version
from univers.version_range import NpmVersionRange
from univers.versions import SemverVersion

print("univers", version("univers"), "semver", json.load(open("node_modules/semver/package.json"))["version"])
for text, expected, found in (("1.2.x", True, True), ("~1.2", True, True), ("1.2", True, False), ("=1.2", True, False),
                              ("<=1.2", True, False), (">1.2", False, True)):
    npm = subprocess.check_output(["node", "show.js", "1.2.5", text], text=True).strip() == "true"
    read = NpmVersionRange.from_native(text)
    here = SemverVersion("1.2.5") in read
    print(f"1.2.5 in {text!r}: npm {npm}, univers {here} ({read})")
    assert (npm, here) == (expected, found), "the behaviour changed"
END
