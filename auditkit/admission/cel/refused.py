"""What the API server refuses of an expression beyond what the type checker here finds: a policy with it is not stored.

Fields that ``request`` and ``namespaceObject`` do not have, ``params`` of a policy without ``paramKind``, literals of
patterns, durations and times that are none, lists and maps of mixed literals, formats with too few or many arguments.
Source: k8s.io/apiserver, ``pkg/admission/plugin/cel/compile.go`` and ``pkg/cel/environment/base.go``; cel-go,
``cel/validator.go`` and ``ext/formatting.go``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from auditkit.admission.cel.checked import Call, Constant, Fold, ListOf, MapOf, Name, Node, Select
from auditkit.admission.cel.engine import matches
from auditkit.admission.cel.functions import FUNCTIONS
from auditkit.admission.cel.values import CelError, type_name

_KIND, _RESOURCE = (dict.fromkeys(("group", "version", last)) for last in ("kind", "resource"))
_ANY: Mapping[str, Any] = {}
"""The fields of what has any: a map, or what the API server does not know the type of."""
_REQUEST = {
    "kind": _KIND, "resource": _RESOURCE, "requestKind": _KIND, "requestResource": _RESOURCE, "options": _ANY,
    "userInfo": {"username": None, "uid": None, "groups": None, "extra": _ANY},
    **dict.fromkeys(("subResource", "requestSubResource", "name", "namespace", "operation", "dryRun")),
}
_METADATA = ("name generateName namespace UID creationTimestamp deletionGracePeriodSeconds deletionTimestamp "
             "generation resourceVersion finalizers")
_NAMESPACE = {
    "metadata": {"labels": _ANY, "annotations": _ANY, **dict.fromkeys(_METADATA.split())},
    "spec": {"finalizers": None}, "status": {"conditions": None, "phase": None},
}
_TYPED = {"request": _REQUEST, "namespaceObject": _NAMESPACE}
_CLAUSE = re.compile(r"%%|%(?:[.][0-9]+)?(?P<clause>[^%])")
_WHOLE = ("int", "uint")
_TAKES: dict[str, tuple[str, ...]] = {"d": _WHOLE, "o": _WHOLE, "b": (*_WHOLE, "bool"),
                                      **dict.fromkeys("fe", ("double", "string")),
                                      **dict.fromkeys("xX", (*_WHOLE, "string", "bytes")), "s": ()}
"""The types that a clause of a format takes; none: any."""


def refused(node: Node, *, params: bool) -> Iterator[str]:
    """Why the API server refuses an expression; nothing where no reason is known. ``params``: the policy has them."""
    yield from _refused(node, params, frozenset(), mixed=False)


def _refused(node: Node, params: bool, bound: frozenset[str], *, mixed: bool) -> Iterator[str]:
    """The same of a part. ``mixed``: it is in the arguments of a format, where lists and maps may be of any types."""
    match node:
        case Name("params") if not params and "params" not in bound:
            yield "it reads params, and the policy has no paramKind"
        case Select() | Call("_?._"):
            yield from _of_field(node, bound)
        case Call("_[_]", (Name(name), *_)) if name in _TYPED and name not in bound:
            yield f"{name} is no map"
        case Call(function, arguments):
            yield from _of_literals(function.rpartition(".")[2], arguments)
        case ListOf(elements, optional) if not optional and not mixed:
            yield from _mixed(elements)
        case MapOf(entries) if not mixed:
            yield from _mixed(tuple(key for key, _, _ in entries))
            yield from _mixed(tuple(value for _, value, optional in entries if not optional))
    for inner, names in _inside(node):
        yield from _refused(inner, params, bound | names, mixed=mixed or _is_format(node))


def _is_format(node: Node) -> bool:
    return isinstance(node, Call) and node.function.rpartition(".")[2] == "format"


def _inside(node: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """The parts of a node, each with the names that the node binds in it."""
    if isinstance(node, Fold):
        loop = frozenset((node.variable, node.second_variable, node.accumulator))
        yield from ((node.range, frozenset()), (node.start, frozenset()), (node.condition, loop), (node.step, loop),
                    (node.result, frozenset((node.accumulator,))))
        return
    for field in fields(node):
        yield from ((part, frozenset()) for part in _nodes(getattr(node, field.name)))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _nodes(each)


def _of_field(node: Node, bound: frozenset[str]) -> Iterator[str]:
    """A field that its operand is known not to have."""
    operand, field = _step(node)
    if operand is not None and (known := _fields(operand, bound)) and field not in known:
        yield f"undefined field '{field}'"


def _fields(node: Node, bound: frozenset[str]) -> Mapping[str, Any] | None:
    """The fields that a value is known to have; none known where it has any or is no object."""
    if isinstance(node, Name):
        return None if node.name in bound else _TYPED.get(node.name)
    operand, field = _step(node)
    known = _fields(operand, bound) if operand is not None else None
    return known.get(field) if known else None


def _step(node: Node) -> tuple[Node | None, str]:
    """The operand and the field of a node that takes a field."""
    match node:
        case Select(operand, field, _):
            return operand, field
        case Call("_?._", (operand, Constant(field))):
            return operand, str(field)
    return None, ""


def _of_literals(function: str, arguments: tuple[Node, ...]) -> Iterator[str]:
    match function, arguments:
        case ("duration" | "timestamp"), (Constant(str(text)),):
            try:
                FUNCTIONS[function]([text])
            except CelError:
                yield f"invalid {function} argument"
        case ("matches" | "find" | "findAll"), (_, Constant(str(pattern)), *_):
            try:
                matches("", pattern)
            except CelError as error:
                yield f"invalid matches argument: {error}"
        case "format", (Constant(str(text)), ListOf(elements, optional)) if not optional:
            yield from _of_format([each for found in _CLAUSE.finditer(text) if (each := found["clause"])], elements)


def _of_format(clauses: list[str], elements: tuple[Node, ...]) -> Iterator[str]:
    """Clauses of a format that are none, or do not take what they are given."""
    if len(clauses) != len(elements):
        yield f"the format has {len(clauses)} clauses for {len(elements)} arguments"
        return
    for clause, element in zip(clauses, elements, strict=True):
        of = _type(element)
        if clause not in _TAKES or (of and _TAKES[clause] and of not in _TAKES[clause]):
            yield f"the clause %{clause} does not take {of or 'anything'}"


def _mixed(elements: tuple[Node, ...]) -> Iterator[str]:
    """Literals of different types in one list or map."""
    found = [of for each in elements if (of := _type(each))]
    if len(set(found)) > 1:
        yield f"expected type '{found[0]}' but found '{next(of for of in found if of != found[0])}'"


def _type(node: Node) -> str:
    """The type of a literal; empty where it is not known."""
    if isinstance(node, Constant):
        return type_name(node.value)
    return "list" if isinstance(node, ListOf) else "map" if isinstance(node, MapOf) else ""
