"""A fleet on Dask: a real scheduler and two workers, of which one is killed in the middle of its work."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_worlds import DAY, RULES, member
from report_worlds import pod, snapshot
from years import noon, written

from auditkit.errors import UsageError
from auditkit.fleets import run
from auditkit.fleets.work import GIVEN_UP, JUDGED

pytest.importorskip("distributed")
ROOT = Path(__file__).parents[2]
CHECK = '''
import os, time
from pathlib import Path
import pandas as pd
from auditkit.checks.model import Judgement, check, judge

@check(severity="low", finding="is odd", wanted="not odd", remedy="None.", source="a test")
def slow(pods: pd.DataFrame) -> Judgement:
    """Pods are tame."""
    Path("{}", f"{{os.getpid()}}-{{pods['namespace'].iloc[0]}}").touch()
    time.sleep(1)
    return judge(pods, pods["name"] == "web", ["name"])
'''


def process(*words: str, folder: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "dask", *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env={**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__DASHBOARD__LINK": ""})


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The address of a scheduler, and its two workers."""
    import distributed


    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    started = [process("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", folder=tmp_path)]
    started += [process("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", folder=tmp_path) for _ in range(2)]
    try:
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, started[1:]
    finally:
        for each in started:
            each.kill()
            each.wait()


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_no_cluster(tmp_path: Path, cluster) -> None:
    address, workers = cluster
    (tmp_path / "marks").mkdir()
    (tmp_path / "odd.py").write_text(CHECK.format(tmp_path / "marks"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "wards.yaml").write_text(RULES.replace("storage.reclaim_policy_known", "odd.slow"))
    for name in "abcdef":
        written(tmp_path / "store", snapshot(pod("web", namespace=name)), noon(DAY), cluster=name, cluster_uid=name)
    tasks, _ = run.stored(tmp_path / "store", frameworks=["wards"], dataset=str(tmp_path / "ds"),
                          options={"controls": str(tmp_path / "rules"), "checks": [str(tmp_path / "odd.py")]})
    killed: list[str] = []

    def kill() -> None:
        while not killed:
            killed.extend(path.name for path in (tmp_path / "marks").glob(f"{workers[0].pid}-*"))
            time.sleep(0.02)
        os.kill(workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    rows = run.judge(tasks, workers=2, limit=120, scheduler=address)
    killer.join()
    assert workers[0].wait() == -signal.SIGKILL and workers[1].poll() is None
    assert [row.outcome for row in rows] == [JUDGED] * 6 and [row.cluster for row in rows] == list("abcdef")
    again = killed[0].partition("-")[2]
    assert (tmp_path / "marks" / f"{workers[1].pid}-{again}").exists(), "the other worker has judged what was lost"
    assert len(list((tmp_path / "ds" / "verdicts").rglob("*.parquet"))) == 6


@pytest.mark.slow
def test_a_fleet_whose_workers_are_all_gone_is_given_up(tmp_path: Path, cluster) -> None:
    address, workers = cluster
    for each in workers:
        each.kill()
        each.wait()
    member(tmp_path / "store", "a")
    tasks, _ = run.stored(tmp_path / "store", frameworks=["soc2"])
    [row] = run.judge(tasks, workers=1, limit=3, scheduler=address)
    assert row.outcome == GIVEN_UP and "No worker of" in row.problem


def test_a_scheduler_that_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.fleets.on_dask._CONNECT", 1)
    member(tmp_path / "store", "a")
    tasks, _ = run.stored(tmp_path / "store", frameworks=["soc2"])
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "tcp://"):
        with pytest.raises(UsageError, match="There is no Dask scheduler at"):
            run.judge(tasks, workers=1, limit=3, scheduler=address)
