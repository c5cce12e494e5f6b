"""Workbooks that people filled in, read back: what `auditkit.exports.sheets` does to a text is undone.

Reading them needs openpyxl, which auditkit does not install.
"""

import datetime as dt
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.base.hostile_text import from_cell, unquoted, visible
from auditkit.errors import MissingDependency, UsageError
from auditkit.exports.archive import Archive
from auditkit.exports.sheets import LONG

ROWS, WIDTH = 50_000, 200
"""Rows and columns of a sheet that are read. One with more rows is refused: no table that people fill in has so many,
or goes on in another sheet."""

_GOES_ON = re.compile(rf" … \([\d,]+ characters: the whole is text (L\d+) of the sheet {LONG}\)\Z")


@dataclass(frozen=True)
class Cell:
    """A cell of a sheet: its address, and what it has. ``wrong`` says why that cannot be taken."""

    address: str
    value: Any = None
    wrong: str = ""

    @property
    def text(self) -> str:
        """What it has as text, without spaces around it; empty where it is empty."""
        if isinstance(self.value, str):
            return from_cell(self.value.replace("_x000D_", "").replace("\r", "")).strip()  # so Excel ends a line
        if isinstance(self.value, dt.datetime):
            return self.value.date().isoformat()
        if isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value))
        return "" if self.value is None else str(self.value)


@dataclass(frozen=True)
class Row:
    """A row of a sheet: its cells by their places, the first of which is 1."""

    sheet: str
    number: int
    cells: Mapping[int, Cell]

    def __getitem__(self, place: int) -> Cell:
        return self.cells.get(place) or Cell(_address(self.sheet, place, self.number))


Sheets = Mapping[str, list[Row]]
"""The rows of sheets, by their names; none where there is no such sheet."""


def read(path: Path, names: Iterable[str]) -> Sheets:
    """The rows of these sheets, and of that of long texts; a row without a value is left out.

    Raises `UsageError` where the file is no workbook, and `MissingDependency`.
    """
    Archive(path)  # it refuses what unfolds too far
    try:
        import openpyxl

        with warnings.catch_warnings(action="ignore"):
            book = openpyxl.load_workbook(path, read_only=True)
            try:
                return {name: list(_rows(book[name])) if name in book.sheetnames else [] for name in (*names, LONG)}
            finally:
                book.close()
    except ImportError:
        raise MissingDependency(f"Reading {path} needs the package openpyxl: install it.") from None
    except Exception as error:  # of a broken workbook, its reader lets through whatever it leads to
        reason = visible(" ".join(str(error).split())[:200]).rstrip(".") or type(error).__name__
        raise UsageError(f"{path} cannot be read as a workbook: {reason}. Save it again as XLSX.") from None


def pairs(sheets: Sheets, name: str) -> dict[str, Cell]:
    """The texts of a sheet of labels; of a label that is there twice, the first."""
    found: dict[str, Cell] = {}
    for row in sheets[name]:
        found.setdefault(row[1].text, row[2])
    return found


def table(sheets: Sheets, name: str, headings: Sequence[str]) -> Iterator[dict[str, Cell]]:
    """The rows of a table by its ``headings``, with texts that are longer than a cell in full.

    Raises `UsageError` where a heading is not there, or is there twice.
    """
    whole = _long(sheets)
    for row in _table(sheets, name, headings):
        yield {heading: _in_full(cell, whole) for heading, cell in row.items()}


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # some programs write wrong ones
    found = 0
    for number, cells in enumerate(sheet.iter_rows(max_row=1 << 20, max_col=WIDTH), 1):
        given = {place: _cell(_address(sheet.title, place, number), cell)
                 for place, cell in enumerate(cells, 1) if cell.value is not None}
        found += bool(given)
        if found > ROWS:
            raise ValueError(f"the sheet {sheet.title} has more than {ROWS:,} rows")
        if given:
            yield Row(sheet.title, number, given)


def _address(sheet: str, place: int, number: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{visible(sheet)}!{get_column_letter(place)}{number}"


def _cell(address: str, cell: Any) -> Cell:
    if cell.data_type in ("f", "e"):
        what = "a formula" if cell.data_type == "f" else f"an error ({cell.value})"
        return Cell(address, "?", f"it is {what}: enter the value itself")
    return Cell(address, cell.value)


def _table(sheets: Sheets, name: str, headings: Sequence[str]) -> Iterator[dict[str, Cell]]:
    """The rows of a table by its headings, as the cells have them."""
    if not sheets[name]:
        return
    head, *rows = sheets[name]
    places = {heading: _place(head, heading) for heading in headings}
    for row in rows:
        yield {heading: row[place] for heading, place in places.items()}


def _place(head: Row, heading: str) -> int:
    found = [place for place, cell in head.cells.items() if cell.text == heading]
    if len(found) != 1:
        raise UsageError(f"The sheet {head.sheet} has {len(found) or 'no'} columns {heading!r} in its first row. Give "
                         "workpapers whose headings are as auditkit wrote them.")
    return found[0]


def _long(sheets: Sheets) -> dict[str, str]:
    """The texts that are longer than a cell, by their numbers: their parts were written as cells, too."""
    found: dict[str, str] = {}
    for row in _table(sheets, LONG, ("text", "content")):
        number, part = row["text"].text, str(row["content"].value or "")
        found[number] = found[number] + unquoted(part) if number in found else part
    return found


def _in_full(cell: Cell, long: Mapping[str, str]) -> Cell:
    """A cell with all of its text, where it has only the beginning of it."""
    if not isinstance(cell.value, str) or not (further := _GOES_ON.search(cell.value)):
        return cell
    whole = long.get(further[1])
    if whole and whole.startswith(cell.value[:further.start()]):
        return Cell(cell.address, whole)
    return Cell(cell.address, cell.value, f"its text goes on as {further[1]} of the sheet {LONG}, which begins "
                                          "otherwise: write all of it in one of the two")
