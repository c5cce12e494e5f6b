"""A store on a real S3 server (SeaweedFS): two writers who are killed, faults of the server, object lock, requests."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import chains
import object_stores
import pytest
from object_stores import Between

import auditkit
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.mirror import pulled

pytestmark = pytest.mark.slow
WRITER = f"""
import sys
sys.path.insert(0, {str(Path(chains.__file__).parent)!r})
from chains import written
for day in range(int(sys.argv[2]), 100_000, 2):
    written(sys.argv[1], day)
    print(day, flush=True)
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server with an empty bucket."""
    with object_stores.s3(tmp_path_factory.mktemp("s3") / "server") as port:
        object_stores.driver(port).mkdir("evidence")
        yield port


@pytest.fixture
def between(port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Between]:
    with object_stores.reached(port, tmp_path / "cache", monkeypatch) as proxy:
        yield proxy


def days(url: str) -> list[int]:
    """The days of the snapshots that the chain of the cluster has, in its order."""
    return [(link.manifest.started - chains.FIRST).days for link in chain.read(pulled(url) / "acme")]


def test_a_cluster_is_collected_judged_and_verified_on_s3(between: Between, tmp_path: Path) -> None:
    url = "s3://evidence/whole"
    for _ in range(2):
        auditkit.open("demo").write(url)
    assert auditkit.evaluate(auditkit.open(url), "cis-kubernetes").statuses == auditkit.evaluate(
        auditkit.open("demo"), "cis-kubernetes").statuses
    found = auditkit.verify(url)
    assert found.wrong == [] and "has no object lock" in found.findings[-1].what
    said = subprocess.run([sys.executable, "-m", "auditkit", "show", url], capture_output=True, text=True,
                          env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "other")})
    assert said.returncode == 0, said.stderr
    assert url in said.stdout and "The bucket evidence has no object lock" in said.stderr


def test_two_writers_killed_at_random_fork_no_chain_and_leave_nothing_half(between: Between, tmp_path: Path) -> None:
    """Each round two processes write the same cluster; both are killed at a moment of chance."""
    url, rounds, said = "s3://evidence/killed", 12, []
    chance = random.Random(20261129)
    for turn in range(rounds):
        writers = [subprocess.Popen(
            [sys.executable, "-c", WRITER, url, str(turn * 1000 + at)], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / f"cache-{at}")}) for at in range(2)]
        said += [int(writer.stdout.readline()) for writer in writers]  # the first takes long: it imports
        time.sleep(chance.random() / 2)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        said += [int(line) for writer in writers for line in writer.communicate()[0].splitlines(keepends=True)
                 if line.endswith("\n")]
    chains.written(url, 99_999)  # enters what the last ones left whole
    assert len(said) > 2 * rounds, "writers come to an end now and then"
    assert set(said) <= set(days(url)) and len(set(days(url))) == len(days(url))
    wrong = auditkit.verify(url).wrong
    assert [each for each in wrong if "was put in" not in each.what] == [], "no fork, nothing missing, nothing half"
    assert len(wrong) <= rounds, "one of two that were killed at once may have left a snapshot behind an end that is no more"


@pytest.mark.parametrize("fault", [503, 507, "cut", "lost"])
def test_a_fault_of_the_server_loses_nothing_and_is_said_in_a_sentence(between: Between, fault: object) -> None:
    url, said = f"s3://evidence/fault-{fault}", []
    chains.written(url, 0)
    for nth in (1, 4, 8, 12):
        count = 0

        def spoil(method: str, path: str, nth: int = nth) -> object:
            nonlocal count
            count += 1
            return fault if count >= nth else None

        between.spoil = spoil
        try:
            chains.written(url, nth)
            done = True
        except SnapshotError as error:
            done = False
            said.append(str(error))
        between.spoil = lambda method, path: None
        assert done <= (nth in days(url)), "what was said to be written is there"
        chains.written(url, 1000 + nth)
        assert auditkit.verify(url).wrong == []
    assert said and all(each.startswith(f"The store {url} cannot be ") for each in said)


def test_a_fault_that_passes_is_tried_again(between: Between) -> None:
    url, failed = "s3://evidence/passing", set()

    def spoil(method: str, path: str) -> object:
        if path in failed:
            return None
        failed.add(path)
        return 503 if len(failed) % 3 else 0.05

    between.spoil = spoil
    chains.written(url, 0)
    between.spoil = lambda method, path: None
    assert days(url) == [0] and auditkit.verify(url).wrong == []


def test_retention_of_the_bucket_is_shown(between: Between, port: int) -> None:
    driver = object_stores.driver(port)
    driver.call_s3("create_bucket", Bucket="locked", ObjectLockEnabledForBucket=True)
    chains.written("s3://locked/store", 0)
    assert auditkit.verify("s3://locked/store").findings[-1].what == (
        "The bucket locked has an object lock, and no default retention: objects can be deleted.")
    driver.call_s3("put_object_lock_configuration", Bucket="locked", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 2190}}})
    chains.written("s3://locked/store", 1)
    assert auditkit.verify("s3://locked/store").findings[-1].what == (
        "The bucket locked keeps every object for 2190 days (object lock, compliance).")
    assert days("s3://locked/store") == [0, 1]


def test_a_period_reads_no_tables(between: Between) -> None:
    url = "s3://evidence/period"
    for _ in range(3):
        auditkit.open("demo").write(url)
    auditkit.evaluate(auditkit.open(url), "cis-kubernetes")
    between.requests.clear()
    day = auditkit.open("demo").manifest.started.date().isoformat()
    auditkit.period(url, "cis-kubernetes", day, day)
    assert between.requests["GET"] < 40, "chains, manifests and verdicts, and none of 143 tables of a snapshot"


def test_wrong_credentials_are_a_sentence_without_them(between: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-value")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(SnapshotError, match="cannot be read") as refused:
        pulled("s3://evidence/whole")
    assert "wrong-value" not in str(refused.value)
