"""Admission: webhooks, and policies that the API server evaluates itself."""

from auditkit.tables.model import Column, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows

_GROUP = "admissionregistration.k8s.io"
_WEBHOOKS = {"Validating": f"validatingwebhookconfigurations.{_GROUP}",
             "Mutating": f"mutatingwebhookconfigurations.{_GROUP}"}
_POLICIES = {"Validating": f"validatingadmissionpolicies.{_GROUP}", "Mutating": f"mutatingadmissionpolicies.{_GROUP}"}
_BINDINGS = {kind: source.replace("policies.", "policybindings.") for kind, source in _POLICIES.items()}

_TYPE = Column("type", "string", "=type", "Validating or Mutating")


def _rows(sources: dict[str, str], path: str = "") -> tuple[Rows, ...]:
    return tuple(Rows(source, path, constants={"type": kind}) for kind, source in sources.items())


def _match(each: str) -> tuple[Column, ...]:
    """What operations on which resources are looked at: one row for each combination."""
    return (
        Column("operation", "string", f"{each}operations[]", "CREATE, UPDATE, DELETE, CONNECT or *"),
        Column("group", "string", f"{each}apiGroups[]", "API group, or *"),
        Column("version", "string", f"{each}apiVersions[]", "version, or *"),
        Column("resource", "string", f"{each}resources[]", "resource, resource/subresource, or *"),
        Column("scope", "string", f"{each}scope", "Cluster, Namespaced or *", absent="*"),
    )


TABLES = (
    Table(
        "webhooks", "admission webhooks", _rows(_WEBHOOKS, "webhooks[]"),
        (
            _TYPE,
            Column("configuration", "string", "/metadata.name", "name of the configuration"),
            Column("name", "string", "name", "name of the webhook"),
            Column("failure_policy", "string", "failurePolicy", "Fail or Ignore, where it cannot be asked",
                   absent="Fail"),
            Column("match_policy", "string", "matchPolicy", "Exact or Equivalent", absent="Equivalent"),
            Column("side_effects", "string", "sideEffects", "side effects that it states"),
            Column("timeout_seconds", "int64", "timeoutSeconds", "time that the API server waits", absent=10),
            Column("service_namespace", "string", "clientConfig.service.namespace", "namespace of its service"),
            Column("service", "string", "clientConfig.service.name", "its service; <NA>: an address outside"),
            Column("has_ca_bundle", "boolean", "clientConfig.caBundle", "a CA is given to verify it", read="present"),
            Column("namespace_selector_count", "int64", "namespaceSelector.matchExpressions",
                   "expressions that leave namespaces out", read="count", absent=0),
            Column("conditions_count", "int64", "matchConditions", "conditions that leave requests out", read="count",
                   absent=0),
        ),
        ("type", "configuration", "name"), kind="Webhook",
    ),
    Table(
        "webhook_rules", "what webhooks are asked about: one row for each operation × group × version × resource",
        _rows(_WEBHOOKS, "webhooks[].rules[]"),
        (
            _TYPE,
            Column("configuration", "string", "/metadata.name", "name of the configuration"),
            Column("webhook", "string", "^name", "name of the webhook"),
            Column("rule", "int64", "#", "position of the rule"),
            *_match(""),
        ),
        ("type", "configuration", "webhook", "rule", "operation", "group", "version", "resource"),
    ),
    Table(
        "webhook_selectors", "label selectors of webhooks: one row for each requirement and value",
        tuple(rows for kind, source in _WEBHOOKS.items() for of in ("namespaceSelector", "objectSelector")
              for rows in selector_rows(source, f"webhooks[].{of}", {"type": kind, "of": of})),
        (
            _TYPE,
            Column("configuration", "string", "/metadata.name", "name of the configuration"),
            Column("webhook", "string", "^name", "name of the webhook"),
            Column("of", "string", "=of", "namespaceSelector or objectSelector"),
            *SELECTOR,
        ),
        ("type", "configuration", "webhook", "of", "form", "requirement", "value"),
    ),
    Table(
        "admission_policies", "ValidatingAdmissionPolicies and MutatingAdmissionPolicies", _rows(_POLICIES),
        (
            _TYPE, *identity(namespaced=False),
            Column("failure_policy", "string", "spec.failurePolicy", "Fail or Ignore, where an expression errs",
                   absent="Fail"),
            Column("param_kind", "string", "spec.paramKind.kind", "kind of its parameters"),
            Column("validations_count", "int64", "spec.validations", "expressions that must hold", read="count",
                   absent=0),
            Column("type_warnings_count", "int64", "status.typeChecking.expressionWarnings",
                   "expressions that the API server warns about", read="count", absent=0),
        ),
        ("type", "name"), kind="AdmissionPolicy",
    ),
    Table(
        "admission_policy_rules", "what admission policies look at",
        _rows(_POLICIES, "spec.matchConstraints.resourceRules[]"),
        (_TYPE, Column("policy", "string", "/metadata.name", "name of the policy"),
         Column("rule", "int64", "#", "position of the rule"), *_match("")),
        ("type", "policy", "rule", "operation", "group", "version", "resource"),
    ),
    Table(
        "admission_validations", "expressions of ValidatingAdmissionPolicies",
        (Rows(_POLICIES["Validating"], "spec.validations[]"),),
        (
            Column("policy", "string", "/metadata.name", "name of the policy"),
            Column("position", "int64", "#", "position of the expression"),
            Column("expression", "string", "expression", "CEL expression that must hold"),
            Column("message", "string", "message", "what is said where it does not"),
        ),
        ("policy", "position"),
    ),
    Table(
        "admission_policy_bindings", "where admission policies apply, one row for each action",
        _rows(_BINDINGS),
        (
            _TYPE, *identity(namespaced=False),
            Column("policy", "string", "spec.policyName", "policy that is bound"),
            Column("action", "string", "spec.validationActions[]", "Deny, Warn or Audit", each="optional"),
            Column("param", "string", "spec.paramRef.name", "parameters that are used"),
            Column("has_namespace_selector", "boolean", "spec.matchResources.namespaceSelector",
                   "only some namespaces", read="present"),
        ),
        ("type", "name", "action"), kind="AdmissionPolicyBinding",
    ),
)
