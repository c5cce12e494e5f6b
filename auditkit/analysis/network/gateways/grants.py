"""References from one namespace to an object of another, which a ReferenceGrant there must allow."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.tables.gateway_api import GROUP, GROUPS

ON = ["grant_namespace", "from_group", "from_kind", "from_namespace", "to_group", "to_kind"]


def granted(references: pd.DataFrame, grants_from: pd.DataFrame, grants_to: pd.DataFrame,
            unread_fields: pd.DataFrame) -> pd.Series:
    """Whether each reference may be made: columns kind and namespace (of what refers), ref_group, ref_kind,
    ref_namespace and ref_name (of what is referred to).

    Within a namespace everything may. Across, a grant in the namespace that is referred to must name the group,
    kind and namespace of what refers, and the kind of what is referred to, with its name or none
    (kubernetes-sigs/gateway-api v1.6.1, ReferenceGrantSpec). <NA>: a grant that would allow it has fields that are not
    read.
    """
    grants = grants_from.merge(grants_to, on=["namespace", "grant"])
    unread = unread_field(grants.assign(name=grants["grant"]), unread_fields, "ReferenceGrant").notna()
    asked = references.rename(columns={"kind": "from_kind", "namespace": "from_namespace", "ref_group": "to_group",
                                       "ref_kind": "to_kind", "ref_namespace": "grant_namespace",
                                       "ref_name": "to_name"})
    asked["from_group"] = asked["from_kind"].map(GROUPS).astype(STRING).fillna(GROUP)
    grants = grants.rename(columns={"namespace": "grant_namespace"})
    by_any, by_name = {name: name for name in ON}, {name: name for name in [*ON, "to_name"]}
    found = pd.Series(references["namespace"] == references["ref_namespace"], dtype=BOOLEAN)
    for some, verdict in ((grants[unread], pd.NA), (grants[~unread], True)):
        named = has(asked, by_name, some) | has(asked, by_any, some[some["to_name"].isna()])
        found = found.mask(named & ~found.fillna(False), verdict)
    return found
