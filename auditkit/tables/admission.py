"""Admission: webhooks, and policies that the API server evaluates itself."""

from auditkit.tables.model import Column, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows

_GROUP = "admissionregistration.k8s.io"
_WEBHOOKS = {"Validating": f"validatingwebhookconfigurations.{_GROUP}",
             "Mutating": f"mutatingwebhookconfigurations.{_GROUP}"}
_POLICIES = {"Validating": f"validatingadmissionpolicies.{_GROUP}", "Mutating": f"mutatingadmissionpolicies.{_GROUP}"}
_BINDINGS = {kind: source.replace("policies.", "policybindings.") for kind, source in _POLICIES.items()}

_TYPE = Column("type", "string", "=type", "Validating or Mutating")


_OF = Column("of", "string", "=of", "namespaceSelector or objectSelector")
_SPEC = Column("spec", "string", "spec", "its spec as JSON; its expressions are text that others wrote", read="json")
_IMAGES = "clusterimagepolicies.policy.sigstore.dev"
_IMAGE_POLICY = Column("policy", "string", "/metadata.name", "name of the policy")


def _selectors(sources: dict[str, str], path: str) -> tuple[Rows, ...]:
    """Rows for the two label selectors below this path."""
    return tuple(rows for kind, source in sources.items() for of in ("namespaceSelector", "objectSelector")
                 for rows in selector_rows(source, f"{path}.{of}", {"type": kind, "of": of}))


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
            Column("failure_policy", "string", "failurePolicy", "failurePolicy: Fail or Ignore if the webhook "
                                                                "cannot be called",
                   absent="Fail"),
            Column("match_policy", "string", "matchPolicy", "Exact or Equivalent", absent="Equivalent"),
            Column("side_effects", "string", "sideEffects", "side effects that it states"),
            Column("timeout_seconds", "int64", "timeoutSeconds", "timeout of the API server", absent=10),
            Column("service_namespace", "string", "clientConfig.service.namespace", "namespace of its service"),
            Column("service", "string", "clientConfig.service.name", "its service; <NA>: an address outside"),
            Column("has_ca_bundle", "boolean", "clientConfig.caBundle", "a CA is given to verify it", read="present"),
            Column("namespace_selector_count", "int64", "namespaceSelector.matchExpressions",
                   "number of namespace selector requirements", read="count", absent=0),
            Column("conditions_count", "int64", "matchConditions", "number of match conditions", read="count",
                   absent=0),
        ),
        ("type", "configuration", "name"), kind="Webhook",
    ),
    Table(
        "webhook_rules", "rules of webhooks: one row for each operation × group × version × resource",
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
        _selectors(_WEBHOOKS, "webhooks[]"),
        (
            _TYPE,
            Column("configuration", "string", "/metadata.name", "name of the configuration"),
            Column("webhook", "string", "^name", "name of the webhook"),
            _OF,
            *SELECTOR,
        ),
        ("type", "configuration", "webhook", "of", "form", "requirement", "value"),
    ),
    Table(
        "admission_policies", "ValidatingAdmissionPolicies and MutatingAdmissionPolicies", _rows(_POLICIES),
        (
            _TYPE, *identity(namespaced=False),
            Column("failure_policy", "string", "spec.failurePolicy", "failurePolicy: Fail or Ignore if an "
                                                                     "expression has an error",
                   absent="Fail"),
            Column("param_kind", "string", "spec.paramKind.kind", "kind of its parameters"),
            Column("param_api", "string", "spec.paramKind.apiVersion", "API version of that kind"),
            Column("conditions_count", "int64", "spec.matchConditions", "number of match conditions",
                   read="count", absent=0),
            Column("excluded_count", "int64", "spec.matchConstraints.excludeResourceRules",
                   "number of exclude rules", read="count", absent=0),
            Column("validations_count", "int64", "spec.validations", "expressions that must hold", read="count",
                   absent=0),
            Column("type_warnings_count", "int64", "status.typeChecking.expressionWarnings",
                   "expressions that the API server warns about", read="count", absent=0),
        ),
        ("type", "name"), kind="AdmissionPolicy",
    ),
    Table(
        "admission_policy_rules", "resources that admission policies match",
        _rows(_POLICIES, "spec.matchConstraints.resourceRules[]"),
        (_TYPE, Column("policy", "string", "/metadata.name", "name of the policy"),
         Column("rule", "int64", "#", "position of the rule"), *_match("")),
        ("type", "policy", "rule", "operation", "group", "version", "resource"),
    ),
    Table(
        "admission_policy_selectors", "label selectors of admission policies: one row for each requirement and value",
        _selectors(_POLICIES, "spec.matchConstraints"),
        (_TYPE, Column("policy", "string", "/metadata.name", "name of the policy"), _OF, *SELECTOR),
        ("type", "policy", "of", "form", "requirement", "value"),
    ),
    Table(
        "admission_validations", "expressions of ValidatingAdmissionPolicies",
        (Rows(_POLICIES["Validating"], "spec.validations[]"),),
        (
            Column("policy", "string", "/metadata.name", "name of the policy"),
            Column("position", "int64", "#", "position of the expression"),
            Column("expression", "string", "expression", "CEL expression that must hold"),
            Column("message", "string", "message", "message if it does not hold"),
        ),
        ("policy", "position"),
    ),
    Table(
        "admission_policy_bindings", "bindings of admission policies: one row for each action",
        _rows(_BINDINGS),
        (
            _TYPE, *identity(namespaced=False),
            Column("policy", "string", "spec.policyName", "policy that is bound"),
            Column("action", "string", "spec.validationActions[]", "Deny, Warn or Audit", each="optional"),
            Column("has_param", "boolean", "spec.paramRef", "true if it sets parameters", read="present"),
            Column("param", "string", "spec.paramRef.name", "parameters that are used"),
            Column("param_namespace", "string", "spec.paramRef.namespace",
                   "namespace of the parameters; <NA>: that of the object under review"),
            Column("param_not_found", "string", "spec.paramRef.parameterNotFoundAction",
                   "Allow or Deny if the parameters do not exist"),
            Column("rules_count", "int64", "spec.matchResources.resourceRules",
                   "rules that limit the policy's own; 0: none", read="count", absent=0),
            Column("excluded_count", "int64", "spec.matchResources.excludeResourceRules",
                   "number of exclude rules", read="count", absent=0),
            Column("has_namespace_selector", "boolean", "spec.matchResources.namespaceSelector",
                   "only some namespaces", read="present"),
        ),
        ("type", "name", "action"), kind="AdmissionPolicyBinding",
    ),
    Table(
        "admission_binding_rules", "resources to which bindings limit their policies",
        _rows(_BINDINGS, "spec.matchResources.resourceRules[]"),
        (_TYPE, Column("binding", "string", "/metadata.name", "name of the binding"),
         Column("rule", "int64", "#", "position of the rule"), *_match("")),
        ("type", "binding", "rule", "operation", "group", "version", "resource"),
    ),
    Table(
        "admission_binding_selectors", "label selectors of bindings: one row for each requirement and value",
        _selectors(_BINDINGS, "spec.matchResources"),
        (_TYPE, Column("binding", "string", "/metadata.name", "name of the binding"), _OF, *SELECTOR),
        ("type", "binding", "of", "form", "requirement", "value"),
    ),
    Table(
        "admission_policy_specs", "admission policies as they are, with which they can be run", _rows(_POLICIES),
        (_TYPE, Column("name", "string", "/metadata.name", "name of the policy"), _SPEC), ("type", "name"),
        kind="AdmissionPolicy",
    ),
    Table(
        "admission_binding_specs", "bindings of admission policies as they are", _rows(_BINDINGS),
        (_TYPE, Column("name", "string", "/metadata.name", "name of the binding"), _SPEC), ("type", "name"),
        kind="AdmissionPolicyBinding",
    ),
    Table(
        "image_policies", "ClusterImagePolicies of Sigstore's policy controller", (Rows(_IMAGES),),
        (
            *identity(namespaced=False),
            Column("mode", "string", "spec.mode", "enforce or warn", absent="enforce"),
            Column("match_count", "int64", "spec.match", "number of kinds that it is restricted to; 0: no restriction",
                   read="count", absent=0),
        ),
        ("name",), kind="ClusterImagePolicy",
    ),
    Table(
        "image_policy_globs", "image patterns of ClusterImagePolicies", (Rows(_IMAGES, "spec.images[]"),),
        (_IMAGE_POLICY, Column("glob", "string", "glob", "pattern; ** is any image")), ("policy", "glob"),
    ),
    Table(
        "image_policy_authorities", "authorities whose signatures ClusterImagePolicies accept",
        (Rows(_IMAGES, "spec.authorities[]"),),
        (_IMAGE_POLICY, Column("position", "int64", "#", "position of the authority"),
         Column("static_action", "string", "static.action", "static action: pass or fail without a signature; <NA>: "
                                                            "signatures decide")),
        ("policy", "position"),
    ),
)
