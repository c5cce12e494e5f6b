"""Checks: small functions on tables, grouped by what they look at."""

import importlib
import pkgutil

from auditkit.checks.model import REGISTRY, Check, Judgement, check, judge
from auditkit.errors import NoSuchName

_NO_CHECKS = {"model", "cases"}

__all__ = ["Check", "Judgement", "all_checks", "check", "find", "judge"]


def all_checks() -> dict[str, Check]:
    """Every check by name: those of this package, and those that others registered."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _NO_CHECKS and not module.name.startswith("_"):
            importlib.import_module(f"{__name__}.{module.name}")
    return REGISTRY


def find(name: str) -> Check:
    """A check by its name ``module.function``. Raises `NoSuchName`."""
    known = all_checks()
    if name not in known:
        raise NoSuchName("check", name, known)
    return known[name]
