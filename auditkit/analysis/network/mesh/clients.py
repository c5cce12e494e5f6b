"""Who may connect to the pods of a service mesh, as its policies name them."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, has
from auditkit.analysis.network.mesh.authorization import Policies
from auditkit.analysis.network.mesh.istio_clients import ANYONE, POD, WHOLE, istio_clients
from auditkit.analysis.network.mesh.labels import waypoints
from auditkit.analysis.network.mesh.linkerd import picked_ports, server_modes
from auditkit.analysis.network.mesh.linkerd_clients import DEFAULTS, Authorizations
from auditkit.analysis.network.mesh.peer_authentication import root_namespace
from auditkit.analysis.network.mesh.ports import DEFAULT_POLICY, UNDECLARED
from auditkit.analysis.network.mesh.proxies import ISTIO, LINKERD

COLUMNS = {"namespace": STRING, "name": STRING, "port": INTEGER, "mesh": STRING, "kind": STRING, "clients": STRING,
           "extent": STRING, "decided_by": STRING, "denied_by": STRING, "assumes_root": BOOLEAN, "why": STRING}
NOT_CARRIED = "the mesh does not carry it: who connects is not decided there"


def mesh_clients(
    mesh_pods: pd.DataFrame, mesh_ports: pd.DataFrame, mesh_control: pd.DataFrame, pod_labels: pd.DataFrame,
    pod_mesh_annotations: pd.DataFrame, container_ports: pd.DataFrame, istio_authorization_policies: pd.DataFrame,
    istio_selectors: pd.DataFrame, istio_dry_runs: pd.DataFrame, istio_revisions: pd.DataFrame,
    istio_rules: pd.DataFrame, istio_sources: pd.DataFrame, istio_source_values: pd.DataFrame,
    istio_operations: pd.DataFrame, istio_operation_values: pd.DataFrame, istio_unread_fields: pd.DataFrame,
    linkerd_servers: pd.DataFrame, linkerd_server_selectors: pd.DataFrame,
    linkerd_authorization_policies: pd.DataFrame, linkerd_required: pd.DataFrame,
    linkerd_server_authorizations: pd.DataFrame, linkerd_authentications: pd.DataFrame, linkerd_clients: pd.DataFrame,
    linkerd_excepted: pd.DataFrame, linkerd_unread_fields: pd.DataFrame,
) -> pd.DataFrame:
    """Whom the policies of a service mesh let in to its pods: a row for each pod, port and rule. Any row of a port, and
    of all ports, lets in.

    namespace and name of the pod, port (``<NA>``: every port; of Linkerd every port without rows of its own), mesh,
    kind (anyone: also without an identity of the mesh; any identity; identities: only those named; addresses: only
    those named, with or without an identity; nobody; ``<NA>``: not known), clients (the identities and addresses, as
    the policy names them), extent (whole; partly: only some of their requests; ``<NA>``: not known), decided_by (the
    policy; ``<NA>``: none, or what takes the port around the proxy), denied_by (policies that may deny some of these
    clients), assumes_root (it is so if the root namespace of Istio is the control plane's), why (it is a part, or is
    not known).
    """
    tables = dict(locals())
    istio, linkerd = (mesh_pods[(mesh_pods["mesh"] == mesh).fillna(False).to_numpy(bool)].reset_index(drop=True)
                      for mesh in (ISTIO, LINKERD))
    found = [_around(mesh_ports)]
    if len(istio):
        unclear = _unclear(mesh_ports[(mesh_ports["mesh"] == ISTIO).to_numpy(bool)])
        lost = has(istio, {name: name for name in POD}, unclear[unclear["port"].isna().to_numpy(bool)])
        found += [unclear, istio_clients(
            istio[~lost.to_numpy(bool)].reset_index(drop=True), Policies(tables, pod_labels.head(0), None),
            istio_selectors, pod_labels, root_namespace(mesh_control), waypoint=waypoints(mesh_pods, pod_labels),
        ).assign(mesh=ISTIO)]
    if len(linkerd):
        found += _of_linkerd(linkerd, tables)
    rows = pd.concat([one.reindex(columns=list(COLUMNS)).astype(COLUMNS) for one in found], ignore_index=True)
    rows = rows.assign(assumes_root=rows["assumes_root"].fillna(False))
    return rows.drop_duplicates().sort_values([*POD, "port", "decided_by", "clients"], ignore_index=True)


def _around(ports: pd.DataFrame) -> pd.DataFrame:
    """Ports that go around the proxy: anyone connects there. What the mesh does not carry, and what nobody declares,
    is not known."""
    mine = ports[(ports["mtls"] == "bypassed").fillna(False).to_numpy(bool)]
    known = (mine["protocol"].isna() | (mine["protocol"] == "TCP")) & (mine["why"] != UNDECLARED).fillna(True)
    return mine[[*POD, "port", "mesh", "why"]].assign(
        kind=pd.Series(ANYONE, mine.index, STRING).where(known.to_numpy(bool)),
        extent=pd.Series(WHOLE, mine.index, STRING).where(known.to_numpy(bool)),
        why=mine["why"].mask(mine["protocol"].isin(["UDP", "SCTP"]), NOT_CARRIED))


def _unclear(ports: pd.DataFrame) -> pd.DataFrame:
    """Ports of which it is not known what the proxy does."""
    return ports.loc[ports["mtls"].isna().to_numpy(bool), [*POD, "port", "mesh", "why"]]


def _of_linkerd(pods: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """The rows of pods of Linkerd: of ports of Servers, and of all others by the default policy."""
    ports = tables["mesh_ports"]
    ports = ports[((ports["mesh"] == LINKERD) & (ports["mtls"] != "bypassed").fillna(True)).to_numpy(bool)]
    servers = server_modes(*(tables[name] for name in (
        "linkerd_servers", "linkerd_authorization_policies", "linkerd_required", "linkerd_server_authorizations",
        "linkerd_unread_fields")))
    picked = picked_ports(pods, servers, tables["linkerd_server_selectors"], tables["pod_labels"],
                          tables["container_ports"])
    served = picked.merge(ports.loc[ports["mtls"].notna().to_numpy(bool), [*POD, "port"]].drop_duplicates(),
                          on=[*POD, "port"])
    several = served.duplicated([*POD, "port"], keep=False)
    lets = Authorizations(tables)
    rows = [(space, server, *let) for space, server in served[["namespace", "server"]].drop_duplicates().itertuples(
        index=False, name=None) for let in lets.of(space, server)]
    let = pd.DataFrame(rows, columns=["namespace", "server", "kind", "clients", "extent", "why", "decided_by"])
    by_server = served[~several.to_numpy(bool)][[*POD, "port", "server"]].merge(
        let.astype({"namespace": STRING, "server": STRING}), on=["namespace", "server"])
    two = served[several.to_numpy(bool)][[*POD, "port"]].drop_duplicates().assign(
        why="several Servers are for the port")
    rest = ports[(ports["port"].isna() & ports["mtls"].notna()).to_numpy(bool)][POD]
    told = tables["pod_mesh_annotations"]
    told = told[(told["key"] == DEFAULT_POLICY).to_numpy(bool)].rename(columns={"pod": "name"})
    rest = rest.merge(told[[*POD, "value"]], on=POD)
    by_default = rest.assign(
        kind=[DEFAULTS[value][0] for value in rest["value"]], clients=[DEFAULTS[value][1] for value in rest["value"]],
        extent=WHOLE, decided_by=f"annotation {DEFAULT_POLICY}")
    return [one.assign(mesh=LINKERD) for one in (by_server, two, by_default, _unclear(ports))]
