"""The PDF: for archives (PDF/A-3a) and for readers of screens (PDF/UA-1), with the evidence attached."""

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from auditkit.base import shipped
from auditkit.base.memory import no_gc
from auditkit.errors import MissingDependency
from auditkit.reports.page import integrity, pressing
from auditkit.reports.page.core import core
from auditkit.reports.page.document import Document
from auditkit.reports.panels.attached import unpack
from auditkit.reports.panels.block import draw
from auditkit.reports.panels.glyphs import drawable

if TYPE_CHECKING:
    import weasyprint

VARIANT = "pdf/a-3a"
EPOCH = "1970-01-01T00:00:00+00:00"
"""The date of a document that states none: today's would make other bytes of the same evidence."""


def paper(document: Document) -> bytes:
    """The PDF of the core of a document, the rest attached. Raises `MissingDependency` where Pango is missing."""
    weasyprint, document = engine(), core(document)
    moment = document.about["moment"] if document.about else EPOCH
    html = drawable(draw("paper.html", document=document, anchors=document.anchors, moment=moment))
    with no_gc():  # a third of the time: there are some hundred thousand boxes, and all of them stay
        drawn = weasyprint.HTML(string=html, url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols={"data"})).render(
            pdf_variant=VARIANT, pdf_tags=True)
        drawn.metadata.generate_rdf_metadata = partial(_for_everybody, drawn.metadata.generate_rdf_metadata)
        written: bytes = drawn.write_pdf(
            pdf_variant=VARIANT, pdf_tags=True, pdf_identifier=hashlib.sha256(html.encode()).digest()[:16],
            attachments=_attached(weasyprint, document, dt.datetime.fromisoformat(moment)),
            finisher=partial(_finished, dt.datetime.fromisoformat(moment)))
        return integrity.filled(written)


def _finished(moment: dt.datetime, drawn: Any, pdf: Any) -> None:
    """Name each attachment once in the catalogue (WeasyPrint 70 names each twice), add the digests of the pages, and
    compress what is compressed."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
    integrity.include(pdf, moment)
    pressing.press(pdf)


def _for_everybody(metadata: Callable[..., bytes], *given: Any) -> bytes:
    """The metadata of PDF/A with the mark of PDF/UA, and the schema that PDF/A wants of such a mark."""
    head, end, rest = metadata(*given).rpartition(b"</rdf:RDF>")
    return head + (shipped.folder("templates") / "universal-access.xmp").read_bytes() + end + rest


def warm() -> None:
    """Import what draws a PDF, which takes a second; what is missing is said when it is needed."""
    with contextlib.suppress(MissingDependency):
        engine()


def engine() -> Any:
    """WeasyPrint. Raises `MissingDependency` that names what to install."""
    try:
        import weasyprint
    except ImportError as error:
        raise MissingDependency(f"PDF needs the package {error.name}: `pip install weasyprint`.") from None
    except OSError as error:
        raise MissingDependency(
            "PDF needs the library Pango, which is not installed: `apt-get install libpango-1.0-0 libpangoft2-1.0-0` "
            f"on Debian and Ubuntu, `brew install pango` on macOS ({str(error).splitlines()[0]}).") from None
    return weasyprint


def _attached(weasyprint: Any, document: Document, moment: dt.datetime) -> list["weasyprint.Attachment"]:
    return [weasyprint.Attachment(
        string=unpack(file), name=re.sub(r"[^\w.-]", "_", file["name"]), description=file["meaning"],
        created=moment, modified=moment, relationship="Data") for file in document.files]

