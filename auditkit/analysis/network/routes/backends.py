"""What is behind routes of all engines."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING

BACKENDS = {
    "kind": STRING, "namespace": STRING, "route": STRING, "use": STRING, "backend_kind": STRING,
    "backend_namespace": STRING, "backend": STRING, "service_port": INTEGER, "protocol": STRING, "pod": STRING,
    "port": INTEGER, "sends": BOOLEAN, "tls": BOOLEAN, "why": STRING,
}
"""The columns of a backend. What an engine does not have is <NA>."""


def route_backends(gateway_backends: pd.DataFrame, openshift_backends: pd.DataFrame,
                   contour_backends: pd.DataFrame, istio_backends: pd.DataFrame,
                   traefik_backends: pd.DataFrame) -> pd.DataFrame:
    """What routes of all engines send requests to: a row for each backend and pod behind it.

    kind, namespace and route; use (backend, mirror: it gets copies, or auth: it is asked which requests may pass),
    backend_kind, backend_namespace, backend and service_port; protocol, pod and port (<NA>: no pod of the cluster is
    known behind it); sends (the route may send it traffic; <NA>: not known), tls (the engine is told to reach it over
    TLS; <NA>: not known), why (in words, where ``sends`` is not true).
    """
    return pd.concat([gateway_backends, openshift_backends, contour_backends, istio_backends, traefik_backends],
                     ignore_index=True).astype(BACKENDS)
