"""An executed notebook as parts: what its cells say and show, safe to put into a page.

Of each output the richest form that a page and paper can show is taken: a block of ours, a figure, a picture,
HTML (cleaned), Markdown, text.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.base import hostile_text as text
from auditkit.proof import provenance
from auditkit.reports.panels.bars import PLOTLY, SVG
from auditkit.reports.panels.block import MIME

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from nbformat import NotebookNode

PARAMETERS = "parameters"
"""The tag of the cell with what holds where nothing else is given."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_WIDE = 8


@dataclass
class Part:
    """A piece of the document: ``kind`` names the macro of ``templates/parts.html`` that draws it."""

    kind: str
    content: dict[str, Any] = field(default_factory=dict)


@dataclass
class Heading:
    """A heading of the narrative: level (1 to 6), text, the anchor that leads to it, and whether it is the title."""

    level: int
    title: str
    anchor: str
    cover: bool = False


def parts(notebook: "NotebookNode") -> Iterator[Part]:
    """What the notebook says and shows, in its order."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            yield from _narrative(cell.source, number)
        elif cell.cell_type == "code":
            tags = set(cell.metadata.get("tags", ()))
            if "injected-parameters" in tags:
                yield Part("code", {"source": _given(cell.source)})
            elif not tags & {PARAMETERS, "remove-input"}:
                yield Part("code", {"source": cell.source})
            if "remove-output" not in tags:
                yield from filter(None, map(_shown, cell.outputs))


def _given(source: str) -> str:
    """What was given to the notebook, but for what is empty and the snapshot, which the report names by its digest; and
    paths without the place on the machine."""
    given = {assigned.targets[0].id: ast.literal_eval(assigned.value) for assigned in ast.parse(source).body
             if isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Name)}
    return "\n".join(f"{name} = {_local(value)!r}" for name, value in given.items() if value and name != "snapshot")


def _local(value: Any) -> Any:
    if isinstance(value, list):
        return [_local(each) for each in value]
    if isinstance(value, str) and Path(value).parts[:1] == ("..",):
        return Path(value).name
    return provenance.shown(Path(value)) if isinstance(value, str) and Path(value).is_absolute() else value


def _narrative(source: str, number: int) -> Iterator[Part]:
    """Markdown as HTML, cut at each heading, so that contents can lead there. Markup in it is not trusted."""
    tokens = markdown().parse(source)
    starts = [place for place, token in enumerate(tokens) if token.type == "heading_open" and not token.level]
    yield from _prose(tokens[:starts[0] if starts else None])
    for start, end in pairwise([*starts, len(tokens)]):
        yield Part("heading", {"heading": Heading(
            int(tokens[start].tag[1]), _said(tokens[start + 1]), f"s{number}-{start}")})
        yield from _prose(tokens[start + 3:end])


def _prose(tokens: list[Any]) -> Iterator[Part]:
    if tokens:
        yield Part("narrative", {"html": clean(markdown().renderer.render(tokens, markdown().options, {}))})


def _said(inline: Any) -> str:
    return "".join(child.content for child in inline.children if child.type in ("text", "code_inline"))


def _shown(output: Any) -> Part | None:
    if output.output_type == "stream":
        return Part("text", {"text": plain("".join(output.text)), "stream": output.name})
    if output.output_type == "error":
        return Part("text", {"text": plain("\n".join(output.traceback)), "stream": "error"})
    return _richest({kind: _whole(value) for kind, value in output.data.items()})


def _whole(value: Any) -> Any:
    """Notebooks may keep text as a list of lines."""
    return "".join(value) if isinstance(value, list) and all(isinstance(line, str) for line in value) else value


def _richest(data: dict[str, Any]) -> Part | None:
    if MIME in data:
        return Part("block", {"block": data[MIME]})
    if PLOTLY in data or SVG in data:
        return Part("figure", {"plotly": data.get(PLOTLY), "svg": data.get(SVG, ""),
                               "png": _base64(data.get("image/png", ""))})
    if picture := next((kind for kind in _PICTURES if kind in data), None):
        return Part("picture", {"type": picture, "data": _base64(data[picture])})
    if "text/html" in data or "text/markdown" in data:
        html = clean(data.get("text/html") or markdown().render(data["text/markdown"]))
        columns = html.partition("</tr>")[0].count("<th")
        return Part("html", {"html": html, "columns": columns, "wide": columns > _WIDE})
    return Part("text", {"text": plain(data["text/plain"]), "stream": "stdout"}) if "text/plain" in data else None


def _base64(said: str) -> str:
    return re.sub(r"[^A-Za-z0-9+/=]", "", said)


def plain(said: str) -> str:
    """Text of a terminal without its colours, and with control characters visible."""
    return text.visible(_ANSI.sub("", said).replace("\r\n", "\n"))


def clean(html: str) -> str:
    """HTML that somebody else wrote: structure and text stay; scripts, styles, forms and foreign addresses go."""
    import nh3

    return text.visible(nh3.clean(
        html, tags=nh3.ALLOWED_TAGS - {"map", "area"}, clean_content_tags={"script", "style"},
        url_schemes={"https", "http", "mailto", "data"},
        attributes={"*": {"class", "title", "lang"}, "a": {"href"}, "img": {"src", "alt", "width", "height"},
                    "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}, "ol": {"start"}},
        attribute_filter=_no_foreign_address,
    ))


def _no_foreign_address(tag: str, attribute: str, value: str) -> str | None:
    """Pictures only as data of the page itself; links to anywhere else but ``data:``."""
    inside = value.lower().startswith("data:image/")
    if (tag, attribute) == ("img", "src"):
        return value if inside else None
    return None if attribute == "href" and value.lower().lstrip().startswith("data:") else value


@cache
def markdown() -> "MarkdownIt":
    """Markdown as notebooks have it (CommonMark with tables), without raw HTML."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
