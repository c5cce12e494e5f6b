"""Clusters are told apart by their UID, in folders of their own, and the newest snapshot is the one observed last."""

import datetime as dt
import shutil
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from auditkit import tables
from auditkit.errors import SnapshotError, UsageError
from auditkit.snapshots.history import newest, snapshots
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot

DAY = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
ADMIN = "kubernetes-admin@kubernetes"
EMPTY: dict[str, pa.Table] = {name: table.schema.empty_table() for name, table in tables.TABLES.items()}


def written(store: Path, uid: str, day: int, name: str = ADMIN, **changes: object) -> Path:
    """A snapshot of a cluster that was read on a day of March."""
    when = DAY.replace(day=day)
    manifest = Manifest(cluster=name, cluster_uid=uid, started=when, ended=when, ledger=[])
    return Snapshot(msgspec.structs.replace(manifest, **changes), EMPTY).write(store)


def test_two_clusters_of_one_name_have_folders_of_their_own(tmp_path: Path) -> None:
    paths = [written(tmp_path, uid, day) for day, uid in enumerate(
        ["11111111-a", "22222222-b", "11111111-a", "22222222-b", "", ""], 1)]
    folders = [path.parent.name for path in paths]
    name = "kubernetes-admin_kubernetes"
    assert folders[:4] == [name, f"{name}-22222222", name, f"{name}-22222222"]
    assert folders[4] == folders[5] != name and folders[4].startswith(f"{name}-no-uid-")
    assert [open_snapshot(path).manifest.cluster_uid for path in paths][:2] == ["11111111-a", "22222222-b"]


def test_names_that_make_one_folder_name_do_not_share_it(tmp_path: Path) -> None:
    folders = {written(tmp_path, "", 1, name).parent for name in ("a/b", "a_b", "a b")}
    assert len(folders) == 3 and all(folder.parent == tmp_path for folder in folders)


def test_a_store_in_which_clusters_share_a_folder_stays_readable(tmp_path: Path) -> None:
    first, second = written(tmp_path, "1-a", 1), written(tmp_path, "2-b", 2)
    moved = second.rename(first.parent / second.name)  # as an earlier version wrote it, which knew no chains
    for cluster in (first.parent, second.parent):
        shutil.rmtree(cluster / "chain")
    found, broken = snapshots(tmp_path)
    assert ([each.path for each in found], broken) == ([first, moved], [])
    assert written(tmp_path, "1-a", 3).parent != first.parent, "nothing is added to what is shared"


def test_a_damaged_manifest_does_not_prevent_a_collection(tmp_path: Path) -> None:
    first = written(tmp_path, "1-a", 1)
    (first / "manifest.json").write_text("{")
    assert written(tmp_path, "1-a", 2).parent == first.parent


def test_the_newest_is_the_one_that_was_observed_last(tmp_path: Path) -> None:
    last = written(tmp_path, "1-a", 1, observed_from=DAY.replace(day=20), observed_until=DAY.replace(day=20),
                   observed_by="recorded")
    written(tmp_path, "1-a", 9)
    written(tmp_path, "1-a", 30, observed_until=DAY.replace(day=30), observed_by="contents")  # from who knows when
    assert newest(tmp_path) == last


def test_the_newest_of_one_cluster_is_found_under_both_of_its_names(tmp_path: Path) -> None:
    written(tmp_path, "1-a", 1, name="z-before")
    renamed = written(tmp_path, "1-a", 2, name="a-since")
    assert newest(tmp_path) == renamed


@pytest.mark.parametrize("cluster", ["z-before", "1-a"])
def test_the_newest_of_one_cluster_of_several_is_found_by_its_name_or_uid(tmp_path: Path, cluster: str) -> None:
    written(tmp_path, "1-a", 1, name="z-before")
    last = written(tmp_path, "1-a", 2, name="z-before")
    written(tmp_path, "2-b", 3, name="other")
    assert newest(tmp_path, cluster) == last
    for unknown in ("UID", "z"):
        with pytest.raises(UsageError, match=f"has no cluster '{unknown}': other .* z-before "):
            newest(tmp_path, unknown)


def test_a_name_that_two_clusters_have_is_not_clear(tmp_path: Path) -> None:
    for uid in ("1-a", "2-b"):
        written(tmp_path, uid, 1)
    with pytest.raises(UsageError, match=f"several clusters called '{ADMIN}'"):
        newest(tmp_path, ADMIN)


def test_a_snapshot_that_was_not_entered_in_the_chain_is_not_the_newest(tmp_path: Path) -> None:
    first, last = written(tmp_path, "1-a", 1), written(tmp_path, "1-a", 2)
    (last.parent / "chain" / "000002.json").unlink()
    assert newest(tmp_path) == first


@pytest.mark.parametrize("other", ["2-b", ""])
def test_of_two_clusters_of_one_name_none_is_taken_for_the_other(tmp_path: Path, other: str) -> None:
    one, two = written(tmp_path, "1-a", 1), written(tmp_path, other, 2)
    with pytest.raises(UsageError, match="several clusters") as refused:
        newest(tmp_path)
    assert f"{ADMIN} (UID 1-a), newest {one}" in str(refused.value)
    assert f"({'UID 2-b' if other else 'known by its name alone'}), newest {two}" in str(refused.value)


def test_there_is_no_newest_of_an_empty_store_or_beside_a_damaged_manifest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{tmp_path} is not a snapshot and has no snapshots"):
        newest(tmp_path)
    written(tmp_path, "1-a", 2)
    (written(tmp_path, "1-a", 1) / "manifest.json").write_text("{}")
    with pytest.raises(SnapshotError, match=r"manifest\.json"):
        newest(tmp_path)


def test_what_is_being_written_is_no_snapshot(tmp_path: Path) -> None:
    done = written(tmp_path, "1-a", 1)
    shutil.rmtree(done.parent / "chain")  # it has no entry yet
    done.rename((tmp_path / ".partial-x").mkdir() or tmp_path / ".partial-x" / done.name)
    assert snapshots(tmp_path) == ([], [])
