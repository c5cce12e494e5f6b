"""Service accounts, roles, bindings and certificate requests."""

from auditkit.tables.model import Column, Rows, Table, identity

_ROLES = (
    Rows("roles.rbac.authorization.k8s.io", constants={"kind": "Role"}),
    Rows("clusterroles.rbac.authorization.k8s.io", constants={"kind": "ClusterRole"}),
)
_BINDINGS = (
    Rows("rolebindings.rbac.authorization.k8s.io", constants={"kind": "RoleBinding"}),
    Rows("clusterrolebindings.rbac.authorization.k8s.io", constants={"kind": "ClusterRoleBinding"}),
)
_OF_ROLE = (
    Column("kind", "string", "=kind", "Role or ClusterRole"),
    Column("namespace", "string", "/metadata.namespace", "namespace of a Role"),
    Column("role", "string", "/metadata.name", "name of the role"),
)


def _at(rows: tuple[Rows, ...], path: str, *, label: str = "") -> tuple[Rows, ...]:
    return tuple(Rows(r.source, path, label=label, constants=r.constants) for r in rows)


TABLES = (
    Table(
        "service_accounts", "service accounts", (Rows("serviceaccounts"),),
        (
            *identity(),
            Column("automount_token", "boolean", "automountServiceAccountToken",
                   "pods mount its token unless they set otherwise", absent=True),
            Column("pull_secrets_count", "int64", "imagePullSecrets", "image pull Secrets of its pods", read="count",
                   absent=0),
        ),
        ("namespace", "name"), kind="ServiceAccount",
    ),
    Table(
        "roles", "Roles and ClusterRoles", _ROLES,
        (
            Column("kind", "string", "=kind", "Role or ClusterRole"),
            *identity(),
            Column("rules_count", "int64", "rules", "number of rules", read="count", absent=0),
            Column("aggregated", "boolean", "aggregationRule", "its rules are aggregated from other ClusterRoles",
                   read="present"),
        ),
        ("kind", "namespace", "name"), kind="Role",
    ),
    Table(
        "role_rules", "rights on resources in roles: one row for each verb × group × resource × name of a rule",
        _at(_ROLES, "rules[]"),
        (
            *_OF_ROLE,
            Column("rule", "int64", "#", "position of the rule in the role"),
            Column("verb", "string", "verbs[]", "verb, or *"),
            Column("group", "string", "apiGroups[]", "API group; empty for the core group, or *"),
            Column("resource", "string", "resources[]", "resource or resource/subresource, or *"),
            Column("resource_name", "string", "resourceNames[]", "object it is limited to; <NA>: all", each="optional"),
        ),
        ("kind", "namespace", "role", "rule", "verb", "group", "resource", "resource_name"),
    ),
    Table(
        "role_urls", "rights on non-resource URLs in roles: one row for each verb × path of a rule",
        _at(_ROLES, "rules[]"),
        (
            *_OF_ROLE,
            Column("rule", "int64", "#", "position of the rule in the role"),
            Column("verb", "string", "verbs[]", "verb, or *"),
            Column("url", "string", "nonResourceURLs[]", "path, or a prefix that ends in *"),
        ),
        ("kind", "namespace", "role", "rule", "verb", "url"),
    ),
    Table(
        "role_labels", "labels of roles, which aggregation selects", _at(_ROLES, "metadata.labels{}"),
        (*_OF_ROLE, Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
        ("kind", "namespace", "role", "key"),
    ),
    Table(
        "role_aggregation",
        "label selectors of aggregated ClusterRoles: one row for each selector, requirement and value",
        (
            *_at(_ROLES, "aggregationRule.clusterRoleSelectors[]", label="selector"),
            *_at(_ROLES, "aggregationRule.clusterRoleSelectors[].matchLabels{}", label="labels"),
            *_at(_ROLES, "aggregationRule.clusterRoleSelectors[].matchExpressions[]", label="expressions"),
        ),
        (
            *_OF_ROLE,
            Column("selector", "int64", {"selector": "#", "labels": "^#", "expressions": "^#"},
                   "position of the selector; a role that matches any selector is aggregated"),
            Column("expression", "int64", {"selector": "=no", "labels": "=no", "expressions": "#"},
                   "position in the expressions of the selector; <NA>: a matchLabels entry"),
            Column("key", "string", {"selector": "=no", "labels": "$key", "expressions": "key"},
                   "label key; <NA>: the selector itself, which selects every role if it has no requirements"),
            Column("operator", "string", {"selector": "=no", "labels": "'In", "expressions": "operator"},
                   "In, NotIn, Exists or DoesNotExist"),
            Column("value", "string", {"selector": "=no", "labels": "$value", "expressions": "values[]"},
                   "value to compare with", each="optional"),
        ),
        ("kind", "namespace", "role", "selector", "expression", "key", "operator", "value"),
    ),
    Table(
        "bindings", "RoleBindings and ClusterRoleBindings", _BINDINGS,
        (
            Column("kind", "string", "=kind", "RoleBinding or ClusterRoleBinding"),
            *identity(),
            Column("role_kind", "string", "roleRef.kind", "Role or ClusterRole"),
            Column("role", "string", "roleRef.name", "name of the role that is granted"),
            Column("subjects_count", "int64", "subjects", "number of subjects", read="count", absent=0),
        ),
        ("kind", "namespace", "name"), kind="Binding",
    ),
    Table(
        "binding_labels", "labels of bindings", _at(_BINDINGS, "metadata.labels{}"),
        (
            Column("kind", "string", "=kind", "RoleBinding or ClusterRoleBinding"),
            Column("namespace", "string", "/metadata.namespace", "namespace of a RoleBinding"),
            Column("binding", "string", "/metadata.name", "name of the binding"),
            Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value"),
        ),
        ("kind", "namespace", "binding", "key"),
    ),
    Table(
        "binding_subjects", "subjects of bindings, with the role that they are granted", _at(_BINDINGS, "subjects[]"),
        (
            Column("kind", "string", "=kind", "RoleBinding or ClusterRoleBinding"),
            Column("namespace", "string", "/metadata.namespace", "namespace of a RoleBinding"),
            Column("binding", "string", "/metadata.name", "name of the binding"),
            Column("role_kind", "string", "/roleRef.kind", "Role or ClusterRole"),
            Column("role", "string", "/roleRef.name", "name of the role that is granted"),
            Column("subject_kind", "string", "kind", "User, Group or ServiceAccount"),
            Column("subject_namespace", "string", "namespace", "namespace of a ServiceAccount"),
            Column("subject", "string", "name", "name of the user, group or service account"),
            Column("subject_api_group", "string", "apiGroup", "API group of the subject; absent: the default group "
                                                              "of its kind"),
            Column("position", "int64", "#", "position of the subject in the binding"),
        ),
        ("kind", "namespace", "binding", "position"), kind="Binding", called=("binding", ""),
    ),
    Table(
        "memberships", "members of groups, from a file that the user supplied: a cluster does not store them",
        (Rows("memberships"),),
        (Column("user", "string", "user", "name of the user"), Column("group", "string", "group", "name of the group")),
        ("user", "group"),
    ),
    Table(
        "collector", "identity of the collector at the API server: one row for each group",
        (Rows("collection"),),
        (Column("user", "string", "user", "name of the user; empty: the source could not tell"),
         Column("group", "string", "groups[]", "group of the user at the API server", each="optional")),
        ("user", "group"),
    ),
    Table(
        "certificate_requests", "CertificateSigningRequests",
        (Rows("certificatesigningrequests.certificates.k8s.io"),),
        (
            *identity(namespaced=False),
            Column("signer", "string", "spec.signerName", "requested signer"),
            Column("requestor", "string", "spec.username", "who asked"),
            Column("expiration_seconds", "int64", "spec.expirationSeconds", "requested lifetime"),
            Column("conditions_count", "int64", "status.conditions", "decisions so far", read="count", absent=0),
        ),
        ("name",), kind="CertificateSigningRequest",
    ),
)
