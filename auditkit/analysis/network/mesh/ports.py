"""The ports of pods, and whether the mesh lets plain text in there."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, lookup
from auditkit.analysis.network.mesh.linkerd import default_modes, served_ports, server_modes
from auditkit.analysis.network.mesh.peer_authentication import (
    KIND,
    MODES,
    UNSET,
    filtered,
    peer_modes,
    root_namespace,
)
from auditkit.analysis.network.mesh.proxies import (
    AMBIENT,
    BYPASSED,
    GATEWAY,
    INBOUND,
    ISTIO,
    LINKERD,
    PROXIES,
    REDIRECTS,
    SIDECAR,
)
from auditkit.analysis.workloads.lifecycle import lasting

EXCLUDED, INCLUDED = INBOUND
DEFAULT_POLICY, SKIPPED = (f"config.linkerd.io/{name}" for name in ("default-inbound-policy", "skip-inbound-ports"))
LEFT_OUT, TAKEN = "excluded", "included"
LISTS = (EXCLUDED, INCLUDED, SKIPPED, LEFT_OUT, TAKEN)
"""Annotations that list ports, and what the arguments of an init container do."""
OWN_PORTS = {ISTIO: (15020, 15021, 15090), LINKERD: (4190, 4191)}
"""Ports at which the proxies of a mesh serve their own health and metrics."""
BY_ARGUMENTS = "the arguments of its init container"
UNDECLARED = f"{BY_ARGUMENTS} take it around the proxy, and no container declares it"
LAST = 65535
_POD = ["namespace", "name"]
_PORT = [*_POD, "port"]
COLUMNS = {"namespace": STRING, "name": STRING, "port": INTEGER, "protocol": STRING, "mesh": STRING, "mtls": STRING,
           "level": STRING, "decided_by": STRING, "assumes_root": BOOLEAN, "why": STRING}


def mesh_ports(
    mesh_pods: pd.DataFrame, container_ports: pd.DataFrame, pod_labels: pd.DataFrame,
    pod_mesh_annotations: pd.DataFrame, pod_redirections: pd.DataFrame, mesh_control: pd.DataFrame,
    istio_peer_authentications: pd.DataFrame, istio_port_modes: pd.DataFrame, istio_selectors: pd.DataFrame,
    istio_revisions: pd.DataFrame, istio_unread_fields: pd.DataFrame, istio_envoy_filters: pd.DataFrame,
    linkerd_servers: pd.DataFrame, linkerd_server_selectors: pd.DataFrame,
    linkerd_authorization_policies: pd.DataFrame, linkerd_required: pd.DataFrame,
    linkerd_server_authorizations: pd.DataFrame, linkerd_unread_fields: pd.DataFrame,
) -> pd.DataFrame:
    """Whether pods of a service mesh accept plain text: a row for each port that they declare or that a policy or an
    annotation names, and one for all others (port ``<NA>``). Ports of the proxy itself are left out.

    namespace and name of the pod, port, protocol, mesh, mtls (strict: only mutual TLS; permissive: both; disabled:
    only plain text; bypassed: the port goes around the proxy; ``<NA>``: not known), level (of the policy that decided:
    port, workload, namespace, mesh or default), decided_by, assumes_root (it is so if the root namespace of Istio is
    the control plane's), why (it goes around, or is not known).
    """
    pods = mesh_pods[mesh_pods["mesh"].notna().to_numpy(bool)].rename(columns={"mode": "kind"}).reset_index(drop=True)
    if pods.empty:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    told = _told(pods, pd.concat([pod_mesh_annotations, _redirected(pod_redirections)]))
    istio = (pods["mesh"] == ISTIO).to_numpy(bool)
    root = root_namespace(mesh_control)
    ours, others = (pd.concat([pods, told], axis=1)[mine].reset_index(drop=True) for mine in (istio, ~istio))
    ours = pd.concat([ours, _of_istio(ours, istio_peer_authentications, istio_selectors, istio_revisions,
                                      istio_unread_fields, istio_envoy_filters, istio_port_modes, pod_labels, root)],
                     axis=1)
    found = [_rows(ours, container_ports, _istio_ports(ours, istio_port_modes))]
    if len(others):
        servers = server_modes(linkerd_servers, linkerd_authorization_policies, linkerd_required,
                               linkerd_server_authorizations, linkerd_unread_fields)
        others = pd.concat([others, _of_linkerd(others)], axis=1)
        found.append(_rows(others, container_ports, served_ports(
            others, servers, linkerd_server_selectors, pod_labels, container_ports)))
    rows = pd.concat(found, ignore_index=True).sort_values([*_PORT, "protocol"], ignore_index=True)
    return rows[list(COLUMNS)].astype(COLUMNS)


def _told(pods: pd.DataFrame, annotations: pd.DataFrame) -> pd.DataFrame:
    """What annotations say of the ports of each pod: one column each."""
    of = {"namespace": "namespace", "name": "pod"}
    return pd.concat({key: lookup(pods, of, annotations[(annotations["key"] == key).to_numpy(bool)], ["value"])["value"]
                      for key in (*LISTS, BYPASSED, DEFAULT_POLICY)}, axis=1)


def _redirected(redirections: pd.DataFrame) -> pd.DataFrame:
    """What the arguments of init containers say of ports, in the form of annotations."""
    mine = redirections[redirections["container"].isin(list(REDIRECTS)).to_numpy(bool)]
    return pd.concat([mine[["namespace", "pod"]].assign(
        key=key, value=mine["ports"].str.extract(rf"(?:^| ){key}=([^ ]*)", expand=False)) for key in (LEFT_OUT, TAKEN)])


# --- what holds for a pod as a whole, and for some of its ports -------------------------------------------------------


def _of_istio(pods: pd.DataFrame, peers: pd.DataFrame, selectors: pd.DataFrame, revisions: pd.DataFrame,
              unread: pd.DataFrame, filters: pd.DataFrame, port_modes: pd.DataFrame, pod_labels: pd.DataFrame,
              root: str | None) -> pd.DataFrame:
    """The mode of pods of Istio: mode, level, decided_by, assumes_root, workload_policy, unclear."""
    found = peer_modes(pods, peers, selectors, revisions, unread, pod_labels, root)
    changed = "the EnvoyFilter " + filtered(pods, filters, root) + " may change the proxy"
    gateway = pd.Series(pd.NA, pods.index, STRING).mask(
        (pods["kind"] == GATEWAY).fillna(False), "a gateway: its Gateways and routes decide how it is reached")
    strange = port_modes[_numbers(port_modes["port"]).isna().to_numpy(bool)]
    policy = pods.assign(policy=found["workload_policy"])
    odd = KIND + " " + pods["namespace"] + "/" + found["workload_policy"] + ": its port " + lookup(
        policy, {"namespace": "namespace", "policy": "policy"}, strange, ["port"])["port"] + " is not a port number"
    return found.drop(columns="why").assign(
        decided_by=KIND + " " + found["decided_by"],
        unclear=pods["why"].fillna(gateway).fillna(changed).fillna(found["why"]).fillna(odd))


def _istio_ports(pods: pd.DataFrame, modes: pd.DataFrame) -> pd.DataFrame:
    """Ports with a mode of their own: namespace, name, port, mode (``<NA>``: that of the pod), decided_by, why."""
    found = modes.merge(pods[[*_POD, "workload_policy"]].rename(columns={"workload_policy": "policy"}),
                        on=["namespace", "policy"])
    mode = found["mode"].map(MODES).astype(STRING)
    strange = (mode.isna() & ~found["mode"].isin(UNSET)).to_numpy(bool)
    why = ("the mode " + found["mode"] + " of the port is not understood").where(strange)
    found = found[_POD].assign(port=_numbers(found["port"]), mode=mode, why=why,
                               decided_by=KIND + " " + found["namespace"] + "/" + found["policy"])
    return found[((mode.notna() | why.notna()) & found["port"].notna()).to_numpy(bool)]


def _of_linkerd(pods: pd.DataFrame) -> pd.DataFrame:
    """The mode of pods of Linkerd by their default policy."""
    found = default_modes(pods[DEFAULT_POLICY])
    decided_by = ("annotation " + pd.Series(DEFAULT_POLICY, pods.index, STRING)).where(found["mode"].notna())
    return found.drop(columns="why").assign(
        level=pd.Series("workload", pods.index, STRING), decided_by=decided_by, unclear=pods["why"],
        by_default=found["why"], assumes_root=pd.Series(False, pods.index, BOOLEAN))


# --- ports ------------------------------------------------------------------------------------------------------------


def _rows(pods: pd.DataFrame, declared: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Ports of pods with what holds for them; ``own`` are those of which policies say something else."""
    rows = _ports(pods, declared, own).merge(pods, on=_POD)
    own = own.rename(columns={"mode": "own", "decided_by": "own_by", "why": "own_why"}).drop_duplicates(_PORT)
    rows = rows.merge(own[[*_PORT, "own", "own_by", "own_why"]].astype({"port": INTEGER}), on=_PORT, how="left")
    said = rows["own"].notna() | rows["own_why"].notna()
    by_default = rows["by_default"] if "by_default" in rows else pd.Series(pd.NA, rows.index, STRING)
    unclear = rows["unclear"].fillna(_odd_lists(rows)).fillna(rows["own_why"]).fillna(by_default.mask(said, pd.NA))
    around = _around(rows)
    bypassed = around.notna() & rows["acts"].fillna(False)
    why = unclear.mask(bypassed, around)
    mtls = rows["mode"].mask(said, rows["own"]).mask(why.notna(), pd.NA).mask(bypassed, "bypassed")
    known = why.isna()
    return rows.assign(
        mtls=mtls, why=why, level=rows["level"].mask(said, "port").where(known),
        decided_by=rows["decided_by"].mask(said, rows["own_by"]).where(known),
        assumes_root=rows["assumes_root"] & ~said & known)


def _ports(pods: pd.DataFrame, declared: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """The ports of each pod, each once, and one row for all others: namespace, name, port, protocol."""
    mine = declared[lasting(declared).to_numpy(bool) & ~declared["container"].isin(list(PROXIES)).to_numpy(bool)]
    mine = mine.rename(columns={"name": "called", "pod": "name"})[[*_PORT, "protocol"]]
    mine = mine.merge(pods[_POD], on=_POD)
    by_number = pd.concat([own[_PORT], *(_listed(pods, key) for key in LISTS)]).assign(protocol="TCP")
    proxy_ports = [port for mesh in pods["mesh"].unique() for port in OWN_PORTS[mesh]]
    by_number = by_number[(by_number["port"].notna() & ~by_number["port"].isin(proxy_ports)).to_numpy(bool)]
    found = pd.concat([rows.astype({"port": INTEGER, "protocol": STRING}) for rows in (
        mine.assign(declared=True), by_number, pods[_POD].assign(port=pd.NA, protocol=pd.NA))], ignore_index=True)
    return found.drop_duplicates([*_PORT, "protocol"], ignore_index=True)


def _numbers(texts: pd.Series) -> pd.Series:
    """Ports; what is none is ``<NA>``."""
    text = texts.astype(STRING).str.strip()
    number = text.where(text.str.fullmatch(r"\d{1,5}").fillna(False)).astype(INTEGER)
    return number.where(number.between(1, LAST))


def _listed(pods: pd.DataFrame, key: str) -> pd.DataFrame:
    """The ports that an annotation lists, one row each: namespace, name, port (``<NA>``: it is none)."""
    told = pods[[*_POD, key]][pods[key].notna().to_numpy(bool)]
    parts = told[key].astype(object).str.split(",").explode()
    return told[_POD].loc[parts.index].assign(port=_numbers(parts.astype(STRING)).array).reset_index(drop=True)


def _around(rows: pd.DataFrame) -> pd.Series:
    """Why a port goes around the proxy; ``<NA>``: it does not."""
    sidecar, ambient = rows["kind"] == SIDECAR, rows["kind"] == AMBIENT
    istio = sidecar & (rows["mesh"] == ISTIO)
    excluded, included, skipped, left_out, taken = (_is_listed(rows, key) for key in LISTS)
    some, some_taken = (rows[key].notna() & (rows[key].str.strip() != "*") for key in (INCLUDED, TAKEN))
    by_arguments = sidecar & (left_out | (istio & some_taken & ~taken))
    unseen = rows["port"].notna() & rows["declared"].isna()
    found = pd.Series(pd.NA, rows.index, STRING)
    for why, holds in (
        ("the mesh carries TCP only", rows["protocol"].isin(["UDP", "SCTP"])),
        (f"the annotation {EXCLUDED}", istio & excluded),
        (f"the annotation {INCLUDED}", istio & some & ~included),
        (f"the annotation {BYPASSED}", ambient & (rows[BYPASSED] == "true")),
        (f"the annotation {SKIPPED}", (rows["mesh"] == LINKERD) & skipped),
        (UNDECLARED, by_arguments & unseen), (BY_ARGUMENTS, by_arguments),
    ):
        found = found.mask(found.isna() & holds.fillna(False), why)
    return found


def _odd_lists(rows: pd.DataFrame) -> pd.Series:
    """An annotation that lists something else than single ports; ``<NA>``: none does."""
    found = pd.Series(pd.NA, rows.index, STRING)
    for key in LISTS:
        if rows[key].isna().all():
            continue
        said = rows[key].str.fullmatch(r"[\s,]*(?:\d{1,5}[\s,]*)*|\s*\*\s*")
        what = f"the port list in {BY_ARGUMENTS}" if key in (LEFT_OUT, TAKEN) else f"the annotation {key}"
        found = found.mask((~said).fillna(False), f"{what} is not understood")
    return found


def _is_listed(rows: pd.DataFrame, key: str) -> pd.Series:
    """True if the annotation of the pod lists the port of the row; ``*`` lists all."""
    if rows[key].isna().all():
        return pd.Series(False, rows.index, BOOLEAN)
    listed = _listed(rows[[*_POD, key]].drop_duplicates(_POD), key).dropna().drop_duplicates()
    found = rows[_PORT].merge(listed.assign(listed=True), on=_PORT, how="left")["listed"].notna().to_numpy(bool)
    return pd.Series(found & rows["port"].notna().to_numpy(bool), rows.index, BOOLEAN) | (
        rows[key].str.strip() == "*").fillna(False)
