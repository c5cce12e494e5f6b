#!/usr/bin/env bash
# Monokle fails restricted pods which set runAsNonRoot for the pod, and Windows pods for what Windows does not have.
#
# Installed: @monokle/validation 0.33.0.
#
# Expected: in the restricted standard, a container may leave runAsNonRoot undefined if the pod sets it to true; pods whose
# spec.os.name is "windows" are exempt from the rules on privilege escalation, seccomp and capabilities (Kubernetes
# documentation, "Pod Security Standards"). For seccomp the package does read the pod's field.
#
# What happens: PSS203 reads the containers only, so that a pod with `securityContext: {runAsNonRoot: true}` fails. A Windows
# pod fails PSS202, PSS205 and PSS206, which it cannot satisfy: the API server refuses these fields for it.
#
# For an audit: workloads that Pod Security admission accepts are exceptions in the report, and a comparison of the two finds
# a difference in each namespace. What is true for all containers must be said for each of them to satisfy both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts @monokle/validation@0.33.0
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { createDefaultMonokleValidator } from "@monokle/validation";

const name = "pod-security-standards";
console.log("@monokle/validation", JSON.parse(readFileSync("node_modules/@monokle/validation/package.json")).version);
const validator = createDefaultMonokleValidator();
const restricted = ["volume-types", "privilege-escalation", "running-as-non-root", "running-as-non-root-user", "seccomp-strict",
  "capabilities-strict"];
await validator.preload({ plugins: { [name]: true }, rules: Object.fromEntries(restricted.map((rule) => [`${name}/${rule}`, "err"])) });
const strict = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const seccompProfile = { type: "RuntimeDefault" };
const pod = (spec, securityContext) => {
  const content = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" },
    spec: { ...spec, containers: [{ name: "web", image: "example.com/web", securityContext }] } };
  return { id: "1", fileId: "1", filePath: "pod.yaml", fileOffset: 0, name: "web", apiVersion: "v1", kind: "Pod", content,
    text: JSON.stringify(content) };
};
for (const [what, resource, found] of [
  ["runAsNonRoot of the container", pod({ securityContext: { seccompProfile } }, { ...strict, runAsNonRoot: true }), ""],
  ["runAsNonRoot of the pod", pod({ securityContext: { seccompProfile, runAsNonRoot: true } }, strict), "PSS203"],
  ["Windows", pod({ os: { name: "windows" } }, { runAsNonRoot: true }), "PSS202 PSS205 PSS206"],
]) {
  const { runs } = await validator.validate({ resources: [resource] });
  const failed = [...new Set(runs.flatMap((run) => run.results.map((result) => result.ruleId)))].sort().join(" ");
  console.log(`${what}: ${failed || "nothing"} fails, expected nothing`);
  if (failed !== found) throw new Error("the behaviour changed");
}
END
node show.mjs
