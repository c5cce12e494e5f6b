"""What is known of pods in a mesh, as labels: so that policies of the mesh pick pods as all others do.

No label of Kubernetes has a space in its key, so that none is mistaken for one of these.
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.mesh.linkerd import OPEN_TO_ALL
from auditkit.analysis.network.mesh.ports import DEFAULT_POLICY
from auditkit.analysis.network.mesh.proxies import AMBIENT, GATEWAY, ISTIO, LINKERD, OUTBOUND

MEMBER, TUNNEL, CLIENT, IDENTITY, DOUBT = (f"mesh {name}" for name in ("member", "tunnel", "client", "identity",
                                                                       "doubt"))
STRICT, PLAIN, SIGNATURE, AROUND = (f"mesh {name}" for name in ("strict", "plain", "modes", "around"))
"""The mesh of a pod, whether or not it is seen to act there; one that may send and take traffic through a tunnel; what
it shows as a client (sure, or perhaps), and its identity; one of which it is not known what the mesh does; the modes of
its ports (`Modes`), whether all are strict, whether one takes plain text alone, and ports that go around the proxy."""
SURE, PERHAPS, YES = "sure", "perhaps", "yes"
_POD = ["namespace", "name"]


def labels_of(mesh_pods: pd.DataFrame, pods: pd.DataFrame, mesh_ports: pd.DataFrame, annotations: pd.DataFrame,
              client_tls: pd.DataFrame, doubted: pd.DataFrame, modes: pd.DataFrame) -> pd.DataFrame:
    """The labels of pods of a mesh: namespace, pod, key, value.

    ``doubted`` are the pods of which it is not known what the mesh does, ``modes`` has the signature of others.
    """
    istio = mesh_pods[(mesh_pods["mesh"] == ISTIO).fillna(False).to_numpy(bool)]
    acting = istio[istio["acts"].fillna(False).to_numpy(bool)]
    accounts = pods[[*_POD, "service_account"]]
    outward = annotations.loc[annotations["key"].isin(OUTBOUND).to_numpy(bool), ["namespace", "pod"]]
    vague = acting.merge(outward.set_axis(_POD, axis=1).drop_duplicates(), on=_POD)
    sure = acting if not _other_tls(client_tls) else acting.head(0)
    sure = sure[~_in(sure, vague)]
    around = mesh_ports[((mesh_ports["mtls"] == "bypassed") & (mesh_ports["protocol"] == "TCP")).fillna(
        False).to_numpy(bool)]
    plain = mesh_ports[(mesh_ports["mtls"] == "disabled").fillna(False).to_numpy(bool)].drop_duplicates(_POD)
    found = [
        _label(mesh_pods, MEMBER, mesh_pods["mesh"]),
        _label(istio[(istio["mode"] == AMBIENT).fillna(False).to_numpy(bool)], TUNNEL, YES),
        _label(istio, CLIENT, np.where(_in(istio, sure), SURE, PERHAPS)),
        _label(istio.merge(accounts, on=_POD), IDENTITY,
               lambda rows: rows["namespace"] + "/" + rows["service_account"]),
        _label(doubted, DOUBT, YES), _label(modes, SIGNATURE, lambda rows: rows["signature"]),
        _label(modes[modes["whole"].to_numpy(bool)], STRICT, YES),
        _label(plain, PLAIN, YES), _label(around, AROUND, lambda rows: rows["port"].astype(STRING)),
    ]
    return pd.concat(found, ignore_index=True).astype(STRING)


def _label(rows: pd.DataFrame, key: str, value: object) -> pd.DataFrame:
    value = value(rows) if callable(value) else value
    return pd.DataFrame({"namespace": rows["namespace"], "pod": rows["name"], "key": key, "value": value})


def _in(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """True for rows whose pod is among the others."""
    if not len(rows) or not len(others):
        return np.zeros(len(rows), bool)
    return np.asarray(pd.MultiIndex.from_frame(rows[_POD]).isin(pd.MultiIndex.from_frame(others[_POD])))


def _other_tls(client_tls: pd.DataFrame) -> bool:
    """True if a DestinationRule may have clients connect without an identity to a service of the cluster.

    A host with two dots or more that names no cluster-local domain is outside of the cluster.
    """
    host = client_tls["host"].fillna("*")
    local = (host.str.count(r"\.") < 2) | host.str.contains(r"(?:^\*)|\.svc(?:\.|$)|\.local$")
    return bool((local & (client_tls["mode"] != "ISTIO_MUTUAL")).fillna(True).any())


def doubted(mesh_pods: pd.DataFrame, annotations: pd.DataFrame, changed: pd.Series, by_policy: pd.DataFrame,
            servers: pd.DataFrame, waypoints: bool, *, lacking: bool) -> pd.DataFrame:
    """Pods of a mesh of which it is not known what the mesh lets in: namespace, name.

    ``changed`` are EnvoyFilters (by pod), ``by_policy`` pods of policies that are not understood, ``servers`` those of
    Linkerd. With ``waypoints`` what reaches pods in the ambient mode may come from one of them. Where policies are
    ``lacking``, nothing is known.
    """
    policy = annotations[(annotations["key"] == DEFAULT_POLICY).to_numpy(bool)]
    lenient = policy.loc[policy["value"].isin(OPEN_TO_ALL).to_numpy(bool), ["namespace", "pod"]]
    partly = annotations.loc[annotations["key"].isin(
        ["traffic.sidecar.istio.io/includeInboundPorts", "ambient.istio.io/bypass-inbound-capture"]).to_numpy(bool),
        ["namespace", "pod"]]
    linkerd = (mesh_pods["mesh"] == LINKERD).fillna(False)
    istio = (mesh_pods["mesh"] == ISTIO).fillna(False)
    unclear = (
        (istio & (mesh_pods["acts"].isna() | changed.notna()))
        | (linkerd & (mesh_pods["namespace"].isin(servers["namespace"]) | ~_among(mesh_pods, lenient)))
        | (istio & _among(mesh_pods, partly))
        | (istio & (mesh_pods["mode"] == AMBIENT).fillna(False) & waypoints)
        | (istio & _among(mesh_pods, by_policy.rename(columns={"name": "pod"})))
        | ((istio | linkerd) & lacking))
    return mesh_pods.loc[unclear.fillna(True).to_numpy(bool), _POD]


def _among(mesh_pods: pd.DataFrame, pods: pd.DataFrame) -> np.ndarray:
    return _in(mesh_pods, pods.rename(columns={"pod": "name"}))


def waypoints(mesh_pods: pd.DataFrame, pod_labels: pd.DataFrame) -> bool:
    """True if a waypoint runs: a gateway of the mesh's own class, through which others' traffic goes."""
    classed = pod_labels.loc[((pod_labels["key"] == "gateway.networking.k8s.io/gateway-class-name") & (
        pod_labels["value"] == "istio-waypoint")).to_numpy(bool), ["namespace", "pod"]]
    gateways = mesh_pods[(mesh_pods["mode"] == GATEWAY).fillna(False).to_numpy(bool)]
    return bool(_in(gateways, classed.rename(columns={"pod": "name"})).any())
