"""Snapshots of other versions: what they do not have is not known, and nothing is worked out from it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from command_line import auditkit as command
from older import OF, content, declared, lacking, older, plain, rewritten, without, written
from report_worlds import framework, pod, snapshot

import auditkit
from auditkit import tables
from auditkit.analysis import DERIVED, sources
from auditkit.analysis.rbac import authorizer
from auditkit.checks import Check, all_checks
from auditkit.errors import GapWarning, SnapshotError
from auditkit.evaluation.engine import run
from auditkit.evaluation.evaluation import evaluate
from auditkit.evaluation.explain import explain
from auditkit.evaluation.results import Outcome
from auditkit.reports import show
from auditkit.reviews.access import LINES, review_packet
from auditkit.snapshots.alike import Alike, Memory
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.migration import migrated
from auditkit.snapshots.snapshot import Snapshot, _nothing
from auditkit.snapshots.store import open_snapshot
from auditkit.snapshots.verifying import verify_stored
from auditkit.tables.model import Column, Rows, Table

CHECK = "workloads.no_host_network"


# --- what is read ---------------------------------------------------------------------------------------------------

def test_a_table_that_was_not_collected_is_empty_and_a_gap(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "limit_ranges"))
    assert not len(read.limit_ranges) and len(read.pods) == len(acme.pods)
    assert read.gaps("limit_ranges") == [f"not collected: table limit_ranges: {OF} did not have the table limit_ranges"]
    assert read.gaps("pods") == acme.gaps("pods")
    assert not verify_stored(tmp_path).wrong


def test_a_column_that_was_not_collected_is_unknown_and_a_gap(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "pods.host_network"))
    assert read.pods["host_network"].isna().all() and read.pods["name"].equals(acme.pods["name"])
    assert read.gaps("pods") == [f"not collected: table pods: {OF} did not have pods.host_network"]
    with pytest.warns(GapWarning, match="did not have pods.host_network"):
        found = read.sql("select count(*) as n from pods where host_network is null")
    assert found["n"].tolist() == [len(acme.pods)]


@pytest.mark.parametrize(("column", "said"), [("host_pid", "took pods.host_pid from elsewhere"),
                                              ("name", "did not have pods.name as it is now, which tells its rows apart")])
def test_a_column_that_held_another_thing_is_unknown(acme: Snapshot, tmp_path: Path, column: str, said: str) -> None:
    held = content(acme)
    read = open_snapshot(written(acme, held | {"pods": declared(held["pods"], column)}, tmp_path))
    assert read.pods[column].isna().all() and list(read.lacking) == ["pods"]
    assert said in read.lacking["pods"].reason


def test_rows_that_came_from_elsewhere_are_not_believed(acme: Snapshot, tmp_path: Path) -> None:
    held = content(acme)
    read = open_snapshot(written(acme, held | {"containers": declared(held["containers"])}, tmp_path))
    assert not len(read.containers) and "took the rows of containers from elsewhere" in read.gaps("containers")[0]


def table_of(rows: Rows, *columns: Column) -> Table:
    return Table("notes", "made up", (rows,), columns or (Column("name", "string", "/metadata.name", "name"),), ("name",))


@pytest.mark.parametrize("then", [
    table_of(Rows("pods", "metadata.annotations{}", keep=("a/",))),
    table_of(Rows("pods", "metadata.labels{}", keep=("a/", "b/"))),
    table_of(Rows("jobs", "metadata.annotations{}", keep=("a/", "b/"))),
    table_of(Rows("pods", "metadata.annotations{}", keep=("a/", "b/"), constants={"kind": "Pod"})),
    table_of(Rows("pods", "metadata.annotations{}", keep=("a/", "b/")), Column("name", "string", "/metadata.name", "name"),
             Column("verb", "string", "verbs[]", "a verb")),
], ids=["a shorter keep", "another path", "another source", "another constant", "a column that repeats rows"])
def test_rows_declared_otherwise_are_known_by_their_fingerprint(then: Table) -> None:
    now = table_of(Rows("pods", "metadata.annotations{}", keep=("a/", "b/")))
    rows = pa.Table.from_pylist([{"name": "web"}], then.schema)
    assert len(migrated(rows, then)) == 1 and len(migrated(rows, now)) == 0


def test_a_pure_change_of_words_changes_no_fingerprint() -> None:
    one, other = (Column("name", "string", "/metadata.name", doc) for doc in ("the name", "the name of the object"))
    assert one.fingerprint == other.fingerprint
    assert table_of(Rows("pods"), one).fingerprint == table_of(Rows("pods"), other).fingerprint
    assert Column("name", "string", "/metadata.name", "", absent="").fingerprint != one.fingerprint


def test_fingerprints_stay_what_they_are() -> None:
    """Computed in another way, every snapshot that was ever taken would be of another version in all its tables."""
    assert Column("name", "string", "/metadata.name", "the name").fingerprint == "139437e47fecc07c"
    assert table_of(Rows("pods", "spec.containers[]", keep=("a",))).fingerprint == "f384901eb2bc3074"


def test_files_without_fingerprints_are_shown_and_nothing_is_worked_out_from_them(tmp_path: Path) -> None:
    taken = snapshot(pod("good"), pod("bad", privileged=True))
    read = open_snapshot(written(taken, plain(content(taken)), tmp_path))
    assert read.containers["privileged"].tolist() == taken.containers["privileged"].tolist()
    assert "did not say how containers was made" in read.gaps("containers")[0]
    assert [each.status for each in evaluate(read, framework()).results] == ["unknown", "unknown", "manual"]


def test_what_a_newer_version_knows_is_left_aside_and_told(acme: Snapshot, tmp_path: Path) -> None:
    held = content(acme) | {"visions": pa.table({"name": ["later"]})}
    held["pods"] = held["pods"].append_column("aura", pa.nulls(held["pods"].num_rows, pa.string()))
    read = open_snapshot(written(acme, held, tmp_path))
    assert read.lacking == {} and read.gaps("pods") == acme.gaps("pods") and read.pods.equals(acme.pods)
    assert read.aside == "Left aside, since this version of auditkit does not know it: the table visions, pods.aura."


def test_a_later_format_is_refused_whatever_it_has_else(acme: Snapshot, tmp_path: Path) -> None:
    path = older(acme, tmp_path)
    (path / "manifest.json").write_text(json.dumps({"format": 2, "collector": "auditkit 9.0", "cluster": {"name": "a"}}))
    with pytest.raises(SnapshotError, match=r"has format 2 \(auditkit 9.0\); this version of auditkit reads format 1"):
        open_snapshot(path)


def test_a_manifest_from_before_some_of_its_fields_is_read_and_stands_in_its_chain(
        acme: Snapshot, tmp_path: Path) -> None:
    gone = ("previous", "observed_by", "observed_from", "observed_until", "transport", "stated", "stated_by", "groups")
    path = rewritten(older(acme, tmp_path, "limit_ranges"), **dict.fromkeys(gone))
    read = open_snapshot(path)
    assert read.manifest.previous is None and read.manifest.observed == (acme.manifest.started, acme.manifest.ended)
    found, broken = snapshots(tmp_path)
    assert [each.digest for each in found] == [read.digest] and not broken
    assert not [each for each in verify_stored(tmp_path).wrong if "missing" in each.what]


# --- what is proved before it is believed -----------------------------------------------------------------------------

def test_a_file_is_not_looked_into_before_its_digest_is_proved(acme: Snapshot, tmp_path: Path) -> None:
    path = older(acme, tmp_path, "pods.host_network")
    complete = older(acme, tmp_path / "other")
    shutil.copy(complete / "pods.parquet", path / "pods.parquet")
    with pytest.raises(SnapshotError, match=r"pods.parquet was changed after collection"):
        open_snapshot(path).gaps("pods")


def test_a_file_that_the_manifest_of_another_version_lists_must_be_there(acme: Snapshot, tmp_path: Path) -> None:
    path = older(acme, tmp_path, "limit_ranges")
    (path / "pods.parquet").unlink()
    with pytest.raises(SnapshotError, match=r"pods.parquet is missing"):
        open_snapshot(path)


@pytest.mark.parametrize("name", ["../pods.parquet", "/etc/passwd", "pods.exe"])
def test_a_manifest_of_another_version_lists_nothing_but_tables(acme: Snapshot, tmp_path: Path, name: str) -> None:
    path = older(acme, tmp_path)
    files = json.loads((path / "manifest.json").read_text())["files"]
    with pytest.raises(SnapshotError, match=r"which is not a table"):
        open_snapshot(rewritten(path, files=files | {name: "0" * 64}))


def test_a_snapshot_of_another_version_is_not_written_as_one_of_this(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "pods.host_network"))
    with pytest.raises(SnapshotError, match="Copy its folder"):
        read.write(tmp_path / "again")
    with pytest.raises(SnapshotError, match="Copy its folder"):
        read.apart().write(tmp_path / "again")


# --- what is worked out ----------------------------------------------------------------------------------------------

def test_a_check_that_reads_it_is_not_run_and_its_subjects_are_unknown(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "service_accounts.automount_token"))
    check = next(each for each in all_checks().values() if each.tables[0] == "service_accounts")
    outcome = run(check, read)
    assert outcome.counts["unknown"] == len(outcome) == len(acme.service_accounts) > 0
    assert set(outcome.rows()["reason"]) == {
        f"not collected: table service_accounts: {OF} did not have service_accounts.automount_token"}


def test_what_does_not_read_it_is_judged_as_ever(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "limit_ranges", "service_accounts.automount_token"))
    full, old = (evaluate(each, framework()).results for each in (acme, read))
    assert [each.status for each in old] == [each.status for each in full] and "fail" in [each.status for each in old]
    assert [each.count("pass") for each in old] == [each.count("pass") for each in full]


def test_access_is_not_worked_out_from_rules_that_are_not_whole(acme: Snapshot, tmp_path: Path) -> None:
    asked = {"user": "anybody", "groups": ["acme:auditors"], "verb": "get", "resource": "pods"}
    assert acme.can(**asked) is True
    read = open_snapshot(older(acme, tmp_path, "role_rules.resource_name"))
    assert read.can(**asked) is pd.NA
    assert read.who_can("get", "secrets").attrs["gaps"]


@pytest.mark.parametrize("name", list(DERIVED))
def test_every_derived_table_is_empty_where_nothing_is_known(name: str) -> None:
    found = _nothing(name)
    assert not isinstance(found, pd.DataFrame) or (len(found) == 0 and len(found.columns))


# --- what people see ---------------------------------------------------------------------------------------------------

def test_what_was_not_collected_is_counted_once_and_told_in_the_ledger(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "limit_ranges", "pods.host_network", "pods.host_pid"))
    assert read.sources_read == acme.sources_read, "its sources were read, as far as that version did"
    assert read.completeness == f"{acme.completeness}, 2 tables not collected as this version does"
    told = read.ledger[read.ledger["outcome"] == "not collected then"]
    assert told["resource"].tolist() == ["table limit_ranges", "table pods"]
    assert told["reason"].tolist() == [f"{OF} did not have the table limit_ranges",
                                       f"{OF} did not have pods.host_network, pods.host_pid"]


def test_a_source_that_was_not_known_then_is_one_that_was_not_read(acme: Snapshot, tmp_path: Path) -> None:
    known = [entry for entry in acme.manifest.ledger if entry.resource != "limitranges"]
    then = Snapshot(msgspec.structs.replace(acme.manifest, ledger=known), acme._tables)
    read = open_snapshot(older(then, tmp_path, "limit_ranges"))
    assert read.sources_read == (acme.sources_read[0] - 1, acme.sources_read[1])


def test_an_explanation_and_a_report_say_what_was_not_collected(acme: Snapshot, tmp_path: Path) -> None:
    read = open_snapshot(older(acme, tmp_path, "limit_ranges", "pods.host_network"))
    judged = auditkit.evaluate(read, "cis-kubernetes")
    requirement = next(each.requirement.id for each in judged.results for outcome in each.outcomes
                       if outcome.check.name == CHECK)
    said = str(explain([judged], requirement))
    assert f"      not collected: table pods: {OF} did not have pods.host_network" in said
    shown = [(gap["resource"], gap["outcome"]) for gap in show.snapshot(read).content["about"]["gaps"]]
    assert {("table pods", "not collected then"), ("table limit_ranges", "not collected then")} <= set(shown)
    assert "table limit_ranges" in [row["resource"] for row in show.ledger(read).content["rows"]]


def test_the_command_shows_what_was_not_collected_and_what_was_left_aside(acme: Snapshot, tmp_path: Path) -> None:
    held = content(acme, "limit_ranges", "pods.host_network") | {"visi\x1b[2Jons": pa.table({"name": ["later"]})}
    with pytest.raises(SnapshotError, match="not a table"):
        open_snapshot(written(acme, held, tmp_path / "hostile"))
    held["visions"] = held.pop("visi\x1b[2Jons")
    held["nodes"] = held["nodes"].append_column("au\x1b[2Jra", pa.nulls(held["nodes"].num_rows, pa.string()))
    done = command("show", written(acme, held, tmp_path / "store"))
    said = " ".join(f"{done.stdout}{done.stderr}".split())
    assert done.returncode == 0 and "\x1b" not in said
    assert "not collected: table pods: this snapshot is of another version" in said and "pods.host_network" in said
    assert "Left aside, since this version of auditkit does not know it: the table visions, nodes.au" in said


def test_the_list_of_a_store_names_one_of_another_version_that_was_altered(acme: Snapshot, tmp_path: Path) -> None:
    path = older(acme, tmp_path, "limit_ranges")
    (path / "pods.parquet").write_bytes(b"PAR1")
    done = command("show", tmp_path)
    assert done.returncode != 0 and "pods.parquet was changed after collection" in f"{done.stdout}{done.stderr}"
    assert "1 of 1 snapshots" in f"{done.stdout}{done.stderr}"


# --- the sweep -------------------------------------------------------------------------------------------------------

def readers(table: str, taken: Snapshot) -> list[Check]:
    """The checks that read a table, directly or derived."""
    return [check for check in all_checks().values()
            if table in sources.collected(check.tables, taken._given(()))]


def judged_without(acme: Snapshot, memory: Memory, table: str, *columns: str) -> Iterator[tuple[Check, Outcome]]:
    """What each check says that reads a table which is not there, or lacks a column: of which only the check that is
    about the rows of the table can see which."""
    taken = Alike.of(memory, acme.manifest, without(acme, table, *columns), None, "", lambda: lacking(table, *columns))
    for check in readers(table, acme):
        if not columns or check.tables[0] == table:
            yield check, run(check, taken)


def sweep(acme: Snapshot, names: list[str]) -> int:
    """Take away each of these tables, and each of their columns: nothing breaks, and no verdict is any but unknown."""
    memory, judged = Memory(), 0
    for table in names:
        for columns in ((), *((column.name,) for column in tables.table(table).columns)):
            for check, outcome in judged_without(acme, memory, table, *columns):
                rows = outcome.rows()
                assert set(rows["verdict"]) <= {"unknown"}, (table, columns, check.name)
                assert "not collected: table" in "; ".join(outcome.gaps), (table, columns, check.name)
                judged += 1
    return judged


def test_nothing_is_decided_by_a_table_that_is_not_whole(acme: Snapshot) -> None:
    assert sweep(acme, ["roles", "network_policies", "findings", "limit_ranges"]) > 30


@pytest.mark.slow
def test_nothing_is_decided_by_any_table_that_is_not_whole(acme: Snapshot) -> None:
    assert sweep(acme, list(tables.TABLES)) > 1000


@pytest.mark.slow
def test_nothing_that_people_are_shown_breaks_on_a_table_of_which_only_the_keys_were_collected(acme: Snapshot) -> None:
    memory = Memory()
    for table in ("binding_subjects", "pods", "namespaces", "network_policies"):
        known = tables.table(table)
        columns = [column.name for column in known.columns if column.name not in known.key]
        told = lacking(table, *columns)
        taken = Alike.of(memory, acme.manifest, without(acme, table, *columns), None, "", lambda told=told: told)
        packet = review_packet(taken)
        assert bool(len(packet)) != bool(taken.lacks(LINES)), table
        for name, shown in (("paths_to_admin", show.paths(taken)), ("namespace_flows", show.flows(taken))):
            assert ("not collected" in shown.table.content["note"]) == bool(taken.lacks([name])), table
        assert taken.who_can("get", "secrets").attrs["gaps"] or not taken.lacks(authorizer.TABLES), table
