#!/usr/bin/env bash
# xunitparser finds no failure in suites that are within a suite: the run is a success.
#
# Installed: xunitparser 1.3.4, junitparser 5.0.3.
#
# Expected: a <testsuite> of JUnit's XML may hold others, such as one for each namespace or section; the schemas of Jenkins
# and of the JUnit platform allow it. A reader takes their test cases too, as junitparser does, or refuses.
#
# What happens: only test cases that are directly in the first level are read. Those of inner suites are neither among the
# tests nor in the result, and wasSuccessful() is true. There is an error only where the root states totals.
#
# For an audit: results that are grouped by cluster and section are an empty, green run; with some test cases beside the inner
# suites even the number of tests does not show it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile xunitparser==1.3.4 junitparser==5.0.3
venv/bin/python - <<'EOF'
import io
from importlib.metadata import version
import junitparser, xunitparser

print("xunitparser", version("xunitparser"))
fails = '<testcase classname="5.2" name="5.2.2"><failure message="2 containers are privileged"/></testcase>'
passes = '<testcase classname="5.1" name="5.1.1"/>'
section = f'<testsuite name="5.2">{fails}</testsuite>'
for name, text, count, ok in (("flat", f"<testsuites>{section}</testsuites>", 1, False),
                              ("nested", f'<testsuites><testsuite name="cluster">{section}</testsuite></testsuites>', 0, True),
                              ("nested, beside a pass", f'<testsuites><testsuite name="cluster">{passes}{section}</testsuite></testsuites>', 1, True)):
    tests, result = xunitparser.parse(io.StringIO(text))
    other = junitparser.JUnitXml.fromstring(text)
    other.update_statistics()
    print(f"{name}: {len(list(tests))} tests, success {result.wasSuccessful()}; by junitparser {other.tests} tests, {other.failures} failures")
    assert (len(list(tests)), result.wasSuccessful()) == (count, ok) and other.failures == 1, "the behaviour changed"
EOF
