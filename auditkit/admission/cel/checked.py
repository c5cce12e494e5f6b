"""A checked expression: the tree that the parser and type checker of cel-expr-python make.

It comes as a serialised ``cel.expr.CheckedExpr``, a message of Protocol Buffers. The few fields that are needed here
are read off the wire format itself, so that no package for Protocol Buffers is needed.
Source: cel-spec, ``proto/cel/expr/checked.proto`` and ``syntax.proto``.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditkit.admission.cel.numbers import INT_MAX
from auditkit.admission.cel.values import Uint, Value

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class Constant:
    """A literal."""

    value: Value


@dataclass(frozen=True)
class Name:
    """A variable, or a qualified name (``variables.every``)."""

    name: str


@dataclass(frozen=True)
class Select:
    """A field of an operand, or, for ``has()``, whether it is there."""

    operand: "Node"
    field: str
    only_test: bool


@dataclass(frozen=True)
class Call:
    """A function or operator with its arguments; the first is the one before the dot, where there is one."""

    function: str
    arguments: tuple["Node", ...]
    overloads: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    """A list; those of its elements that are optional are left out where they have no value."""

    elements: tuple["Node", ...]
    optional: frozenset[int]


@dataclass(frozen=True)
class MapOf:
    """A map of keys and values, each with whether it is optional."""

    entries: tuple[tuple["Node", "Node", bool], ...]


@dataclass(frozen=True)
class Fold:
    """What the macros (``all``, ``map``, ``optMap``…) are: a loop over a range with an accumulator."""

    variable: str
    second_variable: str
    range: "Node"
    accumulator: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


@dataclass(frozen=True)
class Message:
    """The construction of an object, which expressions of policies have no use for."""

    name: str


Node = Constant | Name | Select | Call | ListOf | MapOf | Fold | Message
Fields = dict[int, list[Any]]
References = dict[int, tuple[str, tuple[str, ...]]]


def tree(serialised: bytes) -> Node:
    """The tree of a serialised, checked expression."""
    checked = _fields(_fields(serialised)[2][0])  # google.protobuf.Any: the type, and the message
    references = dict(map(_reference, checked.get(2, [])))
    return _node(checked[4][0], references)


def _reference(entry: bytes) -> tuple[int, tuple[str, tuple[str, ...]]]:
    """What a name or call of the tree stands for: the qualified name, and the overloads that may be meant."""
    pair = _fields(entry)
    meant = _fields(pair[2][0])
    return pair[1][0], (_text(meant, 1), tuple(each.decode() for each in meant.get(3, [])))


def _node(raw: bytes, references: References) -> Node:
    fields = _fields(raw)
    name, overloads = references.get(fields.get(2, [0])[0], ("", ()))
    for number, read in _KINDS.items():
        if number in fields:
            return read(_fields(fields[number][0]), references, name, overloads)
    raise ValueError("an expression without a kind")


def _constant(fields: Fields, *others: Any) -> Node:
    ((number, (value, *_)),) = fields.items()
    match number:
        case 1:
            return Constant(None)
        case 2:
            return Constant(bool(value))
        case 3:
            return Constant(value - 2 ** 64 if value > INT_MAX else value)
        case 4:
            return Constant(Uint(value))
        case 5:
            return Constant(struct.unpack("<d", value)[0])
        case 6:
            return Constant(value.decode())
        case 7:
            return Constant(value)
    raise ValueError("a literal of an unknown kind")


def _name(fields: Fields, references: References, name: str, overloads: tuple[str, ...]) -> Node:
    return Name(name or _text(fields, 1))


def _select(fields: Fields, references: References, name: str, overloads: tuple[str, ...]) -> Node:
    if name:  # a qualified name that was written with dots
        return Name(name)
    return Select(_node(fields[1][0], references), _text(fields, 2), bool(fields.get(3, [0])[0]))


def _call(fields: Fields, references: References, name: str, overloads: tuple[str, ...]) -> Node:
    target = fields.get(1, [])
    arguments = tuple(_node(raw, references) for raw in [*target, *fields.get(3, [])])
    return Call(_text(fields, 2), arguments, overloads)


def _list(fields: Fields, references: References, *_: Any) -> Node:
    optional = frozenset(number for packed in fields.get(2, []) for number in _varints(packed))
    return ListOf(tuple(_node(raw, references) for raw in fields.get(1, [])), optional)


def _struct(fields: Fields, references: References, *_: Any) -> Node:
    if fields.get(1):
        return Message(_text(fields, 1))
    return MapOf(tuple(_entry(_fields(raw), references) for raw in fields.get(2, [])))


def _entry(fields: Fields, references: References) -> tuple[Node, Node, bool]:
    key, value = _node(fields[3][0], references), _node(fields[4][0], references)
    return key, value, bool(fields.get(5, [0])[0])


def _fold(fields: Fields, references: References, *_: Any) -> Node:
    nodes = {number: _node(fields[number][0], references) for number in (2, 4, 5, 6, 7)}
    return Fold(_text(fields, 1), _text(fields, 8), nodes[2], _text(fields, 3), nodes[4], nodes[5], nodes[6], nodes[7])


_KINDS = {3: _constant, 4: _name, 5: _select, 6: _call, 7: _list, 8: _struct, 9: _fold}
"""The fields of ``cel.expr.Expr``, of which exactly one is set."""


def _text(fields: Fields, number: int) -> str:
    return str(fields[number][0].decode()) if number in fields else ""


def _fields(raw: bytes) -> Fields:
    """The fields of a message by number: whole numbers, or bytes."""
    found: Fields = {}
    position = 0
    while position < len(raw):
        key, position = _varint(raw, position)
        value, position = _field(raw, position, key & 7)
        found.setdefault(key >> 3, []).append(value)
    return found


def _field(raw: bytes, position: int, wire_type: int) -> tuple[Any, int]:
    if wire_type == _VARINT:
        return _varint(raw, position)
    if wire_type == _BYTES:
        length, position = _varint(raw, position)
        return raw[position:position + length], position + length
    length = {_FIXED64: 8, _FIXED32: 4}[wire_type]
    return raw[position:position + length], position + length


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = raw[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7


def _varints(packed: bytes | int) -> Iterator[int]:
    """Repeated whole numbers, one by one or in one piece."""
    if isinstance(packed, int):
        yield packed
        return
    position = 0
    while position < len(packed):
        number, position = _varint(packed, position)
        yield number
