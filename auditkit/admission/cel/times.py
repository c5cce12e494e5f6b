"""Timestamps and durations as texts, and back, as Go has them."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from auditkit.admission.cel.numbers import INT_MAX, INT_MIN, plain
from auditkit.admission.cel.values import SECOND, Duration, Timestamp

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:(Z)|([+-])(\d\d):(\d\d))", re.ASCII)
_LENGTH = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS = {"ns": 1, "us": 10 ** 3, "µs": 10 ** 3, "μs": 10 ** 3, "ms": 10 ** 6, "s": SECOND, "m": 60 * SECOND,
          "h": 3600 * SECOND}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamp(text: str) -> Timestamp | None:
    """The moment that a text in the form of RFC 3339 names, or ``None``."""
    parts = _RFC3339.fullmatch(text)
    if not parts:
        return None
    year, month, day, hour, minute, second = map(int, parts.groups()[:6])
    offset = _offset(parts[9], parts[10], parts[11])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    if offset is None:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - offset
    return Timestamp(seconds * SECOND + int((parts[7] or "")[:9].ljust(9, "0")), offset)


def _offset(sign: str | None, hours: str, minutes: str) -> int | None:
    """Seconds east of UTC; ``None`` where there are no such hours or minutes."""
    if not sign:
        return 0
    if int(hours) > 24 or int(minutes) > 59:
        return None
    return (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)


def timestamp_text(moment: Timestamp) -> str:
    """The text of a moment, in the form of RFC 3339, with as many decimals as it has."""
    seconds, rest = divmod(moment.nanoseconds, SECOND)
    local = _EPOCH + timedelta(seconds=seconds + moment.offset)
    text = f"{local.year:04d}-{local:%m-%dT%H:%M:%S}"
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    hours, minutes = divmod(abs(moment.offset) // 60, 60)
    zone = f"{'-' if moment.offset < 0 else '+'}{hours:02d}:{minutes:02d}" if moment.offset else "Z"
    return f"{text}{fraction}{zone}"


def parse_duration(text: str) -> Duration | None:
    """The length that a text names (``1h30m``, ``-1.5s``), or ``None``."""
    if text.lstrip("+-") == "0" and len(text) <= 2:
        return Duration(0)
    if not _LENGTH.fullmatch(text):
        return None
    size = sum(int(Decimal(number) * _UNITS[unit]) for number, unit in _PART.findall(text))
    nanoseconds = -size if text.startswith("-") else size
    return Duration(nanoseconds) if INT_MIN <= nanoseconds <= INT_MAX else None


def duration_text(length: Duration) -> str:
    """The text of a length, in seconds."""
    whole, rest = divmod(abs(length.nanoseconds), SECOND)
    seconds = float(whole) + rest / 1e9
    return f"{plain(-seconds if length.nanoseconds < 0 else seconds)}s"
