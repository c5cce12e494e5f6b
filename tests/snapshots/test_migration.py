"""Snapshots of other versions: what they do not have is not known, and nothing that reads it passes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from report_worlds import pod, snapshot

from auditkit import api, tables
from auditkit.analysis import DERIVED, sources
from auditkit.checks import all_checks
from auditkit.errors import UsageError
from auditkit.evaluation.engine import run
from auditkit.snapshots.alike import Alike, Memory
from auditkit.snapshots.migration import migrated
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot
from auditkit.snapshots.verifying import verify_stored
from auditkit.snapshots.writing import write_snapshot


def older(taken: Snapshot, store: Path, monkeypatch: pytest.MonkeyPatch, without: str = "", column: str = "",
          plain: bool = False) -> Path:
    """A snapshot as a version wrote it that had no such table, or no such column; ``plain``: and no fingerprints."""
    held = {name: taken.arrow(name) for name in tables.TABLES}
    if column:
        held[without] = held[without].drop_columns([column])
    elif without:
        del held[without]
    if plain:
        held = {name: table.cast(pa.schema([field.remove_metadata() for field in table.schema])) for name, table in held.items()}
    with monkeypatch.context() as then:
        then.setattr(tables, "digest", lambda: "of an older version")
        return write_snapshot(taken.manifest, held, store)


def statuses(taken: Snapshot, framework: str = "soc2") -> dict[str, str]:
    return dict(api.evaluate(taken, framework).requirements[["id", "status"]].itertuples(index=False, name=None))


def test_a_table_that_was_not_collected_is_empty_and_a_gap(
        acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = open_snapshot(older(acme, tmp_path, monkeypatch, "limit_ranges"))
    assert not len(read.limit_ranges) and len(read.pods) == len(acme.pods)
    assert read.gaps("limit_ranges") == [
        f"{acme.manifest.collector}, which collected this snapshot, did not collect the table limit_ranges"]
    assert read.gaps("pods") == acme.gaps("pods")
    assert read.sources_read == (acme.sources_read[0], acme.sources_read[1] + 1)
    assert not verify_stored(tmp_path).wrong


def test_a_column_that_was_not_collected_is_unknown_and_a_gap(
        acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = open_snapshot(older(acme, tmp_path, monkeypatch, "pods", "host_network"))
    assert read.pods["host_network"].isna().all() and read.pods["name"].equals(acme.pods["name"])
    assert "did not collect pods.host_network as this version does" in read.gaps("all_pods")[0]
    outcome = next(outcome for result in api.evaluate(read, "cis-kubernetes").results for outcome in result.outcomes
                   if outcome.check.name == "workloads.no_host_network")
    assert not outcome.counts["pass"] and outcome.counts["unknown"]


def test_what_does_not_read_it_is_judged_as_ever(
        acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = statuses(acme)
    old = statuses(open_snapshot(older(acme, tmp_path, monkeypatch, "limit_ranges")))
    assert {name for name, status in old.items() if status != full[name]} <= {"A1.1"}
    assert "fail" in old.values()


def test_a_column_of_another_meaning_is_unknown(acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = acme.arrow("pods")
    at = held.schema.get_field_index("host_pid")
    changed = held.schema.set(at, held.schema.field(at).with_metadata({"declared": "0" * 16}))
    with monkeypatch.context() as then:
        then.setattr(tables, "digest", lambda: "of an older version")
        path = write_snapshot(acme.manifest, {name: acme.arrow(name) for name in tables.TABLES} | {
            "pods": held.cast(changed)}, tmp_path)
    read = open_snapshot(path)
    assert read.pods["host_pid"].isna().all() and list(read.lacking) == ["pods"]


def test_files_without_fingerprints_are_read_and_nothing_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = snapshot(pod("good"), pod("bad", privileged=True))
    read = open_snapshot(older(taken, tmp_path, monkeypatch, plain=True))
    assert read.containers["privileged"].tolist() == taken.containers["privileged"].tolist()
    found = statuses(read, "cis-kubernetes")
    assert "pass" not in found.values() and "fail" in found.values()


def test_rows_without_their_key_are_none() -> None:
    declared = tables.table("pods")
    rows = pa.Table.from_pylist([{"namespace": "shop", "name": "web"}], declared.schema)
    assert len(migrated(rows, declared)) == 1
    assert len(migrated(rows.drop_columns(["name"]), declared)) == 0


def test_a_newer_table_is_left_out(acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {name: acme.arrow(name) for name in tables.TABLES} | {"visions": pa.table({"name": ["later"]})}
    with monkeypatch.context() as then:
        then.setattr(tables, "digest", lambda: "of a newer version")
        path = write_snapshot(acme.manifest, held, tmp_path)
    read = open_snapshot(path)
    assert read.lacking == {} and statuses(read) == statuses(acme)


def test_a_file_that_the_manifest_of_an_older_version_lists_must_be_there(
        acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = older(acme, tmp_path, monkeypatch, "limit_ranges")
    (path / "pods.parquet").unlink()
    with pytest.raises(Exception, match=r"pods.parquet is missing"):
        open_snapshot(path)
    shutil.rmtree(path)


def judged_without(acme: Snapshot, memory: Memory, table: str, column: str = "") -> Iterator[tuple[str, dict[str, int]]]:
    """What each check says that reads a table which is not there, or lacks a column."""
    declared = tables.table(table)
    held = {name: acme.arrow(name) for name in tables.TABLES}
    kept = held[table].drop_columns([column]) if column else declared.schema.empty_table()
    lacking = {table: "it was not collected"}
    taken = Alike.of(memory, acme.manifest, held | {table: migrated(kept, declared)}, None, "", lacking)
    for check in all_checks().values():
        if table in sources.collected(check.tables, taken._given(check.tools)):
            yield check.name, run(check, taken).counts


@pytest.mark.slow
def test_nothing_passes_that_reads_a_table_which_was_not_collected(acme: Snapshot) -> None:
    memory, judged = Memory(), 0
    for table in tables.TABLES:
        for name, counts in judged_without(acme, memory, table):
            assert not counts["pass"], (table, name)
            judged += 1
    assert judged > 500 and DERIVED


@pytest.mark.slow
def test_nothing_passes_or_breaks_that_reads_a_table_without_a_column(acme: Snapshot) -> None:
    memory = Memory()
    for table, declared in tables.TABLES.items():
        others = [column.name for column in declared.columns if column.name not in declared.key]
        for column in others[:: max(1, len(others) // 2)]:
            try:
                for name, counts in judged_without(acme, memory, table, column):
                    assert not counts["pass"], (table, column, name)
            except UsageError as error:
                raise AssertionError(f"{table}.{column}: {error}") from error
