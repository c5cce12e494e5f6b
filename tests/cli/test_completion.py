"""What the tab key completes, and that it loads nothing that one would wait for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditkit.cli import completion
from auditkit.cli import main as cli
from auditkit.framework import library
from auditkit.tables import TABLES

HEAVY = ("IPython", "duckdb", "kubernetes", "msgspec", "pandas", "papermill", "plotly", "pyarrow", "pydantic", "urllib3")
CODE = f"""
import sys
sys.argv = ["auditkit"]
from auditkit.cli.main import main
try:
    main()
finally:
    print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""


def complete(line: str) -> list[str]:
    """What a shell offers for the last word of a line."""
    done = CliRunner(env={
        "_AUDITKIT_COMPLETE": "complete_bash", "COMP_WORDS": f"auditkit {line}",
        "COMP_CWORD": str(len(f"auditkit {line}".split(" ")) - 1)}).invoke(cli.app, prog_name="auditkit")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout.split()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `collect` has kept a snapshot, as far as a shell looks at it."""
    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "snapshots" / "acme" / "20261123T082600Z-0123456789ab").mkdir(parents=True)
    for name in ("manifest.json", "pods.parquet", "nodes.parquet"):
        (folder / name).write_text('{"cluster": "acme"}')
    return tmp_path


def test_verbs_and_options_complete() -> None:
    assert complete("eval") == ["evaluate"] and complete("frameworks l") == ["list", "lint"]
    assert complete("evaluate demo --fail-on h") == ["high"] and "--scope" in complete("evaluate --sc")


def test_snapshots_are_the_demo_the_clusters_and_their_snapshots(here: Path) -> None:
    [path] = here.glob("snapshots/acme/*/manifest.json")
    broken = here / "snapshots" / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "manifest.json").touch()
    path.write_text('{"cluster": "prod"}')
    assert complete("evaluate p") == ["prod"], "a cluster goes by the name that its newest snapshot has"
    path.write_text('{"cluster": "acme"}')
    shutil.rmtree(broken.parent)
    assert complete("evaluate ") == ["acme", "demo", path.parent.relative_to(here).as_posix()]
    assert complete("diff demo ac") == ["acme"]
    assert complete("period ") == ["snapshots"]


def test_frameworks_are_those_that_can_be_evaluated(tmp_path: Path) -> None:
    assert complete("evaluate demo -f ") == sorted(library.names())
    (tmp_path / "house.yaml").write_text("framework: house\nextends: pss-baseline\n")
    assert complete(f"evaluate demo --controls {tmp_path} -f hou") == ["house"]


@pytest.mark.parametrize("name", sorted(library.names()))
def test_requirements_are_those_of_the_framework_that_is_named(name: str) -> None:
    found = set(complete(f"frameworks show {name} "))
    assert found == {each.id for each in library.load(name).requirements}


def test_without_a_framework_requirements_are_those_that_explain_looks_in() -> None:
    assert complete("explain demo CC6.1") == ["CC6.1"] and "5.2.2" in complete("explain 5.2")
    assert complete("explain demo -f hipaa CC6") == []


def test_tables_are_those_of_the_snapshot(here: Path) -> None:
    assert complete("show demo cert") == sorted(name for name in TABLES if name.startswith("cert"))
    assert complete("show acme ") == ["nodes", "pods"]


def test_contexts_are_those_of_the_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_text("contexts: [{name: prod}, {name: staging}]\n")
    (tmp_path / "two").write_text("contexts: [{name: lab}]\n")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two"), "/nowhere"]))
    assert complete("collect --context ") == ["lab", "prod", "staging"]
    assert complete(f"run --kubeconfig {tmp_path / 'two'} --context ") == ["lab"]


def test_what_cannot_be_read_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").write_text("contexts: [")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "broken"))
    assert complete("collect --context ") == []
    assert complete('evaluate "" -f so') == ["soc2"], "an empty word is refused when the command runs"


def test_a_name_that_steers_the_terminal_is_not_offered(here: Path) -> None:
    Path("snapshots/evil\x1b[2J/1").mkdir(parents=True)
    Path("snapshots/evil\x1b[2J/1/manifest.json").touch()
    assert not any("evil" in name for name in complete("evaluate "))


@pytest.mark.parametrize("line", ["", "evaluate ", "evaluate demo -f ", "explain demo CC6", "collect --context "])
def test_completion_imports_nothing_heavy(line: str, here: Path) -> None:
    words = f"auditkit {line}"
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env={
        **os.environ, "_AUDITKIT_COMPLETE": "complete_bash", "COMP_WORDS": words, "KUBECONFIG": "/nowhere",
        "COMP_CWORD": str(len(words.split(" ")) - 1)})
    assert done.stderr.split() == [], done.stderr


def test_each_name_that_is_offered_for_is_a_parameter_of_a_command() -> None:
    names = {name for one in [*cli.app.registered_commands, *(each for group in cli.app.registered_groups
             for each in group.typer_instance.registered_commands)] for name in one.callback.__annotations__}
    assert set(completion._BY_NAME) <= names
    assert {name for _, name in completion._OWN} <= names


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_shown(shell: str) -> None:
    done = CliRunner(env={"_AUDITKIT_COMPLETE": f"source_{shell}"}).invoke(cli.app, prog_name="auditkit")
    assert "_AUDITKIT_COMPLETE=complete_" in done.stdout
