#!/usr/bin/env bash
# Kubernetes' JavaScript client reads Calico's NetworkPolicy as Kubernetes' own: a rule that denies becomes one that allows all.
#
# Installed: @kubernetes/client-node 1.4.0. Version 2.0.1, which needs Node.js 22, hands on all fields.
#
# Expected: a kind belongs to its API group: crd.projectcalico.org/v1 NetworkPolicy, serving.knative.dev/v1 Service and others are
# custom resources with their own fields, which loadYaml() and KubernetesObjectApi hand on as they are, as they do with kinds
# that Kubernetes does not have.
#
# What happens: the type is chosen by version and kind, without the group. The fields that Kubernetes' type of this name does
# not have are dropped, without an error: of Calico's "action: Deny" from 10.0.0.0/8 an empty rule is left, which allows
# everything in a NetworkPolicy; of a Knative Service the specification is gone. An object that is read from the cluster
# loses the same.
#
# For an audit: deny rules are read as open ones, and what is written back is so. Use CustomObjectsApi, which has no types, and a
# YAML parser for files, or version 2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { KubeConfig, KubernetesObjectApi, dumpYaml, loadYaml } from "@kubernetes/client-node";

console.log("@kubernetes/client-node", JSON.parse(readFileSync("node_modules/@kubernetes/client-node/package.json")).version);
const metadata = { name: "web", namespace: "shop" };
const calico = { apiVersion: "crd.projectcalico.org/v1", kind: "NetworkPolicy", metadata,
  spec: { selector: "all()", types: ["Ingress"], ingress: [{ action: "Deny", source: { nets: ["10.0.0.0/8"] } }] } };
const knative = { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata, spec: { traffic: [{ percent: 100 }] } };
const istio = { apiVersion: "networking.istio.io/v1", kind: "Gateway", metadata, spec: { servers: [{ port: { number: 80 } }] } };
const live = (object) => new Promise((resolve, reject) => {
  const plural = `${object.kind.toLowerCase().replace(/y$/, "ie")}s`;
  const resources = { kind: "APIResourceList", apiVersion: "v1", groupVersion: object.apiVersion,
    resources: [{ name: plural, kind: object.kind, namespaced: true, verbs: ["get"] }] };
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === `/apis/${object.apiVersion}` ? resources : object));
  });
  server.listen(0, "127.0.0.1", async () => {
    try {
      const config = new KubeConfig();
      config.loadFromClusterAndUser({ name: "c", server: `http://127.0.0.1:${server.address().port}`, skipTLSVerify: true }, { name: "u" });
      const { apiVersion, kind } = object;
      resolve(await KubernetesObjectApi.makeApiClient(config).read({ apiVersion, kind, metadata }));
    } catch (error) { reject(error); } finally { server.close(); server.closeAllConnections(); }
  });
});
for (const [object, found] of [[calico, { ingress: [{}] }], [knative, {}], [istio, istio.spec]]) {
  const [file, cluster] = [loadYaml(JSON.stringify(object)), await live(object)].map((read) => JSON.stringify(read.spec));
  const written = JSON.stringify(loadYaml(dumpYaml(loadYaml(JSON.stringify(object)))).spec);
  console.log(`${object.apiVersion} ${object.kind}: from a file ${file}, from a cluster ${cluster}`);
  if ([file, cluster, written].some((spec) => spec !== JSON.stringify(found))) throw new Error("the behaviour changed");
}
END
node show.mjs
