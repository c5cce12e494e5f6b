"""The files of an access review: the packet as a workbook or CSV, and what reviewers filled in."""

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from auditkit.base import files, whole
from auditkit.base.hostile_text import cell
from auditkit.errors import MissingDependency, UsageError
from auditkit.exports.columns import Column
from auditkit.exports.sheets import Book, workbook
from auditkit.reviews.access import COLUMNS, DECISIONS, STRING, TO_FILL, as_text, unquoted

SHEET, ABOUT = "Review", "About"
FROZEN = 4
"""Columns that stay in sight: who has the right."""
WIDTHS = {"line": 18, "subject": 32, "members": 28, "grants": 60, "powers": 40, "use": 32, "comment": 40}
HELP = {
    "decision": f"{' or '.join(DECISIONS)}", "reviewer": "your user name in the cluster",
    "reviewed": "date of the decision, YYYY-MM-DD", "comment": "reason, or who agreed",
}


def write_packet(packet: pd.DataFrame, path: Path | str) -> Path:
    """Write a packet for reviewers, as XLSX or CSV by the name of the file; returns the path.

    Every text is written as text: nothing in a cluster's names becomes a formula. Raises `UsageError`.
    """
    path = Path(path)
    texts = pd.DataFrame({name: as_text(packet[name]) for name in COLUMNS})
    if path.suffix == ".csv":
        content = texts.map(cell).to_csv(index=False, lineterminator="\n").encode()
    elif path.suffix == ".xlsx":
        content = _workbook(packet, texts)
    else:
        raise UsageError(f"{path} is neither .xlsx nor .csv. Give the packet a name with one of these suffixes.")
    whole.write(path, content)
    return path


def _workbook(packet: pd.DataFrame, texts: pd.DataFrame) -> bytes:
    def draw(book: Book) -> None:
        book.table(SHEET, [_column(name) for name in COLUMNS], [texts], frozen=FROZEN)
        book.pairs(ABOUT, _about(packet))

    return workbook(draw, title=f"Access review of {packet.attrs.get('cluster', '')}".strip(),
                    created=packet.attrs.get("taken"))


def _column(name: str) -> Column:
    return Column(name, HELP.get(name, ""), "date" if name == "reviewed" else "string", heading=name,
                  widest=WIDTHS.get(name, 20), fill=name in TO_FILL, choices=DECISIONS if name == "decision" else ())


def _about(packet: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """What the packet is of, and how it is filled in."""
    yield from (("Cluster", packet.attrs.get("cluster", "")), ("Snapshot", packet.attrs.get("snapshot", "")))
    yield "Snapshot taken", f"{packet.attrs['taken']:%Y-%m-%d %H:%M} UTC" if "taken" in packet.attrs else ""
    yield from (("Lines", f"{len(packet)}"), ("Missing evidence", "; ".join(packet.attrs.get("gaps") or ["none"])))
    yield from HELP.items()
    yield "Rule", "Reviewers must not review their own access, or a group of which they are a member."


def read_decisions(path: Path | str) -> pd.DataFrame:
    """The decisions of reviewers: the columns of the file as text, ``<NA>`` for empty cells.

    Takes XLSX (with ``openpyxl``) or CSV; ``line`` and the columns to fill in must be there. Raises `UsageError` and
    `MissingDependency`.
    """
    path = Path(path)
    content = io.BytesIO(files.given(path))
    try:
        if path.suffix == ".xlsx":
            given = pd.read_excel(content, sheet_name=SHEET, dtype=str, keep_default_na=False, engine="openpyxl")
        else:
            given = pd.read_csv(content, dtype=str, keep_default_na=False)
    except ImportError:
        raise MissingDependency("Reading XLSX needs the package openpyxl: install it, or save the sheet "
                                f"{SHEET} as CSV.") from None
    except Exception as error:  # of a broken workbook, its reader lets through whatever it leads to
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise UsageError(f"{path} cannot be read as a packet: {reason}. Save it again as XLSX, or as CSV in "
                         "UTF-8.") from None
    missing = [name for name in ("line", *TO_FILL) if name not in given]
    if missing:
        raise UsageError(f"{path} lacks the columns {', '.join(missing)}. Give the packet that `auditkit "
                         f"access-review packet` wrote.")
    texts = {name: unquoted(given[name].astype(STRING).str.strip()) for name in given}
    texts["decision"] = texts["decision"].str.lower()
    texts["reviewed"] = texts["reviewed"].str.slice(0, 10)  # spreadsheets add a time to a day
    return pd.DataFrame(texts).replace("", pd.NA)
