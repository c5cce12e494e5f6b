"""What a job has done on a day: a JSON file for each day, so that a run that was stopped is gone on with.

``STATE/JOB/YYYY-MM-DD.json``. It is no evidence: whoever deletes it makes the job do its work again, and nothing else.
"""

import datetime as dt
import re
from pathlib import Path

import msgspec

from auditkit.base import files, whole
from auditkit.base.undecodable import UNDECODABLE
from auditkit.errors import UsageError
from auditkit.fleets.work import Row

_NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.json")


class State(msgspec.Struct, kw_only=True):
    """What was done on a day (UTC).

    ``known`` has the last row of each cluster that was judged on a day before, ``missed`` those that were not judged on
    the last day. ``rule`` is the digest of what decides what a job does. ``rows`` has the row of each cluster by its
    source, and ``judged_by`` the rule by which it was judged. ``drawn`` has the files of reports by snapshot, framework
    and rule, ``told`` the digest of what each webhook was told.
    """

    day: str
    known: dict[str, Row] = {}
    missed: list[str] = []
    rule: str = ""
    rows: dict[str, Row] = {}
    judged_by: dict[str, str] = {}
    drawn: dict[str, list[str]] = {}
    told: dict[str, str] = {}
    finished_by: str = ""
    finished: dt.datetime | None = None


def today(folder: Path, day: dt.date, *, again: bool = False) -> State:
    """What was done on a day so far; nothing, if it is to be done ``again``. Raises `UsageError`."""
    path = folder / f"{day}.json"
    return _read(path) if path.exists() and not again else _new(folder, day)


def _new(folder: Path, day: dt.date) -> State:
    """A day on which nothing was done yet, with what is known of the days before."""
    days = [name for name in files.names(folder) if _NAME.fullmatch(name) and name < f"{day}.json"]
    if not days:
        return State(day=day.isoformat())
    last = _read(folder / days[-1])
    judged = {source: row for source, row in last.rows.items() if row.taken}
    return State(day=day.isoformat(), known={**last.known, **judged}, missed=sorted({*last.rows} - {*judged}))


def keep(folder: Path, state: State) -> None:
    """Write down what was done, in one step. Raises `UsageError`."""
    whole.write(folder / f"{state.day}.json", msgspec.json.format(msgspec.json.encode(state), indent=1))


def _read(path: Path) -> State:
    try:
        return msgspec.json.decode(files.given(path), type=State)
    except UNDECODABLE as error:
        raise UsageError(f"{path} cannot be read: {error}. It says what the job did that day: delete it, and the job "
                         "does it again.") from None
