"""Workbooks (XLSX) as people work with them: one guard and one style for every sheet that auditkit writes.

Every text is written as text, through `hostile_text.cell`: nothing in a cluster's names becomes a formula, a link or a
control character. Nothing is cut: a text that is longer than a cell goes on in the sheet "Long texts", and a table that
is longer than a sheet goes on in the next, with a sentence where it breaks off. The same rows give the same bytes.
"""

import datetime as dt
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from auditkit.base import whole
from auditkit.base.hostile_text import cell
from auditkit.base.version import VERSION
from auditkit.errors import UsageError
from auditkit.evaluation.words import WORDS, word
from auditkit.exports.columns import Column

MOST_ROWS = 1_048_576
"""Rows of a sheet, its heading included. This and the next are Excel's limits, in Microsoft's "Excel specifications and
limits"; it counts characters as UTF-16 does."""
MOST_CHARACTERS = 32_767

LONG = "Long texts"
NARROWEST, MARGIN = 8, 2
A4, A3 = 9, 8
WIDE = 250
"""Characters of a sheet's width from which it is printed on A3 instead of A4."""
FILLED_IN = "#FFF7DC"
EPOCH = dt.datetime(2000, 1, 1)

_LONG_COLUMNS = (
    Column("text", "Number of the text"), Column("sheet", "Sheet that it belongs to"),
    Column("row", "Row in that sheet", "int64"), Column("column", "Column in that sheet"),
    Column("part", "Number of the part; the parts of a text follow one another", "int64"),
    Column("content", "The part", widest=100),
)


def workbook(draw: Callable[["Book"], None], *, title: str, created: dt.datetime | None = None,
             most_rows: int = MOST_ROWS) -> bytes:
    """The bytes of the workbook that ``draw`` fills. ``created`` is the time that its properties have, and ``title``
    stands in them and at the foot of each printed page. Raises `UsageError` where there is no space for its parts."""
    with whole.scratch() as space:
        path = space / "workbook.xlsx"
        options = {"constant_memory": True, "tmpdir": str(space), "strings_to_formulas": False,
                   "strings_to_urls": False, "strings_to_numbers": False}
        try:
            with xlsxwriter.Workbook(str(path), options) as file:
                moment = created.astimezone(dt.UTC).replace(tzinfo=None) if created else EPOCH
                file.set_properties({"title": title, "author": f"auditkit {VERSION}", "created": moment})
                book = Book(file, title, most_rows)
                draw(book)
                book.finish()
            return path.read_bytes()
        except (OSError, XlsxWriterException) as error:
            raise UsageError(f"The workbook {title!r} cannot be written: {error}. Free some space where temporary "
                             "files are kept (TMPDIR).") from None


class Book:
    """A workbook that is being written, sheet by sheet and row by row. ``sheets`` has the rows of each so far."""

    def __init__(self, file: Any, title: str, most_rows: int):
        self._file, self._title, self._most_rows = file, title, most_rows
        self.sheets: dict[str, int] = {}
        self._made: dict[str, Any] = {}
        self._long: list[dict[str, Any]] = []
        base = {"text_wrap": True, "valign": "top", "font_size": 10}
        self._head = file.add_format({**base, "bold": True, "bottom": 1, "bg_color": "#E8EBF0"})
        self._plain = file.add_format(base)
        self._bold = file.add_format({**base, "bold": True})
        self._number = file.add_format({**base, "num_format": "#,##0"})
        self._fill = file.add_format({**base, "bg_color": FILLED_IN, "locked": False, "border": 1,
                                      "border_color": "#D9CFA8"})
        self._day = file.add_format({**base, "bg_color": FILLED_IN, "locked": False, "border": 1,
                                     "border_color": "#D9CFA8", "num_format": "yyyy-mm-dd"})
        self._words = {each.text: file.add_format({**base, "bold": True, "font_color": each.colour})
                       for each in WORDS.values()}

    def reserve(self, name: str) -> None:
        """Give a sheet its place in the order of sheets, to be written later."""
        sheet = self._made[name] = self._file.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.set_header(f"&L&B{_literal(name)}")
        sheet.set_footer(f"&L{_literal(self._title)[:200]}&RPage &P of &N")

    def table(self, name: str, columns: Sequence[Column], frames: Iterable[pd.DataFrame], frozen: int = 1) -> int:
        """Write a table under a heading that filters and stays in sight beside ``frozen`` columns; returns its rows.

        The rows of a column that the frame does not have are empty.
        """
        part, row, total, widths = 1, 0, 0, self._begin(name, columns, frozen)
        called, room = name, self._most_rows - 2
        for frame in frames:
            values = [frame[column.name] if column.name in frame else [""] * len(frame) for column in columns]
            for record in zip(*values, strict=True):
                if row == room:
                    part += 1
                    following = f"{name} ({part})"
                    self._end(called, columns, row, widths)
                    self._made[called].write_string(row + 1, 0, f"Continued in the sheet {following}.", self._bold)
                    called, row, widths = following, 0, self._begin(following, columns, frozen)
                row, total = row + 1, total + 1
                self._record(called, row, columns, record, widths)
        self._end(called, columns, row, widths)
        return total

    def pairs(self, name: str, rows: Iterable[tuple[str, str | None]]) -> None:
        """Write labels and what is said under each. A pair without a text is a heading; one whose text is ``None`` is
        for people to fill in."""
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 100)
        for row, (label, text) in enumerate(rows):
            sheet.write_string(row, 0, cell(label), self._plain if text or text is None else self._bold)
            if text is None:
                sheet.write_blank(row, 1, None, self._fill)
            elif text:
                self._text(name, row, 1, "text", text, self._plain)

    def finish(self) -> None:
        """Write the rest of the texts that are longer than a cell."""
        if self._long:
            self.table(LONG, _LONG_COLUMNS, [pd.DataFrame(self._long)])

    def _sheet(self, name: str) -> Any:
        if name not in self._made:
            self.reserve(name)
        return self._made[name]

    def _begin(self, name: str, columns: Sequence[Column], frozen: int) -> list[int]:
        """Write the heading of a table; returns the widths that its columns need so far."""
        sheet = self._sheet(name)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, cell(column.title), self._head)
        sheet.freeze_panes(1, frozen)
        sheet.repeat_rows(0)
        return [max(map(len, column.title.split())) + MARGIN for column in columns]

    def _end(self, name: str, columns: Sequence[Column], rows: int, widths: list[int]) -> None:
        """What is known of a table only when its rows are: widths, filters, and what may be filled in."""
        sheet, last = self._made[name], max(1, rows)
        self.sheets[name] = rows
        fitting = [column.widest if column.fill else max(NARROWEST, min(width + MARGIN, column.widest))
                   for width, column in zip(widths, columns, strict=True)]
        for place, (column, width) in enumerate(zip(columns, fitting, strict=True)):
            sheet.set_column(place, place, width)
            if column.choices:
                sheet.data_validation(1, place, last, place, {
                    "validate": "list", "source": list(column.choices), "error_title": column.title[:32],
                    "error_message": f"Choose one of: {', '.join(column.choices)}."[:255]})
            elif column.fill and column.type == "date":
                sheet.data_validation(1, place, last, place, {
                    "validate": "date", "criteria": ">=", "value": EPOCH, "error_title": column.title[:32],
                    "error_message": "Enter a date, such as 2026-09-30."})
        sheet.set_paper(A3 if sum(fitting) > WIDE else A4)
        sheet.autofilter(0, 0, last, len(columns) - 1)

    def _record(self, name: str, row: int, columns: Sequence[Column], values: Iterable[Any], widths: list[int]) -> None:
        for place, (column, value) in enumerate(zip(columns, values, strict=True)):
            widths[place] = max(widths[place], self._value(name, row, place, column, value))

    def _value(self, name: str, row: int, place: int, column: Column, value: Any) -> int:
        """Write a cell; returns the characters that it takes."""
        sheet, fill = self._made[name], self._fill if column.fill else None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            sheet.write_datetime(row, place, value, self._day)
            return len("2026-09-30")
        if pd.isna(value) or value == "":
            if fill:
                sheet.write_blank(row, place, None, self._day if column.type == "date" else fill)
            return 0
        if isinstance(value, numbers.Real) and not isinstance(value, bool) and column.type == "int64":
            sheet.write_number(row, place, value, fill or self._number)
            return len(f"{value:,}")
        text = word(value) if column.word else _said(value)
        self._text(name, row, place, column.title, text, self._words.get(text, self._plain) if column.word else
                   fill or self._plain)
        return len(text)

    def _text(self, name: str, row: int, place: int, column: str, text: str, style: Any) -> None:
        text = cell(text)
        if _units(text) > MOST_CHARACTERS:
            text = self._kept(text, name, row, column)
        self._made[name].write_string(row, place, text, style)

    def _kept(self, text: str, name: str, row: int, column: str) -> str:
        """The beginning of a text that is longer than a cell, and where its whole stands."""
        room = MOST_CHARACTERS // 2 - 200  # a character takes one unit of UTF-16 or two; and so does the sentence
        number = len({each["text"] for each in self._long}) + 1
        self._long += [{"text": f"L{number}", "sheet": name, "row": row + 1, "column": column, "part": part + 1,
                        "content": text[start:start + room]} for part, start in enumerate(range(0, len(text), room))]
        return f"{text[:room]} … ({len(text):,} characters: the whole is text L{number} of the sheet {LONG})"


def _said(value: Any) -> str:
    """A value in words: a truth as yes or no, a time to the second in UTC."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, dt.datetime) else str(value)


def _units(text: str) -> int:
    """The units of UTF-16 that a text takes."""
    return len(text) + sum(char > "\uffff" for char in text) if len(text) * 2 > MOST_CHARACTERS else len(text)


def _literal(text: str) -> str:
    """A text in the head or foot of a page, where ``&`` begins a code."""
    return str(cell(text)).replace("&", "&&")
