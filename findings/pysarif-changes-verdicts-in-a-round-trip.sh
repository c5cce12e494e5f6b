#!/usr/bin/env bash
# Reading and writing a SARIF file with pysarif turns passes into warnings and puts refused suppressions in force.
#
# Installed: pysarif 0.1.0.
#
# Expected: load_from_file and save_to_file give the same results. In SARIF 2.1.0 a result of the kind "pass" has the level
# "none" (3.27.10); a result without a level has that of its rule; a suppression with the status "rejected" does not hold,
# while one without a status does (3.27.23, 3.35).
#
# What happens: a level that was left out is written as "warning". So a pass becomes a warning, and a result whose rule says
# "error" becomes a warning. The status of a suppression is dropped, so that a suppression that the reviewer rejected, or
# has not looked at ("underReview"), is from then on an accepted one.
#
# For an audit: exceptions are approved by a library. None of it is seen in the number of results, which stays the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pysarif==0.1.0
venv/bin/python - <<'EOF'
import json, pathlib
from importlib.metadata import version
import pysarif

print("pysarif", version("pysarif"))
pathlib.Path("scan.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [{
    "tool": {"driver": {"name": "scanner", "rules": [{"id": "C-0057", "defaultConfiguration": {"level": "error"}}]}},
    "results": [
        {"ruleId": "C-0016", "kind": "pass", "message": {"text": "no container escalates"}},
        {"ruleId": "C-0057", "message": {"text": "privileged"}},
        {"ruleId": "C-0057", "level": "error", "message": {"text": "privileged"},
         "suppressions": [{"kind": "external", "status": "rejected", "justification": "not accepted"}]}]}]}))
pysarif.save_to_file(pysarif.load_from_file("scan.sarif"), "again.sarif")
before, after = (json.loads(pathlib.Path(name).read_text())["runs"][0]["results"] for name in ("scan.sarif", "again.sarif"))
for old, new in zip(before, after, strict=True):
    print({k: old.get(k) for k in ("kind", "level", "suppressions")}, "->", {k: new.get(k) for k in ("kind", "level", "suppressions")})
assert after[0]["kind"] == "pass" and after[0]["level"] == "warning" and after[1]["level"] == "warning", "the behaviour changed"
assert "status" not in after[2]["suppressions"][0], "the behaviour changed"
EOF
