"""What objects show in a notebook. It is drawn by the reports, which the objects know nothing of: they are asked
for by name when something is shown."""

import importlib
from typing import Any


def card(thing: Any, name: str) -> str:
    """The HTML that the reports draw for a thing of this name (``snapshot``, ``evaluation``)."""
    return getattr(importlib.import_module("auditkit.reports.cards"), f"{name}_card")(thing)
