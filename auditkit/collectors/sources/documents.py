"""The documents of files and archives: JSON or YAML, one or many a file, plain, gzip, or in a tar archive."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

SUFFIXES = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")
ARCHIVES = (".tar.gz", ".tgz", ".tar")

UNREADABLE = (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, yaml.YAMLError, msgspec.DecodeError,
              RecursionError)


class File(NamedTuple):
    """A file by its path below what was given, and its bytes; or why they cannot be read."""

    name: str
    content: bytes
    problem: str = ""


def files(path: Path) -> Iterator[File]:
    """The files of a folder, of an archive, or the one file that was given; in the order of their names.

    Archives are read where they lie: nothing of them is written anywhere.
    """
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.name.endswith(ARCHIVES):
            yield from members(file)
        elif file.is_file() and (file.name.endswith(SUFFIXES) or file == path):
            try:
                yield File(str(file.relative_to(path)) if file != path else file.name, file.read_bytes())
            except OSError as error:
                yield File(file.name, b"", sentence(error))


def members(archive: Path) -> Iterator[File]:
    """The files of a tar archive that may hold objects."""
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isfile() and member.name.endswith(SUFFIXES) else None
                if content is not None:
                    yield File(member.name.removeprefix("./"), content.read())
    except UNREADABLE as error:
        yield File(archive.name, b"", sentence(error))


def documents(content: bytes) -> Iterator[Any]:
    """The documents of a file, whatever its form. Raises what is `UNREADABLE`."""
    text = text_of(content)
    if text.lstrip()[:1] in ("{", "["):
        yield msgspec.json.decode(text)
        return
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
        raise ValueError("it has YAML aliases, which kubectl never writes and which can expand without limit")
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if document is not None:
            yield document


def text_of(content: bytes) -> str:
    """The text of a file, which may be compressed and may begin with a byte order mark."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def sentence(error: Exception) -> str:
    """An error of a library on one line, and short."""
    return " ".join(str(error).split())[:200] or type(error).__name__
