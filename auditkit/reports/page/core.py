"""The core of a report: what paper prints of it. What attachments have whole is named there and not printed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditkit.reports.page.cells import Part
from auditkit.reports.page.document import Document

ATTACHED = {"details": ["checks.csv", "verdicts.csv", "failures.csv"], "ledger": ["ledger.csv"],
            "dictionary": ["dictionary.csv"]}
"""The blocks that paper does not print where these attachments are there, which have all that they say. Details need
the table of findings as well, which says the worst of them."""


@dataclass
class Elsewhere:
    """A section that paper does not print: its title, and the attachments that have its content."""

    title: str
    files: list[str]


def core(found: Document) -> Document:
    """The document without what its attachments have whole. Links to a requirement lead to its row in the table of all
    requirements; where there is none, there are no links."""
    files = {file["name"] for file in found.files}
    attached = {kind for kind, names in ATTACHED.items() if set(names) <= files and (kind != "details" or found.brief)}
    parts, dropped, elsewhere = [], set(), []
    for section in _sections(found.parts):
        kept = [part for part in section if not _attached(part, attached)]
        names = [name for part in section if part not in kept for name in ATTACHED[part.content["block"]["kind"]]]
        if names and not any(part.kind not in ("heading", "narrative", "code") for part in kept):
            dropped |= {part.content["heading"].anchor for part in kept if part.kind == "heading"}
            kept = [part for part in kept if part.kind == "code"]
        if names:
            elsewhere.append(Elsewhere(_title(section), names))
        parts += kept
    if any(name in ATTACHED["details"] for one in elsewhere for name in one.files):
        dropped |= set(found.sections.values())
        parts, anchors = _targets(parts, found.anchors)
    else:
        anchors = found.anchors
    return replace(found, parts=parts, anchors=anchors, elsewhere=elsewhere,
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


def _attached(part: Part, kinds: set[str]) -> bool:
    return part.kind == "block" and part.content["block"]["kind"] in kinds


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
