"""The command line as a user has it: real processes, exit codes, clean stdout, sentences on stderr."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from replay import ACME_PROD, ReplayServer

HERE = Path(__file__).parents[1]


def auditkit(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "auditkit.cli", *map(str, arguments)], capture_output=True, text=True,
                          check=False, cwd=HERE, env={**os.environ, "KUBECONFIG": "/nowhere", **environment})


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    done = auditkit("collect", "--recording", ACME_PROD, "--store", store)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


def test_collect_prints_the_path_last(taken: Path) -> None:
    assert (taken / "manifest.json").is_file()


def test_collect_from_a_live_cluster(server: ReplayServer, kubeconfig: str, tmp_path: Path) -> None:
    done = auditkit("collect", "--context", "acme-prod", "--store", tmp_path, KUBECONFIG=kubeconfig)
    assert done.returncode == 0, done.stderr
    assert (Path(done.stdout.splitlines()[-1]) / "pods.parquet").is_file()
    assert "collecting as admin" in done.stderr and "pods: complete" in done.stderr
    assert "\x1b" not in done.stderr, "no colours where there is no terminal"


def test_quiet(tmp_path: Path) -> None:
    done = auditkit("collect", "-q", "--recording", ACME_PROD, "--store", tmp_path)
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "code", "says"), [
    (["frob"], 2, "No such command"),
    (["collect", "--frob"], 2, "No such option"),
    (["collect", "--context", "x", "--recording", "y"], 2, "cannot be given together"),
    (["collect", "--recording", "/nowhere/at/all"], 4, "does not exist"),
    (["collect", "--context", "nowhere"], 4, "kubeconfig"),
    (["collect"], 4, "auditkit demo"),
    (["evaluate", "/nowhere", "-f", "soc2"], 2, "is not a snapshot"),
    (["evaluate", "demo", "-f", "soc3"], 2, "did you mean soc2"),
    (["run", "--recording", str(ACME_PROD), "-f", "soc3"], 2, "did you mean soc2"),
    (["evaluate", "demo", "-f", "soc2", "--fail-on", "sometimes"], 2, "Invalid value"),
    (["show", "podz"], 2, "did you mean"),
])
def test_wrong_usage_is_a_sentence(arguments: list[str], code: int, says: str) -> None:
    done = auditkit(*arguments)
    assert done.returncode == code
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_strict(tmp_path: Path) -> None:
    done = auditkit("collect", "--strict", "--recording", ACME_PROD, "--store", tmp_path)
    assert done.returncode == 3 and "kubelets" in done.stderr
    assert (Path(done.stdout.splitlines()[-1]) / "manifest.json").is_file(), "what was collected is kept"


def test_nothing_could_be_collected(server: ReplayServer, kubeconfig: str, tmp_path: Path) -> None:
    server.fault("*", status=403)
    done = auditkit("collect", "--store", tmp_path, KUBECONFIG=kubeconfig)
    assert done.returncode == 4 and "Nothing could be collected" in done.stderr
    assert not list(tmp_path.rglob("manifest.json"))


def test_json_is_one_document_and_nothing_else(taken: Path) -> None:
    done = auditkit("evaluate", taken, "-f", "cis-kubernetes", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert list(document) == ["snapshot", "framework", "requirements"]
    assert len(document["requirements"]) == 131
    assert list(document["requirements"][0]) == ["id", "title", "status", "reason", "passed", "failed", "unknown"]
    assert done.stdout.isascii()


def test_subjects_are_json_lines(taken: Path) -> None:
    done = auditkit("evaluate", taken, "-f", "cis-kubernetes", "--subjects", "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {tuple(row) for row in rows} == {
        ("check", "requirement", "kind", "namespace", "name", "container", "verdict", "reason")}
    assert {row["verdict"] for row in rows} <= {"pass", "fail", "unknown", "not_applicable"}
    privileged = [row for row in rows if row["check"] == "workloads.no_privileged_containers" and row["verdict"] == "fail"]
    pods = json.loads(gzip.decompress((ACME_PROD / "api__v1__pods%3Flimit%3D500.json.gz").read_bytes()))["items"]
    assert len(privileged) == sum(
        (container.get("securityContext") or {}).get("privileged") is True for pod in pods
        for kind in ("containers", "initContainers", "ephemeralContainers") for container in pod["spec"].get(kind) or [])
    assert privileged


@pytest.mark.parametrize(("threshold", "code"), [("never", 0), ("fail", 1), ("unknown", 1), ("low", 1)])
def test_fail_on(taken: Path, threshold: str, code: int) -> None:
    assert auditkit("evaluate", taken, "-f", "cis-kubernetes", "--fail-on", threshold).returncode == code


def test_text_for_people(taken: Path) -> None:
    done = auditkit("evaluate", taken, "-f", "hipaa")
    assert done.returncode == 0 and "164.312(b)" in done.stdout
    assert "66 requirements:" in done.stderr


def test_show(taken: Path) -> None:
    store = auditkit("show", taken.parents[1])
    assert store.returncode == 0 and str(taken) in store.stdout
    assert "containers" in auditkit("show", taken).stdout
    assert "billing" in auditkit("show", taken, "namespaces").stdout
    assert "has all rights on the node" in auditkit("show", "containers").stdout
    assert "cis-kubernetes" in auditkit("show").stdout


def test_help_imports_nothing_heavy() -> None:
    code = ("import sys, contextlib, io\nfrom auditkit.cli import app\n"
            "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): app(['--help'])\n"
            "print([m for m in ('pandas', 'pyarrow', 'kubernetes', 'papermill', 'weasyprint', 'plotly', 'duckdb')"
            " if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE)
    assert done.stdout.strip() == "[]"


def test_a_closed_pipe_is_no_error(taken: Path) -> None:
    done = subprocess.run(f"{sys.executable} -m auditkit.cli evaluate {taken} -f hipaa --subjects --format jsonl | head -1",
                          shell=True, capture_output=True, text=True, check=False, cwd=HERE)
    assert "Traceback" not in done.stderr


def test_terminal_escapes_of_a_cluster_do_not_reach_the_terminal(tmp_path: Path) -> None:
    evil = "x\x1b]0;owned\x07\x9b31m\u202egnp"
    objects = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": evil, "namespace": "[red]n[/red]"},
                "spec": {"containers": [{"name": "c", "image": evil, "securityContext": {"privileged": True}}]}}]
    (tmp_path / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": objects}))
    done = auditkit("collect", "--recording", tmp_path / "pods.json", "--store", tmp_path / "store")
    path = done.stdout.splitlines()[-1]
    for arguments in (["evaluate", path, "--subjects"], ["evaluate", path, "--subjects", "--format", "jsonl"],
                      ["show", path, "pods"]):
        shown = auditkit(*arguments)
        assert shown.returncode == 0, shown.stderr
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown.stdout + shown.stderr)
    assert "[red]n[/red]" in shown.stdout
