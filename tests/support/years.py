"""A year of snapshots of one cluster, made of few contents: each is the snapshot of one of them at another time."""

import datetime as dt
from pathlib import Path

import msgspec

from auditkit.snapshots.snapshot import Snapshot


def at(content: Snapshot, moment: dt.datetime, **manifest: object) -> Snapshot:
    """The same content, observed by a live collection of one minute at another time."""
    until = moment + dt.timedelta(minutes=1)
    return Snapshot(msgspec.structs.replace(
        content.manifest, started=moment, ended=until, observed_from=moment, observed_until=until, observed_by="asked",
        files={}, **manifest), content._tables)


def days(start: dt.date, number: int) -> list[dt.date]:
    """So many days from one on."""
    return [start + dt.timedelta(days=day) for day in range(number)]


def noon(day: dt.date) -> dt.datetime:
    """Noon of a day, in UTC."""
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def written(store: Path, content: Snapshot, moment: dt.datetime, **manifest: object) -> Path:
    """The folder of such a snapshot in a store."""
    return at(content, moment, **manifest).write(store)
