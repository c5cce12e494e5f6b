"""The digest of a requirement's definition: whether what was judged a year ago is what is judged now."""

import hashlib
import inspect
from functools import cache
from typing import Any

import msgspec

from auditkit.checks import Check
from auditkit.framework.model import Requirement

DIGITS = 16
"""Hexadecimal digits of a definition's digest where people read or write it."""


def definition(requirement: Requirement) -> str:
    """The SHA-256 of what a requirement says and of its checks: their texts, parameters, tables and own code.

    Code that a check calls, and the tables that are derived for it, are not part of it: the version of auditkit tells
    of them. Raises `NoSuchName` for a check that does not exist.
    """
    said = {**requirement.written(), "checks": [_said(check) for check in requirement.resolved()]}
    return hashlib.sha256(msgspec.json.encode(said, enc_hook=repr, order="sorted")).hexdigest()


def _said(check: Check) -> dict[str, Any]:
    said = {name: value for name, value in check.__dict__.items() if isinstance(value, str | tuple | list | dict)}
    return {**said, "tables": check.tables, "code": _code(check.function)}


@cache
def _code(function: Any) -> str:
    """The source of a function; its name where there is none to read."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return f"{function.__module__}.{function.__qualname__}"
