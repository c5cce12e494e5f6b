"""The chain of a cluster's snapshots: in the order of writing, one after the other, never two at one place."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from chains import chain_of, written

from auditkit.base import whole
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.store import read_manifest
from auditkit.snapshots.verifying import verify_stored

ROOT = Path(__file__).parents[2]


def test_each_manifest_names_the_one_before_it(tmp_path: Path) -> None:
    folders = chain_of(tmp_path, 3)
    read = [read_manifest(folder) for folder in folders]
    assert [manifest.previous for manifest, _ in read] == ["", read[0][1], read[1][1]]
    assert chain.places(tmp_path / "acme") == {digest: number for number, (_, digest) in enumerate(read, 1)}
    assert [link.content for link in chain.read(tmp_path / "acme")] == [
        (folder / "manifest.json").read_bytes() for folder in folders]


def test_the_same_evidence_is_written_once(tmp_path: Path) -> None:
    folders = chain_of(tmp_path, 2)
    assert chain_of(tmp_path, 2) == folders
    assert len(chain.places(tmp_path / "acme")) == 2


def test_a_renamed_cluster_continues_its_chain(tmp_path: Path) -> None:
    first = written(tmp_path, 0, cluster="acme")
    second = written(tmp_path, 1, cluster="acme-production")
    assert second.parent == first.parent
    assert read_manifest(second)[0].previous == read_manifest(first)[1]


def test_two_clusters_of_one_name_have_two_chains(tmp_path: Path) -> None:
    first, second = written(tmp_path, 0), written(tmp_path, 1, uid="uid-2")
    assert second.parent != first.parent
    assert read_manifest(second)[0].previous == ""
    assert not verify_stored(tmp_path).findings


def test_what_a_writer_left_before_its_entry_is_entered_by_the_next(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 0)
    with monkeypatch.context() as killed:
        killed.setattr(chain, "enter", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            written(tmp_path, 1)
    assert "the chain of its cluster does not have it" in verify_stored(tmp_path).wrong[0].what
    written(tmp_path, 2)
    assert not verify_stored(tmp_path).findings
    assert len(chain.places(tmp_path / "acme")) == 3


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 0)
    real, written_so_far = whole.write_durably, []

    def full(path: Path, content: bytes) -> None:
        written_so_far.append(path)
        if len(written_so_far) > 1:
            raise OSError(28, os.strerror(28), str(path))
        real(path, content)

    monkeypatch.setattr("auditkit.snapshots.writing.write_durably", full)
    with pytest.raises(SnapshotError, match="the disk is full"):
        written(tmp_path, 1)
    assert len(chain.places(tmp_path / "acme")) == 1
    assert not verify_stored(tmp_path).findings
    assert not list(tmp_path.rglob(f"{whole.PARTIAL}*"))


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, "tests/support")
from chains import written
for day in range(int(sys.argv[2]), int(sys.argv[3])):
    written(Path(sys.argv[1]), day)
"""


def writer(store: Path, first: int, last: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(store), str(first), str(last)], cwd=ROOT,
                            stderr=subprocess.PIPE)


def test_writers_at_once_make_one_chain(tmp_path: Path) -> None:
    running = [writer(tmp_path, first, first + 5) for first in range(0, 20, 5)]
    for each in running:
        assert each.communicate()[1] == b""
        assert each.returncode == 0
    found = verify_stored(tmp_path)
    assert not found.wrong and found.chains == {str(tmp_path / "acme"): 20}


KILLED = """
import json, os, random, signal, sys, time
from pathlib import Path
sys.path.insert(0, "tests/support")
from chains import written
store, turns, dice = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
said, inside = [], 0
for turn in range(turns):
    writers = []
    for each in range(2):
        reading, writing = os.pipe()
        if not (process := os.fork()):
            for day in range(1000 * turn + 500 * each, 1000 * turn + 500 * (each + 1)):
                os.write(writing, b"begin\\n")
                path = written(store, day % 300_000)
                os.write(writing, f"{path}\\n".encode())
        os.close(writing)
        writers.append((process, reading))
    time.sleep(dice.uniform(0.002, 0.06))
    for process, reading in writers:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        lines = open(reading).read().splitlines()
        inside += bool(lines) and lines[-1] == "begin"
        said += [line for line in lines if line != "begin"]
print(json.dumps({"said": said, "inside": inside}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_writers_that_are_killed_lose_nothing_and_leave_nothing_half(tmp_path: Path) -> None:
    """Two writers at a time, each killed at a moment of chance; the next writer finishes what the last one left."""
    turns = 300
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(turns), "7"], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    assert found["inside"] > turns, "most are killed while they write"
    written(tmp_path, 310_000)
    entered = {str(tmp_path / "acme" / link.manifest.folder) for link in chain.read(tmp_path / "acme") if link.manifest}
    assert set(found["said"]) <= entered, "what was said to be written is there"
    assert not verify_stored(tmp_path).wrong
    assert not list(tmp_path.rglob(f"{whole.PARTIAL}*"))


def test_what_the_chain_has_and_the_store_has_not_is_told(tmp_path: Path) -> None:
    """A failing day that somebody took away must not look like a day on which nobody collected."""
    folders = chain_of(tmp_path, 4)
    shutil.rmtree(folders[1])
    assert any(f"{folders[1]} is missing: the chain of its cluster has it" in str(error)
               for error in snapshots(tmp_path)[1])
    (tmp_path / "acme" / "chain" / "000002.json").unlink()
    assert any("000002.json is missing, with the snapshot" in str(error) for error in snapshots(tmp_path)[1])
    for folder in (folders[0], *folders[2:]):
        shutil.rmtree(folder)
    assert len(snapshots(tmp_path)[1]) == 4, "also where no snapshot is left"


def test_a_store_from_before_chains_is_proven_by_its_names(tmp_path: Path) -> None:
    folder = written(tmp_path, 0)
    document = json.loads((folder / "manifest.json").read_text())
    del document["previous"]
    old = chain_less(tmp_path / "old", document, folder)
    found = verify_stored(tmp_path / "old")
    assert [each.severity for each in found.findings] == ["note"] and "before there were chains" in found.findings[0].what
    assert written(tmp_path / "old", 1).parent == old.parent
    assert not verify_stored(tmp_path / "old").wrong


def chain_less(store: Path, document: dict, folder: Path) -> Path:
    """A copy of a snapshot as versions before chains wrote it."""
    content = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True).encode()
    target = store / "acme" / f"{folder.name[:17]}{hashlib.sha256(content).hexdigest()[:12]}"
    shutil.copytree(folder, target)
    (target / "manifest.json").write_bytes(content)
    return target
