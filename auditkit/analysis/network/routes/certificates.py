"""The certificates of what ends TLS for routes, of all engines."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING

CERTIFICATES = {
    "kind": STRING, "namespace": STRING, "name": STRING, "hostname": STRING, "secrets": STRING, "missing": STRING,
    "refused": STRING, "present": BOOLEAN, "why": STRING,
}


def route_certificates(listener_certificates: pd.DataFrame, contour_certificates: pd.DataFrame,
                       istio_certificates: pd.DataFrame, traefik_certificates: pd.DataFrame) -> pd.DataFrame:
    """What ends TLS for routes, and its certificates: a row for each listener of a Gateway, each server of one of
    Istio, each HTTPProxy with a host, and each IngressRoute.

    kind, namespace, name (of a listener ``gateway/listener``, of a server
    ``gateway/port``), hostname, secrets (what it names), missing (Secrets that
    are not there), refused (those of another namespace that it may not name), present (all are there and may be named,
    and the controller could use them), why (in words, where that is not known).
    """
    return pd.concat([rows.reindex(columns=list(CERTIFICATES)).astype(CERTIFICATES) for rows in (
        listener_certificates, contour_certificates, istio_certificates, traefik_certificates)], ignore_index=True)
