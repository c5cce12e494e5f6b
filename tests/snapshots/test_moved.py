"""A snapshot that was moved is found by the digest in its name."""

import shutil
from pathlib import Path

import pytest

import auditkit
from auditkit.errors import SnapshotError
from auditkit.snapshots.moved import HOME, elsewhere
from auditkit.snapshots.snapshot import Snapshot


@pytest.fixture
def gone(acme: Snapshot, tmp_path: Path) -> Path:
    """Where a snapshot was, that lies now in ``case/snapshots``."""
    place = acme.apart().write(tmp_path / "before")
    shutil.move(tmp_path / "before", tmp_path / "case" / "snapshots")
    return place


@pytest.mark.parametrize("folder", ["case", "case/snapshots", "case/audit/notes"])
def test_it_is_found_from_the_folder_of_the_store_and_from_below(gone: Path, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / folder)
    assert auditkit.open(gone).path == tmp_path / "case" / "snapshots" / gone.parent.name / gone.name


def test_a_kernel_that_starts_elsewhere_finds_it_from_the_folder_of_the_lab(gone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    assert elsewhere(gone) is None
    monkeypatch.setenv(HOME, str(tmp_path / "case" / "auditkit-lab"))
    assert auditkit.open(gone).path


def test_nothing_but_the_name_of_a_snapshot_is_looked_for(gone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "case")
    assert elsewhere(Path("nowhere") / gone.parent.name) is None
    assert elsewhere(gone.with_name(gone.name[:-1] + ("0" if gone.name[-1] != "0" else "1"))) is None


def test_another_snapshot_under_that_name_is_refused(gone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "case")
    manifest = tmp_path / "case" / "snapshots" / gone.parent.name / gone.name / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"acme-prod", b"acme-test"))
    with pytest.raises(SnapshotError, match="digest|altered|changed"):
        auditkit.open(gone)
