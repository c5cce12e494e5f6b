"""What the cells of a notebook show: ``show.summary(evaluation)``, ``show.ledger(snap)`` …

Each is drawn in the notebook, on the page and on paper.
"""

from auditkit.report.attachments import evidence
from auditkit.report.cards import (
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
from auditkit.report.figures import bars, chart

__all__ = ["added", "bars", "chart", "details", "dictionary", "evidence", "ledger", "requirement", "requirements",
           "snapshot", "summary", "table"]
