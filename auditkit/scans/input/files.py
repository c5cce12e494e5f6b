"""Files, folders and archives to documents: found, hashed, decompressed and recoded while they are read.

Nothing of an archive is ever written to disk, and what unfolds too far is refused: a few KiB must not become
gigabytes. A file that cannot be opened is a sentence, never an exception, so that the others are still read.
"""

import codecs
import contextlib
import datetime as dt
import gzip
import hashlib
import io
import os
import shutil
import stat
import sys
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from auditkit.base.files import reason, unwritable, verify_file
from auditkit.base.unpacking import most, too_much
from auditkit.base.whole import scratch
from auditkit.errors import UsageError
from auditkit.scans.input.document import File
from auditkit.scans.model import Broken

INPUT = "-"
_NO_TIME = 1980  # what ZIP has where no time was given
MAX_MEMBERS = 10_000

Open = Callable[[], io.BufferedReader]


class Source(msgspec.Struct, weakref=True):
    """A file as it lies there: the name it was given by, its size and SHA-256, and what is in it.

    ``documents`` are its readable parts: one, or those of an archive; ``problems`` say by the name of the part why
    others cannot be read (the empty name is the file itself). ``time`` is when it was last written: what it says is
    not newer than that; ``times`` are those of the members of an archive. ``changed`` tells whether it has been altered
    since.
    """

    name: str
    bytes: int
    sha256: str
    documents: list[File]
    problems: dict[str, str]
    changed: Callable[[], bool]
    time: dt.datetime | None = None
    times: dict[str, dt.datetime] = {}

    def written(self, document: str) -> dt.datetime | None:
        """When a document of it was last written."""
        return self.times.get(document, self.time)


def find(path: str) -> Iterator[Source]:
    """Each file at a path: a file, a folder (all of the files below, but for hidden ones), ``-`` for the input."""
    place = Path(path)
    if path == INPUT:
        yield _kept(sys.stdin.buffer, INPUT)
    elif place.is_dir():
        yield from _below(place)
    elif place.is_file():
        yield _source(place, place.name)
    elif place.is_fifo() or place.is_socket():  # which can be read only once
        with place.open("rb") as pipe:
            yield _kept(pipe, place.name)
    else:  # a device, which may have no end
        yield _source(place, place.name)


def _below(folder: Path) -> Iterator[Source]:
    unread: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=unread.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(root) / name
            if not name.startswith(".") and (file.is_file() or file.is_symlink()):
                yield _source(file, file.relative_to(folder).as_posix())
    for error in unread:
        name = Path(error.filename).relative_to(folder).as_posix()
        yield Source(name, 0, "", [], {"": f"the folder cannot be read: {reason(error)}"}, lambda: False)


def _kept(stream: IO[bytes], name: str) -> Source:
    """What can be read only once, kept in a private file meanwhile."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(scratch()) / "input"
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(stream, file)
        except OSError as error:
            raise UsageError(unwritable(path, error)) from None
        source = _source(path, name)
        weakref.finalize(source, stack.pop_all().close)
        return source


def _source(path: Path, name: str) -> Source:
    def open_raw() -> io.BufferedReader:
        return path.open("rb")

    def state() -> tuple[int, int]:
        status = path.stat()
        return status.st_size, status.st_mtime_ns

    before = (-1, -1)
    source = Source(name, 0, "", [], {}, lambda: state() != before)
    try:
        verify_file(path)  # a link may lead to a pipe, which would be waited for
        before = state()
        source.bytes, source.time = before[0], dt.datetime.fromtimestamp(before[1] / 1e9, dt.UTC)
        with open_raw() as file:
            source.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            magic = file.read(4)
        if magic == b"PK\x03\x04":
            _unzip(source, open_raw)
        else:
            _add(source, "", gunzipped(open_raw) if magic[:2] == b"\x1f\x8b" else open_raw)
    except OSError as error:
        source.problems[""] = f"it cannot be read: {reason(error)}"
    return source


def _add(source: Source, member: str, open: Open) -> None:
    """Add a document, or the reason why it is none."""
    try:
        source.documents.append(File(f"{source.name}!{member}" if member else source.name, recoded(open)))
    except Broken as broken:
        source.problems[member] = str(broken)


def _unzip(source: Source, open_raw: Open) -> None:
    """The members of a ZIP archive as documents. Their names are labels; no path is ever made of them."""
    try:
        with open_raw() as file, zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        source.problems[""] = f"it is a broken ZIP archive ({error})"
        return
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > most(source.bytes):
        source.problems[""] = (f"it is a ZIP archive of {len(members):,} files that expand to {unpacked >> 20:,} MiB "
                               f"from {source.bytes:,} bytes: refused")
        return
    for member in members:
        if problem := _refused(member):
            source.problems[member.filename] = problem
        else:
            _add(source, member.filename, _member(open_raw, member))
            with contextlib.suppress(ValueError):  # there is no time in it
                time = dt.datetime(*member.date_time, tzinfo=dt.UTC)
                if time.year > _NO_TIME:
                    source.times[f"{source.name}!{member.filename}"] = time


def _refused(member: zipfile.ZipInfo) -> str:
    """Why a member is not even opened."""
    if member.filename.startswith(("/", "\\")) or ".." in member.filename.replace("\\", "/").split("/") \
            or member.filename[1:2] == ":":
        return "its path is outside the archive"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a symbolic link"
    if member.filename.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")):
        return "it is an archive within an archive"
    return ""


def _member(open_raw: Open, member: zipfile.ZipInfo) -> Open:
    def open_member() -> io.BufferedReader:
        raw = open_raw()
        with _closed_on_error(raw):
            try:
                stream = zipfile.ZipFile(raw).open(member)  # noqa: SIM115 (the caller closes it)
            except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
                raise Broken(f"it cannot be unpacked ({error})") from None
            return _unpacked(stream, raw, member.compress_size)

    def unpacked() -> io.BufferedReader:
        stream = open_member()
        with _closed_on_error(stream):
            if stream.peek(2)[:2] == b"\x1f\x8b":
                return _unpacked(gzip.GzipFile(fileobj=stream), stream, member.compress_size)
            return stream

    return unpacked


def gunzipped(open_raw: Open) -> Open:
    """The content of a gzip file."""
    def open_unpacked() -> io.BufferedReader:
        raw = open_raw()
        with _closed_on_error(raw):
            return _unpacked(gzip.GzipFile(fileobj=raw), raw, os.fstat(raw.fileno()).st_size)

    return open_unpacked


@contextlib.contextmanager
def _closed_on_error(stream: io.BufferedReader) -> Iterator[None]:
    """A stream that is handed on is closed where it cannot be."""
    try:
        yield
    except BaseException:
        stream.close()
        raise


class _Unpacked(io.RawIOBase):
    """A stream that is unpacked while it is read, and refused where it unfolds too far. Raises `Broken`.

    Closing it closes ``beneath`` as well, the packed stream that it is unpacked from: neither `gzip` nor `zipfile`
    closes a stream that it was given.
    """

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, beneath: io.BufferedReader, packed: int):
        self._stream, self._beneath, self._packed, self._unpacked = stream, beneath, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise Broken(f"its compressed data is cut off or damaged after {self._unpacked} bytes") from None
        self._unpacked += len(chunk)
        if self._unpacked > most(self._packed):
            raise Broken(too_much(self._unpacked, self._packed))
        buffer[:len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._stream.close()
        self._beneath.close()
        super().close()


def _unpacked(stream: IO[bytes] | gzip.GzipFile, beneath: io.BufferedReader, packed: int) -> io.BufferedReader:
    return io.BufferedReader(_Unpacked(stream, beneath, packed))


def recoded(open: Open) -> Open:
    """The content in UTF-8 without a byte order mark, whether it is UTF-8 or UTF-16."""
    def open_recoded() -> io.BufferedReader:
        stream = open()
        with _closed_on_error(stream):
            start = stream.peek(4)[:4]
            if start.startswith(codecs.BOM_UTF8):
                stream.read(len(codecs.BOM_UTF8))
            elif encoding := _utf16(start):
                return io.BufferedReader(_Recoded(stream, encoding))
            return stream

    return open_recoded


def _utf16(start: bytes) -> str:
    """The byte order of UTF-16, by its mark or by the zero in its first letter."""
    if start[:2] == codecs.BOM_UTF16_LE or (start[1:2] == b"\0" and start[:1].isascii() and start[:1] > b"\0"):
        return "utf-16-le"
    if start[:2] == codecs.BOM_UTF16_BE or (start[:1] == b"\0" and start[1:2] > b"\0"):
        return "utf-16-be"
    return ""


class _Recoded(io.RawIOBase):
    """UTF-16 read as UTF-8. Raises `Broken`."""

    def __init__(self, stream: io.BufferedReader, encoding: str):
        self._stream, self._decoder = stream, codecs.getincrementaldecoder(encoding)()
        self._left, self._first = b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            chunk = self._stream.read(1 << 16)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeError:
                raise Broken("it is cut off in a UTF-16 character, or is not UTF-16") from None
            self._left = (text.removeprefix("\ufeff") if self._first else text).encode("utf-8", "replace")
            self._first = False
            if not chunk:
                break
        taken, self._left = self._left[:len(buffer)], self._left[len(buffer):]
        buffer[:len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        self._stream.close()
        super().close()
