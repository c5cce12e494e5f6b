"""Files that people name: one wording of what is wrong, and no waiting for what never ends."""

import errno
import os
from pathlib import Path

import pytest

from auditkit.base import files
from auditkit.errors import DefinitionError, UsageError


def test_the_bytes_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\xff")
    assert files.given(tmp_path / "file") == b"a\xff"


@pytest.mark.parametrize(("name", "says"), [
    ("nothing", "it does not exist. Check the path."), ("file/below", "it, or a part of its path, is not a folder. Check the path."),
    ("folder", "it is a folder. Give a file."), ("circle", "its symbolic links lead in a circle. Correct the links."),
    ("pipe", "it is not a file but a pipe or a device. Give a file."), ("n" * 300, "its name is too long. Check the path."),
])
def test_what_cannot_be_read_is_said_with_what_to_do(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DefinitionError) as refused:
        files.given(tmp_path / name, DefinitionError)
    assert str(refused.value) == f"{tmp_path / name} cannot be read: {says}"


def test_a_device_is_not_read() -> None:
    with pytest.raises(UsageError, match="not a file but a pipe or a device"):
        files.given(Path("/dev/zero"))


def test_an_error_without_words_here_keeps_those_of_the_system() -> None:
    assert files.reason(OSError(errno.EIO, "Input/output error")) == "Input/output error"
    assert files.reason(OSError("the library says so")) == "the library says so"
    assert files.reason(OSError()) == "OSError"


def test_a_folder_is_tried_before_long_work_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    files.verify_writable(tmp_path)
    files.verify_writable(tmp_path / "new" / "folder")
    for name in ("file", "file/below", "dangling"):
        with pytest.raises(OSError, match="Not a directory"):
            files.verify_writable(tmp_path / name)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(PermissionError):
        files.verify_writable(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file"]
