#!/usr/bin/env bash
# openscap-report says that a rule passes where one instance of it fails and the next one passes.
#
# Installed: openscap-report 1.0.0.
#
# Expected: a rule of XCCDF with multiple="true" has a result for each instance, such as each file or service, with one idref
# and different <instance> elements (XCCDF 1.2, NIST IR 7275 revision 4, rule-result). Of a rule with a failed instance the
# report says "fail", or it lists the instances.
#
# What happens: results are kept by the rule's identifier, so that the last one of the document is that of the rule: "fail,
# pass" is a pass at 100 %, "pass, fail" a failure. The document is valid: the library checks it against the schema itself.
#
# For an audit: of a node with ten files of which nine are writable by all, the report says that the rule is met if the tenth
# is right. Count rule-results in the document.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile openscap-report==1.0.0
venv/bin/python - <<'EOF'
import logging
from importlib.metadata import version
from openscap_report.scap_results_parser.scap_results_parser import SCAPResultsParser

logging.disable()  # it warns of what an XCCDF report does not have
print("openscap-report", version("openscap-report"))

def document(*results):
    given = "".join(f"""
      <rule-result idref="xccdf_org.example_rule_owner" time="2026-01-01T00:00:30+00:00" severity="high" weight="1.0">
        <result>{result}</result>
        <instance>/etc/kubernetes/{number}.conf</instance>
      </rule-result>""" for number, result in enumerate(results))
    return f"""<?xml version="1.0"?>
    <Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_org.example_benchmark_nodes" resolved="1">
      <status date="2026-01-01">accepted</status>
      <title>Nodes</title>
      <description>Nodes</description>
      <platform idref="cpe:/o:example:node"/>
      <version>1</version>
      <Profile id="xccdf_org.example_profile_all">
        <title>All</title>
        <select idref="xccdf_org.example_rule_owner" selected="true"/>
      </Profile>
      <Rule id="xccdf_org.example_rule_owner" selected="true" severity="high" multiple="true">
        <title>Files belong to root</title>
      </Rule>
      <TestResult id="xccdf_org.example_testresult_one" start-time="2026-01-01T00:00:00+00:00"
          end-time="2026-01-01T00:01:00+00:00" version="1" test-system="cpe:/a:redhat:openscap:1.3.6">
        <benchmark href="nodes.xml" id="xccdf_org.example_benchmark_nodes"/>
        <title>Nodes</title>
        <profile idref="xccdf_org.example_profile_all"/>
        <target>node-1</target>
        <target-address>127.0.0.1</target-address>
        <target-facts/>{given}
        <score system="urn:xccdf:scoring:default" maximum="100.0">0.0</score>
      </TestResult>
    </Benchmark>""".encode()

for results, found in ((("fail", "pass"), "pass"), (("pass", "fail"), "fail"), (("fail",), "fail")):
    report = SCAPResultsParser(document(*results)).parse_report()
    (rule,) = report.rules.values()
    stats = report.get_rule_results_stats()
    print(f"instances: {', '.join(results)} | rule: {rule.result} | passes: {stats['pass_percent']:.0f} %")
    assert rule.result == found and stats["pass_percent"] == (100 if found == "pass" else 0), "the behaviour changed"
EOF
