"""Quantities: ``quantity('512Mi')`` (k8s.io/apimachinery, ``pkg/api/resource``)."""

import re
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Context, Decimal

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.numbers import INT_MAX, INT_MIN
from auditkit.admission.cel.values import CelError, Opaque, Unknown

_PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_WRITTEN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)", re.ASCII)
_EXACT = Context(prec=1000)
_LONGEST = 300
_FINEST = -9
_SMALLEST = Decimal("1e-9")
_LARGEST = Decimal(INT_MAX)
_DIGITS_OF_INT64 = 18


@dataclass(frozen=True)
class Quantity(Opaque):
    """An amount.

    ``scale`` is the power of ten that the API server counts it in, and ``simple`` says whether it keeps it so, as a
    number of 64 bits. Only such amounts, in units or more, are integers for it: ``1000m`` is none.
    """

    amount: Decimal
    scale: int = 0
    simple: bool = True
    type_name = "kubernetes.Quantity"

    def equals(self, other: object) -> bool:
        """Whether the amounts are equal, however they are written."""
        if not isinstance(other, Quantity):
            raise CelError("no such overload")
        return self.amount == other.amount


def _parse(text: str) -> Quantity:
    written = _WRITTEN.fullmatch(text)
    if not text or not written:
        raise CelError(f"quantities must match the regular expression '{_PATTERN}'")
    sign, whole, fraction, suffix = written.groups()
    whole, fraction = whole.lstrip("0") or "0", fraction or ""
    if len(whole) + len(fraction) > _LONGEST:
        raise Unknown("a quantity of so many digits")
    base, exponent = _power(suffix)
    amount = Decimal(f"{whole}.{fraction or 0}")
    amount = _EXACT.multiply(amount, Decimal(2 ** exponent)) if base == 2 else _EXACT.scaleb(amount, exponent)
    simple = _is_simple(base, exponent, whole, fraction, amount)
    scale = (0 if base == 2 else exponent) - len(fraction) if simple else _FINEST
    size = amount if simple else _bounded(amount, base)
    return Quantity(-size if sign == "-" else size, scale, simple)


def _power(suffix: str) -> tuple[int, int]:
    """What a suffix stands for: a base and an exponent."""
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix]
    if suffix in _BINARY:
        return 2, _BINARY[suffix]
    exponent = _EXPONENT.fullmatch(suffix)
    if not exponent or len(exponent[1]) > 4 or abs(int(exponent[1])) > _LONGEST:
        raise CelError("unable to parse quantity's suffix")
    return 10, int(exponent[1])


def _is_simple(base: int, exponent: int, whole: str, fraction: str, amount: Decimal) -> bool:
    if base == 2:
        return not fraction and 15 - len(whole) - exponent * 3 // 10 - 1 >= 0 and amount <= _LARGEST
    return len(whole) + len(fraction) <= _DIGITS_OF_INT64 and exponent - len(fraction) >= -9


def _bounded(amount: Decimal, base: int) -> Decimal:
    """An amount that is no simple number is rounded up to a billionth, and in binary form has an upper bound."""
    rounded = amount.quantize(_SMALLEST, rounding=ROUND_UP, context=_EXACT)
    return min(rounded, _LARGEST) if base == 2 else rounded


@function("quantity(string) -> kubernetes.Quantity")
def quantity(text: str) -> Quantity:
    return _parse(text)


@function("isQuantity(string) -> bool")
def is_quantity(text: str) -> bool:
    try:
        _parse(text)
    except CelError:
        return False
    return True


@function("sign(kubernetes.Quantity) -> int")
def sign(one: Quantity) -> int:
    return (one.amount > 0) - (one.amount < 0)


@function("kubernetes.Quantity.isGreaterThan(kubernetes.Quantity) -> bool")
def is_greater_than(one: Quantity, other: Quantity) -> bool:
    return one.amount > other.amount


@function("kubernetes.Quantity.isLessThan(kubernetes.Quantity) -> bool")
def is_less_than(one: Quantity, other: Quantity) -> bool:
    return one.amount < other.amount


@function("kubernetes.Quantity.compareTo(kubernetes.Quantity) -> int")
def compare_to(one: Quantity, other: Quantity) -> int:
    return (one.amount > other.amount) - (one.amount < other.amount)


@function("kubernetes.Quantity.asApproximateFloat() -> double")
def as_approximate_float(one: Quantity) -> float:
    if one.scale == 0 or one.amount == 0:
        return float(one.amount)
    base = float(_EXACT.scaleb(one.amount, -one.scale))
    return base * float(f"1e{one.scale}")


def _whole(one: Quantity) -> int | None:
    """The amount as a whole number of 64 bits, where the API server has it as one."""
    if not one.simple or one.scale < 0 or not INT_MIN <= one.amount <= INT_MAX:
        return None
    return int(one.amount)


@function("kubernetes.Quantity.isInteger() -> bool")
def is_integer(one: Quantity) -> bool:
    return _whole(one) is not None


@function("kubernetes.Quantity.asInteger() -> int")
def as_integer(one: Quantity) -> int:
    number = _whole(one)
    if number is None:
        raise CelError("cannot convert value to integer")
    return number


@function("kubernetes.Quantity.add(kubernetes.Quantity) -> kubernetes.Quantity")
def add(one: Quantity, other: Quantity) -> Quantity:
    scale = _common_scale(one, other)
    total = _EXACT.add(one.amount, other.amount)
    simple = one.simple and other.simple and abs(_EXACT.scaleb(total, -scale)) <= _LARGEST
    return Quantity(total, scale, simple)


def _common_scale(one: Quantity, other: Quantity) -> int:
    """The finer scale; that of nothing does not count."""
    if other.amount == 0:
        return one.scale
    return other.scale if one.amount == 0 else min(one.scale, other.scale)


@function("kubernetes.Quantity.add(int) -> kubernetes.Quantity")
def add_int(one: Quantity, number: int) -> Quantity:
    return add(one, Quantity(Decimal(number)))


@function("kubernetes.Quantity.sub(kubernetes.Quantity) -> kubernetes.Quantity")
def sub(one: Quantity, other: Quantity) -> Quantity:
    return add(one, replace(other, amount=-other.amount))


@function("kubernetes.Quantity.sub(int) -> kubernetes.Quantity")
def sub_int(one: Quantity, number: int) -> Quantity:
    return add(one, Quantity(Decimal(-number)))
