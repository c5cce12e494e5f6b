"""Populations: their identity, their digest that anybody can compute, and what they lack."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from older import older
from worlds import arrow

from auditkit import tables
from auditkit.api import over_time, snapshots
from auditkit.base import shipped
from auditkit.errors import NoSuchName, SnapshotError, UsageError
from auditkit.history import canonical, populations, window
from auditkit.history.items import SEEN, Population, of_rows
from auditkit.people import exceptions
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
EMPTY: dict[str, pa.Table] = {name: table.schema.empty_table() for name, table in tables.TABLES.items()}
SOURCES = sorted({source for table in tables.TABLES.values() for source in table.sources})
LOG = Path(__file__).parents[1] / "samples" / "k8s-audit" / "acme-prod-audit.jsonl"


def pod(name: str, image: str = "a:1") -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
            "spec": {"containers": [{"name": "c", "image": image}]}}


def binding(name: str, user: str) -> dict:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"kind": "ClusterRole", "name": "admin", "apiGroup": "rbac.authorization.k8s.io"},
            "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]}


def taken(day: int, *objects: dict, refused: str = "", **changes: object) -> Snapshot:
    """A snapshot of a day of March, of which every source was read completely but the one that is refused."""
    when = DAY.replace(day=day)
    ledger = [Entry(resource=source, outcome="forbidden" if source == refused else "complete", started=when, ended=when)
              for source in SOURCES]
    manifest = Manifest(cluster="shop", cluster_uid="1-a", started=when, ended=when, ledger=ledger)
    return Snapshot(msgspec.structs.replace(manifest, **changes), {**EMPTY, **arrow(objects)})


def store(path: Path, *snapshots: Snapshot) -> Path:
    for snapshot in snapshots:
        snapshot.write(path)
    return path


def shuffled(snapshot: Snapshot, table: str) -> Snapshot:
    """The same evidence with the rows of a table in reverse order."""
    rows = snapshot.arrow(table)
    other = {name: snapshot.arrow(name) for name in tables.TABLES} | {table: rows.take(pa.array(range(len(rows)))[::-1])}
    return Snapshot(snapshot.manifest, other, None, snapshot.digest)


@pytest.mark.parametrize("name", ["pods", "all_containers", "access", "images", "check:workloads.no_privileged_containers"])
def test_an_independent_program_computes_the_digest(acme: Snapshot, name: str) -> None:
    found = over_time.population(acme, name)
    columns = [column for column in found.frame if column != "item"]
    rows = found.frame[columns].astype(object).to_dict("records")
    lines = sorted(json.dumps([
        value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, dt.datetime) else None if pd.isna(value) else value
        for value in row.values()], separators=(",", ":")) for row in rows)
    header = {"population": name, "cluster": "acme-prod", "from": str(found.window.first), "to": str(found.window.last),
              "snapshots": [acme.digest], "gaps": list(found.gaps), "key": list(found.key), "columns": columns}
    text = "\n".join([json.dumps(header, separators=(",", ":")), *lines, ""])
    assert found.digest == hashlib.sha256(text.encode()).hexdigest()
    assert len(found) == len(lines) > 30


def test_the_order_of_rows_makes_no_difference(acme: Snapshot) -> None:
    one, other = over_time.population(acme, "pods"), over_time.population(shuffled(acme, "pods"), "pods")
    assert one.content == other.content and one.frame.equals(other.frame)


def test_a_changed_value_changes_the_digest(acme: Snapshot) -> None:
    found = over_time.population(acme, "pods")
    for column in set(found.frame) - {"item"}:
        frame = found.frame.copy()
        frame[column] = frame[column].astype(object)
        frame.loc[3, column] = "changed"
        assert Population(found.name, found.window, frame, found.key).digest != found.digest, column


def test_an_item_is_told_from_every_other_by_its_text(acme: Snapshot) -> None:
    for name in ("pods", "access", "containers", "binding_subjects"):
        assert over_time.population(acme, name).frame["item"].is_unique


def test_rows_of_one_key_are_numbered(acme: Snapshot) -> None:
    twice = pd.DataFrame({"name": ["a", "b", "a"], "value": ["2", "1", "1"]}, dtype="string[pyarrow]")
    found = of_rows("x", window.at(acme), [(acme, twice)], ["name"])
    assert found.frame[["item", "value"]].values.tolist() == [['["a",1]', "1"], ['["a",2]', "2"], ['["b",1]', "1"]]
    again = of_rows("x", window.at(acme), [(acme, twice.iloc[::-1])], ["name"])
    assert again.digest == found.digest


@given(st.lists(st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"))), min_size=3, max_size=3), max_size=6))
def test_rows_have_the_same_text_only_if_they_have_the_same_values(rows: list[list[str | None]]) -> None:
    frame = pd.DataFrame(rows, columns=list("abc"), dtype="string[pyarrow]")
    texts = canonical.rows(frame, list("abc")).to_pylist()
    assert [json.loads(text) for text in texts] == rows
    assert all(text.isascii() and text.isprintable() for text in texts)


def test_values_of_every_type_have_one_text() -> None:
    frame = pd.DataFrame({
        "n": pd.array([1, None], "int64[pyarrow]"), "f": pd.array([0.5, None], "double[pyarrow]"),
        "b": pd.array([True, None], "bool[pyarrow]"), "t": pd.array([DAY, None], "timestamp[us, tz=UTC][pyarrow]"),
        "l": pd.Series([["a", None], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
        "o": [{"z": [1, "x"]}, None], "p": [DAY, None],
    })
    assert canonical.rows(frame, list(frame)).to_pylist() == [
        '[1,0.5,true,"2026-03-01T12:00:00.000000Z",["a",null],{"z":[1,"x"]},"2026-03-01T12:00:00.000000Z"]',
        "[null,null,null,null,null,null,null]"]


# --- a period ---


def test_over_a_period_items_have_their_first_and_last_day(tmp_path: Path) -> None:
    path = store(tmp_path, taken(1, pod("a"), pod("b")), taken(2, pod("a", "a:2")), taken(3, pod("a", "a:3"), pod("c")))
    found = over_time.population(path, "pods", start="2026-03-01", end="2026-03-03")
    assert found.complete and "what existed or held only between two" in found.bounds
    shown = found.frame.set_index("name")
    assert [(name, row.first_seen.day, row.last_seen.day) for name, row in shown.iterrows()] == [
        ("a", 1, 3), ("b", 1, 1), ("c", 3, 3)]
    digests = [snapshot.digest for snapshot in found.window.snapshots]
    assert shown["snapshot"].to_dict() == {"a": digests[2], "b": digests[0], "c": digests[2]}
    images = over_time.population(path, "containers").frame
    assert images.set_index("pod")["image"].to_dict() == {"a": "a:3", "b": "a:1", "c": "a:1"}, "as of the last snapshot"


def test_days_without_a_snapshot_are_named(tmp_path: Path) -> None:
    path = store(tmp_path, taken(2, pod("a")), taken(5, pod("a")))
    found = over_time.population(path, "pods", start="2026-03-01", end="2026-03-06")
    assert found.gaps == ["4 of 6 days from 2026-03-01 to 2026-03-06 have no snapshot: 2026-03-01, 2026-03-03 to 2026-03-04, "
                          "2026-03-06"]
    assert found.warning.startswith("The population is incomplete: 4 of 6 days")


def test_a_period_without_a_snapshot_says_nothing(tmp_path: Path) -> None:
    found = over_time.population(store(tmp_path, taken(2, pod("a"))), "pods", start="2026-04-01", end="2026-04-30")
    assert len(found) == 0 and found.gaps == [
        "no snapshot was taken from 2026-04-01 to 2026-04-30: nothing is known of this period"]


def test_a_list_that_was_refused_makes_the_population_incomplete(tmp_path: Path) -> None:
    refused = taken(2, pod("a"), refused="pods")
    [gap] = over_time.population(store(tmp_path, taken(1, pod("a")), refused), "pods").gaps
    assert gap.startswith(f"snapshot {refused.digest[:12]} of 2026-03-02 12:00:00 UTC: access to pods was refused")
    assert over_time.population(refused, "pods").gaps == ["access to pods was refused"]


def test_a_snapshot_that_cannot_be_opened_is_a_gap(tmp_path: Path) -> None:
    path = store(tmp_path, taken(1, pod("a")))
    (taken(2, pod("b")).write(path) / "manifest.json").write_text("{")
    assert any("cannot be opened" in gap for gap in over_time.population(path, "pods").gaps)


def test_new_access_is_what_the_snapshot_before_does_not_show(tmp_path: Path) -> None:
    path = store(tmp_path, taken(1, binding("x", "old")), taken(2, binding("x", "old"), binding("y", "eve")),
                 taken(3, binding("x", "bob"), binding("y", "eve")), taken(4, binding("x", "old"), binding("y", "eve")))
    found = over_time.population(path, "new-access", start="2026-03-02", end="2026-03-04")
    shown = sorted((row.subject, row.not_seen.day, row.first_seen.day) for row in found.frame.itertuples())
    assert shown == [("bob", 2, 3), ("eve", 1, 2), ("old", 3, 4)] and found.complete


def test_grants_that_another_version_did_not_collect_are_not_new(tmp_path: Path) -> None:
    path = older(taken(1, binding("a", "ann")), tmp_path, "binding_subjects.subject_api_group").parents[1]
    store(path, taken(2, binding("a", "ann"), binding("b", "eve")), taken(3, binding("a", "ann"), binding("c", "joe")))
    found = over_time.population(path, "new-access", start="2026-03-02", end="2026-03-03")
    assert found.frame["subject"].tolist() == ["joe"]
    assert any("did not have binding_subjects.subject_api_group" in gap for gap in found.gaps)


def test_new_access_without_a_snapshot_before_the_period_says_so(tmp_path: Path) -> None:
    path = store(tmp_path, taken(1, binding("x", "old")), taken(2, binding("y", "eve")))
    found = over_time.population(path, "new-access", start="2026-03-01", end="2026-03-02")
    assert len(found) == 1 and "no snapshot is older than 2026-03-01" in found.gaps[-1]


def test_a_failure_is_not_hidden_by_a_later_pass(tmp_path: Path) -> None:
    bad = pod("a")
    bad["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    found = over_time.population(store(tmp_path, taken(1, bad), taken(2, pod("a"))), "check:workloads.no_privileged_containers")
    assert found.frame[["verdict", "name"]].values.tolist() == [["fail", "a"], ["pass", "a"]]


def test_changes_come_from_what_compares_snapshots(tmp_path: Path) -> None:
    path = store(tmp_path, taken(1), taken(2, pod("a")), taken(3))

    def changes(before: Snapshot, after: Snapshot) -> pd.DataFrame:
        word = "added" if len(after.pods) > len(before.pods) else "removed"
        found = pd.DataFrame([{"change": word, "kind": "Pod", "namespace": "shop", "name": "a", "fields": [
            {"field": "spec", "before": None, "after": "x"}]}])
        found.attrs["not_comparable"] = ["Secret: access was refused"] if word == "removed" else []
        return found

    found = populations.population("changes", window.over(path), changes=changes)
    assert [(row.change, row.since.day, row.first_seen.day) for row in found.frame.itertuples()] == [
        ("added", 1, 2), ("removed", 2, 3)]
    assert found.gaps[-1] == "changes until 2026-03-03 12:00:00 UTC: Secret: access was refused"
    with pytest.raises(UsageError, match="cannot compare snapshots"):
        populations.population("changes", window.over(path))


def test_exceptions_are_those_in_force_on_a_day_of_the_period(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    entry = "  - {owner: A, reason: B, compensating_control: C, checks: [workloads.no_privileged_containers], " \
            "granted: %s, expires: %s}\n"
    file = write("e.yaml", "exceptions:\n" + entry % ("2026-01-01", "2026-02-28") + entry % ("2026-01-01", "2026-03-01")
                 + entry % ("2026-03-05", "2026-06-01"))
    snap = taken(1)
    found = populations.population("exceptions", window.at(snap), exceptions=exceptions.read(file))
    assert found.frame[["file", "line", "expires"]].values.tolist() == [["e.yaml", 3, "2026-03-01"]]
    with pytest.raises(UsageError, match="--exceptions"):
        over_time.population(snap, "exceptions")


def test_privileged_use_is_read_from_the_audit_log() -> None:
    snap = snapshots.collect(recording=shipped.demo(), scans=[LOG])
    found = over_time.population(snap, "privileged-use")
    uses = set(found.frame["use"])
    assert {"changes RBAC", "opens a session", "reads Secrets"} & uses and not found.frame["refused"].fillna(False).any()
    requests = snap.audit_requests
    assert set(found.frame["audit_id"].dropna()) <= set(requests["audit_id"].dropna())


def test_a_cluster_is_chosen_where_a_store_has_several(tmp_path: Path) -> None:
    path = store(tmp_path, taken(1, pod("a")), taken(2, pod("b"), cluster="other", cluster_uid="2-b"))
    with pytest.raises(UsageError, match="several clusters.*--cluster"):
        over_time.population(path, "pods")
    assert list(over_time.population(path, "pods", cluster="2-b").frame["name"]) == ["b"]
    with pytest.raises(UsageError, match="no snapshot of 'third'"):
        over_time.population(path, "pods", cluster="third")


def test_what_cannot_be_is_refused_with_a_sentence(acme: Snapshot, tmp_path: Path) -> None:
    for name, error in {"podz": NoSuchName, "check:nothing.here": NoSuchName, "reachability": NoSuchName,
                        "sql:drop table pods": UsageError, "sql:select 1 as item": UsageError, "sql:": NoSuchName,
                        "new-access": UsageError}.items():
        with pytest.raises(error):
            over_time.population(acme, name)
    with pytest.raises(UsageError, match="one snapshot shows a moment"):
        over_time.population(acme, "pods", start="2026-03-01")
    with pytest.raises(SnapshotError, match="no snapshot"):
        over_time.population(tmp_path, "pods")
    path = store(tmp_path, taken(1))
    with pytest.raises(UsageError, match="Give --from and --to in order"):
        over_time.population(path, "pods", start="2026-03-02", end="2026-03-01")
    with pytest.raises(UsageError, match="is not a day"):
        over_time.population(path, "pods", start="March")


def test_every_population_ends_with_when_and_where_it_was_seen(acme: Snapshot) -> None:
    assert list(over_time.population(acme, "sql:select name from pods").frame)[-3:] == SEEN
