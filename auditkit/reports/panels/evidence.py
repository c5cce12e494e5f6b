"""The evidence that a report carries with it: the manifest, every requirement and every verdict."""

import base64
import csv as csvfile
import gzip
import hashlib
import io
from collections.abc import Iterable
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import SUBJECT
from auditkit.reports.panels.block import Block

VERDICT_COLUMNS = ["requirement", "check", "severity", "verdict", *SUBJECT, "seen", "wanted", "reason", "accepted"]


def evidence(evaluation: Evaluation) -> Block:
    """The attachments of a report: the files themselves, packed into the notebook, and their digests."""
    snap, files = evaluation.snapshot, []
    if snap.path is not None:
        files.append(_file("manifest.json", "application/json",
                           "The manifest of the snapshot. Its SHA-256 is the digest of the snapshot",
                           (snap.path / "manifest.json").read_bytes()))
    files += [
        _file("requirements.csv", "text/csv", "Every requirement with its status and reason",
              csv([evaluation.requirements], list(evaluation.requirements))),
        _file("verdicts.csv", "text/csv", "Every verdict with its requirement, check, subject, observed value and "
                                          "reason",
              csv((frame for _, frame in evaluation.frames()), VERDICT_COLUMNS)),
    ]
    for name, meaning, frame in (
        ("exceptions", "The accepted risks", evaluation.exceptions),
        ("attestations", "The attestations", evaluation.attestations),
        ("own", "The user's own frameworks and checks, with their digests and proof", evaluation.own),
    ):
        if len(frame):
            files.append(_file(f"{name}.csv", "text/csv", meaning, csv([frame], list(frame))))
    return Block("evidence", title="Attachments", files=files)


def unpack(file: dict[str, Any]) -> bytes:
    """The bytes of an attached file."""
    return gzip.decompress(base64.b64decode(file["content"]))


def csv(frames: Iterable[pd.DataFrame], columns: list[str]) -> bytes:
    """Frames, one under the other, as CSV in UTF-8, safe to open in a spreadsheet."""
    lines = io.StringIO()
    writer = csvfile.writer(lines)
    writer.writerow(columns)
    for frame in frames:
        writer.writerows([text.cell(value) for value in row]
                         for row in frame[columns].itertuples(index=False, name=None))
    return lines.getvalue().encode("utf-8", "backslashreplace")


def _file(name: str, kind: str, meaning: str, content: bytes) -> dict[str, Any]:
    packed = gzip.compress(content, mtime=0)
    return {"name": name, "type": kind, "meaning": meaning, "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(), "content": base64.b64encode(packed).decode()}
