"""Service meshes: whether pods take traffic without mutual TLS, and from clients that no policy names."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup, named
from auditkit.analysis.network.mesh import peer_authentication
from auditkit.analysis.network.mesh.istio_clients import ADDRESSES, ANY_IDENTITY, ANYONE, WHOLE
from auditkit.analysis.network.mesh.ports import UNDECLARED
from auditkit.analysis.network.mesh.proxies import ISTIO
from auditkit.analysis.workloads.lifecycle import ENDED
from auditkit.checks.model import Judgement, check, judge

NO_MESH = "no proxy of Istio or Linkerd is seen: whether applications encrypt their traffic is not visible"
NOT_ASKED = "the pod has ended, or is the control plane of the mesh and has no proxy"
NOT_IN_MESH = "no proxy of the mesh is seen: whether the application encrypts its traffic is not visible"
ROOT_UNKNOWN = ("this rests on the root namespace of the mesh, which a cluster does not show: set root_namespace, or "
                "add a PeerAuthentication to the namespace")
ROOT_ELSEWHERE = "root_namespace is not the namespace of the control plane, where policies of the mesh are looked for"
ADMITS_UNKNOWN = ("this rests on the root namespace of the mesh, which a cluster does not show: set root_namespace, or "
                  "add an AuthorizationPolicy to the namespace")
PART_OF_ANYONE = "a policy lets in anyone under conditions that are not read, or denies most of them"
BY_ADDRESS = "addresses come in without an identity, and which clients have them is not known"
NOBODY_DECIDES = "no proxy of the mesh is seen: who connects is not decided by identity"
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
    framework sets ``root_namespace`` to the namespace that the mesh's configuration names, if it is that of the
    control plane: then what a PeerAuthentication there says of all pods counts.
    """
    rows = _in_root(mesh_ports, root_namespace, peer_authentication.root_namespace(mesh_control))
    rows = rows.assign(state=_states(rows))
    open_, lost, closed = (has(pods, _OF, rows[(rows["state"] == state).to_numpy(bool)])
                           for state in ("open", "unknown", "strict"))
    around = has(pods, _OF, rows[((rows["state"] == "open") & (rows["mtls"] == "bypassed")).to_numpy(bool)])
    ok = pd.Series(pd.NA, pods.index, BOOLEAN).mask(closed & ~lost, True).mask(open_, False)
    found = pods[["namespace", "name"]].assign(
        mesh=lookup(pods, _OF, mesh_pods, ["mesh"])["mesh"],
        open_ports=named(pods, _OF, rows[(rows["state"] == "open").to_numpy(bool)].assign(said=_said), "said"))
    why = lookup(pods, _OF, rows[(rows["state"] == "unknown").to_numpy(bool)].assign(why=_why), ["why"])["why"]
    seen = bool(mesh_pods["mesh"].notna().any()) or len(mesh_control) > 0
    control = has(pods, {"namespace": "namespace", "name": "pod"}, mesh_control) & found["mesh"].isna()
    subject = ~pods["phase"].isin(ENDED).astype(BOOLEAN) & ~control
    return judge(found, ok, ["mesh", "open_ports"], applies=subject & seen, otherwise=NOT_ASKED if seen else NO_MESH,
                 for_want=~around, reasons=why.fillna(NOT_IN_MESH).astype(STRING).mask(ok.notna(), ""))


def _in_root(ports: pd.DataFrame, stated: str, taken: str | None) -> pd.DataFrame:
    """The ports, with the root namespace that a framework states: what was assumed is so, or nothing of Istio is known
    but what goes around the proxy."""
    if not stated:
        return ports
    if stated == taken:
        return ports.assign(assumes_root=False)
    lost = (ports["mesh"] == ISTIO) & ports["mtls"].isin(["strict", "permissive", "disabled"])
    return ports.assign(mtls=ports["mtls"].mask(lost, pd.NA), why=ports["why"].mask(lost, ROOT_ELSEWHERE))


def _states(ports: pd.DataFrame) -> np.ndarray:
    """What each port is: strict, open, or unknown. What the mesh does not carry may be encrypted by the application,
    and whether anything listens on a port is not known where the installation leaves it out and nobody declares it."""
    carried = (ports["protocol"].isna() | (ports["protocol"] == "TCP")) & (ports["why"] != UNDECLARED).fillna(True)
    assumed = ports["assumes_root"].astype(BOOLEAN)
    taken = ports["mtls"].isin(["permissive", "disabled", "bypassed"]) & carried & ~assumed
    strict = (ports["mtls"] == "strict") & ~assumed
    return np.select([taken.fillna(False).to_numpy(bool), strict.fillna(False).to_numpy(bool)], ["open", "strict"],
                     "unknown")


def _said(ports: pd.DataFrame) -> pd.Series:
    """An open port in words: ``8080 permissive``."""
    return ports["port"].astype(STRING).fillna("others") + " " + ports["mtls"]


def _why(ports: pd.DataFrame) -> pd.Series:
    """Why it is not known whether a port is open, with the port where only that one is meant."""
    undeclared = (ports["why"] == UNDECLARED).fillna(False)
    return ports["why"].mask(undeclared, "port " + ports["port"].astype(STRING) + ": " + UNDECLARED).fillna(
        ROOT_UNKNOWN)


@check(
    severity="medium", finding="lets in clients that no policy of the mesh names",
    wanted="policies that let in named identities, and nobody else, on every port",
    remedy="Add an AuthorizationPolicy without rules to the namespace and then one that names the clients, or set "
           "Linkerd's default inbound policy to deny. Remove rules for everybody.",
    source="Istio documentation: authorization policy, allow-nothing; Linkerd documentation: authorization policy; "
           "NIST SP 800-204B",
    needs=("istio_authorization_policies", "linkerd_servers"),
)
def pods_deny_by_default(pods: pd.DataFrame, mesh_pods: pd.DataFrame, mesh_clients: pd.DataFrame,
                         mesh_control: pd.DataFrame, *, root_namespace: str = "") -> Judgement:
    """Pods of the service mesh deny clients that no policy names.

    Where anyone is let in, or anyone of the mesh, a single compromised workload reaches every other one. A framework
    sets ``root_namespace`` to the namespace that the mesh's configuration names, if it is that of the control plane.
    """
    rows = _stated(mesh_clients, root_namespace, peer_authentication.root_namespace(mesh_control))
    anyone, assumed = rows["kind"].isin([ANYONE, ANY_IDENTITY]), rows["assumes_root"].astype(BOOLEAN)
    wholly = anyone & (rows["extent"] == WHOLE).fillna(False)
    opens = wholly & ~assumed
    addresses = (rows["kind"] == ADDRESSES).fillna(False)
    unclear = rows["kind"].isna() | (anyone & ~opens) | addresses
    closes = ~anyone & rows["kind"].notna() & ~assumed
    open_, lost, closed = (has(pods, _OF, rows[part.fillna(False).to_numpy(bool)]) for part in (opens, unclear, closes))
    around = has(pods, _OF, rows[(opens & rows["decided_by"].isna() & rows["why"].notna()).to_numpy(bool)])
    ok = pd.Series(pd.NA, pods.index, BOOLEAN).mask(closed & ~lost, True).mask(open_, False)
    found = pods[["namespace", "name"]].assign(
        mesh=lookup(pods, _OF, mesh_pods, ["mesh"])["mesh"],
        lets_in=named(pods, _OF, rows[opens.to_numpy(bool)].assign(said=_lets_in), "said"))
    doubts = rows[unclear.fillna(True).to_numpy(bool)]
    doubts = doubts.assign(why=doubts["why"].fillna(pd.Series(PART_OF_ANYONE, doubts.index, STRING).mask(
        doubts["kind"] == ADDRESSES, BY_ADDRESS).mask(doubts["assumes_root"], ADMITS_UNKNOWN)))
    why = lookup(pods, _OF, doubts, ["why"])["why"].fillna(pd.Series(ADMITS_UNKNOWN, pods.index, STRING).where(
        has(pods, _OF, rows)))
    seen = bool(mesh_pods["mesh"].notna().any()) or len(mesh_control) > 0
    control = has(pods, {"namespace": "namespace", "name": "pod"}, mesh_control) & found["mesh"].isna()
    subject = ~pods["phase"].isin(ENDED).astype(BOOLEAN) & ~control
    return judge(found, ok, ["mesh", "lets_in"], applies=subject & seen, otherwise=NOT_ASKED if seen else NO_MESH,
                 for_want=~around, reasons=why.fillna(NOBODY_DECIDES).astype(STRING).mask(ok.notna(), ""))


def _stated(rows: pd.DataFrame, stated: str, taken: str | None) -> pd.DataFrame:
    """The rows, with the root namespace that a framework states: what was assumed is so, or is not known."""
    if not stated:
        return rows
    if stated == taken:
        return rows.assign(assumes_root=False)
    lost = rows["assumes_root"]
    return rows.assign(kind=rows["kind"].mask(lost, pd.NA), why=rows["why"].mask(lost, ROOT_ELSEWHERE))


def _lets_in(rows: pd.DataFrame) -> pd.Series:
    """Whom a row lets in, in words: ``8080 anyone (AuthorizationPolicy shop/web)``."""
    by = (" (" + rows["decided_by"] + ")").fillna("")
    return rows["port"].astype(STRING).fillna("every port") + " " + rows["kind"] + by
