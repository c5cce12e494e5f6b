#!/usr/bin/env bash
# sbomdiff reports that OpenSSL was downgraded to 1.1.1 where 3.0.0 is in both SBOMs and 1.1.1 was added.
#
# Installed: sbomdiff 0.6.0, lib4sbom 0.10.4.
#
# Expected: an image often has two versions of one package, and an SBOM has a component for each (CycloneDX 1.6, components:
# unique by bom-ref). A comparison has the added component as a new package, and 3.0.0 as one that stayed.
#
# What happens: packages are compared by name, with one version each: the first one of the document. The added 1.1.1 is a
# change of version from 3.0.0, or is not reported at all when it comes second. The exit code is then 0, as for no difference.
#
# For an audit: "no component was added between the release that was approved and the one that runs" holds, with exit code
# 0, although a second and older copy of a library is in the image.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile sbomdiff==0.6.0 lib4sbom==0.10.4
venv/bin/python - <<'EOF'
import json, pathlib, subprocess
from importlib.metadata import version

print("sbomdiff", version("sbomdiff"))

def write(name, *versions):
    pathlib.Path(name).write_text(json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "components": [{"type": "library", "name": "openssl", "version": each, "bom-ref": f"openssl@{each}",
                        "purl": f"pkg:generic/openssl@{each}", "licenses": [{"license": {"id": "Apache-2.0"}}]} for each in versions]}))

write("approved.json", "3.0.0")
write("older-first.json", "1.1.1", "3.0.0")
write("older-second.json", "3.0.0", "1.1.1")
for name, code, said in (("older-first.json", 1, "Version changed from 3.0.0 to 1.1.1"), ("older-second.json", 0, "")):
    done = subprocess.run(["venv/bin/sbomdiff", "approved.json", name], capture_output=True, text=True)
    print(f"approved.json and {name}: exit code {done.returncode}")
    print(done.stdout.strip())
    assert done.returncode == code and said in done.stdout and "ADDED" not in done.stdout, "the behaviour changed"
EOF
