"""The results of checks and requirements, as plain data."""

import inspect
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.analysis.columns import strings
from auditkit.base import display
from auditkit.base.hostile_text import on_terminal
from auditkit.checks import Check
from auditkit.errors import AuditkitError, UsageError
from auditkit.evaluation.words import SEVERITIES, VERDICTS, WORDS
from auditkit.framework.model import Requirement
from auditkit.people.attestations import Attestation
from auditkit.snapshots.ledger import Gap, sentences


class Detail(Protocol):
    """Who the subjects of a check are, and what is said of each: worked out when it is asked for, or read where it was
    stored (`auditkit.evaluation.found`, `auditkit.evaluation.stored`)."""

    def called(self, chosen: np.ndarray) -> dict[str, pa.Array]:
        """What the subjects at these places are called: the columns `SUBJECT`, all of them text."""

    def said(self, chosen: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """What was seen of the subjects at these places, and the reason of each verdict: two columns of text."""


@dataclass(frozen=True, repr=False)
class Outcome:
    """The outcome of one check: a verdict for every subject of its population.

    ``missing`` has the gaps in what the check reads. With a gap, subjects may be missing and the requirement does not
    pass. ``otherwise`` is why subjects are not in scope. ``stated`` names the person who states that sources are
    complete, and these sources. ``outside`` is the number of subjects that a scope leaves out; they are not among those
    that the outcome has, and ``places`` says where these stand in the whole (none: it is the whole).
    """

    check: Check
    verdict: pa.DictionaryArray
    missing: list[Gap]
    otherwise: str
    detail: Detail
    stated: str = ""
    outside: int = 0
    places: np.ndarray | None = None

    def __len__(self) -> int:
        """How many subjects were judged."""
        return len(self.verdict)

    def __bool__(self) -> bool:
        """An outcome is there, also where there was no subject."""
        return True

    @property
    def empty(self) -> bool:
        """True if the snapshot has no subject of the check, in scope or not."""
        return not len(self) and not self.outside

    def within(self, places: np.ndarray) -> "Outcome":
        """The part of it at these places: the subjects in scope."""
        return replace(self, verdict=self.verdict.take(pa.array(places)), detail=_Part(self.detail, places),
                       outside=len(self) - len(places), places=places)

    @property
    def population(self) -> pd.DataFrame:
        """What all subjects are called: kind, namespace, name, container."""
        return self.subjects(self.positions())

    @cached_property
    def gaps(self) -> list[str]:
        """The gaps in what the check reads, as sentences; empty if there are none."""
        return sentences(self.missing)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of subjects with each verdict. All four verdicts are present."""
        found = dict(zip(*(self.verdict.value_counts().field(i).to_pylist() for i in (0, 1)), strict=True))
        return {verdict: found.get(verdict, 0) for verdict in VERDICTS}

    def positions(self, verdict: str | None = None) -> np.ndarray:
        """The places of the subjects (of one verdict) in the population."""
        return (np.arange(len(self)) if verdict is None
                else np.flatnonzero(pc.equal(self.verdict, verdict).to_numpy(zero_copy_only=False)))

    def subjects(self, chosen: np.ndarray) -> pd.DataFrame:
        """The names of the subjects at these positions: kind, namespace, name, container."""
        return frame_of(self.detail.called(chosen))

    def rows(self, verdict: str | None = None) -> pd.DataFrame:
        """The subjects (of one verdict): kind, namespace, name, container, verdict, seen, reason, wanted."""
        return self.rows_with(self.positions(verdict))

    def rows_with(self, chosen: np.ndarray, **more: object) -> pd.DataFrame:
        """The subjects at these positions as `rows` has them, with more columns: a value for all, or one for each."""
        return pd.DataFrame({**_extended(self._told(chosen)), "wanted": self.check.expected, **more})

    def table(self, chosen: np.ndarray, **more: object) -> pa.Table:
        """The same in Arrow form, which makes no index: for many outcomes that is most of the time."""
        told = {**self._told(chosen), "wanted": self.check.expected, **more}
        return pa.table({name: pa.repeat(pa.scalar(value), len(chosen)) if isinstance(value, str | bool)
                         else pa.array(value) if isinstance(value, np.ndarray) else value
                         for name, value in told.items()})

    def _told(self, chosen: np.ndarray) -> dict[str, pa.Array]:
        seen, reason = self.detail.said(chosen)
        verdict = self.verdict.take(pa.array(chosen)).cast(pa.string())
        return {**self.detail.called(chosen), "verdict": verdict, "seen": seen, "reason": reason}

    def reasons(self, verdict: str) -> list[tuple[str, int]]:
        """The reasons for this verdict (``fail`` or ``unknown``) with the number of subjects, the most common first."""
        return Counter(self.detail.said(self.positions(verdict))[1].to_pylist()).most_common()

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {WORDS[verdict].text}" for verdict, count in self.counts.items() if count)
        return f"<Outcome of {self.check.name}: {counts or 'no subject'}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)


@dataclass(frozen=True)
class _Part:
    """The detail of a part of an outcome: the subjects at these places."""

    detail: Detail
    places: np.ndarray

    def called(self, chosen: np.ndarray) -> dict[str, pa.Array]:
        """What the subjects at these places of the part are called."""
        return self.detail.called(self.places[chosen])

    def said(self, chosen: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """What was seen of the subjects at these places of the part, and the reason of each verdict."""
        return self.detail.said(self.places[chosen])


@dataclass(frozen=True)
class Reason:
    """The reason for a status, in parts. The parts are joined to text only for display.

    ``said``: what people say that decides. ``found``: what the checks found. ``means``: what deviations mean for a
    requirement that rests on people. ``rest``: what a cluster cannot show.
    ``accepted``: by whom failures are accepted, and until when. ``attested``: who attests the rest. ``carved``: which
    other organisation provides it.
    """

    found: str = ""
    said: str = ""
    means: str = ""
    rest: str = ""
    accepted: str = ""
    attested: str = ""
    carved: str = ""

    def __str__(self) -> str:
        return joined(self.said, self.found, self.means, self.rest, self.accepted, self.attested, self.carved)

    @property
    def without_rest(self) -> str:
        """The text where what a cluster cannot show stands beside it."""
        return str(replace(self, rest=""))


@dataclass(frozen=True, repr=False)
class Result:
    """A requirement with its status, the reason for it, and what its checks found.

    ``accepted``: it fails or has exceptions noted, valid acceptances cover every subject that fails, and nothing
    else of it is unknown; ``covered`` says for each outcome which subjects they cover. ``attestations`` are the valid
    ones about it.
    """

    requirement: Requirement
    status: str
    reason: Reason
    outcomes: list[Outcome]
    accepted: bool = False
    covered: tuple[np.ndarray, ...] = ()
    attestations: tuple[Attestation, ...] = ()

    def count(self, verdict: str) -> int:
        """The number of verdicts of this kind from all checks of the requirement."""
        return sum(outcome.counts[verdict] for outcome in self.outcomes)

    def __repr__(self) -> str:
        return f"<Result {self.requirement.id}: {WORDS[self.status].text}; {on_terminal(self.reason)}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)

    @property
    def severity(self) -> str:
        """The highest severity of a check that fails; empty where none does."""
        return max((o.check.severity for o in self.outcomes if o.counts["fail"]), key=SEVERITIES.index, default="")


def joined(*phrases: str) -> str:
    """The parts that are not empty, separated by semicolons."""
    return "; ".join(filter(None, phrases))


def arrow(values: pd.Series) -> pa.Array:
    """A column in one piece of Arrow memory."""
    return pa.chunked_array(values.array.__arrow_array__()).combine_chunks()


def column(values: pa.Array) -> pd.Series:
    """Arrow values as a column of a DataFrame."""
    return pd.Series(pd.arrays.ArrowExtensionArray(values))


def frame_of(columns: dict[str, pa.Array]) -> pd.DataFrame:
    """Arrow values as a DataFrame."""
    return pd.DataFrame(_extended(columns))


def _extended(columns: dict[str, pa.Array]) -> dict[str, pd.arrays.ArrowExtensionArray]:
    """Arrow values as pandas has them, without an index each, which pandas would compare."""
    return {name: pd.arrays.ArrowExtensionArray(values) for name, values in columns.items()}


def called(population: pd.DataFrame, table: str, chosen: np.ndarray) -> dict[str, pa.Array]:
    """The names of rows of a population: columns kind, namespace, name, container, all of them text."""
    declared = tables.TABLES.get(table.removeprefix("all_"))
    name, container = declared.called if declared else ("name", "container")
    at, kind = pa.array(chosen), declared.kind if declared else ""

    def of(part: str) -> pa.Array:
        return strings(population[part]).take(at)

    none = pa.nulls(len(at), pa.string())
    return {
        "kind": of("kind") if "kind" in population else pa.repeat(kind, len(at)),
        "namespace": of("namespace") if "namespace" in population else none,
        "name": of(name),
        "container": of(container) if container and container in population else none,
    }


@contextmanager
def guarded(check: Check) -> Iterator[None]:
    """While the code of a check runs, which may be a user's own: if it breaks it is named, and what it prints does not
    come between results that a program reads."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except AuditkitError as error:
        raise UsageError(f"The check {check.name} failed to run: {error}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"The check {check.name} failed to run: {type(error).__name__}: {error} "
                         f"({_place(error, check)}).") from error


def _place(error: BaseException, check: Check) -> str:
    """Where the check broke: the last line of its own file that was reached, else where the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == inspect.getsourcefile(check.function)]
    frame = (own or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}"
