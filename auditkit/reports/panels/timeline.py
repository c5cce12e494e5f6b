"""A timeline of deviations as a figure: when snapshots show each, and how much longer it may have lasted."""

from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.words import FAIL, SUBJECT, UNKNOWN
from auditkit.reports.panels.bars import PLOTLY, SVG, WIDTH, _number, _unmarked
from auditkit.reports.panels.block import environment

SEEN, ACCEPTED = "shown by snapshots", "the same, accepted"
BOUNDS, OPEN = "may have lasted so long", "not bounded: no snapshot without it"
ROW, TOP, LABELS, LABEL, LEAST, MOST = 18, 52, 270, 44, 3.0, 40
_DAY = "%Y-%m-%d"


class Timeline:
    """``deviations`` has a row for each deviation: ``requirement``, ``subject`` (or the columns kind, namespace, name
    and container), and times: ``first_seen``, ``last_seen``, and the last snapshot before it that does not show it and
    the first after it (``began_after``, ``ended_before``; missing where there is none). ``accepted`` (or
    ``accepted_snapshots``, of which any counts) tells those whose risk was accepted.
    """

    def __init__(self, deviations: pd.DataFrame, title: str):
        shown = deviations.head(MOST)
        self.cut = f"the first {MOST} of {len(deviations):,} deviations" if len(deviations) > MOST else ""
        self.title = f"{title} ({self.cut})" if self.cut else title
        self.deviations = pd.DataFrame({
            "label": [f"{requirement} {subject}" for requirement, subject in zip(
                shown["requirement"].astype(str), _subjects(shown), strict=True)],
            **{name: pd.to_datetime(shown[name].to_list(), utc=True) for name in (
                "began_after", "first_seen", "last_seen", "ended_before")},
            "accepted": _accepted(shown),
        })
        times = self.deviations[["began_after", "first_seen", "last_seen", "ended_before"]]
        self.begin, self.end = times.min(axis=None), times.max(axis=None)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {PLOTLY: self.plotly(), SVG: self.svg(), "text/plain": f"<auditkit figure: {text.visible(self.title)}>"}

    @property
    def description(self) -> str:
        """The figure in words, for those who do not see it."""
        return f"{self.title}. " + "; ".join(f"{text.visible(row['label'])}: {_said(row)}" for row in self._rows())

    def plotly(self) -> dict[str, Any]:
        """The interactive form, as plotly.js takes it."""
        rows = self._rows()
        parts = (
            (BOUNDS, UNKNOWN.colour, 3, "dot", rows, ("from", "until")),
            (SEEN, FAIL.colour, 11, "solid", [row for row in rows if not row["accepted"]], ("first_seen", "last_seen")),
            (ACCEPTED, FAIL.colour, 5, "solid", [row for row in rows if row["accepted"]], ("first_seen", "last_seen")),
        )
        return {
            "data": [{
                "type": "scatter", "mode": "lines+markers", "name": name, "marker": {"size": width, "symbol": "square"},
                "line": {"color": colour, "width": width, "dash": dash},
                "x": [each for row in shown for each in (_iso(row[begin]), _iso(row[end]), None)],
                "y": [each for row in shown for each in (row["place"], row["place"], None)],
                "text": [each for row in shown for each in (*[_unmarked(_said(row))] * 2, None)],
                "hovertemplate": "%{y}<br>%{text}<extra></extra>",
            } for name, colour, width, dash, shown, (begin, end) in parts if shown],
            "layout": {
                "title": {"text": _unmarked(self.title), "x": 0, "font": {"size": 15}}, "height": 140 + 24 * len(rows),
                "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
                "margin": {"l": 10, "r": 10, "t": 70, "b": 40},
                "xaxis": {"type": "date", "gridcolor": "#dfe3e8", "fixedrange": True},
                "yaxis": {"type": "category", "automargin": True, "autorange": "reversed", "fixedrange": True,
                          "dtick": 1, "tickfont": {"size": 10}, "categoryorder": "array",
                          "categoryarray": [row["place"] for row in rows]},
                "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
                "font": {"family": "system-ui, sans-serif", "size": 12},
            },
        }

    def svg(self) -> str:
        """The static form."""
        rows = self._rows()
        span = (self.end - self.begin).total_seconds() if rows else 0
        scale = (WIDTH - LABELS - 20) / (span or 1)
        drawn = [self._bar(TOP + ROW * place, row, scale) for place, row in enumerate(rows)]
        return environment().get_template("timeline.svg").render(
            title=self.title, description=self.description, width=WIDTH, cut=self.cut, top=TOP,
            height=TOP + ROW * (len(rows) + bool(self.cut)) + 6,
            left=LABELS, right=WIDTH - 20, rows=drawn, seen=SEEN, excused=ACCEPTED, bounds=BOUNDS, unbounded=OPEN,
            colour=FAIL.colour, thin=UNKNOWN.colour, begin=f"{self.begin:{_DAY}}" if rows else "",
            end=f"{self.end:{_DAY}}" if rows else "")

    def _bar(self, y: int, row: dict[str, Any], scale: float) -> dict[str, Any]:
        def x(moment: pd.Timestamp) -> float:
            return LABELS + float((moment - self.begin).total_seconds()) * scale

        left, right = x(row["first_seen"]), x(row["last_seen"])
        return {
            "y": y, "label": _label(row["label"]), "x": _number(left), "width": _number(max(LEAST, right - left)),
            "from": _number(x(row["from"])), "until": _number(x(row["until"])), "accepted": row["accepted"],
            "open_before": pd.isna(row["began_after"]), "open_after": pd.isna(row["ended_before"]),
        }

    def _rows(self) -> list[dict[str, Any]]:
        """The deviations with the bounds of what can be drawn: where there is none, the edge of the figure."""
        rows: list[dict[str, Any]] = self.deviations.to_dict("records")
        return [{**row, "place": _unmarked(f"{place}. {text.visible(row['label'])}"),
                 "from": self.begin if pd.isna(row["began_after"]) else row["began_after"],
                 "until": self.end if pd.isna(row["ended_before"]) else row["ended_before"]}
                for place, row in enumerate(rows, 1)]


def timeline(deviations: pd.DataFrame, title: str = "Deviations") -> Timeline:
    """A timeline of a frame of deviations (columns: `Timeline`)."""
    return Timeline(deviations, title)


def _said(row: dict[str, Any]) -> str:
    after, before = row["began_after"], row["ended_before"]
    began = "no snapshot before it without it" if pd.isna(after) else f"began after {after:{_DAY}}"
    ended = "no end seen" if pd.isna(before) else f"ended before {before:{_DAY}}"
    accepted = ", accepted" if row["accepted"] else ""
    return f"seen {row['first_seen']:{_DAY}} to {row['last_seen']:{_DAY}}, {began}, {ended}{accepted}"


def _subjects(frame: pd.DataFrame) -> list[str]:
    """What each deviation is of, in words."""
    if "subject" in frame:
        return list(frame["subject"].astype(str))
    parts = frame.reindex(columns=SUBJECT).astype(object)
    return [f"{kind} {'/'.join(filter(None, (space, name)))}{f' ({container})' if container else ''}".strip()
            for kind, space, name, container in parts.where(parts.notna(), "").itertuples(index=False, name=None)]


def _accepted(frame: pd.DataFrame) -> list[bool]:
    if "accepted" in frame:
        return [bool(value) for value in frame["accepted"].fillna(False)]
    counted = frame["accepted_snapshots"] if "accepted_snapshots" in frame else pd.Series(0, frame.index)
    return [bool(value) for value in (counted.fillna(0) > 0)]


def _iso(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _label(name: str) -> str:
    shown = text.visible(name)
    return shown if len(shown) <= LABEL else f"{shown[:LABEL - 1]}…"
