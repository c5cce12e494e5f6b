"""Snapshots that are alike work out once what they have in common, and nothing else."""

import datetime as dt

import pandas as pd
from worlds import arrow

from auditkit.snapshots.alike import Alike, Memory
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
