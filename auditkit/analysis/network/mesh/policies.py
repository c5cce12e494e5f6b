"""Policies of meshes by name: what may deny incoming traffic beside network policies."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has
from auditkit.analysis.network.mesh.authorization import AUDIT, TRUE
from auditkit.analysis.network.mesh.linkerd import OPEN_TO_ALL
from auditkit.analysis.network.mesh.peer_authentication import UNSET, root_namespace
from auditkit.analysis.network.mesh.proxies import ISTIO, LINKERD

COLUMNS = {"mesh": STRING, "kind": STRING, "namespace": STRING, "name": STRING, "everywhere": BOOLEAN}
_NAMED = {"namespace": "namespace", "name": "policy"}


def mesh_policies(mesh_pods: pd.DataFrame, mesh_control: pd.DataFrame, istio_peer_authentications: pd.DataFrame,
                  istio_port_modes: pd.DataFrame, istio_authorization_policies: pd.DataFrame,
                  istio_dry_runs: pd.DataFrame, linkerd_servers: pd.DataFrame,
                  linkerd_authorization_policies: pd.DataFrame,
                  linkerd_server_authorizations: pd.DataFrame) -> pd.DataFrame:
    """Policies of service meshes that may deny incoming traffic at proxies: mesh, kind, namespace, name, and everywhere
    (it may be for all namespaces: it stands in the namespace of Istio's control plane, or that is not known).

    Only those where a pod of the mesh is that they may be for.
    """
    lenient = ("PERMISSIVE", *UNSET)
    peers, rules = istio_peer_authentications, istio_authorization_policies
    asking = ~peers["mode"].isin(lenient) | has(
        peers, _NAMED, istio_port_modes[~istio_port_modes["mode"].isin(lenient).to_numpy(bool)])
    dry = has(rules, _NAMED, istio_dry_runs[istio_dry_runs["value"].isin(TRUE).to_numpy(bool)])
    deciding = ~(rules["action"] == AUDIT).fillna(False) & ~dry
    served = ~linkerd_servers["access_policy"].str.lower().isin(OPEN_TO_ALL).fillna(False)
    found = pd.concat([rows[["namespace", "name"]].assign(mesh=mesh, kind=kind) for mesh, kind, rows in (
        (ISTIO, "PeerAuthentication", peers[asking.to_numpy(bool)]),
        (ISTIO, "AuthorizationPolicy", rules[deciding.to_numpy(bool)]),
        (LINKERD, "Server", linkerd_servers[served.to_numpy(bool)]),
        (LINKERD, "AuthorizationPolicy", linkerd_authorization_policies),
        (LINKERD, "ServerAuthorization", linkerd_server_authorizations))], ignore_index=True)
    root = root_namespace(mesh_control)
    everywhere = (found["mesh"] == ISTIO) & ((found["namespace"] == root) if root else True)
    found = found.assign(everywhere=everywhere).astype(COLUMNS)[list(COLUMNS)]
    there = has(found, {"mesh": "mesh", "namespace": "namespace"}, mesh_pods)
    anywhere = found["everywhere"] & found["mesh"].isin(mesh_pods["mesh"].dropna())
    return found[(there | anywhere).to_numpy(bool)].reset_index(drop=True)
