"""Bindings and roles as the authorizer reads them: whom a subject names, and which role a binding means.

Sources: kubernetes ``plugin/pkg/auth/authorizer/rbac`` and ``pkg/registry/rbac/validation/rule.go``. The API group of
a subject and of a role reference is never looked at, names are compared as they stand (``*`` in a subject is no
wildcard), a ServiceAccount without namespace is one of the RoleBinding's namespace and in a ClusterRoleBinding
nobody, and a ClusterRoleBinding can not mean a Role.
"""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import strings

MASTERS = "system:masters"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
ANONYMOUS = "system:anonymous"
ACCOUNT_USER, ACCOUNT_GROUP = "system:serviceaccount:", "system:serviceaccounts"


def grants(binding_subjects: pd.DataFrame) -> pd.DataFrame:
    """Who is granted what by `binding_subjects`, row by row and in its order.

    Columns: ``user`` (name that requests carry, also of service accounts; ``<NA>`` for groups) and ``of_group``
    (``<NA>`` for others; both ``<NA>`` where the subject is nobody), ``scope`` (namespace; empty: the cluster),
    ``role_key`` (`role_key` of the role that is meant; ``<NA>`` where it can be none).
    """
    bound = {name: strings(binding_subjects[name]) for name in binding_subjects.columns if name != "position"}
    in_namespace = pc.equal(bound["kind"], "RoleBinding")
    scope = pc.if_else(in_namespace, pc.fill_null(bound["namespace"], ""), "")
    kind = bound["subject_kind"]
    user = pc.if_else(pc.equal(kind, "User"), bound["subject"],
                      pc.if_else(pc.equal(kind, "ServiceAccount"), _account(bound, scope), None))
    key = role_key(bound["role_kind"], scope, bound["role"])
    impossible = pc.and_(pc.equal(bound["role_kind"], "Role"), pc.equal(scope, ""))
    columns = {
        "user": user,
        "of_group": pc.if_else(pc.equal(kind, "Group"), bound["subject"], None),
        "scope": scope,
        "role_key": pc.if_else(impossible, None, key),
    }
    return pd.DataFrame({name: pd.Series(pd.arrays.ArrowExtensionArray(array)) for name, array in columns.items()})


def listed_members(memberships: pd.DataFrame) -> pd.DataFrame:
    """Who is in which group by the list of members (user, group), for what it can only add to: none may be given."""
    return memberships[["user", "group"]]


def role_key(kind: pa.Array, namespace: pa.Array, name: pa.Array) -> pa.Array:
    """One text that names a role: ``/NAME`` of a ClusterRole, ``NAMESPACE/NAME`` of a Role; ``<NA>`` of other kinds."""
    home = pc.if_else(pc.equal(kind, "Role"), pc.fill_null(namespace, ""),
                      pc.if_else(pc.equal(kind, "ClusterRole"), "", None))
    return pc.binary_join_element_wise(home, name, "/")


def role_keys(rules: pd.DataFrame, name: str = "role") -> pa.Array:
    """`role_key` of each row of a table of roles (``kind``, ``namespace``, and the name)."""
    return role_key(strings(rules["kind"]), strings(rules["namespace"]), strings(rules[name]))


def implicit_groups(user: str) -> list[str]:
    """The groups that the API server gives to everybody of that name by itself.

    Source: kubernetes ``apiserver/pkg/authentication/{group,serviceaccount,request/anonymous}``.
    """
    if user == ANONYMOUS:
        return [UNAUTHENTICATED]
    namespace, _, name = user.removeprefix(ACCOUNT_USER).partition(":")
    if user.startswith(ACCOUNT_USER) and namespace and name and ":" not in name:
        return [ACCOUNT_GROUP, f"{ACCOUNT_GROUP}:{namespace}", AUTHENTICATED]
    return [AUTHENTICATED]


def _account(bound: dict[str, pa.Array], scope: pa.Array) -> pa.Array:
    """The user name of a service account; null where it has no namespace."""
    own = pc.fill_null(bound["subject_namespace"], "")
    home = pc.if_else(pc.equal(own, ""), scope, own)
    prefixed = pc.binary_join_element_wise(pa.scalar(ACCOUNT_USER), home, pa.scalar(":"), bound["subject"], "")
    return pc.if_else(pc.equal(home, ""), None, prefixed)
