"""What is written is whole or not there; what a killed process left goes, and what a live one writes stays."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auditkit.base import whole
from auditkit.errors import SnapshotError, UsageError

HELD = "import sys, time; from pathlib import Path; from auditkit.base import whole\n" \
       "with whole.workspace(Path(sys.argv[1])) as space:\n" \
       "    (space / 'half').write_bytes(b'1'); print(space, flush=True); time.sleep(60)\n"


def left(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def writing(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that is writing into a folder, and its workspace there."""
    process = subprocess.Popen([sys.executable, "-c", HELD, str(place)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_file_replaces_another_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        whole.write(path, b"new")
        assert reader.read() == b"old", "a reader keeps what it has opened"
    assert path.read_bytes() == b"new" and left(tmp_path) == ["report.html"]


def test_a_full_disk_leaves_what_was_there_and_names_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError) as refused:
        whole.write(path, b"new")
    assert str(refused.value) == f"{path} cannot be written: the disk is full. Free some space."
    assert path.read_bytes() == b"old" and left(tmp_path) == ["report.html"]


def test_a_folder_that_does_not_exist_is_said_by_the_path_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"nowhere/a cannot be written: it does not exist\."):
        whole.write(tmp_path / "nowhere" / "a", b"", SnapshotError)


def test_the_next_one_clears_what_a_killed_process_left_and_not_what_a_live_one_writes(tmp_path: Path) -> None:
    (alive, theirs), (dead, rest) = writing(tmp_path), writing(tmp_path)
    try:
        end(dead)
        assert (rest / "half").exists()
        whole.write(tmp_path / "mine", b"")
        assert left(tmp_path) == sorted([theirs.name, "mine"])
        assert (theirs / "half").read_bytes() == b"1"
    finally:
        end(alive)
    whole.write(tmp_path / "mine", b"")
    assert left(tmp_path) == ["mine"]


def test_what_has_no_lock_is_not_ours_to_clear(tmp_path: Path) -> None:
    (tmp_path / ".partial-theirs").mkdir()
    (tmp_path / ".partial-theirs" / "file").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".lock").touch()
    (tmp_path / ".partial-link").symlink_to("elsewhere")
    whole.write(tmp_path / "mine", b"")
    assert left(tmp_path) == [".partial-link", ".partial-theirs", "elsewhere", "mine"]
    assert left(tmp_path / "elsewhere") == [".lock"]


def test_what_a_process_left_that_ended_before_it_had_its_lock_goes(tmp_path: Path) -> None:
    (tmp_path / ".partial-empty").mkdir()
    whole.write(tmp_path / "mine", b"")
    assert left(tmp_path) == ["mine"]


def test_a_workspace_that_is_removed_loses_its_lock_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    with whole.workspace(tmp_path) as space:
        (space / "file").touch()
        (space / "folder").mkdir()
        (space / "folder" / "file").touch()
        removed = whole.shutil.rmtree

        def seen(path: Path, ignore_errors: bool) -> None:
            names.append(Path(path).name)
            assert (space / ".lock").exists()
            removed(path, ignore_errors=ignore_errors)

        monkeypatch.setattr(whole.shutil, "rmtree", seen)
    assert names[-1] == space.name and set(names) == {"folder", space.name}
    assert left(tmp_path) == []


def test_many_at_once_neither_mix_nor_clear_each_other(tmp_path: Path) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for _ in range(50):
                with whole.workspace(tmp_path) as space:
                    (space / "a").write_text(str(number))
                    if (space / "a").read_text() != str(number):
                        wrong.append(number)
        except OSError as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, left(tmp_path)) == ([], [])


def test_a_workspace_that_is_cleared_before_it_is_locked_is_made_anew(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, times = whole._locked, []

    def cleared_meanwhile(file: object) -> bool | None:
        times.append(file)
        if len(times) == 1:
            Path(file.name).unlink()  # type: ignore[attr-defined]
        return lock(file)  # type: ignore[arg-type]

    monkeypatch.setattr(whole, "_locked", cleared_meanwhile)
    with whole.workspace(tmp_path) as space:
        assert (space / ".lock").exists() and len(times) == 2


def test_without_locks_nothing_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole.fcntl, "flock", full)
    (tmp_path / ".partial-a").mkdir()
    (tmp_path / ".partial-a" / ".lock").touch()
    whole.write(tmp_path / "mine", b"")
    assert left(tmp_path) == [".partial-a", "mine"]


def test_the_folder_for_a_while_is_private_and_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with whole.scratch() as space:
        assert space.parent == tmp_path and space.stat().st_mode & 0o777 == 0o700
    assert left(tmp_path) == []
