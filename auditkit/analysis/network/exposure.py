"""What the outside reaches in the cluster, and over which path: services, ingresses, ports of nodes.

Three things must hold: there is a door, its address is one that the internet routes, and no policy keeps the traffic
out. Each is a column of its own and may be unknown: a service may hide the address of the client from the policy, an
ingress is served by a controller that is not always recognised, a node may stand behind a firewall.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING
from auditkit.analysis.network.addresses import PRIVATE, private, span
from auditkit.analysis.network.load_balancers import AWS_INTERNAL, internal
from auditkit.analysis.network.plugins import enforcement, repository
from auditkit.analysis.network.ports import protocol_base
from auditkit.analysis.network.reachability import Reachability
from auditkit.analysis.network.routes.doors import ROOT, route_doors
from auditkit.analysis.workloads.lifecycle import lasting

CONTROLLER = (r"(?:^|/)(?:ingress-nginx/controller|nginx-ingress(?:-controller)?|kubernetes-ingress|traefik|"
              r"haproxy-ingress|ose-haproxy-router|contour|envoy|kong|emissary|apisix|skipper|voyager)$")
"""Images of the usual ingress controllers."""
INSIDE = rf"{AWS_INTERNAL}|.+\.svc\.cluster\.local"
"""Names of load balancers that have private addresses only, and of services in the cluster."""
ANYWHERE = "anywhere"
COLUMNS = {
    "path": STRING, "via_kind": STRING, "via_namespace": STRING, "via": STRING, "host": STRING, "entry": STRING,
    "entry_port": INTEGER, "protocol": STRING, "sources": STRING, "namespace": STRING, "pod": STRING, "port": INTEGER,
    "public": BOOLEAN, "allowed": BOOLEAN, "reached": BOOLEAN,
}
SERVICE = ["namespace", "service"]
NO, PERHAPS, YES = 0, 1, 2
"""``False``, ``<NA>`` and ``True`` as numbers: the greatest of several is whether any of them holds."""


def exposure(
    services: pd.DataFrame, service_backends: pd.DataFrame, service_source_ranges: pd.DataFrame,
    service_external_ips: pd.DataFrame, service_load_balancers: pd.DataFrame,
    service_load_balancer_annotations: pd.DataFrame, ingress_backends: pd.DataFrame,
    ingress_addresses: pd.DataFrame, pods: pd.DataFrame, containers: pd.DataFrame, container_ports: pd.DataFrame,
    node_addresses: pd.DataFrame, nodes: pd.DataFrame, network_plugin: pd.DataFrame, other_engines: pd.DataFrame,
    route_ways: pd.DataFrame, route_backends: pd.DataFrame, route_addresses: pd.DataFrame,
    reachability: Reachability,
) -> pd.DataFrame:
    """Every path from outside to a pod: one row for each entry point, pod and port.

    path (LoadBalancer, NodePort, ExternalIP, Ingress, HostPort, HostNetwork, or the kind of a route), via_kind,
    via_namespace and via (the object that opens the door), host (of an ingress or route), entry (addresses) and
    entry_port, protocol, sources (address range that the door lets in, or ``anywhere``), namespace, pod and port
    (behind it; ``<NA>``: any port), public (the entry is an address that the internet routes), allowed (no policy keeps
    it out), reached (both, where policies are enforced; ``<NA>``: not known). Routes are there where they may be
    open (`route_ways`); where that, or the pod, is not known, reached is not. What other engines open has a row
    for each object, with path and via_kind after its kind, of which nothing else is known. What cloud firewalls do is
    not in it.
    """
    balanced = services[(services["type"] == "LoadBalancer").fillna(False)]
    outer = balanced[~internal(balanced, service_load_balancers, service_load_balancer_annotations, node_addresses,
                               nodes)]
    forwarded = _forwarded(services, node_addresses, service_load_balancers.merge(
        outer[["namespace", "name"]].rename(columns={"name": "service"}), on=SERVICE)["ip"])
    doors = pd.concat([
        _load_balancers(services, service_backends, service_source_ranges, service_load_balancers, forwarded),
        _node_ports(services, service_backends, node_addresses),
        _external_ips(services, service_backends, service_external_ips),
        _ingresses(ingress_backends, ingress_addresses, forwarded),
        _host_ports(pods, container_ports, node_addresses),
        routes := _routes(route_ways, route_backends, route_addresses, forwarded),
    ], ignore_index=True)
    row = _rows(doors, reachability)
    doors = doors[row >= 0].reset_index(drop=True)  # a pod that has ended answers nobody
    doors["allowed"] = _allowed(doors, row[row >= 0], reachability, _controllers(containers, reachability))
    enforced = pd.Series(enforcement(network_plugin), index=doors.index, dtype=BOOLEAN)
    doors["reached"] = doors["public"].astype(BOOLEAN) & (doors["allowed"] | ~enforced) & doors["open"].astype(BOOLEAN)
    nowhere = routes[routes["pod"].isna()].reindex(columns=list(COLUMNS)).astype(COLUMNS)
    return pd.concat([doors.astype(COLUMNS)[list(COLUMNS)], nowhere, _unread(other_engines)], ignore_index=True)


# --- doors ------------------------------------------------------------------------------------------------------------


def _door(path: str, via_kind: str, rows: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """Rows of one sort of door; what a sort does not have is ``<NA>``."""
    via = rows[via_kind.lower()]
    given = {"via_namespace": rows["namespace"], "via": via, "host": pd.NA, "sources": ANYWHERE, "path": path,
             "via_kind": via_kind, "pod": rows["pod"], "port": rows["port"], "protocol": rows["protocol"], "open": True}
    return rows[["namespace"]].assign(**given | columns)


def _of_services(services: pd.DataFrame, backends: pd.DataFrame) -> pd.DataFrame:
    """Backends with the type of their service, and whether the policy sees the client's address for sure."""
    kinds = services[["namespace", "name", "type", "external_traffic_policy"]].rename(columns={"name": "service"})
    found = backends.merge(kinds, on=SERVICE)
    local = (found["external_traffic_policy"] == "Local").fillna(False)
    return found.assign(seen=local.map({True: "client", False: "perhaps"}))


def _load_balancers(services: pd.DataFrame, backends: pd.DataFrame, ranges: pd.DataFrame,
                    addresses: pd.DataFrame, forwarded: pd.Series) -> pd.DataFrame:
    rows = _of_services(services, backends)
    rows = rows[rows["type"] == "LoadBalancer"].merge(ranges, on=SERVICE, how="left")
    rows = rows.merge(_entries(addresses, SERVICE, forwarded), on=SERVICE, how="left")
    return _door("LoadBalancer", "Service", rows, entry=rows["entry"], entry_port=rows["service_port"],
                 sources=rows["cidr"].fillna(ANYWHERE), public=_three(rows["public"]), seen=rows["seen"])


def _node_ports(services: pd.DataFrame, backends: pd.DataFrame, node_addresses: pd.DataFrame) -> pd.DataFrame:
    """A port on every node; a node without an external address may still be reached, by a way that is not seen."""
    rows = _of_services(services, backends)
    rows = rows[(rows["node_port"] > 0).fillna(False)]
    external = node_addresses[node_addresses["type"] == "ExternalIP"]
    public = YES if (routed(external["address"]) == YES).any() else PERHAPS
    return _door("NodePort", "Service", rows, entry="every node", entry_port=rows["node_port"],
                 public=_three(pd.Series(public, index=rows.index)), seen=rows["seen"])


def _external_ips(services: pd.DataFrame, backends: pd.DataFrame, external_ips: pd.DataFrame) -> pd.DataFrame:
    rows = _of_services(services, backends).merge(external_ips, on=SERVICE)
    return _door("ExternalIP", "Service", rows, entry=rows["ip"], entry_port=rows["service_port"],
                 public=_three(routed(rows["ip"])), seen=rows["seen"])


def _ingresses(backends: pd.DataFrame, addresses: pd.DataFrame, forwarded: pd.Series) -> pd.DataFrame:
    key = ["namespace", "ingress"]
    rows = backends.merge(_entries(addresses, key, forwarded), on=key, how="left")
    return _door("Ingress", "Ingress", rows, host=rows["host"], entry=rows["entry"], entry_port=pd.NA,
                 public=_three(rows["public"]), seen="controller")


def _routes(ways: pd.DataFrame, backends: pd.DataFrame, addresses: pd.DataFrame,
            forwarded: pd.Series) -> pd.DataFrame:
    rows = route_doors(ways, backends, _entries(addresses, ROOT, forwarded))
    return rows.assign(public=_three(rows["public"]), sources=ANYWHERE, seen="controller")


def _host_ports(pods: pd.DataFrame, container_ports: pd.DataFrame, node_addresses: pd.DataFrame) -> pd.DataFrame:
    """Ports of containers on their node, and pods on their node's network, which are open on all of their ports."""
    placed = pods[["namespace", "name", "node", "host_network"]].rename(columns={"name": "pod"})
    external = node_addresses[node_addresses["type"] == "ExternalIP"]
    external = external.assign(public=routed(external["address"])).groupby("node")["public"].max()
    placed["public"] = _three(placed["node"].map(external).fillna(PERHAPS).clip(lower=PERHAPS))
    host = placed["host_network"].fillna(False)
    opened = container_ports[(container_ports["host_port"] > 0) & lasting(container_ports)]
    opened = opened.merge(placed[~host], on=["namespace", "pod"])
    whole = placed[host].assign(port=pd.NA, protocol=pd.NA, host_port=pd.NA)
    return pd.concat([
        _door(path, "Pod", rows, entry=rows["node"], entry_port=rows["host_port"], public=rows["public"], seen=seen)
        for path, rows, seen in (("HostPort", opened, "client"), ("HostNetwork", whole, "node"))])


def _unread(other_engines: pd.DataFrame) -> pd.DataFrame:
    """Doors of other engines: there are some, and whatever is behind them is not known."""
    others = other_engines[other_engines["entrances"].fillna(True)]
    named = {"path": others["kind"], "via_kind": others["kind"], "via_namespace": others["namespace"],
             "via": others["name"]}
    return others[[]].assign(**named).reindex(columns=list(COLUMNS)).astype(COLUMNS)


def _forwarded(services: pd.DataFrame, node_addresses: pd.DataFrame, balancers: pd.Series) -> pd.Series:
    """Addresses and names in the cluster that traffic from outside may be sent on to: of nodes, which may be reached by
    a way that is not seen, of load balancers that are not known to be internal, and of services that are opened
    themselves.

    Controllers give them to ingresses and Gateways (kubernetes/ingress-nginx, internal/ingress/status:
    statusAddressFromService has the cluster's own address of a NodePort service).
    """
    opened = services[services["type"].isin(["LoadBalancer", "NodePort"]) | (services["external_ips_count"] > 0)]
    names = opened["name"] + "." + opened["namespace"] + ".svc.cluster.local"
    return pd.concat([node_addresses["address"], balancers, opened["cluster_ip"], names]).dropna()


def _entries(addresses: pd.DataFrame, key: list[str], forwarded: pd.Series) -> pd.DataFrame:
    """The addresses of each object in words, and whether any of them is routed: `key`, entry, public (a number). Of one
    that is ``forwarded`` that is not known where it is private itself."""
    inside = addresses["hostname"].str.fullmatch(INSIDE).fillna(False)
    entry = addresses["ip"].fillna(addresses["hostname"])
    public = routed(addresses["ip"]).mask(inside.astype(bool), NO)
    public = public.mask((entry.isin(forwarded) & (public == NO)).astype(bool), PERHAPS)
    told = addresses.assign(entry=entry, public=public)
    return told.groupby(key).agg(entry=("entry", lambda names: ", ".join(names.dropna())),
                                 public=("public", "max")).reset_index()


def routed(addresses: pd.Series) -> pd.Series:
    """Whether the internet routes an address, as a number; of a name that is not known."""
    return private(addresses).map({True: NO, False: YES}).fillna(PERHAPS).astype(np.int64)


def _three(numbers: pd.Series) -> pd.Series:
    """Numbers as ``True``, ``False`` and ``<NA>``; what is missing is not known."""
    return numbers.map({NO: False, YES: True}).astype(BOOLEAN)


# --- policies ---------------------------------------------------------------------------------------------------------


def _controllers(containers: pd.DataFrame, reachability: Reachability) -> np.ndarray:
    """The pods that are ingress controllers, as far as their image tells, as rows of the endpoints."""
    mine = containers[repository(containers["image"]).str.contains(CONTROLLER).fillna(False)]
    frame = reachability.endpoints.frame
    pods = pd.MultiIndex.from_frame(mine[["namespace", "pod"]].drop_duplicates())
    rows = pd.MultiIndex.from_frame(frame[["namespace", "name"]]).get_indexer(pods)
    return np.asarray(rows[rows >= 0])


def _rows(doors: pd.DataFrame, reachability: Reachability) -> np.ndarray:
    """The row of each door's pod among the endpoints, where pods stand first; -1 where it is none."""
    frame = reachability.endpoints.frame
    pods = pd.MultiIndex.from_frame(frame.loc[frame["kind"] == "Pod", ["namespace", "name"]])
    return np.asarray(pods.get_indexer(pd.MultiIndex.from_frame(doors[["namespace", "pod"]])))


def _allowed(doors: pd.DataFrame, row: np.ndarray, reachability: Reachability, controllers: np.ndarray) -> pd.Series:
    """True if the policies of the pod let in what comes through its door."""
    ports = reachability.ports
    piece = ports.piece(protocol_base(doors["protocol"]), doors["port"].fillna(0).astype(INTEGER).to_numpy(np.int64))
    found = np.full(len(doors), PERHAPS)
    found[(doors["seen"] == "node").to_numpy(bool)] = YES
    asked = piece >= 0
    for (seen, sources), at in doors[asked].groupby(["seen", "sources"]).indices.items():
        at = np.flatnonzero(asked)[at]
        ask = np.unique(np.column_stack([row[at], piece[at]]), axis=0, return_inverse=True)
        ends = (ask[0][:, 0], ask[0][:, 1])
        if seen == "controller":
            verdict = _by_controller(reachability, *ends, controllers)
        else:
            verdict = _any(reachability.incoming(*ends, _outside(reachability, sources)))
            verdict = verdict if seen == "client" else np.maximum(verdict, PERHAPS)
        found[at] = verdict[ask[1].ravel()]
    return _three(pd.Series(found, index=doors.index))


def _by_controller(reachability: Reachability, row: np.ndarray, piece: np.ndarray,
                   controllers: np.ndarray) -> np.ndarray:
    """An ingress controller reaches a pod where one that is recognised does, or whoever comes; where nobody at all
    does, it cannot; else that is not known."""
    stranger = np.flatnonzero(reachability.endpoints.frame["kind"] == "Stranger")
    sure = _any(reachability.incoming(row, piece, np.concatenate([controllers, stranger])))
    anybody = _any(reachability.incoming(row, piece, reachability.heads))
    return np.where(sure == YES, YES, np.minimum(anybody, PERHAPS))


def _any(verdicts: np.ndarray) -> np.ndarray:
    """Of each row whether any of its verdicts (1, 0, -1 not known) holds, as a number."""
    return np.where((verdicts == 1).any(axis=1), YES, np.where((verdicts == -1).any(axis=1), PERHAPS, NO))


def _outside(reachability: Reachability, sources: str) -> np.ndarray:
    """The address ranges of the internet that a door lets in, as rows of the endpoints."""
    cuts = reachability.addresses.cuts
    hidden = [span(cidr) for cidr in PRIVATE]
    low, high = (cuts[0], cuts[-1]) if sources == ANYWHERE else span(sources)
    frame = reachability.endpoints.frame
    first = int(np.flatnonzero(frame["kind"] == "External")[0])
    return np.array([first + at for at, (start, end) in enumerate(pairwise(cuts))
                     if start < high and low < end and not any(a <= start and end <= b for a, b in hidden)], np.int64)
