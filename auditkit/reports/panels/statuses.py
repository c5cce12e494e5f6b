"""Requirements by cluster, as figures: how each requirement stands in each cluster of a fleet."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.words import MANUAL, NO_EVIDENCE, STATUSES, WORDS, word
from auditkit.reports.panels.calendar import SHARES
from auditkit.reports.panels.matrix import Matrix, Scale

STANDING = Scale(
    {**{name: word(name) for name in STATUSES}, NO_EVIDENCE.name: "not judged"},
    {**{name: each.colour for name, each in WORDS.items()}, NO_EVIDENCE.name: NO_EVIDENCE.colour},
    {name: share for name, share in SHARES.items() if name in STATUSES}, "%{y} in %{x}: %{text}", step=104)
"""How a requirement stands in a cluster; a cluster that was not judged by it has no mark."""
TALLEST, WIDEST = 45, 32
"""Requirements and clusters of one figure: what does not fit on a page is drawn in parts."""


class Statuses:
    """Figures one under the other; a cell shows all of them."""

    def __init__(self, figures: list[Matrix]):
        self.figures = figures

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(*self.figures)


def statuses(requirements: pd.DataFrame) -> Statuses:
    """How each requirement stands in each cluster, for each framework: ``requirements`` has a row for each requirement
    and cluster (columns ``framework``, ``requirement``, ``cluster``, ``status``).

    Requirements that are manual in every cluster are left out, which the title says: no cluster shows them.
    """
    return Statuses([figure for name in dict.fromkeys(requirements["framework"])
                     for figure in _figures(str(name), requirements[requirements["framework"] == name],
                                            list(dict.fromkeys(requirements["cluster"])))])


def _figures(framework: str, ours: pd.DataFrame, clusters: list[str]) -> Iterator[Matrix]:
    cells = ours.set_index(["requirement", "cluster"])["status"].unstack().astype(object)
    cells = cells.reindex(index=list(dict.fromkeys(ours["requirement"])), columns=clusters)
    manual = (cells == MANUAL.name).all(axis=1)
    shown = cells[~manual].where(cells[~manual].notna(), NO_EVIDENCE.name)
    left = f", {int(manual.sum())} manual everywhere left out" if manual.any() else ""
    called = text.visible(framework)
    parts = [(first, column) for column in range(0, len(clusters), WIDEST) for first in range(0, len(shown), TALLEST)]
    for number, (first, column) in enumerate(parts, 1):
        part = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        yield Matrix(shown.iloc[first:first + TALLEST, column:column + WIDEST],
                     f"{called} by cluster{part}{left}", replace(STANDING, corner=called))
