"""Clusters in processes of this machine: each has its row, whatever becomes of the process that judged it."""

import time
from pathlib import Path

import pytest
from fleet_worlds import DAY, RULES
from report_worlds import pod, snapshot
from years import noon, written

from auditkit.fleets import run
from auditkit.fleets.work import FAILED, GIVEN_UP, JUDGED, Row

NOON = noon(DAY)
CHECK = '''
import os, time
import pandas as pd
from auditkit.checks.model import Judgement, check, judge

@check(severity="low", finding="is odd", wanted="not odd", remedy="None.", source="a test")
def wild(pods: pd.DataFrame) -> Judgement:
    """Pods are tame."""
    names = set(pods["namespace"])
    if "dies" in names:
        os._exit(9)
    if "sleeps" in names:
        time.sleep(600)
    if "breaks" in names:
        raise ValueError("secret-of-the-cluster")
    return judge(pods, pods["name"] == "web", ["name"])
'''


@pytest.fixture
def options(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "odd.py").write_text(CHECK)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "wards.yaml").write_text(RULES.replace("storage.reclaim_policy_known", "odd.wild"))
    return {"controls": str(tmp_path / "rules"), "checks": [str(tmp_path / "odd.py")]}


def judged(tmp_path: Path, options: dict[str, object], limit: float, *namespaces: str) -> dict[str, Row]:
    for name in namespaces:
        written(tmp_path / "store", snapshot(pod("web", namespace=name)), NOON, cluster=name, cluster_uid=name)
    tasks, broken = run.stored(tmp_path / "store", frameworks=["wards"], options=options)
    assert not broken
    rows = run.judge(tasks, workers=2, limit=limit)
    return {Path(row.source).parent.name: row for row in rows}


def test_a_process_that_dies_and_a_check_that_breaks_cost_their_own_cluster_alone(tmp_path: Path, options) -> None:
    found = judged(tmp_path, options, 100, "a", "dies", "breaks", "z")
    assert {name: row.outcome for name, row in found.items()} == {"a": JUDGED, "dies": FAILED, "breaks": FAILED, "z": JUDGED}
    assert "exit code 9" in found["dies"].problem and "odd.wild" in found["breaks"].problem
    assert found["a"].statuses["wards"]["pass"] == 2 and found["a"].snapshot and found["a"].sources_read


def test_a_cluster_that_takes_too_long_is_given_up(tmp_path: Path, options) -> None:
    begun = time.monotonic()
    found = judged(tmp_path, options, 12, "a", "sleeps")
    assert found["a"].outcome == JUDGED and found["sleeps"].outcome == GIVEN_UP
    assert "12 seconds" in found["sleeps"].problem and time.monotonic() - begun < 300


def test_the_last_snapshot_of_each_cluster_is_its_row(tmp_path: Path) -> None:
    rows = [Row(source="1", cluster="b", cluster_uid="1", taken=NOON), Row(source="x", outcome=FAILED, problem="why"),
            Row(source="2", cluster="a", cluster_uid="1", taken=NOON.replace(day=23)), Row(source="3", cluster="b", taken=NOON)]
    assert [row.source for row in run.last(rows)] == ["2", "3", "x"]
