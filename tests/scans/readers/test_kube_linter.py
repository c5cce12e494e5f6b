"""kube-linter: a report for each thing that fails, none for what passes."""

import json
from pathlib import Path

import pytest
from scan_worlds import plain, read, records, samples, written


@pytest.mark.parametrize("path", samples("kube-linter"))
def test_counts_of_samples(path: Path) -> None:
    frames, (entry,) = read(path)
    if path.suffix in (".yaml", ".yml"):  # a manifest that was linted, which is no output of the tool
        assert entry.outcome == "failed" and "Kubernetes objects" in entry.reason
        return
    document = plain(path)
    reports = document["Reports"] or []
    assert entry.resource == f"scan:kube-linter:{path.name}" and entry.outcome == "complete"
    assert frames["findings"]["rule"].tolist() == [report["Check"] for report in reports]
    assert frames["findings"]["message"].tolist() == [report["Diagnostic"]["Message"] for report in reports]
    assert frames["scans"]["tool_version"].tolist() == [document["Summary"]["KubeLinterVersion"]]


REPORT = {
    "Diagnostic": {"Message": 'container "web" is privileged'},
    "Check": "privileged-container",
    "Remediation": "Do not.",
    "Object": {
        "Metadata": {"FilePath": "/x.yaml"},
        "K8sObject": {
            "Namespace": "shop",
            "Name": "web",
            "GroupVersionKind": {"Group": "apps", "Version": "v1", "Kind": "Deployment"},
        },
    },
}
SUMMARY = {"ChecksStatus": "Failed", "CheckEndTime": "2026-11-23T09:00:00.123456789Z", "KubeLinterVersion": "0.8.3"}
CHECKS = [{"name": "privileged-container", "description": "Privileged containers"}]


def test_the_object_and_its_container(tmp_path: Path) -> None:
    document = {"Checks": CHECKS, "Reports": [REPORT], "Summary": SUMMARY}
    frames, _ = read(written(tmp_path, "lint.json", document))
    (finding,) = records(frames["findings"])
    assert (finding["api_group"], finding["kind"], finding["namespace"], finding["name"], finding["container"]) == (
        "apps",
        "Deployment",
        "shop",
        "web",
        "web",
    )
    assert (finding["status"], finding["severity"], finding["title"]) == ("fail", "unknown", "Privileged containers")
    assert finding["seen"].isoformat() == "2026-11-23T09:00:00.123456+00:00"


def test_nothing_found_is_null_and_broken_reports_are_counted(tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "clean.json", {"Checks": CHECKS, "Reports": None, "Summary": SUMMARY}))
    assert frames["findings"].empty and entry.outcome == "complete"
    document = {"Checks": CHECKS, "Reports": [REPORT, {"Check": 5}, None, {}], "Summary": SUMMARY}
    frames, (entry,) = read(written(tmp_path, "broken.json", document))
    assert len(frames["findings"]) == 1 and entry.outcome == "partial" and "3 of its Reports" in entry.reason
    frames, (entry,) = read(
        written(tmp_path, "cut.json", json.dumps({"Checks": CHECKS, "Reports": [REPORT, REPORT]})[:-40])
    )
    assert len(frames["findings"]) == 1 and entry.outcome == "partial" and "is cut off" in entry.reason
