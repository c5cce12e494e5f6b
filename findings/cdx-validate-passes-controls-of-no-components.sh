#!/usr/bin/env bash
# cdx-validate gives an empty bill of materials a pass for seven of the controls on its components.
#
# Installed: @cyclonedx/cdxgen 12.8.4.
#
# Expected: where there are no components, "components have license information" and "checksums of components are documented" are
# not shown: such a control is not applicable, or left to a person, as cdx-validate itself fails 1.1 and 2.9 for the reason
# that there are none.
#
# What happens: controls of OWASP SCVS that ask something of all components pass for none: "All 0 component(s) have recorded
# checksums." With one component of which nothing but the name is known, the same controls fail, and the score of level 3
# falls. Manual controls are no part of the score.
#
# For an audit: the emptier the inventory, the better it does in these controls, and a generator that found nothing has
# evidence for licenses, checksums and origin. Count passes only where 1.1 passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional @cyclonedx/cdxgen@12.8.4
cat > show.py <<'END'
import json, subprocess

print("@cyclonedx/cdxgen", json.load(open("node_modules/@cyclonedx/cdxgen/package.json"))["version"])
CONTROLS = ["SCVS-1.7", "SCVS-1.10", "SCVS-2.13", "SCVS-2.14", "SCVS-2.16", "SCVS-2.18", "SCVS-3.18"]

def validated(components: list[dict[str, str]]) -> tuple[dict[str, str], int]:
    with open("bom.json", "w") as file:
        json.dump({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}, file)
    told = subprocess.run(["node_modules/.bin/cdx-validate", "-i", "bom.json", "-b", "scvs-l3", "-r", "json", "-o", "report.json"],
                          capture_output=True, text=True)
    assert told.returncode == 3, told.stderr
    (report,) = json.load(open("report.json"))["benchmarks"]
    return {control["id"]: control["status"] for control in report["controls"]}, report["scorePct"]

(empty, empty_score), (one, one_score) = validated([]), validated([{"type": "library", "name": "web", "bom-ref": "web"}])
print(f"no components: 1.1 {empty['SCVS-1.1']}, score {empty_score} %; one: 1.1 {one['SCVS-1.1']}, score {one_score} %")
for control in CONTROLS:
    print(f"{control}: {empty[control]} without components, {one[control]} with one")
assert {empty[control] for control in CONTROLS} == {"pass"} and {one[control] for control in CONTROLS} == {"fail"}, "the behaviour changed"
assert empty["SCVS-1.1"] == one["SCVS-1.1"] == "fail" and empty_score > one_score, "the behaviour changed"
END
python3 show.py
