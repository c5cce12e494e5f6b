#!/usr/bin/env bash
# sarif-om writes a rejected suppression so that readers take it for an accepted one.
#
# Installed: sarif-om 1.0.4, jschema-to-python 1.2.3 (which writes its objects).
#
# Expected: a suppression has the property "status": accepted, underReview or rejected; a result is suppressed unless one of
# them is under review or rejected (SARIF 2.1.0, suppression object and suppressions property). Classes for SARIF 2.1.0 have
# that property.
#
# What happens: the class has "state", as a draft had it, and no "status". Suppression(state="rejected") is written as
# "state": "rejected", which is no property of SARIF 2.1.0, in a log that says that it is of version 2.1.0. A reader finds no
# status, and the result is suppressed.
#
# For an audit: a finding for which somebody asked for an exception and was refused is no open finding any more in each tool
# that reads the log. Put "status" into the written document.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile sarif-om==1.0.4 jschema-to-python==1.2.3
venv/bin/python - <<'EOF'
import json
from importlib.metadata import version
import sarif_om
from jschema_to_python.to_json import to_json

print("sarif-om", version("sarif-om"))
try:
    sarif_om.Suppression(kind="external", status="rejected")
except TypeError as error:
    print("status:", error)
else:
    raise AssertionError("the behaviour changed")
result = sarif_om.Result(message=sarif_om.Message(text="runs privileged"), level="error",
                         suppressions=[sarif_om.Suppression(kind="external", state="rejected")])
log = sarif_om.SarifLog(version="2.1.0", runs=[sarif_om.Run(
    tool=sarif_om.Tool(driver=sarif_om.ToolComponent(name="example")), results=[result])])
written = json.loads(to_json(log))
[suppression] = written["runs"][0]["results"][0]["suppressions"]
print("version", written["version"], "| suppression:", suppression)
assert written["version"] == "2.1.0" and suppression == {"kind": "external", "state": "rejected"}, "the behaviour changed"
EOF
