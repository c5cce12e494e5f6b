"""Parts of timestamps and durations (cel-go, ``common/types``). Without a time zone they are those of UTC."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import SECOND, CelError, Duration, Timestamp

_EPOCH = datetime(1970, 1, 1)
_OFFSET = re.compile(r"([+-]?\d+):([+-]?\d+)", re.ASCII)

_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda local: local.year,
    "getMonth": lambda local: local.month - 1,
    "getDayOfYear": lambda local: local.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda local: local.day - 1,
    "getDate": lambda local: local.day,
    "getDayOfWeek": lambda local: local.isoweekday() % 7,
    "getHours": lambda local: local.hour,
    "getMinutes": lambda local: local.minute,
    "getSeconds": lambda local: local.second,
}


def _declare(name: str, part: Callable[[datetime], int]) -> None:
    @function(f"timestamp.{name}() -> int", standard=True)
    def of_utc(moment: Timestamp) -> int:
        return part(_local(moment, 0))

    @function(f"timestamp.{name}(string) -> int", standard=True)
    def of_zone(moment: Timestamp, zone: str) -> int:
        return part(_local(moment, _offset(moment, zone)))


for _name, _part in _PARTS.items():
    _declare(_name, _part)


@function("timestamp.getMilliseconds() -> int", "timestamp.getMilliseconds(string) -> int", standard=True)
def milliseconds(moment: Timestamp, zone: str = "UTC") -> int:
    _offset(moment, zone)
    return moment.nanoseconds % SECOND // 1_000_000


def _local(moment: Timestamp, offset: int) -> datetime:
    return _EPOCH + timedelta(seconds=moment.nanoseconds // SECOND + offset)


def _offset(moment: Timestamp, zone: str) -> int:
    """Seconds east of UTC at that moment, in a zone with a name (``Europe/Zurich``) or an offset (``-08:30``)."""
    if ":" in zone:
        return _written_offset(zone)
    if zone in ("", "UTC"):
        return 0
    try:
        there = _local(moment, 0).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):  # the name of no zone, or of no file
        raise CelError(f"unknown time zone {zone}") from None
    return int((there.utcoffset() or timedelta()).total_seconds())


def _written_offset(zone: str) -> int:
    parts = _OFFSET.fullmatch(zone)
    if not parts:
        wrong = next(part for part in zone.split(":", 1) if not re.fullmatch(r"[+-]?\d+", part, re.ASCII))
        raise CelError(f'strconv.Atoi: parsing "{wrong}": invalid syntax')
    hours, minutes = int(parts[1]), int(parts[2])
    if not 0 <= minutes <= 59:
        raise CelError(f"timezone offset minutes out of range [0, 59]: {zone}")
    return (hours * 60 - minutes if zone.startswith("-") else hours * 60 + minutes) * 60


def _cut(nanoseconds: int, unit: int) -> int:
    """Whole units, cut towards zero."""
    return abs(nanoseconds) // unit * (-1 if nanoseconds < 0 else 1)


@function("duration.getHours() -> int", standard=True)
def hours_of(length: Duration) -> int:
    return _cut(length.nanoseconds, 3600 * SECOND)


@function("duration.getMinutes() -> int", standard=True)
def minutes_of(length: Duration) -> int:
    return _cut(length.nanoseconds, 60 * SECOND)


@function("duration.getSeconds() -> int", standard=True)
def seconds_of(length: Duration) -> int:
    return _cut(length.nanoseconds, SECOND)


@function("duration.getMilliseconds() -> int", standard=True)
def milliseconds_of(length: Duration) -> int:
    return _cut(length.nanoseconds, 1_000_000)
