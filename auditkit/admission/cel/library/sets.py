"""Lists as sets (cel-go, ``ext/sets.go``)."""

from auditkit.admission.cel import operators
from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import Value


@function("sets.contains(list<A>, list<A>) -> bool")
def contains(elements: list[Value], part: list[Value]) -> bool:
    return all(operators.contains(each, elements) for each in part)


@function("sets.equivalent(list<A>, list<A>) -> bool")
def equivalent(one: list[Value], other: list[Value]) -> bool:
    return contains(one, other) and contains(other, one)


@function("sets.intersects(list<A>, list<A>) -> bool")
def intersects(one: list[Value], other: list[Value]) -> bool:
    return any(operators.contains(each, other) for each in one)
