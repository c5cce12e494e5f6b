"""Files that a block carries: packed into the notebook, attached to the PDF, offered by the page."""

import base64
import gzip
import hashlib
from typing import Any

from auditkit.base.unpacking import gunzip


def packed(name: str, kind: str, meaning: str, content: bytes) -> dict[str, Any]:
    """A file as a block has it; ``rows`` are those of a table, which has one line for each."""
    rows = content.count(b"\r\n") - 1 if kind == "text/csv" else None
    return {"name": name, "type": kind, "meaning": meaning, "bytes": len(content), "rows": rows,
            "sha256": hashlib.sha256(content).hexdigest(),
            "content": base64.b64encode(gzip.compress(content, mtime=0)).decode()}


def unpack(file: dict[str, Any]) -> bytes:
    """The bytes of an attached file. Raises `ValueError` where it unfolds too far, and what `gzip` raises."""
    return gunzip(base64.b64decode(file["content"]))
