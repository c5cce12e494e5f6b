"""Admission policies with their bindings and parameters, wherever they come from, and what they must look like.

Source of the fields: Kubernetes API reference 1.36, admissionregistration.k8s.io/v1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

UNREAD = "the binding "
"""How the sentence of a binding begins that could not be read."""


@dataclass(frozen=True)
class PolicySet:
    """Policies by name, bindings, and other objects, which are the parameters of policies.

    ``unbound`` are the actions that a policy without a binding is taken to have: none in a cluster, where it does
    nothing. ``mutating`` are MutatingAdmissionPolicies by name, with ``mutating_bindings``. ``unread`` has a sentence
    for each that could not be read, ``tables`` are those that all of them come from.
    """

    policies: dict[str, dict[str, Any]]
    bindings: list[dict[str, Any]]
    others: list[dict[str, Any]]
    unbound: tuple[str, ...] = ("Deny",)
    mutating: dict[str, dict[str, Any]] = field(default_factory=dict)
    mutating_bindings: list[dict[str, Any]] = field(default_factory=list)
    unread: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    def bindings_of(self, policy: str) -> list[dict[str, Any]]:
        """The bindings of a policy."""
        own = [each for each in self.bindings if each["spec"]["policyName"] == policy]
        if own or not self.unbound:
            return own
        return [{"metadata": {"name": ""}, "spec": {"policyName": policy, "validationActions": list(self.unbound)}}]


    def only(self, policy: str) -> "PolicySet":
        """One of the policies, with its bindings. One that could not be read may be its own."""
        return replace(self, policies={policy: self.policies[policy]}, bindings=self.bindings_of(policy), mutating={},
                       mutating_bindings=[], unread=tuple(each for each in self.unread if each.startswith(UNREAD)))


class _Metadata(msgspec.Struct):
    name: str
    labels: Mapping[str, str] | None = None


class _Requirement(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    operator: str
    values: list[str] | None = None


class Thing(msgspec.Struct):
    """Any object of Kubernetes."""

    apiVersion: str
    kind: str
    metadata: _Metadata


class _Selector(msgspec.Struct, forbid_unknown_fields=True):
    matchLabels: dict[str, str] | None = None
    matchExpressions: list[_Requirement] | None = None


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    apiGroups: list[str] | None = None
    apiVersions: list[str] | None = None
    resources: list[str] | None = None
    operations: list[str] | None = None
    resourceNames: list[str] | None = None
    scope: str | None = None


class _Constraints(msgspec.Struct, forbid_unknown_fields=True):
    resourceRules: list[_Rule] | None = None
    excludeResourceRules: list[_Rule] | None = None
    namespaceSelector: _Selector | None = None
    objectSelector: _Selector | None = None
    matchPolicy: str | None = None


class _Named(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    expression: str


class _Validation(msgspec.Struct, forbid_unknown_fields=True):
    expression: str
    message: str | None = None
    messageExpression: str | None = None
    reason: str | None = None


class _Annotation(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    valueExpression: str


class _ParamKind(msgspec.Struct, forbid_unknown_fields=True):
    apiVersion: str
    kind: str


class _PolicySpec(msgspec.Struct, forbid_unknown_fields=True):
    matchConstraints: _Constraints
    validations: list[_Validation] | None = None
    variables: list[_Named] | None = None
    matchConditions: list[_Named] | None = None
    auditAnnotations: list[_Annotation] | None = None
    paramKind: _ParamKind | None = None
    failurePolicy: str | None = None


class Policy(msgspec.Struct):
    """A ValidatingAdmissionPolicy. A field that is not here may change what it does, so it is refused."""

    metadata: _Metadata
    spec: _PolicySpec


class _ParamRef(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    namespace: str | None = None
    selector: _Selector | None = None
    parameterNotFoundAction: str | None = None


class _BindingSpec(msgspec.Struct, forbid_unknown_fields=True):
    policyName: str
    validationActions: list[str]
    paramRef: _ParamRef | None = None
    matchResources: _Constraints | None = None


class Binding(msgspec.Struct):
    """A ValidatingAdmissionPolicyBinding."""

    metadata: _Metadata
    spec: _BindingSpec
