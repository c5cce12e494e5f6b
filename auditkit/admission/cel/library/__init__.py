"""The functions of the language, one module a subject."""

from collections.abc import Mapping

from auditkit.admission.cel.functions import FUNCTIONS, Function
from auditkit.admission.cel.library import (
    conversions,
    formats,
    lists,
    network,
    optionals,
    quantities,
    regular_expressions,
    rights,
    sets,
    string_format,
    strings,
    times,
    urls,
    versions,
)

_MODULES = (conversions, formats, lists, network, optionals, quantities, regular_expressions, rights, sets,
            string_format, strings, times, urls, versions)
"""Imported, they have declared their functions."""


def functions() -> Mapping[str, Function]:
    """All functions by name."""
    return FUNCTIONS
