#!/usr/bin/env bash
# Two parsers of JUnit files leave out the tests of a suite that stands inside of another one.
#
# Installed: test-results-parser 0.4.6, junitxml-to-javascript 1.1.4.
#
# Expected: a test suite may hold suites (the XML schema of Jenkins' xUnit plugin, "junit-10.xsd"; PHPUnit and others write
# such files), for the sections of a benchmark, say. A parser has all test cases, or says that it does not read such files.
#
# What happens: both read the test cases of the outer suite only. A failed test of an inner suite is in no list; in
# junitxml-to-javascript it is in no count either: one test, succeeded, no errors. There is no warning.
#
# For an audit: sections of a benchmark that are written as inner suites are not in the report, and all that is left has
# passed. Flatten the suites before, or compare the number of <testcase> elements.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund test-results-parser@0.4.6 junitxml-to-javascript@1.1.4
cat > show.cjs <<'END'
const { writeFileSync } = require("node:fs");
const Other = require("junitxml-to-javascript");
const { parse } = require("test-results-parser");

const version = (name) => require(`./node_modules/${name}/package.json`).version;
console.log("test-results-parser", version("test-results-parser"), "junitxml-to-javascript", version("junitxml-to-javascript"));
const good = '<testcase classname="etcd" name="2.1"/>';
const failed = '<testcase classname="api" name="1.2.1"><failure message="anonymous requests are accepted"/></testcase>';
const told = async (inner) => {
  writeFileSync("results.xml", `<testsuites><testsuite name="benchmark" tests="2" failures="1">${inner}${good}</testsuite></testsuites>`);
  const cases = parse({ type: "junit", files: ["results.xml"] }).suites.flatMap((suite) => suite.cases.map((one) => one.status));
  const { testsuites } = await new Other().parseXMLFile("results.xml");
  const count = (name) => testsuites.reduce((sum, suite) => sum + suite[name], 0);
  return JSON.stringify([cases.sort(), count("tests"), count("succeeded"), count("errors")]);
};
(async () => {
  for (const [what, inner, found] of [
    ["one suite", failed, '[["FAIL","PASS"],2,1,1]'],
    ["a suite in a suite", `<testsuite name="section" tests="1" failures="1">${failed}</testsuite>`, '[["PASS"],1,1,0]'],
  ]) {
    const seen = await told(inner);
    console.log(`${what} (test-results-parser's cases; junitxml-to-javascript's tests, succeeded, errors): ${seen}`);
    if (seen !== found) throw new Error("the behaviour changed");
  }
})().catch((error) => { console.error(error.message); process.exit(1); });
END
node show.cjs
