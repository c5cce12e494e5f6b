"""Figures of a period: what they draw is what the frames say, without colours too, and nothing where nothing is known."""

import datetime as dt
import html
import json
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from auditkit.base.hostile_text import visible
from auditkit.evaluation.words import NO_EVIDENCE, STATUSES
from auditkit.reports import show
from auditkit.reports.panels.calendar import MOST, SHARES, STATES

RECT = "{http://www.w3.org/2000/svg}rect"
TEXT = "{http://www.w3.org/2000/svg}text"
FIRST = dt.date(2026, 1, 1)
HOSTILE = "<script>\u202e&x"


def time(day: float) -> pd.Timestamp:
    return pd.Timestamp(2026, 1, 1, tz="UTC") + pd.Timedelta(days=day)


def days(**rows: str) -> pd.DataFrame:
    """A letter a day: p(ass), f(ail), u(nknown), a(ccepted), . (no evidence)."""
    words = {"p": "pass", "f": "fail", "a": "fail", "u": "unknown", ".": NO_EVIDENCE.name}
    return pd.DataFrame([{"requirement": name, "day": FIRST + dt.timedelta(place), "status": words[letter],
                          "accepted": letter == "a"} for name, row in rows.items() for place, letter in enumerate(row)])


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter(TEXT)]


DEVIATIONS = pd.DataFrame({
    "requirement": ["CC6.1", "CC6.1", "CC7.2"], "subject": ["Pod a/b", "Pod a/c", HOSTILE],
    "began_after": [time(1), pd.NaT, time(5)], "first_seen": [time(2), time(0), time(6)],
    "last_seen": [time(4), time(3), time(6)], "ended_before": [time(5), time(4), pd.NaT],
    "accepted": [False, True, False],
})


def figures() -> dict[str, object]:
    return {
        "calendar": show.calendar(days(**{HOSTILE: "ppfau..p"}), HOSTILE), "timeline": show.timeline(DEVIATIONS, HOSTILE),
        "weeks": show.weeks(pd.DataFrame({"when": [time(1)], "change": [HOSTILE], "weight": ["high"]}), HOSTILE),
        "nothing, calendar": show.calendar(days(a="p").head(0)), "nothing, timeline": show.timeline(DEVIATIONS.head(0)),
        "nothing, weeks": show.weeks(pd.DataFrame({"when": [], "change": [], "weight": []})),
    }


@pytest.mark.parametrize("name", list(figures()))
def test_a_figure_has_its_forms_and_no_markup_of_names(name: str) -> None:
    figure = figures()[name]
    shown = figure._repr_mimebundle_()
    svg = shown["image/svg+xml"]
    ET.fromstring(svg)
    assert "<script>" not in svg + json.dumps(shown.get("application/vnd.plotly.v1+json")) and "\u202e" not in svg
    assert "\u202e" not in shown["text/plain"] and svg == figures()[name].svg()
    assert ("application/vnd.plotly.v1+json" in shown) == ("weeks" not in name), "bars write every number"
    assert visible(figure.title) in html.unescape(svg)


def test_days_that_are_alike_are_one_mark() -> None:
    figure = show.calendar(days(**{"CC6.1": "pppffuu..pp"}))
    [row] = [figure._marks(row, 0, 10.0) for row in figure.rows.values()]
    assert [(mark["x"], mark["width"]) for mark in row] == [("170", "30"), ("200", "20"), ("220", "20"), ("260", "20")]
    assert "CC6.1: 2 days fail, 2 days unknown, 5 days pass, 2 days no evidence" in figure.description
    traces = {trace["name"]: trace for trace in figure.plotly()["data"]}
    assert traces["pass"]["base"] == ["2026-01-01", "2026-01-10"]
    assert traces["fail"]["customdata"] == ["2026-01-04 to 2026-01-05, 2 days"]


def test_a_day_without_a_row_has_no_evidence() -> None:
    frame = days(**{"CC6.1": "ppppp", "CC6.2": "ppppp"}).drop(index=[2, 7, 8])
    assert show.calendar(frame).rows == {"CC6.1": ["pass", "pass", NO_EVIDENCE.name, "pass", "pass"],
                                         "CC6.2": ["pass", "pass", NO_EVIDENCE.name, NO_EVIDENCE.name, "pass"]}


def test_states_are_told_without_colours() -> None:
    assert len(set(SHARES.values())) == len(SHARES) and set(SHARES) | {NO_EVIDENCE.name} == set(STATES)
    assert set(STATUSES) <= set(STATES)
    widths = [trace["width"] for trace in show.calendar(days(a="pfu")).plotly()["data"]]
    assert len(set(widths)) == 3
    accepted = show.calendar(days(a="a")).svg()
    assert 'class="ground" stroke=' in accepted and "fail, accepted" in texts(accepted)


def test_a_calendar_of_many_requirements_says_that_it_is_cut() -> None:
    figure = show.calendar(days(**{f"r{number}": "p" for number in range(MOST + 5)}))
    assert len(figure.rows) == MOST and figure.title == "Days by requirement (the first 60 of 65 requirements)"
    assert "the first 60 of 65 requirements" in texts(figure.svg()), "on paper too, where no title is drawn"


def test_a_timeline_of_many_deviations_says_that_it_is_cut() -> None:
    figure = show.timeline(pd.concat([DEVIATIONS] * 20, ignore_index=True))
    assert "the first 40 of 60 deviations" in texts(figure.svg()) and figure.title.endswith("of 60 deviations)")
    assert len(figure._rows()) == 40


def test_a_year_has_the_names_of_its_months() -> None:
    svg = show.calendar(days(**{"CC6.1": "p" * 365})).svg()
    assert {"2026-04", "2026-07", "2026-12"} <= set(texts(svg))


def test_a_timeline_has_what_was_seen_and_its_bounds() -> None:
    figure = show.timeline(DEVIATIONS)
    bounded, before, after = figure._rows()
    assert (bounded["from"], bounded["until"]) == (time(1), time(5))
    assert (before["from"], after["until"]) == (time(0), time(6)), "the edge, where there is no bound"
    drawn = [figure._bar(0, row, 10 / 86_400) for row in (bounded, before, after)]
    assert [(bar["x"], bar["width"]) for bar in drawn] == [("290", "20"), ("270", "30"), ("330", "3")]
    assert [(bar["open_before"], bar["open_after"]) for bar in drawn] == [(False, False), (True, False), (False, True)]
    assert "CC6.1 Pod a/b: seen 2026-01-03 to 2026-01-05, began after 2026-01-02, ended before 2026-01-06" in (
        figure.description)
    assert "no end seen" in figure.description and ", accepted" in figure.description


def test_a_timeline_takes_subjects_in_parts() -> None:
    parts = DEVIATIONS.drop(columns=["subject", "accepted"]).assign(
        kind="Pod", namespace=["a", None, "a"], name="b", container=[None, None, "c"], accepted_snapshots=[0, 2, 0])
    figure = show.timeline(parts)
    assert list(figure.deviations["label"]) == ["CC6.1 Pod a/b", "CC6.1 Pod b", "CC7.2 Pod a/b (c)"]
    assert list(figure.deviations["accepted"]) == [False, True, False]


def test_weeks_without_a_snapshot_say_so() -> None:
    changes = pd.DataFrame({"when": [time(1), time(1), time(29)], "change": ["added", "added", "removed"],
                            "weight": ["low", "high", "high"]})
    figure = show.weeks(changes, taken=[time(1), time(8), time(29)])
    assert list(figure.values.index) == ["2026-W01 added", "2026-W02 no change", "2026-W03 no snapshot",
                                         "2026-W04 no snapshot", "2026-W05 removed"]
    assert figure.values.loc["2026-W01 added"].to_dict() == {"high": 1, "medium": 0, "low": 1}
    assert figure.values.to_numpy().sum() == len(changes)


def test_a_change_of_another_kind_is_not_left_out() -> None:
    frame = pd.DataFrame({"when": [time(1), time(1)], "change": ["moved", "added"], "weight": ["low", "unheard of"]})
    figure = show.weeks(frame)
    assert figure.values.loc["2026-W01 moved", "low"] == figure.values.loc["2026-W01 added", "unheard of"] == 1
