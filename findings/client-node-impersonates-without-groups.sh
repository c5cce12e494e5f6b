#!/usr/bin/env bash
# Kubernetes' JavaScript client leaves out as-groups of a kubeconfig, and asks as the user alone.
#
# Installed: @kubernetes/client-node 1.4.0. Version 2.0.1, which needs Node.js 22, does the same.
#
# Expected: `as`, `as-uid`, `as-groups` and `as-user-extra` of a user in a kubeconfig become the headers Impersonate-User, -Uid,
# -Group and -Extra-*, as kubectl sends them. Of a token and a tokenFile, the file's content is sent (Kubernetes
# documentation, "kubeconfig (v1)", AuthInfo). Of several files in $KUBECONFIG, the first that sets current-context chooses
# it.
#
# What happens: Impersonate-User is sent, and nothing else of the four. Where both are given, the token of the kubeconfig is
# sent, even if it is older than the file's. The last file of $KUBECONFIG chooses the current context.
#
# For an audit: what a member of a group may do is asked as somebody who is in no group: rights that come by groups, which
# are most of them, are missing from the answers of access reviews. Write the kubeconfig for one cluster and one identity,
# and set the headers of groups by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat > show.mjs <<'END'
import { readFileSync, writeFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";

console.log("@kubernetes/client-node", JSON.parse(readFileSync("node_modules/@kubernetes/client-node/package.json")).version);
const write = (name, user) => writeFileSync(`${name}.yaml`, JSON.stringify({
  apiVersion: "v1", kind: "Config", "current-context": name, clusters: [{ name, cluster: { server: `https://${name}.example.com` } }],
  users: [{ name, user }], contexts: [{ name, context: { cluster: name, user: name } }] }));
write("one", { token: "a", as: "ada", "as-uid": "42", "as-groups": ["auditors"], "as-user-extra": { reason: ["review"] } });
write("two", { token: "old", tokenFile: "token.txt" });
writeFileSync("token.txt", "new");
const sent = async (files) => {
  process.env.KUBECONFIG = files;
  const config = new KubeConfig();
  config.loadFromDefault();
  const options = { headers: {} };
  await config.applyToHTTPSOptions(options);
  return JSON.stringify([config.getCurrentContext(), options.headers]);
};
for (const [files, found] of [
  ["one.yaml", '["one",{"Impersonate-User":"ada","Authorization":"Bearer a"}]'],
  ["two.yaml", '["two",{"Authorization":"Bearer old"}]'],
  ["one.yaml:two.yaml", '["two",{"Authorization":"Bearer old"}]'],
]) {
  const seen = await sent(files);
  console.log(`${files}: ${seen}`);
  if (seen !== found) throw new Error("the behaviour changed");
}
END
node show.mjs
