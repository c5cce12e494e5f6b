"""The ways in by routes of all engines: hosts, whether they are open, and whether over TLS."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING

WAYS = {
    "kind": STRING, "namespace": STRING, "route": STRING, "host": STRING, "root_kind": STRING,
    "root_namespace": STRING, "root": STRING,
    "entry_port": INTEGER, "encrypted": BOOLEAN, "open": BOOLEAN, "why": STRING,
}
"""The columns of a way in. What an engine does not have is <NA>."""
UNSEEN = "whether what comes in at the listener is encrypted is not visible"
MAY_REDIRECT = "a filter of the route may send plain requests to HTTPS, or elsewhere"


def route_ways(attachments: pd.DataFrame, openshift_ways: pd.DataFrame, contour_ways: pd.DataFrame,
               istio_ways: pd.DataFrame, traefik_ways: pd.DataFrame) -> pd.DataFrame:
    """The ways in by routes of all engines: a row for each route, host and entrance.

    kind, namespace and route; host, root_kind, root_namespace and root (the object that has the address, such as a
    Gateway; <NA>: it is not seen), entry_port; encrypted (no request is taken in plain text there, but to redirect it
    to HTTPS), open (it lets traffic in; <NA>: not known), why (in words, where either is not known, or it is not open).
    """
    return pd.concat([_of_gateways(attachments), openshift_ways, contour_ways, istio_ways, traefik_ways],
                     ignore_index=True).astype(WAYS)


def _of_gateways(attachments: pd.DataFrame) -> pd.DataFrame:
    plain = (attachments["tls"] == "none").fillna(False)
    covered = attachments["tls"].isin(["Terminate", "Passthrough"]).astype(BOOLEAN).mask(
        plain, attachments["redirects"]).mask(attachments["tls"].isna(), pd.NA)
    unseen = pd.Series(UNSEEN, attachments.index, STRING).mask(plain, MAY_REDIRECT).where(covered.isna(), pd.NA)
    return attachments.rename(columns={"port": "entry_port"}).assign(
        encrypted=covered, root_kind=pd.Series("Gateway", attachments.index, STRING).where(attachments["root"].notna()),
        why=attachments["why"].fillna(unseen))[list(WAYS)]
