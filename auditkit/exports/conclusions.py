"""Files of an auditor's conclusions (`auditkit.people.conclusions`): to be filled in, or of workpapers that were."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from auditkit.base import whole
from auditkit.base.hostile_text import count, one_line, visible
from auditkit.errors import DefinitionError, NoSuchName, UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import word
from auditkit.exports import filled
from auditkit.exports.filled import Cell
from auditkit.framework import library
from auditkit.framework.definition import DIGITS, definition
from auditkit.people import conclusions
from auditkit.people.conclusions import COVER, RESULTS, SHEET, TO_FILL, Labels

NEEDED = ("tested_by", "tested_on", "result")
"""What every conclusion says."""
NAMED = 20
"""Cells that an error names."""

_GIVE = "Give workpapers that `auditkit workpapers` wrote."
_COLUMNS = ("id", "definition", *TO_FILL)
_HEADINGS = {name: name.replace("_", " ") for name in _COLUMNS}
_HOW = (
    "Fill in each entry, or delete it: the file is refused as long as a tested_by, a tested_on or a result is empty.",
    f"result is one of: {', '.join(RESULTS)}. tested_on is a day, such as 2026-09-30.",
    "For a period, add its days: period: {from: 2025-10-01, until: 2026-09-30}. An entry may name several snapshots.",
)


def template(evaluation: Evaluation) -> bytes:
    """A file to fill in: an entry for each requirement, tied to the snapshot and to what the requirement says."""
    snapshot, framework = evaluation.snapshot, evaluation.framework
    head = [f"Conclusions on {framework.framework} {framework.version} of {snapshot.manifest.called}",
            f"Observed: {snapshot.manifest.when}", *_HOW]
    return _encoded(head, ((f"{result.requirement.id} {result.requirement.title}: {word(result.status)}", {
        "framework": framework.framework, "requirement": result.requirement.id,
        **{name: None if name in NEEDED else "" for name in TO_FILL},
        "snapshots": [snapshot.digest], "definition": definition(result.requirement)[:DIGITS],
    }) for result in evaluation.results))


def of_workpapers(path: Path, own: Path | None = None) -> tuple[bytes, int]:
    """The file of the conclusions that an auditor filled into workpapers; and how many requirements have none.

    ``own`` has a user's frameworks. Raises `UsageError` with the addresses of the cells that are not allowed, and
    `MissingDependency` without openpyxl.
    """
    sheets = filled.read(path, (COVER, SHEET))
    if not sheets[COVER] or not sheets[SHEET]:
        raise UsageError(f"{path} has no sheets {COVER} and {SHEET}, or they are empty. {_GIVE}")
    papers = _Papers(path, filled.pairs(sheets, COVER), own)
    rows = list(filled.table(sheets, SHEET, list(_HEADINGS.values())))
    begun = [row for row in rows if any(row[_HEADINGS[name]].text for name in TO_FILL)]
    entries = [papers.entry({name: row[heading] for name, heading in _HEADINGS.items()}) for row in begun]
    papers.refuse()
    if not entries:
        raise UsageError(f"{path} has no conclusion: the auditor's columns of the sheet {SHEET} are empty.")
    head = [f"Conclusions on {papers.framework} of {papers.cluster}, from the workpapers {path.name}"]
    return _proved(_encoded(head, (("", entry) for entry in entries)), path, own), len(rows) - len(begun)


class _Papers:
    """Workpapers that were filled in. ``wrong`` has a sentence for each cell that is not allowed."""

    def __init__(self, path: Path, cover: Mapping[str, Cell], own: Path | None):
        self.path, self.wrong = path, list[str]()
        self._seen: dict[str, str] = {}
        self.cluster, self.framework, self.snapshot = (
            self._label(cover, label) for label in (Labels.cluster, Labels.framework, Labels.snapshot))
        if not re.fullmatch(r"[0-9a-f]{64}", self.snapshot):
            raise UsageError(f"{path}, {cover[Labels.snapshot].address}: {self.snapshot[:100]!r} is not the digest of "
                             f"a snapshot. {_GIVE}")
        try:
            self._known = [each.id for each in library.either(self.framework, own).requirements]
        except NoSuchName as error:
            raise UsageError(f"{path}, {cover[Labels.framework].address}: {error}") from None

    def _label(self, cover: Mapping[str, Cell], label: str) -> str:
        found = cover.get(label)
        if found is None or found.wrong or not found.text:
            raise UsageError(f"{self.path}: its cover does not say {label!r}. {_GIVE}")
        return found.text

    def entry(self, row: Mapping[str, Cell]) -> dict[str, Any]:
        """The conclusion of a row as it is written in a file."""
        self._verify_requirement(row["id"])
        self._verify_needed(row)
        said = {name: self._said(name, row[name]) for name in TO_FILL}
        return {"framework": self.framework, "requirement": row["id"].text,
                **{name: value for name, value in said.items() if value or name in NEEDED},
                "snapshots": [self.snapshot], "definition": self._definition(row["definition"])}

    def refuse(self) -> None:
        """Raises `UsageError` that names the cells that are not allowed, if there are any."""
        wrong = list(dict.fromkeys(self.wrong))
        if wrong:
            more = [f"And {count(len(wrong) - NAMED, 'more cell')}."] if len(wrong) > NAMED else []
            raise UsageError(f"{self.path}: {count(len(wrong), 'cell')} to correct. {' '.join(wrong[:NAMED] + more)}")

    def _refuse(self, cell: Cell, why: str) -> None:
        self.wrong.append(f"{cell.address}: {why}.")

    def _verify_requirement(self, cell: Cell) -> None:
        if cell.text not in self._known:
            self._refuse(cell, f"{self.framework} has no requirement {cell.text[:100]!r}")
        elif (first := self._seen.setdefault(cell.text, cell.address)) != cell.address:
            self._refuse(cell, f"{first} has {cell.text} too; keep one")

    def _verify_needed(self, row: Mapping[str, Cell]) -> None:
        for name in NEEDED:
            if not row[name].text:
                self._refuse(row[name], f"{_HEADINGS[name]} is empty, and the row has a conclusion on {row['id'].text}")

    def _said(self, name: str, cell: Cell) -> str | dt.date:
        """What a cell says, as a file has it."""
        if cell.wrong:
            self._refuse(cell, cell.wrong)
            return ""
        said = visible(cell.text)
        if said and name == "tested_on":
            return self._day(cell, said)
        return self._result(cell, said) if said and name == "result" else said

    def _result(self, cell: Cell, said: str) -> str:
        if said.lower() not in RESULTS:
            self._refuse(cell, f"{said[:100]!r} is none of: {', '.join(RESULTS)}")
        return said.lower()

    def _day(self, cell: Cell, said: str) -> str | dt.date:
        try:
            return dt.date.fromisoformat(said)
        except ValueError:
            self._refuse(cell, f"{said[:100]!r} is not a day; write it as 2026-09-30")
            return ""

    def _definition(self, cell: Cell) -> str:
        """The digest of the requirement's definition, as whoever wrote the workpapers judged by it."""
        if not re.fullmatch(r"[0-9a-f]{12,64}", cell.text):
            self._refuse(cell, f"{cell.text[:100]!r} is not the digest of a definition; restore what auditkit wrote")
        return cell.text


def _proved(content: bytes, path: Path, own: Path | None) -> bytes:
    """The content of a file of conclusions, which is read as it will be. Raises `UsageError`."""
    with whole.scratch() as space:
        file = space / "conclusions.yaml"
        file.write_bytes(content)
        try:
            conclusions.read(file, own)
        except DefinitionError as error:
            raise UsageError(f"{path}: its conclusions are refused: {str(error).replace(f'{file}, ', '')}") from None
    return content


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """It leaves empty what has no value, for people to fill in."""


_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def _encoded(head: Iterable[str], entries: Iterable[tuple[str, dict[str, Any]]]) -> bytes:
    """The bytes of a file with these entries, each below its comment, under comments on the whole."""
    return "".join(_lines(head, entries)).encode()


def _lines(head: Iterable[str], entries: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    yield from (f"# {one_line(line)}\n" for line in head)
    yield "conclusions:\n"
    for comment, entry in entries:
        yield f"\n# {one_line(comment)}\n" if comment else ""
        yield yaml.dump([entry], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
