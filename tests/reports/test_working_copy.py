"""Copies of notebooks are the user's: they are about a snapshot, run as they are, and are kept once they are changed."""

import shutil
from pathlib import Path

import nbformat
import pytest

from auditkit.api import lab
from auditkit.errors import NoSuchName, UsageError
from auditkit.reports import notebook
from auditkit.reports.working_copy import HIDDEN
from auditkit.snapshots.snapshot import Snapshot


@pytest.fixture
def store(acme: Snapshot, tmp_path: Path) -> Path:
    acme.apart().write(tmp_path / "evidence")
    return tmp_path / "evidence"


def parameters(path: Path) -> str:
    return next(cell.source for cell in nbformat.read(path, 4).cells if "parameters" in cell.metadata.get("tags", ()))


def test_parameters_lead_to_the_snapshot_from_the_folder_of_the_copy(store: Path, tmp_path: Path) -> None:
    [snapshot] = store.glob("*/*Z-*")
    lab.copy_notebooks(["access", "drift", "fleet"], tmp_path / "work", store)
    place = f"../evidence/{snapshot.parent.name}/{snapshot.name}"
    assert parameters(tmp_path / "work" / "access.ipynb") == f"snapshot = '{place}'  # name or folder of a snapshot"
    assert parameters(tmp_path / "work" / "drift.ipynb").splitlines()[1].startswith(f"earlier = '{place}'  # ")
    assert parameters(tmp_path / "work" / "fleet.ipynb").splitlines()[0] == "store = '../evidence'  # folder of the store"


def test_the_snapshot_before_is_the_earlier_one_of_a_comparison(acme: Snapshot, store: Path, tmp_path: Path) -> None:
    [first] = store.glob("*/*Z-*")
    later = shutil.copytree(first, first.with_name("20991231T000000Z-000000000000"))
    opened = acme.apart()
    opened.path = later
    lab.copy_notebooks(["drift"], tmp_path / "work", opened)
    assert f"earlier = '../evidence/{first.parent.name}/{first.name}'" in parameters(tmp_path / "work" / "drift.ipynb")


def test_the_demo_stays_the_demo(tmp_path: Path, acme: Snapshot) -> None:
    lab.copy_notebooks(["access"], tmp_path, acme)
    assert parameters(tmp_path / "access.ipynb").startswith('snapshot = "demo"')


def test_a_changed_copy_is_kept_and_an_unchanged_one_is_about_another_snapshot(acme: Snapshot, store: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    lab.copy_notebooks(["access", "network"], work, acme)
    changed = (work / "access.ipynb").read_bytes() + b"\n"
    (work / "access.ipynb").write_bytes(changed)
    written, kept = lab.copy_notebooks(["access", "network"], work, store)
    assert (written, kept) == ([work / "network.ipynb"], [work / "access.ipynb"])
    assert (work / "access.ipynb").read_bytes() == changed
    assert "../evidence/" in parameters(work / "network.ipynb")


@pytest.mark.parametrize("record", ["", "[]", "{", "\udcff"])
def test_without_a_record_of_what_was_copied_everything_is_kept(acme: Snapshot, store: Path, tmp_path: Path, record: str) -> None:
    lab.copy_notebooks(["access"], tmp_path / "work", acme)
    (tmp_path / "work" / HIDDEN / "copied.json").write_bytes(record.encode(errors="surrogateescape"))
    assert lab.copy_notebooks(["access"], tmp_path / "work", store).kept == [tmp_path / "work" / "access.ipynb"]


def test_what_cannot_be_copied_is_a_sentence(acme: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(NoSuchName, match="did you mean soc2"):
        lab.copy_notebooks(["soc3"], tmp_path, acme)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        lab.copy_notebooks(["soc2"], tmp_path / "file", acme)


def test_a_copy_runs_where_it_lies_and_where_both_were_moved_to(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.copy_notebooks(["access"], tmp_path / "work", store)
    handed = tmp_path / "handed over" / "by mail"
    handed.mkdir(parents=True)
    shutil.copy(tmp_path / "work" / "access.ipynb", handed)
    shutil.move(store, tmp_path / "handed over" / "snapshots")
    monkeypatch.chdir(handed)
    done = notebook.execute(handed / "access.ipynb", handed / "partial.ipynb", {})
    assert "acme-prod" in str(done.cells[3].outputs)


def test_every_notebook_is_listed_with_a_title_and_a_sentence() -> None:
    found = {each.name: each for each in lab.notebooks()}
    assert {"soc2", "hipaa", "cis", "access"} <= set(found)
    assert found["access"].title == "Who can do what"
    assert all(each.title and each.about and "\n" not in each.title + each.about for each in found.values())
