"""The functions of the language: each with its signature, which the type checker and the evaluation share.

A function is declared where it is written::

    @function("string.charAt(int) -> string")
    def char_at(text: str, index: int) -> str: ...

A function of several overloads takes the first whose parameters fit the arguments, as in the API server. ``A`` is any
type, ``list<A>`` a list of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from auditkit.admission.cel.values import CelError, Value, type_name

_TARGET = r"\w+<.+?>+|string|timestamp|duration|net\.[A-Z]+|kubernetes\.(?:\w+\.)?[A-Z]\w+"
_SIGNATURE = re.compile(rf"(?:(?P<target>{_TARGET})\.)?(?P<name>[\w.@]+)\((?P<parameters>.*)\) -> (?P<result>.+)")
_NAMES = {"timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration", "null": "null_type"}


@dataclass(frozen=True)
class Type:
    """A type in a signature."""

    name: str
    parameters: tuple["Type", ...] = ()

    @property
    def any(self) -> bool:
        """True where every value is of the type."""
        return self.name == "dyn" or len(self.name) == 1

    def has(self, value: Value) -> bool:
        """Whether a value is of the type. Of a list or map only the first element counts, as in the API server."""
        if self.any:
            return True
        if type_name(value) != _NAMES.get(self.name, self.name):
            return False
        if self.name == "list" and value:
            return self.parameters[0].has(value[0])
        if self.name == "map" and value:
            key = next(iter(value))
            return self.parameters[0].has(key) and self.parameters[1].has(value[key])
        return True


@dataclass(frozen=True)
class Overload:
    """One signature of a function, and what it does."""

    id: str
    is_member: bool
    parameters: tuple[Type, ...]
    result: Type
    run: Callable[..., Value]

    def fits(self, arguments: list[Value]) -> bool:
        """Whether it can be called with these arguments."""
        return (len(arguments) == len(self.parameters)
                and all(map(Type.has, self.parameters, arguments)))


@dataclass(frozen=True)
class Function:
    """A function with its overloads, in their order."""

    name: str
    standard: bool
    overloads: list[Overload] = field(default_factory=list)

    def __call__(self, arguments: list[Value], chosen: tuple[str, ...] = ()) -> Value:
        """Its value. ``chosen`` are the overloads that the type checker left: where it is one, only that counts."""
        only = chosen[0] if len(chosen) == 1 else None
        named = [each for each in self.overloads if each.id == only] or self.overloads
        for overload in named:
            if overload.fits(arguments):
                return overload.run(*arguments)
        raise CelError(f"no such overload: {self.name}({', '.join(map(type_name, arguments))})")


FUNCTIONS: dict[str, Function] = {}
"""Those that have been declared; `library.functions` has all of them."""

_Run = TypeVar("_Run", bound=Callable[..., Value])


def function(*signatures: str, standard: bool = False) -> Callable[[_Run], _Run]:
    """Declares a function of the language with its signatures; ``standard``: the type checker knows them already."""
    def declare(run: _Run) -> _Run:
        for signature in signatures:
            name, overload = _overload(signature, run)
            FUNCTIONS.setdefault(name, Function(name, standard)).overloads.append(overload)
        return run
    return declare


def _overload(signature: str, run: Callable[..., Value]) -> tuple[str, Overload]:
    parts = _SIGNATURE.fullmatch(signature)
    if not parts:
        raise ValueError(f"no signature: {signature!r}")
    given = [*([parts["target"]] if parts["target"] else []), *between_commas(parts["parameters"])]
    return parts["name"], Overload(signature, bool(parts["target"]), tuple(map(signature_type, given)),
                                   signature_type(parts["result"]), run)


def signature_type(text: str) -> Type:
    """The type that a signature names."""
    name, _, inside = text.strip().partition("<")
    return Type(name, tuple(map(signature_type, between_commas(inside.removesuffix(">")))))


def between_commas(text: str) -> list[str]:
    """The parts between the commas that stand in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def declaration(function: Function) -> dict[str, Any]:
    """The function as the type checker wants it declared."""
    return {"name": function.name, "overloads": [_declared(overload) for overload in function.overloads]}


def _declared(overload: Overload) -> dict[str, Any]:
    parameters = [declared_type(each) for each in overload.parameters]
    declared = {"id": overload.id, "args": parameters[overload.is_member:], "return": declared_type(overload.result)}
    return {**declared, "target": parameters[0]} if overload.is_member else declared


def declared_type(of: Type) -> dict[str, Any]:
    """The type as the type checker wants it declared."""
    if len(of.name) == 1:
        return {"type_name": of.name, "is_type_param": True}
    return {"type_name": of.name, "params": [declared_type(each) for each in of.parameters]}
