"""Lists that people maintain in YAML files: exceptions and attestations. Each entry has its file and line."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import GenericAlias
from typing import Annotated, TypeVar

import msgspec

from auditkit.base import strict_yaml
from auditkit.errors import DefinitionError, NoSuchName
from auditkit.framework import library
from auditkit.framework.model import Framework

Text = Annotated[str, msgspec.Meta(pattern=r"\S", description="text that is not empty")]

LONGEST = 366
"""The maximum period in days of an exception or attestation: a person reviews it at least once a year."""

Days = tuple[dt.date, dt.date]
"""The first and the last day on which the cluster may have been observed."""

T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """The origin of an entry: its file (relative to the given folder), its line, and the file's SHA-256."""

    file: str
    line: int
    sha256: str
    path: Path

    def wrong(self, what: object) -> DefinitionError:
        """The error for a mistake in the entry."""
        return DefinitionError(f"{self.path}, line {self.line}: {what}")


@dataclass(frozen=True)
class Notice:
    """A notice about an entry: it has expired, is unused, is too wide …"""

    kind: str
    origin: Origin
    what: str


def read(given: Path | str, key: str, shape: type[T]) -> list[tuple[T, Origin]]:
    """The entries of a file, or of each YAML file in a folder, from the list ``key``.

    Raises `DefinitionError` with file and line.
    """
    given = Path(given)
    document = msgspec.defstruct("Document", [(key, GenericAlias(list, shape))], forbid_unknown_fields=True)
    found = []
    for path in _files(given, key):
        entries = getattr(strict_yaml.read(path, document), key)
        name = path.relative_to(given).as_posix() if given.is_dir() else path.name
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found += [(entry, Origin(name, line, digest, path))
                  for entry, line in zip(entries, strict_yaml.lines(path, key), strict=True)]
    return found


def too_long(first: dt.date, last: dt.date) -> str:
    """The problem with a period, both days included, that is longer than `LONGEST`; otherwise empty."""
    days = (last - first).days + 1
    return f"the period from {first} to {last} is {days:,} days; the maximum is {LONGEST}" if days > LONGEST else ""


def framework_of(name: str, requirements: list[str], origin: Origin, own: Path | None) -> Framework:
    """The framework that an entry names, which must have these requirements. Raises `DefinitionError`."""
    try:
        framework = library.either(name, own)
    except NoSuchName as error:
        raise origin.wrong(error) from None
    known = [requirement.id for requirement in framework.requirements]
    for wanted in requirements:
        if wanted not in known:
            raise origin.wrong(NoSuchName(f"requirement of {name}", wanted, known))
    return framework


def _files(given: Path, key: str) -> list[Path]:
    if not given.is_dir():
        return [given]
    files = sorted(path for suffix in ("yaml", "yml") for path in given.glob(f"*.{suffix}"))
    if not files:
        raise DefinitionError(f"{given} has no YAML file: give a YAML file, or a folder with YAML files, with {key}.")
    return files
