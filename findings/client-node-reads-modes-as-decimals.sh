#!/usr/bin/env bash
# Kubernetes' JavaScript client and hikaru read the mode 0400 of a manifest as 400, which is the mode 0620.
#
# Installed: @kubernetes/client-node 1.4.0, hikaru 1.3.0, and pyyaml 6.0.4 to compare with.
#
# Expected: 0400 in a manifest is octal, as it is for kubectl and the API server (Kubernetes documentation, "Secrets" and
# "Volumes": defaultMode in YAML is octal or decimal, in JSON decimal). So it is 256: the owner reads.
#
# What happens: both follow YAML 1.2, in which 0400 is the decimal number 400. As a mode, this is 0620: the owner reads and
# writes, and the group writes. The value is within what the API server accepts, so that it applies it. 0444 becomes 0674.
# PyYAML, which follows YAML 1.1, reads 256.
#
# For an audit: a file is checked or applied that shows one mode and has another, and a comparison with the cluster differs
# where nothing changed. Write modes as decimal numbers, or as 0o400, which client-node reads as 256.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile hikaru==1.3.0 pyyaml==6.0.4
cat > pod.yaml <<'EOF'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: example.com/web}]
  volumes: [{name: key, secret: {secretName: key, defaultMode: 0400}}]
EOF
cat > show.mjs <<'EOF'
import { readFileSync } from "node:fs";
import { loadYaml } from "@kubernetes/client-node";

const text = readFileSync("pod.yaml", "utf8");
console.log(loadYaml(text).spec.volumes[0].secret.defaultMode, loadYaml(text.replace("0400", "0o400")).spec.volumes[0].secret.defaultMode);
EOF
client=$(node show.mjs)
echo "@kubernetes/client-node: 0400 and 0o400 are $client"
[ "$client" = "400 256" ]
venv/bin/python - <<'EOF'
from importlib.metadata import version
from pathlib import Path
import hikaru
import yaml

text = Path("pod.yaml").read_text()
read = hikaru.load_full_yaml(yaml=text)[0].spec.volumes[0].secret.defaultMode
other = yaml.safe_load(text)["spec"]["volumes"][0]["secret"]["defaultMode"]
print(f"hikaru {version('hikaru')}: {read}, as a mode {read:04o}; PyYAML {version('pyyaml')}: {other}, as a mode {other:04o}")
assert (read, other) == (400, 0o400), "the behaviour changed"
EOF
