"""Vault's audit log: who asked for which path, allowed or not, and never a token or a value."""

import json
from pathlib import Path

from scan_worlds import everything, read, records, written

TOKEN = "hmac-sha256:0123"
REQUEST = {
    "time": "2026-11-23T09:00:00.123456789Z",
    "type": "request",
    "auth": {
        "client_token": TOKEN,
        "display_name": "kubernetes-shop",
        "policies": ["default", "shop"],
        "entity_id": "e-1",
        "metadata": {"service_account_name": "web", "service_account_namespace": "shop", "role": "shop"},
        "policy_results": {"allowed": True, "granting_policies": [{"name": "shop", "type": "acl"}]},
    },
    "request": {
        "id": "r-1",
        "operation": "read",
        "path": "secret/data/shop/db",
        "mount_type": "kv",
        "client_token": TOKEN,
        "namespace": {"id": "root"},
        "remote_address": "10.0.0.9",
        "data": {"x": "CANARY"},
    },
}
RESPONSE = {**REQUEST, "type": "response", "response": {"data": {"password": "CANARY"}}}
DENIED = {
    "time": "2026-11-23T09:00:01Z",
    "type": "response",
    "auth": {"display_name": "token", "policies": ["default"]},
    "request": {"id": "r-2", "operation": "update", "path": "sys/policy/x", "remote_address": "10.0.0.7"},
    "error": "1 error occurred:\n\t* permission denied\n\n CANARY",
}


def test_both_lines_of_an_operation_share_their_request(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "vault.log", "\n".join(map(json.dumps, (REQUEST, RESPONSE, DENIED)))))
    request, response, denied = records(frames["events"])
    assert entry.resource == "scan:vault:vault.log" and entry.outcome == "complete" and frames["findings"].empty
    assert (request["audit_id"], request["stage"]) == ("r-1", "RequestReceived")
    assert (response["audit_id"], response["stage"]) == ("r-1", "ResponseComplete")
    assert request["user"] == "system:serviceaccount:shop:web" and request["verb"] == "read"
    assert request["path"] == "secret/data/shop/db" and request["resource"] == "kv"
    assert (request["decision"], request["reason"]) == ("allow", "granted by the policies shop")
    assert (denied["decision"], denied["message"], denied["user"]) == ("forbid", "permission denied", "token")
    assert denied["reason"] == "the token has the policies default"
    assert "CANARY" not in everything(frames) and TOKEN not in everything(frames)


def test_a_device_that_writes_tokens_in_the_clear_is_a_finding(tmp_path: Path) -> None:
    path = "auth/token/lookup/hvs." + "A" * 24
    raw = {**REQUEST, "request": {**REQUEST["request"], "client_token": "hvs.CANARY", "path": path}}
    frames, _ = read(written(tmp_path, "vault.jsonl", [raw, REQUEST]))
    (finding,) = records(frames["findings"])
    assert (finding["rule"], finding["status"], finding["severity"]) == ("log_raw", "fail", "high")
    assert finding["message"].startswith("1 lines") and "CANARY" not in everything(frames)
    assert records(frames["events"])[0]["path"] == "auth/token/lookup/***"


def test_other_engines_and_broken_lines(tmp_path: Path) -> None:
    kmip = {**REQUEST, "type": "kmip-request"}
    path = written(
        tmp_path, "vault.log", json.dumps(REQUEST) + "\n" + json.dumps(kmip) + '\n{"type": "request"}\n{"x":'
    )
    frames, (entry,) = read(path)
    assert [event["stage"] for event in records(frames["events"])] == ["RequestReceived"] * 2
    assert entry.outcome == "partial" and frames["scans"]["missing"].tolist() == [2]


def test_one_line_is_a_log_too_and_null_is_none(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "a.log", REQUEST))[0]["events"]) == 1
    assert read(written(tmp_path, "b.log", "null"))[1][0].outcome == "failed"
    no_id = {**REQUEST, "request": {**REQUEST["request"], "id": None}}
    assert records(read(written(tmp_path, "c.log", no_id))[0]["events"])[0]["audit_id"] is None
