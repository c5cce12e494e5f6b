#!/usr/bin/env bash
# cyclonedx-python-lib writes a document without its vulnerabilities if it is asked for CycloneDX 1.3, and says nothing.
#
# Installed: cyclonedx-python-lib 11.12.0.
#
# Expected: CycloneDX has vulnerabilities since 1.4. A document that has some cannot be written in 1.3, so that one expects an
# error, or a warning as the library gives for a graph of dependencies that is not complete.
#
# What happens: output_as_string() returns a valid document of 1.3 with all components and no vulnerabilities; 1.4 has them.
#
# For an audit: a pipeline that writes an older version, as the system that receives it asks for, hands over a list without
# findings, which reads as "nothing was found". Compare the number of vulnerabilities after each conversion.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cyclonedx-python-lib==11.12.0
venv/bin/python - <<'EOF'
import json, warnings
from importlib.metadata import version
from cyclonedx.model.bom import Bom
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

print("cyclonedx-python-lib", version("cyclonedx-python-lib"))
bom = Bom.from_json({
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "components": [{"type": "library", "name": "web", "version": "1", "bom-ref": "web"}],
    "vulnerabilities": [{"id": "CVE-2026-0001", "affects": [{"ref": "web"}], "analysis": {"state": "exploitable"}}]})
for target, expected in ((SchemaVersion.V1_6, 1), (SchemaVersion.V1_4, 1), (SchemaVersion.V1_3, 0), (SchemaVersion.V1_2, 0)):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        written = json.loads(make_outputter(bom, OutputFormat.JSON, target).output_as_string())
    found = len(written.get("vulnerabilities", []))
    print(f"CycloneDX {target.to_version()}: {len(written['components'])} component, {found} vulnerabilities, {len(said)} warnings")
    assert (len(written["components"]), found, len(said)) == (1, expected, 0), "the behaviour changed"
EOF
