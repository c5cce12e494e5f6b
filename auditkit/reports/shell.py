"""The IPython in which a notebook runs, if one does: what it shows of DataFrames, and what it completes."""

import html
import sys
from contextlib import suppress
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.reports.panels.population import doubts
from auditkit.snapshots.snapshot import Snapshot


def set_up() -> None:
    """Set up the IPython that runs; without one, nothing is done."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, _with_gaps)
        _complete_columns()


def _with_gaps(frame: pd.DataFrame) -> str | None:
    """A DataFrame as pandas shows it, and under it why rows may be missing."""
    said, drawn = doubts(frame.attrs.get("gaps")), frame._repr_html_()
    return f"{drawn}<p>{html.escape(text.visible(said))}</p>" if said and drawn else drawn


def _complete_columns() -> None:
    """Have ``snap.pods["`` completed with the columns of the table: IPython reads attributes of classes that it knows
    to be harmless, and those of a snapshot are."""
    with suppress(ImportError, KeyError):  # it may keep its list elsewhere some day
        from IPython.core.guarded_eval import EVALUATION_POLICIES

        harmless: set[Any] = vars(EVALUATION_POLICIES["limited"])["allowed_getattr_external"]
        harmless.add((Snapshot.__module__, Snapshot.__name__))
