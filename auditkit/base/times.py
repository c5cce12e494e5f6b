"""Times in UTC."""

import datetime as dt


def in_utc(moment: dt.datetime) -> dt.datetime:
    """A time in UTC. Raises `ValueError` for one without a zone, and for one that its zone leads out of the years that
    there are."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("a time outside of the years 1 to 9999") from None
