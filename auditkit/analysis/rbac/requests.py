"""What a request asks the authorizer, where that is not what a rule seems to say.

Three things that no rule shows: which requests for objects outside of namespaces carry a namespace all the same, which
requests carry no name yet, and which rights the API server asks about beside the request that it was sent.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN

RBAC, AUTHENTICATION, CERTIFICATES = "rbac.authorization.k8s.io", "authentication.k8s.io", "certificates.k8s.io"

NAMESPACES = ("namespaces", "namespaces/status", "namespaces/finalize")
OF_ONE_NAMESPACE = ("get", "update", "patch", "delete")
"""A request for ``namespaces/NAME`` has the namespace NAME, so that a RoleBinding in it grants these verbs on it
(source: kubernetes ``apiserver/pkg/endpoints/request/requestinfo.go``)."""

NAMELESS = ("create", "deletecollection")
"""Requests whose path has no name: a rule that is limited to names never allows them, whatever a SubjectAccessReview
with a name says (source: the same file; Kubernetes documentation: RBAC, referring to resources). A subresource is
created below an object that has a name."""

CONSTRAINED = {
    "impersonate:user-info": ("users", "groups", "uids", "userextras"),
    "impersonate:serviceaccount": ("serviceaccounts",),
    "impersonate:arbitrary-node": ("nodes",),
    "impersonate:associated-node": ("nodes",),
}
"""Constrained impersonation (KEP-5284: alpha in 1.35, beta and on by default in 1.36): for each verb on whom, in the
group authentication.k8s.io (source: kubernetes ``apiserver/pkg/endpoints/filters/impersonation/mode.go``)."""
IMPERSONATE_ON = "impersonate-on:"
"""The other half: ``impersonate-on:MODE:VERB`` on what is done as the other one. Neither half is of use alone."""

ONLY_ASKED = [  # group, resource, verb, in namespaces: verbs that authorization alone knows
    (RBAC, "roles", "bind", True), (RBAC, "clusterroles", "bind", True), (RBAC, "roles", "escalate", True),
    (RBAC, "clusterroles", "escalate", False), ("", "users", "impersonate", False),
    ("", "groups", "impersonate", False), ("", "serviceaccounts", "impersonate", True),
    (AUTHENTICATION, "uids", "impersonate", False), (AUTHENTICATION, "userextras", "impersonate", False),
    *((AUTHENTICATION, what, verb, what == "serviceaccounts") for verb, whom in CONSTRAINED.items() for what in whom),
    (CERTIFICATES, "signers", "approve", False), (CERTIFICATES, "signers", "sign", False),
    (CERTIFICATES, "signers", "attest", False),
]
_OF_KUBELETS = r"^(?:(?:nodes|\*)/(?:checkpoint|configz|healthz|log|metrics|pods|proxy|spec|stats)|\*)$"
_BY_KUBELETS = ("get", "create", "update", "patch", "delete", "*")
"""What kubelets ask about by SubjectAccessReview when somebody speaks to them (source: kubernetes
``pkg/kubelet/server/auth.go``)."""


def inside(verb: pd.Series, group: pd.Series, resource: pd.Series) -> pd.Series:
    """True if a request for a cluster-scoped object has a namespace, so that a RoleBinding can grant it."""
    return (resource.isin(NAMESPACES) & (group == "") & verb.isin(OF_ONE_NAMESPACE)).fillna(False)


def nameless(verb: pd.Series, resource: pd.Series) -> pd.Series:
    """True if requests for a right (its parts as a rule writes them) have no name, so that no rule with one is met."""
    return (verb.isin(NAMELESS) & ~resource.str.contains("/", regex=False)).fillna(False).astype(BOOLEAN)


def asked_beside(rules: pd.DataFrame) -> pd.Series:
    """Whether each right (``verb, group, resource``) covers one that never stands in the audit log as a request.

    So are the verbs that authorization alone knows, PodSecurityPolicies' ``use``, and what kubelets ask about.
    """
    verb, group, resource = (rules[name] for name in ("verb", "group", "resource"))
    known = pd.Series(False, rules.index, BOOLEAN)
    for asked_group, asked_resource, asked_verb, _ in [*ONLY_ASKED, ("policy", "podsecuritypolicies", "use", True)]:
        known |= (verb.isin([asked_verb, "*"]) & group.isin([asked_group, "*"])
                  & (resource.isin([asked_resource, "*"]) | resource.str.startswith(asked_resource + "/")))
    kubelets = group.isin(["", "*"]) & resource.str.match(_OF_KUBELETS) & verb.isin(_BY_KUBELETS)
    return (known | kubelets | verb.str.startswith(IMPERSONATE_ON)).fillna(False).astype(BOOLEAN)


def created_by_apply(rules: pd.DataFrame, all_rules: pd.DataFrame) -> pd.Series:
    """Which rights to create objects of certain names work after all, because their role may patch those objects.

    Server-side apply makes an object that is not there, and then the API server asks for ``create`` with its name
    (source: kubernetes ``apiserver/pkg/endpoints/handlers/patch.go``).
    """
    of_role = ["kind", "namespace", "role"]
    asked = rules.loc[rules["resource_name"].notna() & (rules["verb"] == "create")].reset_index(names="at")
    patch = all_rules.loc[all_rules["verb"].isin(["patch", "*"]), [*of_role, "group", "resource", "resource_name"]]
    pairs = asked.merge(patch, on=of_role, suffixes=("", "_2"))
    same = ((pairs["group_2"] == pairs["group"]) | (pairs["group_2"] == "*")) & (
        (pairs["resource_2"] == pairs["resource"]) | (pairs["resource_2"] == "*")) & (
        pairs["resource_name_2"].isna() | (pairs["resource_name_2"] == pairs["resource_name"]))
    return pd.Series(rules.index.isin(pairs.loc[same.fillna(False), "at"]), rules.index, BOOLEAN)

