"""Jobs when something goes wrong beside the clusters: the store, the disk, the clock, and clusters that change names."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import object_stores
import pytest
from command_line import auditkit
from job_worlds import cluster, run, snapshots, written
from object_stores import Between

from auditkit.api.signing import verify
from auditkit.snapshots.history import snapshots as held
from auditkit.snapshots.mirror import pulled
from auditkit.snapshots.snapshot import Snapshot

# --- the store ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with object_stores.s3(tmp_path_factory.mktemp("s3") / "server") as port:
        object_stores.driver(port).mkdir("evidence")
        yield port


@pytest.fixture
def between(bucket: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Between]:
    with object_stores.reached(bucket, tmp_path / "cache", monkeypatch) as proxy:
        yield proxy


def counted(store: Path | str) -> list[Snapshot]:
    """The snapshots that count."""
    return held(pulled(store))[0]


def job(folder: Path, store: str) -> subprocess.CompletedProcess[str]:
    """A run as a scheduler starts it: a process of its own."""
    return subprocess.run([sys.executable, "-m", "auditkit", "run", "--config", written(
        folder, f"store: {store}\nstate: runs\nreports: {{faces: []}}")], text=True, capture_output=True, timeout=400)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [503, 507])
def test_a_store_that_fails_costs_no_evidence_and_the_next_run_goes_on(folder: Path, between: Between, fault: int) -> None:
    """503: the service is not available. 507: it is full. From the first table of the second cluster on."""
    store = f"s3://evidence/fault-{fault}"

    def spoil(method: str, path: str) -> object:
        return fault if method == "PUT" and "/b/" in path else None

    between.spoil = spoil
    first = job(folder, store)
    assert first.returncode == 4 and "Traceback" not in first.stderr, first.stderr
    assert "a: judged" in first.stderr and f"The store {store} cannot be written" in " ".join(first.stderr.split())
    assert [each.manifest.cluster for each in counted(store)] == ["a"], "what is not whole does not count"
    between.spoil = lambda method, path: None
    second = job(folder, store)
    assert second.returncode == 0 and "[1/1] b: judged" in second.stderr, second.stderr
    assert verify(store).wrong == [] and "Nothing to do" in job(folder, store).stderr


@pytest.mark.slow
def test_a_slow_store_is_waited_for(folder: Path, between: Between) -> None:
    store = "s3://evidence/slow"
    between.spoil = lambda method, path: 0.2
    done = job(folder, store)
    assert done.returncode == 0 and done.stderr.count(": judged") == 2, done.stderr
    between.spoil = lambda method, path: None
    assert verify(store).wrong == []


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file system of a size")
def test_a_disk_that_is_full_is_a_sentence_and_leaves_nothing_half(folder: Path) -> None:
    store = folder / "snapshots"
    store.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", store], check=True)
    try:
        (store / "ballast").write_bytes(b"0" * 200_000)
        outcome, _ = run(folder)
        assert [row.outcome for row in outcome.rows] == ["failed", "failed"] and snapshots(folder) == 0
        assert "cannot be written: the disk is full" in outcome.rows[0].problem, outcome.rows[0].problem
        (store / "ballast").unlink()
        assert auditkit("verify", store).returncode != 0, "there is no evidence in it"
        subprocess.run(["mount", "-o", "remount,size=20m", store], check=True)
        assert [row.outcome for row in run(folder)[0].rows] == ["judged", "judged"] and snapshots(folder) == 2
        assert auditkit("verify", store).returncode == 0
    finally:
        subprocess.run(["umount", store], check=True)


# --- the clock and the names -------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_a_clock_that_jumps_back_forgets_nothing_and_tells_no_turn(folder: Path) -> None:
    run(folder, night=3)
    cluster(folder, "a", privileged=True)
    outcome, told = run(folder, night=0)
    assert not outcome.idle and outcome.rows[0].statuses["wards"]["fail"] == 1
    assert not [line for line in told if "was pass" in line], "the days before it are not known"
    state = folder / "runs" / "nightly"
    assert sorted(path.stem for path in state.glob("*.json")) == ["2026-11-22", "2026-11-25"]
    assert snapshots(folder) == 4 and auditkit("verify", folder / "snapshots").returncode == 0
    assert run(folder, night=3)[0].idle, "that day was done"


@pytest.mark.slow
def test_a_cluster_that_is_rebuilt_under_its_name_is_another_and_one_that_is_renamed_is_not(folder: Path) -> None:
    run(folder)
    cluster(folder, "a", privileged=True, uid="uid-of-another")
    _, told = run(folder, night=1)
    assert "a: the cluster is another cluster than before, was judged" in told
    assert not [line for line in told if "was pass" in line], "what another cluster did is not compared"
    store = folder / "snapshots"
    chains = {manifest["cluster_uid"] for manifest in (json.loads(path.read_text()) for path in store.rglob("manifest.json"))}
    assert chains == {"uid-of-a", "uid-of-b", "uid-of-another"} and auditkit("verify", store).returncode == 0
    config = written(folder)
    config.write_text(config.read_text().replace("name: b,", "name: b-eu,"))
    done = auditkit("run", "--config", config, "--again")
    assert done.returncode in (0, 1) and auditkit("verify", store).returncode == 0, done.stderr
    of_b = [each for each in counted(store) if each.manifest.cluster_uid == "uid-of-b"]
    assert {each.manifest.cluster for each in of_b} >= {"b-eu"} and len({each.path.parent for each in of_b}) == 1, "one chain"
