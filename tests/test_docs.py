"""The documents: what is written from the code says what the code says, and every link leads somewhere."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def written() -> dict[Path, str]:
    """What `docs/write.py` would write now."""
    specification = importlib.util.spec_from_file_location("write_docs", ROOT / "docs" / "write.py")
    module = importlib.util.module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")  # as `python docs/write.py` does
        specification.loader.exec_module(module)
    return module.documents()


def test_the_reference_says_what_the_code_says(written: dict[Path, str]) -> None:
    stale = [path.relative_to(ROOT).as_posix() for path, text in written.items()
             if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert stale == [], "`make reference` writes them anew"


def test_the_reference_has_no_page_that_nothing_writes(written: dict[Path, str]) -> None:
    assert set((ROOT / "docs" / "reference").iterdir()) <= set(written)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    prose = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file) if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_index_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8")))
    assert {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")} - {"index.md"} <= linked


def test_what_claims_of_security_are_traced_to_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|auditkit)/[^`]+)`", text)
    assert len(set(named)) > 20 and [path for path in named if not (ROOT / path).is_file()] == []
