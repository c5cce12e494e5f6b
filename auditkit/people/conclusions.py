"""Conclusions: what an auditor tested of a requirement and found, tied by digest to the snapshots that it speaks of.

A file has a list of them::

    conclusions:
      - framework: soc2
        requirement: CC6.1
        tested_by: Jane Roe, Example Auditors LLP
        tested_on: 2026-10-12
        period: {from: 2025-10-01, until: 2026-09-30}
        sample: 25 of 310 role bindings, seed 7
        result: operated
        remark: One binding was granted without a ticket and removed within a day.
        snapshots: [9f86d081884c]
        definition: 4c3737c4a90eb910

``result`` is one of `RESULTS`. ``sample`` is text, or a file below the folder of this one (``{path: …, sha256: …}``)
that must still have its digest where one is stated. ``snapshots`` has the digests of the snapshots, 12 hexadecimal
digits or more of each; of many, their number and the digest of their list: ``{count: 365, sha256: …}``, the SHA-256 of
their whole digests, sorted, each followed by a line feed. A conclusion that names no snapshot is refused.
``definition`` is the digest of the requirement as it was judged (`auditkit.framework.definition`); workpapers show it.

A conclusion changes no verdict and no status.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec

from auditkit.people import entries
from auditkit.people.attestations import Digest, Evidence, File, evidence
from auditkit.people.entries import Origin, Text

Result = Literal["operated", "exception noted", "not operated", "not tested"]
RESULTS: Final[tuple[str, ...]] = get_args(Result)

DIGITS = 12
"""The fewest digits of a digest that name a snapshot, as many as the name of its folder has."""

Hexadecimal = Annotated[str, msgspec.Meta(
    pattern=r"\A[0-9a-f]{12,64}\Z", description=f"{DIGITS} or more hexadecimal digits of a SHA-256, in small letters")]

COVER, SHEET = "Cover", "Requirements"
"""The sheets of workpapers that say what was examined, and that have the auditor's columns."""

TO_FILL = {
    "tested_by": "Who tested the requirement", "tested_on": "Date of the test",
    "sample": "What was tested: the population, the size, how it was chosen",
    "result": f"Result of the test: {', '.join(RESULTS)}", "remark": "What was found, such as each exception",
    "conclusion": "The auditor's conclusion", "sign_off": "Initials and date", "reviewed_by": "Who reviewed the work",
}
"""The auditor's columns in workpapers, with their meaning."""


class Labels:
    """The labels on the cover of workpapers that say what a conclusion is tied to."""

    cluster, snapshot, framework = "Cluster", "Digest of the snapshot", "Framework"


class Period(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The days that a conclusion is about, both included."""

    first: dt.date = msgspec.field(name="from")
    until: dt.date


class Listed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Many snapshots: how many, and the digest of the list of their digests."""

    count: Annotated[int, msgspec.Meta(ge=1)]
    sha256: Digest


class ConclusionEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """A conclusion as it is written in a file."""

    framework: Text
    requirement: Text
    tested_by: Text
    tested_on: dt.date
    period: Period | None = None
    sample: str | File = ""
    result: Result
    remark: str = ""
    conclusion: str = ""
    sign_off: str = ""
    reviewed_by: str = ""
    snapshots: Annotated[list[Hexadecimal], msgspec.Meta(min_length=1)] | Listed
    definition: Hexadecimal | None = None


@dataclass(frozen=True)
class Conclusion:
    """A conclusion with its origin, and the file of its sample as it was found."""

    entry: ConclusionEntry
    origin: Origin
    sample: Evidence | None = None

    @property
    def sampled(self) -> str:
        """What was tested, in words."""
        if self.sample is None:
            return str(self.entry.sample)
        return f"{self.sample.path} (SHA-256 {self.sample.sha256})" if self.sample.sha256 else self.sample.path

    @property
    def spoken_of(self) -> str:
        """The snapshots that it speaks of, in words."""
        given = self.entry.snapshots
        return f"{given.count} snapshots, list {given.sha256}" if isinstance(given, Listed) else ", ".join(given)


def read(given: Path | str, own: Path | None = None) -> list[Conclusion]:
    """The conclusions of a file, or of each YAML file in a folder. ``own`` has a user's frameworks.

    Raises `DefinitionError` with file and line for an unknown key or requirement, a wrong date, a missing digest, or
    two conclusions on one requirement by the same person on the same day.
    """
    found = []
    seen: dict[tuple[str, str, str, dt.date], Origin] = {}
    for entry, origin in entries.read(given, "conclusions", ConclusionEntry):
        entries.framework_of(entry.framework, [entry.requirement], origin, own)
        _verify(entry, origin)
        key = entry.framework, entry.requirement, entry.tested_by, entry.tested_on
        if key in seen:
            raise origin.wrong(f"{seen[key].path}, line {seen[key].line} has a conclusion on {entry.requirement} by "
                               f"{entry.tested_by} of the same day. Keep one.")
        seen[key] = origin
        sample = evidence(entry.sample, origin) if isinstance(entry.sample, File) else None
        found.append(Conclusion(entry, origin, sample))
    return found


def _verify(entry: ConclusionEntry, origin: Origin) -> None:
    """Refuse dates that cannot be."""
    if (period := entry.period) is None:
        return
    if period.until < period.first:
        raise origin.wrong(f"its period ends on {period.until}, before it begins ({period.first}). Correct one of the "
                           "days.")
    if entry.tested_on < period.first:
        raise origin.wrong(f"it was tested on {entry.tested_on}, before its period begins ({period.first}). Correct "
                           "one of the days.")


def list_digest(digests: Iterable[str]) -> str:
    """The digest of a list of snapshots, as ``snapshots: {sha256: …}`` has it."""
    return hashlib.sha256("".join(f"{digest}\n" for digest in sorted(digests)).encode()).hexdigest()
