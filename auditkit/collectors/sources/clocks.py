"""Whether the server's clock, the collector's and the times of objects agree: every age is a difference of them."""

import datetime as dt
import threading
import time
from typing import NamedTuple

from auditkit.collectors.sources.observed import http_date

MOST = 5.0
"""Seconds by which clocks may differ untold: no age is judged so finely."""

FIRST = 4
"""Responses that are looked at. Later ones may be of kubelets and other servers, which the API server passes on."""


class Ahead(NamedTuple):
    """By how many seconds the server's clock is ahead of the collector's, at least and at most."""

    least: float
    most: float


class Clock:
    """The server's clock, as its first responses tell it."""

    def __init__(self) -> None:
        self._seen: list[Ahead] = []
        self._lock = threading.Lock()

    def look(self, stated: str | None, sent: float, received: float) -> None:
        """Compare the ``Date`` of a response, which is in whole seconds, with the times between which it was made."""
        date = http_date(stated or "")
        with self._lock:
            if date and len(self._seen) < FIRST:
                self._seen.append(Ahead(date.timestamp() - received, date.timestamp() + 1 - sent))

    def told(self, newest: dt.datetime | None, now: float | None = None) -> list[str]:
        """A sentence where the clocks differ, and one where the newest object was made after ``now``."""
        now = time.time() if now is None else now
        found, ends = [], {"the collector's": now}
        if self._seen:
            least, most = min(self._seen, key=lambda ahead: ahead.most - ahead.least)
            between = (least + most) / 2
            ends["the server's"] = now + between
            if least > MOST or most < -MOST:
                way = "behind" if between > 0 else "ahead of"
                found.append(f"The collector's clock is {lasting(abs(between))} {way} the server's.")
        late = {whose: newest.timestamp() - end for whose, end in ends.items()
                if newest and newest.timestamp() - end > MOST}
        if late:
            found.append(f"An object was created {lasting(max(late.values()))} after the end of the collection by "
                         f"{' and '.join(late)} clock.")
        return found


def lasting(seconds: float) -> str:
    """A time in its largest unit, of which there are two at least: ``3 hours``."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{round(seconds / size):,} {unit}"
    return f"{round(seconds)} seconds"
