"""Files and folders that people name: read with one wording of what is wrong, and tried before long work."""

import errno
import os
import stat
from pathlib import Path

from auditkit.errors import AuditkitError, UsageError

_REASONS = {
    errno.ENOENT: ("it does not exist", "Check the path."),
    errno.ENOTDIR: ("it, or a part of its path, is not a folder", "Check the path."),
    errno.EEXIST: ("it is not a folder", "Check the path."),
    errno.EISDIR: ("it is a folder", "Give a file."),
    errno.ESPIPE: ("it is not a file but a pipe or a device", "Give a file."),
    errno.EACCES: ("this user has no permission", "Change its permissions, or run as another user."),
    errno.EPERM: ("this user has no permission", "Change its permissions, or run as another user."),
    errno.ELOOP: ("its symbolic links lead in a circle", "Correct the links."),
    errno.ENAMETOOLONG: ("its name is too long", "Check the path."),
    errno.ENOSPC: ("the disk is full", "Free some space."),
    errno.EROFS: ("the file system is read-only", ""),
}


def reason(error: OSError) -> str:
    """Why a file cannot be read or written, as the end of a sentence, without a full stop."""
    known, _ = _REASONS.get(error.errno or 0, ("", ""))
    return known or error.strerror or " ".join(str(error).split())[:200] or type(error).__name__


def unreadable(path: Path | str, error: OSError) -> str:
    """A sentence that a file cannot be read, why, and what to do."""
    _, advice = _REASONS.get(error.errno or 0, ("", ""))
    return f"{path} cannot be read: {reason(error)}. {advice}".rstrip()


def unwritable(path: Path | str, error: OSError) -> str:
    """A sentence that a file cannot be written, why, and what to do."""
    advice = ("Free some space." if error.errno == errno.ENOSPC else
              "Give the path of a file in a folder that exists and is writable.")
    return f"{path} cannot be written: {reason(error)}. {advice}"


def given(path: Path, wrong: type[AuditkitError] = UsageError) -> bytes:
    """The bytes of a file that a user named. Raises ``wrong`` with a sentence where there is none to read."""
    try:
        return content(path)
    except OSError as error:
        raise wrong(unreadable(path, error)) from None


def content(path: Path) -> bytes:
    """The bytes of a regular file. Raises `OSError` as `verify_file` does."""
    verify_file(path)
    return path.read_bytes()


def names(folder: Path) -> list[str]:
    """The names of what is in a folder, sorted; none where there is no folder. Raises `OSError`."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def verify_file(path: Path) -> None:
    """Raises `OSError` where there is no regular file: reading a pipe or a device could wait for ever."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.ESPIPE
        raise OSError(code, os.strerror(code), str(path))


def verify_writable(folder: Path) -> None:
    """Raises `OSError` where nothing can be written into a folder, which need not exist yet. Writes nothing."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(there))
