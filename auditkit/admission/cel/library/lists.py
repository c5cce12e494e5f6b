"""Functions on lists (k8s.io/apiserver, ``pkg/cel/library/lists.go``; cel-go, ``ext/lists.go``)."""

from collections.abc import Mapping
from functools import cmp_to_key
from itertools import pairwise

from auditkit.admission.cel import operators
from auditkit.admission.cel.cost import OF_EXPRESSION
from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import CelError, Duration, Uint, Unknown, Value, text_of, type_name

_COMPARABLE = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
_ZEROS: dict[str, Value] = {"int": 0, "uint": Uint(0), "double": 0.0, "duration": Duration(0)}


def _of_each(name: str, result: str = "{}") -> list[str]:
    return [f"list<{each}>.{name}() -> {result.format(each)}" for each in _COMPARABLE]


@function(*_of_each("isSorted", "bool"))
def is_sorted(elements: list[Value]) -> bool:
    return all(_order(one, other) <= 0 for one, other in pairwise(elements))


@function(*_of_each("min"))
def smallest(elements: list[Value]) -> Value:
    return _extreme(elements, "min", 1)


@function(*_of_each("max"))
def largest(elements: list[Value]) -> Value:
    return _extreme(elements, "max", -1)


def _extreme(elements: list[Value], name: str, worse: int) -> Value:
    if not elements:
        raise CelError(f"{name} called on empty list")
    best = elements[0]
    for each in elements:
        _comparable(each)
        if _order(best, each) == worse:
            best = each
    return best


def _order(one: Value, other: Value) -> int:
    """-1, 0 or 1; elements of which neither comes first count as equal, as in the API server."""
    _comparable(one)
    try:
        return operators.compare(one, other)
    except CelError:
        return 0


def _comparable(value: Value) -> None:
    if value is None or isinstance(value, list | Mapping):
        raise CelError("no such overload")


def _declare_sum(kind: str, zero: Value) -> None:
    @function(f"list<{kind}>.sum() -> {kind}")
    def total(elements: list[Value]) -> Value:
        found = zero
        for each in elements:
            found = operators.add(found, each)
        return found


for _kind, _zero in _ZEROS.items():
    _declare_sum(_kind, _zero)


@function("list<A>.indexOf(A) -> int")
def index_of(elements: list[Value], wanted: Value) -> int:
    return next((i for i, each in enumerate(elements) if operators.surely_equal(each, wanted)), -1)


@function("list<A>.lastIndexOf(A) -> int")
def last_index_of(elements: list[Value], wanted: Value) -> int:
    return next((i for i in reversed(range(len(elements))) if operators.surely_equal(elements[i], wanted)), -1)


@function("list<A>.slice(int, int) -> list<A>", standard=True)
def slice_of(elements: list[Value], start: int, end: int) -> list[Value]:
    if start < 0 or end < 0:
        raise CelError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise CelError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(elements) < end:
        raise CelError(f"cannot slice({start}, {end}), list is length {len(elements)}")
    return elements[start:end]


@function("list<dyn>.flatten() -> list<dyn>", "list<dyn>.flatten(int) -> list<dyn>", standard=True)
def flatten(elements: list[Value], depth: int = 1) -> list[Value]:
    if depth < 0:
        raise CelError("level must be non-negative")
    flat: list[Value] = []
    for each in elements:
        flat.extend(flatten(each, depth - 1) if isinstance(each, list) and depth else [each])
    return flat


@function("list<A>.distinct() -> list<A>", standard=True)
def distinct(elements: list[Value]) -> list[Value]:
    seen: list[Value] = []
    for each in elements:
        if not any(operators.surely_equal(each, other) for other in seen):
            seen.append(each)
    return seen


@function("list<A>.reverse() -> list<A>", standard=True)
def reverse(elements: list[Value]) -> list[Value]:
    return elements[::-1]


@function("lists.range(int) -> list<int>", standard=True)
def numbers_up_to(end: int) -> list[int]:
    if end > OF_EXPRESSION:
        raise Unknown("the API server's limit of costs: so many numbers cost more")
    return list(range(end))


@function("list<dyn>.sort() -> list<dyn>", standard=True)
def sort(elements: list[Value]) -> list[Value]:
    return sort_by(elements, elements)


@function("list<dyn>.@sortByAssociatedKeys(list<dyn>) -> list<dyn>", standard=True)
def sort_by(elements: list[Value], keys: list[Value]) -> list[Value]:
    if not elements:
        return elements
    _sortable(keys)
    def order(one: int, other: int) -> int:
        return _order(keys[one], keys[other])
    return [elements[place] for place in sorted(range(len(keys)), key=cmp_to_key(order))]


def _sortable(keys: list[Value]) -> None:
    if not (operators.number(keys[0]) or type_name(keys[0]) in ("bool", "bytes", "string", "google.protobuf.Duration",
                                                                "google.protobuf.Timestamp")):
        raise CelError("list elements must be comparable")
    if len(set(map(type_name, keys))) > 1:
        raise CelError("list elements must have the same type")


@function("cel.@mapInsert(map<A, B>, A, B) -> map<A, B>", standard=True)
def insert(into: Mapping[Value, Value], key: Value, value: Value) -> Mapping[Value, Value]:
    if operators.has_key(into, key):
        raise CelError(f"insert failed: key {text_of(key)} already exists")
    return {**into, key: value}


@function("cel.@mapInsert(map<A, B>, map<A, B>) -> map<A, B>", standard=True)
def insert_all(into: Mapping[Value, Value], other: Mapping[Value, Value]) -> Mapping[Value, Value]:
    for key, value in other.items():
        into = insert(into, key, value)
    return into
