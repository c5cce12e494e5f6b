#!/usr/bin/env bash
# cdxgen loses images of a Kubernetes manifest that has three hyphens within a line, or is a List.
#
# Installed: @cyclonedx/cdxgen 12.8.4.
#
# Expected: a line of three hyphens separates documents of a YAML file; hyphens in a comment or in a text do not. A manifest's
# images are those of its workloads, also of those in a `kind: List`, which `kubectl get -o yaml` writes.
#
# What happens: parseContainerSpecData(), which finds the images for the types "kubernetes" and "docker-compose", cuts the text
# at any three hyphens, and passes over the pieces that cannot be read. After a comment such as "# --- shop ---" the
# containers are gone; a certificate in the file ("-----BEGIN ...") can cost all of them. In a List nothing is looked up.
# There is no warning.
#
# For an audit: these images are in no bill of materials, and nothing is known against what is in no bill of materials. Compare
# the number of images with that of the cluster.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional @cyclonedx/cdxgen@12.8.4
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { parseContainerSpecData } from "@cyclonedx/cdxgen/helpers/utils";

console.log("@cyclonedx/cdxgen", JSON.parse(readFileSync("node_modules/@cyclonedx/cdxgen/package.json")).version);
const pod = (between) => `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
  - {name: prepare, image: example.com/prepare:1}
  containers:
  ${between}
  - {name: web, image: example.com/web:1}
`;
const list = `apiVersion: v1\nkind: List\nitems:\n- ${pod("# shop").trimEnd().replaceAll("\n", "\n  ")}\n`;
const certificate = '- {name: proxy, image: example.com/proxy:1, env: [{name: CA, value: "-----BEGIN CERTIFICATE-----"}]}';
const [prepare, web] = ["example.com/prepare:1", "example.com/web:1"];
for (const [what, text, found] of [
  ["a comment", pod("# shop"), [prepare, web]],
  ["two documents", `${pod("# shop")}---\n${pod("# shop").replace("web:1", "web:2")}`, [prepare, web, "example.com/web:2"]],
  ["a comment with hyphens", pod("# --- shop ---"), [prepare]],
  ["a certificate", pod(certificate), []],
  ["a List", list, []],
]) {
  const images = parseContainerSpecData(text).map((one) => one.image).filter(Boolean);
  console.log(`${what}: ${images.join(", ") || "no images"}`);
  if (images.join() !== found.join()) throw new Error("the behaviour changed");
}
END
node show.mjs
