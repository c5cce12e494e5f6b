"""Reports read back: the attachments, the words of the pages, the blocks of a notebook.

A report may come from anybody: its size, its pages and its attachments are bounded, nothing in it is run, and whatever
is malformed ends as a sentence.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditkit.base.files import given
from auditkit.errors import UsageError
from auditkit.reports import notebook_file
from auditkit.reports.page import integrity
from auditkit.reports.panels.attached import unpack
from auditkit.reports.panels.block import MIME
from auditkit.reports.panels.evidence import SEAL

if TYPE_CHECKING:
    import pypdf

LARGEST, PAGES, ATTACHMENTS = 512 * 2**20, 20_000, 200
"""Bytes of a report and of its attachments together, pages, number of attachments: more is refused."""


class Given(msgspec.Struct, frozen=True):
    """A file of people that a report carries: the option that gave it, its name, and the attachment that has it."""

    kind: str
    name: str
    attachment: str
    sha256: str


class Seal(msgspec.Struct, frozen=True):
    """What a report says that it rests on (``seal.json``): digests are SHA-256, ``files`` are those of attachments."""

    auditkit: str
    rules_sha256: str
    snapshot: str
    framework: str
    framework_version: str
    framework_sha256: str
    pss_version: str
    files: dict[str, str]
    given: list[Given]
    owner_label: str = ""
    categories: list[str] = []


@dataclass
class Report:
    """A report that was read: ``pages`` are the words of a PDF's pages, ``blocks`` those of a notebook."""

    path: Path
    content: bytes
    attachments: dict[str, bytes]
    pages: list[str] = field(default_factory=list)
    drawn: list[bytes] = field(default_factory=list)
    digests: integrity.Digests | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def as_written(self) -> bool:
        """True if a PDF has the bytes that it says were written; of a notebook that is not known."""
        return not self.pages or (self.digests is not None and integrity.whole(self.content))

    @property
    def seal(self) -> Seal:
        """What it rests on. Raises `UsageError` where it does not say."""
        if SEAL not in self.attachments:
            raise UsageError(f"{self.path} has no {SEAL}: it does not say what it rests on. It is no report of a "
                             "framework, or an earlier version of auditkit wrote it. Write the report again.")
        with whole(self.path):
            return msgspec.json.decode(self.attachments[SEAL], type=Seal)


def read(path: Path) -> Report:
    """A report: a PDF, or an executed notebook. Raises `UsageError` where the file is neither, damaged or too large."""
    content = given(path)
    if len(content) > LARGEST:
        raise UsageError(f"{path} has {len(content):,} bytes; a report has at most {LARGEST:,}. Give a report.")
    if content[:5] == b"%PDF-":
        with whole(path):
            return _pdf(path, content)
    if path.suffix == ".ipynb":
        return _notebook(path, content)
    raise UsageError(f"{path} is neither a PDF nor a notebook (.ipynb). Give the PDF or the notebook of a report.")


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Raises `UsageError` for whatever a malformed file leads to in a library."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise UsageError(f"{path} cannot be read: {said}. It is damaged, or no report of auditkit. Use another "
                         "copy.") from None


def _pdf(path: Path, content: bytes) -> Report:
    import pypdf

    if not (log := logging.getLogger("pypdf")).handlers:
        log.addHandler(logging.NullHandler())  # its warnings repeat text of the file, which no terminal may get
    reader = pypdf.PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        raise UsageError(f"{path} is encrypted, which no report of auditkit is. Give the file that auditkit wrote.")
    if len(reader.pages) > PAGES:
        raise UsageError(f"{path} has {len(reader.pages):,} pages; a report has at most {PAGES:,}.")
    return Report(path, content, _attached(path, reader), [page.extract_text() for page in reader.pages],
                  [_drawing(page) for page in reader.pages], _digests(reader))


def _attached(path: Path, reader: "pypdf.PdfReader") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, (name, contents) in enumerate(reader.attachments.items()):
        if len(contents) != 1:
            raise UsageError(f"{path} has several attachments that are called {name}: auditkit did not write it.")
        found[name] = contents[0]
        if number >= ATTACHMENTS or sum(map(len, found.values())) > LARGEST:
            raise UsageError(f"{path} has more attachments than a report has: at most {ATTACHMENTS} files and "
                             f"{LARGEST:,} bytes.")
    return found


def _drawing(page: Any) -> bytes:
    import pypdf

    contents = page["/Contents"].get_object() if "/Contents" in page else None
    return contents.get_data() if isinstance(contents, pypdf.generic.StreamObject) else b""


def _digests(reader: "pypdf.PdfReader") -> integrity.Digests | None:
    root: Any = reader.trailer["/Root"]
    piece = root.get("/PieceInfo", {}).get(f"/{integrity.KEY}")
    return msgspec.json.decode(piece["/Private"].get_object().get_data(), type=integrity.Digests) if piece else None


def _notebook(path: Path, content: bytes) -> Report:
    outputs = [output for cell in notebook_file.read(path).cells for output in cell.get("outputs", ())]
    blocks = [output.data[MIME] for output in outputs if MIME in output.get("data", {})]
    with whole(path):
        files = {file["name"]: unpack(file) for block in blocks for file in block.get("files", ()) if file["content"]}
    return Report(path, content, files, blocks=blocks)
