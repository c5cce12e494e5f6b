#!/usr/bin/env bash
# Freelens reads the memory 512M of a manifest as 512 bytes, and 129e6 as 129.
#
# Installed: @freelensapp/utilities 1.9.0, and k8s-resource-parser 0.2.2 beside it.
#
# Expected: a quantity has a decimal suffix (k, M, G, ...), a binary one (Ki, Mi, Gi, ...) or an exponent: 512M is 512 million
# bytes, and 129e6, 129M and 128974848000m are "roughly the same" amount (Kubernetes documentation, "Resource Management for
# Pods and Containers").
#
# What happens: unitsToBytes() knows the binary suffixes only. Of each other text it takes the number in front, without an
# error: 512M is 512, 1G is 1, 129e6 is 129. cpuUnitsToNumber(), in the same package, reads M, G and exponents.
#
# For an audit: a container with the limit 1G is one without memory worth mentioning; totals of a namespace are right for
# those who write Mi, and leave out those who write M. Write Mi and Gi, or read quantities with the other package.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @freelensapp/utilities@1.9.0 k8s-resource-parser@0.2.2
cat > show.cjs <<'END'
const { cpuUnitsToNumber, unitsToBytes } = require("@freelensapp/utilities");
const { memoryParser } = require("k8s-resource-parser");

const version = (name) => require(`./node_modules/${name}/package.json`).version;
console.log("@freelensapp/utilities", version("@freelensapp/utilities"), "k8s-resource-parser", version("k8s-resource-parser"));
for (const [text, expected, found] of [
  ["512Mi", 536870912, 536870912], ["1.5Gi", 1610612736, 1610612736], ["512M", 512e6, 512], ["1G", 1e9, 1],
  ["129e6", 129e6, 129], ["500k", 500e3, 500],
]) {
  console.log(`${text}: unitsToBytes ${unitsToBytes(text)}, k8s-resource-parser ${memoryParser(text)}`);
  if (unitsToBytes(text) !== found || memoryParser(text) !== expected) throw new Error("the behaviour changed");
}
if (cpuUnitsToNumber("1M") !== 1e6) throw new Error("the behaviour changed");
END
node show.cjs
