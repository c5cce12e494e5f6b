"""`auditkit simulate`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import auditkit
from auditkit.cli.main import app
from auditkit.reports import show

MANIFESTS = """apiVersion: apps/v1
kind: Deployment
metadata: {name: billing-api, namespace: billing}
spec: {template: {spec: {automountServiceAccountToken: false}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: sandbox-dev}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: w}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(MANIFESTS)
    return tmp_path / "m.yaml"


def run(*arguments: object):
    return CliRunner().invoke(app, ["simulate", "demo", *map(str, arguments)])


def test_people_are_told_what_changes(manifests: Path) -> None:
    done = run("--apply", manifests, "--delete", "Deployment/legacy-emr/emr-win", "-f", "cis-kubernetes")
    assert done.exit_code == 0
    assert f"changed\tDeployment\tbilling\tbilling-api\t{manifests}, line 1\n" in done.stdout
    assert ("  workloads.token_mounted_only_where_needed (medium; cis-kubernetes 5.1.6): Pod billing/billing-api-7cd4b74b7f-482k7, "
            "Pod billing/billing-api-7cd4b74b7f-8b75x\n") in done.stdout
    assert "deleted\tDeployment\tlegacy-emr\temr-win\t\n" in done.stdout
    assert "not simulated: Widget (example.org/v1)" in done.stderr
    assert done.stderr.strip().endswith("Simulated: nothing was sent to a cluster.")


def test_json_has_all_of_it(manifests: Path) -> None:
    done = run("--apply", manifests, "-f", "cis-kubernetes", "-f", "hipaa", "--format", "json")
    found = json.loads(done.stdout)
    assert set(found) == {"simulated", "before", "objects", "refused", "flows", "rights", "paths", "frameworks", "not_simulated",
                          "not_known", "unchanged_manifests"}
    assert found["simulated"].startswith("2 manifests applied (")
    assert [each["framework"] for each in found["frameworks"]] == ["cis-kubernetes", "hipaa"]
    closed = [row for row in found["frameworks"][0]["verdicts"] if row["change"] == "closed"]
    assert {row["check"] for row in closed} >= {"workloads.token_mounted_only_where_needed"}
    assert {row["change"] for row in found["flows"]} >= {"closed"}


def test_lines_say_what_they_are_about(manifests: Path) -> None:
    rows = list(map(json.loads, run("--apply", manifests, "-f", "cis-kubernetes", "--format", "jsonl").stdout.splitlines()))
    assert {row["what"] for row in rows} >= {"objects", "flows", "verdicts"}


def test_nothing_to_do_and_mistakes_are_sentences(tmp_path: Path) -> None:
    assert "Nothing is to be simulated" in str(run().exception)
    (tmp_path / "x.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n")
    assert str(run("--apply", tmp_path).exception) == (
        f"{tmp_path}/x.yaml, line 3: this is a template that was not rendered; give what `helm template` or your tool makes of it.")


@pytest.mark.slow
def test_a_report_of_it_is_written_as_notebook_page_and_paper(manifests: Path, tmp_path: Path) -> None:
    done = run("--apply", manifests, "-f", "cis-kubernetes", "--output", tmp_path / "out")
    assert done.exit_code == 0, done.output
    files = sorted(path.suffix for path in (tmp_path / "out").glob("what-if-acme-prod-*"))
    assert files == [".html", ".ipynb", ".pdf"]
    page, = (tmp_path / "out").glob("*.html")
    assert "If 3 manifests were applied, " in page.read_text() and str(manifests.parent) not in page.read_text()


def test_the_demo_has_manifests_of_its_own() -> None:
    found = [json.loads(line) for line in run("--apply", "demo", "-f", "cis-kubernetes", "--format", "jsonl").stdout.splitlines()]
    assert {row["name"] for row in found if row["what"] == "objects" and row["change"] == "added"} == {
        "egress-inside", "ci-deployer", "debug"}
    assert [(row["name"], row["outcome"]) for row in found if row["what"] == "refused"] == [("debug", "denied")]


@pytest.mark.slow
def test_the_figures_of_the_page_on_simulation_are_those_of_the_demo(tmp_path: Path) -> None:
    page = " ".join(Path(__file__).parents[2].joinpath("docs", "simulate.md").read_text().split())
    (tmp_path / "change.yaml").write_text(MANIFESTS.partition("---")[0])
    words = ["--apply", tmp_path / "change.yaml", "-f", "cis-kubernetes"]
    assert run(*words).stderr.strip().splitlines()[-1] in page
    found = auditkit.simulate("demo", "demo", frameworks=["soc2"])
    assert " ".join(show.simulation(found).content["answer"][0]["sentences"]) in page
    done = CliRunner().invoke(app, ["remedy", "demo", "-f", "cis-kubernetes", "--output", str(tmp_path / "remedies")])
    assert done.stderr.strip().splitlines()[-1].replace(f"{tmp_path}/", "") in page
