"""The files of an access review: the packet as a workbook or CSV, and what reviewers filled in."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from auditkit.base import files, whole
from auditkit.base.hostile_text import cell, visible
from auditkit.errors import MissingDependency, UsageError
from auditkit.reviews.access import COLUMNS, DECISIONS, STRING, TO_FILL, as_text, unquoted

SHEET, ABOUT = "Review", "About"
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
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False,
                                    "strings_to_numbers": False}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        fill = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#FFF7DC", "locked": False})
        sheet = book.add_worksheet(SHEET)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, head)
            sheet.set_column(column, column, WIDTHS.get(name, 16))
            if name in HELP:
                sheet.write_comment(0, column, HELP[name])
            for row, text in enumerate(texts[name], 1):
                sheet.write_string(row, column, text, fill if name in TO_FILL else plain)
        last = max(1, len(texts))
        sheet.data_validation(1, COLUMNS.index("decision"), last, COLUMNS.index("decision"),
                              {"validate": "list", "source": list(DECISIONS)})
        sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
        sheet.freeze_panes(1, 4)
        _about(book.add_worksheet(ABOUT), packet, plain)
    return file.getvalue()


def _about(sheet: Any, packet: pd.DataFrame, plain: Any) -> None:
    """What the packet is of, and how it is filled in."""
    gaps = packet.attrs.get("gaps") or ["none"]
    said = [
        ("Cluster", packet.attrs.get("cluster", "")), ("Snapshot", packet.attrs.get("snapshot", "")),
        ("Snapshot taken", f"{packet.attrs['taken']:%Y-%m-%d %H:%M} UTC" if "taken" in packet.attrs else ""),
        ("Lines", f"{len(packet)}"), ("Missing evidence", "; ".join(gaps)),
        *((name, text) for name, text in HELP.items()),
        ("Rule", "Reviewers must not review their own access, or a group of which they are a member."),
    ]
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    for row, (name, text) in enumerate(said):
        sheet.write_string(row, 0, name, plain)
        sheet.write_string(row, 1, visible(text), plain)


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
