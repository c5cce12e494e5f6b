"""Numbers as texts, and texts as numbers, as Go has them."""

import math
import re
from decimal import Decimal

INT_MIN, INT_MAX, UINT_MAX = -(2 ** 63), 2 ** 63 - 1, 2 ** 64 - 1
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_UNSIGNED = re.compile(r"[0-9]+", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|inf|infinity|nan)",
                     re.ASCII | re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[+-]?0[xX]([0-9a-fA-F]*\.?[0-9a-fA-F]*)[pP][+-]?[0-9]+", re.ASCII)
_SMALLEST, _LARGEST = -4, 6
"""The exponents that Go does not write where the length is free (``%v``, ``%g``): from, and up to."""


def parse_integer(text: str) -> int | None:
    """``strconv.ParseInt``: the number, or ``None``."""
    if not _INTEGER.fullmatch(text) or len(text) > 64:
        return None
    number = int(text)
    return number if INT_MIN <= number <= INT_MAX else None


def parse_unsigned(text: str) -> int | None:
    """``strconv.ParseUint``: the number, or ``None``."""
    if not _UNSIGNED.fullmatch(text) or len(text) > 64:
        return None
    return number if (number := int(text)) <= UINT_MAX else None


def parse_double(text: str) -> float | None:
    """``strconv.ParseFloat``: the number, or ``None``. A number that is too large is none."""
    if _HEXADECIMAL.fullmatch(text):
        return float.fromhex(text)
    if not _DOUBLE.fullmatch(text):
        return None
    number = float(text)
    return None if math.isinf(number) and "inf" not in text.lower() else number


def _special(number: float) -> str | None:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return None


def shortest(number: float) -> str:
    """The shortest text of a number, with an exponent where it is large or very small (Go's ``%g``)."""
    special = _special(number)
    if special:
        return special
    mantissa, exponent = _scientific(number)
    if number and not _SMALLEST <= int(exponent) < _LARGEST:
        return f"{mantissa}e{int(exponent):+03d}"
    return plain(number)


def _scientific(number: float) -> tuple[str, str]:
    """Mantissa and exponent with as few digits as tell the number from its neighbours."""
    for digits in range(18):
        text = f"{number:.{digits}e}"
        if float(text) == number:
            break
    mantissa, exponent = text.split("e")
    return mantissa, exponent


def plain(number: float) -> str:
    """The shortest text of a number without an exponent (Go's ``FormatFloat(x, 'f', -1, 64)``)."""
    special = _special(number)
    if special:
        return special
    text = f"{Decimal(repr(number)):f}"
    return text.removesuffix(".0")
