"""Figures: bars as static SVG, the same in the notebook, on the page and on paper.

The SVG is drawn by a template from numbers that are computed here, so that the same data gives the same bytes, and
neither a browser nor plotly is needed to make it. Every number is written at its bar with its word, so that there is
nothing to hover for, and colour only helps. `PLOTLY` is for the figures that have more to tell than they can write:
these have an interactive form as well.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import STATUSES, WORDS, word
from auditkit.framework.together import BETWEEN
from auditkit.reports.panels.block import environment

PLOTLY = "application/vnd.plotly.v1+json"
SVG = "image/svg+xml"

COLOURS = {name: status.colour for name, status in WORDS.items()}
PALETTE = ("#33518f", "#8a5a9e", "#2f7f86", "#a8642a", "#6b7280")

WIDTH, LABELS, ROW, TOP = 720, 250, 21, 30
AFTER = 150
"""What is kept free behind the longest bar, for its total and the parts that are too narrow for their number."""
LABEL, FITS = 80, 42
"""Characters of a label that the description and the figure have."""
MOST = 40
"""Bars that a figure shows; its title says so where there are more."""


class Figure:
    """Horizontal bars, stacked: ``values`` has a row for each bar (its index is the label), a column for each part."""

    def __init__(self, values: pd.DataFrame, title: str, colours: dict[str, str] | None = None):
        self.values = values.head(MOST)
        self.title = title if len(values) <= MOST else f"{title} (the first {MOST} of {len(values):,})"
        self.colours = colours or dict(zip(map(str, values), PALETTE * len(values.columns), strict=False))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {SVG: self.svg(), "text/plain": f"<auditkit figure: {text.visible(self.title)}>"}

    @property
    def description(self) -> str:
        """The figure in words, for those who do not see it."""
        bars = (f"{label}: " + ", ".join(f"{value} {word(part)}" for part, value in row.items() if value)
                for label, row in self.rows())
        return f"{self.title}. " + "; ".join(bars)

    def rows(self) -> list[tuple[str, dict[str, float]]]:
        """Each bar's label and its parts."""
        parts = [str(part) for part in self.values]
        return [(text.short(text.visible(str(label)), LABEL), dict(zip(parts, map(_amount, row), strict=True)))
                for label, row in zip(self.values.index, self.values.itertuples(index=False), strict=True)]

    def svg(self) -> str:
        """The static form."""
        rows = self.rows()
        longest = max((sum(row.values()) for _, row in rows), default=0) or 1
        scale = (WIDTH - LABELS - AFTER) / longest
        bars = [self._bar(TOP + number * ROW, label, row, scale) for number, (label, row) in enumerate(rows)]
        keys, left = [], 0.0
        for part, colour in self.colours.items():
            said = text.visible(word(part))
            keys.append({"x": _number(left), "part": part, "colour": colour, "word": said})
            left += 30 + 6.2 * len(said)
        return environment().get_template("bars.svg").render(
            title=self.title, description=self.description, width=WIDTH, height=TOP + ROW * len(rows) + 4,
            keys=keys, bars=bars, left=LABELS)

    def _bar(self, y: int, label: str, row: dict[str, float], scale: float) -> dict[str, Any]:
        x, parts, narrow = float(LABELS), [], []
        for part, colour in self.colours.items():
            width, value = row[part] * scale, f"{row[part]:,} {text.visible(word(part))}"
            fits = width > 6 + 6.2 * len(value)
            if width:
                parts.append({"x": _number(x), "width": _number(width), "middle": _number(x + width / 2), "part": part,
                              "colour": colour, "value": value if fits else ""})
                narrow += [] if fits else [value]
            x += width
        total = f"{sum(row.values()):,}"
        if narrow:
            total = narrow[0] if len(parts) == 1 else f"{total}: {', '.join(narrow)}"
        return {"y": y, "label": label if len(label) <= FITS else f"{label[:FITS]}…", "parts": parts,
                "end": _number(x + 6), "total": total}


GAPS = 120
"""How much of what is missing a title says; the table beside it says all."""


def chart(evaluation: Evaluation, by: str = "section") -> Figure:
    """A chart of requirements by status, for each ``section``, ``obligation``, ``level`` or ``reach``; of several
    frameworks together for each framework instead of each section, of which there are too many."""
    frame = evaluation.requirements
    if by == "section" and BETWEEN in evaluation.framework.framework:
        frame, by = frame.assign(framework=frame["id"].str.partition(" ")[0]), "framework"
    counts = pd.crosstab(frame[by].astype(str), frame["status"]).reindex(columns=list(STATUSES), fill_value=0)
    counts = counts.reindex(dict.fromkeys(frame[by].astype(str)))
    if by == "section":
        titles = {section.id: section.title for section in evaluation.framework.sections}
        counts.index = [f"{name} {titles.get(name, '')}" for name in counts.index]
    elif by == "level":
        counts.index = [f"Level {name}" for name in counts.index]
    return Figure(counts, f"Requirements by {by} and status", COLOURS)


def bars(frame: pd.DataFrame, title: str) -> Figure:
    """Bars of a DataFrame: its first column has the labels, every other one is a part of each bar."""
    return Figure(frame.set_index(frame.columns[0]).fillna(0), partly(title, frame.attrs.get("gaps")))


def partly(title: str, gaps: Sequence[str] | None) -> str:
    """The title of a figure; with what is missing in what it is made of."""
    return f"{title} (incomplete: {text.short(text.visible('; '.join(gaps)), GAPS)})" if gaps else title


def _amount(value: Any) -> float:
    """A number as JSON has it; whole ones without a point."""
    return int(value) if value == int(value) else float(value)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _unmarked(label: str) -> str:
    """Text that plotly.js shows as it is: it takes ``<b>`` and the like for markup."""
    return label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
