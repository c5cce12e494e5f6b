"""Linkerd: whether ports of meshed pods take clients without mutual TLS.

A port that a Server selects takes those whom an authorization lets in, and else whom its access policy does; any other
port those whom the default policy of the pod does. Meshed clients always come with mutual TLS, so that only what admits
others matters.

Source: Linkerd's documentation, reference: Authorization Policy (latest, 2026); linkerd/linkerd2,
``policy-controller/k8s/api/src/policy`` (server_authorization.rs at 0e601f5).
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.label_selectors import select

AUTHENTICATED = ("all-authenticated", "cluster-authenticated", "deny")
OPEN = ("all-unauthenticated", "cluster-unauthenticated", "audit")
"""Default and access policies that ask for mutual TLS (or let nobody in), and those that do not."""
OPEN_TO_ALL = ("all-unauthenticated", "audit")
"""Those that deny nothing."""
IDENTITIES = ("MeshTLSAuthentication", "ServiceAccount")
"""What a policy can require of clients that only mutual TLS shows."""
_SERVER = ["namespace", "server"]


def default_modes(policy: pd.Series) -> pd.DataFrame:
    """What the default policy of pods says: mode, and why it is not known.

    Without the annotation that of the installation holds, which the cluster does not show.
    """
    mode = pd.Series(pd.NA, policy.index, STRING).mask(policy.isin(AUTHENTICATED).fillna(False), "strict").mask(
        policy.isin(OPEN).fillna(False), "permissive")
    why = pd.Series(pd.NA, policy.index, STRING).mask(
        policy.isna(), "the default policy of the installation is not visible").mask(
        policy.notna() & mode.isna(), "its default policy is not understood")
    return pd.DataFrame({"mode": mode, "why": why})


def server_modes(linkerd_servers: pd.DataFrame, linkerd_authorization_policies: pd.DataFrame,
                 linkerd_required: pd.DataFrame, linkerd_server_authorizations: pd.DataFrame,
                 linkerd_unread_fields: pd.DataFrame) -> pd.DataFrame:
    """Each Server: namespace, server, mode (``<NA>``: not known), decided_by, why (it is not known)."""
    servers = linkerd_servers.rename(columns={"name": "server"}).reset_index(drop=True)
    access = default_modes(servers["access_policy"].str.lower())
    mode, decided_by = access["mode"], "Server " + servers["namespace"] + "/" + servers["server"]
    why = access["why"].mask(access["why"].notna(), "its access policy is not understood")
    for namespaces, names, opens, told in (_policies(linkerd_authorization_policies, linkerd_required),
                                           _authorizations(linkerd_server_authorizations)):
        for space, name, is_open, called in zip(namespaces, names, opens, told, strict=True):
            mine = (servers["namespace"] == space) & ((servers["server"] == name) if name is not None else True)
            if is_open is None:  # which Servers it is for is not known
                why = why.mask(mine & why.isna() & (mode == "strict"), called + " may let in others")
            elif is_open:
                mode = mode.mask(mine, "permissive")
                decided_by = decided_by.mask(mine & (mode == "permissive"), called)
    unread = linkerd_unread_fields.drop_duplicates("namespace").set_index("namespace")
    field = servers["namespace"].map(unread["kind"] + " " + unread["name"] + ": the field " + unread["field"]
                                     + " is not understood").astype(STRING)
    why = field.fillna(why)
    return pd.DataFrame({"namespace": servers["namespace"], "server": servers["server"], "port": servers["port"],
                         "mode": mode.mask(why.notna(), pd.NA), "decided_by": decided_by, "why": why})


_Told = tuple[list[str], list[str | None], list[bool | None], list[str]]


def _policies(policies: pd.DataFrame, required: pd.DataFrame) -> _Told:
    """AuthorizationPolicies that let in others than meshed clients: of which namespace, for which Server (``None``:
    all), whether they surely are for it, and what they are called."""
    asks = required.loc[required["required_kind"].isin(IDENTITIES).to_numpy(bool), ["namespace", "policy"]]
    held = pd.MultiIndex.from_frame(policies[["namespace", "name"]]).isin(pd.MultiIndex.from_frame(asks)) if len(
        asks) else np.zeros(len(policies), bool)
    mine = policies[~held]
    kinds = mine["target_kind"].tolist()
    return (mine["namespace"].tolist(),
            [name if kind == "Server" else None for kind, name in zip(kinds, mine["target"], strict=True)],
            [True if kind in ("Server", "Namespace") else None for kind in kinds],
            ("AuthorizationPolicy " + mine["namespace"] + "/" + mine["name"]).tolist())


def _authorizations(rows: pd.DataFrame) -> _Told:
    """The same of ServerAuthorizations. One by labels may be for any Server of its namespace."""
    mine = rows[(rows["unauthenticated"] | rows["unauthenticated_tls"] | ~rows["mesh_tls"]).to_numpy(bool)]
    names = [None if name is pd.NA else name for name in mine["server"]]
    return (mine["namespace"].tolist(), names, [None if name is None else True for name in names],
            ("ServerAuthorization " + mine["namespace"] + "/" + mine["name"]).tolist())


def served_ports(pods: pd.DataFrame, servers: pd.DataFrame, selectors: pd.DataFrame, pod_labels: pd.DataFrame,
                 container_ports: pd.DataFrame) -> pd.DataFrame:
    """Ports of pods (namespace, name) that Servers select: namespace, name, port, server (of `server_modes`); one row
    for each port."""
    return _agreed(picked_ports(pods, servers, selectors, pod_labels, container_ports))


def picked_ports(pods: pd.DataFrame, servers: pd.DataFrame, selectors: pd.DataFrame, pod_labels: pd.DataFrame,
                 container_ports: pd.DataFrame) -> pd.DataFrame:
    """The same with a row for each Server."""
    servers = servers.reset_index(drop=True)
    pods = pods[["namespace", "name"]].assign(thing=np.arange(len(pods)))
    numbers = servers[_SERVER].assign(selector=servers.index)
    asked = selectors.merge(numbers, on=_SERVER)
    labels = pod_labels.rename(columns={"pod": "name"}).merge(pods, on=["namespace", "name"])
    picked = select(asked, labels[["thing", "key", "value"]], len(servers), len(pods))[:-1]
    same = servers["namespace"].to_numpy(object)[:, None] == pods["namespace"].to_numpy(object)[None, :]
    at, thing = np.nonzero(picked & same)
    found = servers.iloc[at].reset_index(drop=True).assign(name=pods["name"].to_numpy(object)[thing])
    found = found.astype({"name": STRING})
    number = found["port"].where(found["port"].str.fullmatch(r"\d{1,5}").fillna(False)).astype(INTEGER)
    by_number = found.assign(port=number)[number.notna().to_numpy(bool)]
    named = container_ports.rename(columns={"name": "called", "port": "number", "pod": "name"})
    by_name = found[(number.isna() & found["port"].notna()).to_numpy(bool)].merge(
        named[["namespace", "name", "called", "number"]].rename(columns={"called": "port"}),
        on=["namespace", "name", "port"])
    by_name = by_name.drop(columns="port").rename(columns={"number": "port"})
    columns = ["namespace", "name", "port", "server", "mode", "decided_by", "why"]
    return pd.concat([by_number[columns], by_name[columns]], ignore_index=True).astype({"port": INTEGER})


def _agreed(found: pd.DataFrame) -> pd.DataFrame:
    """One row for each port, where several Servers select it: what they say differently is not known."""
    of = ["namespace", "name", "port"]
    found = found.sort_values([*of, "server"]).drop_duplicates([*of, "mode", "why"], ignore_index=True)
    first, last = (found[of].merge(found.drop_duplicates(of, keep=keep), on=of)["server"] for keep in ("first", "last"))
    differ = found.duplicated(of, keep=False).to_numpy(bool)
    why = found["why"].mask(differ, "Servers " + first + " and " + last + " say different things")
    return found.assign(why=why, mode=found["mode"].mask(differ, pd.NA)).drop_duplicates(of, ignore_index=True)
