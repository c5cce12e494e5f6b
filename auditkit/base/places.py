"""Places of files: a path of this computer, or the URL of anything that fsspec knows (``s3://bucket/evidence``).

A local path stays a `pathlib.Path`, so that it costs nothing more. Any other place is a `upath.UPath`, which has the
same methods. Its driver is a package of its own; what that raises beside `OSError` is made one by `as_os_errors`.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from auditkit.errors import AuditkitError, MissingDependency, UsageError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:::|://)")


def place(path: Path | str) -> Path:
    """The place that a user named. Raises `UsageError` for a URL that no file system knows, and `MissingDependency`
    where the package of its file system is not installed."""
    if not isinstance(path, str) or not _URL.match(path):
        return path if not isinstance(path, str) else Path(path)
    from upath import UPath

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of file systems for which UPath has no class of its own
            found: Any = UPath(path)
            protocol = found.protocol
            found.fs  # noqa: B018 (makes the driver, or says what is missing)
    except ImportError as error:
        raise MissingDependency(f"{_shown(path)} needs a package that is not installed: {error}.") from None
    except Exception as error:  # of whichever driver
        raise UsageError(f"{_shown(path)} cannot be used as a place for files: {str(error)[:200]}. Give a folder, or a "
                         "URL that fsspec knows, such as s3://bucket/folder.") from None
    return Path(found.path) if protocol in ("file", "local") else cast("Path", found)


def local(path: Path) -> bool:
    """True for a path of this computer."""
    return isinstance(path, Path)


def absolute(path: Path | str) -> str:
    """The same place for a program that runs in another folder."""
    found = place(path)
    return str(found.resolve()) if local(found) else str(found)


def names(folder: Path) -> list[str]:
    """The names of what is in a folder as it is now, sorted; none where there is no folder."""
    if not local(folder):
        folder.fs.invalidate_cache()  # type: ignore[attr-defined]
    try:
        return sorted(each.name for each in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def as_os_errors() -> Iterator[None]:
    """What drivers raise of their own, such as missing credentials, as `OSError`."""
    try:
        yield
    except (OSError, AuditkitError):
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("auditkit", "builtins"):
            raise
        raise OSError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error


def _shown(url: str) -> str:
    """A URL without the user and password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//…@", url)
