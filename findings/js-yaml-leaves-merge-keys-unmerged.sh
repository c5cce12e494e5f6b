#!/usr/bin/env bash
# js-yaml 5 does not merge "<<" of a manifest: what is shared by an anchor is missing where it should be.
#
# Installed: js-yaml 5.5.0, js-yaml 4.3.2 beside it, and pyyaml 6.0.4.
#
# Expected: "<<: *restricted" puts the fields of the anchor into the mapping. kubectl does so (it reads YAML with
# sigs.k8s.io/yaml, by the types of YAML 1.1), and so do PyYAML and js-yaml 4.
#
# What happens: load() reads YAML 1.2 only. The mapping has a field named "<<" that holds the anchor's fields, without an
# error. The same text has the mode 0400 as 400; in js-yaml 4 it is so, too. With the schema YAML11_SCHEMA both are as in
# kubectl.
#
# For an audit: a container whose security context comes from an anchor has none in a check of the manifest, or in a
# comparison with the cluster, which gets it. Where a check asks whether something bad is set, it passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund js-yaml@5.5.0 js-yaml-4@npm:js-yaml@4.3.2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pyyaml==6.0.4
cat > pod.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
  - name: prepare
    image: example.com/prepare
    securityContext: &restricted {runAsNonRoot: true, allowPrivilegeEscalation: false}
  containers:
  - name: web
    image: example.com/web
    securityContext: {<<: *restricted, readOnlyRootFilesystem: true}
END
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import * as five from "js-yaml";
import * as four from "js-yaml-4";

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const text = readFileSync("pod.yaml", "utf8");
const own = '{"<<":{"runAsNonRoot":true,"allowPrivilegeEscalation":false},"readOnlyRootFilesystem":true}';
const merged = '{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true}';
for (const [name, pod, found] of [
  [`js-yaml ${version("js-yaml")}`, five.load(text), own],
  [`js-yaml ${version("js-yaml")}, YAML11_SCHEMA`, five.load(text, { schema: five.YAML11_SCHEMA }), merged],
  [`js-yaml ${version("js-yaml-4")}`, four.load(text), merged],
]) {
  const context = JSON.stringify(pod.spec.containers[0].securityContext);
  console.log(`${name}: ${context}`);
  if (context !== found) throw new Error("the behaviour changed");
}
END
node show.mjs
venv/bin/python - <<'END'
from pathlib import Path
import yaml

read = yaml.safe_load(Path("pod.yaml").read_text())["spec"]["containers"][0]["securityContext"]
print(f"PyYAML {yaml.__version__}: {read}")
assert read == {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
END
