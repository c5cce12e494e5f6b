"""A block: a piece of a report that a notebook cell shows, and its three faces.

A block is data (JSON) of one of a few kinds, kept in the notebook under `MIME`. The templates draw each kind for
the ``notebook``, for the ``page`` (HTML) and for ``paper`` (PDF), so that one executed notebook is the only source
of all three. All that is drawn is escaped, and made visible, in one place: here.
"""

import base64
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from auditkit.base import hostile_text as text
from auditkit.base import shipped
from auditkit.errors import UsageError
from auditkit.evaluation.words import SEVERITIES, WORDS, word
from auditkit.reports.panels.glyphs import drawable

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_LONG, _JOINT = re.compile(r"[^\s/-]{16,}"), re.compile(r"(?<=\w)([.:])(?=\w)")

MIME = "application/vnd.auditkit.v1+json"
ROWS = {"notebook": 10, "page": 20, "paper": 5, "population": 20}
"""Rows of the exceptions of one check (worst first) that each face shows, and those of a population that paper shows;
the attachments have all."""


class Block:
    """The content of a cell: ``kind`` names the macro of ``templates/blocks.html`` that draws its ``content``."""

    def __init__(self, kind: str, **content: object):
        self.kind = kind
        self.content: dict[str, Any] = content

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            MIME: {"kind": self.kind, **self.content},
            "text/html": notebook_face(self),
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return f"<auditkit {self.kind}: {text.visible(str(self.content.get('title', '')))}>"


def notebook_face(block: Block) -> str:
    """The block as HTML that needs nothing around it: its style is inside, and it has no script."""
    return draw("notebook.html", block={"kind": block.kind, **block.content})


@cache
def environment() -> "Environment":
    """The templates. Everything is escaped, and a name that does not exist is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(shipped.folder("templates")), autoescape=True, undefined=StrictUndefined,
        finalize=_finalize, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    found.filters |= {"word": word, "count": text.count, "size": text.size, "short": text.short, "ends": text.ends,
                      "breakable": breakable, "drawable": drawable,
                      "base64": lambda said: base64.b64encode(said.encode()).decode()}
    found.globals |= {"ROWS": ROWS, "STATUS": WORDS, "SEVERITIES": SEVERITIES[::-1]}
    return found


def breakable(said: str) -> "Markup":
    """Text as HTML whose long names may break after ``.`` and ``:`` too (``<wbr>``); after ``/`` and ``-`` every line
    may break."""
    from markupsafe import Markup, escape

    escaped = str(escape(text.visible(said)))
    return Markup(_LONG.sub(lambda word: _JOINT.sub(r"\1<wbr>", word[0]), escaped))  # noqa: S704 - escaped above


def draw(template: str, **context: object) -> str:
    """A template drawn. Raises `UsageError` for a block that lacks what this version draws of it."""
    from jinja2 import UndefinedError

    try:
        return environment().get_template(template).render(**context)
    except UndefinedError as error:
        raise UsageError(f"The notebook has a block from another version of auditkit ({error}). "
                         "Run the notebook again.") from None


def _finalize(value: Any) -> Any:
    """Make plain strings visible; what is already markup was made by a template."""
    return text.visible(value) if type(value) is str else value
