"""Sysdig: runtime events in every form, and what is malformed."""

import json
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, read, records, written

from tests.scans.readers.test_sysdig import REQUIREMENT, SECOND

EVENT = {
    "id": "1",
    "timestamp": 1795424400123456789,
    "severity": 4,
    "name": "Shells",
    "source": "syscall",
    "type": "policy",
    "content": {
        "ruleName": "Terminal shell",
        "output": "CANARY",
        "ruleTags": ["SOC2_CC6.6", "HIPAA_164.312(a)", "SOC2"],
        "fields": {"proc.cmdline": "sh -c CANARY", "evt.type": "execve", "user.name": "root"},
    },
    "labels": {
        "kubernetes.cluster.name": "shop-prod",
        "kubernetes.namespace.name": "shop",
        "kubernetes.pod.name": "web-1",
        "container.image.repo": "shop/web",
        "container.image.tag": "1",
        "kubernetes.node.name": "worker-1",
        "process.name": "sh -c CANARY",
    },
}
LEGACY = {
    "id": "2",
    "timestamp": 1795424400123456,
    "timestampNs": 1795424400123456789,
    "severity": 0,
    "name": "Files",
    "policyId": 5,
    "output": "CANARY",
    "fields": [{"key": "falco.rule", "value": "Write below etc"}, {"key": "proc.cmdline", "value": "CANARY"}],
    "eventLabels": [
        {"key": "kubernetes.namespace.name", "value": "shop"},
        {"key": "host.hostName", "value": "worker-2"},
    ],
}
ACTIVITY = {
    "id": "3",
    "agentId": 1,
    "type": "kubernetes",
    "timestamp": 1795424400123456789,
    "resource": "pods",
    "subResource": "exec",
    "namespace": "shop",
    "name": "web-1",
    "user": {"username": "ann", "groups": ["dev"]},
    "args": {"command": "CANARY"},
    "auditId": "a-1",
    "labels": {},
}


@pytest.mark.parametrize("form", ["lines", "page"])
def test_runtime_events(form: str, tmp_path: Path) -> None:
    rows = [EVENT, LEGACY, ACTIVITY]
    path = (
        written(tmp_path, "e.jsonl", rows)
        if form == "lines"
        else written(tmp_path, "e.json", {"data": rows, "page": {"total": 3}})
    )
    frames, (entry,) = read(path)
    new, old, activity = records(frames["events"])
    assert entry.outcome == "complete" and "CANARY" not in everything(frames)
    assert (new["rule"], new["severity"], new["tool_severity"], new["verb"]) == (
        "Terminal shell",
        "medium",
        "4",
        "execve",
    )
    assert (new["cluster"], new["kind"], new["name"], new["node"], new["image"]) == (
        "shop-prod",
        "Pod",
        "web-1",
        "worker-1",
        "shop/web:1",
    )
    assert new["time"] == old["time"] and new["time"].isoformat() == "2026-11-23T09:00:00.123456+00:00"
    assert (old["rule"], old["severity"], old["node"]) == ("Write below etc", "high", "worker-2")
    assert (activity["user"], activity["verb"], activity["subresource"], activity["audit_id"]) == (
        "ann",
        "kubernetes",
        "exec",
        "a-1",
    )
    assert {(one["framework"], one["reference"]) for one in records(frames["finding_references"])} == {
        ("SOC2", "CC6.6"),
        ("HIPAA", "164.312(a)"),
    }


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (0, "high"),
        (3, "high"),
        (5, "medium"),
        (6, "low"),
        (7, "info"),
        (8, "unknown"),
        (-1, "unknown"),
        (None, "unknown"),
        (True, "unknown"),
    ],
)
def test_severities_are_numbers(value: Any, severity: str, tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, "e.jsonl", [{**EVENT, "severity": value}] * 2))
    assert frames["events"]["severity"].tolist() == [severity] * 2


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(SECOND)[:300],
        json.dumps({"data": [REQUIREMENT, 5, None], "totalCount": 10**30}),
        json.dumps({**SECOND, "result": {**SECOND["result"], "packages": 5}}),
        json.dumps({"data": [{**EVENT, "labels": [1], "content": [2], "timestamp": 1e308}]}),
        json.dumps([EVENT, [[]]]),
    ],
)
def test_bad_input_is_a_sentence(content: str, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "x.json", content))
    assert "CANARY" not in everything(frames) and (entry.outcome == "complete" or entry.reason)
