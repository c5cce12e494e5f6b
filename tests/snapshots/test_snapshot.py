"""Snapshots: written whole or not at all, never over another, and proven when they are read."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import auditkit
from auditkit import tables
from auditkit.api.snapshots import open as open_any
from auditkit.errors import NoSuchName, SnapshotError
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot


@pytest.fixture
def acme(acme: Snapshot) -> Snapshot:
    """One of its own for each test: it may be written."""
    return acme.apart()


@pytest.fixture
def written(acme: Snapshot, tmp_path: Path) -> Path:
    return acme.write(tmp_path / "store")


def test_what_is_written_is_what_is_read(acme, written) -> None:
    back = open_snapshot(written)
    assert back.digest == acme.digest
    for name in tables.TABLES:
        assert back.arrow(name).equals(acme.arrow(name)), name
        pd.testing.assert_frame_equal(back.frame(name), acme.frame(name))
    pd.testing.assert_frame_equal(back.ledger, acme.ledger)


def test_every_table_is_a_frame_of_its_declared_columns(acme) -> None:
    for name, table in tables.TABLES.items():
        assert list(acme.frame(name).columns) == [column.name for column in table.columns]
        assert all(isinstance(dtype, pd.ArrowDtype) for dtype in acme.frame(name).dtypes)
    assert acme.pods["created"].dtype.pyarrow_dtype.tz == "UTC"


def test_nobody_needs_auditkit_to_read_it(written, acme) -> None:
    assert len(pd.read_parquet(written / "pods.parquet")) == len(acme.pods)
    rows = duckdb.sql(f"select count(*) from '{written}/containers.parquet'").fetchall()
    assert rows == [(len(acme.containers),)]
    assert json.loads((written / "manifest.json").read_text())["cluster"] == "acme-prod"


def test_sql(acme) -> None:
    answer = acme.sql("""select p.namespace, count(*) as privileged from pods p join containers c
                         on (c.namespace, c.pod) = (p.namespace, p.name) where c.privileged group by 1 order by 2 desc""")
    expected = acme.containers[acme.containers["privileged"]].groupby("namespace").size().sort_values(ascending=False)
    assert dict(zip(answer["namespace"], answer["privileged"], strict=True)) == expected.to_dict()
    assert len(acme.sql("select * from ledger where outcome = 'complete'")) > 30


def test_names_that_do_not_exist(acme) -> None:
    with pytest.raises(NoSuchName, match="did you mean"):
        acme.frame("podz")
    with pytest.raises(AttributeError, match="did you mean"):
        _ = acme.podz
    assert "pods" in dir(acme)
    assert not hasattr(acme, "__array__")


def rewritten(folder: Path, **changes: object) -> Path:
    """The snapshot with another manifest, which it is named after as if it had been written so."""
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))
    return folder.rename(folder.with_name(f"20260101T000000Z-{hashlib.sha256(manifest.read_bytes()).hexdigest()[:12]}"))


def values(thing: object, place: tuple = ()) -> list[tuple]:
    """The places of all values in a document."""
    if isinstance(thing, dict):
        return [place, *(found for key, value in thing.items() for found in values(value, (*place, key)))]
    if isinstance(thing, list):
        return [place, *(found for at, value in enumerate(thing) for found in values(value, (*place, at)))]
    return [place]


def edited(content: bytes, dice: random.Random) -> bytes:
    """A manifest with one edit: of its bytes, or of a value, an entry or a member that was changed or left out."""
    if dice.random() < 0.4:
        at = dice.randrange(len(content))
        return dice.choice((
            content[:at] + content[at + 1:], content[:at] + dice.randbytes(1) + content[at:], content + b"\n",
            content[:at] + bytes([content[at] ^ (1 << dice.randrange(8))]) + content[at + 1:]))
    document = json.loads(content)
    *above, last = dice.choice([place for place in values(document) if place])
    inner = document
    for step in above:
        inner = inner[step]
    if dice.random() < 0.4:
        del inner[last]
    else:
        inner[last] = dice.choice(["", "complete", "absent", 0, 1, 10**9, True, None, [], {}, "2020-01-01T00:00:00Z", "x"])
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True).encode()


@pytest.mark.parametrize("seed", range(5))
def test_every_edit_of_the_manifest_is_noticed(written, seed: int) -> None:
    dice, content = random.Random(seed), (written / "manifest.json").read_bytes()
    open_snapshot(written)
    made = 0
    for _ in range(120):
        changed = edited(content, dice)
        if changed == content:
            continue
        made += 1
        (written / "manifest.json").write_bytes(changed)
        with pytest.raises(SnapshotError):
            open_snapshot(written)
    assert made > 100


def test_a_changed_manifest_is_not_what_was_collected(written) -> None:
    text = (written / "manifest.json").read_text()
    (written / "manifest.json").write_text(text.replace('"identity": "admin"', '"identity": "nobody"', 1))
    with pytest.raises(SnapshotError, match="was changed after collection: its SHA-256 begins with [0-9a-f]{12}, and the name"):
        open_snapshot(written)


def test_a_renamed_folder_is_told_to_take_its_name_back(written, monkeypatch) -> None:
    link = written.parent / "latest"
    link.symlink_to(written.name)
    assert open_snapshot(link).digest == open_snapshot(written).digest
    copy = written.with_name(f"copy-{written.name}")
    shutil.copytree(written, copy)
    assert open_snapshot(copy).digest == open_snapshot(written).digest, "the name still carries the digest"
    monkeypatch.chdir(written)
    assert open_snapshot(".").digest.startswith(written.name[-12:])
    with pytest.raises(SnapshotError, match="does not end in the digest of its manifest.*restore its original name"):
        open_snapshot(written.rename(written.with_name("before-the-audit")))


def test_a_table_that_the_manifest_does_not_list_is_damage(written) -> None:
    files = json.loads((written / "manifest.json").read_text())["files"]
    del files["pods.parquet"]
    with pytest.raises(SnapshotError, match="does not list pods.parquet, although its tables are those of this version"):
        open_snapshot(rewritten(written, files=files))


def test_a_file_that_is_no_table_is_not_ours(written) -> None:
    files = json.loads((written / "manifest.json").read_text())["files"]
    with pytest.raises(SnapshotError, match=r"lists \.\./\.\./secret, which is not a table"):
        open_snapshot(rewritten(written, files=files | {"../../secret": "0" * 64}))


@pytest.mark.parametrize(("change", "says"), [
    (lambda t: t.drop_columns(["host_pid"]), "lacks the column host_pid"),
    (lambda t: t.append_column("more", pa.nulls(len(t))), "has a column 'more'"),
    (lambda t: t.select(t.column_names[::-1]), "another order"),
    (lambda t: t.set_column(t.column_names.index("host_pid"), "host_pid", t["host_pid"].cast(pa.string())),
     "its column host_pid is string instead of bool"),
    (lambda t: t.set_column(t.column_names.index("created"), "created", t["created"].cast(pa.timestamp("us"))),
     r"its column created is timestamp\[us\] instead of timestamp\[us, tz=UTC\]"),
])
def test_the_columns_of_a_file_are_those_that_are_declared(acme, written, change, says) -> None:
    pq.write_table(change(acme.arrow("pods")), written / "pods.parquet")
    files = json.loads((written / "manifest.json").read_text())["files"]
    files["pods.parquet"] = hashlib.sha256((written / "pods.parquet").read_bytes()).hexdigest()
    with pytest.raises(SnapshotError, match=f"pods.parquet does not contain the declared table: .*{says}"):
        open_snapshot(rewritten(written, files=files)).arrow("pods")


def test_a_file_that_is_no_table_at_all(written) -> None:
    (written / "pods.parquet").write_bytes(b"PAR1 no")
    files = json.loads((written / "manifest.json").read_text())["files"]
    files["pods.parquet"] = hashlib.sha256(b"PAR1 no").hexdigest()
    with pytest.raises(SnapshotError, match="pods.parquet is not a Parquet file"):
        open_snapshot(rewritten(written, files=files)).arrow("pods")


def test_a_ledger_without_what_proves_absence_proves_none(written) -> None:
    """Manifests of earlier versions do not have the field: then nothing is proven to be absent."""
    ledger = json.loads((written / "manifest.json").read_text())["ledger"]
    assert not open_snapshot(written).gaps("admin_policies")
    for entry in ledger:
        del entry["proven"]
    older = open_snapshot(rewritten(written, ledger=ledger))
    assert len(older.missing(["admin_policies"])) == 3 and not older.gaps("pods")
    assert older.path.name.endswith(older.digest[:12]), "the digest is that of the bytes, not of what they mean today"


def test_an_altered_table_is_refused(written) -> None:
    content = bytearray((written / "pods.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (written / "pods.parquet").write_bytes(content)
    snapshot = open_snapshot(written)
    assert len(snapshot.nodes)
    with pytest.raises(SnapshotError, match="SHA-256 differs"):
        snapshot.frame("pods")


def test_a_missing_table_is_refused(written) -> None:
    (written / "nodes.parquet").unlink()
    with pytest.raises(SnapshotError, match=r"nodes.parquet is missing"):
        open_snapshot(written)


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"\xff", b'{"format": 1, "cluster": 3}'])
def test_a_manifest_that_is_none(written, content) -> None:
    (written / "manifest.json").write_bytes(content)
    with pytest.raises(SnapshotError, match=r"manifest.json cannot be read"):
        open_snapshot(written)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-01:00", "2026-03-01T00:00:00"])
@pytest.mark.parametrize("field", ["started", "observed_until", "ledger"])
def test_times_that_are_none_make_no_manifest(written: Path, field: str, moment: str) -> None:
    manifest = json.loads((written / "manifest.json").read_text())
    changed = [{**manifest["ledger"][0], "ended": moment}] if field == "ledger" else moment
    (written / "manifest.json").write_text(json.dumps(manifest | {field: changed}))
    with pytest.raises(SnapshotError, match=r"manifest.json cannot be read: a time (outside|without)"):
        open_snapshot(written)


def test_a_later_format_says_so(written) -> None:
    manifest = json.loads((written / "manifest.json").read_text())
    (written / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(SnapshotError, match="format 99"):
        open_snapshot(written)


def test_what_is_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="is not a snapshot"):
        open_snapshot(tmp_path)


def test_an_old_snapshot_is_never_overwritten(acme, written) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in written.iterdir()}
    assert acme.write(written.parent.parent) == written
    assert {file.name: file.stat().st_mtime_ns for file in written.iterdir()} == before


def test_a_write_that_fails_leaves_nothing(acme, tmp_path: Path, monkeypatch) -> None:
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", no_space)
    with pytest.raises(SnapshotError, match="the disk is full"):
        acme.write(tmp_path / "store")
    assert list((tmp_path / "store").rglob("*.parquet")) == []


def test_a_store_that_cannot_be_written(acme, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match="cannot be written"):
        acme.write(tmp_path / "file" / "store")


def test_a_collector_that_is_killed_leaves_no_snapshot(tmp_path: Path) -> None:
    code = ("import os, auditkit.snapshots.writing as s, auditkit.api.snapshots as a\n"
            "write = s.write_durably\n"
            "def dying(path, content):\n"
            "    if path.name == 'manifest.json': os._exit(9)\n"
            "    write(path, content)\n"
            "s.write_durably = dying\n"
            f"a.demo().write({str(tmp_path)!r})\n")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    from auditkit.snapshots.history import snapshots

    assert snapshots(tmp_path) == ([], [])
    open_snapshot(auditkit.demo().write(tmp_path))
    assert len(snapshots(tmp_path)[0]) == 1


def test_two_collectors_at_once_do_not_mix(tmp_path: Path) -> None:
    taken = [auditkit.demo() for _ in range(4)]
    for number, snapshot in enumerate(taken):
        snapshot.manifest.identity = f"collector-{number}"
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda s=s: paths.append(s.write(tmp_path))) for s in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 4
    for path in paths:
        snapshot = open_snapshot(path)
        for name in tables.TABLES:
            snapshot.arrow(name)


def test_a_hostile_cluster_name_stays_in_the_store(acme, tmp_path: Path) -> None:
    snapshot = auditkit.demo()
    snapshot.manifest.cluster = "../../etc/\x1b[31m/…"
    path = snapshot.write(tmp_path / "store")
    assert path.resolve().is_relative_to((tmp_path / "store").resolve())
    assert len(path.relative_to(tmp_path / "store").parts) == 2


def test_opening_by_name(acme, written) -> None:
    assert open_any(acme) is acme
    assert open_any(str(written)).digest == acme.digest
    assert open_any("demo").manifest.cluster == "acme-prod"


def test_the_same_answers_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = auditkit.demo(), auditkit.demo()
    files = [{file.name: file.read_bytes() for file in s.write(tmp_path / str(n)).glob("*.parquet")
              if file.stem != "collection"}  # that one has the times
             for n, s in enumerate((first, second))]
    assert files[0] == files[1]
