"""Tables of an open notebook sort, filter and export without the network; page and PDF are drawn as always."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report_worlds import published

from auditkit.errors import MissingDependency
from auditkit.reports import shell, show
from auditkit.reports.panels import interactive

pytest.importorskip("itables", reason="needs the extra lab")
EVIL = "<img src=x onerror=alert(1)>\u202e=1+1"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A kernel that has shown no table yet."""
    yield
    interactive.want(False)
    interactive._carrier.clear()


def html(thing: Any) -> str:
    return thing._repr_mimebundle_()["text/html"]


def frame(rows: int = 30) -> pd.DataFrame:
    return pd.DataFrame({"name": [EVIL, *(f"pod-{number}" for number in range(rows - 1))], "restarts": range(rows),
                         EVIL: pd.array([None, *[True] * (rows - 1)], "boolean")})


def test_tables_are_interactive_where_somebody_wants_it() -> None:
    assert "new ITable" not in html(show.table(frame(), "Pods"))
    assert "new ITable" in html(show.table(frame(), "Pods", interactive=True))
    shell.set_up(interactive=True)
    assert "new ITable" in html(show.table(frame(), "Pods"))
    assert "new ITable" not in html(show.table(frame(), "Pods", interactive=False))


def test_the_data_of_an_interactive_table_are_those_of_any_other() -> None:
    one, other = (show.table(frame(), "Pods", "A note.", interactive=wanted)._repr_mimebundle_() for wanted in (True, False))
    one.pop("text/html"), other.pop("text/html")
    assert one == other


def test_the_script_is_in_the_first_table_and_again_where_that_cell_runs_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(cell: str, request: str) -> bool:
        monkeypatch.setattr(interactive, "_cell", lambda: (cell, request))
        return "injectModule" in interactive.draw(frame(2))

    assert [shown("a", "1"), shown("a", "1"), shown("b", "2"), shown("a", "3"), shown("b", "4")] == [True, False, False, True, False]


def test_a_long_table_says_that_it_is_cut() -> None:
    assert f"The first {interactive.MOST:,} of 5,003 rows." in interactive.draw(frame(5_003))


def test_an_index_that_has_a_name_is_a_column_and_an_unknown_value_is_told() -> None:
    counted = pd.DataFrame({"check": ["a", "a", "b"], "verdict": pd.array(["pass", None, "pass"], "string")})
    shown = interactive.draw(counted.groupby("check").size().rename("rows").to_frame())
    assert '[[\\"a\\", 2], [\\"b\\", 1]]' in shown
    assert list(interactive.flat(counted.groupby("check").agg(check=("check", "size")))) == ["check", "check"]
    assert "&lt;NA&gt;" in interactive.draw(counted)
    assert interactive.draw(pd.DataFrame({"n": pd.array([1, None], "Int64")})).count("&lt;NA&gt;") == 2  # and without scripts


def test_without_itables_it_is_a_sentence_and_by_default_a_plain_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive, "find_spec", lambda name: None)
    shell.set_up(interactive=True)
    assert "new ITable" not in html(show.table(frame(), "Pods"))
    monkeypatch.setitem(__import__("sys").modules, "itables", None)
    with pytest.raises(MissingDependency, match=r"pip install 'auditkit\[lab\]'"):
        html(show.table(frame(), "Pods", interactive=True))


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """A page with what a cell shows; it may ask the network for nothing, and no dialog opens."""
    troubles: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)

    def opened(shown: str) -> Any:
        (tmp_path / "cell.html").write_text(f"<!doctype html><meta charset=utf-8><body>{shown}")
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: (troubles.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda asked: None if asked.url.startswith(("file:///tmp", "data:", "blob:")) else troubles.append(asked.url))
        page.goto((tmp_path / "cell.html").as_uri())
        page.wait_for_selector("table.dataTable tbody tr td")
        return page

    yield opened
    context.close()
    assert troubles == []


def test_rows_sort_filter_page_and_export(page: Callable[[str], Any], tmp_path: Path) -> None:
    pods = frame()
    pods.loc[1, "name"] = "=1+1"
    shown = page(html(show.table(pods, "Pods", interactive=True)))
    cells = shown.locator("table.dataTable tbody tr td:first-child")
    assert cells.count() == 10 and "<img" in cells.first.inner_text() and "\u202e" not in cells.first.inner_text()
    for order in ("asc", "desc"):
        shown.locator("thead th", has_text="restarts").locator("button.dtcc-button_order").first.click()
        shown.wait_for_selector(f"th.dt-ordering-{order}")
    assert shown.locator("table.dataTable tbody tr", has_text="pod-28").count() == 1 and cells.first.inner_text() == "pod-28"
    shown.locator(".dt-paging button", has_text="3").click()
    shown.get_by_text("Showing 21 to 30 of 30").wait_for()
    shown.locator("input[type=search]").first.fill("pod-7")
    shown.get_by_text("Showing 1 to 1 of 1 entry").wait_for()
    assert cells.all_inner_texts() == ["pod-7"]
    shown.locator("input[type=search]").first.fill("=1+1")
    shown.get_by_text("Showing 1 to 2 of 2 entries").wait_for()
    with shown.expect_download() as given:
        shown.get_by_text("CSV").click()
    given.value.save_as(tmp_path / "rows.csv")
    text = (tmp_path / "rows.csv").read_text()
    assert "<img src=x onerror=alert(1)>" in text and '"=1+1"' not in text and "=1+1" in text


def test_a_notebook_that_ran_so_is_drawn_as_a_page(tmp_path: Path) -> None:
    files = published(tmp_path, "# Pods", show.table(frame(), "Pods", interactive=True), shell._interactive(frame(3)))
    text = files.html.read_text()
    assert "<td>pod-28</td>" in text and "3 rows" in text and "ITable" not in text
    assert files.pdf.read_bytes().startswith(b"%PDF-")
