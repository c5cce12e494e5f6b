"""Operators: equality, order, arithmetic, membership, as the API server's engine (cel-go) has them at run time."""

import math
from collections.abc import Callable, Mapping
from typing import NoReturn

from auditkit.admission.cel.numbers import INT_MIN
from auditkit.admission.cel.values import (
    CelError,
    Duration,
    Opaque,
    Optional,
    Timestamp,
    Uint,
    Value,
    integer,
    unsigned,
)

_OLDEST, _NEWEST = -62_135_596_800 * 10 ** 9, 253_402_300_800 * 10 ** 9
"""The years that a timestamp may have: 1 to 9999."""

_RECEIVERS = (str, Duration, Timestamp)
"""The kinds of values of which a missing operator is called otherwise."""


def refuse(operator: str, left: Value) -> NoReturn:
    """The error where a kind of values does not have an operator."""
    raise CelError("no such overload" if isinstance(left, _RECEIVERS) else f"no such overload: {operator}")


def number(value: Value) -> bool:
    """Whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal. Numbers of different kinds may be; other kinds never are."""
    if left is None or right is None:
        return left is right
    if number(left):
        return number(right) and _order_of_numbers(left, right) == 0
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(_not_unequal, left, right))
    if isinstance(left, Mapping):
        return isinstance(right, Mapping) and len(left) == len(right) and all(
            has_key(right, key) and _not_unequal(value, right[key]) for key, value in left.items())
    if isinstance(left, Optional):
        return (isinstance(right, Optional) and len(left.content) == len(right.content)
                and all(map(equal, left.content, right.content)))
    if isinstance(left, Opaque):
        return left.equals(right)
    return type(left) is type(right) and bool(left == right)


def _not_unequal(left: Value, right: Value) -> bool:
    """Elements that cannot be compared do not make a list or map another one (as in cel-go)."""
    try:
        return equal(left, right)
    except CelError:
        return True


def compare(left: Value, right: Value, operator: str = "_<_") -> int:
    """-1, 0 or 1: how two values stand to each other."""
    if not (number(left) or isinstance(left, bool | str | bytes | Duration | Timestamp)):
        refuse(operator, left)
    if number(left) and number(right):
        order = _order_of_numbers(left, right)
        if order is None:
            raise CelError("NaN values cannot be ordered")
        return order
    if type(left) is not type(right):
        raise CelError("no such overload")
    one, other = _sortable(left), _sortable(right)
    return int(one > other) - int(one < other)


def _sortable(value: Value) -> Value:
    """Texts are in the order of their bytes; a surrogate would not be."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value.nanoseconds if isinstance(value, Duration | Timestamp) else value


def _order_of_numbers(left: float, right: float) -> int | None:
    """The order of two numbers; ``None`` where one of them is no number (NaN)."""
    if isinstance(left, float) or isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return None
        left, right = float(left), float(right)
    return int(left > right) - int(left < right)


def has_key(mapping: Mapping[Value, Value], key: Value) -> bool:
    """Whether a map has a key. ``true`` is not 1, as it is in Python."""
    try:
        found = key in mapping
    except TypeError:  # lists and maps are no keys
        return False
    if found and isinstance(key, bool | int | float):
        return any(equal(each, key) for each in mapping)
    return found


def contains(element: Value, container: Value) -> bool:
    """``in``: whether a list has an element, or a map a key."""
    if isinstance(container, list):
        return any(surely_equal(element, each) for each in container)
    if isinstance(container, Mapping):
        return has_key(container, element)
    raise CelError("no such overload")


def surely_equal(left: Value, right: Value) -> bool:
    """Whether two values are equal; where they cannot be compared, they are not."""
    try:
        return equal(left, right)
    except CelError:
        return False


def _same_numbers(left: Value, right: Value, operator: str) -> Callable[[int], int]:
    """How the result of two whole numbers is kept in bounds; an error where they are not of one kind."""
    if type(left) is not type(right):
        raise CelError("no such overload")
    if isinstance(left, bool) or not isinstance(left, int):
        refuse(operator, left)
    return unsigned if isinstance(left, Uint) else integer


def add(left: Value, right: Value) -> Value:
    """``+``"""
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        return add(right, left)
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return _moment(left.nanoseconds + right.nanoseconds, left.offset)
    if isinstance(left, bool) or not (number(left) or isinstance(left, str | bytes | list | Duration | Timestamp)):
        refuse("_+_", left)
    if type(left) is not type(right) or isinstance(left, Timestamp):
        raise CelError("no such overload")
    if isinstance(left, Duration):
        return Duration(integer(left.nanoseconds + right.nanoseconds))
    if isinstance(left, int):
        return _same_numbers(left, right, "_+_")(int(left) + int(right))
    return left + right


def subtract(left: Value, right: Value) -> Value:
    """``-``"""
    if isinstance(left, Timestamp):
        if isinstance(right, Timestamp):
            return Duration(integer(left.nanoseconds - right.nanoseconds))
        if isinstance(right, Duration):
            return _moment(left.nanoseconds - right.nanoseconds, left.offset)
    elif isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(integer(left.nanoseconds - right.nanoseconds))
    return _calculate("_-_", left, right, lambda one, other: one - other, lambda one, other: one - other)


def multiply(left: Value, right: Value) -> Value:
    """``*``"""
    return _calculate("_*_", left, right, lambda one, other: one * other, lambda one, other: one * other)


def divide(left: Value, right: Value) -> Value:
    """``/``: whole numbers are cut towards zero."""
    return _calculate("_/_", left, right, _quotient, _float_quotient)


def remainder(left: Value, right: Value) -> Value:
    """``%``: it has the sign of the left number."""
    if isinstance(left, float):
        refuse("_%_", left)
    return _calculate("_%_", left, right, _rest, _float_quotient)


def _calculate(operator: str, left: Value, right: Value, whole: Callable[[int, int], int],
               broken: Callable[[float, float], float]) -> Value:
    if not number(left):
        refuse(operator, left)
    if type(left) is not type(right):
        raise CelError("no such overload")
    if isinstance(left, float):
        return broken(left, right)
    return _same_numbers(left, right, operator)(whole(int(left), int(right)))


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise CelError("division by zero")
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def _rest(left: int, right: int) -> int:
    if right == 0:
        raise CelError("modulus by zero")
    if left == INT_MIN and right == -1:
        raise CelError("integer overflow")
    return left - right * _quotient(left, right)


def _float_quotient(left: float, right: float) -> float:
    if right == 0:
        sign = math.copysign(1, left) * math.copysign(1, right)
        return math.nan if left == 0 or math.isnan(left) else sign * math.inf
    return left / right


def _moment(nanoseconds: int, offset: int) -> Timestamp:
    if not _OLDEST <= nanoseconds < _NEWEST:
        raise CelError("timestamp overflow")
    return Timestamp(nanoseconds, offset)


def negate(value: Value) -> Value:
    """``-`` before a value."""
    if isinstance(value, bool):
        raise CelError("no such overload")
    if isinstance(value, Duration):
        return Duration(integer(-value.nanoseconds))
    if not number(value) or isinstance(value, Uint):
        refuse("-_", value)
    return -value if isinstance(value, float) else integer(-value)


def opposite(value: Value) -> bool:
    """``!``"""
    if not isinstance(value, bool):
        raise CelError("no such overload")
    return not value


ORDER: dict[str, Callable[[int], bool]] = {
    "_<_": lambda order: order < 0, "_<=_": lambda order: order <= 0,
    "_>_": lambda order: order > 0, "_>=_": lambda order: order >= 0,
}
"""The operators of order, and what each makes of -1, 0 and 1."""

BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "_+_": add, "_-_": subtract, "_*_": multiply, "_/_": divide, "_%_": remainder, "@in": contains,
}
