"""The expressions of a policy on one request: variables, match conditions, validations, messages, annotations.

Source: k8s.io/apiserver, ``pkg/admission/plugin/policy/validating/validator.go`` and ``plugin/cel/condition.go``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditkit.admission.cel.checked import Node
from auditkit.admission.cel.checker import CompileError, check
from auditkit.admission.cel.cost import OF_EXPRESSION, OF_MATCH_CONDITIONS, OF_POLICY, Budget
from auditkit.admission.cel.library.rights import Authorizer, request_resource
from auditkit.admission.cel.plan import Evaluate, plan
from auditkit.admission.cel.refused import refused
from auditkit.admission.cel.scope import Later, Scope
from auditkit.admission.cel.values import CelError, Unknown, Value, type_name
from auditkit.admission.request import Object, Request, namespace_variable, request_variable
from auditkit.admission.rights import Question, Rights
from auditkit.base.go_text import go_trimmed

_LONGEST_MESSAGE = 5 * 1024
_LONGEST_ANNOTATION = 10 * 1024
Types = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Finding:
    """What came of an expression: ``true``, ``false``, ``error`` or ``unknown``, with the API server's message.

    Of what is unknown the message says what is missing.
    """

    outcome: str
    expression: str
    message: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Compiled:
    run: Evaluate
    type: str
    node: Node


@lru_cache(maxsize=4096)
def _compiled(expression: str, types: Types) -> _Compiled | CompileError:
    """The expression ready to be evaluated, or why it is none."""
    try:
        node, of = check(expression, dict(types))
        return _Compiled(plan(node), of, node)
    except CompileError as error:
        return error
    except RecursionError:
        return CompileError("it is nested too deeply")


def compile_errors(policy: Object) -> Iterator[tuple[str, str]]:
    """Each expression of a policy that the API server would refuse, and why: it does not compile, or gives no bool."""
    params = bool(policy["spec"].get("paramKind"))
    for expression, known, wanted in _expressions(policy["spec"]):
        found = _compiled(expression, known)
        if not expression.strip():
            yield expression, "it is empty"
        elif isinstance(found, CompileError):
            yield expression, f"it does not compile: {found}"
        elif wanted and found.type not in wanted:
            yield expression, f"it must evaluate to {' or '.join(wanted)} but evaluates to {found.type}"
        else:
            yield from ((expression, f"it does not compile: {why}") for why in refused(found.node, params=params))


def _expressions(spec: Object) -> Iterator[tuple[str, Types, tuple[str, ...]]]:
    """The expressions of a policy, each with the variables that it sees and the types that it may have (none: any)."""
    types = _types(spec)
    for each in spec.get("matchConditions") or ():
        yield each["expression"], (), ("bool",)
    for number, each in enumerate(spec.get("variables") or ()):
        yield each["expression"], types[:number], ()
    for each in spec.get("validations") or ():
        yield each["expression"], types, ("bool",)
        if each.get("messageExpression"):
            yield each["messageExpression"], types, ("string",)
    for each in spec.get("auditAnnotations") or ():
        yield each["valueExpression"], types, ("string", "null_type")


def _types(spec: Object) -> Types:
    """The variables of a policy in their order, with the types that the type checker finds for them."""
    types: Types = ()
    for variable in spec.get("variables") or ():
        found = _compiled(variable["expression"], types)
        types = (*types, (variable["name"], found.type if isinstance(found, _Compiled) else "dyn"))
    return types


class Evaluation:
    """The expressions of a policy, on a request and with a parameter."""

    def __init__(self, policy: Object, request: Request, params: Object | None, context: Object):
        self._spec = policy["spec"]
        rights = context.get("rbac")
        authorizer = Authorizer(request.asking(), None if rights is None else Rights.read(rights))
        self._names: dict[str, Any] = {
            "object": request.object, "oldObject": request.old_object, "params": params,
            "request": request_variable(request), "namespaceObject": namespace_variable(request),
            "authorizer": authorizer,
            "authorizer.requestResource": request_resource(authorizer, request.resource.group, Question(
                resource=request.resource.name, subresource=request.subresource, namespace=request.namespace,
                name=request.name)),
        }
        self._types = _types(self._spec)

    def conditions(self) -> list[Finding]:
        """The match conditions. They see neither variables nor the namespace."""
        budget = Budget(OF_MATCH_CONDITIONS)
        names = {**self._names, "namespaceObject": None}
        return [self._judged(each["expression"], lambda text: _evaluate(text, (), names, budget))
                for each in self._spec.get("matchConditions") or ()]

    def validations(self) -> list[Finding]:
        """The validations, each with the message that a denial has."""
        budget = Budget(OF_POLICY)
        names = self._with_variables(budget)
        return [self._validation(each, lambda text: _evaluate(text, self._types, names, budget), budget)
                for each in self._spec.get("validations") or ()]

    def _validation(self, validation: Object, evaluate: Callable[[str], Value], budget: Budget) -> Finding:
        found = self._judged(validation["expression"], evaluate)
        if found.outcome != "false":
            return found
        reason = validation.get("reason") or "Invalid"
        try:
            message: str | None = self._message(validation, budget)
        except Unknown:
            message = None
        return Finding("false", found.expression, message, reason)

    def _message(self, validation: Object, budget: Budget) -> str:
        """The message of a validation that is false: of its expression, as it is written, or of the validation."""
        expression = validation.get("messageExpression")
        return ((self._expressed(expression, budget) if expression else "")
                or go_trimmed(validation.get("message") or "")
                or f"failed expression: {go_trimmed(validation['expression'])}")

    def _expressed(self, expression: str, budget: Budget) -> str:
        """The value of a message expression; nothing where it is no text of one line."""
        try:
            value = _evaluate(expression, self._types, self._with_variables(budget), budget)
        except CelError:
            return ""
        text = go_trimmed(value) if isinstance(value, str) else ""
        return "" if "\n" in text or len(text.encode()) > _LONGEST_MESSAGE else text

    def annotations(self) -> list[tuple[str, Finding]]:
        """The audit annotations: key, and the value as the message of what is ``true``; ``false`` has none."""
        budget = Budget(OF_POLICY)
        names = self._with_variables(budget)
        return [(each["key"], self._annotation(each["valueExpression"], names, budget))
                for each in self._spec.get("auditAnnotations") or ()]

    def _annotation(self, expression: str, names: Mapping[str, Any], budget: Budget) -> Finding:
        try:
            value = _evaluate(expression, self._types, names, budget)
        except (CelError, Unknown) as raised:
            return _raised(expression, raised)
        if value is not None and not isinstance(value, str):
            return Finding("error", expression, f"valueExpression '{expression}' resulted in unsupported return type: "
                                                f"{type_name(value)}. Return type must be either string or null.")
        text = go_trimmed(value or "")
        cut = text.encode()[:_LONGEST_ANNOTATION].decode(errors="ignore")
        return Finding("true" if text else "false", expression, cut)

    def _judged(self, expression: str, evaluate: Callable[[str], Value]) -> Finding:
        try:
            return Finding("true" if evaluate(expression) is True else "false", expression)
        except (CelError, Unknown) as raised:
            return _raised(expression, raised)

    def _with_variables(self, budget: Budget) -> dict[str, Any]:
        """What is in sight, with the variables of the policy, which are evaluated when they are read."""
        names = dict(self._names)
        for number, variable in enumerate(self._spec.get("variables") or ()):
            names[f"variables.{variable['name']}"] = _later(variable, self._types[:number], names, budget)
        if self._types:
            names["variables"] = _Variables(names)
        return names


class _Variables(Mapping[str, Value]):
    """The variables of a policy as a map, for what reads them by a key."""

    def __init__(self, names: Mapping[str, Any]):
        self._later = {name.removeprefix("variables."): each for name, each in names.items() if isinstance(each, Later)}

    def __getitem__(self, name: str) -> Value:
        return self._later[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._later)

    def __len__(self) -> int:
        return len(self._later)

    def __contains__(self, name: object) -> bool:
        return name in self._later


def _later(variable: Object, types: Types, names: Mapping[str, Any], budget: Budget) -> Later:
    return Later(variable["name"], lambda: _evaluate(variable["expression"], types, names, budget))


def _evaluate(expression: str, types: Types, names: Mapping[str, Any], budget: Budget) -> Value:
    compiled = _compiled(expression, types)
    if isinstance(compiled, CompileError):
        raise Unknown(f"an expression that does not compile: {compiled}")
    try:
        return compiled.run(Scope(names, Budget(OF_EXPRESSION, budget)))
    except RecursionError:
        raise Unknown("an expression or an object that is nested too deeply") from None
    except (ArithmeticError, MemoryError, ValueError) as error:
        raise Unknown(f"a value that cannot be calculated with here ({type(error).__name__})") from None


def _raised(expression: str, raised: CelError | Unknown) -> Finding:
    if isinstance(raised, Unknown):
        return Finding("unknown", expression, str(raised))
    return Finding("error", expression, f"expression '{expression}' resulted in error: {raised}")
