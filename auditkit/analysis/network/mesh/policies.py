"""Policies of meshes by name: what may deny traffic beside network policies."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.network.mesh.authorization import AUDIT
from auditkit.analysis.network.mesh.peer_authentication import root_namespace
from auditkit.analysis.network.mesh.proxies import ISTIO, LINKERD

COLUMNS = {"mesh": STRING, "kind": STRING, "namespace": STRING, "name": STRING, "everywhere": BOOLEAN}


def mesh_policies(mesh_control: pd.DataFrame, istio_peer_authentications: pd.DataFrame,
                  istio_authorization_policies: pd.DataFrame, linkerd_servers: pd.DataFrame,
                  linkerd_authorization_policies: pd.DataFrame,
                  linkerd_server_authorizations: pd.DataFrame) -> pd.DataFrame:
    """Policies of service meshes that may deny traffic at proxies: mesh, kind, namespace, name, and everywhere
    (it may be for all namespaces: it stands in the namespace of Istio's control plane, or that is not known)."""
    deciding = istio_authorization_policies[(istio_authorization_policies["action"] != AUDIT).fillna(True)]
    found = pd.concat([rows[["namespace", "name"]].assign(mesh=mesh, kind=kind) for mesh, kind, rows in (
        (ISTIO, "PeerAuthentication", istio_peer_authentications), (ISTIO, "AuthorizationPolicy", deciding),
        (LINKERD, "Server", linkerd_servers), (LINKERD, "AuthorizationPolicy", linkerd_authorization_policies),
        (LINKERD, "ServerAuthorization", linkerd_server_authorizations))], ignore_index=True)
    root = root_namespace(mesh_control)
    everywhere = (found["mesh"] == ISTIO) & ((found["namespace"] == root) if root else True)
    return found.assign(everywhere=everywhere).astype(COLUMNS)[list(COLUMNS)]
