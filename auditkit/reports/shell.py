"""The IPython in which a notebook runs, if one does: what it shows of DataFrames, and what it completes."""

import html
import sys
from contextlib import suppress
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.reports.panels.interactive import draw, flat, want, wanted
from auditkit.reports.panels.population import doubts, table
from auditkit.snapshots.snapshot import Snapshot


def set_up(interactive: bool = False) -> None:
    """Set up the IPython that runs; without one, nothing is done. Tables become ``interactive`` if itables is there."""
    if interactive:
        want(True)
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        formatter = shell.display_formatter
        formatter.formatters["text/html"].for_type(pd.DataFrame, _with_gaps)
        if wanted():
            formatter.mimebundle_formatter.for_type(pd.DataFrame, _interactive)
        _complete_columns()


def _with_gaps(frame: pd.DataFrame) -> str | None:
    """A DataFrame as pandas shows it, and under it why rows may be missing."""
    drawn: str | None = frame._repr_html_()
    return f"{drawn}{_gaps(frame)}" if drawn else drawn


def _gaps(frame: pd.DataFrame) -> str:
    said = doubts(frame.attrs.get("gaps"))
    return f"<p>{html.escape(text.visible(said))}</p>" if said else ""


def _interactive(frame: pd.DataFrame, **asked: object) -> dict[str, Any]:
    """A DataFrame as a table: interactive in the notebook, and as any other on the page and in the PDF."""
    block = table(flat(frame), text.count(len(frame), "row"))
    return {**block._repr_mimebundle_(), "text/html": f"{draw(frame)}{_gaps(frame)}", "text/plain": repr(frame)}


def _complete_columns() -> None:
    """Have ``snap.pods["`` completed with the columns of the table: IPython reads attributes of classes that it knows
    to be harmless, and those of a snapshot are."""
    with suppress(ImportError, KeyError):  # it may keep its list elsewhere some day
        from IPython.core.guarded_eval import EVALUATION_POLICIES

        harmless: set[Any] = vars(EVALUATION_POLICIES["limited"])["allowed_getattr_external"]
        harmless.add((Snapshot.__module__, Snapshot.__name__))
