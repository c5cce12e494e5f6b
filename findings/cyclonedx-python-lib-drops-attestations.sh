#!/usr/bin/env bash
# cyclonedx-python-lib writes an SBOM again without its attestations, annotations and its note that it is incomplete.
#
# Installed: cyclonedx-python-lib 11.12.0.
#
# Expected: the library reads and writes CycloneDX 1.6, whose schema has "declarations" (the claims, evidence and conformance
# of an attestation), "annotations", "compositions" (whether a list is complete) and "formulation". What is read in 1.6 and
# written in 1.6 has them, or reading says that it cannot.
#
# What happens: from_json() takes the document without an error or a warning, and the output has none of the four. The
# standard with its requirements ("definitions"), to which the attestation refers, stays.
#
# For an audit: the conformance that an assessor stated at 0.2 is gone while the requirements are still there, and a list of
# components that its producer calls incomplete looks complete after a program has added a property to it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile 'cyclonedx-python-lib[json-validation]==11.12.0'
venv/bin/python - <<'EOF'
import json
from importlib.metadata import version
from cyclonedx.model.bom import Bom
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

print("cyclonedx-python-lib", version("cyclonedx-python-lib"))
document = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "components": [{"type": "library", "name": "web", "version": "1", "bom-ref": "web"}],
    "compositions": [{"aggregate": "incomplete", "assemblies": ["web"]}],
    "annotations": [{"subjects": ["web"], "annotator": {"individual": {"name": "Reviewer"}}, "timestamp": "2026-01-01T00:00:00Z",
                     "text": "Do not deploy."}],
    "formulation": [{"bom-ref": "build"}],
    "definitions": {"standards": [{"bom-ref": "standard", "name": "Policy", "requirements": [
        {"bom-ref": "requirement", "identifier": "5.2.2", "title": "No privileged containers"}]}]},
    "declarations": {"assessors": [{"bom-ref": "assessor", "thirdParty": True}],
                     "claims": [{"bom-ref": "claim", "target": "web", "predicate": "runs without privileges"}],
                     "attestations": [{"summary": "half done", "assessor": "assessor", "map": [
                         {"requirement": "requirement", "claims": ["claim"], "conformance": {"score": 0.2}}]}]}}
assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None, "the input is not valid"
again = json.loads(JsonV1Dot6(Bom.from_json(document)).output_as_string())
lost = [key for key in document if key not in again]
print("kept:", [key for key in document if key in again])
print("lost:", lost)
assert lost == ["compositions", "annotations", "formulation", "declarations"], "the behaviour changed"
EOF
