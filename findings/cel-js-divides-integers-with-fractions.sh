#!/usr/bin/env bash
# cel-js divides integers with a fraction, and takes neighbouring large integers for equal.
#
# Installed: cel-js 0.8.2, and @bufbuild/cel 0.6.1 beside it.
#
# Expected: in CEL, "/" of two integers is an integer, cut towards zero, and integers have 64 bits (CEL language definition,
# "Numeric Values" and "Arithmetic"). API servers evaluate admission policies so: 3 / 2 is 1.
#
# What happens: all numbers of cel-js are those of JavaScript. 3 / 2 is 1.5, and integers above 2^53 are rounded before they
# are compared. There is no error; the policy has another answer than in the cluster.
#
# For an audit: a policy that lets a disruption budget take fewer than half of the replicas (2 of 5) refuses in the cluster
# what passes in a test of it with this package. Test policies with an engine that has CEL's integers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund cel-js@0.8.2 @bufbuild/cel@0.6.1
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { run } from "@bufbuild/cel";
import { evaluate } from "cel-js";

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
console.log("cel-js", version("cel-js"), "@bufbuild/cel", version("@bufbuild/cel"));
for (const [expression, expected, found] of [
  ["6 / 2 == 3", true, true], ["3 / 2 == 1", true, false], ["5 / 2 >= 3", false, false], ["2 < 5 / 2", false, true],
  ["9007199254740993 == 9007199254740992", false, true],
]) {
  console.log(`${expression}: cel-js ${evaluate(expression)}, @bufbuild/cel ${run(expression)}`);
  if (evaluate(expression) !== found || run(expression) !== expected) throw new Error("the behaviour changed");
}
END
node show.mjs
