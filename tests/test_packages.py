"""The packages: the wheel alone is enough to judge the demo, and the source archive is enough to go on working."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = {"controls": "controls", "notebooks": "notebooks", "templates": "templates", "demo/acme-prod": "tests/clusters/acme-prod",
           "demo/acme-change": "tests/clusters/acme-change"}
"""Folders of the wheel's data, and where they lie in the repository."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip would put it into an environment."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_has_the_package_and_its_data_and_nothing_else(installed: Path) -> None:
    data = {f"_data/{name}/{file}" for name, place in SHIPPED.items() for file in files(ROOT / place)}
    assert files(installed / "auditkit") == files(ROOT / "auditkit") | data
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"auditkit"}
    about = next(installed.glob("*.dist-info"))
    assert (about / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert "auditkit = auditkit.cli.main:main" in (about / "entry_points.txt").read_text()


def test_the_wheel_alone_judges_the_demo(installed: Path, tmp_path: Path) -> None:
    code = "import auditkit; print(auditkit.__file__, auditkit.evaluate(auditkit.demo(), 'pss-baseline').statuses['fail'] > 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": str(installed), "KUBECONFIG": "/nowhere"})
    assert done.stdout.split() == [str(installed / "auditkit" / "__init__.py"), "True"], done.stderr


def test_the_source_archive_has_what_contributors_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.lock"}
    folders = {f"{name}/{file}" for name in ("auditkit", "controls", "deploy", "docs", "notebooks", "templates", "tests")
               for file in files(ROOT / name)}
    assert needed | folders <= names
    assert {name for name in names if name.startswith("reports/")} == {"reports/README.md"}
