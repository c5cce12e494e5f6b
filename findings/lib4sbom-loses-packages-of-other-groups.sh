#!/usr/bin/env bash
# lib4sbom loses one of two packages that have the same name and version, but different groups.
#
# Installed: lib4sbom 0.10.4.
#
# Expected: in CycloneDX, "group" is a part of what names a component (a Maven group, an npm scope), and each component has
# its own bom-ref (CycloneDX 1.6, component). Two components with other groups and package URLs are two.
#
# What happens: get_packages() has one package for name and version, and the others are gone; nothing is said. A count of
# packages, and what is looked up for each of them, is of fewer than the document has.
#
# For an audit: an SBOM of an image is searched for a vulnerable package, and it is not in the list, as another group has one
# of the same name (core, client and common are such names). Read the package URLs from the document itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile lib4sbom==0.10.4
venv/bin/python - <<'EOF'
import json
from importlib.metadata import version
from pathlib import Path
from lib4sbom.parser import SBOMParser

print("lib4sbom", version("lib4sbom"))
def component(group, number):
    return {"type": "library", "group": group, "name": "core", "version": number, "bom-ref": f"{group}-{number}",
            "purl": f"pkg:maven/{group}/core@{number}"}
def read(*components):
    Path("bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}))
    parser = SBOMParser()
    parser.parse_file("bom.json")
    return [(package["name"], package["version"]) for package in parser.get_packages()]

two_versions = read(component("org.one", "1.0"), component("org.one", "2.0"))
two_groups = read(component("org.one", "1.0"), component("org.two", "1.0"))
print("two versions:", two_versions)
print("two groups:", two_groups)
assert len(two_versions) == 2
assert len(two_groups) == 1, "the behaviour changed"
EOF
