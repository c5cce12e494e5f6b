#!/usr/bin/env bash
# cdx-convert makes an SPDX document without vulnerabilities, and without licenses that an SPDX reader would look for.
#
# Installed: @cyclonedx/cdxgen 12.8.4.
#
# Expected: SPDX 3.0 has both: vulnerabilities with their VEX assessments (profile "Security"), and licenses as relationships
# hasDeclaredLicense and hasConcludedLicense (profiles "Licensing"). A converter writes them, or says what it left out.
#
# What happens: `vulnerabilities` of the CycloneDX document, with the states "exploitable" and "not_affected", are in no element.
# Licenses are a text in an extension named after CycloneDX, so that each package has none for a reader of SPDX. The program
# says "Successfully converted", and its own validation passes.
#
# For an audit: an exploitable vulnerability is not in the document that is handed over, and policies on licenses find nothing
# to object to. Hand over the CycloneDX file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional @cyclonedx/cdxgen@12.8.4
cat > bom.json <<'END'
{
  "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": "urn:uuid:11111111-1111-4111-8111-111111111111",
  "metadata": {
    "timestamp": "2026-11-30T00:00:00Z", "component": {"type": "application", "name": "web", "version": "1", "bom-ref": "web"},
    "tools": {"components": [{"type": "application", "name": "made-by-hand", "version": "1"}]}
  },
  "components": [{
    "type": "library", "name": "zlib", "version": "1.2", "bom-ref": "zlib", "purl": "pkg:generic/zlib@1.2",
    "licenses": [{"license": {"id": "AGPL-3.0-only"}}]
  }],
  "dependencies": [{"ref": "web", "dependsOn": ["zlib"]}],
  "vulnerabilities": [{"bom-ref": "v", "id": "CVE-2026-0001", "analysis": {"state": "exploitable"}, "affects": [{"ref": "zlib"}]}]
}
END
node_modules/.bin/cdx-convert -i bom.json -o bom.spdx.json
cat > show.py <<'END'
import json

print("@cyclonedx/cdxgen", json.load(open("node_modules/@cyclonedx/cdxgen/package.json"))["version"])
graph = json.load(open("bom.spdx.json"))["@graph"]
types = sorted({element["type"] for element in graph})
relations = sorted({element["relationshipType"] for element in graph if element["type"] == "Relationship"})
holders = [element for element in graph if "AGPL" in json.dumps(element)]
print("types:", *types, "\nrelationships:", *relations)
print("CVE-2026-0001 is in", sum("CVE-2026-0001" in json.dumps(element) for element in graph), "elements, the license in",
      [key for element in holders for key, value in element.items() if "AGPL" in json.dumps(value)])
assert "CVE-2026-0001" not in json.dumps(graph) and relations == ["dependsOn"], "the behaviour changed"
assert [key for element in holders for key, value in element.items() if "AGPL" in json.dumps(value)] == ["extension"]
END
python3 show.py
