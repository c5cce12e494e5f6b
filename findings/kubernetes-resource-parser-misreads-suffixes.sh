#!/usr/bin/env bash
# kubernetes-resource-parser reads 100 nanocores as 100 CPUs, and 1.5Gi as one byte.
#
# Installed: kubernetes-resource-parser 0.1.0.
#
# Expected: quantities of Kubernetes have the suffixes n, u, m, k, M, G, T, P, E and Ki to Ei, decimal fractions, and exponents
# such as 12e6 (Kubernetes API reference, Quantity). The metrics API gives CPUs in n, as in "2500000n".
#
# What happens: cpuParser knows m alone, and takes the number before each other suffix as CPUs. memoryParser takes the number
# before a point or an exponent as bytes. Both give a number; there is no error.
#
# For an audit: usage from the metrics API is a thousand million times too high, and a limit of 1.5Gi is a limit of a byte:
# "each container uses more than its limit". A container with the limit 1.5Gi is lost from a list of the largest ones.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund kubernetes-resource-parser@0.1.0
cat > show.mjs <<'EOF'
import parser from "kubernetes-resource-parser";
import { readFileSync } from "node:fs";

console.log("kubernetes-resource-parser", JSON.parse(readFileSync("node_modules/kubernetes-resource-parser/package.json")).version);
const { cpuParser, memoryParser } = parser;
for (const [read, text, expected, found] of [
  [cpuParser, "500m", 0.5, 0.5], [cpuParser, "2500000n", 0.0025, 2500000], [cpuParser, "100u", 0.0001, 100], [cpuParser, "1k", 1000, 1],
  [memoryParser, "1Gi", 1073741824, 1073741824], [memoryParser, "1.5Gi", 1610612736, 1], [memoryParser, "12e6", 12000000, 12],
]) {
  console.log(`${read.name}("${text}"): ${read(text)}, in Kubernetes ${expected}`);
  if (read(text) !== found) throw new Error("the behaviour changed");
}
EOF
node show.mjs
