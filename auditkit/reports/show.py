"""What the cells of a notebook show: ``show.summary(evaluation)``, ``show.ledger(snap)`` …

Each is drawn in the notebook, on the page and on paper.
"""

from auditkit.reports.attachments import evidence
from auditkit.reports.cards import (
    added,
    details,
    dictionary,
    ledger,
    requirement,
    requirements,
    snapshot,
    summary,
    table,
)
from auditkit.reports.figures import bars, chart
from auditkit.reports.panels import checklist, flows, missing, paths

__all__ = ["added", "bars", "chart", "checklist", "details", "dictionary", "evidence", "flows", "ledger", "missing",
           "paths", "requirement", "requirements", "snapshot", "summary", "table"]
