"""What the tests of scans share: the samples of other people's tools, and reading a file to frames."""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from auditkit.scans.read import read_scans
from auditkit.snapshots.ledger import Entry

OWN = Path(__file__).parents[1] / "samples"
CORPORA = Path(os.environ.get("AUDITKIT_CORPORA") or Path(__file__).parents[3] / "shared" / "scanners")


def samples(tool: str) -> list[Any]:
    """The real samples of a tool, to parametrise a test with; where there are none, a skipped one that says so."""
    found = sorted(path for path in (CORPORA / tool / "samples").glob("*") if path.is_file())
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip(f"there are no samples of {tool} at AUDITKIT_CORPORA"))]
    return [pytest.param(path, id=path.name) for path in found]


def own(tool: str) -> list[Any]:
    """The project's own samples of a tool."""
    return [pytest.param(path, id=path.name) for path in sorted((OWN / tool).glob("*"))]


def read(path: Path | str, *more: Path | str) -> tuple[dict[str, pd.DataFrame], list[Entry]]:
    """The tables of files as frames, and the entries of the ledger."""
    tables, entries = read_scans([path, *more])
    return {name: table.to_pandas(types_mapper=pd.ArrowDtype) for name, table in tables.items()}, entries


def written(folder: Path, name: str, content: Any) -> Path:
    """A file: bytes and text as they are, a list of objects as JSON lines, anything else as JSON."""
    if isinstance(content, list) and name.endswith(".jsonl"):
        content = "".join(json.dumps(line) + "\n" for line in content)
    elif not isinstance(content, bytes | str):
        content = json.dumps(content)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def plain(path: Path) -> Any:
    """JSON in whatever encoding, and JSON lines as a list."""
    content = path.read_bytes()
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip().startswith("{")]


def everything(frames: dict[str, pd.DataFrame]) -> str:
    """All that was kept, as one text, to look for what must not be in it."""
    return "\n".join(frame.to_json(orient="values", date_format="iso") for frame in frames.values())


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, with ``None`` for what is missing."""
    return pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
