"""Objects of the External Secrets and Vault Secrets operators: in step, not in step, or not looked at."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import everything, read, records, samples, written

from auditkit.scans.read import read_objects
from auditkit.scans.readers.external_secrets import GROUPS


def documents(path: Path) -> list[dict[str, Any]] | None:
    """The objects in a snippet; ``None`` where placeholders of its documentation make it no YAML."""
    try:
        found = list(yaml.safe_load_all(path.read_text()))
    except yaml.YAMLError:
        return None
    return [one for one in found if isinstance(one, dict) and one.get("apiVersion", "").partition("/")[0] in GROUPS]


@pytest.mark.parametrize("path", samples("external-secrets"))
def test_each_object_of_a_snippet_is_a_finding(path: Path) -> None:
    frames, entries = read(path)
    expected = documents(path)
    if expected is None:  # {% raw %} around it, or other placeholders: such a file never comes from a cluster
        assert all(entry.outcome != "complete" for entry in entries)
        return
    findings = records(frames["findings"])
    assert [(one["kind"], one["name"]) for one in findings] == [
        (one["kind"], one["metadata"]["name"])
        for one in expected
        for _ in (one.get("status", {}).get("conditions") or [0])
    ]
    assert {one["status"] for one in findings if one["message"].startswith("it has no status")} <= {"unknown"}


def item(kind: str, group: str = "external-secrets.io/v1", **parts: Any) -> dict[str, Any]:
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "db", "namespace": "shop", "uid": "u-1"}, **parts}


SYNCED = {
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "SecretSynced",
            "message": "CANARY",
            "lastTransitionTime": "2026-11-01T00:00:00Z",
        }
    ],
    "refreshTime": "2026-11-23T09:00:00Z",
}
SPEC = {
    "refreshInterval": "1h",
    "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
    "target": {"template": {"data": {"x": "CANARY"}}},
}


def findings_of(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return read_objects(items)["findings"].to_pylist()


def test_conditions_are_the_verdict() -> None:
    (finding,) = findings_of(item("ExternalSecret", spec=SPEC, status=SYNCED))
    assert (finding["tool"], finding["rule"], finding["status"]) == ("external-secrets", "Ready", "pass")
    assert (finding["api_group"], finding["kind"], finding["namespace"], finding["uid"]) == (
        "external-secrets.io",
        "ExternalSecret",
        "shop",
        "u-1",
    )
    assert finding["seen"].isoformat() == "2026-11-23T09:00:00+00:00"
    assert finding["message"] == "SecretSynced; from ClusterSecretStore vault, renewed every 1h"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, "unknown"),
        ({}, "unknown"),
        ({"conditions": []}, "unknown"),
        ({"conditions": None}, "unknown"),
        ({"conditions": [{"type": "Ready", "status": "False"}]}, "fail"),
        ({"conditions": [{"type": "Ready", "status": "Unknown"}]}, "unknown"),
        ({"conditions": [{"type": "Deleted", "status": "False"}]}, "pass"),
        ({"conditions": [{"type": "Deleted", "status": "True"}]}, "fail"),
    ],
)
def test_without_a_status_nothing_is_known(status: Any, expected: str) -> None:
    assert [one["status"] for one in findings_of(item("SecretStore", status=status))] == [expected]


@pytest.mark.parametrize(("valid", "expected"), [(True, "pass"), (False, "fail"), (None, "unknown")])
def test_objects_of_the_vault_operator(valid: bool | None, expected: str) -> None:
    thing = item(
        "VaultAuth",
        "secrets.hashicorp.com/v1beta1",
        spec={"vaultConnectionRef": "main", "params": "CANARY"},
        status={"valid": valid, "error": "CANARY"},
    )
    (finding,) = findings_of(thing)
    assert (finding["tool"], finding["status"]) == ("vault-secrets-operator", expected)
    assert "VaultConnection main" in finding["message"] and "CANARY" not in finding["message"]


def test_lists_and_malformed_objects(tmp_path: Path) -> None:
    bad = item("ExternalSecret", status={"conditions": "CANARY"})
    document = {"apiVersion": "v1", "kind": "List", "items": [item("ExternalSecret", status=SYNCED), bad]}
    frames, (entry,) = read(written(tmp_path, "objects.json", document))
    assert frames["findings"]["status"].tolist() == ["pass"] and entry.outcome == "partial"
    assert entry.resource == "scan:external-secrets:objects.json" and "ExternalSecret db" in entry.reason
    assert "CANARY" not in everything(frames) + entry.reason
