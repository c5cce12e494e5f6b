"""When what a source shows was so: what is read today may have been observed long ago.

A live server is observed while it is asked. A recording and files are observed when their answers were given: the
recording's index may say when, the user may state it, and otherwise only the newest time that the API server or a
kubelet wrote into the objects is known: it was not before that.
"""

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from auditkit.base.times import in_utc
from auditkit.errors import UsageError

By = Literal["asked", "recorded", "stated", "contents", ""]
"""How the time is known: we asked; the recording's index; the user; the newest time in the objects; not at all."""


class Observed(NamedTuple):
    """The time of observation lies between these two; ``since`` is None where nothing says how long ago it may be."""

    since: dt.datetime | None
    until: dt.datetime
    by: By


_TIME = re.compile(rb'"(2\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d)(?:\.\d+)?Z"')

_WRITTEN_BY_CLUSTER = re.compile(
    rb'\b(creationTimestamp|last(Heartbeat|Probe|Transition|Update|Schedule|Successful)Time|startTime|completionTime'
    rb'|startedAt|finishedAt|renewTime|time)"?:\s*$')
"""Fields that the API server, a controller or a kubelet sets to its own time (API reference of Kubernetes 1.36,
ObjectMeta, ManagedFieldsEntry and the statuses). Times that somebody may set, or that lie ahead, are none of them."""

SKEW = dt.timedelta(minutes=5)
"""By how much clocks of one cluster may differ."""

_BEFORE = 64
"""Bytes before a time in which the name of its field stands."""


class Newest:
    """The newest time that a cluster wrote into what was read."""

    def __init__(self) -> None:
        self._newest = b""

    def look(self, content: bytes) -> None:
        """Look through the text of an answer or a file."""
        for found in _TIME.finditer(content):
            if found[1] > self._newest and _WRITTEN_BY_CLUSTER.search(content, max(0, found.start() - _BEFORE),
                                                                       found.start()):
                self._newest = found[1]

    def observed(self, read: dt.datetime, stated: tuple[dt.datetime, dt.datetime] | None) -> Observed:
        """The time of observation of what was read at this time. Raises `UsageError` for a statement that cannot be."""
        newest = self._time()
        if newest and newest > read:
            newest = None  # by a clock that is not ours: it says nothing
        if stated is None:
            return Observed(newest, read, "contents" if newest else "")
        if newest and stated[1] < newest:
            raise UsageError(f"--taken-at {stated[1]:%Y-%m-%dT%H:%M:%SZ} is too early: the files contain the later "
                             f"time "
                             f"{newest:%Y-%m-%dT%H:%M:%SZ}. Correct it.")
        return Observed(stated[0], stated[1], "stated")

    def _time(self) -> dt.datetime | None:
        try:
            return dt.datetime.fromisoformat(self._newest.decode()).replace(tzinfo=dt.UTC) if self._newest else None
        except ValueError:
            return None


def taken_at(text: str, now: dt.datetime | None = None) -> tuple[dt.datetime, dt.datetime]:
    """The first and last second that a user's statement covers: of a day its whole, in UTC where no zone is given.
    Raises `UsageError`."""
    now = now or dt.datetime.now(dt.UTC)
    try:
        first = dt.datetime.fromisoformat(text)
        first = first.replace(tzinfo=dt.UTC) if first.tzinfo is None else in_utc(first)
    except ValueError:
        raise UsageError(f"--taken-at {text!r} is not a day or a time: write 2026-01-31 or 2026-01-31T14:00:00Z."
                         ) from None
    if first > now:
        raise UsageError(f"--taken-at {text} is in the future. Give the time at which the files were taken.")
    last = first if len(text) > len("2026-01-31") else min(first + dt.timedelta(days=1, seconds=-1), now)
    return first.replace(microsecond=0), last.replace(microsecond=0)


def http_date(text: str) -> dt.datetime | None:
    """The time of an HTTP ``Date`` header or in ISO form; None where it is neither."""
    for parse in (dt.datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(text)
            return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
        except (ValueError, TypeError, OverflowError):
            continue
    return None
