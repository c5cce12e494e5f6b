"""The figures that stand on the pages of a report, compared with the tables that they come from."""

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from auditkit.base import hostile_text as text
from auditkit.errors import UsageError
from auditkit.evaluation.words import SEVERITIES, STATUSES, VERDICTS, word
from auditkit.reports.panels.findings import counted
from auditkit.reports.reading import Seal

NUMBER = r"[\d,]+"
_WORDS = "|".join(re.escape(word(status)) for status in STATUSES)


class Difference(NamedTuple):
    """A figure that is another: where it stands, what it is, what the report says, and what was computed."""

    where: str
    what: str
    reported: str
    computed: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.reported} in the report, {self.computed} computed"


class Compared:
    """How many figures were compared, and which are different."""

    def __init__(self) -> None:
        self.figures = 0
        self.differences: list[Difference] = []

    def add(self, where: str, what: str, reported: str, computed: str) -> None:
        """Compare one figure."""
        self.figures += 1
        if reported != computed:
            self.differences.append(Difference(where, what, reported, computed))


class Pages:
    """The words of all pages as one text, in which places are found with the number of their page."""

    def __init__(self, pages: Iterable[str]):
        said = [" ".join(page.split()) + " " for page in pages]
        self.text = "".join(said)
        self.cover = "".join(said[:1])
        self._starts = list(accumulate(map(len, said), initial=0))

    def page(self, place: int) -> str:
        """The page of a place."""
        return f"page {bisect_right(self._starts, place)}"

    def find(self, pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Each place that a pattern matches, with its page."""
        return ((self.page(found.start()), found) for found in re.finditer(pattern, self.text))


def rows(content: bytes) -> list[dict[str, str]]:
    """The rows of an attached table. Raises `UsageError` where it is no CSV"""
    try:
        return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"An attached table cannot be read: {error}. Use another copy of the report.") from None


def compare_pages(pages: Pages, requirements: list[dict[str, str]], seal: Seal, into: Compared) -> None:
    """Compare what the pages say of the whole and of each requirement with a table of requirements, and the digests
    that they print with the seal."""
    _digests(pages, seal, into)
    _statuses(pages, requirements, into)
    for row in requirements:
        _requirement(pages, row, into)


def compare_tallies(pages: Pages, checks: list[dict[str, str]], into: Compared) -> None:
    """Compare each tally with a table of checks, in the order in which they are printed: how many of the subjects of a
    check have which verdict. The pages have them of the findings, or else, in full, of each requirement."""
    printed = list(pages.find(rf"((?:{NUMBER} (?:{_WORDS}),? ?)+) ?of ({NUMBER}) (?=\w)"))
    failing = _failing(checks)
    rows = failing if _shows(pages, counted(failing)) else [row for row in checks if int(row["population"])]
    into.add("pages", "number of tallies", f"{len(printed)}", f"{len(rows)}")
    for (page, found), row in zip(printed, rows, strict=False):
        into.add(page, f"{row['requirement']} {row['check']}",
                 f"{found[1].replace(', ', ' ').strip()} of {found[2]}", _tally(row))


def _shows(pages: Pages, title: str) -> bool:
    """True if the pages have the table of this title, which says that it shows all."""
    return f"{title}; all are shown" in pages.text


def compare_sentences(pages: Pages, blocks: dict[str, dict[str, Any]], into: Compared) -> None:
    """Look on the pages for the sentences of the answer, and for what each finding and request says where the pages
    show them, as the ``blocks`` of these kinds say it that were made anew."""
    cover, everywhere = ("".join(said.split()) for said in (pages.cover, pages.text))
    for part in blocks["summary"]["answer"]:
        for sentence in part["sentences"]:
            into.add("cover", sentence, _printed(sentence, cover), "printed")
    for row in _shown(pages, blocks["findings"]):
        for part in ("finding", "namespaces", "owners"):
            into.add("pages", f"{row['check']}, {part}: {row[part]}", _printed(row[part], everywhere), "printed")
    for row in _shown(pages, blocks["requests"]):
        into.add("pages", f"request: {row['request']}", _printed(row["request"], everywhere), "printed")


def _shown(pages: Pages, block: dict[str, Any]) -> list[dict[str, Any]]:
    return block["rows"] if _shows(pages, block["title"]) else []


def _printed(said: str, where: str) -> str:
    return "printed" if re.search(_spelled(text.visible(said)), where) else "not found"


def _spelled(said: str, between: str = "") -> str:
    """A pattern of a text without its spaces; a letter that a font may lack is printed as its number."""
    return between.join(re.escape(char) if char.isascii() else r"\S{1,12}" for char in "".join(said.split()))


def _failing(checks: list[dict[str, str]]) -> list[dict[str, str]]:
    """The findings of a table of checks, in the order of `auditkit.reports.panels.findings`."""
    first = {(row["check"], row["parameters"]): row for row in reversed(checks) if int(row["failed"])}
    return sorted(first.values(), key=lambda row: (
        -SEVERITIES.index(row["severity"]), -int(row["failed"]), row["check"], row["parameters"]))


def _tally(row: dict[str, str]) -> str:
    counts = zip(VERDICTS, ("passed", "failed", "unknown", "not_applicable"), strict=True)
    said = " ".join(f"{int(row[column]):,} {word(verdict)}" for verdict, column in counts if int(row[column]))
    return f"{said} of {int(row['population']):,}"


def _digests(pages: Pages, seal: Seal, into: Compared) -> None:
    everywhere, cover = ("".join(said.split()) for said in (pages.text, pages.cover))
    for name, digest in (("snapshot", seal.snapshot), ("verdicts", seal.files.get("verdicts.csv", "")),
                         ("framework", seal.framework_sha256), (f"auditkit {seal.auditkit}", seal.rules_sha256)):
        into.add("cover", f"digest of the {name}", digest if digest in cover else "another", digest)
    for name, digest in (*seal.files.items(), *((one.attachment, one.sha256) for one in seal.given)):
        into.add("attachments", f"digest of {name}", digest if digest in everywhere else "another", digest)


def _statuses(pages: Pages, requirements: list[dict[str, str]], into: Compared) -> None:
    counted = [f"{sum(row['status'] == status for row in requirements)}" for status in STATUSES]
    printed = list(pages.find(" ".join(rf"({NUMBER}) {re.escape(word(status))}" for status in STATUSES)))
    into.add("cover", "number of requirements by status", "printed" if printed else "not found", "printed")
    for page, found in printed:
        for status, number, computed in zip(STATUSES, found.groups(), counted, strict=True):
            into.add(page, f"requirements with the status {word(status)}", number, computed)


def _requirement(pages: Pages, row: dict[str, str], into: Compared) -> None:
    """Compare the status of a requirement wherever it is printed before the title, and its two numbers in the table."""
    title = _spelled(row["title"], between=r"\s*")
    level = float(row["level"] or 0)  # a column with empty cells has its numbers as 1.0
    grade = row["obligation"] or (f"Level {level:.0f}" if level else "")
    printed = list(pages.find(rf"({_WORDS})(?: accepted)? {re.escape(row['id'])} {title}(?![^ ])"
                              rf"{f'(?: {re.escape(grade)})?' if grade else ''}(?: ({NUMBER})/({NUMBER}))?"))
    into.add("pages", f"{row['id']}: its status", "printed" if printed else "not found", "printed")
    for page, found in printed:
        into.add(page, f"{row['id']}: status", found[1], word(row["status"]))
    numbers = [(page, found) for page, found in printed if found[2]]
    judged = sum(int(row[verdict]) for verdict in ("passed", "failed", "unknown", "not_applicable"))
    if judged and not numbers:
        into.add("pages", f"{row['id']}: failing subjects, all subjects", "not found", f"{row['failed']}, {judged}")
    for page, found in numbers:
        into.add(page, f"{row['id']}: failing subjects", found[2], f"{int(row['failed']):,}")
        into.add(page, f"{row['id']}: all subjects", found[3], f"{judged:,}")
