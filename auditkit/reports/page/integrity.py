"""The digests that a PDF carries of itself, by which a changed byte is found and its page is named.

They stand in the catalogue (``/PieceInfo``, key ``auditkit``) as JSON: ``pages``, the SHA-256 of what draws each page,
and ``file``, the SHA-256 of the whole file with this very digest as zeros. They find accidents, and changes by those
who do not know of them; who changed a report on purpose can compute them anew, and only a signature shows that.
"""

import datetime as dt
import hashlib
import re
from typing import Any

import msgspec

KEY = "auditkit"
_BLANK = b"0" * 64
_FILE = re.compile(rb'\{"file":"(?P<digest>[0-9a-f]{64})"')


class Digests(msgspec.Struct):
    """What a PDF says of itself."""

    file: str
    pages: list[str]


def include(pdf: Any, moment: dt.datetime) -> None:
    """Add the digests of the pages to a PDF of pydyf before it is written, and the place for that of the file."""
    import pydyf

    pages = [hashlib.sha256(_drawing(pdf, number)).hexdigest() for number in pdf.pages["Kids"][::3]]
    stream = pydyf.Stream([msgspec.json.encode(Digests(_BLANK.decode(), pages))])
    pdf.add_object(stream)
    piece = pydyf.Dictionary({"LastModified": pydyf.String(f"D:{moment:%Y%m%d%H%M%S}Z"), "Private": stream.reference})
    pdf.catalog["PieceInfo"] = pydyf.Dictionary({KEY: piece})


def _drawing(pdf: Any, number: int) -> bytes:
    """The bytes that draw a page."""
    return content(pdf.objects[int(pdf.objects[number]["Contents"].split()[0])])


def content(stream: Any) -> bytes:
    """The bytes of a stream of pydyf, before they are compressed."""
    return b"\n".join(line if isinstance(line, bytes) else line.data if hasattr(line, "data") else str(line).encode()
                      for line in stream.stream)


def filled(content: bytes) -> bytes:
    """A written PDF with the digest of itself."""
    return _FILE.sub(lambda found: found[0].replace(_BLANK, _digest(content)), content, count=1)


def whole(content: bytes) -> bool:
    """True if every byte of a PDF is as it was written."""
    found = list(_FILE.finditer(content))
    return len(found) == 1 and _digest(_FILE.sub(b'{"file":"' + _BLANK + b'"', content)) == found[0]["digest"]


def _digest(blank: bytes) -> bytes:
    return hashlib.sha256(blank).hexdigest().encode()
