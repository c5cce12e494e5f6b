"""The document that page and paper are drawn from: the parts of a notebook, with title, contents and anchors."""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.base import hostile_text as text
from auditkit.reports import notebook_file
from auditkit.reports.page.cells import Heading, Part, parts
from auditkit.reports.panels.attached import COLUMNS

if TYPE_CHECKING:
    from nbformat import NotebookNode


CARRIED = 1_500_000
"""Characters of a packed file that the page carries; of a larger one it says where it is."""


@dataclass
class Document:
    """A report before it is drawn. ``about``, ``framework``, ``answer`` and ``seal`` come from the first block that
    states them. ``files`` are its attachments: with a seal, those that it names. ``carried`` are the files that the
    page hands out, by their digest. ``findings`` is the part that has the findings, ``findings_under`` the anchor of
    its heading. ``elsewhere`` is what paper does not print, and ``lead`` what its cover says under the title
    (`auditkit.reports.page.core`)."""

    title: str
    parts: list[Part]
    titled: bool = False
    contents: list[Heading] = field(default_factory=list)
    anchors: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] | None = None
    framework: dict[str, Any] | None = None
    statuses: list[list[str | int]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    carried: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: Part | None = None
    findings_under: str = ""
    seal: dict[str, Any] | None = None
    sealed: set[str] = field(default_factory=set)
    answer: list[dict[str, Any]] = field(default_factory=list)
    elsewhere: list[Any] = field(default_factory=list)
    lead: str = ""

    @property
    def code(self) -> list[str]:
        """The source of the cells, in their order."""
        return [part.content["source"] for part in self.parts if part.kind == "code" and part.content["source"]]

    @property
    def attached(self) -> set[str]:
        """The digests of the attachments."""
        return {file["sha256"] for file in self.files}

    @property
    def brief(self) -> bool:
        """True if the findings are a section of their own, so that the summary need not name them."""
        return self.findings is not None

    @property
    def explorable(self) -> bool:
        """True if the page carries the verdicts as data, so that it can search them."""
        return any(file["name"] == "verdicts.csv" and file.get("packing") == COLUMNS for file in self.carried.values())

    @property
    def interactive(self) -> bool:
        """True if any figure needs plotly.js."""
        return any(part.kind == "figure" and part.content["plotly"] for part in self.parts)


def read(path: Path) -> Document:
    """The document of a notebook file. Raises `UsageError` where it is none."""
    return document(notebook_file.read(path), path.stem)


def document(notebook: "NotebookNode", name: str) -> Document:
    """An executed notebook as a document; ``name`` is its title where it has no heading of the first level."""
    found = Document(name, list(parts(notebook)))
    level = 1
    for part in found.parts:
        if part.kind == "heading":
            level = _place(found, part.content["heading"], level)
        elif part.kind == "block":
            part.content["level"] = min(level + 1, 5)
            _note(found, part.content["block"], part.content["level"])
            if part.content["block"].get("kind") == "findings" and not found.findings:
                found.findings, found.findings_under = part, found.contents[-1].anchor if found.contents else ""
        elif part.kind in ("figure", "picture"):
            _describe(part, found.contents[-1].title if found.contents else found.title)
    if found.seal:
        found.files = [file for file in found.files if file["sha256"] in found.sealed]
    return found


def _place(found: Document, heading: Heading, level: int) -> int:
    """The first heading of level 1 is the title; others follow without leaving a level out. Returns its level."""
    if heading.level == 1 and not found.titled:
        heading.cover, found.titled, found.title = True, True, heading.title
        return 1
    heading.level = min(max(heading.level, 2), level + 1)
    found.contents.append(heading)
    return heading.level


def _note(found: Document, block: dict[str, Any], level: int) -> None:
    """Take from a block what the whole document needs, and give its requirements their anchors."""
    found.about = found.about or block.get("about")
    found.framework = found.framework or block.get("framework")
    if block.get("seal") and not found.seal:
        found.seal, found.sealed = block["seal"], {file["sha256"] for file in block["files"]}
    found.answer = found.answer or block.get("answer", [])
    found.statuses = found.statuses or block.get("statuses", [])
    found.files += [file for file in block.get("files", ())
                    if file["content"] and file["name"] not in {f["name"] for f in found.files}]
    found.carried |= {file["sha256"]: file for file in block.get("files", ()) if 0 < len(file["content"]) <= CARRIED}
    for section in block.get("sections", ()):
        if section["id"] and section["id"] not in found.sections:
            section["anchor"] = found.sections[section["id"]] = _anchor("section", section["id"], found.sections)
            found.contents.append(Heading(level, f"{section['id']} {section['title']}", section["anchor"]))
        for requirement in section["requirements"]:
            if requirement["id"] not in found.anchors:
                anchor = _anchor("r", requirement["id"], found.anchors)
                requirement["anchor"] = found.anchors[requirement["id"]] = anchor


def _describe(part: Part, near: str) -> None:
    """Give a figure its words, from its own title or else the heading that it stands under."""
    svg, plotly = part.content.get("svg") or "", part.content.get("plotly") or {}
    drawn, told = (re.search(rf"<{name}>(.*?)</{name}>", svg, re.DOTALL) for name in ("title", "desc"))
    title = plotly.get("layout", {}).get("title") or {}
    title = title.get("text", "") if isinstance(title, dict) else title
    said = told or drawn
    part.content["title"] = text.short(html.unescape(drawn[1])) if drawn else ""
    part.content["alt"] = text.short(html.unescape(said[1]) if said else str(title) or near, 1000)


def _anchor(kind: str, name: str, taken: dict[str, str]) -> str:
    """An anchor that no other name has: ``A-1`` and ``A 1`` are told apart."""
    anchor = wanted = f"{kind}-{_slug(name)}"
    while anchor in taken.values():
        anchor = f"{wanted}-{len(taken)}" if anchor == wanted else f"{anchor}x"
    return anchor


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")
