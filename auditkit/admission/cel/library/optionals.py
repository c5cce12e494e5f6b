"""Optional values (cel-go, ``cel/library.go``); ``or`` and ``orValue``, which may not look further, are in `plan`."""

from collections.abc import Mapping

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import Duration, Optional, Timestamp, Value

_YEAR_ONE = -62_135_596_800 * 10 ** 9
_KINDS = (bool, int, float, str, bytes, list, Mapping)


@function("optional.of(A) -> optional_type<A>", standard=True)
def of(value: Value) -> Optional:
    return Optional.of(value)


@function("optional.none() -> optional_type<A>", standard=True)
def none() -> Optional:
    return Optional()


@function("optional.ofNonZeroValue(A) -> optional_type<A>", standard=True)
def of_non_zero(value: Value) -> Optional:
    return Optional() if _zero(value) else Optional.of(value)


def _zero(value: Value) -> bool:
    if isinstance(value, Timestamp):
        return value.nanoseconds == _YEAR_ONE
    if isinstance(value, Duration):
        return value.nanoseconds == 0
    return value is None or (isinstance(value, _KINDS) and not value)


@function("optional_type<A>.value() -> A", standard=True)
def value_of(optional: Optional) -> Value:
    return optional.value


@function("optional_type<A>.hasValue() -> bool", standard=True)
def has_value(optional: Optional) -> bool:
    return bool(optional.content)


@function("list<A>.first() -> optional_type<A>", standard=True)
def first(elements: list[Value]) -> Optional:
    return Optional(tuple(elements[:1]))


@function("list<A>.last() -> optional_type<A>", standard=True)
def last(elements: list[Value]) -> Optional:
    return Optional(tuple(elements[-1:]))
