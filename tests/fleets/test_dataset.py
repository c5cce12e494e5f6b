"""The data set: what other programs read from it is what was judged, by cluster and date."""

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pytest
from fleet_worlds import DAY, member, rules

from auditkit.api.evaluating import evaluate
from auditkit.errors import UsageError
from auditkit.fleets import dataset
from auditkit.snapshots.store import open_snapshot


def written(tmp_path: Path, *folders: Path) -> Path:
    for folder in folders:
        snapshot = open_snapshot(folder)
        dataset.write(tmp_path / "ds", snapshot, [evaluate(snapshot, "wards", controls=rules(tmp_path))])
    return tmp_path / "ds"


def test_other_programs_find_clusters_and_dates(tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = written(tmp_path, member(store, "prod eu", privileged=True), member(store, "dev", day=DAY + dt.timedelta(days=1)))
    query = "select cluster, date::varchar, status from read_parquet('{}/requirements/*/*/*.parquet', hive_partitioning=true) " \
            "where id = 'A1' order by 1"
    assert duckdb.sql(query.format(found)).fetchall() == [("dev", "2026-11-23", "pass"), ("prod_eu", "2026-11-22", "fail")]
    table = ds.dataset(found / "requirements", partitioning="hive").to_table(filter=ds.field("cluster") == "prod_eu")
    assert set(table["cluster_name"].to_pylist()) == {"prod eu"} and table.num_rows == 3
    assert set(table["cluster_uid"].to_pylist()) == {"uid-of-prod eu"}
    assert ds.dataset(found / "snapshots", partitioning="hive").to_table()["sources_read"].to_pylist()[0] > 40


def test_a_second_run_adds_nothing(tmp_path: Path) -> None:
    folder = member(tmp_path / "store", "a", privileged=True)
    before = {path: path.read_bytes() for path in written(tmp_path, folder).rglob("*.parquet")}
    after = {path: path.read_bytes() for path in written(tmp_path, folder).rglob("*.parquet")}
    assert len(before) == 4 and before == after


def test_a_name_of_a_cluster_leads_nowhere_else(tmp_path: Path) -> None:
    found = written(tmp_path, member(tmp_path / "store", "../../etc/=x"))
    assert {path.relative_to(found).parts[0] for path in found.rglob("*.parquet")} == {"requirements", "verdicts", "gaps", "snapshots"}


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ds").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"):
        written(tmp_path, member(tmp_path / "store", "a"))
