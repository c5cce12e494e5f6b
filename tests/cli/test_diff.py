"""`auditkit diff`."""

import json
from pathlib import Path

import pytest
from replay import ACME_PROD
from typer.testing import CliRunner

import auditkit
from auditkit.cli.main import app
from auditkit.errors import UsageError


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    store = tmp_path_factory.mktemp("store")
    return [str(auditkit.collect(recording=ACME_PROD.parent / name).write(store))
            for name in ("acme-prod", "acme-prod-later")]


def run(*arguments: str):
    return CliRunner().invoke(app, ["diff", *arguments])


def test_json_has_every_change_with_its_fields_and_weight(stored: list[str]) -> None:
    done = run(*stored, "--format", "json")
    found = json.loads(done.stdout)
    drift = json.loads((ACME_PROD.parent / "drift.json").read_text())
    assert done.exit_code == 0 and len(found["changes"]) == len(drift)
    assert set(found["changes"][0]) >= {"change", "kind", "namespace", "name", "fields", "weight"}
    assert all(set(field) == {"field", "before", "after"} for each in found["changes"] for field in each["fields"])
    assert found["same_cluster"] is True and isinstance(found["not_comparable"], list)


def test_the_same_input_gives_the_same_bytes(stored: list[str]) -> None:
    assert run(*stored, "--format", "json").stdout == run(*stored, "--format", "json").stdout


def test_text_has_the_worst_first_and_says_who(stored: list[str]) -> None:
    text = run(*stored).stdout
    assert text.index("high (") < text.index("medium (") < text.index("low (")
    assert "changed Deployment patient-portal/portal-web" in text and "spec.replicas: 3 → 4" in text
    assert "approval: annotation acme.example/change: CHG-1042" in text


def test_unapproved_leaves_out_what_is_approved(stored: list[str]) -> None:
    lines = run(*stored, "--unapproved", "--format", "jsonl").stdout.splitlines()
    assert len(lines) == 20 and all(json.loads(line)["approval"] is None for line in lines)


def test_a_threshold_exits_with_1(stored: list[str]) -> None:
    assert run(*stored, "--fail-on", "high").exit_code == 1
    assert run(stored[0], stored[0], "--fail-on", "low").exit_code == 0


def test_what_is_no_snapshot_is_a_sentence(tmp_path: Path, stored: list[str]) -> None:
    done = run(stored[0], str(tmp_path))
    assert done.exit_code != 0 and "is not a snapshot" in str(done.exception)


def test_verdicts_that_opened_and_closed_are_shown_with_the_reason(stored: list[str]) -> None:
    done = run(*stored, "-f", "soc2", "--format", "json")
    assert done.exit_code == 0, done.stderr
    [found] = json.loads(done.stdout)["frameworks"]
    opened = {(row["requirement"], row["check"], row["name"]): row["why"] for row in found["verdicts"]
              if row["change"] == "opened"}
    assert opened["CC6.3", "access.cluster_admin_only_where_needed", "break-glass-2026-11"] == "the cluster changed"
    assert found["counts"]["opened"] == len(opened)
    said = run(*stored, "-f", "soc2").stdout
    assert "CC6.3 access.cluster_admin_only_where_needed (critical): ClusterRoleBinding break-glass-2026-11" in said


def test_approvals_are_not_for_verdicts(stored: list[str]) -> None:
    done = run(*stored, "-f", "soc2", "--unapproved")
    assert isinstance(done.exception, UsageError) and "Leave out --framework" in str(done.exception)
