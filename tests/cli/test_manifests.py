"""`auditkit evaluate --manifests`: what a change would bring, alone or to a snapshot; and SARIF."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditkit.cli.main import app

BAD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: billing}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: a, securityContext: {privileged: true}}]}}}
"""
GOOD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: billing-api, namespace: billing}
spec: {template: {spec: {automountServiceAccountToken: false}}}
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path / "bad.yaml"


def run(*arguments: object):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments), "-f", "cis-kubernetes"])


def test_manifests_alone_can_fail_and_never_pass(bad: Path) -> None:
    """What else the cluster has is not known, so that nothing is known to be well."""
    found = json.loads(run("--manifests", bad, "--format", "json").stdout)
    rows = {(row["check"], row["kind"], row["name"]): (row["change"], row["after"]) for row in found["changes"]}
    assert rows["workloads.no_privileged_containers", "Pod", "web-simulated-simulated-0"] == ("opened", "fail")
    assert {after for _, after in rows.values()} == {"fail"}
    assert {(row["file"], row["line"]) for row in found["changes"]} == {(str(bad), 1)}
    assert {row["after"] for row in found["requirements"]} == {"fail"}


def test_on_a_snapshot_it_is_told_what_newly_fails_and_passes(bad: Path, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    rows = [json.loads(line) for line in run("demo", "--manifests", tmp_path, "--format", "jsonl").stdout.splitlines()]
    found = {(row["change"], row["check"], row["name"]) for row in rows if row["what"] == "verdict"}
    assert ("opened", "workloads.no_privileged_containers", "web-simulated-simulated-0") in found
    assert ("closed", "workloads.token_mounted_only_where_needed", "billing-api-7cd4b74b7f-482k7") in found
    assert all(row["line"] for row in rows if row["what"] == "verdict" and row["change"] == "still open")


def test_thresholds_count_what_is_new_and_not_what_failed_before(bad: Path, tmp_path: Path) -> None:
    assert run("demo", "--manifests", bad, "--fail-on", "critical").exit_code == 1, "a pod would be refused"
    (tmp_path / "good.yaml").write_text(GOOD)
    assert run("demo", "--manifests", tmp_path / "good.yaml", "--fail-on", "fail").exit_code == 0


def test_sarif_goes_to_the_output_with_or_without_manifests(bad: Path) -> None:
    found = json.loads(run("demo", "--manifests", bad, "--format", "sarif").stdout)
    assert len(found["runs"]) == 2 and {each["baselineState"] for each in found["runs"][0]["results"]} == {"new"}
    whole = json.loads(run("demo", "--format", "sarif").stdout)
    assert len(whole["runs"]) == 1 and len(whole["runs"][0]["results"]) > 100


@pytest.mark.parametrize(("words", "says"), [
    (["--manifests", "x", "--subjects"], "Leave out --manifests"), (["demo", "--subjects", "--format", "sarif"], "Leave out --format sarif"),
    (["--manifests", "/nowhere"], "it does not exist")])
def test_what_does_not_go_together_is_a_sentence(words: list[str], says: str) -> None:
    assert says in str(run(*words).exception)
