"""The page in a browser: it draws, sorts, filters and hands out files, and asks the network for nothing."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report_worlds import judged, pod, published

from auditkit.reports import show
from tests.reports.test_page import EVIL, everything

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    evaluation = judged(*[pod(f"web-{number}{EVIL if number == 1 else ''}", privileged=number % 2 == 1) for number in range(40)],
                        services="forbidden")
    return published(tmp_path_factory.mktemp("page"), *everything(evaluation)).html


@pytest.fixture
def page(visit: Callable[..., Any], house: Path) -> Any:
    return visit(house)


def test_nothing_is_wider_than_a_phone(visit: Callable[..., Any], house: Path) -> None:
    page = visit(house, viewport=PHONE)
    assert page.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert page.locator("figure img").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_an_interactive_figure_is_drawn(visit: Callable[..., Any], tmp_path: Path) -> None:
    days = pd.DataFrame({"requirement": ["1.1"], "day": [dt.date(2026, 1, 2)], "status": ["fail"]})
    visit(published(tmp_path, "# House", show.calendar(days)).html).wait_for_selector(".plot .main-svg")


def test_a_link_opens_the_card_that_it_leads_to(page: Any) -> None:
    assert not page.locator("details[id='r-1.1']").get_attribute("open")
    page.click("table.worst a[href='#r-1.1']")
    page.wait_for_selector("details[id='r-1.1'][open]")


def test_columns_sort_and_tables_filter(page: Any) -> None:
    table = page.locator("table.population")
    table.locator("th button", has_text="pod").click()
    second = table.locator("tbody tr td:nth-child(2)")
    assert [second.nth(place).inner_text().partition('"')[0] for place in range(3)] == ["web-0", "web-1", "web-2"]
    table.locator("th button", has_text="pod").click()
    assert second.first.inner_text() == "web-39"
    table.locator("xpath=preceding-sibling::div[1]/input").fill("web-39")
    assert table.locator("tbody tr:visible").count() == 1


def test_the_edge_of_a_column_gives_its_width(page: Any) -> None:
    edge = page.locator("table.population th:first-child .edge")
    before = page.locator("table.population th:first-child").evaluate("(head) => head.offsetWidth")
    edge.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("table.population th:first-child").evaluate("(head) => head.offsetWidth") == before + 48
    box = edge.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 52, box["y"] + 5)
    page.mouse.up()
    assert page.locator("table.population th:first-child").evaluate("(head) => head.offsetWidth") == before + 98


def test_what_is_shown_is_copied_as_csv(visit: Callable[..., Any], house: Path) -> None:
    page = visit(house, permissions=["clipboard-read", "clipboard-write"])
    tools = page.locator("table.population").locator("xpath=preceding-sibling::div[1]")
    tools.locator("input").fill("web-39")
    tools.locator("button.copy").click()
    tools.locator("button.copy", has_text="Copied").wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 2 and lines[0].startswith("namespace,pod,") and lines[1].startswith("shop,web-39,")


def test_every_file_is_handed_out_byte_for_byte(visit: Callable[..., Any], house: Path, tmp_path: Path) -> None:
    page = visit(house, accept_downloads=True)
    notebook = json.loads(house.with_suffix(".ipynb").read_text())
    files = {file["name"]: file for cell in notebook["cells"] for output in cell.get("outputs", ())
             for file in output["data"].get("application/vnd.auditkit.v1+json", {}).get("files", ()) if file["content"]}
    assert {"verdicts.csv", "seal.json", "containers.csv"} <= set(files)
    for place, (name, file) in enumerate(files.items()):
        if place % 8 == 7:  # Chromium lets a page hand out ten files, then it asks
            page.reload()
            page.wait_for_selector("html[data-ready]")
        with page.expect_download() as given:
            page.locator("button.download", has_text=name).first.click()
        given.value.save_as(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"], name
    rows = (tmp_path / "verdicts.csv").read_bytes()
    assert rows.startswith(b"requirement,check,") and rows.count(b"no_privileged_containers") == 80


def test_a_foreign_script_and_a_foreign_style_do_nothing(browser: Any, house: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.html"
    forged.write_text(house.read_text().replace(
        "</main>", "<script>document.title = 'taken'</script><style>main { display: none }</style></main>"))
    opened = browser.new_page()
    opened.goto(forged.as_uri())
    assert "taken" not in opened.title() and opened.locator("main").is_visible()
    opened.close()
