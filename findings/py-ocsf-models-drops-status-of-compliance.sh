#!/usr/bin/env bash
# py-ocsf-models reads a Compliance Finding whose status is a text, and has no status of it afterwards.
#
# Installed: py-ocsf-models 0.10.0.
#
# Expected: the compliance object of OCSF has "status", the text, beside "status_id", the number; the text alone is valid, and
# with the number 99 ("Other") it is the only one that says anything (OCSF 1.1 and later, compliance object).
#
# What happens: the model has no field for the text, and drops what it does not know. "status": "Fail" without a number is
# read without an error, and status_id is None; what is written again has neither. With 99, the text is gone.
#
# For an audit: of results of a producer that writes the text, none fails and none passes after the model has read them; who
# counts status_id 3 finds no failure. Read "status" from the document before the model does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile py-ocsf-models==0.10.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
from py_ocsf_models.objects.compliance import Compliance

print("py-ocsf-models", version("py-ocsf-models"))
base = {"control": "5.2.2", "requirements": ["5.2.2"], "standards": ["CIS"]}
for more, found in (({"status_id": 3}, {"status_id": 3}), ({"status": "Fail"}, {}), ({"status_id": 99, "status": "Manual"}, {"status_id": 99})):
    read = Compliance.model_validate(base | more)
    again = {key: value for key, value in read.model_dump(mode="json", exclude_none=True).items() if key.startswith("status")}
    print("read", more, "| written again", again)
    assert again == found, "the behaviour changed"
EOF
