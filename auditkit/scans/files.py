"""Files, folders and archives to documents: found, hashed, decompressed and recoded while they are read.

Nothing of an archive is ever written to disk, and what unfolds too far is refused: a few KiB must not become
gigabytes. A file that cannot be opened is a sentence, never an exception, so that the others are still read.
"""

import codecs
import gzip
import hashlib
import io
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from auditkit.errors import UsageError
from auditkit.scans.document import File
from auditkit.scans.model import Broken

MAX_UNPACKED = 16 << 30
MAX_RATIO = 400
_RATIO_COUNTS_FROM = 64 << 20
MAX_MEMBERS = 10_000

Open = Callable[[], BinaryIO]


class Source(msgspec.Struct):
    """A file as it lies there: the name it was given by, its size and SHA-256, and what is in it.

    ``documents`` are its readable parts: one, or those of an archive; ``problems`` say by the name of the part why
    others cannot be read (the empty name is the file itself). ``changed`` tells whether it has been altered since.
    """

    name: str
    bytes: int
    sha256: str
    documents: list[File]
    problems: dict[str, str]
    changed: Callable[[], bool]


def find(paths: Iterable[str | os.PathLike]) -> Iterator[Source]:
    """Each file at these paths: files, folders (all of the files below, but for hidden ones), ``-`` for the input.

    Raises `UsageError` for a path that does not exist, before anything is read.
    """
    paths = [os.fspath(path) for path in paths]
    for path in paths:
        if path != "-" and not os.path.exists(path):
            raise UsageError(f"There is no scan {path!r}; give a file, a folder, or - for the standard input.")
    for path in paths:
        if path == "-":
            yield _from_input()
        elif os.path.isdir(path):
            for file in _below(Path(path)):
                yield _source(file, file.relative_to(path).as_posix())
        else:
            yield _source(Path(path), Path(path).name)


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and (Path(root) / name).is_file():
                yield Path(root) / name


def _from_input() -> Source:
    """The standard input, kept in a nameless file because it is read more than once."""
    with tempfile.NamedTemporaryFile() as file:
        while chunk := sys.stdin.buffer.read(1 << 20):
            file.write(chunk)
        file.flush()
        duplicate = os.dup(file.fileno())
    return _source(duplicate, "-")


def _source(path: Path | int, name: str) -> Source:
    """``path`` may be a descriptor."""
    def open_raw() -> BinaryIO:
        if isinstance(path, int):
            os.lseek(path, 0, os.SEEK_SET)
        return open(path, "rb", closefd=not isinstance(path, int))

    def state() -> tuple[int, int]:
        status = os.stat(path)
        return status.st_size, status.st_mtime_ns

    source = Source(name, 0, "", [], {}, lambda: state() != before)
    before = (-1, -1)
    try:
        before = state()
        source.bytes = before[0]
        with open_raw() as file:
            source.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            magic = file.read(4)
        if magic == b"PK\x03\x04":
            _unzip(source, open_raw)
        else:
            _add(source, "", gunzipped(open_raw) if magic[:2] == b"\x1f\x8b" else open_raw)
    except OSError as error:
        source.problems[""] = f"it cannot be read: {error.strerror or error}"
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
    if len(members) > MAX_MEMBERS:
        source.problems[""] = f"it is a ZIP archive of more than {MAX_MEMBERS:,} files"
        return
    for member in members:
        if problem := _refused(member):
            source.problems[member.filename] = problem
        else:
            _add(source, member.filename, _member(open_raw, member))


def _refused(member: zipfile.ZipInfo) -> str:
    """Why a member is not even opened."""
    if member.filename.startswith(("/", "\\")) or ".." in member.filename.replace("\\", "/").split("/") \
            or member.filename[1:2] == ":":
        return "its name leads out of the archive"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    if member.external_attr >> 28 == 0xA:
        return "it is a symbolic link"
    if member.filename.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")):
        return "it is an archive within an archive"
    return ""


def _member(open_raw: Open, member: zipfile.ZipInfo) -> Open:
    def open_member() -> BinaryIO:
        try:
            stream = zipfile.ZipFile(open_raw()).open(member)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
            raise Broken(f"it cannot be unpacked ({error})") from None
        return io.BufferedReader(_Unpacked(stream, member.compress_size))

    def peeked() -> BinaryIO:
        stream = open_member()
        return stream if stream.peek(2)[:2] != b"\x1f\x8b" else io.BufferedReader(
            _Unpacked(gzip.GzipFile(fileobj=stream), member.compress_size))

    return peeked


def gunzipped(open_raw: Open) -> Open:
    """The content of a gzip file."""
    def open_unpacked() -> BinaryIO:
        raw = open_raw()
        size = os.fstat(raw.fileno()).st_size
        return io.BufferedReader(_Unpacked(gzip.GzipFile(fileobj=raw), size))

    return open_unpacked


class _Unpacked(io.RawIOBase):
    """A stream that is unpacked while it is read, and refused where it unfolds too far. Raises `Broken`."""

    def __init__(self, stream: BinaryIO, packed: int):
        self._stream, self._packed, self._unpacked = stream, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        try:
            chunk = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise Broken(f"its compressed data breaks off or is damaged after {self._unpacked} bytes") from None
        self._unpacked += len(chunk)
        if self._unpacked > max(_RATIO_COUNTS_FROM, self._packed * MAX_RATIO) or self._unpacked > MAX_UNPACKED:
            raise Broken(f"it unfolds to more than {self._unpacked >> 20} MiB from {self._packed} bytes: refused")
        buffer[:len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._stream.close()
        super().close()


def recoded(open: Open) -> Open:
    """The content in UTF-8 without a byte order mark, whether it is UTF-8 or UTF-16."""
    def open_recoded() -> BinaryIO:
        stream = open()
        buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
        start = buffered.peek(4)[:4]
        if start.startswith(codecs.BOM_UTF8):
            buffered.read(len(codecs.BOM_UTF8))
        elif encoding := _utf16(start):
            return io.BufferedReader(_Recoded(buffered, encoding))
        return buffered

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

    def __init__(self, stream: BinaryIO, encoding: str):
        self._stream, self._decoder = stream, codecs.getincrementaldecoder(encoding)()
        self._left, self._first = b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        while not self._left:
            chunk = self._stream.read(1 << 16)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeError:
                raise Broken("it breaks off within a character of UTF-16, or is none") from None
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
