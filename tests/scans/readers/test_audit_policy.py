"""Audit policies: what their rules name becomes rows."""

import json
from pathlib import Path

import pytest
import yaml
from scan_worlds import read, records, written

POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [system:kube-proxy]
  verbs: [watch]
  resources: [{group: "", resources: [endpoints, services], resourceNames: [a, b]}, {group: apps}]
- level: Request
  userGroups: [system:nodes]
  namespaces: [kube-system, ""]
  omitStages: [Panic]
- level: Metadata
  nonResourceURLs: ["/healthz*"]
"""


DOCUMENT = yaml.safe_load(POLICY)


def test_each_thing_that_a_rule_names_is_a_row(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "policy.yaml", POLICY))
    rows = [(row["rule"], row["level"], row["what"], row["api_group"], row["value"], row["name"])
            for row in records(frames["audit_policy"])]
    assert rows == [
        (0, "None", "rule", None, None, None), (0, "None", "omitted stage", None, "RequestReceived", None),
        (0, "None", "user", None, "system:kube-proxy", None), (0, "None", "verb", None, "watch", None),
        (0, "None", "resource", "", "endpoints", "a"), (0, "None", "resource", "", "endpoints", "b"),
        (0, "None", "resource", "", "services", "a"), (0, "None", "resource", "", "services", "b"),
        (0, "None", "resource", "apps", None, None),
        (1, "Request", "rule", None, None, None), (1, "Request", "omitted stage", None, "Panic", None),
        (1, "Request", "omitted stage", None, "RequestReceived", None),
        (1, "Request", "user group", None, "system:nodes", None), (1, "Request", "namespace", None, "", None),
        (1, "Request", "namespace", None, "kube-system", None),
        (2, "Metadata", "rule", None, None, None), (2, "Metadata", "omitted stage", None, "RequestReceived", None),
        (2, "Metadata", "url", None, "/healthz*", None)]
    assert (entry.resource, entry.outcome) == ("scan:audit-policy:policy.yaml", "complete")


@pytest.mark.parametrize("version", ["audit.k8s.io/v1", "audit.k8s.io/v1beta1"])
def test_json_and_older_versions_are_read(version: str, tmp_path: Path) -> None:
    policy = {"apiVersion": version, "kind": "Policy", "rules": [{"level": "Metadata"}]}
    frames, _ = read(written(tmp_path, "policy.json", json.dumps(policy)))
    assert frames["audit_policy"]["level"].tolist() == ["Metadata"]


def test_other_policies_are_none(tmp_path: Path) -> None:
    other = {"apiVersion": "kyverno.io/v1", "kind": "Policy", "metadata": {"name": "x"}, "spec": {"rules": []}}
    frames, (entry,) = read(written(tmp_path, "policy.json", json.dumps(other)))
    assert not len(frames["audit_policy"]) and "audit-policy" not in entry.resource


@pytest.mark.parametrize(("rules", "says"), [
    ([{"users": ["a"]}], "missing required field `level`"), ([{"level": 3}], "Expected `str`, got `int`"),
    ("all", "Expected `array"),
])
def test_a_rule_that_is_none_is_a_gap(rules: object, says: str, tmp_path: Path) -> None:
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}
    frames, (entry,) = read(written(tmp_path, "policy.json", json.dumps(policy)))
    assert entry.outcome == "partial" and says in entry.reason and not len(frames["audit_policy"])


def test_two_policies_in_a_file_are_a_gap(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "policy.yaml", f"{POLICY}---\n{POLICY}"))
    assert entry.outcome == "partial" and "several audit policies" in entry.reason
    assert frames["audit_policy"]["rule"].max() == 2
