"""The panels for notebook cells: ``show.summary(evaluation)``, ``show.ledger(snap)`` …

Each is drawn in the notebook, on the page and on paper.
"""

from auditkit.reports import shell
from auditkit.reports.panels.access_and_network import checklist, flows, missing, paths
from auditkit.reports.panels.bars import bars, chart
from auditkit.reports.panels.calendar import calendar
from auditkit.reports.panels.changes import changes
from auditkit.reports.panels.dictionary import dictionary
from auditkit.reports.panels.evidence import evidence
from auditkit.reports.panels.findings import findings
from auditkit.reports.panels.person import person
from auditkit.reports.panels.population import explanation, outcome, table
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

__all__ = ["added", "bars", "calendar", "changes", "chart", "checklist", "conclusion", "details", "dictionary",
           "effect", "evidence", "explanation", "findings", "flows", "ledger", "missing", "outcome", "paths", "person",
           "requests", "requirement", "requirements", "result", "scope", "simulation", "snapshot", "statuses",
           "summary",
           "table", "timeline", "weeks"]

shell.set_up()
