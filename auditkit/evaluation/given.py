"""Verdicts as they were given: what was said of a snapshot, by which rule and with what people had added then.

Beside the verdicts of a snapshot (`auditkit.evaluation.stored`) lies a small file for each rule and each set of
exceptions, attestations and scope by which it was judged: ``BASIS-PEOPLE-SEAL.json``. BASIS is the beginning of the
digest of all that decides verdicts, PEOPLE that of the digest of what people gave, SEAL that of the seal of the file's
bytes. It has the statuses and reasons of that day, so that a verdict of March is shown in November as it was given,
whatever auditkit, a framework or a file of exceptions says today. Nothing in it is used to judge.

``number`` counts what was given of a snapshot and a framework, the first is 1: there is no clock in it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditkit.base import files, whole
from auditkit.base.seal import same, seal
from auditkit.base.undecodable import UNDECODABLE
from auditkit.errors import AuditkitError, SnapshotError
from auditkit.evaluation.basis import Basis
from auditkit.evaluation.results import column
from auditkit.evaluation.stored import DIGITS, Document, document, folder
from auditkit.evaluation.words import SUBJECT
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.people.scope import Scope
from auditkit.snapshots.mirror import published
from auditkit.snapshots.snapshot import Snapshot

_PEOPLE = 16
"""Digits of the digest of what people gave, in a file's name."""
_NAME = re.compile(rf"[0-9a-f]{{{DIGITS}}}-[0-9a-f]{{{_PEOPLE}}}-(?P<seal>[0-9a-f]{{{DIGITS}}})")

FOREIGN = "it does not have the seal of this installation of auditkit: another one, or anybody else, wrote it"

VERDICT = ["check", "requirement", "severity", *SUBJECT, "verdict", "reason", "seen", "wanted", "accepted"]
"""Columns of `Given.verdicts`, the same as those of an evaluation."""


class PeopleFile(msgspec.Struct, frozen=True):
    """A file that people gave: ``kind`` is exceptions, attestations or scope, ``sha256`` the digest of its bytes,
    ``state`` that of the entries as they were read, with the files that attestations name. Of ``categories`` that were
    chosen without a file, ``file`` has their names."""

    kind: str
    file: str
    sha256: str
    state: str


class Outside(msgspec.Struct, kw_only=True):
    """What a scope leaves out: the rows of its requirements, and the subjects of each stored outcome as bits in their
    order (`mask`), nothing where none is outside."""

    requirements: list[dict[str, Any]]
    subjects: list[bytes]


class Said(msgspec.Struct, kw_only=True):
    """What was said: the rows of the frames of an evaluation of these names; ``covered``, for each requirement and
    outcome, the places of the subjects that exceptions cover; ``attested``, the requirements that somebody attests."""

    requirements: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]
    attestations: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    covered: dict[str, list[list[int]]]
    attested: list[str]
    outside: Outside | None = None

    @property
    def left_out(self) -> set[str]:
        """The requirements that a scope leaves out."""
        return {row["requirement"] for row in self.outside.requirements} if self.outside else set()


class _Record(msgspec.Struct, kw_only=True):
    number: int
    basis: Basis
    people: list[PeopleFile]
    verdicts: str
    said: Said


@dataclass(frozen=True)
class Given:
    """What was given of a snapshot once. ``distrusted`` says why it is not trusted; empty where it is.

    ``number`` is its place among all that were given of the snapshot by this framework, ``content`` the bytes of the
    verdicts' file.
    """

    number: int
    basis: Basis
    people: list[PeopleFile]
    said: Said
    content: bytes
    distrusted: str = ""

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """One row a requirement, with the columns of an evaluation's ``requirements``."""
        return pd.DataFrame(self.said.requirements)

    @cached_property
    def document(self) -> Document:
        """What the file of the verdicts says of the whole."""
        return document(self.content)

    def rows(self, *columns: str) -> pa.Table:
        """The rows of the file of the verdicts."""
        return pq.read_table(pa.BufferReader(self.content), columns=list(columns) or None)

    @cached_property
    def starts(self) -> list[int]:
        """Where the rows of each outcome begin; and the number of all rows."""
        return list(accumulate((each.rows for each in self.document.outcomes), initial=0))

    def outside(self, place: int) -> np.ndarray:
        """Which subjects of an outcome a scope leaves out: a boolean for each."""
        rows, said = self.document.outcomes[place].rows, self.said.outside
        bits = said.subjects[place] if said else b""
        return np.unpackbits(np.frombuffer(bits, np.uint8), count=rows).astype(bool) if bits else np.zeros(rows, bool)

    def verdicts(self, verdict: str | None = None) -> pd.DataFrame:
        """One row for each requirement × check × subject (columns: `VERDICT`) in scope, of one verdict or of all."""
        rows, left_out = self.rows(*SUBJECT, "verdict", "reason", "seen"), self.said.left_out
        frames = [self._outcome(rows, requirement.id, number, place, verdict)
                  for requirement in self.document.requirements if requirement.id not in left_out
                  for number, place in enumerate(requirement.outcomes)]
        frames = [frame for frame in frames if len(frame)]
        return (pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=VERDICT))[VERDICT]

    def _outcome(self, rows: pa.Table, requirement: str, number: int, place: int, verdict: str | None) -> pd.DataFrame:
        said = self.document.outcomes[place]
        part = rows.slice(self.starts[place], said.rows)
        chosen = pa.array(~self.outside(place))
        chosen = pc.and_(pc.equal(part["verdict"], verdict), chosen) if verdict else chosen
        covered = set(self.said.covered.get(requirement, {place: [] for place in range(number + 1)})[number])
        accepted = [at in covered for at, is_chosen in enumerate(chosen.to_pylist()) if is_chosen]
        frame = pd.DataFrame({name: column(part[name].filter(chosen)) for name in part.column_names})
        return frame.assign(check=said.check, requirement=requirement, severity=said.severity, wanted=said.wanted,
                            accepted=accepted)


def mask(length: int, places: np.ndarray) -> bytes:
    """Places among so many as bits in their order; nothing where there are none."""
    if not len(places):
        return b""
    bits = np.zeros(length, bool)
    bits[places] = True
    return np.packbits(bits).tobytes()


def people(exceptions: Iterable[RiskAcceptance], attestations: Iterable[Attestation],
           scope: Scope | None = None) -> list[PeopleFile]:
    """The files that people gave, each once, and the categories that they chose without one."""
    read: dict[tuple[str, str, str], list[Any]] = {}
    for kind, entries in (("exceptions", list(exceptions)), ("attestations", list(attestations))):
        for each in entries:
            beside = [(file.path, file.sha256, file.wrong) for file in getattr(each, "files", ())]
            read.setdefault((kind, each.origin.file, each.origin.sha256), []).append((each.entry, beside))
    if scope:
        chosen = ", ".join(scope.bounds.categories)
        called = ("scope", scope.file, scope.sha256) if scope.path else ("categories", chosen, _digest(chosen.encode()))
        read[called] = [scope.bounds]
    return [PeopleFile(*name, _digest(msgspec.json.encode(state, order="deterministic")))
            for name, state in read.items()]


def keep(snapshot: Snapshot, basis: Basis, given: list[PeopleFile], said: Callable[[], Said]) -> None:
    """Keep what was said, if it was not said before by the same rule with the same from people. Where that cannot be
    done nothing is kept."""
    place = folder(snapshot)
    if place is None or not seal(b""):
        return
    by = hashlib.sha256(msgspec.json.encode(given, order="deterministic")).hexdigest()[:_PEOPLE]
    name = f"{basis.digest[:DIGITS]}-{by}"
    with suppress(OSError, AuditkitError):
        if any(_sealed(file, file.read_bytes()) for file in place.glob(f"{name}-*.json")):
            return
        verdicts = next((file for file in sorted(place.glob(f"{basis.digest[:DIGITS]}-*.parquet"))
                         if same(seal(content := file.read_bytes())[:DIGITS], file.stem.partition("-")[2])), None)
        if verdicts is None:
            return
        found, _ = given_of(snapshot, basis.framework)
        number = 1 + max((each.number for each in found if not each.distrusted), default=0)
        record = _Record(number=number, basis=basis, people=given, verdicts=_digest(content), said=said())
        written = json.dumps(msgspec.to_builtins(record, order="deterministic"), separators=(",", ":")).encode("ascii")
        path = place / f"{name}-{seal(written)[:DIGITS]}.json"
        whole.write(path, written)
        published(path, place.parents[1])


def given_of(snapshot: Snapshot, framework: str = "") -> tuple[list[Given], list[SnapshotError]]:
    """All that was given of a snapshot (by one framework), the first first, whatever rule gave it; and what is wrong
    with files that cannot be read.

    What is not trusted is behind all else: its number is the word of whoever wrote it.
    """
    place = folder(snapshot)
    found: list[Given] = []
    wrong: list[SnapshotError] = []
    for path in sorted(place.glob("*.json")) if place else []:
        try:
            found += _read(path, snapshot, framework)
        except SnapshotError as error:
            wrong.append(error)
    return sorted(found, key=lambda each: (bool(each.distrusted), each.basis.framework, each.number,
                                           each.basis.auditkit, each.basis.digest)), wrong


def _read(path: Path, snapshot: Snapshot, framework: str) -> Iterator[Given]:
    """What one file says, if it is of this framework. Raises `SnapshotError` where it cannot be read."""
    try:
        content = files.content(path)
        record = msgspec.json.decode(content, type=_Record)
        if framework and record.basis.framework != framework:
            return
        if record.basis.snapshot != snapshot.digest:
            raise ValueError("it is of another snapshot")
        verdicts = _verdicts(path, record)
        given = Given(record.number, record.basis, record.people, record.said, verdicts,
                      "" if _sealed(path, content) else FOREIGN)
        if not _fits(given):
            raise ValueError("it does not fit its verdicts")
    except (OSError, pa.ArrowException, KeyError, ValueError, *UNDECODABLE) as error:
        raise SnapshotError(f"{path} cannot be read as verdicts that were given: {str(error)[:200]}. It was cut short "
                            "or changed: use another copy of it, or judge the snapshot anew.") from None
    yield given


def _fits(given: Given) -> bool:
    """True if what was said is of the requirements and the subjects of its verdicts."""
    said, judged = given.said, given.document
    bits = [len(each) for each in said.outside.subjects] if said.outside else [0] * len(judged.outcomes)
    wanted = [{0, -(-each.rows // 8)} for each in judged.outcomes]
    return (len(said.requirements) + len(said.left_out) == len(judged.requirements) and len(bits) == len(wanted)
            and all(number in each for number, each in zip(bits, wanted, strict=True)))


def _verdicts(path: Path, record: _Record) -> bytes:
    """The bytes of the verdicts that a record is of. Raises `ValueError` where no file has them."""
    for file in sorted(path.parent.glob(f"{record.basis.digest[:DIGITS]}-*.parquet")):
        content = files.content(file)
        if _digest(content) == record.verdicts:
            return content
    raise ValueError("the file of its verdicts is missing or was changed")


def _sealed(path: Path, content: bytes) -> bool:
    named = _NAME.fullmatch(path.stem)
    return named is not None and same(seal(content)[:DIGITS], named["seal"])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
