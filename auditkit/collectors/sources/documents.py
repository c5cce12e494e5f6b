"""The documents of files and archives: JSON or YAML, one or many a file, plain, gzip, or in a tar archive."""

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from auditkit.base.files import content, reason
from auditkit.base.go_yaml import GoLoader
from auditkit.base.unpacking import gunzip, most, too_much

SUFFIXES = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")
ARCHIVES = (".tar.gz", ".tgz", ".tar")

DEEPEST = 200
"""How deep YAML may be nested. The schemas of custom resources, the deepest that kubectl writes, need a tenth."""

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
                yield File(str(file.relative_to(path)) if file != path else file.name, content(file))
            except OSError as error:
                yield File(file.name, b"", reason(error))


def members(archive: Path) -> Iterator[File]:
    """The files of a tar archive that may hold objects."""
    unpacked, packed = 0, archive.stat().st_size
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                file = opened.extractfile(member) if member.isfile() and member.name.endswith(SUFFIXES) else None
                if file is None:
                    continue
                unpacked += member.size
                if unpacked > most(packed):
                    raise ValueError(too_much(most(packed), packed))
                yield File(member.name.removeprefix("./"), file.read())
    except tarfile.ReadError:  # whose text tells of every way in which it was tried
        yield File(archive.name, b"", "it is not a tar archive, or it is cut short")
    except UNREADABLE as error:
        yield File(archive.name, b"", sentence(error))


def documents(content: bytes) -> Iterator[Any]:
    """The documents of a file, whatever its form. Raises what is `UNREADABLE`."""
    text = text_of(content)
    if text.lstrip()[:1] in ("{", "["):
        yield msgspec.json.decode(text)
        return
    _verify_events(text)
    for document in yaml.load_all(text, Loader=_Loader):
        if document is not None:
            yield _as_json(document)


class _Loader(GoLoader):
    """The loader of what kubectl wrote, which has no key that is a word such as ``true`` without quotes."""

    def key(self, value: Any) -> str:
        """A key as text. Raises `ValueError` for true and false."""
        if isinstance(value, bool):
            raise ValueError("it has a key that is not text, which kubectl never writes")
        return super().key(value)


def _as_json(document: Any) -> Any:
    """A YAML document as JSON has it: times are text, and so is every key."""
    try:
        return msgspec.to_builtins(document, str_keys=True)
    except TypeError:
        raise ValueError("it has a key that is not text, which kubectl never writes") from None


def _verify_events(text: str) -> None:
    """Raises `ValueError` for YAML that kubectl never writes, and that would fill the memory or the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it has YAML aliases, which kubectl never writes and which can expand without limit")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"its lists and mappings are nested more than {DEEPEST} deep")


def text_of(content: bytes) -> str:
    """The text of a file, which may be compressed and may begin with a byte order mark."""
    if content[:2] == b"\x1f\x8b":
        content = gunzip(content)
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def sentence(error: Exception) -> str:
    """An error of a library on one line, and short."""
    if isinstance(error, OSError):
        return reason(error)
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return " ".join(str(error).split())[:200] or type(error).__name__
