"""A store that a URL names: read through a mirror, written at the end of chains that cannot fork."""

import shutil
from pathlib import Path

import msgspec
import pytest
from chains import whole as written
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from object_stores import Careless, emptied

import auditkit
from auditkit.base.object_store import ObjectStore, is_url
from auditkit.errors import MissingDependency, SnapshotError, UsageError
from auditkit.snapshots import mirror as mirrors
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.mirror import Mirror, pulled, shown
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty store in memory; what is mirrored is in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return emptied()


def objects(url: str) -> dict[str, bytes]:
    """All objects of a store, by their names below it."""
    files, root = mirrors.ObjectStore(url)._files, url.partition("://")[2]
    return {path.removeprefix(f"/{root}/"): files.cat_file(path) for path in files.find(f"/{root}")}


def read(url: str) -> list[Snapshot]:
    found, broken = snapshots(pulled(url))
    assert broken == []
    return found


def verified(url: str) -> list[tuple[str, str]]:
    """What is wrong, and where."""
    return [(each.place, each.what) for each in auditkit.verify(url).wrong]


def test_a_url_is_told_from_a_folder() -> None:
    assert [is_url(path) for path in ("s3://b/p", "memory://x", "snapshots", "C:\\store", "file:///store", Path("s3://b"))] == [
        True, True, False, False, False, False]


def test_a_store_in_the_cloud_has_the_files_of_a_store_in_a_folder(url: str, tmp_path: Path) -> None:
    for day in range(3):
        written(url, day)
        written(tmp_path / "store", day)
    local = {path.relative_to(tmp_path / "store").as_posix(): path.read_bytes()
             for path in (tmp_path / "store").rglob("*") if path.is_file()}
    assert objects(url) == local
    assert verified(url) == []


def test_what_is_read_is_what_was_written_and_is_called_by_its_url(url: str) -> None:
    paths = [written(url, day) for day in range(2)]
    found = read(url)
    assert [each.path for each in found] == paths
    assert found[1].arrow("namespaces")["name"].to_pylist() == [f"space-1-{row}" for row in range(3)]
    assert shown(paths[0]) == f"{url}/acme/{paths[0].name}"
    assert auditkit.open(f"{url}/acme/{paths[0].name}").digest == found[0].digest
    assert auditkit.open(url).digest == auditkit.open(f"{url}/acme").digest == found[1].digest


@pytest.mark.parametrize("name", ["acme/chain/../../../../escaped", "../escaped", "acme/chain/..\\escaped"])
def test_an_object_whose_name_leads_elsewhere_is_never_written_there(url: str, tmp_path: Path, name: str) -> None:
    """Stores take any text for the name of an object."""
    written(url, 0)
    path = f"{MemoryFileSystem._strip_protocol(url)}/{name}"
    MemoryFileSystem.store[path] = MemoryFile(MemoryFileSystem(), path, b"x")
    with pytest.raises(SnapshotError, match="an object whose name leads out of its folder"):
        pulled(url)
    assert not [file for file in tmp_path.rglob("*") if "escaped" in file.name]


def test_a_folder_that_names_a_store_is_not_taken_for_its_mirror(url: str, tmp_path: Path) -> None:
    """Whoever gives a store as a folder does not choose what is asked for its tables, nor where more is written."""
    given = tmp_path / "given"
    shutil.copytree(written(url, 0).parents[1], given)
    assert (given / ".store-url").is_file() and mirrors.mirror_of(given / "acme") is None
    assert mirrors.mirror_of(Mirror(url).root / "acme") is not None


def test_tables_come_when_they_are_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(url, 0)
    shutil.rmtree(Mirror(url).root)
    brought = []
    real = Mirror.bring
    monkeypatch.setattr(Mirror, "bring", lambda self, snapshot: (brought.append(snapshot), real(self, snapshot)))
    [found] = read(url)
    assert (brought, [file.name for file in path.iterdir()]) == ([], ["manifest.json"])
    assert found.arrow("namespaces").num_rows == 3 and found.arrow("nodes").num_rows == 0
    assert brought == [path]


def test_the_same_evidence_is_not_written_twice(url: str) -> None:
    assert written(url, 0) == written(url, 0)
    assert len(read(url)) == 1


def test_writers_who_meet_come_one_after_the_other(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(url, 0)
    real, met = ObjectStore.create, []

    def create(self: ObjectStore, name: str, content: bytes) -> bool:
        if not met:
            met.append(name)
            written(url, 5)  # between what one has read and what it enters
        return real(self, name, content)

    monkeypatch.setattr(ObjectStore, "create", create)
    written(url, 6)
    assert [each.manifest.started.day for each in read(url)] == [1, 6, 7]
    assert verified(url) == []
    assert len([name for name in objects(url) if name.endswith("/manifest.json")]) == 3, "nothing is left of the first try"


def test_what_a_writer_left_whole_is_entered_by_the_next(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(url, 0)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(ObjectStore, "create", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        written(url, 1)
    found, broken = snapshots(pulled(url))
    assert len(found) == 1 and "never entered" in str(broken[0])
    assert [what for _, what in verified(url)] == [
        "it was put in: the chain of its cluster does not have it. Or its writer was interrupted: then the next "
        "collection enters it."]
    written(url, 2)
    assert [each.manifest.started.day for each in read(url)] == [1, 2, 3]
    assert verified(url) == []


def test_what_never_became_whole_is_counted_by_nobody(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(url, 0)
    real = ObjectStore.write

    def write(self: ObjectStore, contents: dict[str, bytes]) -> None:
        if any(name.endswith("manifest.json") for name in contents):
            raise KeyboardInterrupt
        real(self, contents)

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(ObjectStore, "write", write)
        written(url, 1)
    assert len(read(url)) == 1
    found = auditkit.verify(url)
    assert found.wrong == [] and [each.what[:39] for each in found.findings] == ["1 snapshot that never became whole: bei"]
    written(url, 1)
    assert len(read(url)) == 2 and verified(url) == []


def test_an_answer_that_was_lost_is_no_fork(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(url, 0)
    real = MemoryFileSystem.pipe_file

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        real(self, path, value, mode=mode)
        if mode == "create":
            raise TimeoutError("no answer")

    with monkeypatch.context() as lost:
        lost.setattr(MemoryFileSystem, "pipe_file", pipe_file)
        written(url, 1)
    assert len(read(url)) == 2 and verified(url) == []


@pytest.mark.parametrize("protocol", ["careless", "looking"])
def test_a_store_without_conditional_writes_is_refused(url: str, protocol: str) -> None:
    with pytest.raises(SnapshotError, match="cannot hold chains: it let an object be replaced"):
        written(f"{protocol}://evidence/store", 0)
    count = len(Careless.store)
    assert count, "the first snapshot is there: nobody else was"
    with pytest.raises(SnapshotError, match="cannot hold chains"):
        written(f"{protocol}://evidence/store", 1)
    assert len(Careless.store) == count


def test_an_outage_while_a_store_is_tried_is_no_conditional_write(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(url, 0)
    real = MemoryFileSystem.pipe_file

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        if mode == "create":
            raise TimeoutError("no answer")
        real(self, path, value, mode=mode)

    with monkeypatch.context() as outage:
        outage.setattr(MemoryFileSystem, "pipe_file", pipe_file)
        with pytest.raises(SnapshotError, match="cannot be written: no answer"):
            written(url, 1)
    assert len(read(url)) == len([name for name in objects(url) if name.endswith("manifest.json")]) == 1


def test_what_is_changed_in_the_store_is_found_there(url: str) -> None:
    paths = [written(url, day) for day in range(3)]
    for path in paths:
        open_snapshot(path).arrow("namespaces")  # the mirror has them as they were
    names = [f"/evidence/store/acme/{path.name}" for path in paths]
    files = ObjectStore(url)._files
    table = files.cat_file(f"{names[0]}/namespaces.parquet")
    files.pipe_file(f"{names[0]}/namespaces.parquet", table[:40] + bytes([table[40] ^ 1]) + table[41:])
    files.rm(f"{names[1]}/nodes.parquet")
    manifest = files.cat_file(f"{names[2]}/manifest.json")
    files.pipe_file(f"{names[2]}/manifest.json", manifest.replace(b'"jane"', b'"john"'))
    files.rm("/evidence/store/acme/chain/000002.json")
    found = verified(url)
    assert {place.removeprefix(f"{url}/acme/") for place, _ in found} >= {
        f"{paths[0].name}/namespaces.parquet", f"{paths[1].name}/nodes.parquet", f"{paths[2].name}/manifest.json",
        "chain/000002.json"}
    assert all(place.startswith(url) for place, _ in found)


def test_what_the_store_no_longer_has_is_no_longer_read(url: str) -> None:
    for day in range(2):
        written(url, day)
    pulled(url)
    ObjectStore(url).delete("acme")
    written(url, 3, cluster="other", uid="uid-2")
    assert [each.manifest.cluster for each in read(url)] == ["other"]


def test_two_clusters_of_one_name_have_folders_of_their_own(url: str) -> None:
    first, second = written(url, 0), written(url, 0, uid="another-2")
    assert (first.parent.name, second.parent.name) == ("acme", "acme-another-")
    assert verified(url) == []


def test_a_snapshot_of_a_store_before_chains_is_read(url: str, tmp_path: Path) -> None:
    path = written(tmp_path, 0)
    old = msgspec.json.decode((path / "manifest.json").read_bytes()) | {"previous": None}
    content = msgspec.json.encode(old)
    name = f"{path.name[:17]}{mirrors.hashlib.sha256(content).hexdigest()[:12]}"
    ObjectStore(url).write({f"acme/{name}/manifest.json": content} | {
        f"acme/{name}/{file.name}": file.read_bytes() for file in path.glob("*.parquet")})
    assert [each.path.name for each in read(url)] == [name]


@pytest.mark.parametrize(("given", "wrong", "says"), [
    ("s3://key:secret@bucket/store", UsageError, "must not have credentials"),
    ("nowhere://bucket/store", UsageError, "nothing is known of nowhere://"),
    ("dropbox://bucket/store", MissingDependency, "needs the driver of dropbox://"),
])
def test_a_url_that_cannot_be_used_is_refused_in_a_sentence(given: str, wrong: type[Exception], says: str) -> None:
    with pytest.raises(wrong, match=says) as refused:
        pulled(given)
    assert "secret" not in str(refused.value)


def test_a_store_that_cannot_be_read_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Exception):
        pass

    def ls(self, path, detail=True, **kwargs):
        raise Refused("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "ls", ls)
    with pytest.raises(SnapshotError, match=r"The store memory://evidence/store cannot be read: Refused: Access Denied\."):
        pulled(url)
    with pytest.raises(SnapshotError, match="Access Denied"):
        written(url, 0)
