#!/usr/bin/env bash
# Kubernetes' JavaScript client adds a container's memory limit where it counts the memory that a pod requests.
#
# Installed: @kubernetes/client-node 1.4.0.
#
# Expected: the memory that a pod requests is the sum of its containers' requests (Kubernetes documentation, "Resource
# Management for Pods and Containers"). topPods() tells it as Memory.RequestTotal, beside LimitTotal.
#
# What happens: for a pod with one container it is right. With more, it is the limits of all but the last one, and the
# request of the last one: 100Mi and 100Mi with limits of 1Gi are 1124Mi. Without limits, only the last request is left.
# CPUs are added up as they should be.
#
# For an audit: what a namespace reserves is too high or too low, according to limits that have nothing to do with it, for
# each pod with a second container. Add up the containers' figures, which are right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat > show.mjs <<'EOF'
import { readFileSync } from "node:fs";
import { topPods } from "@kubernetes/client-node";

console.log("@kubernetes/client-node", JSON.parse(readFileSync("node_modules/@kubernetes/client-node/package.json")).version);
const Mi = 1024 * 1024;
const asks = (name, limits) => ({ name, resources: { requests: { cpu: "100m", memory: "100Mi" }, limits } });
for (const [what, containers, expected, found] of [
  ["one container", [asks("web", { memory: "1Gi" })], 100, 100],
  ["two containers with limits of 1Gi", [asks("web", { memory: "1Gi" }), asks("log", { memory: "1Gi" })], 200, 1124],
  ["two containers without limits", [asks("web"), asks("log")], 200, 100],
]) {
  const pod = { metadata: { name: "web", namespace: "shop" }, spec: { containers }, status: { phase: "Running" } };
  const api = { listPodForAllNamespaces: async () => ({ items: [pod] }) };
  const [told] = await topPods(api, { getPodMetrics: async () => ({ items: [] }) });
  console.log(`${what}: requests ${Number(told.Memory.RequestTotal) / Mi}Mi, expected ${expected}Mi; CPUs ${told.CPU.RequestTotal}`);
  if (Number(told.Memory.RequestTotal) !== found * Mi) throw new Error("the behaviour changed");
}
EOF
node show.mjs
