"""`make` tells what it installs while it does, and fails where pip fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
case "$*" in
    *--version) echo "Python 3.99";;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python;;
    *--requirement*)
        for each in 1 2 3 4 5 6 7 8 9 10 11; do echo "Collecting package$each==1 (from -r requirements.lock)"; done
        echo "Installing collected packages: package1"
        exit $CODE;;
esac
"""


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize("code", [0, 3])
def test_the_environment_is_made_aloud_and_only_if_pip_succeeds(tmp_path: Path, code: int) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(HERE / name, tmp_path)
    (python := tmp_path / "python").write_text(PYTHON)
    python.chmod(0o755)
    done = subprocess.run(["make", f"PYTHON={python}", ".venv/ready"], cwd=tmp_path, capture_output=True, text=True,
                          check=False, env={**os.environ, "CODE": str(code)})
    assert (done.returncode == 0) == (code == 0) == (tmp_path / ".venv/ready").exists(), done.stderr
    assert "[1/3] Making the environment .venv with Python 3.99." in done.stdout
    assert "10 of at most " in done.stdout and "now package10" in done.stdout
    assert ("[3/3]" in done.stdout) == (code == 0)
