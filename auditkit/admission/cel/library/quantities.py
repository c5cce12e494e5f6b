"""Quantities: ``quantity('512Mi')`` (k8s.io/apimachinery, ``pkg/api/resource``)."""

import re
from dataclasses import dataclass
from decimal import ROUND_UP, Context, Decimal

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.numbers import INT_MAX, INT_MIN
from auditkit.admission.cel.values import CelError, Opaque, Unknown

_PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_WRITTEN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)", re.ASCII)
_EXACT = Context(prec=400)
_SMALLEST = Decimal("1e-9")
_LARGEST = Decimal(INT_MAX)
_DIGITS_OF_INT64 = 18


@dataclass(frozen=True)
class Quantity(Opaque):
    """An amount. ``simple``: the API server keeps it as a whole number of 64 bits with a power of ten."""

    amount: Decimal
    simple: bool = True
    scale: int = 0
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
    fraction = fraction or ""
    whole = whole.lstrip("0") or "0"
    base, exponent = _power(suffix)
    amount = Decimal(f"{whole}.{fraction or 0}")
    amount = _EXACT.multiply(amount, Decimal(2 ** exponent)) if base == 2 else _EXACT.scaleb(amount, exponent)
    simple = _is_simple(base, exponent, whole, fraction, amount)
    if not simple:
        amount = _bounded(amount, base)
    return Quantity(-amount if sign == "-" else amount, simple, 0 if base == 2 else exponent - len(fraction))


def _power(suffix: str) -> tuple[int, int]:
    """What a suffix stands for: a base and an exponent."""
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix]
    if suffix in _BINARY:
        return 2, _BINARY[suffix]
    exponent = _EXPONENT.fullmatch(suffix)
    if not exponent or abs(int(exponent[1])) > 300:
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
    if not one.simple or one.amount != one.amount.to_integral_value():
        return None
    number = int(one.amount)
    return number if INT_MIN <= number <= INT_MAX else None


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
    return _sum(one, other.amount, other)


@function("kubernetes.Quantity.add(int) -> kubernetes.Quantity")
def add_int(one: Quantity, number: int) -> Quantity:
    return _sum(one, Decimal(number), Quantity(Decimal(number)))


@function("kubernetes.Quantity.sub(kubernetes.Quantity) -> kubernetes.Quantity")
def sub(one: Quantity, other: Quantity) -> Quantity:
    return _sum(one, -other.amount, other)


@function("kubernetes.Quantity.sub(int) -> kubernetes.Quantity")
def sub_int(one: Quantity, number: int) -> Quantity:
    return _sum(one, Decimal(-number), Quantity(Decimal(number)))


def _sum(one: Quantity, amount: Decimal, other: Quantity) -> Quantity:
    total = _EXACT.add(one.amount, amount)
    if abs(total) > _LARGEST:
        raise Unknown("the sum of quantities that are larger than a number of 64 bits")
    return Quantity(total, one.simple and other.simple, min(one.scale, other.scale))
