"""What the cells of a notebook show: ``show.summary(evaluation)``, ``show.ledger(snap)`` …

Each is drawn in the notebook, on the page and on paper.
"""

from auditkit.reports.panels.access_and_network import checklist, flows, missing, paths
from auditkit.reports.panels.bars import bars, chart
from auditkit.reports.panels.evidence import evidence
from auditkit.reports.panels.requirements import (
    added,
    details,
    dictionary,
    explanation,
    ledger,
    outcome,
    requirement,
    requirements,
    result,
    snapshot,
    summary,
    table,
)

__all__ = ["added", "bars", "chart", "checklist", "details", "dictionary", "evidence", "explanation", "flows", "ledger",
           "missing", "outcome", "paths", "requirement", "requirements", "result", "snapshot", "summary", "table"]
