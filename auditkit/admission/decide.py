"""What a ValidatingAdmissionPolicy with its bindings does with a request, as the API server (1.36) decides it.

Source: k8s.io/apiserver, ``pkg/admission/plugin/policy/validating/dispatcher.go``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from auditkit.admission import params as parameters
from auditkit.admission.cel.values import Unknown
from auditkit.admission.conversion import converted
from auditkit.admission.evaluation import Evaluation, Finding
from auditkit.admission.matching import match
from auditkit.admission.request import Object, Request
from auditkit.admission.warning_headers import warning_headers

_CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
_NO_ORDER = "the order in which the API server takes the parameters: the message of its denial depends on it"
_INVALID, _INVALID_CODE = "Invalid", 422


@dataclass(frozen=True)
class Failure:
    """A validation or match condition that did not hold: ``outcome`` is ``false``, ``error`` or ``unknown``.

    ``index`` is the place of the validation, ``match_condition`` the name of the condition. ``message`` is the API
    server's; of what is unknown it says what is missing.
    """

    binding: str
    outcome: str
    message: str | None
    expression: str
    index: int | None = None
    match_condition: str | None = None


@dataclass(frozen=True)
class Unresolved:
    """What could not be evaluated: the expression (or field of the policy) and what is missing."""

    expression: str
    why: str


@dataclass(frozen=True)
class Decision:
    """What a policy does with a request.

    ``outcome`` is ``not_matched``, ``allowed``, ``denied`` or ``unknown``. ``message``, ``reason`` and ``code`` are the
    status of a denial, ``warnings`` the Warning headers, ``audit_annotations`` and ``audit_failure`` what the audit log
    has. ``failures`` are also those that the failure policy or the actions of the binding let pass.
    """

    outcome: str
    message: str | None = None
    reason: str | None = None
    code: int | None = None
    warnings: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    audit_annotations: dict[str, str] = field(default_factory=dict)
    audit_failure: dict[str, Any] | None = None


def decide(policy: Object, bindings: Sequence[Object], request: Object, context: Object) -> Decision:
    """What a policy does with a request.

    ``policy`` and ``bindings`` are objects of admissionregistration.k8s.io; bindings of other policies are left out.
    ``request`` has the fields of an AdmissionRequest: operation, kind, resource, subResource, name, namespace, user,
    options, dryRun, object, oldObject, and namespaceObject, the namespace of the object. ``context`` has what else the
    API server knows: ``params``, ``crds`` and ``namespaces`` (lists), ``rbac`` (the lists ``clusterroles``,
    ``clusterrolebindings``, ``roles`` and ``rolebindings``, or one list of such objects, each with its kind). What it
    does not have is not known, and what depends on that is ``unknown``. Raises `UsageError` for an ``rbac`` of another
    form.
    """
    return _Course(policy, Request.read(request), context).run(bindings)


class _Course:
    """One request on its way through a policy and its bindings."""

    def __init__(self, policy: Object, request: Request, context: Object):
        self._policy, self._spec, self._request, self._context = policy, policy["spec"], request, context
        self._ignores = self._spec.get("failurePolicy") == "Ignore"
        self._evaluated = self._unsure = False
        self._denial: tuple[str | None, str, str | None] | None = None
        self._failures: dict[tuple[str, int | str | None], Failure] = {}
        self._unresolved: list[Unresolved] = []
        self._warnings: list[str] = []
        self._annotations: dict[str, list[str]] = {}
        self._audit_failure: dict[str, Any] | None = None

    def run(self, bindings: Sequence[Object]) -> Decision:
        """Goes through all bindings, and says what came of it."""
        try:
            self._go(bindings)
        except Unknown as unknown:
            self._missing("matchConstraints", str(unknown))
        except parameters.ConfigurationError as error:
            self._refuse_configuration(f"failed to configure policy: {error}", None)
        return self._decision()

    def _go(self, bindings: Sequence[Object]) -> None:
        found = match(self._spec.get("matchConstraints") or {}, self._request, self._context)
        if not found:
            return
        parameters.check_kind(self._spec.get("paramKind"), self._context)
        if found.kind != self._request.kind:
            objects = (converted(each, found.kind, self._context)
                       for each in (self._request.object, self._request.old_object))
            self._request = self._request.seen_as(found.kind, found.resource, *objects)
        for binding in bindings:
            if binding["spec"].get("policyName") == self._name:
                self._bind(binding)

    def _bind(self, binding: Object) -> None:
        try:
            self._evaluate(binding)
        except Unknown as unknown:
            self._missing(f"binding {binding['metadata']['name']}", str(unknown))
        except parameters.ConfigurationError as error:
            self._refuse_configuration(f"failed to configure binding: {error}", binding)

    def _evaluate(self, binding: Object) -> None:
        spec = binding["spec"]
        asked = self._asked()
        if spec.get("matchResources") and not match(spec["matchResources"], asked, self._context):
            return
        before, denials = self._denial, []
        for param in parameters.collect(self._spec.get("paramKind"), spec.get("paramRef"), asked, self._context):
            self._denial = before
            self._validate(binding, Evaluation(self._policy, self._request, param, self._context))
            denials.append(self._denial)
        self._denial = next((each for each in denials if each), before)
        if len({each for each in denials if each}) > 1:
            self._unsure = True
            self._unresolved.append(Unresolved("paramRef", _NO_ORDER))

    def _asked(self) -> Request:
        """The request in the version that was asked for: bindings match on that."""
        if not self._request.asked_kind or not self._request.asked_resource:
            return self._request
        return Request(**{**vars(self._request), "kind": self._request.asked_kind,
                          "resource": self._request.asked_resource, "asked_kind": None, "asked_resource": None})

    def _validate(self, binding: Object, evaluation: Evaluation) -> None:
        if not self._conditions_hold(binding, evaluation):
            return
        self._evaluated = True
        for index, found in enumerate(evaluation.validations()):
            if found.outcome != "true":
                self._fail(binding, found, index)
        for key, found in evaluation.annotations():
            self._annotate(binding, key, found)

    def _conditions_hold(self, binding: Object, evaluation: Evaluation) -> bool:
        """Whether the validations count. A condition that is false decides, whatever becomes of the others."""
        found = list(zip(self._spec.get("matchConditions") or (), evaluation.conditions(), strict=True))
        outcomes = {each.outcome for _, each in found}
        if "false" in outcomes:
            return False
        for condition, each in found:
            if each.outcome == "unknown":
                self._missing(each.expression, each.message or "")
            if each.outcome == "error":
                self._note(binding, each, None, condition["name"])
        if "error" in outcomes and "unknown" not in outcomes:
            self._evaluated = True
            self._act(binding, Finding("error", "", _joined([each.message or "" for _, each in found
                                                             if each.outcome == "error"])), 0)
        return outcomes <= {"true"}

    def _fail(self, binding: Object, found: Finding, index: int) -> None:
        self._note(binding, found, index, None)
        self._act(binding, found, index)

    def _note(self, binding: Object, found: Finding, index: int | None, condition: str | None) -> None:
        name = binding["metadata"]["name"]
        failure = Failure(name, found.outcome, found.message, found.expression, index, condition)
        self._failures.setdefault((name, condition if index is None else index), failure)

    def _act(self, binding: Object, found: Finding, index: int) -> None:
        """What the actions of a binding make of a validation that does not hold."""
        if found.outcome == "error" and self._ignores:
            return
        actions = binding["spec"].get("validationActions") or ()
        if found.outcome == "unknown":
            self._unresolved.append(Unresolved(found.expression, found.message or ""))
            self._unsure |= "Deny" in actions and not self._denial
            return
        if "Deny" in actions:
            self._deny(found.message, binding, found.reason or _INVALID)
        if "Warn" in actions and found.message is not None:
            self._warnings.append(f"Validation failed for ValidatingAdmissionPolicy '{self._name}' with binding "
                                  f"'{binding['metadata']['name']}': {found.message}")
        if "Audit" in actions and not self._audit_failure:
            self._audit_failure = {
                "message": found.message, "policy": binding["spec"]["policyName"],
                "binding": binding["metadata"]["name"], "expressionIndex": index, "validationActions": list(actions)}

    @property
    def _name(self) -> str:
        return str(self._policy["metadata"]["name"])

    def _refuse_configuration(self, message: str, binding: Object | None) -> None:
        """A policy or binding that cannot be used denies, unless the failure policy ignores that."""
        self._evaluated = True
        if not self._ignores:
            self._deny(message, binding)

    def _deny(self, message: str | None, binding: Object | None, reason: str = _INVALID) -> None:
        """Keeps the first denial: the only one that the answer names."""
        self._denial = self._denial or (message, reason, binding["metadata"]["name"] if binding else None)

    def _annotate(self, binding: Object, key: str, found: Finding) -> None:
        if found.outcome == "true":
            values = self._annotations.setdefault(key, [])
            if found.message not in values:
                values.append(found.message or "")
        elif found.outcome == "error" and not self._ignores:
            self._deny(found.message, binding)
        elif found.outcome == "unknown":
            self._unresolved.append(Unresolved(found.expression, found.message or ""))
            self._unsure |= not self._denial and not self._ignores

    def _missing(self, expression: str, why: str) -> None:
        """Notes what the whole decision depends on and is not known."""
        self._unresolved.append(Unresolved(expression, why))
        self._unsure |= not self._denial

    def _decision(self) -> Decision:
        rest: dict[str, Any] = {
            "failures": tuple(self._failures.values()), "unresolved": tuple(self._unresolved),
            "warnings": warning_headers(self._warnings), "audit_failure": self._audit_failure,
            "audit_annotations": {key: ", ".join(values) for key, values in self._annotations.items()}}
        if self._unsure:
            return Decision("unknown", **rest)
        if not self._denial:
            return Decision("allowed" if self._evaluated else "not_matched", **rest)
        message, reason, binding = self._denial
        by = f"ValidatingAdmissionPolicy '{self._name}'" + (f" with binding '{binding}'" if binding else "")
        whole = f"{self._request.named_object()} is forbidden: {by} denied request: {message}"
        return Decision("denied", None if message is None else whole, reason, _CODES.get(reason, _INVALID_CODE), **rest)


def _joined(messages: list[str]) -> str:
    """Errors as one: alone as it is, several in brackets, each once."""
    distinct = list(dict.fromkeys(messages))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"
