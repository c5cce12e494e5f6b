"""Devices of nodes that pods claim (dynamic resource allocation)."""

import pandas as pd

from auditkit.analysis.columns import STRING, has, named
from auditkit.checks.model import Judgement, check, judge

ADMIN_LABEL = "resource.kubernetes.io/admin-access"
"""A namespace must have it before the API server accepts claims with admin access (since Kubernetes 1.34; in 1.33 it
was ``resource.k8s.io/admin-access``)."""


@check(
    severity="high", finding="requests admin access to devices",
    wanted="no request with adminAccess: true",
    remedy="Request the device without adminAccess. Keep claims that need it for monitoring in their own namespace, "
           f"and remove the label {ADMIN_LABEL} from all other namespaces.",
    source="Kubernetes documentation: Dynamic Resource Allocation, admin access; Good Practices for DRA as a Cluster "
           "Admin; NIST SP 800-53 AC-6",
)
def no_admin_access(device_claims: pd.DataFrame, device_requests: pd.DataFrame, device_users: pd.DataFrame,
                    namespace_labels: pd.DataFrame, *, allowed: tuple[str, ...] = ()) -> Judgement:
    """Resource claims request no admin access to devices.

    Admin access opens devices that other pods use, and may bring further rights on them. ``allowed`` lists the
    namespaces in which monitoring needs it.
    """
    on = {"kind": "kind", "namespace": "namespace", "name": "claim"}
    admin = device_requests["admin_access"].fillna(True) | device_requests["admin_access_flat"].fillna(True)
    asking = device_requests[admin]
    labelled = namespace_labels[(namespace_labels["key"].isin([ADMIN_LABEL, "resource.k8s.io/admin-access"])
                                 & (namespace_labels["value"] == "true")).fillna(False)]
    is_template = (device_claims["kind"] == "ResourceClaimTemplate").fillna(False)
    by_claim, by_template = (named(device_claims, {"namespace": "namespace", "name": column}, device_users, "pod")
                             for column in ("claim", "template"))
    seen = device_claims.assign(
        requests=named(device_claims, on, asking, "name"), used_by=by_template.where(is_template, by_claim).astype(
            STRING), namespace_allows=has(device_claims, {"namespace": "namespace"}, labelled))
    return judge(seen, ~has(device_claims, on, asking), ["requests", "used_by", "namespace_allows"],
                 applies=~device_claims["namespace"].isin(allowed),
                 otherwise="the framework allows admin access in this namespace")
