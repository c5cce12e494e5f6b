#!/usr/bin/env bash
# Kubernetes' JavaScript client gives a pod the usage of a pod with the same name in another namespace.
#
# Installed: @kubernetes/client-node 1.4.0. Version 2.0.1, which needs Node.js 22, does the same.
#
# Expected: topPods() of all namespaces tells for each pod what it uses, as `kubectl top pods -A` does. Names of pods are
# unique in a namespace, not in a cluster: a StatefulSet `web` has a pod web-0 in each namespace where it is installed.
#
# What happens: the metrics are looked up by the name alone, and those that come last stay. Each pod web-0 has the usage of
# the last web-0, without an error. With a namespace given the figures are right.
#
# For an audit: usage against requests, by team or by cost centre, is that of somebody else for each name that two namespaces
# share, and the sum over the cluster counts one pod as often. Ask namespace by namespace, or join by both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { topPods } from "@kubernetes/client-node";

console.log("@kubernetes/client-node", JSON.parse(readFileSync("node_modules/@kubernetes/client-node/package.json")).version);
const used = { shop: "2", test: "100m" };
const pods = Object.keys(used).map((namespace) => (
  { metadata: { name: "web-0", namespace }, spec: { containers: [{ name: "web" }] }, status: { phase: "Running" } }));
const metrics = Object.entries(used).map(([namespace, cpu]) => (
  { metadata: { name: "web-0", namespace }, containers: [{ name: "web", usage: { cpu, memory: "64Mi" } }] }));
const within = (list, namespace) => ({ items: list.filter((one) => !namespace || one.metadata.namespace === namespace) });
const api = {
  listPodForAllNamespaces: async () => within(pods),
  listNamespacedPod: async ({ namespace }) => within(pods, namespace),
};
const told = async (namespace) => (await topPods(api, { getPodMetrics: async (asked) => within(metrics, asked) }, namespace))
  .map((pod) => `${pod.Pod.metadata.namespace}/web-0 ${pod.CPU.CurrentUsage}`).join(", ");
for (const [namespace, found] of [["shop", "shop/web-0 2"], ["test", "test/web-0 0.1"], [undefined, "shop/web-0 0.1, test/web-0 0.1"]]) {
  const seen = await told(namespace);
  console.log(`${namespace ?? "all namespaces"}: ${seen}`);
  if (seen !== found) throw new Error("the behaviour changed");
}
END
node show.mjs
