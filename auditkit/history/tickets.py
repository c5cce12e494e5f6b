"""Approvals that people give as a CSV file: which ticket allowed which change, by whom, and when.

The first line names the columns: ``ticket``, ``approved_by``, ``approved_at``, ``kind``, ``namespace``, ``name``,
``from``, ``until``. Kind, namespace and name are shell patterns (empty: each). Times are days, or times with their
offset; a day is all of it, in UTC.
"""

import csv
import datetime as dt
import io
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from auditkit.base.files import given
from auditkit.errors import UsageError
from auditkit.history.cells import Object

COLUMNS = ["ticket", "approved_by", "approved_at", "kind", "namespace", "name", "from", "until"]
_NEEDED = ["ticket", "approved_by", "approved_at", "from", "until"]


class Ticket(NamedTuple):
    """An approval of changes of some objects in some time, and where it stands."""

    ticket: str
    approved_by: str
    approved_at: dt.datetime
    kind: str
    namespace: str
    name: str
    start: dt.datetime
    end: dt.datetime
    where: str

    def covers(self, thing: Object, first: dt.datetime | None, last: dt.datetime) -> bool:
        """True if a change of an object, at some time from first to last, is one that it allows: all of the time is in
        its period, and it was approved before."""
        named = all(fnmatchcase(value, pattern or "*") for value, pattern in
                    zip(thing, (self.kind, self.namespace, self.name), strict=True))
        return bool(named and first and self.start <= first and last <= self.end and self.approved_at <= first)

    @property
    def words(self) -> str:
        """The approval in words."""
        return f"ticket {self.ticket}, approved by {self.approved_by} on {self.approved_at:%Y-%m-%d} ({self.where})"


def read_tickets(path: Path | str) -> list[Ticket]:
    """The tickets of a file. Raises `UsageError` with the line where one is wrong."""
    path = Path(path)
    try:
        rows = csv.DictReader(io.StringIO(given(path).decode("utf-8-sig"), newline=""), strict=True)
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise UsageError(f"{path}, line 1: the column {missing[0]} is missing. The first line must have the "
                             f"columns {', '.join(COLUMNS)}.")
        return [_ticket(f"{path.name}, line {rows.line_num}", f"{path}, line {rows.line_num}", row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV: {' '.join(str(error).split())[:200]}. "
                         "Save it as CSV in UTF-8.") from None


def _ticket(where: str, place: str, row: Mapping[str, str | None]) -> Ticket:
    """The ticket of a line. Raises `UsageError`."""
    texts = {name: (row[name] or "").strip() for name in COLUMNS}
    if None in row:
        raise UsageError(f"{place}: the line has more values than the first line has columns.")
    if empty := [name for name in _NEEDED if not texts[name]]:
        raise UsageError(f"{place}: {empty[0]} is empty. Fill it in.")
    approved, start = (_time(place, name, texts[name]) for name in ("approved_at", "from"))
    end = _time(place, "until", texts["until"], end=True)
    if end < start:
        raise UsageError(f"{place}: until ({texts['until']}) is before from ({texts['from']}).")
    return Ticket(texts["ticket"], texts["approved_by"], approved, texts["kind"], texts["namespace"], texts["name"],
                  start, end, where)


def _time(place: str, name: str, text: str, *, end: bool = False) -> dt.datetime:
    """A day (its beginning, or its end) or a time. Raises `UsageError`."""
    try:
        if len(text) == len("2026-01-31"):
            day = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
            return day + dt.timedelta(days=1, microseconds=-1) if end else day
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"{place}: {name} is {text[:40]!r}. Write a day (2026-01-31) or a time with its offset "
                         "(2026-01-31T14:00:00Z).")
    return moment
