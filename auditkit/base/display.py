"""What objects show in a notebook. It is drawn by the reports, which the objects know nothing of: they are asked
for by name when something is shown."""

import importlib
from typing import Any


def bundle(thing: Any, name: str) -> dict[str, Any]:
    """What `auditkit.reports.show` draws for a thing (``snapshot``, ``summary``), in every form that it has."""
    return getattr(importlib.import_module("auditkit.reports.show"), name)(thing)._repr_mimebundle_()
