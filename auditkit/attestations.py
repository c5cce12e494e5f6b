"""Attestations: what people say of that which a cluster cannot show, with their files.

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

The paths are relative to the file. Where ``sha256`` is stated, the file must still have it. Both days count.

A person's word is not a verdict: a ``manual`` requirement becomes ``attested``, never ``pass``, and a status
that checks have found is never changed; one that a cluster shows ``partly`` only tells of the attestation.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pandas as pd

from auditkit import entries
from auditkit.entries import Notice, Origin, Text

if TYPE_CHECKING:
    from auditkit.evaluation import Result

COLUMNS = ["framework", "requirement", "by", "says", "since", "until", "state", "files", "file", "line",
           "sha256"]
"""Of the frame of attestations; ``files`` has each file of theirs with its SHA-256, parted by semicolons."""

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A file that goes with an attestation, and the digest that it must have."""

    path: Text
    sha256: Digest | None = None


class Written(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An attestation as it stands in a file."""

    framework: Text
    requirements: Annotated[list[Text], msgspec.Meta(min_length=1)]
    by: Text
    says: Text
    since: dt.date
    until: dt.date
    files: list[Text | File] = []


@dataclass(frozen=True)
class Evidence:
    """A file of an attestation as it was found: its SHA-256 (empty where it is missing), what is wrong."""

    path: str
    sha256: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Attestation:
    """An attestation with the place where it stands and the files as they were found."""

    said: Written
    origin: Origin
    files: list[Evidence] = field(default_factory=list)

    def state(self, today: dt.date) -> str:
        """``valid``, ``expired``, ``not in force yet``, or what is wrong with a file."""
        if today > self.said.until:
            return "expired"
        if today < self.said.since:
            return "not in force yet"
        return next((file.wrong for file in self.files if file.wrong), "valid")


def read(given: Path | str, own: Path | None = None) -> list[Attestation]:
    """The attestations of a file, or of each YAML file in a folder. ``own`` has a user's frameworks.

    Raises `ControlError` with file and line for an unknown key or requirement, or a wrong date.
    """
    found = []
    for said, origin in entries.read(given, "attestations", Written):
        if said.until < said.since:
            raise origin.wrong(f"it ends on {said.until}, before it begins ({said.since}).")
        entries.framework_of(said.framework, said.requirements, origin, own)
        files = [_evidence(File(file) if isinstance(file, str) else file, origin) for file in said.files]
        found.append(Attestation(said, origin, files))
    return found


def _evidence(file: File, origin: Origin) -> Evidence:
    path = origin.path.parent / file.path
    if not path.is_file():
        return Evidence(file.path, wrong="file missing")
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise origin.wrong(f"its file {path} cannot be read: {error.strerror}.") from None
    return Evidence(file.path, digest, "file changed" if file.sha256 not in (None, digest) else "")


class AttestationRegister:
    """Attestations applied to the results of one framework on one day.

    ``results`` are the same results, with ``attested`` for ``manual`` where a valid attestation covers it;
    ``notices`` say which attestations have expired, say nothing that counts, or lost a file.
    """

    def __init__(self, attestations: Iterable[Attestation], framework: str, results: "list[Result]",
                 today: dt.date):
        self._today = today
        self._ours = [attestation for attestation in attestations if attestation.said.framework == framework]
        self._used: set[int] = set()
        self.results = [self._marked(result) for result in results]

    def _marked(self, result: "Result") -> "Result":
        stated = result.requirement
        if result.status != "manual" and stated.reach != "partly":
            return result
        valid = [each for each in self._ours
                 if stated.id in each.said.requirements and each.state(self._today) == "valid"]
        if not valid:
            return result
        self._used.update(map(id, valid))
        told = "; ".join(f"{each.said.by}, until {each.said.until}: {each.said.says}" for each in valid)
        marked = replace(result, attestations=tuple(valid))
        if result.status == "manual":
            return replace(marked, status="attested", reason=told)
        return replace(marked, reason=f"{result.reason}; the rest attested by {told}")

    @property
    def notices(self) -> list[Notice]:
        """What is to be said of the attestations about this framework."""
        return [Notice(f"attestation {kind}", each.origin, what) for each in self._ours
                for kind, what in self._said(each)]

    def _said(self, attestation: Attestation) -> Iterator[tuple[str, str]]:
        said, state = attestation.said, attestation.state(self._today)
        if state == "expired":
            yield state, f"it ended on {said.until}; ask {said.by}"
        elif state == "not in force yet":
            yield state, f"it begins on {said.since}"
        elif state == "valid" and id(attestation) not in self._used:
            yield "unused", f"checks judge {', '.join(said.requirements)}; a person's word changes nothing"
        for file in attestation.files:
            if file.wrong:
                found = f": it has the SHA-256 {file.sha256} now" if file.sha256 else ""
                yield file.wrong, f"{file.path}{found}"

    def frame(self) -> pd.DataFrame:
        """One row for each attestation and requirement of this framework (columns: `COLUMNS`)."""
        return pd.DataFrame([self._row(each, requirement) for each in self._ours
                             for requirement in each.said.requirements], columns=COLUMNS)

    def _row(self, attestation: Attestation, requirement: str) -> dict[str, Any]:
        said, origin = attestation.said, attestation.origin
        return {
            "framework": said.framework, "requirement": requirement, "by": said.by, "says": said.says,
            "since": said.since.isoformat(), "until": said.until.isoformat(),
            "state": attestation.state(self._today),
            "files": "; ".join(f"{file.path} {file.sha256 or file.wrong}" for file in attestation.files),
            "file": origin.file, "line": origin.line, "sha256": origin.sha256,
        }
