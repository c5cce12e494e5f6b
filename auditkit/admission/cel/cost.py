"""A budget: how much an expression may cost.

The API server counts a cost while it evaluates, and refuses where it is more than 1,000,000 for one expression or
10,000,000 for one policy (k8s.io/apiserver, ``pkg/apis/cel/config.go``). Here the cost is counted too high rather than
too low: what stays within the budget here does so there, and what does not is unknown.
"""

from collections.abc import Mapping

from auditkit.admission.cel.partial import Partial
from auditkit.admission.cel.values import Unknown, Value

OF_EXPRESSION = 1_000_000
OF_POLICY = 10_000_000
OF_MATCH_CONDITIONS = 2_500_000

_PRODUCTS = frozenset(["matches", "find", "findAll", "indexOf", "lastIndexOf", "replace", "sets.contains",
                       "sets.intersects", "sets.equivalent", "_==_", "_!=_", "contains", "format"])
"""Functions that may look at all of one argument for each part of another."""

_SQUARES = frozenset(["sort", "distinct", "@sortByAssociatedKeys", "flatten"])


class Budget:
    """What may still be spent: of its own, and of the budget that it is a part of."""

    __slots__ = ("left", "whole")

    def __init__(self, left: int, whole: "Budget | None" = None):
        self.left, self.whole = left, whole

    def spend(self, cost: int) -> None:
        """Spends a cost; where it is not there, the result is not known."""
        self.left -= cost
        if self.whole:
            self.whole.spend(cost)
        if self.left < 0:
            raise Unknown("the API server's limit of costs: the expression may cost more")


def cost_of_call(function: str, arguments: list[Value]) -> int:
    """No less than what the API server counts for a call."""
    sizes = [_size(each) for each in arguments]
    if function in _PRODUCTS and len(sizes) > 1:
        return 2 + sizes[0] * sizes[1] + sum(sizes)
    if function in _SQUARES:
        return 12 + 3 * sizes[0] ** 2
    return 2 + sum(sizes)


def _size(value: Value) -> int:
    if isinstance(value, Partial):
        return 1
    return 1 + len(value) if isinstance(value, str | bytes | list | Mapping) else 1
