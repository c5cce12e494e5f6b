"""A recording that is not as auditkit writes it: a sentence, or an answer that could not be read."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from auditkit.base import unpacking
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.errors import SourceError


def recorded(folder: Path, name: str) -> Path:
    """A recording of pods, whose answer is in a file of this name, and of no namespaces."""
    (folder / "none.json").write_text('{"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": []}')
    (folder / "index.json").write_text(json.dumps([
        {"method": "GET", "path": "/api/v1/pods?limit=500", "file": name, "status": 200},
        {"method": "GET", "path": "/api/v1/namespaces?limit=500", "file": "none.json", "status": 200}]))
    return folder


def pods(path: Path) -> tuple[str, str]:
    """Outcome and reason of the list of pods."""
    entry = next(each for each in collect(open_files(path)).manifest.ledger if each.resource == "pods")
    return entry.outcome, entry.reason


@pytest.mark.parametrize(("name", "says"), [
    ("pipe", "its file pipe cannot be read (it is not a file but a pipe or a device)"),
    ("bomb", "its file bomb cannot be read (it expands to more than 1 MiB"),
    ("cut", "its file cut cannot be read (Compressed file ended before"),
    ("circle", "its file circle cannot be read (its symbolic links lead in a circle)"),
    ("a\0b", "the index points outside the recording"), ("device", "the index points outside the recording"),
])
def test_an_answer_that_cannot_be_read_is_told_in_the_ledger(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str) -> None:
    monkeypatch.setattr(unpacking, "_RATIO_COUNTS_FROM", 1 << 20)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"a" * (2 << 20)))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a")[:-4])
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "device").symlink_to("/dev/zero")
    outcome, reason = pods(recorded(tmp_path, name))
    assert outcome != "complete" and says in reason


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b"[" * 50_000, None])
def test_an_index_that_is_none_is_said_with_its_place(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        (tmp_path / "index.json").symlink_to("/dev/zero")
    else:
        (tmp_path / "index.json").write_bytes(content)
    says = "cannot be read as the index of a recording" if content is not None else "contains no Kubernetes objects"
    with pytest.raises(SourceError, match=says) as refused:
        open_files(tmp_path)
    assert str(refused.value).count("index.json") <= 1


def test_an_archive_that_unfolds_too_far_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_RATIO_COUNTS_FROM", 1 << 20)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        for name in ("a.json", "b.json"):
            member = tarfile.TarInfo(name)
            member.size = 600 << 10
            archive.addfile(member, io.BytesIO(b" " * member.size))
    with pytest.raises(SourceError, match=r"x.tar.gz cannot be read: it expands to more than 1 MiB"):
        open_files(tmp_path / "x.tar.gz")
