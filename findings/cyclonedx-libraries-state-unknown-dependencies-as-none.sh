#!/usr/bin/env bash
# Both CycloneDX libraries state of each component whose dependencies nobody set that it has none.
#
# Installed: @cyclonedx/cyclonedx-library 10.3.0, cyclonedx-python-lib 11.12.0.
#
# Expected: in the dependency graph, a component without dependencies is an entry without "dependsOn", and a component of
# which they are not known is not in the graph at all (CycloneDX specification, "dependencies"). So a list of packages,
# without a graph, has no entries.
#
# What happens: the graph has an entry for each component, without "dependsOn", whether or not anything was said of its
# dependencies. There is no way to leave one out: a component that depends on nothing and one that was never looked at are
# the same.
#
# For an audit: an inventory made of a flat list (an image's packages, say) passes a check for the "dependency relationships"
# of the NTIA's minimum elements, and claims that no package needs another. Ask for a "dependsOn" somewhere, or for
# "compositions", before a graph counts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts @cyclonedx/cyclonedx-library@10.3.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cyclonedx-python-lib==11.12.0
cat > show.cjs <<'END'
const { Enums, Models, Serialize, Spec } = require("@cyclonedx/cyclonedx-library");

const bom = new Models.Bom();
for (const name of ["web", "zlib"]) bom.components.add(new Models.Component(Enums.ComponentType.Library, name, { bomRef: name }));
const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
const { dependencies } = JSON.parse(new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true }));
console.log(JSON.stringify(dependencies));
END
venv/bin/python - <<'END'
import json, subprocess
from importlib.metadata import version
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component
from cyclonedx.output.json import JsonV1Dot6

bom = Bom(components=[Component(name=name, bom_ref=name) for name in ("web", "zlib")])
package = json.load(open("node_modules/@cyclonedx/cyclonedx-library/package.json"))
for name, stated in (
    (f"@cyclonedx/cyclonedx-library {package['version']}", json.loads(subprocess.check_output(["node", "show.cjs"]))),
    (f"cyclonedx-python-lib {version('cyclonedx-python-lib')}", json.loads(JsonV1Dot6(bom).output_as_string())["dependencies"]),
):
    print(f"{name}: {stated}, expected no entry")
    assert stated == [{"ref": "web"}, {"ref": "zlib"}], "the behaviour changed"
END
