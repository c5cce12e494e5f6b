"""What is in a file: its bytes, and those that are packed in it (Parquet, PDF, ZIP, XLSX, gzip)."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pyarrow.parquet as pq


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of a file and of all that is packed in it."""
    yield from _contents(str(path), path.read_bytes())


def _contents(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if content.startswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(content))
        yield f"{name} as CSV", table.to_pandas().to_csv().encode()
        yield f"{name} metadata", repr(table.schema.metadata).encode()
    elif content.startswith(b"%PDF"):
        yield from _of_pdf(name, content)
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for each in archive.namelist():
                yield from _contents(f"{name}!{each}", archive.read(each))
    else:
        for match in re.finditer(rb"\x1f\x8b\x08", content):
            try:
                yield f"{name} unpacked", zlib.decompressobj(31).decompress(content[match.start():])
            except zlib.error:
                continue


def _of_pdf(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for number, thing in enumerate(pdf.objects):
            if isinstance(thing, pikepdf.Stream):
                try:
                    read = thing.read_bytes()
                except pikepdf.PdfError:
                    read = thing.read_raw_bytes()
                if read.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08")):
                    yield from _contents(f"{name} object {number}", read)
                else:
                    yield f"{name} object {number}", read
