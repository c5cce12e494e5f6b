"""Checks: small functions on tables, grouped by subject."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from auditkit.checks import plugins
from auditkit.checks.model import REGISTRY, Check, Judgement, check, judge
from auditkit.errors import NoSuchName

_NO_CHECKS = {"model", "plugins", "support"}

__all__ = ["Check", "Judgement", "all_checks", "check", "find", "judge", "load_file"]


def all_checks() -> dict[str, Check]:
    """All checks by name: those of this package, of installed packages and of loaded files."""
    _load_ours()
    plugins.load_entry_points()
    return REGISTRY


def load_file(path: Path | str) -> list[str]:
    """Register the checks of a Python file, and return their names. Raises `DefinitionError`."""
    all_checks()  # first, so that a name that is taken is reported as an error of that file
    return plugins.load_file(Path(path))


def find(name: str) -> Check:
    """A check by its name ``module.function``. Raises `NoSuchName`."""
    known = all_checks()
    if name not in known:
        raise NoSuchName("check", name, known)
    return known[name]


@cache
def _load_ours() -> None:
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _NO_CHECKS:
            importlib.import_module(f"{__name__}.{module.name}")
