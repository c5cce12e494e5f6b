"""A matrix of what may reach what, as a figure: rows are sources, columns destinations, cells how much is open."""

from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.words import UNKNOWN
from auditkit.reports.panels.bars import PLOTLY, SVG, _unmarked
from auditkit.reports.panels.block import environment

STATES = ("nothing", "nothing if enforced", "unknown", "some", "all ports of some", "everything")
"""What a cell says, by its code."""
WORDS = {"nothing": "no traffic", "nothing if enforced": "none, if enforced", "unknown": "unknown",
         "some": "some ports", "all ports of some": "all ports of some pods", "everything": "all ports of all pods"}
COLOURS = {"nothing": "#ffffff", "nothing if enforced": "#f0d9ae", "unknown": UNKNOWN.colour, "some": "#9db4d8",
           "all ports of some": "#5f80b8", "everything": "#22406f"}
SHARES = {"nothing if enforced": 0.3, "unknown": 0.45, "some": 0.45, "all ports of some": 0.7, "everything": 1.0}
"""How much of its cell a mark fills, so that it can be told without colours too."""
HOLLOW = ("nothing if enforced",)
"""What is drawn as an outline: of what is so only on a condition there is no mark to rely on."""
CELL, LABELS, HEAD, LABEL, LINE, KEY = 17, 150, 118, 24, 18, 138


class Matrix:
    """``cells`` has a row for each source and a column for each destination; values are those of `STATES`.

    ``condition`` is a sentence on what all of it rests on; it stands in the figure.
    """

    def __init__(self, cells: pd.DataFrame, title: str, condition: str = ""):
        self.cells, self.title, self.condition = cells, title, condition

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {PLOTLY: self.plotly(), SVG: self.svg(), "text/plain": f"<auditkit figure: {text.visible(self.title)}>"}

    @property
    def description(self) -> str:
        """The figure in words, for those who do not see it."""
        said = (f"{source}: " + ", ".join(f"{name} {WORDS[state]}" for name, state in row.items() if state != "nothing")
                for source, row in self._rows())
        return " ".join(filter(None, (f"{self.title}.", self.condition, "; ".join(said))))

    def _rows(self) -> list[tuple[str, dict[str, str]]]:
        names = [text.visible(str(name)) for name in self.cells]
        return [(text.visible(str(source)), dict(zip(names, row, strict=True)))
                for source, row in zip(self.cells.index, self.cells.itertuples(index=False), strict=True)]

    def plotly(self) -> dict[str, Any]:
        """The interactive form, as plotly.js takes it."""
        rows, steps = self._rows(), len(STATES)
        scale = [[(place + edge) / steps, COLOURS[state]] for place, state in enumerate(STATES) for edge in (0, 1)]
        axis = {"type": "category", "automargin": True, "fixedrange": True, "tickfont": {"size": 10}, "dtick": 1}
        return {
            "data": [{
                "type": "heatmap", "x": [_unmarked(str(text.visible(str(name)))) for name in self.cells],
                "y": [_unmarked(source) for source, _ in rows],
                "z": [[STATES.index(state) for state in row.values()] for _, row in rows],
                "text": [[WORDS[state] for state in row.values()] for _, row in rows],
                "hovertemplate": "from %{y}<br>to %{x}: %{text}<extra></extra>", "xgap": 1, "ygap": 1,
                "zmin": -0.5, "zmax": steps - 0.5, "colorscale": scale,
                "colorbar": {"tickvals": list(range(steps)), "ticktext": [WORDS[state] for state in STATES],
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
        rows = self._rows()
        top = HEAD + 22 + (LINE if self.condition else 0)
        shown = {state for _, row in rows for state in row.values()}
        keys = [{"x": 4 + KEY * place, **_mark(state), "word": WORDS[state]}
                for place, state in enumerate(state for state in STATES if state in SHARES and state in shown)]
        return environment().get_template("matrix.svg").render(
            title=self.title, description=self.description, condition=self.condition, cell=CELL, left=LABELS, top=top,
            width=max(LABELS + CELL * len(self.cells.columns) + 60, 570), height=top + CELL * len(rows) + 6, keys=keys,
            columns=[{"label": _label(str(name)), "x": LABELS + CELL * place} for place, name in enumerate(self.cells)],
            rows=[{"label": _label(source), "y": top + CELL * place, "marks": [
                {"x": LABELS + CELL * column, **_mark(state)}
                for column, state in enumerate(row.values()) if state in SHARES]}
                for place, (source, row) in enumerate(rows)])


def _mark(state: str) -> dict[str, Any]:
    """The square that stands for a state: its size, how far it is from the edges of the cell, its colour."""
    size = round((CELL - 3) * SHARES[state], 1)
    return {"size": size, "inset": round((CELL - size) / 2, 1), "colour": COLOURS[state],
            "round": state == "unknown", "hollow": state in HOLLOW, "stroke": UNKNOWN.colour}


def _label(name: str) -> str:
    shown = text.visible(name)
    return shown if len(shown) <= LABEL else f"{shown[:LABEL - 1]}…"
