"""The page: one HTML file that works without a network and asks for nothing."""

import base64
import hashlib
from importlib import resources

from auditkit.base import shipped
from auditkit.reports.page.document import Document
from auditkit.reports.panels.block import draw


def page(document: Document) -> str:
    """The page of a document. Only its own scripts run: the policy in its head names them by their digests."""
    scripts = [(shipped.folder("templates") / "page.js").read_text("utf-8")]
    if document.interactive:
        scripts.insert(0, plotly_js())
    return draw("page.html", document=document, anchors=document.anchors, scripts=scripts,
                hashes=[_hash(script) for script in scripts])


def plotly_js() -> str:
    """The plotly.js that comes with plotly; plotly itself is not imported."""
    return (resources.files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
