"""Derived tables: pure functions of tables, named by what they derive.

A derived table is a function whose parameter names are the tables (or derived tables) that it reads. It is complete
only where all of them are.
"""

import importlib
import inspect
from collections.abc import Callable
from functools import cache

DERIVED: dict[str, str] = {}
"""Name of a derived table → ``module:function``; modules are imported when first asked for."""


@cache
def derivation(name: str) -> Callable:
    """The function that derives a table."""
    module, _, function = DERIVED[name].partition(":")
    return getattr(importlib.import_module(module), function)


def inputs(function: Callable) -> tuple[str, ...]:
    """The tables that a function reads: the names of its positional parameters."""
    return tuple(
        name for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    )
