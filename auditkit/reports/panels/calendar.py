"""A calendar as a figure: a row for each requirement, a column for each day, and how it stood on that day."""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.words import FAIL, NO_EVIDENCE, WORDS, Word
from auditkit.reports.panels.bars import PLOTLY, SVG, WIDTH, _number, _unmarked
from auditkit.reports.panels.block import environment

ACCEPTED = Word("accepted", "fail, accepted", FAIL.style, FAIL.colour, FAIL.pattern)
STATES = {**{FAIL.name: FAIL, "accepted": ACCEPTED}, **WORDS, NO_EVIDENCE.name: NO_EVIDENCE}
"""What a day can be, the worst first."""
SHARES = {"fail": 1.0, "accepted": 0.85, "exception_noted": 0.75, "unknown": 0.65, "manual": 0.45, "attested": 0.3,
          "pass": 0.18, "not_applicable": 0.08}
"""How much of the height of its row a mark takes, so that statuses can be told without colours."""
HOLLOW = ("accepted", NO_EVIDENCE.name)
"""What is drawn as an outline: a failure that is accepted remains one, and no evidence is nothing."""
ROW, TOP, LABELS, LABEL, WIDEST = 15, 52, 170, 28, 16
MOST = 60
"""Requirements that the figure shows; its title says so where there are more."""
_DAY_MS = 86_400_000


class Calendar:
    """``days`` has a row for each requirement and day: ``requirement``, ``day`` (a date), ``status`` (a status of a
    requirement, or ``no evidence``), and where it is known whether a failure was ``accepted``.

    A day between the first and the last that has no row of a requirement is one without evidence.
    """

    def __init__(self, days: pd.DataFrame, title: str):
        names = list(dict.fromkeys(days["requirement"].astype(str)))
        self.cut = f"the first {MOST} of {len(names):,} requirements" if len(names) > MOST else ""
        self.title = f"{title} ({self.cut})" if self.cut else title
        self.days = _range(days["day"])
        at = {day: place for place, day in enumerate(self.days)}
        self.rows = {name: [NO_EVIDENCE.name] * len(self.days) for name in names[:MOST]}
        accepted = days["accepted"].fillna(False) if "accepted" in days else [False] * len(days)
        for name, day, status, excused in zip(days["requirement"].astype(str), days["day"], days["status"], accepted,
                                              strict=True):
            if name in self.rows:
                self.rows[name][at[_day(day)]] = "accepted" if excused and status == FAIL.name else str(status)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {PLOTLY: self.plotly(), SVG: self.svg(), "text/plain": f"<auditkit figure: {text.visible(self.title)}>"}

    @property
    def description(self) -> str:
        """The figure in words, for those who do not see it: on how many days each requirement had which status."""
        said = (f"{text.visible(name)}: " + ", ".join(
            f"{text.count(row.count(state), 'day')} {STATES[state].text}" for state in STATES if state in row)
            for name, row in self.rows.items())
        span = f" {self.days[0]} to {self.days[-1]}." if self.days else ""
        return f"{self.title}.{span} {'; '.join(said)}"

    def plotly(self) -> dict[str, Any]:
        """The interactive form, as plotly.js takes it."""
        found: dict[str, list[tuple[str, dt.date, int]]] = {state: [] for state in STATES}
        for name, row in self.rows.items():
            for state, place, length in _runs(row):
                found[state].append((_unmarked(text.visible(name)), self.days[place], length))
        return {
            "data": [{
                "type": "bar", "orientation": "h", "name": STATES[state].text, "y": [name for name, _, _ in runs],
                "base": [first.isoformat() for _, first, _ in runs], "x": [length * _DAY_MS for _, _, length in runs],
                "width": SHARES.get(state, 0.9) * 0.9,
                "customdata": [_span(first, length) for _, first, length in runs],
                "hovertemplate": "%{y}: %{customdata}<extra>%{fullData.name}</extra>",
                "marker": {"color": "#ffffff", "line": {"color": _stroke(state), "width": 1}} if state in HOLLOW
                else {"color": STATES[state].colour},
            } for state, runs in found.items() if runs],
            "layout": {
                "title": {"text": _unmarked(self.title), "x": 0, "font": {"size": 15}}, "barmode": "overlay",
                "height": 130 + 22 * len(self.rows), "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
                "margin": {"l": 10, "r": 10, "t": 70, "b": 40},
                "xaxis": {"type": "date", "gridcolor": "#dfe3e8", "fixedrange": True},
                "yaxis": {"type": "category", "automargin": True, "fixedrange": True, "dtick": 1,
                          "tickfont": {"size": 10}, "categoryorder": "array", "autorange": "reversed",
                          "categoryarray": [_unmarked(text.visible(name)) for name in self.rows]},
                "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
                "font": {"family": "system-ui, sans-serif", "size": 12},
            },
        }

    def svg(self) -> str:
        """The static form: one mark for days in a row that are alike."""
        cell = min(WIDEST, (WIDTH - LABELS) / max(1, len(self.days)))
        shown = [state for state in STATES if any(state in row for row in self.rows.values())]
        keys, left = [], 0.0
        for state in shown:
            keys.append({"x": _number(left), **_mark(state, 0, 11), "word": STATES[state].text})
            left += 32 + 6.2 * len(STATES[state].text)
        return environment().get_template("calendar.svg").render(
            title=self.title, description=self.description, width=max(WIDTH, round(left)),
            height=TOP + ROW * (len(self.rows) + bool(self.cut)) + 6, cut=self.cut, left=LABELS, top=TOP, row=ROW,
            across=_number(cell * len(self.days)), keys=keys, ticks=self._ticks(cell),
            rows=[{"label": _label(name), "y": TOP + ROW * place, "marks": self._marks(row, TOP + ROW * place, cell)}
                  for place, (name, row) in enumerate(self.rows.items())])

    def _marks(self, row: list[str], y: int, cell: float) -> list[dict[str, Any]]:
        return [{"x": _number(LABELS + cell * place), "width": _number(max(1.0, cell * length)),
                 **_mark(state, y, ROW - 2)} for state, place, length in _runs(row) if state in SHARES]

    def _ticks(self, cell: float) -> list[dict[str, str]]:
        """The first day, and the first of each month that has room beside the label before it."""
        ticks: list[dict[str, str]] = []
        last = -999.0
        for place, day in enumerate(self.days):
            x = LABELS + cell * place
            if (place == 0 or day.day == 1) and x - last > 44:
                ticks.append({"x": _number(x), "word": f"{day:%Y-%m}" if day.day == 1 else day.isoformat()})
                last = x if day.day == 1 else x + 22
        return ticks


def calendar(days: pd.DataFrame, title: str = "Days by requirement") -> Calendar:
    """A calendar of a frame of days (columns: `Calendar`)."""
    return Calendar(days, title)


def _runs(row: list[str]) -> Iterator[tuple[str, int, int]]:
    """Days in a row that are alike: their state, the place of the first, and how many they are."""
    place = 0
    for state, run in groupby(row):
        length = len(list(run))
        yield state, place, length
        place += length


def _span(first: dt.date, length: int) -> str:
    last = first + dt.timedelta(length - 1)
    return f"{first}" if length == 1 else f"{first} to {last}, {length:,} days"


def _mark(state: str, y: float, height: float) -> dict[str, Any]:
    """The mark of a state in a row that begins at ``y``: where it begins, its height, its colour."""
    tall = height * SHARES.get(state, 1.0)
    return {"y": _number(y + (height - tall) / 2), "height": _number(tall), "colour": _stroke(state),
            "hollow": state in HOLLOW}


def _stroke(state: str) -> str:
    return "#8b919b" if state == NO_EVIDENCE.name else STATES[state].colour


def _range(days: pd.Series) -> list[dt.date]:
    """All days from the first to the last."""
    if not len(days):
        return []
    first, last = _day(days.min()), _day(days.max())
    return [first + dt.timedelta(number) for number in range((last - first).days + 1)]


def _day(value: Any) -> dt.date:
    return pd.Timestamp(value).date()  # type: ignore[no-any-return]


def _label(name: str) -> str:
    shown = text.visible(name)
    return shown if len(shown) <= LABEL else f"{shown[:LABEL - 1]}…"
