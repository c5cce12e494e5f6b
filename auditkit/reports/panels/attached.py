"""Files that a block carries: packed into the notebook, attached to the PDF, offered by the page."""

import base64
import gzip
import hashlib
from collections.abc import Iterable
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.base.text_tables import TextTable
from auditkit.base.unpacking import gunzip

COLUMNS = "columns"
"""The packing of a table (`auditkit.base.text_tables`); any other file is packed as it is."""


def packed(name: str, kind: str, meaning: str, content: bytes) -> dict[str, Any]:
    """A file as a block has it."""
    return {"name": name, "type": kind, "meaning": meaning, "bytes": len(content), "rows": None,
            "sha256": hashlib.sha256(content).hexdigest(), "content": _packed(content)}


def packed_table(name: str, meaning: str, frames: Iterable[pd.DataFrame | pa.Table],
                 columns: list[str]) -> dict[str, Any]:
    """A table as a block has it: frames or Arrow tables, one under the other. Its bytes and its digest are those of the
    CSV."""
    table, digest, size = TextTable.of(frames, columns), hashlib.sha256(), 0
    for piece in table.csv():
        digest.update(piece)
        size += len(piece)
    return {"name": name, "type": "text/csv", "meaning": meaning, "bytes": size, "rows": table.rows,
            "sha256": digest.hexdigest(), "packing": COLUMNS, "content": _packed(table.packed())}


def unpack(file: dict[str, Any]) -> bytes:
    """The bytes of an attached file. Raises `ValueError` where it unfolds too far, and what `gzip` raises."""
    content = gunzip(base64.b64decode(file["content"]))
    return b"".join(TextTable.unpacked(content).csv()) if file.get("packing") == COLUMNS else content


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
