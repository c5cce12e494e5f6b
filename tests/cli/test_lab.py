"""`auditkit lab` and `auditkit notebooks`: copies of one's own, and a JupyterLab that writes nowhere else."""

import os
import re
import sys
from pathlib import Path

import labs
import pytest
from typer.testing import CliRunner

from auditkit.api.lab import prepare_lab
from auditkit.cli import lab
from auditkit.cli import main as cli
from auditkit.errors import MissingDependency, UsageError

HOUSE = Path(__file__).parents[2]


def said(*words: str) -> str:
    result = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    return result.output


def test_the_notebooks_are_listed() -> None:
    assert "\nsoc2\tSOC 2 evidence from a Kubernetes cluster\t" in said("notebooks", "list")


def test_a_copy_is_made_once_and_then_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "auditkit-lab/access.ipynb" in said("notebooks", "copy", "access")
    (tmp_path / "auditkit-lab" / "access.ipynb").write_text("mine")
    with pytest.raises(UsageError, match=r"auditkit-lab/access.ipynb was changed, and is not overwritten. Name another"):
        said("notebooks", "copy", "access", "demo")
    output = said("notebooks", "copy", "all", "demo")
    assert "auditkit-lab/access.ipynb is kept as you changed it" in output and "auditkit-lab/soc2.ipynb" in output
    assert (tmp_path / "auditkit-lab" / "access.ipynb").read_text() == "mine"


def test_lab_starts_the_server_that_was_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    started: list[tuple] = []
    monkeypatch.setattr(lab.os, "execve", lambda *given: started.append(given))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "of-another"))  # it may take the token away
    output = said("lab", "--no-browser", "--port", "18888", "--to", "work")
    assert "no folder ./snapshots: the notebooks are about the demo" in output and "work/soc2.ipynb" in output
    [(program, command, environment)] = started
    assert program == sys.executable == command[0]
    assert {f"--ServerApp.root_dir={tmp_path / 'work'}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=18888",
            "--ServerApp.open_browser=False"} <= set(command)
    assert all(environment[name].startswith(str(tmp_path / "work" / ".auditkit")) for name in (
        "JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"))
    assert "JUPYTER_CONFIG_PATH" not in environment


def test_without_jupyterlab_nothing_is_written_and_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.reports.lab.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pip install 'auditkit\[lab\]'"):
        prepare_lab(tmp_path / "work")
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
def test_a_real_server_answers_this_computer_only_and_leaves_the_home_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # HOME is that of a user who never used Jupyter; the variables of Jupyter would say otherwise
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON", "XDG_"))}
    command = [sys.executable, "-m", "auditkit", "lab", "--no-browser", "--to", "work", "--port", "18877"]
    with labs.running(command, tmp_path / "work", cwd=tmp_path, env={**kept, "HOME": str(home), "PYTHONPATH": str(HOUSE)}) as server:
        assert server.about["hostname"] == "127.0.0.1" and re.fullmatch(r"[0-9a-f]{48}", server.token)
        specs = server.ask("api/kernelspecs")
        assert specs["default"] == "python3"
        kernel = specs["kernelspecs"]["python3"]["spec"]
        assert kernel["display_name"] == "Python 3 (auditkit)" and kernel["argv"][0] == sys.executable
    assert list(home.rglob("*")) == []
