"""Objects of a store that a URL names (``s3://bucket/evidence``), through fsspec and its driver.

An object is there whole or not at all, and `ObjectStore.create` makes one only where there is none: no more is asked of
a store. What a driver raises of its own becomes `OSError`. Credentials and endpoints are the driver's own settings
(environment, files of the cloud's tools), never part of a URL.
"""

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeGuard

from auditkit.errors import AuditkitError, MissingDependency, UsageError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://(?P<rest>.*)", re.DOTALL)
_LOCAL = ("file", "local")

_REFUSED = (errno.EEXIST, errno.EINVAL)
"""What drivers make of HTTP 412, Precondition Failed: s3fs 2026.9 EINVAL (``s3fs/errors.py``), others EEXIST."""

FOLDERS: dict[str, str] = {}
"""Folders in which this process has the objects of a store, with its URL."""


def is_url(path: object) -> TypeGuard[str]:
    """True for the URL of a place that is not a folder of this computer."""
    return isinstance(path, str) and bool(_URL.match(path)) and path.partition("://")[0].lower() not in _LOCAL


def named(text: str) -> str:
    """A text for people, in which folders of `FOLDERS` are called by their URL."""
    for folder, url in FOLDERS.items():
        text = text.replace(folder, url)
    return text


class ObjectStore:
    """What is below a URL; objects are named by their path below it, with ``/`` between its parts.

    Raises `UsageError` for a URL that no driver knows or that has credentials, `MissingDependency` where the driver is
    not installed; each method `OSError`.
    """

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        if "@" in (_URL.match(url) or [""])[0].partition("://")[2].partition("/")[0]:
            raise UsageError("The URL of a store must not have credentials. Give them as its driver takes them, such "
                             "as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
        self._files, self._root = _driver(self.url)

    def names(self, folder: str = "") -> list[str]:
        """The names of what is directly in a folder, sorted; none where there is nothing."""
        with _as_os_errors():
            self._files.invalidate_cache()
            at = self._path(folder)
            try:
                found = {path.rstrip("/") for path in self._files.ls(at, detail=False)}
            except FileNotFoundError:
                return []
            return sorted(_inside(path.rpartition("/")[2]) for path in found - {at})

    def sizes(self, folder: str) -> dict[str, int]:
        """The objects below a folder, by their names below it, with their bytes."""
        with _as_os_errors():
            self._files.invalidate_cache()
            at = self._path(folder)
            found = self._files.find(at, detail=True)
            return {_inside(path[len(at):].lstrip("/")): about["size"] for path, about in sorted(found.items())
                    if path != at}

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """The bytes of objects by their names, asked for at the same time; without those that are not there."""
        paths = {self._path(name): name for name in names}
        if not paths:
            return {}
        with _as_os_errors():
            found = self._files.cat(list(paths), on_error="return")
            for one in found.values():
                if isinstance(one, Exception) and not isinstance(one, FileNotFoundError):
                    raise one
            return {paths[path]: one for path, one in found.items() if isinstance(one, bytes)}

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write objects by their names, several at the same time, or replace them."""
        with _as_os_errors():
            self._files.pipe({self._path(name): content for name, content in contents.items()})

    def create(self, name: str, content: bytes) -> bool:
        """Create an object where there is none: false where there is another. Of many that try at once, one does.

        What stands there afterwards decides, and not the error, since drivers raise each their own, and an answer that
        was lost is asked for again.
        """
        try:
            with _as_os_errors():
                self._files.pipe_file(self._path(name), content, mode="create")
            return True
        except OSError:
            if (there := self.read([name]).get(name)) is None:
                raise
            return there == content

    def refuses(self, name: str) -> bool:
        """True where the store does not let `create` replace an object, tried on one that is there. Stores that know no
        conditional writes replace it, here by the same bytes; and drivers that have none of their own look first, and
        write then."""
        if not _has_own_create(type(self._files)):
            return False
        content = self.read([name]).get(name)
        if content is None:
            raise FileNotFoundError(f"{self.url}/{name} is gone")
        try:
            with _as_os_errors():
                self._files.pipe_file(self._path(name), content, mode="create")
        except OSError as error:
            if error.errno in _REFUSED or isinstance(error, FileExistsError):
                return True
            raise  # an outage refuses nothing
        return False

    def delete(self, folder: str) -> None:
        """Delete what is below a folder."""
        with _as_os_errors():
            self._files.rm(self._path(folder), recursive=True)

    def protection(self) -> str:
        """What keeps objects from being deleted, in a sentence; empty where the driver cannot say."""
        ask = getattr(self._files, "call_s3", None)
        if ask is None:
            return ""
        bucket = self._root.partition("/")[0]
        try:
            rule = ask("get_object_lock_configuration", Bucket=bucket)["ObjectLockConfiguration"]
        except Exception as error:  # of whichever driver and store
            if "NotFound" in str(error):
                return f"The bucket {bucket} has no object lock: whoever may delete in it can take evidence away."
            return f"Not known whether the bucket {bucket} has an object lock: {_said(error)}."
        kept = (rule.get("Rule") or {}).get("DefaultRetention")
        if not kept:
            return f"The bucket {bucket} has an object lock, and no default retention: objects can be deleted."
        term = f"{kept['Years']} years" if kept.get("Years") else f"{kept.get('Days')} days"
        return f"The bucket {bucket} keeps every object for {term} (object lock, {str(kept.get('Mode')).lower()})."

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/") if name else self._root


def _inside(name: str) -> str:
    """The name of an object, which becomes a path of this computer. Stores take any text for one."""
    if "\0" in name or {".", ".."} & set(name.replace("\\", "/").split("/")):
        raise OSError("it has an object whose name leads out of its folder (`..`); delete that object")
    return name


def _has_own_create(driver: Any) -> bool:
    """True for a driver that creates objects itself; fsspec's own way is to look first, and then to write."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    if issubclass(driver, AsyncFileSystem):
        return bool(driver._pipe_file is not AsyncFileSystem._pipe_file)
    return getattr(driver, "pipe_file", None) is not AbstractFileSystem.pipe_file


def _driver(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    import fsspec
    from fsspec.core import url_to_fs

    protocol = url.partition("://")[0].lower()
    if protocol not in {*fsspec.available_protocols(), *fsspec.registry}:
        raise UsageError(f"{url} cannot be used as a store: nothing is known of {protocol}://. Give a folder, or a URL "
                         "such as s3://bucket/folder.")
    try:
        with _as_os_errors():
            files, root = url_to_fs(url, use_listings_cache=False)
    except ImportError:
        raise MissingDependency(f"{url} needs the driver of {protocol}:// for fsspec, which is not installed"
                                f"{': pip install auditkit[s3]' if protocol in ('s3', 's3a') else ''}.") from None
    except OSError as error:
        raise UsageError(f"{url} cannot be used as a store: {_said(error)}.") from None
    return files, root.rstrip("/")


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """What drivers raise of their own, such as missing credentials, as `OSError`."""
    try:
        yield
    except (OSError, ImportError, AuditkitError):
        raise
    except Exception as error:
        if type(error).__module__ == "builtins":
            raise  # a mistake of ours
        raise OSError(f"{type(error).__name__}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
