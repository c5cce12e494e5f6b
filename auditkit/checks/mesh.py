"""Service meshes: whether pods take traffic without mutual TLS."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup, named
from auditkit.analysis.network.mesh.peer_authentication import KIND
from auditkit.analysis.workloads.lifecycle import ENDED
from auditkit.checks.model import Judgement, check, judge

NO_MESH = "no service mesh is seen in the cluster: whether applications encrypt their traffic is not visible"
NOT_ASKED = "the pod has ended, or is the control plane of the mesh"
NOT_IN_MESH = "no proxy of the mesh is seen: whether the application encrypts its traffic is not visible"
ROOT_UNKNOWN = ("strict if the root namespace of the mesh is that of its control plane, which a cluster does not show: "
                "set root_namespace, or add a PeerAuthentication to the namespace")
_OF = {"namespace": "namespace", "name": "name"}


@check(
    severity="medium", finding="accepts traffic without mutual TLS",
    wanted="a proxy of the mesh that takes nothing but mutual TLS, on every port",
    remedy="Add a PeerAuthentication with the mode STRICT to the namespace, or set Linkerd's default inbound policy to "
           "all-authenticated. Remove annotations that take ports around the proxy.",
    source="Istio documentation: mutual TLS migration; Linkerd documentation: authorization policy; NIST SP 800-204A",
    needs=("istio_peer_authentications", "linkerd_servers"),
)
def pods_require_mutual_tls(pods: pd.DataFrame, mesh_pods: pd.DataFrame, mesh_ports: pd.DataFrame,
                            mesh_control: pd.DataFrame, *, root_namespace: str = "") -> Judgement:
    """Pods of the service mesh require mutual TLS.

    A proxy that also takes plain text lets anybody in the network read, change and forge what the pod receives. A
    framework sets ``root_namespace`` to the namespace that the mesh's configuration names, so that a PeerAuthentication
    there counts for all pods.
    """
    rows = mesh_ports.assign(state=_states(mesh_ports, root_namespace))
    open_, lost, closed = (has(pods, _OF, rows[(rows["state"] == state).to_numpy(bool)])
                           for state in ("open", "unknown", "strict"))
    around = has(pods, _OF, rows[((rows["state"] == "open") & (rows["mtls"] == "bypassed")).to_numpy(bool)])
    ok = pd.Series(pd.NA, pods.index, BOOLEAN).mask(closed & ~lost, True).mask(open_, False)
    found = pods[["namespace", "name"]].assign(
        mesh=lookup(pods, _OF, mesh_pods, ["mesh"])["mesh"],
        open_ports=named(pods, _OF, rows[(rows["state"] == "open").to_numpy(bool)].assign(said=_said), "said"))
    why = lookup(pods, _OF, rows[(rows["state"] == "unknown").to_numpy(bool)].assign(why=_why), ["why"])["why"]
    seen = bool(mesh_pods["mesh"].notna().any()) or len(mesh_control) > 0
    subject = ~pods["phase"].isin(ENDED).astype(BOOLEAN) & ~has(
        pods, {"namespace": "namespace", "name": "pod"}, mesh_control)
    return judge(found, ok, ["mesh", "open_ports"], applies=subject & seen, otherwise=NOT_ASKED if seen else NO_MESH,
                 for_want=~around, reasons=why.fillna(NOT_IN_MESH).astype(STRING).mask(ok.notna(), ""))


def _states(ports: pd.DataFrame, root_namespace: str) -> np.ndarray:
    """What each port is: strict, open, or unknown. What the mesh does not carry may be encrypted by the application."""
    of_root = ports["decided_by"].str.startswith(f"{KIND} {root_namespace}/") & (root_namespace != "")
    assumed = ports["assumes_root"] & ~of_root.fillna(False)
    carried = ports["protocol"].isna() | (ports["protocol"] == "TCP")
    taken = ports["mtls"].isin(["permissive", "disabled", "bypassed"]) & carried & ~assumed
    strict = (ports["mtls"] == "strict") & ~assumed
    return np.select([taken.fillna(False).to_numpy(bool), strict.fillna(False).to_numpy(bool)], ["open", "strict"],
                     "unknown")


def _said(ports: pd.DataFrame) -> pd.Series:
    """An open port in words: ``8080 permissive``."""
    return ports["port"].astype(STRING).fillna("others") + " " + ports["mtls"]


def _why(ports: pd.DataFrame) -> pd.Series:
    return ports["why"].fillna(ROOT_UNKNOWN)
