"""Files and folders that are written whole or not at all.

They are made in a private folder, the workspace, and moved to their place when they are complete. A workspace holds an
advisory lock (`flock`) that the system releases when its process ends, however it ends. Whoever makes the next one in
the same place clears those whose lock nobody holds: neither age nor a process id would tell them from work in progress.
What has no lock and is not empty (of another program, or where the file system or the system has none) is left alone.
"""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from auditkit.base.files import unwritable
from auditkit.errors import AuditkitError, UsageError

if sys.platform != "win32":
    import fcntl

PARTIAL = ".partial-"
"""The beginning of the name of a workspace beside what is written."""

_LOCK = ".lock"


def write(path: Path, content: bytes, wrong: type[AuditkitError] = UsageError) -> None:
    """Write a file, or replace it, in one step. Raises ``wrong`` with a sentence that has the path."""
    try:
        with workspace(path.parent) as space:
            write_durably(space / path.name, content)
            (space / path.name).replace(path)
    except OSError as error:
        raise wrong(unwritable(path, error)) from None


def write_durably(path: Path, content: bytes) -> None:
    """Write a file of a workspace, to the disk itself. Raises `OSError`."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def create(path: Path, content: bytes) -> bool:
    """Create a file whole, only where there is none: false where there is one. Of many that try at once, one does.

    Raises `OSError`.
    """
    try:
        with workspace(path.parent) as space:
            write_durably(space / path.name, content)
            os.link(space / path.name, path)
    except FileExistsError:
        return False
    sync(path.parent)
    return True


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk itself. Raises `OSError`."""
    if sys.platform == "win32":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def scratch() -> Iterator[Path]:
    """A private folder for what is needed only for a while, where the system keeps such files."""
    with workspace(Path(tempfile.gettempdir()), f"auditkit{PARTIAL}") as space:
        yield space


@contextmanager
def workspace(place: Path, prefix: str = PARTIAL) -> Iterator[Path]:
    """A private folder in another, removed at the end; those that killed processes left there are cleared.

    Raises `OSError`.
    """
    _clear(place, prefix)
    space, lock = _made(place, prefix)
    try:
        with lock:
            yield space
    finally:
        _remove(space)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """The turn of one of those who write into a folder: the others wait. Where the system has no locks, nobody waits.

    Raises `OSError` where there is no such folder.
    """
    if sys.platform == "win32":
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # of a file system without locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _made(place: Path, prefix: str) -> tuple[Path, IO[bytes]]:
    """A new workspace and its lock. One that another process cleared before it was locked is made anew."""
    while True:
        space = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        with suppress(FileNotFoundError):
            lock = open(space / _LOCK, "xb")  # noqa: SIM115 (the workspace closes it)
            if _locked(lock) is not False and (space / _LOCK).exists():
                return space, lock
            lock.close()


def _locked(file: IO[bytes]) -> bool | None:
    """Lock a file: true if this process holds the lock now, false if another does, none where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _clear(place: Path, prefix: str) -> None:
    """Remove the workspaces of this user whose processes have ended."""
    for space in place.glob(f"{prefix}*"):
        with suppress(OSError):
            if _ours(space):
                with _opened(space) as lock:
                    if _locked(lock):
                        _remove(space)


def _opened(space: Path) -> IO[bytes]:
    """The lock of a workspace. One that is empty and has none yet is removed: its process makes another, or ended."""
    try:
        return open(space / _LOCK, "r+b")
    except FileNotFoundError:
        space.rmdir()
        raise


def _remove(space: Path) -> None:
    """Remove a workspace, its lock last: the next process clears what is left if this one ends in the middle."""
    with suppress(OSError):
        for path in space.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink()
    shutil.rmtree(space, ignore_errors=True)


def _ours(space: Path) -> bool:
    """True for a folder, and no link to one, of this user: others may write where the system keeps such files."""
    about = space.lstat()
    return stat.S_ISDIR(about.st_mode) and (sys.platform == "win32" or about.st_uid == os.geteuid())
