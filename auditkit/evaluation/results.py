"""The results of checks and requirements, as plain data."""

import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.base import display
from auditkit.checks import Check, Judgement
from auditkit.errors import AuditkitError, UsageError
from auditkit.evaluation.words import SEVERITIES, VERDICTS, WORDS
from auditkit.framework.model import Requirement
from auditkit.people.attestations import Attestation
from auditkit.snapshots.ledger import Gap, sentences

UNSAID = {"fail": "it does not have the expected state", "unknown": "the value is unknown"}
"""The reason of verdicts for which a check gives none."""


@dataclass(frozen=True, repr=False)
class Outcome:
    """The outcome of one check: a verdict for every subject of its population.

    ``missing`` has the gaps in what the check reads. With a gap, subjects may be missing and the requirement does not
    pass. ``touching`` has the gaps that put subjects in doubt, by kind (``None``: all kinds). ``stated`` names the
    person who states that sources are complete, and these sources.
    """

    check: Check
    population: pd.DataFrame
    judgement: Judgement
    verdict: pa.DictionaryArray
    missing: list[Gap]
    touching: dict[str | None, list[Gap]]
    stated: str = ""

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
        return (np.arange(len(self.population)) if verdict is None
                else np.flatnonzero(pc.equal(self.verdict, verdict).to_numpy(zero_copy_only=False)))

    def subjects(self, chosen: np.ndarray) -> pd.DataFrame:
        """The names of the subjects at these positions: kind, namespace, name, container."""
        return subjects(self.population, self.check.tables[0], chosen)

    def rows(self, verdict: str | None = None) -> pd.DataFrame:
        """The subjects (of one verdict): kind, namespace, name, container, verdict, reason, seen, wanted."""
        chosen = self.positions(verdict)
        frame = self.subjects(chosen)
        frame["verdict"] = self.verdict.take(pa.array(chosen)).cast(pa.string()).to_pandas(
            types_mapper={pa.string(): pd.ArrowDtype(pa.string())}.get).array
        with guarded(self.check):
            evidence, reasons = self.judgement.evidence, self.judgement.reasons
        frame["seen"] = _seen(evidence.iloc[chosen])
        frame["reason"] = self._reasons(reasons, chosen, frame)
        frame["wanted"] = self.check.wanted
        return frame

    def reasons(self, verdict: str) -> list[tuple[str, int]]:
        """The reasons for this verdict (``fail`` or ``unknown``) with the number of subjects, the most common first."""
        chosen = self.positions(verdict)
        with guarded(self.check):
            given = self.judgement.reasons
        if not isinstance(given, str) and not self.gaps:
            stated = given.iloc[chosen].astype(object).where(lambda said: said.notna() & (said != ""), UNSAID[verdict])
            return [(str(reason), int(count)) for reason, count in stated.value_counts().items()]
        return [(reason, int(count)) for reason, count in self.rows(verdict)["reason"].value_counts().items()]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {WORDS[verdict].text}" for verdict, count in self.counts.items() if count)
        return f"<Outcome of {self.check.name}: {counts or 'no subject'}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)

    def _reasons(self, given: pd.Series | str, chosen: np.ndarray, frame: pd.DataFrame) -> list[str]:
        stated = [given] * len(chosen) if isinstance(given, str) else given.iloc[chosen].tolist()
        ok = self.judgement.ok.iloc[chosen].tolist()
        gaps = {kind: "; ".join(sentences([*self.touching.get(None, ()), *self.touching.get(kind, ())]) or self.gaps)
                for kind in frame["kind"].unique()}
        return [
            joined(self.judgement.otherwise, self.stated) if verdict == "not_applicable"
            else joined(_text(reason) or seen, self.stated) if verdict == "pass"
            else gaps[kind] if gaps[kind] and verdict == "unknown" and (value is True or value is False)
            else _text(reason) or seen or UNSAID.get(verdict, "")
            for verdict, value, reason, seen, kind in zip(
                frame["verdict"], ok, stated, frame["seen"], frame["kind"], strict=True)
        ]


@dataclass(frozen=True)
class Reason:
    """The reason for a status, in parts. The parts are joined to text only for display.

    ``said``: what people say that decides. ``found``: what the checks found. ``rest``: what a cluster cannot show.
    ``accepted``: by whom failures are accepted, and until when. ``attested``: who attests the rest.
    """

    found: str = ""
    said: str = ""
    rest: str = ""
    accepted: str = ""
    attested: str = ""

    def __str__(self) -> str:
        return joined(self.said, self.found, self.rest, self.accepted, self.attested)

    @property
    def without_rest(self) -> str:
        """The text where what a cluster cannot show stands beside it."""
        return str(replace(self, rest=""))


@dataclass(frozen=True, repr=False)
class Result:
    """A requirement with its status, the reason for it, and what its checks found.

    ``accepted``: it fails, valid exceptions cover every subject that does, and nothing else of it is unknown;
    ``covered`` says for each outcome which subjects they cover. ``attestations`` are the valid ones about it.
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
        return f"<Result {self.requirement.id}: {WORDS[self.status].text}; {self.reason}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)

    @property
    def severity(self) -> str:
        """The highest severity of a check that fails; empty where none does."""
        return max((o.check.severity for o in self.outcomes if o.counts["fail"]), key=SEVERITIES.index, default="")


def joined(*phrases: str) -> str:
    """The parts that are not empty, separated by semicolons."""
    return "; ".join(filter(None, phrases))


def subjects(population: pd.DataFrame, table: str, chosen: np.ndarray) -> pd.DataFrame:
    """The names of rows of a population: columns kind, namespace, name, container."""
    rows = population.iloc[chosen]
    declared = tables.TABLES.get(table.removeprefix("all_"))
    name, container = declared.called if declared else ("name", "container")
    kind = declared.kind if declared else ""
    return pd.DataFrame({
        "kind": rows["kind"] if "kind" in rows else kind,
        "namespace": rows["namespace"] if "namespace" in rows else pd.NA,
        "name": rows[name],
        "container": rows[container] if container and container in rows else pd.NA,
    }, index=rows.index).reset_index(drop=True)


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


def _seen(evidence: pd.DataFrame) -> list[str]:
    """The values that were looked at, as ``name=value`` parted by commas."""
    columns = [[f"{name}={_text(value) or 'not set'}" for value in evidence[name].tolist()] for name in evidence]
    return [", ".join(row) for row in zip(*columns, strict=True)] if columns else [""] * len(evidence)


def _text(value: object) -> str:
    if value is None or value is pd.NA:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
