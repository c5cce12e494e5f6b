"""The documentation site: every page is in it, every link leads somewhere, and it asks no other host for anything."""

import functools
import http.server
import importlib.util
import re
import threading
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from tests.reports import conftest

browser = conftest.browser  # a fixture
ROOT = Path(__file__).parents[1]
LOADING = {"src", "srcset", "poster", "data"}
"""Attributes whose address a browser asks for at once; of `link` elements, `href` is one too."""


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    specification = importlib.util.spec_from_file_location("build_site", ROOT / "docs" / "build_site.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with one report, of which only the name matters."""
    reports = tmp_path_factory.mktemp("reports")
    (reports / "soc2-acme-prod-20261101T000000Z-0123456789ab.html").write_text("<p id=report>A report.</p>")
    folder = tmp_path_factory.mktemp("site")
    builder.build(folder, reports)
    return folder


class Page(HTMLParser):
    """The addresses, identifiers and loads of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value)
            elif name == "href" and tag == "a":
                self.links.add(value)
            elif name in LOADING or (name == "href" and tag == "link"):
                self.loads.add(value)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_the_navigation_has_every_page(builder: ModuleType) -> None:
    text = (ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8")
    listed = re.findall(r'= "([^"]+\.md)"', text)
    assert tomllib.loads(text)["project"]["nav"]
    assert sorted(listed) == sorted(["examples.md", *(page.relative_to(ROOT).as_posix() for page in builder.pages())])


def test_every_link_leads_to_a_file_and_a_place_in_it(site: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links | page.loads:
            address, place = urldefrag(unquote(link))
            if "://" in address or address.startswith(("mailto:", "data:")):
                continue
            target = (path.parent / address.partition("?")[0]).resolve() if address else path
            if path.name == "404.html" and address.startswith("/"):  # it is shown for any address
                target = site / address.lstrip("/")
            if not target.exists() or (place and target in pages and place not in pages[target].ids):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []
    assert len(pages) > 40 and any("deploy/rbac.yaml" in link for page in pages.values() for link in page.links)


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    assert {load for page in pages.values() for load in page.loads if "//" in load} == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\(\s*[\"']?((?:https?:)?//[^)]*)", styles) + re.findall(r"@import[^;]*", styles) == []


def test_the_reports_of_the_demo_are_in_it(site: Path, pages: dict[Path, Page]) -> None:
    [report] = [link for link in pages[site / "examples.html"].links if link.startswith("soc2-")]
    assert "A report." in (site / report).read_text()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_reader_finds_a_page_and_no_other_host_is_asked(browser: Any, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/index.html")
    page.keyboard.press("/")
    page.keyboard.type("fault matrix", delay=20)
    page.get_by_text(re.compile(r"^[\d,]+ results?$")).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("fault-matrix"))
    assert page.locator("h1").inner_text().startswith("Fault matrix")
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
    assert len(asked) > 5
