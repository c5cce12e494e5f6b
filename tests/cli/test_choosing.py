"""A snapshot is named by its folder, by a store, by a cluster, or not at all; what was chosen is said."""

from pathlib import Path

import pytest
from chains import manifest
from typer.testing import CliRunner, Result

from auditkit import tables
from auditkit.cli import main as cli
from auditkit.errors import UsageError
from auditkit.snapshots.snapshot import Snapshot

EMPTY = {name: table.schema.empty_table() for name, table in tables.TABLES.items()}


def written(day: int, cluster: str = "acme", uid: str = "uid-1") -> None:
    """A snapshot of a day that has one namespace, called after the day."""
    named = EMPTY["namespaces"].from_pylist([{"name": f"space-{day}"}], schema=EMPTY["namespaces"].schema)
    Snapshot(manifest(day, cluster, uid), {**EMPTY, "namespaces": named}).write("snapshots")


def show(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["show", *map(str, arguments)])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `collect` has kept snapshots of two clusters."""
    monkeypatch.chdir(tmp_path)
    written(0)
    written(1)
    written(5, cluster="other/prod", uid="uid-2")
    return tmp_path


def newest(cluster: str) -> Path:
    return max(path for path in Path("snapshots", cluster).iterdir() if path.name.startswith("2026"))


@pytest.mark.parametrize("named", ["acme", "uid-1", "snapshots/acme"])
def test_a_cluster_is_named_by_name_uid_or_folder(here: Path, named: str) -> None:
    done = show(named, "namespaces")
    assert "first 1 of 1 rows" in done.stdout and "space-1" in done.stdout
    assert f"snapshot: {newest('acme')} of acme (UID uid-1), observed" in done.stderr


def test_a_name_with_a_slash_is_that_of_a_cluster_where_there_is_no_such_folder(here: Path) -> None:
    assert "space-5" in show("other/prod", "namespaces").stdout


def test_a_snapshot_that_is_named_by_its_folder_is_not_said_again(here: Path) -> None:
    assert "snapshot:" not in show(newest("acme"), "namespaces").stderr


def test_of_several_clusters_none_is_guessed(here: Path) -> None:
    wrong = show("snapshots", "namespaces").exception
    assert isinstance(wrong, UsageError) and "several clusters: acme (UID uid-1), newest snapshots/acme/" in str(wrong)
    wrong = show("acne").exception
    assert isinstance(wrong, UsageError) and "snapshots has no cluster 'acne': acme (UID uid-1)" in str(wrong)


def test_a_store_lists_the_place_of_each_snapshot_in_its_chain(here: Path) -> None:
    found = CliRunner(env={"COLUMNS": "240"}).invoke(cli.app, ["show", "snapshots/acme"]).stdout.splitlines()
    assert [line.split()[2] for line in found if "uid-1" in line] == ["1", "2"]
