"""What an expression is worth: each node of its tree becomes a function of the variables in sight.

The API server evaluates with cel-go; where engines differ (texts of errors, null, the order of errors) this follows
cel-go 0.26, which Kubernetes 1.36 uses.
"""

from collections.abc import Callable, Mapping
from typing import Any

from auditkit.admission.cel import access, operators
from auditkit.admission.cel.checked import Call, Constant, Fold, ListOf, MapOf, Message, Name, Node, Select
from auditkit.admission.cel.cost import cost_of_call
from auditkit.admission.cel.library import functions
from auditkit.admission.cel.partial import Perhaps
from auditkit.admission.cel.scope import Scope
from auditkit.admission.cel.values import (
    CelError,
    Optional,
    Unknown,
    Value,
    go_type_name,
)

Evaluate = Callable[[Scope], Value]


def plan(node: Node) -> Evaluate:
    """The function that evaluates a tree."""
    return _PLANS[type(node)](node)


def _constant(node: Constant) -> Evaluate:
    value = node.value
    return lambda scope: value


def _name(node: Name) -> Evaluate:
    name = node.name

    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(1)
        return scope.value(name)
    return evaluate


def _select(node: Select) -> Evaluate:
    return _settled(_chain(node))


def _settled(chain: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        return access.settled(chain(scope))
    return evaluate


def _chain(node: Node) -> Evaluate:
    """Fields and elements one behind the other. Its value may be one of two (`Perhaps`), of which a default decides."""
    if isinstance(node, Select):
        find = access.is_there if node.only_test else access.element
        return _found(find, _chain(node.operand), _constant(Constant(node.field)))
    if isinstance(node, Call) and node.function in _ELEMENTS:
        holder, key = node.arguments
        return _found(_ELEMENTS[node.function], _chain(holder), plan(key))
    return plan(node)


def _found(find: Callable[[Value, Value], Value], holder: Evaluate, key: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(1)
        return find(holder(scope), key(scope))
    return evaluate


def _list(node: ListOf) -> Evaluate:
    elements = [(plan(each), position in node.optional) for position, each in enumerate(node.elements)]

    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(10)
        return [value for each, optional in elements for value in _given(each(scope), optional, "list element")]
    return evaluate


def _map(node: MapOf) -> Evaluate:
    entries = [(plan(key), plan(value), optional) for key, value, optional in node.entries]

    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(30)
        pairs = ((_key(key(scope)), value(scope), optional) for key, value, optional in entries)
        return {key: each for key, value, optional in pairs for each in _given(value, optional, "map entry")}
    return evaluate


def _key(value: Value) -> Value:
    if isinstance(value, list | Mapping):
        raise Unknown("a map with lists or maps as keys")
    return value


def _given(value: Value, optional: bool, what: str) -> tuple[Value, ...]:
    """The value, or none where it is an optional without one."""
    if not optional:
        return (value,)
    if isinstance(value, Optional):
        return value.content
    raise CelError(f"cannot initialize optional {what} from non-optional value {value}")


def _message(node: Message) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        raise Unknown(f"the object {node.name}{{}} that the expression makes")
    return evaluate


def _fold(node: Fold) -> Evaluate:
    elements, start, condition = plan(node.range), plan(node.start), plan(node.condition)
    step, result = plan(node.step), plan(node.result)

    def evaluate(scope: Scope) -> Value:
        names: dict[str, Any] = {node.accumulator: _outcome(start, scope)}
        inner = Scope(names, scope.budget, scope)
        for values in _loop(elements(scope), bool(node.second_variable)):
            scope.budget.spend(1)
            names.update(zip((node.variable, node.second_variable), values, strict=False))
            if _outcome(condition, inner) is False:
                break
            names[node.accumulator] = _outcome(step, inner)
        return result(Scope({node.accumulator: names[node.accumulator]}, scope.budget, scope))
    return evaluate


def _outcome(of: Evaluate, scope: Scope) -> Value | CelError | Unknown:
    """Its value, or what it raised: an accumulator may hold an error that a later element makes good."""
    try:
        return of(scope)
    except (CelError, Unknown) as raised:
        return raised


def _loop(elements: Value, two: bool) -> list[tuple[Value, ...]]:
    """The values of the variables of a loop, one tuple for each turn."""
    if isinstance(elements, list):
        return list(enumerate(elements)) if two else [(each,) for each in elements]
    if isinstance(elements, Mapping):
        return list(elements.items()) if two else [(key,) for key in elements]
    if two:
        raise CelError(f"unsupported comprehension range type: {go_type_name(elements)}")
    raise CelError(f"got '{go_type_name(elements)}', expected iterable type")


def _call(node: Call) -> Evaluate:
    if node.function in _ELEMENTS:
        return _settled(_chain(node))
    if node.function == "orValue":
        return _or_value(_chain(node.arguments[0]), plan(node.arguments[1]))
    special = _SPECIAL.get(node.function)
    arguments = [plan(each) for each in node.arguments]
    if special:
        return special(*arguments)
    run = _runner(node)

    def evaluate(scope: Scope) -> Value:
        given = [each(scope) for each in arguments]
        scope.budget.spend(cost_of_call(node.function, given))
        return run(given)
    return evaluate


def _runner(node: Call) -> Callable[[list[Value]], Value]:
    """What a function or operator does with its arguments."""
    name = node.function
    if name in operators.ORDER:
        holds = operators.ORDER[name]
        return lambda given: holds(operators.compare(given[0], given[1], name))
    if name in operators.BINARY:
        operate = operators.BINARY[name]
        return lambda given: operate(given[0], given[1])
    if name in _OTHER:
        return _OTHER[name]
    if name in functions():
        function = functions()[name]
        return lambda given: function(given, node.overloads)

    def unknown(given: list[Value]) -> Value:
        raise Unknown(f"the function {name}()")
    return unknown


def _both(left: Evaluate, right: Evaluate) -> Evaluate:
    return _connected(left, right, deciding=False)


def _either(left: Evaluate, right: Evaluate) -> Evaluate:
    return _connected(left, right, deciding=True)


def _connected(left: Evaluate, right: Evaluate, deciding: bool) -> Evaluate:
    """``&&`` and ``||``: one side that decides makes good an error of the other; of two errors the first counts."""
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(1)
        one = _outcome(left, scope)
        if one is deciding:
            return deciding
        other = _outcome(right, scope)
        if other is deciding:
            return deciding
        for unknown in (one, other):
            if isinstance(unknown, Unknown):
                raise unknown
        for value in (one, other):
            if not isinstance(value, bool):
                raise value if isinstance(value, CelError) else CelError("no such overload")
        return not deciding
    return evaluate


def _choice(condition: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(1)
        holds = condition(scope)
        if not isinstance(holds, bool):
            raise CelError("no such overload")
        return yes(scope) if holds else no(scope)
    return evaluate


def _not_surely_false(condition: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        return _outcome(condition, scope) is not False
    return evaluate


def _or_value(optional: Evaluate, default: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(1)
        found = optional(scope)
        if isinstance(found, Perhaps):
            return _either_way(found, default(scope))
        if not isinstance(found, Optional):
            return found  # as cel-go 0.26 has it
        return found.content[0] if found.content else default(scope)
    return evaluate


def _either_way(found: Perhaps, default: Value) -> Value:
    """The value of what is absent or has a value: the same both ways where that is the default."""
    if operators.surely_equal(found.value, default):
        return default
    raise found.unknown()


def _or(optional: Evaluate, other: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(1)
        found = optional(scope)
        return other(scope) if found == Optional() else found
    return evaluate


def _size(given: list[Value]) -> int:
    if not isinstance(given[0], str | bytes | list | Mapping):
        operators.refuse("size", given[0])
    return len(given[0])


_PLANS: dict[type, Callable[[Any], Evaluate]] = {
    Constant: _constant, Name: _name, Select: _select, Call: _call, ListOf: _list, MapOf: _map, Fold: _fold,
    Message: _message,
}

_SPECIAL: dict[str, Callable[..., Evaluate]] = {
    "_&&_": _both, "_||_": _either, "_?_:_": _choice, "@not_strictly_false": _not_surely_false,
    "or": _or,
}
"""What does not evaluate all of its arguments."""

_ELEMENTS: dict[str, Callable[[Value, Value], Value]] = {
    "_[_]": access.element, "_[?_]": access.optional_element, "_?._": access.optional_element,
}

_OTHER: dict[str, Callable[[list[Value]], Value]] = {
    "_==_": lambda given: operators.equal(given[0], given[1]),
    "_!=_": lambda given: not operators.surely_equal(given[0], given[1]),
    "!_": lambda given: operators.opposite(given[0]),
    "-_": lambda given: operators.negate(given[0]),
    "size": _size,
    "dyn": lambda given: given[0],
}
