"""Values of the Common Expression Language as Python objects.

=========  =============================  ==============  =========================
CEL        Python                         CEL             Python
=========  =============================  ==============  =========================
null       ``None``                       list            ``list``
bool       ``bool``                       map             ``dict`` (or any Mapping)
int        ``int``                        timestamp       `Timestamp`
uint       `Uint`                         duration        `Duration`
double     ``float``                      type            `TypeValue`
string     ``str``                        optional        `Optional`
bytes      ``bytes``                      other objects   a subclass of `Opaque`
=========  =============================  ==============  =========================

An error is raised (`CelError`), and so is what is not known (`Unknown`): a function sees neither, and only the
operators that can do without one of their sides (``&&``, ``||``, ``all``, ``exists``) catch them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from auditkit.admission.cel.numbers import INT_MAX, INT_MIN, UINT_MAX, shortest

Value = Any
"""Any of the above."""

SECOND = 1_000_000_000
"""Nanoseconds of a second: durations and timestamps count in nanoseconds."""


class CelError(Exception):
    """An expression has an error; the text is the API server's."""


class Unknown(Exception):
    """A value is not known; the text says what is missing."""


class Uint(int):
    """An unsigned integer."""


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time."""

    nanoseconds: int


@dataclass(frozen=True)
class Timestamp:
    """A point in time, in nanoseconds since 1970, and the offset from UTC (seconds) that it was written with."""

    nanoseconds: int
    offset: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and self.nanoseconds == other.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)


@dataclass(frozen=True)
class TypeValue:
    """A type as a value: what ``type(1)`` gives."""

    name: str


@dataclass(frozen=True)
class Optional:
    """An optional value; ``Optional()`` is ``optional.none()``."""

    content: tuple[Value, ...] = ()

    @classmethod
    def of(cls, value: Value) -> "Optional":
        """The optional that has this value."""
        return cls((value,))

    @property
    def value(self) -> Value:
        """Its value; an error where it has none."""
        if not self.content:
            raise CelError("optional.none() dereference")
        return self.content[0]


class Opaque:
    """An object that only functions can look into (a quantity, an address)."""

    type_name: ClassVar[str]

    def equals(self, other: Value) -> bool:
        """Whether two of this kind are equal. Another kind is an error, as in the API server."""
        if type(other) is not type(self):
            raise CelError("no such overload")
        return bool(self == other)


_NAMES: dict[type, str] = {
    type(None): "null_type", bool: "bool", int: "int", Uint: "uint", float: "double", str: "string", bytes: "bytes",
    list: "list", dict: "map", Timestamp: "google.protobuf.Timestamp", Duration: "google.protobuf.Duration",
    TypeValue: "type", Optional: "optional_type",
}

_GO_NAMES = {
    "null_type": "types.Null", "bool": "types.Bool", "int": "types.Int", "uint": "types.Uint",
    "double": "types.Double", "string": "types.String", "bytes": "types.Bytes",
    "google.protobuf.Timestamp": "types.Timestamp", "google.protobuf.Duration": "types.Duration", "type": "*types.Type",
    "optional_type": "*types.Optional", "list": "*types.baseList", "map": "*types.baseMap",
}
"""The API server is written in Go, and some of its messages call a type by its name there."""


def type_name(value: Value) -> str:
    """The name of the type of a value in CEL."""
    name = _NAMES.get(type(value))
    if name:
        return name
    if isinstance(value, Opaque):
        return value.type_name
    if isinstance(value, Mapping):
        return "map"
    raise Unknown(f"a value of the kind {type(value).__name__}")


def go_type_name(value: Value) -> str:
    """The name of the type of a value in the API server's own language."""
    name = type_name(value)
    return _GO_NAMES.get(name, name)


def integer(number: int) -> int:
    """An integer of 64 bits; an error where it is too large."""
    if not INT_MIN <= number <= INT_MAX:
        raise CelError("integer overflow")
    return number


def unsigned(number: int) -> Uint:
    """An unsigned integer of 64 bits; an error where it does not fit."""
    if not 0 <= number <= UINT_MAX:
        raise CelError("unsigned integer overflow")
    return Uint(number)


def text_of(value: Value) -> str:
    """How a key or an index is written in a message (Go's ``%v``)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return shortest(value)
    if value is None:
        return "NULL_VALUE"
    if isinstance(value, list):
        return f"[{', '.join(map(text_of, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text_of(key)}: {text_of(each)}" for key, each in value.items()) + "}"
    return str(value)
