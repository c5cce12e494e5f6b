#!/usr/bin/env bash
# Backstage finds no errors of pods that cannot start, nor of Deployments that may not create pods.
#
# Installed: @backstage/plugin-kubernetes-common 0.9.13.
#
# Expected: detectErrors() names what is wrong with a service's pods and Deployments: a crash loop, a message of a condition
# (Backstage documentation, "Kubernetes"). An init container that fails is as final as another one.
#
# What happens: of pods only the statuses of the ordinary containers are read. A crash loop of an init container, a pod that
# fits on no node and one that was evicted have no error. Of Deployments, conditions that are "False" are errors, but
# ReplicaFailure says "True" where pods are refused by a quota or by Pod Security.
#
# For an audit: "no errors" on the service's page is no evidence that the release runs. An update that the cluster refuses
# (a pod against the policy, say) looks like a good one as long as the old pods are there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @backstage/plugin-kubernetes-common@0.9.13
cat > show.cjs <<'END'
const { detectErrors } = require("@backstage/plugin-kubernetes-common");

const name = "@backstage/plugin-kubernetes-common";
console.log(name, require(`./node_modules/${name}/package.json`).version);
const metadata = { name: "web", namespace: "shop" };
const pod = (status) => ({ type: "pods", resources: [
  { metadata, spec: { initContainers: [{ name: "prepare" }], containers: [{ name: "web" }] }, status }] });
const deployment = (...conditions) => ({ type: "deployments", resources: [{ metadata, status: { conditions } }] });
const available = { type: "Available", status: "True", message: "Deployment has minimum availability." };
const crash = { ready: false, restartCount: 8, state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } } };
const behind = { name: "web", ready: false, restartCount: 0, state: { waiting: { reason: "PodInitializing" } } };
for (const [what, resources, found] of [
  ["crash loop", pod({ phase: "Running", containerStatuses: [{ name: "web", ...crash }] }), "container-waiting containers-restarting"],
  ["crash loop of an init container",
    pod({ phase: "Pending", initContainerStatuses: [{ name: "prepare", ...crash }], containerStatuses: [behind] }), ""],
  ["fits on no node",
    pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes are available" }] }), ""],
  ["evicted", pod({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." }), ""],
  ["update takes too long",
    deployment(available, { type: "Progressing", status: "False", message: "has timed out" }), "condition-message-present"],
  ["pods are refused",
    deployment(available, { type: "ReplicaFailure", status: "True", message: "pods is forbidden: exceeded quota" }), ""],
]) {
  const errors = detectErrors({ items: [{ cluster: { name: "c" }, resources: [resources], podMetrics: [], errors: [] }] }).get("c");
  const types = errors.map((error) => error.type).join(" ");
  console.log(`${what}: ${types || "no errors"}`);
  if (types !== found) throw new Error("the behaviour changed");
}
END
node show.cjs
