"""The same snapshot gives the same bytes in every output, wherever and by whomever the report is made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import auditkit

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXCEPTIONS = """
exceptions:
  - {owner: jane@example.org, reason: an agent needs it, compensating_control: the host is watched, granted: 2026-11-01,
     expires: 2026-12-31, framework: soc2, requirements: [CC6.8], subjects: [{namespace: kube-system, name: "*"}]}
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    store = tmp_path_factory.mktemp("store")
    (store / "accepted.yaml").write_text(EXCEPTIONS)
    snapshot = auditkit.demo().write(store / "snapshots")
    return store, _report(sys.executable, store, snapshot.relative_to(store), {"PYTHONHASHSEED": "1", "TZ": "UTC"})


def _report(python: str, place: Path, snapshot: Path, environment: dict[str, str]) -> dict[str, bytes]:
    """The bytes of the outputs of a report that is made in a folder, by the end of their names."""
    done = subprocess.run(
        [python, "-m", "auditkit", "report", snapshot, "-f", "soc2", "--exceptions", "accepted.yaml", "-q"], cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = sorted((place / "reports").glob("soc2-*"))
    assert [file.suffix for file in files] == [".html", ".ipynb", ".pdf"]
    return {file.name: file.read_bytes() for file in files}


def _elsewhere(store: Path, place: Path) -> Path:
    """A copy of a store without its reports and verdicts; returns the relative path of its snapshot."""
    shutil.copytree(store, place, ignore=shutil.ignore_patterns("reports", "verdicts"))
    [manifest] = place.rglob("manifest.json")
    return manifest.parent.relative_to(place)


def test_another_folder_home_language_time_zone_and_seed_change_nothing(first, tmp_path: Path) -> None:
    store, made = first
    place = tmp_path / "another folder" / "ü"
    (tmp_path / "home").mkdir()
    again = _report(sys.executable, place, _elsewhere(store, place), {
        "PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8",
        "HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "home"), "COLUMNS": "60"})
    assert list(again) == list(made), "the names have the digest of the notebook"
    assert [name for name in made if again[name] != made[name]] == []


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_another_python_changes_nothing(first, tmp_path: Path, version: str) -> None:
    python = shutil.which(f"python{version}")
    if version == "{}.{}".format(*sys.version_info[:2]) or python is None:
        pytest.skip(f"this is Python {version}, or there is no other")
    ready = subprocess.run([python, "-c", "import auditkit, pandas, papermill, pyarrow, weasyprint"], cwd=ROOT,
                           capture_output=True, check=False)
    if ready.returncode:
        pytest.skip(f"Python {version} is there without the packages that auditkit needs")
    store, made = first
    place = tmp_path / "other"
    assert _report(python, place, _elsewhere(store, place), {}) == made
