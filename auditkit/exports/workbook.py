"""Workpapers: one workbook (XLSX) a framework, as an auditor works through it.

The sheets, in their order: Cover, Scope, Requirements (with the auditor's columns), Population, Tests, Exceptions,
Out of scope and Carve-outs (with a scope), Accepted risks, Attestations, Not known, Sample, Ledger, Dictionary. They
show the tables of `auditkit.exports.frames`.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from auditkit.base import files
from auditkit.base.version import VERSION
from auditkit.errors import UsageError
from auditkit.evaluation.conclusions import Carried
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import WORDS
from auditkit.exports.columns import Column
from auditkit.exports.frames import TABLES, TEAM
from auditkit.exports.sample import ABOUT, NOTE
from auditkit.exports.sheets import Book, workbook
from auditkit.people.conclusions import COVER, RESULTS, SHEET, TO_FILL, Labels
from auditkit.snapshots.ledger import NOT_COLLECTED

TICKS = (
    ("✓", "Agreed with the evidence, no exception"), ("✗", "Exception noted"), ("R", "Performed again by the auditor"),
    ("T", "Traced to the source or to another record"), ("Q", "Question to management, see the remark"),
    ("N/A", "Not applicable to this test"),
)
"""Tick marks that an auditor may put beside a verdict, and their legend."""

TICK = Column("tick", "Tick mark of the auditor; the legend is on the cover", heading="tick mark", widest=10, fill=True,
              choices=tuple(mark for mark, _ in TICKS))

AUDITOR = tuple(
    Column(name, meaning, "date" if name == "tested_on" else "string", widest=width, fill=True,
           choices=RESULTS if name == "result" else ())
    for (name, meaning), width in zip(TO_FILL.items(), (20, 14, 24, 18, 40, 40, 16, 20), strict=True))

CARRIED = (
    Column("last_result", "Result of the last conclusion on the requirement", widest=18),
    Column("last_on", "Date of the last conclusion", widest=14),
    Column("last_by", "Who tested", widest=22), Column("last_sample", "Sample of the last conclusion", widest=24),
    Column("last_remark", "Remark and conclusion", widest=40),
    Column("last_period", "Period of the last conclusion", widest=26),
    Column("last_definition", "Whether what the requirement and its checks say has changed since", widest=18),
)

SCOPE = (
    Column("source", "What was asked for", widest=60), Column("read", "Whether it was read completely", widest=12),
    Column("outcome", "complete, forbidden, absent, partial, failed or not collected"),
    Column("items", "Number of objects that were read", "int64"), Column("reason", "Why it is not complete", widest=80),
    Column("requirements", "Requirements whose evidence is incomplete without it", widest=80),
)

DICTIONARY = (
    Column("sheet", "Sheet"), Column("column", "Heading of the column"),
    Column("meaning", "Meaning of the column", widest=100),
)

TO_SAMPLE = (
    Column("requirement", "Requirement that the item is tested for", fill=True),
    Column("population", "Population that the item is from, and the beginning of its digest", fill=True),
    Column("item", "The item, such as namespace and name", widest=50, fill=True),
    Column("chosen", "How it was chosen: at random with a seed, or why", widest=40, fill=True),
    Column("result", "Result for this item", fill=True, choices=RESULTS),
    Column("remark", "Remark", widest=60, fill=True),
)
EMPTY_LINES = 40
"""Lines to fill in of a sample that nobody gave."""


@dataclass(frozen=True)
class Sample:
    """The items that an auditor chose, as a frame of texts, and where they are from; ``notes`` say what the population
    lacks, where `auditkit.exports.sample` wrote the file."""

    items: pd.DataFrame
    source: str
    sha256: str
    notes: tuple[str, ...] = ()


def workpapers(evaluation: Evaluation, carried: Carried | None = None, sample: Sample | None = None) -> bytes:
    """The workpapers of an evaluation as the bytes of a workbook.

    ``carried`` has the conclusions of auditors (`auditkit.evaluation.conclusions`): those on this snapshot fill the
    auditor's columns, and the last before it stands beside each requirement. Raises `UsageError` as `workbook` does.
    """
    papers = _Papers(evaluation, carried or Carried(evaluation, []), sample)
    title = f"Workpapers {evaluation.framework.framework}, snapshot {evaluation.snapshot.digest[:12]}"
    return workbook(papers.draw, title=title, created=evaluation.snapshot.manifest.ended)


def read_sample(path: Path) -> Sample:
    """The items of a sample from a CSV file in UTF-8 with a heading, every value as text. Raises `UsageError`."""
    content = files.given(path)
    try:
        items = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    except Exception as error:  # pandas and its readers raise many kinds
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UsageError(f"{path} cannot be read as a sample: {reason}. Give a CSV file in UTF-8 with a "
                         "heading.") from None
    notes = items["how"].eq(NOTE) if {"how", "reason", *ABOUT} <= set(items) else pd.Series(False, items.index)
    return Sample(items[~notes], path.name, hashlib.sha256(content).hexdigest(),
                  tuple(items.loc[notes, "reason"]) if notes.any() else ())


@dataclass
class _Papers:
    """The sheets of the workpapers of one evaluation."""

    evaluation: Evaluation
    carried: Carried
    sample: Sample | None

    def draw(self, book: Book) -> None:
        book.reserve(COVER)
        self._meanings: list[tuple[str, str, str]] = []
        self._table(book, "Scope", SCOPE, [self._scope()])
        self._requirements(book)
        self._exported(book, "Population", "populations", frozen=2)
        self._exported(book, "Tests", "verdicts", TICK, frozen=2)
        self._exported(book, "Exceptions", "failures", TICK, frozen=2)
        if self.evaluation.scope:
            self._exported(book, "Out of scope", "out_of_scope")
            self._exported(book, "Carve-outs", "carve_outs")
        self._exported(book, "Accepted risks", "accepted_risks")
        self._exported(book, "Attestations", "attestations", frozen=2)
        self._exported(book, "Not known", "gaps")
        self._sample(book)
        self._exported(book, "Ledger", "ledger", frozen=2)
        book.table("Dictionary", DICTIONARY, [pd.DataFrame(self._meanings, columns=["sheet", "column", "meaning"])])
        book.pairs(COVER, self._cover(book))

    def _table(self, book: Book, name: str, columns: tuple[Column, ...], frames: list[pd.DataFrame] | Iterator[
            pd.DataFrame], frozen: int = 1) -> None:
        self._meanings += [(name, column.title, column.meaning) for column in columns]
        book.table(name, columns, frames, frozen)

    def _exported(self, book: Book, name: str, table: str, *more: Column, frozen: int = 1) -> None:
        exported = TABLES[table]
        columns = [column for column in exported.columns if self.evaluation.owner_label or column != TEAM]
        self._table(book, name, (*columns, *more), exported.rows(self.evaluation), frozen)

    def _requirements(self, book: Book) -> None:
        """The requirements, each with the last conclusion on it and the auditor's own columns."""
        exported = TABLES["requirements"]
        [frame] = exported.rows(self.evaluation)
        columns = [column for column in exported.columns
                   if not column.optional or _filled(frame[column.name])]
        carried = CARRIED if self.carried.last else ()
        filled = frame.assign(**self.carried.columns(frame["id"].tolist()))
        self._table(book, SHEET, (*columns, *carried, *AUDITOR), [filled], frozen=3)

    def _scope(self) -> pd.DataFrame:
        """Every source that was asked for or that a check needs, and whether it was read."""
        evaluation, needed = self.evaluation, self._needed()
        rows: list[dict[str, Any]] = [
            {"source": entry.resource, "read": "no" if evaluation.snapshot.gap_of(entry.resource) else "yes",
             "outcome": entry.outcome, "items": entry.items, "reason": entry.reason}
            for entry in evaluation.snapshot.manifest.ledger]
        rows += [{"source": gap.source, "read": "no", "outcome": gap.outcome, "reason": gap.reason}
                 for gap in evaluation.snapshot.not_whole]
        known = {row["source"] for row in rows}
        rows += [{"source": source, "read": "no", "outcome": NOT_COLLECTED} for source in needed
                 if source not in known]
        return pd.DataFrame([{**row, "requirements": ", ".join(needed.get(str(row["source"]), ()))} for row in rows],
                            columns=[column.name for column in SCOPE])

    def _needed(self) -> dict[str, list[str]]:
        """The requirements whose evidence lacks a source, by the source."""
        found: dict[str, list[str]] = {}
        for result in self.evaluation.results:
            missing = dict.fromkeys(gap.source or gap.outcome for outcome in result.outcomes for gap in outcome.missing)
            for source in missing:
                found.setdefault(source, []).append(result.requirement.id)
        return found

    def _sample(self, book: Book) -> None:
        if self.sample is None:
            self._table(book, "Sample", TO_SAMPLE, [pd.DataFrame({"item": [""] * EMPTY_LINES})])
            return
        given = self.sample.items
        columns = tuple(Column(name, "As in the sample that was given", widest=50) for name in given)
        judged = tuple(replace(column, name=f"auditor's {column.name}", heading=f"auditor's {column.name}")
                       for column in TO_SAMPLE if column.name in ("result", "remark"))
        self._table(book, "Sample", (*columns, TICK, *judged), [given])

    def _cover(self, book: Book) -> Iterator[tuple[str, str | None]]:
        evaluation, snapshot = self.evaluation, self.evaluation.snapshot
        about, manifest = evaluation.framework, snapshot.manifest
        yield f"Workpapers: {about.title} {about.version}", ""
        yield Labels.cluster, manifest.called
        yield "Observed", manifest.when
        yield "Collected by", _by(manifest.identity, manifest.groups)
        yield "Source", f"{manifest.source}; Kubernetes {manifest.server_version or 'of unknown version'}"
        yield "Completeness", snapshot.completeness
        for number, said in enumerate(manifest.transport):
            yield "" if number else "How it was asked", said
        if manifest.stated:
            yield "Complete on the word of", f"{manifest.stated_by or 'the user'}: {', '.join(manifest.stated)}"
        yield Labels.snapshot, snapshot.digest
        yield Labels.framework, about.framework
        yield "Version of the framework", f"{about.version}{f', {about.publisher}' if about.publisher else ''}"
        collector = manifest.collector or 'an unknown version'
        yield "Versions", f"auditkit {VERSION}; the snapshot was collected by {collector}"
        if evaluation.standard:
            yield "Pod Security Standards", evaluation.standard
        if evaluation.scope:
            yield "Scope of the examination", ""
            yield from (("", said) for said in evaluation.scope.sentences())
        yield from self._summary()
        yield "Sign-off", ""
        for label in ("Prepared by", "Prepared on", "Reviewed by", "Reviewed on", "Conclusion"):
            yield label, None
        yield "Tick marks", ""
        yield from TICKS
        yield "Sheets", ""
        yield from ((name, f"{rows:,} rows") for name, rows in book.sheets.items())
        yield "How to use it", ""
        yield from _HOW

    def _summary(self) -> Iterator[tuple[str, str]]:
        evaluation = self.evaluation
        yield "Result", ""
        yield from ((WORDS[status].text, f"{count} of {len(evaluation.results)} requirements")
                    for status, count in evaluation.statuses.items() if count)
        if notices := [f"{row.file}, line {row.line}: {row.kind}: {row.what}" for row in
                       evaluation.notices.itertuples(index=False)]:
            yield "Notices", ""
            yield from (("", notice) for notice in notices)
        if notices := [f"{notice.origin.file}, line {notice.origin.line}: {notice.kind}: {notice.what}"
                       for notice in self.carried.notices]:
            yield "Notices on conclusions", ""
            yield from (("", notice) for notice in notices)
        if self.sample:
            yield "Sample", f"{len(self.sample.items):,} items of {self.sample.source}, SHA-256 {self.sample.sha256}"
            yield from (("", note) for note in self.sample.notes)


_HOW = (
    ("Shaded cells", "are for people. auditkit fills them only with an auditor's conclusions on this snapshot."),
    ("Unknown", "is not a pass: the sheet Not known says what is missing and what to ask for."),
    ("An apostrophe", "before = + - or @ keeps a text from becoming a formula and is not part of the text."),
)


def _filled(values: pd.Series) -> bool:
    """True where a column has any value."""
    return any(not pd.isna(value) and value != "" for value in values)


def _by(identity: str, groups: list[str]) -> str:
    return f"{identity} ({', '.join(groups) or 'no groups'})" if identity else "an unknown identity"
