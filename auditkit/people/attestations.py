"""Attestations: statements by people about what a cluster cannot show, with their files.

A file has a list of them::

    attestations:
      - framework: soc2
        requirements: [CC1.1]
        by: Jane Roe, Chief Information Security Officer
        says: All staff signed the code of conduct of 2026.
        since: 2026-02-01
        until: 2027-01-31
        files:
          - signatures-2026.pdf
          - {path: conduct.pdf, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}

The paths are relative to the file, and stay below its folder, also where they are links: what else the user may read
is no evidence. Where ``sha256`` is stated, the file must still have it. Both days count.

A person's word is not a verdict: a ``manual`` requirement becomes ``attested``, never ``pass``; one that fails or is
unknown, and that a cluster shows ``partly``, only tells of the attestation. ``note`` says what failures mean for the
requirement and what is done about them; where a requirement fails and has no note, that is reported. Two things a word
can do besides:

- ``holds: false`` says that the requirement is *not* met. It fails then, whatever checks or others say.
- ``alternative: {measure: …, reason: …}`` says that an ``addressable`` specification is met by another measure, which
  is documented (45 CFR 164.306(d)(3)). Verdicts stay as they are; the requirement is ``attested``.
"""

import datetime as dt
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from auditkit.base.files import unreadable
from auditkit.framework.model import Framework
from auditkit.people import entries
from auditkit.people.entries import Days, Origin, Text

Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-fA-F]{64}\Z", description="a SHA-256 of 64 hexadecimal digits")]

OUTSIDE = "file outside of its folder"
"""The problem of a file that is not below the folder of the attestations; nothing of it is read."""


class File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A file that goes with an attestation, and the digest that it must have."""

    path: Text
    sha256: Digest | None = None


class Alternative(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The alternative to an addressable specification, and why it is reasonable and sufficient."""

    measure: Text
    reason: Text


class AttestationEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An attestation as it is written in a file."""

    framework: Text
    requirements: Annotated[list[Text], msgspec.Meta(min_length=1)]
    by: Text
    says: Text
    since: dt.date
    until: dt.date
    holds: bool = True
    alternative: Alternative | None = None
    note: Text | None = None
    files: list[Text | File] = []


@dataclass(frozen=True)
class Evidence:
    """A file of an attestation as it was found: its SHA-256 (empty if it is missing) and its problem."""

    path: str
    sha256: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Attestation:
    """An attestation with its origin, and its files as they were found."""

    entry: AttestationEntry
    origin: Origin
    files: list[Evidence] = field(default_factory=list)

    def state(self, days: Days) -> str:
        """``valid``, ``expired``, ``not in force yet``, or the problem with a file. If the day is not known exactly, a
        valid one is valid on all days."""
        if days[1] > self.entry.until:
            return "expired"
        if days[0] < self.entry.since:
            return "not in force yet"
        return next((file.wrong for file in self.files if file.wrong), "valid")

    @property
    def told(self) -> str:
        """The person, the end of the period, the statement, and the note on failures."""
        note = f" Note: {self.entry.note}" if self.entry.note else ""
        return f"{self.entry.by}, until {self.entry.until}: {self.entry.says}{note}"


def read(given: Path | str, own: Path | None = None) -> list[Attestation]:
    """The attestations of a file, or of each YAML file in a folder. ``own`` has a user's frameworks.

    Raises `DefinitionError` with file and line for an unknown key or requirement, or a wrong date.
    """
    found = []
    for entry, origin in entries.read(given, "attestations", AttestationEntry):
        if entry.until < entry.since:
            raise origin.wrong(f"it ends on {entry.until}, before it begins ({entry.since}). Correct one of the days.")
        _verify(entry, entries.framework_of(entry.framework, entry.requirements, origin, own), origin)
        files = [evidence(File(file) if isinstance(file, str) else file, origin) for file in entry.files]
        found.append(Attestation(entry, origin, files))
    return found


def _verify(entry: AttestationEntry, framework: Framework, origin: Origin) -> None:
    """Refuse an alternative to a requirement that may not have one, or with a statement that it is not met."""
    if not entry.alternative:
        return
    if not entry.holds:
        raise origin.wrong("it names an alternative and also states that the requirement is not met. Keep one.")
    for requirement in framework.requirements:
        if requirement.id in entry.requirements and requirement.obligation != "addressable":
            raise origin.wrong(f"it names an alternative to {requirement.id}, which is "
                               f"{requirement.obligation or 'not graded'}. Only addressable requirements can have one.")


def evidence(file: File, origin: Origin) -> Evidence:
    """A file that an entry names, as it is found. Raises `DefinitionError` where it cannot be read."""
    folder = origin.path.parent
    path = Path(os.path.realpath(folder / file.path))
    if not path.is_relative_to(os.path.realpath(folder)):
        return Evidence(file.path, wrong=OUTSIDE)
    if not path.is_file():
        return Evidence(file.path, wrong="file missing")
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise origin.wrong(f"the file {unreadable(path, error)}") from None
    return Evidence(file.path, digest, "file changed" if (file.sha256 or digest).lower() != digest else "")
