"""A matrix as a figure: what may reach what, how a requirement stands in each cluster."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.words import UNKNOWN
from auditkit.reports.panels.bars import PLOTLY, SVG, _unmarked
from auditkit.reports.panels.block import environment


@dataclass(frozen=True)
class Scale:
    """What cells can say: the words, the colour and the share of its cell that a mark fills, by state, in the order of
    the key. A share tells states apart without colours; a state without one has no mark. ``round`` marks are circles,
    and ``hollow`` ones outlines: of what is so only on a condition.

    ``hover`` is what the interactive form says of a cell, ``corner`` what rows and columns are; ``silent`` is the state
    that the description leaves out.
    """

    words: dict[str, str]
    colours: dict[str, str]
    shares: dict[str, float]
    hover: str
    corner: str = ""
    silent: str = ""
    round: tuple[str, ...] = (UNKNOWN.name,)
    hollow: tuple[str, ...] = ()
    step: int = 138
    """Width of an entry of the key."""


TRAFFIC = Scale(
    {"nothing": "no traffic", "nothing if enforced": "none, if enforced", "unknown": "unknown", "some": "some ports",
     "all ports of some": "all ports of some pods", "everything": "all ports of all pods"},
    {"nothing": "#ffffff", "nothing if enforced": "#f0d9ae", "unknown": UNKNOWN.colour, "some": "#9db4d8",
     "all ports of some": "#5f80b8", "everything": "#22406f"},
    {"nothing if enforced": 0.3, "unknown": 0.45, "some": 0.45, "all ports of some": 0.7, "everything": 1.0},
    "from %{y}<br>to %{x}: %{text}", "rows to columns", "nothing", hollow=("nothing if enforced",))
"""What may reach what."""
STATES = tuple(TRAFFIC.words)

CELL, LABELS, HEAD, LABEL, LINE = 17, 150, 118, 24, 18


class Matrix:
    """``cells`` has texts of rows as its index and of columns as its columns; values are the states of the scale.

    ``condition`` is a sentence on what all of it rests on; it stands in the figure.
    """

    def __init__(self, cells: pd.DataFrame, title: str, scale: Scale = TRAFFIC, condition: str = ""):
        self.cells, self.title, self.scale, self.condition = cells, title, scale, condition

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {PLOTLY: self.plotly(), SVG: self.svg(), "text/plain": f"<auditkit figure: {text.visible(self.title)}>"}

    @property
    def description(self) -> str:
        """The figure in words, for those who do not see it."""
        words, silent = self.scale.words, self.scale.silent
        said = (f"{source}: " + ", ".join(f"{name} {words[state]}" for name, state in row.items() if state != silent)
                for source, row in self._rows())
        return " ".join(filter(None, (f"{self.title}.", self.condition, "; ".join(said))))

    def _rows(self) -> list[tuple[str, dict[str, str]]]:
        names = [text.visible(str(name)) for name in self.cells]
        return [(text.visible(str(source)), dict(zip(names, row, strict=True)))
                for source, row in zip(self.cells.index, self.cells.itertuples(index=False), strict=True)]

    def plotly(self) -> dict[str, Any]:
        """The interactive form, as plotly.js takes it."""
        rows, words = self._rows(), self.scale.words
        states, steps = list(words), len(words)
        scale = [[(place + edge) / steps, self.scale.colours[state]] for place, state in enumerate(states)
                 for edge in (0, 1)]
        axis = {"type": "category", "automargin": True, "fixedrange": True, "tickfont": {"size": 10}, "dtick": 1}
        return {
            "data": [{
                "type": "heatmap", "x": [_unmarked(str(text.visible(str(name)))) for name in self.cells],
                "y": [_unmarked(source) for source, _ in rows],
                "z": [[states.index(state) for state in row.values()] for _, row in rows],
                "text": [[words[state] for state in row.values()] for _, row in rows],
                "hovertemplate": f"{self.scale.hover}<extra></extra>", "xgap": 1, "ygap": 1,
                "zmin": -0.5, "zmax": steps - 0.5, "colorscale": scale,
                "colorbar": {"tickvals": list(range(steps)), "ticktext": list(words.values()),
                             "orientation": "h", "y": -0.02, "yanchor": "top", "thickness": 10,
                             "tickfont": {"size": 9}},
            }],
            "layout": {
                "title": {"text": "<br>".join(map(_unmarked, filter(None, (self.title, self.condition)))), "x": 0,
                          "y": 0.99, "yref": "container", "yanchor": "top", "font": {"size": 15}},
                "height": 260 + 20 * len(rows),
                "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "#dfe3e8",
                "margin": {"l": 10, "r": 10, "t": 150, "b": 30},
                "xaxis": {**axis, "side": "top", "tickangle": -60, "automargin": False},
                "yaxis": {**axis, "autorange": "reversed"}, "font": {"family": "system-ui, sans-serif", "size": 12},
            },
        }

    def svg(self) -> str:
        """The static form."""
        rows, scale = self._rows(), self.scale
        top = HEAD + 22 + (LINE if self.condition else 0)
        keys = [{"x": 4 + scale.step * place, **self._mark(state), "word": scale.words[state]}
                for place, state in enumerate(state for state in scale.words if state in scale.shares)]
        return environment().get_template("matrix.svg").render(
            title=self.title, description=self.description, condition=self.condition, cell=CELL, left=LABELS, top=top,
            corner=scale.corner, width=max(LABELS + CELL * len(self.cells.columns) + 60, scale.step * len(keys) + 18),
            height=top + CELL * len(rows) + 6, keys=keys,
            columns=[{"label": _label(str(name)), "x": LABELS + CELL * place} for place, name in enumerate(self.cells)],
            rows=[{"label": _label(source), "y": top + CELL * place, "marks": [
                {"x": LABELS + CELL * column, **self._mark(state)}
                for column, state in enumerate(row.values()) if state in scale.shares]}
                for place, (source, row) in enumerate(rows)])

    def _mark(self, state: str) -> dict[str, Any]:
        """The square that stands for a state: its size, how far it is from the edges of the cell, its colour."""
        size = round((CELL - 3) * self.scale.shares[state], 1)
        return {"size": size, "inset": round((CELL - size) / 2, 1), "colour": self.scale.colours[state],
                "round": state in self.scale.round, "hollow": state in self.scale.hollow, "stroke": UNKNOWN.colour}


def _label(name: str) -> str:
    shown = text.visible(name)
    return shown if len(shown) <= LABEL else f"{shown[:LABEL - 1]}…"
