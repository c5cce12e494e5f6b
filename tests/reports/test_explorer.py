"""The table of verdicts in a browser: the data are searched and filtered, not what is on the screen, and the address
says what is shown."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from report_worlds import judged, pod, published

from tests.reports.test_page import EVIL, everything

Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 300 containers every third fails; none of those with a number beyond 20 is on the page as such."""
    pods = [pod(f"web-{number}", privileged=number % 3 == 0, namespace="shop" if number % 2 else "bank") for number in range(299)]
    evaluation = judged(*pods, pod(f"evil{EVIL}", privileged=True, namespace="dark"))
    shown = [one for one in everything(evaluation) if getattr(one, "kind", "") != "table"]
    return published(tmp_path_factory.mktemp("explorer"), *shown).html


@pytest.fixture(scope="module")
def window(browser: Any, house: Path) -> Iterator[Any]:
    """A window that stays open: what is asked of it stands in its address only."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto(house.as_uri())
    page.wait_for_selector("html[data-ready]")
    yield page
    page.close()


def at(page: Any, address: str) -> Any:
    page.evaluate("(address) => { location.hash = address; }", address)
    page.evaluate("new Promise((done) => setTimeout(done, 0))")
    return page


def count(page: Any) -> str:
    return page.inner_text("#found")


def caption(page: Any) -> str:
    return page.inner_text("#verdict-table caption")


def test_what_is_not_on_the_page_is_found_marked_and_its_cards_opened(visit: Visit, house: Path) -> None:
    page = visit(house)
    assert "web-297" not in page.inner_text("main") and "web-297" not in re.sub(r"<script.*?</script>", "", house.read_text(), flags=re.S)
    page.fill("#search", "WEB-297")
    assert count(page) == "2 of 3 requirements, 1 of 300 verdicts"
    assert page.inner_text("#verdict-table tbody tr td:nth-child(5)").split() == ["Pod", "web-297", "main"]
    assert page.locator("details.requirement[open]").count() == 2
    assert page.locator("details[id='r-1.1'] .hits").inner_text() == "1 verdict"
    assert page.evaluate("[...CSS.highlights.get('hits')].map((range) => range.toString())") == ["web-297", "web-297"], "the object and its owner"
    page.fill("#search", "")
    assert count(page) == "" and page.locator("details.requirement[open]").count() == 0
    assert not page.evaluate("CSS.highlights.has('hits')")


@pytest.mark.parametrize(("said", "requirements", "verdicts"), [
    ("privileged web-29", 2, 10), ("bank/web-29", 2, 5), ("shop web-298", 0, 0), ('"somebody is in charge"', 1, 0),
    ("in charge", 1, 0), ("charge privileged", 0, 0), ("no_privileged_containers", 2, 300), ("1.2", 2, 300),
    ("<script>alert(1)</script>", 2, 1), ("\\u{202e}", 2, 1),
])
def test_all_words_must_be_found_in_the_same_verdict_or_requirement(
        window: Any, said: str, requirements: int, verdicts: int) -> None:
    assert count(at(window, f"#q={quote(said)}")) == f"{requirements} of 3 requirements, {verdicts} of 300 verdicts"


@pytest.mark.parametrize(("address", "shown"), [
    ("verdict=fail", 101), ("verdict=fail,pass", 300), ("verdict=unknown", 0), ("severity=critical", 0), ("severity=high", 300),
    ("namespace=shop", 149), ("namespace=sho", 149), ("namespace=dark&verdict=fail", 1), ("requirement=1.2", 300),
    ("requirement=2.1", 0), ("check=workloads.no_privileged_containers&name=web-3", 1), ("framework=house", 300),
    ("framework=cis-kubernetes", 300), ("framework=pss-baseline&verdict=pass", 0), ("requirement=soc2+CC6.8", 300),
    ("namespace=nowhere", 0),
])
def test_a_filter_in_the_address_counts_exactly(window: Any, address: str, shown: int) -> None:
    assert caption(at(window, f"#{address}")) == f"{shown} of 300 verdicts"


def test_a_requirement_without_a_verdict_that_fits_is_not_shown(window: Any) -> None:
    page = at(window, "#namespace=bank")
    assert count(page) == "2 of 3 requirements, 150 of 300 verdicts"
    assert page.locator("details.requirement:visible").count() == 2 and page.locator("table.requirements tbody tr:visible").count() == 2


def test_statuses_of_requirements_filter_and_stand_in_the_address(visit: Visit, house: Path) -> None:
    page = visit(house)
    page.click("button.filter[data-filter=fail]")
    assert page.locator("details.requirement:visible").count() == 1 and count(page).startswith("1 of 3 requirements")
    assert page.locator("button.filter[data-filter=fail]").get_attribute("aria-pressed") == "false"
    assert "status=exception_noted%2Cunknown%2Cmanual" in page.evaluate("location.hash")
    page.click("button.filter[data-filter=fail]")
    assert page.evaluate("location.hash") == "" and count(page) == ""


def test_the_address_can_be_shared_and_gone_back_from(visit: Visit, house: Path) -> None:
    page = visit(house)
    page.check("input[value=fail]")
    page.fill("input[data-filter-name=namespace]", "bank")
    page.locator("input[data-filter-name=namespace]").blur()
    page.select_option("select[data-filter-name=by]", "namespace")
    shared = page.evaluate("location.hash")
    assert shared == "#verdict=fail&namespace=bank&by=namespace"
    other = visit(house, shared)
    assert caption(other) == caption(page) == "50 of 300 verdicts, in 1 namespace"
    assert other.input_value("input[data-filter-name=namespace]") == "bank" and other.is_checked("input[value=fail]")
    page.go_back()
    page.wait_for_function("!location.hash.includes('by=')")
    assert caption(page) == "50 of 300 verdicts"
    page.go_back()
    page.wait_for_function("location.hash === '#verdict=fail'")
    assert caption(page) == "101 of 300 verdicts" and page.input_value("input[data-filter-name=namespace]") == ""
    page.locator("button.clear >> visible=true").first.click()
    assert caption(page) == "300 of 300 verdicts" and not page.is_checked("input[value=fail]")


def test_a_verdict_opens_with_its_trace_and_has_a_link_of_its_own(visit: Visit, house: Path) -> None:
    page = visit(house, "#name=web-3&verdict=fail&namespace=shop")
    detail = page.locator(".detail")
    detail.wait_for()
    said = detail.inner_text()
    for part in ("privileged is not set", "Remedy", "Pod shop/web-3", "cis-kubernetes: 5.2.2", "soc2: CC6.8", "of the table all_containers",
                 "workloads.no_privileged_containers"):
        assert part in said, part
    assert detail.locator("a[href='#source-pods']").count() == 1 and page.locator("[id='source-pods']").count() == 1
    link = detail.locator("a", has_text="Link to this verdict").get_attribute("href")
    alone = visit(house, link)
    assert caption(alone) == "1 of 300 verdicts"
    alone.locator(".detail").wait_for()
    alone.locator("button.row").click()
    assert alone.locator(".detail").count() == 0


def test_columns_sort_both_ways_and_pages_turn(visit: Visit, house: Path) -> None:
    page = visit(house, "#namespace=bank")
    names = page.locator("#verdict-table tbody tr td:nth-child(5)")
    page.locator("#verdict-table th button", has_text="Object").click()
    assert [names.nth(place).inner_text().split()[1] for place in range(3)] == ["web-0", "web-2", "web-4"]
    assert page.inner_text("#verdict-page") == "Page 1 of 3" and page.locator("#earlier").is_disabled()
    page.click("#later")
    assert names.first.inner_text().split()[1] == "web-100" and page.evaluate("location.hash").endswith("sort=name&page=2")
    page.locator("#verdict-table th button", has_text="Object").click()
    assert names.first.inner_text().split()[1] == "web-298"
    assert page.locator("#verdict-table th[aria-sort=descending]").inner_text().startswith("Object")


def test_verdicts_are_counted_by_object_namespace_and_owner(visit: Visit, house: Path) -> None:
    page = visit(house, "#by=namespace")
    assert caption(page) == "300 of 300 verdicts, in 3 namespaces"
    assert [row.split() for row in page.locator("#verdict-table tbody tr").all_inner_texts()] == [
        ["bank", "50", "0", "100", "0"], ["shop", "50", "0", "99", "0"], ["dark", "1", "0", "0", "0"]]
    page.locator("#verdict-table button.row", has_text="shop").click()
    assert page.evaluate("location.hash") == "#namespace=shop" and caption(page) == "149 of 300 verdicts"
    assert caption(visit(house, "#by=object&verdict=fail")) == "101 of 300 verdicts, in 101 objects"


def test_what_is_shown_is_copied_whole(visit: Visit, house: Path, tmp_path: Path) -> None:
    page = visit(house, "#verdict=fail", permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    page.click("#copy-verdicts")
    page.locator("#copy-verdicts", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.count("\n") == 102 and copied.startswith("requirements,check,severity,verdict,kind,namespace,name,container,owner,")
    assert "1.1 1.2,workloads.no_privileged_containers,high,fail,Pod,bank,web-0,main," in copied
    with page.expect_download() as given:
        page.click("#save-verdicts")
    given.value.save_as(tmp_path / "shown.csv")
    assert (tmp_path / "shown.csv").read_bytes().decode().replace("\r\n", "\n") == copied.replace("\r\n", "\n")


def test_names_of_a_cluster_are_text(visit: Visit, house: Path) -> None:
    page = visit(house, "#namespace=dark")
    page.locator("button.row").click()
    page.locator(".detail").wait_for()
    assert "<script>alert(1)</script>" in page.inner_text("#verdict-table")
    assert page.locator("#verdict-table :is(script, img)").count() == 0


@pytest.mark.parametrize("address", ["#%", "#%ff", "#q=%E0%A4%A", "#page=-3&verdict=fail", "#page=x&sort=nothing&by=nothing", "#nowhere"])
def test_an_address_that_somebody_made_up_harms_nothing(visit: Visit, house: Path, address: str) -> None:
    page = visit(house, address)
    assert (caption(page).endswith("of 300 verdicts") and page.locator("#verdict-table tbody tr").count() > 0) or "q=" in address


def test_the_keyboard_reaches_the_search_and_empties_it(visit: Visit, house: Path) -> None:
    page = visit(house)
    page.keyboard.press("/")
    page.keyboard.type("web-297")
    assert count(page) == "2 of 3 requirements, 1 of 300 verdicts"
    page.keyboard.press("Escape")
    assert count(page) == "" and page.input_value("#search") == ""


def test_light_and_dark_follow_the_system_until_somebody_chooses(visit: Visit, house: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit(house, color_scheme="dark")
    assert page.evaluate(ground) == "rgb(20, 24, 30)"
    page.click("#theme")
    page.click("#theme")
    assert page.inner_text("#theme") == "Theme: light" and page.evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(("scheme", "address", "width"), [
    ("light", "", 1300), ("dark", "", 390), ("light", "#by=namespace&q=web", 390), ("dark", "#by=object&status=fail", 1300),
    ("light", "#verdict=fail&namespace=shop&name=web-3", 390), ("dark", "#verdict=fail&namespace=shop&name=web-3", 1300)])
def test_axe_finds_no_violation(visit: Visit, house: Path, scheme: str, address: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(house, address, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = axe.Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found.response["violations"]] == []
