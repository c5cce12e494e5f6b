"""The page in a browser: it draws, sorts, filters and hands out files, and asks the network for nothing."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_worlds import judged, pod, published

from tests.reports.test_page import EVIL, everything

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs an installed Chromium")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    evaluation = judged(*[pod(f"web-{number}{EVIL if number == 1 else ''}", privileged=number % 2 == 1) for number in range(40)],
                        services="forbidden")
    return published(tmp_path_factory.mktemp("page"), *everything(evaluation)).html


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Any, house: Path) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    opened.troubles = []
    opened.on("console", lambda message: opened.troubles.append(message.text))
    opened.on("pageerror", lambda error: opened.troubles.append(str(error)))
    opened.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:"))
              else opened.troubles.append(request.url))
    opened.goto(house.as_uri())
    yield opened
    assert opened.troubles == []
    opened.close()


def test_figures_are_drawn_and_nothing_is_wider_than_a_phone(page: Any) -> None:
    page.wait_for_selector(".plot .main-svg")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_statuses_and_words_filter(page: Any) -> None:
    cards = page.locator("details.requirement:visible")
    assert cards.count() == 3
    page.click("button.filter[data-filter=fail]")
    assert cards.count() == 1 and page.inner_text("#found") == "1 of 3 requirements"
    page.click("button.filter[data-filter=fail]")
    page.fill("#search", "somebody charge")
    assert cards.count() == 1


def test_a_link_opens_the_card_that_it_leads_to(page: Any) -> None:
    page.set_viewport_size({"width": 1200, "height": 800})
    assert not page.locator("details[id='r-1.1']").get_attribute("open")
    page.click("table.worst a[href='#r-1.1']")
    page.wait_for_selector("details[id='r-1.1'][open]")


def test_columns_sort_and_tables_filter(page: Any) -> None:
    page.set_viewport_size({"width": 1200, "height": 800})
    page.click("#open-all")
    table = page.locator("table.population")
    table.locator("th button", has_text="pod").click()
    second = table.locator("tbody tr td:nth-child(2)")
    assert [second.nth(place).inner_text().partition('"')[0] for place in range(3)] == ["web-0", "web-1", "web-2"]
    table.locator("th button", has_text="pod").click()
    assert second.first.inner_text() == "web-39"
    page.locator("table.population").locator("xpath=preceding-sibling::input").fill("web-39")
    assert table.locator("tbody tr:visible").count() == 1


def test_evidence_is_handed_out(page: Any, tmp_path: Path) -> None:
    with page.expect_download() as given:
        page.click("button.download[data-file='verdicts.csv']")
    given.value.save_as(tmp_path / "verdicts.csv")
    rows = (tmp_path / "verdicts.csv").read_bytes()
    assert not rows.startswith(gzip.compress(b"")[:2]) and rows.startswith(b"requirement,check,")
    assert rows.count(b"no_privileged_containers") == 80


def test_a_foreign_script_does_not_run(browser: Any, house: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.html"
    forged.write_text(house.read_text().replace("</main>", "<script>document.title = 'taken'</script></main>"))
    opened = browser.new_page()
    opened.goto(forged.as_uri())
    assert "taken" not in opened.title()
    opened.close()
