"""The figures of requirements by cluster: every status can be told, nothing is hidden, and hostile names stay text."""

import json
from xml.etree import ElementTree as ET

import pandas as pd

from auditkit.evaluation.words import STATUSES
from auditkit.reports import show
from auditkit.reports.panels.statuses import STANDING, TALLEST, WIDEST

RECT = "{http://www.w3.org/2000/svg}rect"
HOSTILE = "<script>\u202e&x"


def requirements(*rows: tuple[str, str, str], framework: str = "f") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["cluster", "requirement", "status"]).assign(framework=framework)


def test_each_status_has_a_mark_of_its_own_size_and_what_was_not_judged_has_none() -> None:
    rows = [("a", status, status) for status in STATUSES] + [("b", "fail", "pass")]
    [figure] = show.statuses(requirements(*rows)).figures
    assert figure.cells.loc["unknown", "b"] == "no evidence" and figure.title == "f by cluster"
    svg = ET.fromstring(figure.svg())
    shares = list(STANDING.shares.values())
    assert len({*shares}) == len(STATUSES) and "no evidence" not in STANDING.shares
    marks = [rect for rect in svg.iter(RECT) if rect.get("height") == rect.get("width")]
    assert len(marks) == 2 * len(STATUSES) + 1, "a key of each, and a mark of each that was judged"


def test_what_is_manual_everywhere_is_left_out_and_counted() -> None:
    [figure] = show.statuses(requirements(("a", "1", "manual"), ("a", "2", "manual"), ("a", "3", "pass"), ("b", "1", "manual"),
                                          ("b", "2", "fail"), ("b", "3", "pass"))).figures
    assert list(figure.cells.index) == ["2", "3"] and figure.title == "f by cluster, 1 manual everywhere left out"


def test_many_requirements_and_clusters_are_drawn_in_parts_that_lose_nothing() -> None:
    rows = [(f"c{cluster}", f"r{number}", "fail") for number in range(TALLEST + 1) for cluster in range(WIDEST + 1)]
    figures = show.statuses(requirements(*rows)).figures
    assert [figure.title for figure in figures] == [f"f by cluster ({part} of 4)" for part in (1, 2, 3, 4)]
    assert sum(figure.cells.size for figure in figures) == len(rows)


def test_hostile_names_stay_text() -> None:
    [figure] = show.statuses(requirements((HOSTILE, HOSTILE, "fail"), framework=HOSTILE)).figures
    shown = figure._repr_mimebundle_()
    drawn = shown["image/svg+xml"] + json.dumps(shown["application/vnd.plotly.v1+json"], ensure_ascii=False)
    ET.fromstring(shown["image/svg+xml"])
    assert "<script>" not in drawn and "\u202e" not in drawn + shown["text/plain"]
