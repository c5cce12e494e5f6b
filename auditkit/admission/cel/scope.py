"""The variables that an expression can see."""

from collections.abc import Callable, Mapping
from typing import Any

from auditkit.admission.cel.cost import Budget
from auditkit.admission.cel.values import CelError, TypeValue, Unknown, Value
from auditkit.base.go_text import go_quoted

_TYPES = ("bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint", "optional_type",
          "google.protobuf.Duration", "google.protobuf.Timestamp", "net.IP", "net.CIDR")


class Later:
    """A variable of a policy: evaluated when it is first read, and once."""

    def __init__(self, name: str, evaluate: Callable[[], Value]):
        self._name, self._evaluate = name, evaluate
        self._outcome: list[Value | CelError | Unknown] = []

    def __call__(self) -> Value:
        if not self._outcome:
            self._outcome.append(self._found())
        found = self._outcome[0]
        if isinstance(found, CelError | Unknown):
            raise found
        return found

    def _found(self) -> Value | CelError | Unknown:
        try:
            return self._evaluate()
        except CelError as error:
            return CelError(f"composited variable {go_quoted(self._name)} fails to evaluate: {error}")
        except Unknown as unknown:
            return unknown


class Scope:
    """The variables in sight: those of a loop, and below them those of the request."""

    __slots__ = ("below", "budget", "names")

    def __init__(self, names: Mapping[str, Any], budget: Budget, below: "Scope | None" = None):
        self.names, self.budget, self.below = names, budget, below

    def value(self, name: str) -> Value:
        """The value of a variable. One that has an error, or is not known, raises it here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                found = scope.names[name]
                if isinstance(found, CelError | Unknown):
                    raise found
                return found() if isinstance(found, Later) else found
            scope = scope.below
        if name in _TYPES:
            return TypeValue(name)
        raise CelError(f"no such attribute(s): {name}")
