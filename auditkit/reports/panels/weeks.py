"""What changed by week, as bars: a bar for each week and kind of change, in parts by weight."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd

from auditkit.evaluation.words import UNKNOWN
from auditkit.reports.panels.bars import Figure

CHANGES = ("added", "changed", "removed")
WEIGHTS = {"high": "#8a2f27", "medium": "#a8642a", "low": "#6b7280"}
"""The weights, the heaviest first and on the left, so that they can be told without colours."""


def weeks(changes: pd.DataFrame, title: str = "Changes by week", taken: Iterable[Any] = ()) -> Figure:
    """Bars of changes: ``when`` (time of the snapshot that first shows it), ``change`` (``added``, ``changed``,
    ``removed``), ``weight`` (``high``, ``medium``, ``low``).

    ``taken`` are the times of all snapshots. With them a week without a change has a bar of none, and a week without a
    snapshot says so: of it nothing is known.
    """
    week = [_week(moment) for moment in changes["when"]]
    counts = Counter(zip(week, changes["change"].astype(str), changes["weight"].astype(str), strict=True))
    kinds, weights = ([*dict.fromkeys([*known, *changes[column].astype(str)])] for known, column in (
        (CHANGES, "change"), (WEIGHTS, "weight")))
    seen = {_week(moment) for moment in taken}
    rows: dict[str, list[int]] = {}
    for monday in _all([*week, *seen]):
        called = "{}-W{:02}".format(*monday.isocalendar()[:2])
        found = {f"{called} {change}": numbers for change in kinds
                 if any(numbers := [counts[monday, change, weight] for weight in weights])}
        nothing = "no change" if monday in seen or not seen else "no snapshot"
        rows |= found or {f"{called} {nothing}": [0] * len(weights)}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=weights)
    return Figure(frame, title, {name: WEIGHTS.get(name, UNKNOWN.colour) for name in weights})


def _week(moment: Any) -> dt.date:
    """The Monday of the week (UTC) of a time."""
    stamp = pd.Timestamp(moment)
    day: dt.date = (stamp.tz_convert("UTC") if stamp.tzinfo else stamp).date()
    return day - dt.timedelta(day.weekday())


def _all(mondays: list[dt.date]) -> list[dt.date]:
    """All weeks from the first to the last."""
    if not mondays:
        return []
    return [min(mondays) + dt.timedelta(7 * number) for number in range((max(mondays) - min(mondays)).days // 7 + 1)]
