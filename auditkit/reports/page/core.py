"""The core of a report: what paper prints of it. A block that attachments have whole (``attached``) is not printed, and
the paper says which attachments these are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditkit.reports.page.cells import Part
from auditkit.reports.page.document import Document

LEAD = 400
"""Characters of a first paragraph that stand on the cover."""


@dataclass
class Elsewhere:
    """A section that paper does not print: its title, and the attachments that have its content."""

    title: str
    files: list[str]


def core(found: Document) -> Document:
    """The document without what its attachments have whole. Links to a requirement lead to its row in the table of all
    requirements; where there is none, there are no links."""
    files = {file["name"] for file in found.files}
    parts, dropped, elsewhere, anchors = [], set(), [], found.anchors
    for section in _sections(found.parts):
        away = [part for part in section if _is_attached(part, found, files)]
        kept = [part for part in section if part not in away]
        if away and not any(part.kind not in ("heading", "narrative", "code") for part in kept):
            dropped |= {part.content["heading"].anchor for part in kept if part.kind == "heading"}
            kept = [part for part in kept if part.kind == "code"]
        for part in away:
            names = part.content["block"]["attached"]
            files -= set(names)  # of two blocks that an attachment could have, it has the first
            elsewhere.append(Elsewhere(_title(section), names))
        parts += kept
    if not any(part.content["block"].get("sections") for part in parts if part.kind == "block"):
        dropped |= set(found.sections.values())
        parts, anchors = _targets(parts, found.anchors)
    lead, parts = _lead(parts)
    return replace(found, parts=parts, anchors=anchors, elsewhere=elsewhere, lead=lead,
                   contents=[heading for heading in found.contents if heading.anchor not in dropped])


def _sections(parts: list[Part]) -> Iterator[list[Part]]:
    """The parts from each heading to the next."""
    section: list[Part] = []
    for part in parts:
        if part.kind == "heading" and section:
            yield section
            section = []
        section.append(part)
    yield section


def _title(section: list[Part]) -> str:
    return next((part.content["heading"].title for part in section if part.kind == "heading"), "")


def _is_attached(part: Part, found: Document, files: set[str]) -> bool:
    """True for a block that attachments have whole. Details are printed where no table of findings is, which says the
    worst of them."""
    if part.kind != "block" or not part.content["block"].get("attached"):
        return False
    block = part.content["block"]
    return set(block["attached"]) <= files and (block["kind"] != "details" or found.brief)


def _targets(parts: list[Part], anchors: dict[str, str]) -> tuple[list[Part], dict[str, str]]:
    """The parts in which the first row of each requirement is the target of its links, and these links."""
    led: dict[str, str] = {}

    def target(row: dict[str, Any]) -> dict[str, Any]:
        fresh = row["id"] in anchors and row["id"] not in led
        if fresh:
            led[row["id"]] = anchors[row["id"]]
        return {**row, "anchor": anchors[row["id"]] if fresh else ""}

    aimed = [replace(part, content={**part.content, "block": {
        **part.content["block"], "rows": [target(row) for row in part.content["block"]["rows"]]}})
        if part.kind == "block" and part.content["block"]["kind"] == "requirements" else part for part in parts]
    return aimed, led


def _lead(parts: list[Part]) -> tuple[str, list[Part]]:
    """A short text directly under the title, which belongs on the cover, and the other parts."""
    if [part.kind for part in parts[:2]] == ["heading", "narrative"]:
        said = parts[1].content["html"]
        if parts[0].content["heading"].cover and len(said) <= LEAD:
            return said, [parts[0], *parts[2:]]
    return "", parts
