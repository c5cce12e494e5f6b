"""Populations: any table of a notebook, with its total, and whole as a file where a report shows it in part."""

import html
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.explain import Explanation
from auditkit.evaluation.results import Outcome
from auditkit.evaluation.words import WORST_FIRST, word
from auditkit.reports.panels.attached import packed_table
from auditkit.reports.panels.block import ROWS, Block
from auditkit.reports.panels.interactive import draw, wanted

MOST = 1000
"""Rows of a population that the page shows."""
FITS = 8
"""Columns of a population that fit on paper."""


def outcome(found: Outcome) -> Block:
    """The subjects of one check, failing subjects first."""
    rows = pd.concat([found.rows(verdict) for verdict in WORST_FIRST], ignore_index=True)
    counts = ", ".join(f"{count:,} {word(verdict)}" for verdict, count in found.counts.items() if count)
    return table(rows, f"{found.check.title} {found.check.name}: {counts or 'no subject'}")


def explanation(found: Explanation) -> Block:
    """The explanation of a status: its verdicts, and the API requests behind them."""
    return table(found.verdicts, f"{found.result.requirement.id}: {word(found.result.status)}; {found.result.reason}")


def doubts(gaps: Iterable[str] | None) -> str:
    """A sentence about the gaps of a table or figure; empty if there are none."""
    return f"Rows may be missing: {'; '.join(gaps)}." if gaps else ""


class Table(Block):
    """A table; in a notebook it is ``interactive``, or as it is on the page."""

    def __init__(self, frame: pd.DataFrame, interactive: bool, **content: object):
        super().__init__("table", **content)
        self._frame, self._interactive = frame, interactive

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = super()._repr_mimebundle_(include, exclude)
        if self._interactive:
            title, note = (html.escape(text.visible(str(self.content[name]))) for name in ("title", "note"))
            below = f"<p>{note}</p>" if note else ""
            shown["text/html"] = f"<p><b>{title}</b></p>{draw(self._frame, missing='')}{below}"
        return shown


def table(frame: pd.DataFrame, title: str, note: str = "", *, interactive: bool | None = None) -> Block:
    """A population as a table: any DataFrame, with the total number of rows and its limitations.

    Paper shows the first rows; where there are more, the block carries all of them as a file (CSV). ``interactive``: in
    a notebook, rows can be sorted, filtered and exported; by default in `auditkit lab`. Raises `MissingDependency`
    where that is asked for and itables is not installed.
    """
    if (said := doubts(frame.attrs.get("gaps"))) not in note:
        note = f"{note} {said}".strip()
    rows = [[plain(value) for value in row] for row in frame.head(MOST).itertuples(index=False, name=None)]
    columns = [{"name": str(name), "number": _is_number(dtype)} for name, dtype in frame.dtypes.items()]
    for column, width in zip(columns, _widths([str(name) for name in frame][:FITS], rows), strict=False):
        column["width"] = width
    return Table(frame, wanted() if interactive is None else interactive, title=title, note=note, columns=columns,
                 rows=rows, total=len(frame), fits=FITS,
                 files=[_whole(frame, title)] if len(frame) > ROWS["population"] or len(columns) > FITS else [])


def _whole(frame: pd.DataFrame, title: str) -> dict[str, Any]:
    """The file of a table, called as its title."""
    named = frame.set_axis([str(name) for name in frame], axis=1)
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].rstrip("-") or "table"
    return packed_table(f"{name}.csv", f"All rows of the table {title}", [named], list(named))


def _is_number(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _widths(names: list[str], rows: list[list[Any]]) -> list[int]:
    """The share of the paper's width (percent) that each column needs, by its longest value."""
    longest = [min(max(8, len(name), *(len(str(row[place])) for row in rows)), 20) + 2
               for place, name in enumerate(names)]
    return [100 * width // sum(longest) for width in longest]


def plain(value: Any) -> Any:
    """A value as JSON has it; empty for what is missing."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, bool | int | float | str):
        return text.short(value) if isinstance(value, str) else value
    return text.when(value) if isinstance(value, pd.Timestamp) and value.tzinfo else text.short(str(value))

