"""``'%s of %d'.format([…])`` (cel-go, ``ext/formatting.go``)."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.library.conversions import bytes_to_text, double_to_text
from auditkit.admission.cel.times import duration_text, timestamp_text
from auditkit.admission.cel.values import (
    CelError,
    Duration,
    Timestamp,
    TypeValue,
    Unknown,
    Value,
    type_name,
)
from auditkit.base.go_text import go_quoted

_DIGITS = "0123456789"
_LONGEST_PRECISION = 4
_GROUPED = 1000
"""From here on the API server writes a number in groups of three digits, as its locale has it."""


@function("string.format(list<dyn>) -> string")
def format_text(pattern: str, arguments: list[Value]) -> str:
    """The pattern with its clauses replaced by the arguments, in their order."""
    parts, position, used = [], 0, 0
    while position < len(pattern):
        if pattern[position] != "%":
            parts.append(pattern[position])
            position += 1
        elif pattern[position + 1:position + 2] == "%":
            parts.append("%")
            position += 2
        else:
            text, position = _clause(pattern, position, arguments, used)
            parts.append(text)
            used += 1
    return "".join(parts)


def _clause(pattern: str, position: int, arguments: list[Value], used: int) -> tuple[str, int]:
    if used >= len(arguments):
        raise CelError(f"index {used} out of range")
    if position + 1 >= len(pattern):
        raise CelError("unexpected end of string")
    precision, position = _precision(pattern, position + 1)
    letter = pattern[position]
    write = _CLAUSES.get(letter)
    if not write:
        raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{letter}"')
    try:
        return write(arguments[used], precision), position + 1
    except CelError as error:
        raise CelError(f"error during formatting: {error}") from None


def _precision(pattern: str, position: int) -> tuple[int | None, int]:
    if pattern[position] != ".":
        return None, position
    end = position + 1
    while end < len(pattern) and pattern[end] in _DIGITS:
        end += 1
    failed = "could not parse formatting clause: error while parsing precision: "
    if end >= len(pattern):
        raise CelError(f"{failed}could not find end of precision specifier")
    if end == position + 1:
        raise CelError(f'{failed}error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax')
    if end - position > _LONGEST_PRECISION:
        raise Unknown("a number with so many decimals")
    return int(pattern[position + 1:end]), end


def _text(value: Value, _: Any = None) -> str:
    """``%s``"""
    write = _TEXTS.get(type_name(value))
    if not write:
        raise CelError("string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
                       f"durations, and timestamps, was given {type_name(value)}")
    return write(value)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _list(values: list[Value]) -> str:
    return f"[{', '.join(map(_inside, values))}]"


def _map(values: Mapping[Value, Value]) -> str:
    for key in values:
        if type_name(key) not in ("string", "bool", "int", "uint"):
            raise CelError(f"no formatting function for map key of type {type_name(key)}")
    pairs = sorted((_inside(key), _inside(value)) for key, value in values.items())
    return "{" + ", ".join(f"{key}:{value}" for key, value in pairs) + "}"


def _inside(value: Value) -> str:
    """A value in a list or map, written as a literal."""
    if isinstance(value, float):
        return f"{value:.6f}" if isfinite(value) else go_quoted(double_to_text(value))
    if isinstance(value, TypeValue):
        return f"type({value.name})"
    if isinstance(value, Timestamp):
        return f"timestamp({go_quoted(timestamp_text(value))})"
    if isinstance(value, Duration):
        return f"duration({go_quoted(duration_text(value))})"
    if type_name(value) not in _TEXTS:
        raise CelError(f"no formatting function for {type_name(value)}")
    text = _text(value)
    if isinstance(value, str):
        return go_quoted(text)
    return f"b{go_quoted(text)}" if isinstance(value, bytes) else text


def _type(value: TypeValue) -> str:
    return value.name


def _null(value: None) -> str:
    return "null"


_TEXTS: dict[str, Callable[[Any], str]] = {
    "list": _list, "map": _map, "int": str, "uint": lambda number: str(int(number)), "double": double_to_text,
    "bool": _bool, "string": str, "google.protobuf.Timestamp": timestamp_text, "bytes": bytes_to_text,
    "google.protobuf.Duration": duration_text, "type": _type, "null_type": _null,
}


def _whole(value: Value, allowed: tuple[str, ...], message: str) -> int:
    if type_name(value) not in allowed:
        raise CelError(f"{message}, was given {type_name(value)}")
    return int(value)


def _decimal(value: Value, _: Any) -> str:
    """``%d``"""
    return str(_whole(value, ("int", "uint"), "decimal clause can only be used on integers"))


def _octal(value: Value, _: Any) -> str:
    """``%o``"""
    return f"{_whole(value, ('int', 'uint'), 'octal clause can only be used on integers'):o}"


def _binary(value: Value, _: Any) -> str:
    """``%b``"""
    return f"{_whole(value, ('int', 'uint', 'bool'), 'only integers and bools can be formatted as binary'):b}"


def _hexadecimal(value: Value, _: Any) -> str:
    """``%x``"""
    if isinstance(value, str | bytes):
        return (value.encode() if isinstance(value, str) else value).hex()
    message = "only integers, byte buffers, and strings can be formatted as hex"
    return f"{_whole(value, ('int', 'uint'), message):x}"


def _fixed(value: Value, precision: int | None) -> str:
    """``%f``"""
    if type_name(value) != "double":
        if value in ("NaN", "Infinity", "-Infinity"):
            raise Unknown("how the API server writes a number that is not finite")
        raise CelError(f"fixed-point clause can only be used on doubles, was given {type_name(value)}")
    if not abs(value) < _GROUPED - 1:
        raise Unknown("how the API server groups the digits of a number")
    return f"{value:.{6 if precision is None else precision}f}"


def _scientific(value: Value, _: Any) -> str:
    """``%e``"""
    if type_name(value) != "double" and value not in ("NaN", "Infinity", "-Infinity"):
        raise CelError(f"scientific clause can only be used on doubles, was given {type_name(value)}")
    raise Unknown("how the API server writes a number with an exponent")


_CLAUSES: dict[str, Callable[[Value, int | None], str]] = {
    "s": _text, "d": _decimal, "f": _fixed, "e": _scientific, "b": _binary, "x": _hexadecimal,
    "X": lambda value, precision: _hexadecimal(value, precision).upper(), "o": _octal,
}
