"""Verdicts beside the snapshot that they were given on, so that nothing is judged twice.

A file holds the verdicts of one framework on one snapshot: ``verdicts/SNAPSHOT/BASIS-SEAL.parquet`` beside the
snapshot's folder. SNAPSHOT is the digest of the snapshot, BASIS the beginning of the digest of all that decides
verdicts (`auditkit.evaluation.basis`), SEAL the beginning of the seal of the file's bytes (`auditkit.base.seal`).

A file is not trusted whose seal is not that of this installation, or which says that it rests on anything else: whoever
could write into the folder could have written it. Then the snapshot is judged anew. What people added (exceptions,
attestations) is not in it: it is applied when the verdicts are read.

The columns, a row for each check and subject (``pandas.read_parquet(file)`` is enough to read them):

============  ======================================================================================================
outcome       which of ``outcomes`` below the row belongs to: a check with its parameters
check         the name of the check
requirements  the requirements for which it is evidence, a list
kind          what the subject is called: kind, ``namespace``, ``name``, ``container``; none where it has no such part
verdict       pass, fail, unknown, not_applicable
seen          the values that were looked at, as ``name=value`` parted by commas
reason        why it has this verdict
============  ======================================================================================================

What is said of the whole stands in ``attrs`` of that DataFrame (JSON under ``PANDAS_ATTRS`` in the file's metadata):

- ``basis``: what the verdicts rest on (`auditkit.evaluation.basis.Basis`).
- ``requirements``, in the order of the framework: ``id``, ``status``, the parts of its ``reason`` (as
  `auditkit.evaluation.results.Reason`), both before people add anything, and its ``outcomes`` (places in the next).
- ``outcomes``: ``check``, ``parameters``, ``title``, ``severity``, ``wanted``, how many ``rows`` (they follow one
  another in this order), ``missing`` (what is not known of all that the check read: source, outcome, reason),
  ``otherwise`` (why subjects are out of scope), ``stated`` (on whose word it rests).
- ``shapes``: of each derived table that the checks read, the number of its ``rows`` and the types of its ``columns``,
  so that nobody derives it to describe it.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditkit.analysis import DERIVED, NO_TABLES
from auditkit.base import whole
from auditkit.base.seal import same, seal
from auditkit.checks import Check
from auditkit.errors import AuditkitError
from auditkit.evaluation.basis import Basis
from auditkit.evaluation.results import Outcome, Reason, Result
from auditkit.evaluation.words import SUBJECT, VERDICTS
from auditkit.framework.model import Requirement
from auditkit.snapshots import chain
from auditkit.snapshots.ledger import Gap
from auditkit.snapshots.mirror import published
from auditkit.snapshots.snapshot import Shape, Snapshot
from auditkit.snapshots.store import verify

_ATTRS = b"PANDAS_ATTRS"
DIGITS = 32
"""Of a digest and of a seal in a file's name."""

_TEXT = [*SUBJECT, "verdict", "seen", "reason"]
SCHEMA = pa.schema([("outcome", pa.int32()), ("check", pa.string()), ("requirements", pa.list_(pa.string())),
                    *((name, pa.string()) for name in _TEXT)])

Plan = Sequence[tuple[Requirement, list[Check]]]
"""The requirements of a framework, each with the checks by which it is judged."""


class StoredRequirement(msgspec.Struct):
    """A requirement of `Document`."""

    id: str
    status: str
    reason: Reason
    outcomes: list[int]


class StoredOutcome(msgspec.Struct):
    """An outcome of `Document`."""

    check: str
    parameters: dict[str, Any]
    title: str
    severity: str
    wanted: str
    rows: int
    missing: list[Gap]
    otherwise: str
    stated: str


class Document(msgspec.Struct):
    """What is said of the whole of a file."""

    basis: Basis
    requirements: list[StoredRequirement]
    outcomes: list[StoredOutcome]
    shapes: dict[str, Shape] = {}


class Distrusted(AuditkitError):
    """A file of stored verdicts is damaged, or was not written by this installation."""


def folder(snapshot: Snapshot) -> Path | None:
    """Where the verdicts of a snapshot are stored; ``None`` for one that lies nowhere."""
    return snapshot.path.resolve().parent / chain.VERDICTS / snapshot.digest if snapshot.path else None


def load(snapshot: Snapshot, basis: Basis, plan: Plan) -> list[Result] | None:
    """The results that were stored, before people add anything; ``None`` where there are none.

    Raises `Distrusted` where there are files, but none that can be trusted, and `SnapshotError` where the snapshot no
    longer has the bytes that were judged.
    """
    place = folder(snapshot)
    files = sorted(place.glob(f"{basis.digest[:DIGITS]}-*.parquet")) if place else []
    for file in files:
        with suppress(OSError, Distrusted):
            found = _Stored(file, basis)
            results = found.results(plan)
            verify(snapshot)
            snapshot.shapes |= found.shapes
            return results
    if files:
        raise Distrusted(f"{files[0]} is damaged, or was not written by this installation of auditkit: its verdicts "
                         "are not used, and the snapshot is judged anew.")
    return None


def keep(snapshot: Snapshot, basis: Basis, results: Sequence[Result]) -> None:
    """Store results to which people have added nothing yet. Where that cannot be done nothing is stored."""
    place = folder(snapshot)
    if place is None or not seal(b""):
        return
    with suppress(OSError, AuditkitError):  # of a store that cannot be written; of a check that breaks when it is asked
        content = encoded(basis, results, snapshot)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{basis.digest[:DIGITS]}-{seal(content)[:DIGITS]}.parquet"
        whole.write(path, content)
        published(path, place.parents[1])


def document(content: bytes) -> Document:
    """What the bytes of a file say of the whole. Raises `UNDECODABLE` or `pyarrow.ArrowException` for others."""
    return msgspec.json.decode((pq.read_schema(pa.BufferReader(content)).metadata or {})[_ATTRS], type=Document)


def encoded(basis: Basis, results: Sequence[Result], snapshot: Snapshot) -> bytes:
    """The bytes of the file of these results of a snapshot."""
    outcomes = list({id(outcome): outcome for result in results for outcome in result.outcomes}.values())
    places = {id(outcome): place for place, outcome in enumerate(outcomes)}
    requirements = [StoredRequirement(each.requirement.id, each.status, each.reason,
                                 [places[id(outcome)] for outcome in each.outcomes]) for each in results]
    document = Document(basis, requirements, [_about(outcome) for outcome in outcomes], _shapes(snapshot, outcomes))
    serving = [[each.id for each in requirements if place in each.outcomes] for place in range(len(outcomes))]
    parts = [_part(place, outcome, serving[place], snapshot) for place, outcome in enumerate(outcomes) if len(outcome)]
    table = pa.concat_tables([SCHEMA.empty_table(), *parts]).replace_schema_metadata(
        {_ATTRS: msgspec.json.encode(document, enc_hook=str, order="deterministic")})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _about(outcome: Outcome) -> StoredOutcome:
    check = outcome.check
    return StoredOutcome(check.name, check.parameters, check.title, check.severity, check.expected, len(outcome),
                    outcome.missing, outcome.otherwise, outcome.stated)


def _shapes(snapshot: Snapshot, outcomes: Sequence[Outcome]) -> dict[str, Shape]:
    """What is known of each derived table that these checks have read."""
    read = {name for outcome in outcomes for name in outcome.check.tables}
    return {name: snapshot.shape(name) for name in sorted(read & DERIVED.keys() - NO_TABLES)}


def _part(place: int, outcome: Outcome, requirements: list[str], snapshot: Snapshot) -> pa.Table:
    """The rows of one outcome."""
    count = len(outcome)
    return pa.table([
        pa.repeat(pa.scalar(place, pa.int32()), count), pa.repeat(outcome.check.name, count),
        pa.repeat(pa.scalar(requirements, pa.list_(pa.string())), count),
        *snapshot.remember((_texts, id(outcome)), partial(_texts, outcome), outcome)], schema=SCHEMA)


def _texts(outcome: Outcome) -> list[pa.Array | pa.ChunkedArray]:
    """The columns of `_TEXT` of one outcome."""
    everyone = outcome.positions()
    called = outcome.detail.called(everyone)
    return [*(called[name] for name in SUBJECT), outcome.verdict.cast(pa.string()), *outcome.detail.said(everyone)]


class _Stored:
    """A file of stored verdicts. Raises `Distrusted`, and `OSError` where it cannot be read."""

    def __init__(self, path: Path, basis: Basis):
        self._content = path.read_bytes()
        if not same(seal(self._content)[:DIGITS], path.stem.partition("-")[2]):
            raise Distrusted(f"{path} does not have the seal of this installation.")
        self._document = document(self._content)
        if self._document.basis != basis:
            raise Distrusted(f"{path} rests on something else than it is named after.")

    @property
    def shapes(self) -> dict[str, Shape]:
        """What is said of the derived tables."""
        return self._document.shapes

    @property
    def _source(self) -> pa.BufferReader:
        return pa.BufferReader(self._content)

    @cached_property
    def rows(self) -> pa.Table:
        """Who was judged, what was seen of it, and why it has its verdict; read when somebody asks."""
        return pq.ParquetFile(self._source).read(columns=[*SUBJECT, "seen", "reason"]).combine_chunks()

    def results(self, plan: Plan) -> list[Result]:
        """The results of these requirements by these checks."""
        codes = pc.index_in(pq.ParquetFile(self._source).read(columns=["verdict"]).column(0), pa.array(VERDICTS))
        verdicts = codes.cast(pa.int8()).combine_chunks()
        said = self._document.outcomes
        starts = list(accumulate((each.rows for each in said), initial=0))
        called = [[check.name for check in checks] for _, checks in plan]
        stored = [[said[place].check for place in each.outcomes] for each in self._document.requirements]
        if verdicts.null_count or starts[-1] != len(verdicts) or called != stored:
            raise Distrusted("its parts do not fit together")
        checks = {place: check for (_, checks), each in zip(plan, self._document.requirements, strict=True)
                  for check, place in zip(checks, each.outcomes, strict=True)}
        outcomes = [self._outcome(checks[place], each, start, verdicts.slice(start, each.rows))
                    for place, (each, start) in enumerate(zip(said, starts[:-1], strict=True))]
        return [Result(requirement, each.status, each.reason, [outcomes[place] for place in each.outcomes])
                for (requirement, _), each in zip(plan, self._document.requirements, strict=True)]

    def _outcome(self, check: Check, said: StoredOutcome, start: int, codes: pa.Array) -> Outcome:
        verdict = pa.DictionaryArray.from_arrays(codes, pa.array(VERDICTS))
        return Outcome(check, verdict, said.missing, said.otherwise, _Rows(self, start), said.stated)


class _Rows:
    """The detail of an outcome (`auditkit.evaluation.results.Detail`) that was stored: its rows begin at a place."""

    def __init__(self, stored: _Stored, start: int):
        self._stored, self._start = stored, start

    def called(self, chosen: np.ndarray) -> dict[str, pa.Array]:
        """What the subjects at these places are called: kind, namespace, name, container."""
        return self._taken(SUBJECT, chosen)

    def said(self, chosen: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """What was seen of the subjects at these places, and the reason of each verdict."""
        found = self._taken(["seen", "reason"], chosen)
        return found["seen"], found["reason"]

    def _taken(self, names: list[str], chosen: np.ndarray) -> dict[str, pa.Array]:
        at = pa.array(chosen + self._start)
        return {name: self._stored.rows.column(name).take(at).combine_chunks() for name in names}
