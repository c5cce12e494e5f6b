#!/usr/bin/env bash
# Kubernetes' JavaScript client leaves init containers and sidecars out of what a pod requests.
#
# Installed: @kubernetes/client-node 1.4.0.
#
# Expected: a pod's request for a resource is the larger of the sum of its containers and what its init containers need;
# init containers with restartPolicy Always (sidecars) run beside the containers and are added to the sum (Kubernetes
# documentation, "Init Containers" and "Sidecar Containers", resource sharing). The scheduler and quotas count so.
#
# What happens: topNodes() adds up spec.containers alone. An init container that asks for 4 CPUs, or a sidecar that asks for
# 1, is not in the figure of the node.
#
# For an audit: figures of capacity are too low in each cluster with sidecars (a service mesh may have one in each pod), and
# nothing shows it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat > show.mjs <<'EOF'
import { readFileSync } from "node:fs";
import { topNodes } from "@kubernetes/client-node";

console.log("@kubernetes/client-node", JSON.parse(readFileSync("node_modules/@kubernetes/client-node/package.json")).version);
const asks = (name, cpu, more = {}) => ({ name, resources: { requests: { cpu } }, ...more });
const node = { metadata: { name: "one" }, status: { allocatable: { cpu: "8", memory: "16Gi" } } };
const pods = [
  ["container 0.5", 0.5, { containers: [asks("web", "500m")] }],
  ["container 0.5, init container 4", 4, { containers: [asks("web", "500m")], initContainers: [asks("migrate", "4")] }],
  ["container 0.5, sidecar 1", 1.5,
    { containers: [asks("web", "500m")], initContainers: [asks("proxy", "1", { restartPolicy: "Always" })] }],
];
for (const [what, expected, spec] of pods) {
  const pod = { metadata: { name: "web" }, spec: { nodeName: "one", ...spec }, status: { phase: "Running" } };
  const api = { listNode: async () => ({ items: [node] }), listPodForAllNamespaces: async () => ({ items: [pod] }) };
  const found = Number((await topNodes(api))[0].CPU.RequestTotal);
  console.log(`${what}: requested on the node ${found}, in Kubernetes ${expected}`);
  if (found !== 0.5) throw new Error("the behaviour changed");
}
EOF
node show.mjs
