#!/usr/bin/env bash
# compliance-trestle loads and validates assessment results whose references lead nowhere.
#
# Installed: compliance-trestle 5.2.0.
#
# Expected: a finding that rests on an observation, and an observation of a subject, name them by UUID. OSCAL's constraints
# (metaschema: index-has-key) say that what is named must be there; a library that is used to validate would refuse.
#
# What happens: the document loads without an error or a warning, and its "all" validator says that it is valid, although
# the finding's observation, the observation's subject and the tool that made it are nowhere in the document.
#
# For an audit: a finding whose evidence was cut away passes as well-formed; "validated with trestle" says nothing about
# whether its evidence is there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile compliance-trestle==5.2.0
venv/bin/python - <<'EOF'
import argparse, json, pathlib
from importlib.metadata import version
from trestle.core.validator_factory import validator_factory
from trestle.oscal.assessment_results import AssessmentResults

print("compliance-trestle", version("compliance-trestle"))
name = "{}0000000-0000-4000-8000-000000000000".format
now = "2026-11-23T08:26:00Z"
pathlib.Path("results.json").write_text(json.dumps({"assessment-results": {
    "uuid": name(1), "metadata": {"title": "t", "last-modified": now, "version": "1", "oscal-version": "1.1.3"},
    "import-ap": {"href": "#" + name(9)},
    "results": [{
        "uuid": name(2), "title": "t", "description": "d", "start": now,
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "observations": [{"uuid": name(3), "description": "d", "methods": ["TEST"], "collected": now,
                          "origins": [{"actors": [{"type": "tool", "actor-uuid": name(6)}]}],
                          "subjects": [{"subject-uuid": name(7), "type": "inventory-item"}]}],
        "findings": [{"uuid": name(4), "title": "t", "description": "d",
                      "target": {"type": "objective-id", "target-id": "nowhere", "status": {"state": "satisfied"}},
                      "related-observations": [{"observation-uuid": name(8)}]}]}]}}))
found = AssessmentResults.oscal_read(pathlib.Path("results.json"))
(finding,) = found.results[0].findings
print(finding.target.status.state, "by observation", finding.related_observations[0].observation_uuid)
valid = validator_factory.get(argparse.Namespace(mode="all")).model_is_valid(found, True)
print("valid by all validators:", valid)
assert valid and finding.related_observations[0].observation_uuid not in {o.uuid for o in found.results[0].observations}
EOF
