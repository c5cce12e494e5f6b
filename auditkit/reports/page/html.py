"""The page: one HTML file that works without a network and asks for nothing."""

import base64
import hashlib
from importlib import resources

from auditkit.base import shipped
from auditkit.reports.page.document import Document
from auditkit.reports.panels.block import draw

MODULES = ("dom", "files", "verdicts", "address", "columns", "detail", "explorer", "cards", "marks", "looks", "main")
"""The files of ``templates/page`` that are the script of a page, in the order in which they need one another."""


def page(document: Document) -> str:
    """The page of a document. Only its own scripts and styles count: the policy in its head names them by digest."""
    scripts, style = [_script()], draw("page.css")
    if document.interactive:
        scripts.insert(0, plotly_js())
    return draw("page.html", document=document, anchors=document.anchors, scripts=scripts, style=style,
                policy=_policy(scripts, "'unsafe-inline'" if document.interactive else _hash(style)))


def _policy(scripts: list[str], styles: str) -> str:
    """What the page may do: run these scripts, and nothing that leads out of it. plotly.js writes styles of its own."""
    return (f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {styles}; img-src data: blob:; "
            "base-uri 'none'; form-action 'none'")


def _script() -> str:
    """The script of the page: its modules in a scope of their own."""
    folder = shipped.folder("templates") / "page"
    modules = "".join((folder / f"{name}.js").read_text("utf-8") for name in MODULES)
    return f'"use strict";\n{{\n{modules}}}\n'


def plotly_js() -> str:
    """The plotly.js that comes with plotly; plotly itself is not imported."""
    return (resources.files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
