#!/usr/bin/env bash
# A NetworkPolicy that Kubernetes' JavaScript client has read is, as JSON, one that lets everybody in.
#
# Installed: @kubernetes/client-node 1.4.0. Version 2.0.1, which needs Node.js 22, does the same.
#
# Expected: an object that was read and is written with JSON.stringify() is the object, which other tools can read: names of
# fields are those of the API, as `spec`, `podSelector` and the rest are.
#
# What happens: fields whose names are words of JavaScript have an underscore: `from` of an ingress rule is `_from`, `continue` of
# a list `_continue`, `default` and `enum` of a CRD's schema `_default` and `_enum`. rule.from is undefined. Only dumpYaml()
# gives the names back.
#
# For an audit: an ingress rule without "from" allows all sources. A check that reads rule.from takes each policy for an open one,
# and a copy of the cluster that was kept as JSON says so to every tool that reads it later. Write it with dumpYaml().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { dumpYaml, loadYaml } from "@kubernetes/client-node";

console.log("@kubernetes/client-node", JSON.parse(readFileSync("node_modules/@kubernetes/client-node/package.json")).version);
const rule = { from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }] };
const policy = loadYaml(JSON.stringify({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "db" },
  spec: { podSelector: {}, ingress: [rule] } }));
const [read] = policy.spec.ingress;
const [asJson] = JSON.parse(JSON.stringify(policy)).spec.ingress;
const asYaml = dumpYaml(policy);
console.log(`fields of the rule: ${Object.keys(read)}; as JSON ${Object.keys(asJson)}\n${asYaml}`);
if (read.from !== undefined || Object.keys(asJson).join() !== "_from,ports" || !/^ +- from:$/m.test(asYaml)) {
  throw new Error("the behaviour changed");
}
END
node show.mjs
