"""Build the documentation site: ``python docs/build_site.py FOLDER``.

The pages are those of the repository, laid out as they lie there, beside every file that they link to. The reports of
the demo are made from the notebooks and added to them. Zensical makes the site; it stops at a link that leads nowhere.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCED = re.compile(r"(?ms)^```.*?^```$")
LINK = re.compile(r"\]\(([^)\s#]+)[^)\s]*\)")
FORMS = {".html": "page", ".pdf": "PDF", ".ipynb": "notebook"}
NONE = "This site was built without reports: `make demo` makes them."
HOW = "`auditkit demo` made these reports of a fictional hospital's cluster when this site was built."


def pages() -> list[Path]:
    """The pages of the repository that are for readers."""
    return [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")), *(ROOT / "docs").rglob("*.md")]


def linked(page: Path) -> Iterator[Path]:
    """The files of the repository that a page links to."""
    for target in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in target:
            yield (page.parent / target).resolve()


def lay_out(folder: Path) -> None:
    """Copies the pages and what they link to, each to its place in the repository."""
    for file in {*pages(), *(file for page in pages() for file in linked(page))}:
        place = folder / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def examples(folder: Path, reports: Path | None) -> None:
    """Writes the page of the example reports, and copies these beside it."""
    found = sorted(file for file in reports.iterdir() if file.suffix in FORMS) if reports else []
    lines = ["# Reports to look at", "", HOW if found else NONE, ""]
    for file in found:
        shutil.copyfile(file, folder / file.name)
        lines.append(f"- [{file.name.partition('-acme-prod')[0]}, {FORMS[file.suffix]}]({file.name})")
    (folder / "examples.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


def build(site: Path, reports: Path | None) -> None:
    """Builds the site in a folder, with the reports of another. Raises `CalledProcessError` for a broken link."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        lay_out(work / "pages")
        examples(work / "pages", reports)
        shutil.copyfile(ROOT / "docs" / "site.css", work / "pages" / "site.css")
        shutil.copyfile(ROOT / "docs" / "zensical.toml", work / "zensical.toml")
        subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=work, check=True)
        shutil.copytree(work / "site", site, dirs_exist_ok=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as reports:
        subprocess.run([sys.executable, "-m", "auditkit", "demo", "--output", reports], check=True)
        build(Path(sys.argv[1]), Path(reports))


if __name__ == "__main__":
    main()
