"""The panels for notebook cells: ``show.summary(evaluation)``, ``show.ledger(snap)`` …

Each is drawn in the notebook, on the page and on paper.
"""

import html
import sys

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.reports.panels.access_and_network import checklist, flows, missing, paths
from auditkit.reports.panels.bars import bars, chart
from auditkit.reports.panels.calendar import calendar
from auditkit.reports.panels.dictionary import dictionary
from auditkit.reports.panels.evidence import evidence
from auditkit.reports.panels.findings import findings
from auditkit.reports.panels.population import doubts, explanation, outcome, table
from auditkit.reports.panels.requests import conclusion, requests
from auditkit.reports.panels.requirements import (
    added,
    details,
    ledger,
    requirement,
    requirements,
    result,
    snapshot,
    summary,
)
from auditkit.reports.panels.scope import scope
from auditkit.reports.panels.simulation import effect, simulation
from auditkit.reports.panels.statuses import statuses
from auditkit.reports.panels.timeline import timeline
from auditkit.reports.panels.weeks import weeks

__all__ = ["added", "bars", "calendar", "chart", "checklist", "conclusion", "details", "dictionary", "effect",
           "evidence", "explanation", "findings", "flows", "ledger", "missing", "outcome", "paths", "requests",
           "requirement", "requirements", "result", "scope", "simulation", "snapshot", "statuses", "summary",
           "table", "timeline", "weeks"]


def _with_gaps(frame: pd.DataFrame) -> str | None:
    """A DataFrame as pandas shows it, and under it why rows may be missing."""
    said, drawn = doubts(frame.attrs.get("gaps")), frame._repr_html_()
    return f"{drawn}<p>{html.escape(text.visible(said))}</p>" if said and drawn else drawn


def in_shell() -> None:
    """Show DataFrames so in the IPython that runs, if one does."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, _with_gaps)


in_shell()
