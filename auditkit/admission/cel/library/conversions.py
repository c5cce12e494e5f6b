"""Conversions between types (cel-go, ``common/types``)."""

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.numbers import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    parse_double,
    parse_integer,
    parse_unsigned,
    shortest,
)
from auditkit.admission.cel.times import duration_text, parse_duration, parse_timestamp, timestamp_text
from auditkit.admission.cel.values import (
    SECOND,
    CelError,
    Duration,
    Timestamp,
    TypeValue,
    Uint,
    Value,
    type_name,
    unsigned,
)

_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")
_OLDEST, _NEWEST = -62_135_596_800, 253_402_300_799


def _refused(value: Value, into: str) -> CelError:
    return CelError(f"type conversion error from '{type_name(value)}' to '{into}'")


def _identity(value: Value) -> Value:
    return value


for _name in ("bool", "bytes", "double", "int", "uint", "timestamp", "duration"):
    function(f"{_name}({_name}) -> {_name}", standard=True)(_identity)


@function("type(A) -> type<A>", standard=True)
def type_of(value: Value) -> TypeValue:
    return TypeValue(type_name(value))


@function("bool(string) -> bool", standard=True)
def text_to_bool(text: str) -> bool:
    if text not in _TRUE + _FALSE:
        raise _refused(text, "bool")
    return text in _TRUE


@function("bytes(string) -> bytes", standard=True)
def text_to_bytes(text: str) -> bytes:
    return text.encode()


@function("double(int) -> double", "double(uint) -> double", standard=True)
def whole_to_double(number: int) -> float:
    return float(number)


@function("double(string) -> double", standard=True)
def text_to_double(text: str) -> float:
    number = parse_double(text)
    if number is None:
        raise _refused(text, "double")
    return number


@function("int(double) -> int", standard=True)
def double_to_int(number: float) -> int:
    if not INT_MIN < number < INT_MAX:
        raise CelError("integer overflow")
    return int(number)


@function("int(duration) -> int", standard=True)
def duration_to_int(length: Duration) -> int:
    return length.nanoseconds


@function("int(string) -> int", standard=True)
def text_to_int(text: str) -> int:
    number = parse_integer(text)
    if number is None:
        raise _refused(text, "int")
    return number


@function("int(timestamp) -> int", standard=True)
def timestamp_to_int(moment: Timestamp) -> int:
    return moment.nanoseconds // SECOND


@function("int(uint) -> int", standard=True)
def uint_to_int(number: Uint) -> int:
    if number > INT_MAX:
        raise CelError("integer overflow")
    return int(number)


@function("uint(double) -> uint", standard=True)
def double_to_uint(number: float) -> Uint:
    if not 0 <= number < UINT_MAX:
        raise CelError("unsigned integer overflow")
    return Uint(number)


@function("uint(int) -> uint", standard=True)
def int_to_uint(number: int) -> Uint:
    return unsigned(number)


@function("uint(string) -> uint", standard=True)
def text_to_uint(text: str) -> Uint:
    number = parse_unsigned(text)
    if number is None:
        raise _refused(text, "uint")
    return Uint(number)


@function("string(string) -> string")
def text_to_text(text: str) -> str:
    return text


@function("string(bool) -> string")
def bool_to_text(value: bool) -> str:
    return "true" if value else "false"


@function("string(bytes) -> string")
def bytes_to_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None


@function("string(double) -> string")
def double_to_text(number: float) -> str:
    return shortest(number)


@function("string(int) -> string", "string(uint) -> string")
def whole_to_text(number: int) -> str:
    return str(int(number))


@function("string(timestamp) -> string")
def timestamp_to_text(moment: Timestamp) -> str:
    return timestamp_text(moment)


@function("string(duration) -> string")
def duration_to_text(length: Duration) -> str:
    return duration_text(length)


@function("timestamp(int) -> timestamp", standard=True)
def int_to_timestamp(seconds: int) -> Timestamp:
    if not _OLDEST <= seconds <= _NEWEST:
        raise CelError("timestamp overflow")
    return Timestamp(seconds * SECOND)


@function("timestamp(string) -> timestamp", standard=True)
def text_to_timestamp(text: str) -> Timestamp:
    moment = parse_timestamp(text)
    if moment is None:
        raise _refused(text, "google.protobuf.Timestamp")
    return moment


@function("duration(string) -> duration", standard=True)
def text_to_duration(text: str) -> Duration:
    length = parse_duration(text)
    if length is None:
        raise _refused(text, "google.protobuf.Duration")
    return length
