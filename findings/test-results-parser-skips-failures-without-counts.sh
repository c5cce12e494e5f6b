#!/usr/bin/env bash
# test-results-parser calls a JUnit file with a failed test "SKIP" if its suites do not count their tests.
#
# Installed: test-results-parser 0.4.6.
#
# Expected: a suite says how many tests it has; its numbers of failures and errors are optional (the XML schema that Jenkins
# published and JUnit 5 tests its own files by), since they follow from the test cases. A suite with a failed test case has
# failed, as it does where the suite says failures="1".
#
# What happens: the status of a suite and of the file come from the attributes alone. Without `failures` the status is "SKIP",
# and the numbers of passed and failed tests are NaN, while the test case in the same answer is "FAIL".
#
# For an audit: a scan whose results are handed on as JUnit is reported as skipped although a control failed, and a gate that
# stops at "FAIL" lets it through. Look at the test cases, or write the counts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund test-results-parser@0.4.6
cat > show.cjs <<'END'
const { writeFileSync } = require("node:fs");
const { parse } = require("test-results-parser");

console.log("test-results-parser", require("./node_modules/test-results-parser/package.json").version);
const good = '<testcase classname="1.2" name="1.2.1"/>';
const failed = '<testcase classname="1.2" name="1.2.2"><failure message="anonymous requests are accepted"/></testcase>';
for (const [what, counts, found] of [
  ["with its failures", 'tests="2" failures="1"', ["FAIL", "FAIL", 1]],
  ["without", 'tests="2"', ["SKIP", "SKIP", null]],
]) {
  writeFileSync("results.xml", `<testsuites><testsuite name="benchmark" ${counts}>${good}${failed}</testsuite></testsuites>`);
  const { status, failed: number, suites: [suite] } = parse({ type: "junit", files: ["results.xml"] });
  console.log(`${what}: file ${status}, suite ${suite.status}, failed ${number}, test cases ${suite.cases.map((one) => one.status)}`);
  const seen = [status, suite.status, Number.isNaN(number) ? null : number];
  if (JSON.stringify(seen) !== JSON.stringify(found) || suite.cases[1].status !== "FAIL") throw new Error("the behaviour changed");
}
END
node show.cjs
