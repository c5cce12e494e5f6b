"""Zip archives that are the same for the same content, and the safe reading of those of others.

Entries are sorted, have one fixed time, and are stored without compression: what zlib makes differs between versions of
it, and Parquet and PDF are compressed already.
"""

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from auditkit.base import files
from auditkit.errors import UsageError

ENTRIES, LARGEST, RATIO = 100_000, 64 << 30, 200
"""Entries of an archive, bytes of all of them, and how far they may unfold: more is refused."""

_TIME = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20
_NAME = 1024


def packed(content: Mapping[str, bytes]) -> bytes:
    """The bytes of an archive with these files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content[name])
    return whole.getvalue()


class Archive:
    """An archive that somebody gave. Raises `UsageError` where it is none, or is made to do harm: names that lead out
    of it, that are listed twice or are links, more than it may hold."""

    def __init__(self, path: Path):
        self.path = path
        try:
            files.verify_file(path)
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise UsageError(files.unreadable(path, error)) from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise UsageError(f"{path} is not a whole zip archive: {error}. Use another copy.") from None
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        self._verify()

    @property
    def names(self) -> list[str]:
        """The names of the files in it."""
        return sorted(self._entries)

    def digest(self, name: str) -> tuple[str, int]:
        """The SHA-256 and the size of a file. Raises `UsageError` where it cannot be read."""
        found, size = hashlib.sha256(), 0
        for block in self._blocks(name):
            found.update(block)
            size += len(block)
        return found.hexdigest(), size

    def read(self, name: str, most: int = 256 << 20) -> bytes:
        """The bytes of a file. Raises `UsageError` where it is not there, is larger, or cannot be read."""
        if name not in self._entries:
            raise UsageError(f"{self.path} has no {name}: it is no bundle of auditkit, or is incomplete.")
        if self._entries[name].file_size > most:
            raise UsageError(f"{self.path}: {name} has more than {most:,} bytes. It is not what auditkit wrote.")
        return b"".join(self._blocks(name))

    def unfold(self, folder: Path) -> None:
        """Write all files into a folder. Raises `UsageError` where one cannot be read, and `OSError`."""
        for name in self.names:
            target = folder.joinpath(*PurePosixPath(name).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                for block in self._blocks(name):
                    file.write(block)

    def _verify(self) -> None:
        entries = self._zip.infolist()
        total, taken = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
        wrong = (f"it lists {len(entries):,} files; at most {ENTRIES:,} are read" if len(entries) > ENTRIES else
                 f"it would unfold to {total:,} bytes from {taken:,}"
                 if total > LARGEST or total > RATIO * max(taken, _BLOCK) else
                 "it lists a name twice" if len(entries) != len(self._entries) else
                 "it is encrypted" if any(entry.flag_bits & 1 for entry in entries) else
                 next((f"the name {entry.filename[:100]!r} {said}" for entry in entries
                       if (said := _unsafe(entry))), ""))
        if wrong:
            raise UsageError(f"{self.path} is refused: {wrong}. auditkit did not write it so.")

    def _blocks(self, name: str) -> Iterator[bytes]:
        left = self._entries[name].file_size
        try:
            with self._zip.open(self._entries[name]) as file:
                while block := file.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise UsageError(f"{self.path} is refused: {name} is larger than it says.")
                    yield block
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
            raise UsageError(f"{self.path}: {name} cannot be read: {error}. The archive is damaged: use another "
                             "copy.") from None
        except Exception as error:  # zlib.error and those of other methods of compression
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{self.path}: {name} cannot be unpacked. The archive is damaged: use another "
                             "copy.") from None


def _unsafe(entry: zipfile.ZipInfo) -> str:
    """Why an entry may not be written; empty where it may."""
    name, mode = entry.filename, entry.external_attr >> 16
    if not name or name.startswith("/") or ".." in name.split("/") or set(name) & {"\\", ":", "\0"}:
        return "leads out of the archive"
    if not name.isprintable() or len(name) > _NAME or any(part in ("", ".") for part in name.rstrip("/").split("/")):
        return "is not a name of a file"
    if entry.is_dir() or (mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
        return "is no file but a folder, a link or a device"
    return ""
