#!/usr/bin/env bash
# lib4vex keeps one product of each statement of a VEX document: the first one of CycloneDX, the last one of OpenVEX.
#
# Installed: lib4vex 0.2.3, lib4sbom 0.10.4.
#
# Expected: a statement is about all products that it names: CycloneDX's "affects" and OpenVEX's "products" are lists
# (CycloneDX 1.6, vulnerabilities; OpenVEX specification, statements).
#
# What happens: get_vulnerabilities() has one entry for a statement about two products, with one of them. The other one has
# no entry at all; nothing is said. Of OpenVEX it is the last one, of CycloneDX the first.
#
# For an audit: a component that a supplier says is exploitable is in no list, and one that is not affected stays open. Read
# the lists from the document itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile lib4vex==0.2.3 lib4sbom==0.10.4
venv/bin/python -W ignore - <<'EOF'
import json
from importlib.metadata import version
from pathlib import Path
from lib4vex.parser import VEXParser

print("lib4vex", version("lib4vex"))
def read(name, document):
    Path(name).write_text(json.dumps(document))
    parser = VEXParser()
    parser.parse(name)
    return parser.get_vulnerabilities()

cyclonedx = read("cyclonedx.json", {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "components": [{"type": "library", "name": name, "version": "1", "bom-ref": name} for name in ("web", "db")],
    "vulnerabilities": [{"id": "CVE-2026-0001", "affects": [{"ref": "web"}, {"ref": "db"}], "analysis": {"state": "exploitable"}}]})
when = "2026-01-01T00:00:00Z"
openvex = read("openvex.json", {
    "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex/1", "author": "Example", "role": "Supplier",
    "timestamp": when, "last_updated": when, "tooling": "none", "version": 1,
    "statements": [{"vulnerability": {"name": "CVE-2026-0001"}, "timestamp": when, "status": "affected", "action_statement": "update",
                    "products": [{"@id": f"pkg:oci/{name}@1"} for name in ("web", "db")]}]})
print("CycloneDX, affects web and db:", [(each["id"], each["status"], each["bom_link"]) for each in cyclonedx])
print("OpenVEX, products web and db:", [(each["id"], each["status"], each["product"]) for each in openvex])
assert [each["bom_link"] for each in cyclonedx] == ["web"], "the behaviour changed"
assert [each["product"] for each in openvex] == ["db"], "the behaviour changed"
EOF
