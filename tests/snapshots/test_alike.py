"""Snapshots that are alike work out once what they have in common, and nothing else."""

import datetime as dt
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
from worlds import arrow

from auditkit.evaluation.evaluation import evaluate
from auditkit.framework import library
from auditkit.snapshots.alike import Alike, Memory, equal
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
POD = {"kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "c"}]}}
NODE = {"kind": "Node", "metadata": {"name": "n"}}


def manifest(**outcomes: str) -> Manifest:
    return Manifest(cluster="a", started=NOW, ended=NOW, ledger=[
        Entry(resource=name, outcome=outcomes.get(name, "complete"), started=NOW, ended=NOW, reason=outcomes.get(name, ""))
        for name in RESOURCES])


def test_what_comes_from_the_same_tables_is_worked_out_once() -> None:
    memory, tables = Memory(), arrow([POD, NODE])
    first, second = (Alike.of(memory, manifest(), tables) for _ in range(2))
    assert first.all_pods.equals(Snapshot(manifest(), tables).all_pods)
    assert second.all_pods.equals(first.all_pods)
    assert second._frames["all_pods"] is first._frames["all_pods"]


def test_other_rows_are_another_table() -> None:
    memory, tables = Memory(), arrow([POD, NODE])
    one, none = Alike.of(memory, manifest(), tables), Alike.of(memory, manifest(), tables | {"pods": arrow([])["pods"]})
    assert (one.all_pods["name"].tolist(), none.all_pods["name"].tolist()) == (["p"], [])


def test_what_depends_on_gaps_is_not_shared_with_what_has_none() -> None:
    memory, tables = Memory(), arrow([POD, NODE, {"kind": "DaemonSet", "metadata": {"name": "flannel", "namespace": "kube-system"},
                                                  "spec": {"template": {"spec": {"containers": [{"name": "f", "image": "flannel/flannel:v1"}]}}}}])
    whole, refused = (Alike.of(memory, manifest(**outcomes), tables) for outcomes in ({}, {"nodes": "forbidden"}))
    assert whole.network_plugin["of_nodes"].tolist() == [1] and refused.network_plugin["of_nodes"].tolist() == [pd.NA]
    assert whole.network_plugin.attrs["gaps"] == [] and refused.network_plugin.attrs["gaps"] == ["access to nodes was refused: forbidden"]


def test_no_change_to_what_one_has_reaches_another() -> None:
    memory, tables = Memory(), arrow([POD])
    first, second = (Alike.of(memory, manifest(), tables) for _ in range(2))
    mine = first.frame("pods")
    mine.loc[0, "name"] = "changed"
    empty = first.frame("services")
    empty["more"] = 1
    assert second.pods["name"].tolist() == ["p"] and "more" not in Snapshot(manifest(), arrow([])).services


def test_a_memory_forgets_what_was_asked_for_longest_ago() -> None:
    memory, made = Memory(kept=2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        memory.made(key, lambda key=key: made.append(key), None)
    assert made == ["a", "b", "c", "b"]


@pytest.mark.parametrize(("one", "other", "same"), [
    (pd.Series([1, None], dtype="int64[pyarrow]"), pd.Series([1, None], dtype="int64[pyarrow]"), True),
    (pd.Series([1, None], dtype="int64[pyarrow]"), pd.Series([1, 2], dtype="int64[pyarrow]"), False),
    (pd.Series([1], dtype="int64[pyarrow]"), pd.Series([1], dtype="int32[pyarrow]"), False),
    (pd.Series([1], dtype="int64[pyarrow]"), pd.Series([1], dtype="int64[pyarrow]", name="other"), False),
    (pd.Series([1], dtype="int64[pyarrow]"), pd.Series([1], dtype="int64[pyarrow]", index=[1]), False),
    (pd.Series([1], dtype="int64[pyarrow]"), pd.Series([1], dtype="int64[pyarrow]", index=[0]), False),
    (pd.Series([True], dtype=object), pd.Series([1], dtype=object), False),
    (pd.Series([0.0]), pd.Series([-0.0]), False),
    (pd.Series([0.0], dtype="double[pyarrow]"), pd.Series([-0.0], dtype="double[pyarrow]"), False),
])
def test_tables_are_equal_only_where_no_function_can_tell_them_apart(one: pd.Series, other: pd.Series, same: bool) -> None:
    one, other = (each.to_frame(each.name or "column") for each in (one, other))
    assert equal(one, other) is same


def test_what_comes_from_equal_tables_is_worked_out_once() -> None:
    memory, found = Memory(), []
    for name in ("p", "q"):
        labelled = {**POD, "metadata": {**POD["metadata"], "name": name}}
        found.append(Alike.of(memory, manifest(), arrow([labelled, NODE])))
        assert found[-1].all_pods["name"].tolist() == [name]
        assert found[-1].mesh_policies.empty
    one, other = found
    assert one._frames["all_pods"] is not other._frames["all_pods"]
    assert one._frames["mesh_policies"] is other._frames["mesh_policies"]


def test_a_shared_memory_never_changes_a_verdict(acme: Snapshot) -> None:
    """Each day other tables of the cluster differ; what differed before and is not chosen again stays so."""
    rule = library.load("soc2")
    memory, random, table = Memory(10_000), Random(1), dict(acme._tables)
    rows = sorted(name for name, each in table.items() if each.num_rows > 1)
    for number in (2, 8):
        for name in random.sample(rows, number):
            table[name] = changed(acme._tables[name], random)
        given = acme.manifest, dict(table)
        alike, alone = evaluate(Alike.of(memory, *given), rule), evaluate(Snapshot(*given), rule)
        assert alike.verdicts().equals(alone.verdicts())
        assert alike.requirements.equals(alone.requirements)
        assert alike.snapshot.shapes == alone.snapshot.shapes


def changed(table: pa.Table, random: Random) -> pa.Table:
    """A table in another order and without one of its rows, or with half of them, or without what a column says."""
    places = list(range(table.num_rows))
    match random.choice(["order", "half", "column"]):
        case "order":
            return table.take(random.sample(places, len(places) - 1))
        case "half":
            return table.slice(random.choice(places) // 2, len(places) // 2)
    column = random.choice([place for place, field in enumerate(table.schema) if field.nullable])
    return table.set_column(column, table.schema.field(column), pa.nulls(len(places), table.schema.field(column).type))
