"""The explanation of a status: checks, subjects, and the API requests behind them."""

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from auditkit import tables
from auditkit.analysis import collected
from auditkit.base import display
from auditkit.base.hostile_text import count, on_terminal, short
from auditkit.errors import NoSuchName, UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.words import SUBJECT, WORST_FIRST
from auditkit.snapshots.ledger import NOT_WHOLE, Gap, sentences

SHOWN = 5
"""Number of subjects of a check in the text. `Explanation.verdicts` has all subjects."""

VERDICTS = ["check", *SUBJECT, "verdict", "reason", "seen", "wanted"]
SOURCES = ["check", "table", "source", "outcome", "reason", "items", "path", "resource_version", "started", "sha256"]


@dataclass(frozen=True, repr=False)
class Explanation:
    """The explanation of one requirement: its verdicts, and the API requests that they rest on.

    ``subject`` is a shell pattern on ``namespace/name`` or on the name alone; empty for all subjects.
    """

    evaluation: Evaluation
    result: Result
    subject: str = ""

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The verdicts, the worst first: check, kind, namespace, name, container, verdict, reason, seen, wanted."""
        frames = [self._rows(outcome).assign(check=outcome.check.name) for outcome in self.result.outcomes]
        found = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=VERDICTS)
        order = found["verdict"].map(WORST_FIRST.index).sort_values(kind="stable").index
        return found.loc[order, VERDICTS].reset_index(drop=True)

    @cached_property
    def sources(self) -> pd.DataFrame:
        """The API requests behind each check: check, table, source, outcome, reason, items, path, resource_version,
        started, sha256 (of each response body). A source that was not requested has no outcome. A table that another
        version of auditkit did not collect as this one does has a row too."""
        rows = [row for outcome in self.result.outcomes for row in self._sources(outcome)]
        return pd.DataFrame(rows, columns=SOURCES)

    def lines(self, rows: bool = False) -> Iterator[tuple[int, str]]:
        """The explanation as lines of text, each with its indentation; with ``rows``, also those of the tables that the
        verdicts were given on."""
        stated, result = self.result.requirement, self.result
        yield 0, f"{self.evaluation.framework.framework} {stated.id} {stated.title}: {result.status}"
        yield 2, str(result.reason)
        for outcome in result.outcomes:
            yield from self._of_check(outcome, rows)
        if not result.outcomes:
            yield 2, "No check covers this requirement. A person must supply the evidence."

    def __repr__(self) -> str:
        return f"<Explanation of {self.result.requirement.id}: {self.result.status}; {len(self.verdicts):,} verdicts>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {**display.bundle(self), "text/plain": str(self)}

    def __str__(self) -> str:
        return "\n".join(f"{' ' * indent}{on_terminal(text)}" for indent, text in self.lines())

    def _of_check(self, outcome: Outcome, rows: bool) -> Iterator[tuple[int, str]]:
        check = outcome.check
        counted = ", ".join(f"{outcome.counts[verdict]:,} {verdict.replace('_', ' ')}" for verdict in WORST_FIRST
                            if outcome.counts[verdict])
        yield 2, ""
        yield 2, f"{check.name} ({check.severity}): {check.title}"
        yield 4, f"{counted or 'no subject'}{f'; expected: {check.expected}' if check.wanted else ''}"
        shown = self.verdicts[self.verdicts["check"] == check.name]
        if self.subject and not len(shown):
            yield 4, f"The check does not judge {self.subject}."
        for row in shown.head(SHOWN).to_dict("records"):
            seen = f" (observed: {row['seen']})" if row["seen"] and row["seen"] != row["reason"] else ""
            yield 4, f"{row['verdict'].replace('_', ' ')}: {_called(row)}: {row['reason']}{seen}"
        if len(shown) > SHOWN:
            yield 4, f"and {len(shown) - SHOWN:,} more"
        if rows:
            yield from self._table_rows(outcome)
        asked = self.sources[self.sources["check"] == check.name].drop_duplicates("source")
        yield 4, f"Evidence: the check reads {', '.join(check.tables)}, collected from:"
        for row in asked.to_dict("records"):
            yield 6, _source(row)

    def _table_rows(self, outcome: Outcome) -> Iterator[tuple[int, str]]:
        """The rows of the population behind the verdicts that are shown: each of its rows has exactly one verdict."""
        name = outcome.check.tables[0]
        frame = self.evaluation.snapshot.input(name)
        if not isinstance(frame, pd.DataFrame) or len(frame) != len(outcome):
            yield 4, f"Rows: those of {name} are not kept one by one."
            return
        worst = self._rows(outcome)["verdict"].map(WORST_FIRST.index).sort_values(kind="stable").index[:SHOWN]
        for place in worst:
            said = "; ".join(f"{column}={short(str(value))}" for column, value in frame.iloc[place].items()
                             if not _nothing(value))
            yield 4, f"Row {place + 1:,} of {name}: {said}"

    def _rows(self, outcome: Outcome) -> pd.DataFrame:
        rows = outcome.rows()
        if not self.subject:
            return rows
        places = [f"{namespace}/{name}" for namespace, name in
                  zip(rows["namespace"].fillna(""), rows["name"].fillna(""), strict=True)]
        alike = [fnmatch.fnmatchcase(place.strip("/"), self.subject) or fnmatch.fnmatchcase(name, self.subject)
                 for place, name in zip(places, rows["name"].fillna(""), strict=True)]
        return rows[alike]

    def _sources(self, outcome: Outcome) -> Iterator[dict[str, Any]]:
        ledger = self.evaluation.snapshot.ledger.set_index("resource")
        for table in collected(*outcome.check.tables):
            for source in tables.table(table).sources:
                found = ledger.loc[[source]].iloc[0].to_dict() if source in ledger.index else {}
                yield {**found, "check": outcome.check.name, "table": table, "source": source}
        for gap in self.evaluation.snapshot.lacks(outcome.check.tables):
            yield {"check": outcome.check.name, "table": gap.source.removeprefix("table "), "source": gap.source,
                   "outcome": gap.outcome, "reason": gap.reason}


def explain(evaluations: Iterable[Evaluation], requirement: str, subject: str = "") -> Explanation:
    """Explain the status of a requirement. Raises `NoSuchName` if no evaluation has the requirement, and `UsageError`
    if several do or if none of its checks judges the subject."""
    evaluations = list(evaluations)
    found = [(one, result) for one in evaluations for result in one.results if result.requirement.id == requirement]
    if not found:
        if left := [one.scope.reasons[requirement] for one in evaluations
                    if one.scope and requirement in one.scope.reasons]:
            raise UsageError(f"{requirement} is out of scope, so that it has no status: {left[0]}.")
        raise NoSuchName("requirement", requirement, [r.requirement.id for one in evaluations for r in one.results])
    if len(found) > 1:
        names = " or ".join(f"-f {one.framework.framework}" for one, _ in found)
        raise UsageError(f"Several frameworks have the requirement {requirement}. Choose one with {names}.")
    explanation = Explanation(*found[0], subject)
    if subject and not len(explanation.verdicts):
        if explanation.evaluation.scope and (why := explanation.evaluation.scope.why(subject)):
            raise UsageError(f"{subject} is out of scope, so that it has no verdict: {why}.")
        raise UsageError(f"No check of {requirement} judges the subject {subject}. `auditkit evaluate "
                         "--subjects` lists all subjects. A pattern such as 'billing/*' selects several.")
    return explanation


def _nothing(value: Any) -> bool:
    """True for a value that says nothing: not known, or empty."""
    return value is None or value is pd.NA or (hasattr(value, "__len__") and not len(value))


def _called(row: dict[str, Any]) -> str:
    name = "/".join(str(row[part]) for part in ("namespace", "name") if not pd.isna(row[part]) and row[part] != "")
    container = "" if pd.isna(row["container"]) else f" container {row['container']}"
    return f"{'' if pd.isna(row['kind']) else row['kind']} {name}{container}".strip()


def _source(row: dict[str, Any]) -> str:
    """A line of the ledger: the request and its outcome."""
    if pd.isna(row["outcome"]):
        return f"{row['source']}: not collected"
    if row["outcome"] == NOT_WHOLE:
        return sentences([Gap(row["source"], NOT_WHOLE, row["reason"])])[0]
    reason = f": {row['reason']}" if row["reason"] else ""
    items = f", {count(int(row['items']), 'item')}" if row["outcome"] in ("complete", "partial") else ""
    version = f", resourceVersion {row['resource_version']}" if row["resource_version"] else ""
    digest = f", sha256 {str(row['sha256'])[:12]}…" if row["sha256"] else ""
    return f"{row['source']}: {row['outcome']}{items} ({row['path'] or 'no request'}{version}{digest}){reason}"
