#!/usr/bin/env bash
# sarif-to-markdown leaves out results of rules without a level, and does not read the levels of results.
#
# Installed: @security-alert/sarif-to-markdown 1.11.1.
#
# Expected: a result has its own level, else that of its rule, else "warning" (SARIF 2.1.0, 3.27.10). The report holds the
# results of all levels by default, and shouldFail is true where a result has a level of failOn. A suppression whose status
# is "rejected" does not suppress (3.35.3).
#
# What happens: only the rule's level counts. Results of a rule that has no level are in no section: the report says
# "Nothing here." and hasMessages is false. An error of a rule whose level is "note" is a note, and shouldFail is false. A
# result whose suppression was rejected is among the suppressed ones.
#
# For an audit: the comment of a pull request, or the page that is kept as evidence, says that nothing was found. Compare its
# number of results with that of the file, or write the levels into the rules first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @security-alert/sarif-to-markdown@1.11.1
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { sarifToMarkdown } from "@security-alert/sarif-to-markdown";

const name = "@security-alert/sarif-to-markdown";
console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
const place = { physicalLocation: { artifactLocation: { uri: "deploy.yaml" }, region: { startLine: 3 } } };
const told = (level, result) => {
  const rule = { id: "no-privileged", ...(level && { defaultConfiguration: { level } }) };
  const found = { ruleId: rule.id, ruleIndex: 0, message: { text: "runs privileged" }, locations: [place], ...result };
  const log = { version: "2.1.0", runs: [{ tool: { driver: { name: "lint", rules: [rule] } }, results: [found] }] };
  const options = { owner: "shop", repo: "web", branch: "main", sourceRoot: "", simple: true, failOn: ["error"] };
  const [{ body, hasMessages, shouldFail }] = sarifToMarkdown(options)(log);
  const [open, suppressed] = body.split(/Suppressed results/i).map((part) => part.includes("deploy.yaml#L3"));
  return { open, suppressed, hasMessages, shouldFail };
};
for (const [what, level, result, found] of [
  ["error by its rule", "error", {}, "true false true true"],
  ["error, the rule has no level", undefined, { level: "error" }, "false false false false"],
  ["no level at all, so a warning", undefined, {}, "false false false false"],
  ["error, the rule has note", "note", { level: "error" }, "true false true false"],
  ["rejected suppression", "error", { suppressions: [{ kind: "external", status: "rejected" }] }, "false true true true"],
]) {
  const seen = told(level, result);
  console.log(`${what}: ${JSON.stringify(seen)}`);
  if (Object.values(seen).join(" ") !== found) throw new Error("the behaviour changed");
}
END
node show.mjs
