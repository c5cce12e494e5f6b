"""Falco: alerts become events without their output, command lines and arguments."""

import json
from pathlib import Path

import pytest
from scan_worlds import everything, plain, read, records, samples, written

ALERT = {
    "hostname": "worker-1",
    "output": "CANARY",
    "priority": "Critical",
    "rule": "Terminal shell in container",
    "source": "syscall",
    "tags": ["container", "mitre_execution", "T1059", "PCI_DSS_10.2.5", "NIST_800-53_SI-4", "NIST"],
    "time": "2026-11-23T09:00:00.123456789Z",
    "output_fields": {
        "container.name": "web",
        "container.id": "abc",
        "container.image.repository": "registry.acme.example/web",
        "container.image.tag": "1.2",
        "k8s.ns.name": "shop",
        "k8s.pod.name": "web-1",
        "evt.time": 1795424400123456789,
        "evt.type": "execve",
        "proc.cmdline": "sh -c CANARY",
        "proc.aname[2]": "CANARY",
        "user.name": "<NA>",
    },
}


@pytest.mark.parametrize("path", samples("falco"))
def test_each_alert_of_a_sample_is_an_event(path: Path) -> None:
    frames, (entry,) = read(path)
    expected, events = plain(path), records(frames["events"])
    assert entry.resource == f"scan:falco:{path.name}" and entry.outcome == "complete"
    assert [event["rule"] for event in events] == [alert["rule"] for alert in expected]
    assert [event["tool_severity"] for event in events] == [alert["priority"] for alert in expected]
    for event, alert in zip(events, expected, strict=True):
        assert event["time"].isoformat()[:19] == alert["time"][:19]
        fields = alert["output_fields"]
        assert event["namespace"] == (
            fields.get("ka.target.namespace") if "ka.verb" in fields else fields["k8s.ns.name"]
        )
        assert alert["output"] not in everything(frames)


def test_an_alert_says_where_it_happened_and_what_it_touches(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "falco.jsonl", [ALERT, ALERT]))
    first, second = records(frames["events"])
    assert first == second and entry.outcome == "complete"
    assert first["severity"] == "critical" and first["user"] is None and first["verb"] == "execve"
    assert (first["kind"], first["namespace"], first["name"], first["container"]) == ("Pod", "shop", "web-1", "web")
    assert first["image"] == "registry.acme.example/web:1.2" and first["node"] == "worker-1"
    references = {(row["framework"], row["reference"]) for row in records(frames["finding_references"])}
    assert references == {("mitre", "execution"), ("MITRE", "T1059"), ("PCI_DSS", "10.2.5"), ("NIST_800-53", "SI-4")}
    assert len(frames["finding_references"]) == 4, "each reference once, however often a rule fires"
    assert "CANARY" not in everything(frames)


def test_fields_may_be_absent_and_null_and_the_time_a_number(tmp_path: Path) -> None:
    bare = {key: value for key, value in ALERT.items() if key not in ("output_fields", "hostname", "tags", "source")}
    lines = [
        bare,
        {**ALERT, "output_fields": None, "tags": None},
        {**ALERT, "time": None},
        {**ALERT, "priority": "Informational"},
    ]
    frames, (entry,) = read(written(tmp_path, "falco.jsonl", lines))
    events = records(frames["events"])
    assert entry.outcome == "complete" and len(events) == 4
    assert events[2]["time"].isoformat().startswith("2026-11-23T09:00:00.123456")
    assert events[3]["severity"] == "info" and events[0]["namespace"] is None


def test_audit_alerts_name_user_and_object(tmp_path: Path) -> None:
    fields = {
        "ka.verb": "create",
        "ka.target.resource": "clusterrolebindings",
        "ka.target.name": "x",
        "ka.user.name": "ann",
        "ka.response.code": "201",
        "ka.uri": "/apis/rbac/clusterrolebindings?x=CANARY",
        "ka.auditid": "a-1",
        "cluster": "shop-prod",
        "user.name": "root",
    }
    frames, _ = read(written(tmp_path, "falco.jsonl", [{**ALERT, "source": "k8s_audit", "output_fields": fields}] * 2))
    event = records(frames["events"])[0]
    assert (event["user"], event["verb"], event["kind"], event["name"]) == ("ann", "create", "ClusterRoleBinding", "x")
    assert (event["code"], event["audit_id"], event["cluster"]) == (201, "a-1", "shop-prod")
    assert "CANARY" not in everything(frames)


def test_lines_of_its_log_are_no_loss_but_dropped_events_are(tmp_path: Path) -> None:
    drop = {**ALERT, "rule": "Falco internal: syscall event drop", "priority": "Debug", "source": "internal"}
    text = "Mon Nov 23 09:00:00 2026: Falco version: 0.44.0\n" + json.dumps(ALERT) + "\n"
    _, (entry,) = read(written(tmp_path, "falco.log", text + json.dumps(ALERT) + "\n"))
    assert entry.outcome == "complete" and entry.items == 2
    frames, (entry,) = read(written(tmp_path, "falco.log", text + json.dumps(drop) + "\n"))
    assert entry.outcome == "partial" and "dropped events" in entry.reason and len(frames["events"]) == 2


def test_cloud_events_and_lists_are_opened(tmp_path: Path) -> None:
    wrapped = {"specversion": "1.0", "type": "falco.rule.output.v1", "source": "https://falco.org", "data": ALERT}
    assert len(read(written(tmp_path, "a.jsonl", [wrapped, wrapped]))[0]["events"]) == 2
    assert len(read(written(tmp_path, "b.json", [ALERT, wrapped]))[0]["events"]) == 2
    assert len(read(written(tmp_path, "c.json", ALERT))[0]["events"]) == 1


def test_what_is_no_alert_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "falco.jsonl", json.dumps(ALERT) + '\n{"a": 1}\n{"rule": 7}\n' + json.dumps(ALERT)[:80])
    frames, (entry,) = read(path)
    assert len(frames["events"]) == 1 and entry.outcome == "partial"
    assert frames["scans"]["missing"].tolist() == [3]
