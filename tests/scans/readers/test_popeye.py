"""Popeye: issues of its old and new reports, as JSON and YAML."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from scan_worlds import read, records, samples, written


@pytest.mark.parametrize("path", samples("popeye"))
def test_counts_of_samples(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    frames, (entry,) = read(path)
    if document is None:  # an empty file is a test of Popeye's, and no report
        assert entry.outcome == "failed" and "it is empty" in entry.reason
        return
    report = document["popeye"]
    sections = report.get("sections") or report.get("sanitizers") or []
    issues = [issue for section in sections for found in (section.get("issues") or {}).values() for issue in found]
    findings = records(frames["findings"])
    assert entry.resource == f"scan:popeye:{path.name}" and entry.outcome == "complete"
    found = [one for one in findings if one["tool_status"] != "0"]
    assert len(found) == sum(issue["level"] > 0 for issue in issues)
    assert all(f"[{one['rule']}] {one['title']}" in {issue["message"] for issue in issues} for one in found)


ISSUES: dict[str, Any] = {
    "shop/web": [
        {"group": "web", "gvr": "containers", "level": 3, "message": "[POP-100] Untagged docker image in use"},
        {"group": "__root__", "gvr": "v1/pods", "level": 1, "message": "[POP-206] No budget"},
        {"group": "__root__", "level": 9, "message": "odd"},
    ],
    "shop/db": [],
}
NEW = {
    "popeye": {
        "report_time": "2026-11-23T09:00:00Z",
        "score": 80,
        "grade": "B",
        "sections": [
            {"linter": "pods", "gvr": "v1/pods", "tally": {"ok": 1}, "issues": ISSUES},
            {
                "linter": "clusterroles",
                "gvr": "rbac.authorization.k8s.io/v1/clusterroles",
                "issues": {"admin": [{"group": "__root__", "level": 2, "message": "[POP-400] Used?"}]},
            },
        ],
    },
    "ClusterName": "shop-prod",
    "ContextName": "admin@shop-prod",
}
OLD = {"popeye": {"score": 80, "grade": "B", "sanitizers": [{"sanitizer": "po", "issues": ISSUES}]}}


@pytest.mark.parametrize("name", ["new.json", "new.yaml"])
def test_the_new_form(name: str, tmp_path: Path) -> None:
    frames, (entry,) = read(
        written(tmp_path, name, yaml.safe_dump(NEW, sort_keys=False) if name.endswith("yaml") else NEW)
    )
    untagged, budget, odd, clean, role = records(frames["findings"])
    assert entry.outcome == "complete" and frames["scans"]["cluster"].tolist() == ["shop-prod"]
    assert (untagged["rule_id"], untagged["status"], untagged["severity"], untagged["container"]) == (
        "POP-100",
        "fail",
        "high",
        "web",
    )
    assert (untagged["api_group"], untagged["kind"], untagged["namespace"], untagged["name"]) == (
        "",
        "Pod",
        "shop",
        "web",
    )
    assert (budget["status"], budget["severity"], budget["container"]) == ("warn", "info", None)
    assert (odd["status"], odd["rule"]) == ("unknown", "pods")
    assert (clean["status"], clean["name"]) == ("pass", "db"), "an object without issues was looked at"
    assert (role["kind"], role["namespace"], role["name"], role["api_group"]) == (
        "ClusterRole",
        None,
        "admin",
        "rbac.authorization.k8s.io",
    )
    assert untagged["seen"].isoformat() == "2026-11-23T09:00:00+00:00"


def test_the_old_form_and_errors(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "old.json", OLD))
    assert [one["kind"] for one in records(frames["findings"])] == ["Pod"] * 4 and entry.outcome == "complete"
    wrong = {"popeye": {**OLD["popeye"], "errors": [{}, {}]}}
    assert "it reported 2 errors" in read(written(tmp_path, "wrong.json", wrong))[1][0].reason
    broken = {"popeye": {"score": 1, "sanitizers": [{"sanitizer": "po", "issues": 5}]}}
    assert read(written(tmp_path, "broken.json", broken))[1][0].outcome in ("partial", "failed")
