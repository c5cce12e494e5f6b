#!/usr/bin/env bash
# compliance-trestle writes FedRAMP's identifier http://fedramp.gov as http://fedramp.gov/, which is another one.
#
# Installed: compliance-trestle 5.2.0.
#
# Expected: OSCAL names what an identifier, a rating or a property belongs to by a URI, such as identifier-type
# "http://fedramp.gov" of a system, one of the values that OSCAL lists. They are names, and are compared as texts: what is
# read and written again has the same ones.
#
# What happens: a URI that is a host only gets a slash at its end, and capitals in the host become small ones. It is so for
# the type of a system's identifier, the scheme of a party's, the systems of facets and threats and the namespace of
# properties; those with a path or "urn:" stay. The library's own value for FedRAMP has no slash, and is not equal to it.
#
# For an audit: properties and ratings of a namespace are looked up by its text, and none is found after a document went through
# the library; two documents about one system have different identifiers of it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile compliance-trestle==5.2.0
venv/bin/python -W ignore - <<'EOF'
import json, pathlib
from importlib.metadata import version
from trestle.oscal.common import IdentifierType
from trestle.oscal.poam import PlanOfActionAndMilestones

print("compliance-trestle", version("compliance-trestle"))
name = "{}0000000-0000-4000-8000-000000000000".format
now = "2026-11-23T08:26:00Z"
before = {"plan-of-action-and-milestones": {
    "uuid": name(1),
    "metadata": {"title": "t", "last-modified": now, "version": "1", "oscal-version": "1.1.3", "props": [
        {"name": "owner", "value": "payments", "ns": "https://example.com"},
        {"name": "owner", "value": "payments", "ns": "https://example.com/ns"},
        {"name": "owner", "value": "payments", "ns": "urn:example:ns"}]},
    "system-id": {"identifier-type": "http://fedramp.gov", "id": "F00000000"},
    "risks": [{"uuid": name(2), "title": "t", "description": "d", "statement": "s", "status": "open", "characterizations": [{
        "origin": {"actors": [{"type": "tool", "actor-uuid": name(3)}]},
        "facets": [{"name": "impact", "system": "http://fedramp.gov", "value": "low"}]}]}],
    "poam-items": [{"title": "t", "description": "d"}]}}
pathlib.Path("before.json").write_text(json.dumps(before))
PlanOfActionAndMilestones.oscal_read(pathlib.Path("before.json")).oscal_write(pathlib.Path("after.json"))
after = json.loads(pathlib.Path("after.json").read_text())

def identifiers(document):
    plan = document["plan-of-action-and-milestones"]
    return [plan["system-id"]["identifier-type"], plan["risks"][0]["characterizations"][0]["facets"][0]["system"],
            *(prop["ns"] for prop in plan["metadata"]["props"])]

for one, other in zip(identifiers(before), identifiers(after), strict=True):
    print(one, "->", other)
listed = [str(each.value) for each in IdentifierType]
print("types of identifiers that the library lists:", listed)
assert identifiers(after) == ["http://fedramp.gov/", "http://fedramp.gov/", "https://example.com/", *identifiers(before)[3:]], "the behaviour changed"
assert "http://fedramp.gov" in listed and identifiers(after)[0] not in listed, "the behaviour changed"
EOF
