"""Gateways and VirtualServices of Istio: which hosts are open at which servers, how encrypted, and what is behind them.

A Gateway is configuration for pods that its selector picks in any namespace; nothing listens without them. What a
VirtualService says counts at the servers of the Gateways that it names, where their hosts meet and it is exported to
their namespace. A rule that leaves it to another VirtualService (``delegate``) is judged there, at the hosts of the
first.

Source: istio/api (commit of 2026-07-21), networking/v1alpha3/gateway.proto and virtual_service.proto; istio/istio,
pkg/config/gateway/gateway.go (which servers are for HTTP, for TLS that is passed on, and for TCP).
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, has, lookup
from auditkit.analysis.network.gateways.hostnames import meeting
from auditkit.analysis.network.plugins import repository
from auditkit.analysis.network.routes.backends import BACKENDS
from auditkit.analysis.network.routes.certificates import CERTIFICATES
from auditkit.analysis.network.routes.controllers import ready
from auditkit.analysis.network.routes.reasons import decided
from auditkit.analysis.network.routes.services import to_services
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.network.routes.ways import UNSEEN, WAYS
from auditkit.analysis.shortcuts import empty_without_rows
from auditkit.tables.istio_gateways import KIND

PROXY = r"(?:^|/)(?:proxyv2|istio-proxyv2|mirrored-istio-proxyv2|asm-proxyv2)$"
"""Images of the proxy of Istio, without registry and tag."""
HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
PASSED_ON = ("PASSTHROUGH", "AUTO_PASSTHROUGH")
ENDED = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL")
MESH = "mesh"
NAME = {"namespace": "namespace", "virtual_service": "virtual_service"}
GATEWAY = ["root_namespace", "root"]
GATEWAY_PODS = dict.fromkeys(["namespace", "gateway", "pod_namespace", "pod"], STRING) | {"ready": BOOLEAN}
ADDRESSES = dict.fromkeys(["namespace", "gateway", "ip", "hostname"], STRING)
LEGACY = r"^(?P<name>[^./]+)\.(?P<space>[^./]+)(?:\.[^/]*)?$"
"""The former way to name a Gateway: ``name.namespace``, or the name of a service (istio/istio,
pilot/pkg/model/virtualservice.go: resolveGatewayName)."""
BY_SNI = "auditkit does not read to which services a server with AUTO_PASSTHROUGH lets requests pass"
SERVICE_HOST = r"^(?P<name>[a-z0-9-]+)(?:\.(?P<space>[a-z0-9-]+)\.svc\..+)?$"
"""A short name is one of the VirtualService's own namespace, a long one that of a service."""


@empty_without_rows(GATEWAY_PODS)
def istio_gateway_pods(
    istio_gateways: pd.DataFrame, istio_gateway_selectors: pd.DataFrame, pod_labels: pd.DataFrame,
    containers: pd.DataFrame, pods: pd.DataFrame, pod_conditions: pd.DataFrame,
) -> pd.DataFrame:
    """The pods that serve each Gateway of Istio: namespace and gateway, pod_namespace and pod, ready (<NA>: not known).

    A pod counts that has all labels of the selector, in any namespace, and the proxy of Istio.
    """
    proxies = containers.loc[repository(containers["image"]).str.contains(PROXY).fillna(False), ["namespace", "pod"]]
    labels = pod_labels[has(pod_labels, {"namespace": "namespace", "pod": "pod"}, proxies)]
    labels = labels[["namespace", "pod", "key", "value"]].rename(columns={"namespace": "pod_namespace"})
    hits = istio_gateway_selectors.merge(labels, on=["key", "value"])
    keys = ["namespace", "gateway", "pod_namespace", "pod"]
    hits = hits.groupby(keys).size().rename("hits").reset_index()
    found = hits.merge(istio_gateways.rename(columns={"name": "gateway"})[["namespace", "gateway", "selectors_count"]],
                       on=["namespace", "gateway"])
    found = found.loc[found["hits"] == found["selectors_count"], keys]
    places = found[["pod_namespace", "pod"]].rename(columns={"pod_namespace": "namespace"})
    found = found.assign(ready=ready(places, pods, pod_conditions))
    return found.astype(dict.fromkeys(keys, STRING)).reset_index(drop=True)


@empty_without_rows(WAYS, tables=3)
def istio_ways(
    istio_gateways: pd.DataFrame, istio_servers: pd.DataFrame, istio_virtual_services: pd.DataFrame,
    istio_virtual_gateways: pd.DataFrame, istio_virtual_hosts: pd.DataFrame, istio_virtual_exports: pd.DataFrame,
    istio_http_rules: pd.DataFrame, unread_istio_fields: pd.DataFrame, istio_gateway_pods: pd.DataFrame,
) -> pd.DataFrame:
    """The ways in by VirtualServices of Istio: the columns of `route_ways`, one row for each of their Gateways, hosts
    and ports, and for what they leave to another VirtualService.

    Open where a pod of the Gateway is ready: Istio keeps no status of these objects. Servers with AUTO_PASSTHROUGH need
    no VirtualService, and are rows of their own (``kind`` is that of the Gateway).
    """
    virtual = _virtual(istio_virtual_services, istio_http_rules, unread_istio_fields)
    asked = _asked(virtual, istio_virtual_gateways, istio_virtual_exports)
    found = _at_servers(asked, istio_servers, istio_virtual_hosts)
    found = _delegated(found, istio_http_rules, virtual)
    gateway = {"root_namespace": "namespace", "root": "gateway"}
    own = {"root_namespace": "namespace", "root": "name"}
    is_ready = has(found, gateway, istio_gateway_pods[istio_gateway_pods["ready"].fillna(False)])
    roots = found.rename(columns={"namespace": "home"}).rename(columns={"root_namespace": "namespace", "root": "name"})
    strange = unread_field(roots, unread_istio_fields, "Gateway")
    called = "Gateway " + found["root_namespace"] + "/" + found["root"]
    found["open"], found["why"] = decided(found.index, (
        (found["root"].isna(), False, "no Gateway serves it: it is for traffic inside of the mesh"),
        (~has(found, own, istio_gateways), False, called + " is not there"),
        (~found["exported"], False, "it is not exported to the namespace of " + called),
        (found["empty"], False, "it has no rules of its own"),
        (found["unread"].notna(), pd.NA, found["unread"]),
        (strange.notna(), pd.NA, strange),
        (found["server"].isna() & found["short"], pd.NA,
         "whether " + called + " has a server for its host, a short name, is not known"),
        (found["server"].isna(), False, "no server of " + called + " is for one of its hosts and rules"),
        (~has(found, gateway, istio_gateway_pods), pd.NA, "no pod with the proxy of Istio has the labels of " + called),
        (~is_ready, pd.NA, "no pod of " + called + " is ready"),
    ))
    found["encrypted"] = _encrypted(found).mask(found["unread"].notna() | strange.notna(), pd.NA)
    found["why"] = found["why"].mask(found["why"].isna() & found["encrypted"].isna(), UNSEEN)
    found = found.rename(columns={"virtual_service": "route", "port": "entry_port"}).assign(kind="VirtualService")
    return pd.concat([found, _by_sni(istio_servers)], ignore_index=True).assign(
        root_kind=KIND).reindex(columns=list(WAYS)).astype(WAYS)


@empty_without_rows(BACKENDS, tables=2)
def istio_backends(
    istio_virtual_services: pd.DataFrame, istio_servers: pd.DataFrame, istio_destinations: pd.DataFrame,
    istio_http_rules: pd.DataFrame, unread_istio_fields: pd.DataFrame, services: pd.DataFrame,
    service_ports: pd.DataFrame, service_backends: pd.DataFrame,
) -> pd.DataFrame:
    """What is behind VirtualServices of Istio: the columns of `route_backends`. A destination with the weight 0 gets
    nothing beside others that have one. What is behind servers with AUTO_PASSTHROUGH is not known."""
    rule = [*NAME, "of", "rule"]
    found = istio_destinations.merge(
        istio_destinations.groupby(rule)["weight"].max().rename("heaviest").reset_index(), on=rule, how="left")
    unread = unread_field(found.rename(columns={"virtual_service": "name"}), unread_istio_fields, "VirtualService")
    guard = lookup(found.astype({"rule": STRING}), NAME | {"rule": "rule"}, istio_http_rules.astype({"rule": STRING}),
                   ["guard"])["guard"].where(~found["of"].isin(["tls", "tcp"]), pd.NA)
    parts = found["host"].str.extract(SERVICE_HOST)
    name, space = (parts[part].astype(STRING).replace("", pd.NA) for part in ("name", "space"))
    is_service = name.notna()
    found = found.rename(columns={"virtual_service": "route"}).assign(
        kind="VirtualService", use=pd.Series("backend", found.index, STRING).mask(
            found["of"].str.startswith("mirror").fillna(False), "mirror"),
        backend_kind=pd.Series("Service", found.index, STRING).where(is_service, "Host"),
        backend_namespace=space.fillna(found["namespace"]), backend=name.fillna(found["host"]))
    found["service_port"] = found["port"].fillna(_only_port(found, service_ports))
    found = to_services(found, services, service_ports, service_backends, (
        ((found["weight"] == 0) & (found["heaviest"] > 0) & (found["use"] == "backend"), False,
         "Service " + found["backend_namespace"] + "/" + found["backend"] + " has the weight 0"),
        (unread.notna(), pd.NA, unread),
        (guard.notna(), pd.NA, "its field " + guard + " may answer requests before"),
        (is_service & found["service_port"].isna(), pd.NA, "it names no port of a service with several, or with none"),
    ))
    by_sni = _by_sni(istio_servers).assign(use="backend", tls=True).reindex(columns=list(BACKENDS)).astype(BACKENDS)
    return pd.concat([found, by_sni.drop_duplicates()], ignore_index=True)


@empty_without_rows(CERTIFICATES)
def istio_certificates(
    istio_servers: pd.DataFrame, istio_credentials: pd.DataFrame, istio_gateway_pods: pd.DataFrame,
    unread_istio_fields: pd.DataFrame, secrets: pd.DataFrame,
) -> pd.DataFrame:
    """Servers of Istio that end TLS with a certificate of their own, and these: the columns of `route_certificates`.

    A Secret must be in the namespace of the pods that serve the Gateway.
    """
    server = ["namespace", "gateway", "server"]
    ends = istio_servers["tls_mode"].isin(ENDED[:3]) & ~istio_servers["protocol"].str.upper().isin(HTTP)
    ending = istio_servers[ends.fillna(False)].drop_duplicates(server).reset_index(drop=True)
    refs = ending[server].merge(istio_credentials, on=server).dropna(subset="secret")
    refs = refs.merge(istio_gateway_pods[["namespace", "gateway", "pod_namespace"]].drop_duplicates(), how="left",
                      on=["namespace", "gateway"])
    there = has(refs, {"pod_namespace": "namespace", "secret": "name"}, secrets)
    refs["called"] = refs["pod_namespace"].fillna("?") + "/" + refs["secret"]
    on = {name: name for name in server}
    ending, refs = ending.astype({"server": STRING}), refs.astype({"server": STRING})
    missing = refs[~there & refs["pod_namespace"].notna()]
    of_gateway = {"namespace": "namespace", "gateway": "gateway"}
    is_ready = has(ending, of_gateway, istio_gateway_pods[istio_gateway_pods["ready"].fillna(False)])
    strange = unread_field(ending.assign(name=ending["gateway"]), unread_istio_fields, "Gateway")
    present, why = decided(ending.index, (
        (has(ending, on, missing), False, ""),
        (~has(ending, on, refs), pd.NA, "it names no Secret: its certificate, if it has one, is a file in the pods"),
        (has(ending, on, refs[refs["pod_namespace"].isna()]), pd.NA,
         "no pod with the proxy of Istio has the labels of its Gateway"),
        (strange.notna(), pd.NA, strange),
        (~is_ready, pd.NA, "no pod of its Gateway is ready"),
    ))
    words = (lookup(ending, on, rows, ["called"])["called"] for rows in (refs, missing))
    secret_names, missing_names = words
    return pd.DataFrame({
        "kind": pd.Series(KIND, ending.index, STRING), "namespace": ending["namespace"],
        "name": ending["gateway"] + "/" + ending["port_name"].fillna(ending["port"].astype(STRING)),
        "hostname": ending["host"], "secrets": secret_names, "missing": missing_names,
        "refused": pd.Series(pd.NA, ending.index, STRING), "present": present, "why": why.where(present.isna(), pd.NA)})


@empty_without_rows(ADDRESSES)
def istio_addresses(istio_gateway_pods: pd.DataFrame, service_backends: pd.DataFrame,
                    service_load_balancers: pd.DataFrame) -> pd.DataFrame:
    """The addresses of load balancers before the pods of each Gateway of Istio: namespace, gateway, ip, hostname."""
    pods = istio_gateway_pods.merge(service_backends[["namespace", "service", "pod"]].drop_duplicates().rename(
        columns={"namespace": "pod_namespace"}), on=["pod_namespace", "pod"])
    found = pods.merge(service_load_balancers.rename(columns={"namespace": "pod_namespace"}),
                       on=["pod_namespace", "service"])
    return found[["namespace", "gateway", "ip", "hostname"]].drop_duplicates(ignore_index=True)


def _virtual(virtual: pd.DataFrame, rules: pd.DataFrame, unread: pd.DataFrame) -> pd.DataFrame:
    """VirtualServices with what their own rules for HTTP do: only_redirects, empty (none is their own), unread."""
    found = virtual.assign(unread=unread_field(virtual, unread, "VirtualService")).rename(
        columns={"name": "virtual_service"})
    own = rules[rules["delegate"].isna()]
    serving = own[~(own["redirect_scheme"] == "https").fillna(False)]
    has_own = has(found, NAME, own)
    return found.assign(only_redirects=has_own & ~has(found, NAME, serving),
                        empty=~has_own & (found["tls_count"] == 0) & (found["tcp_count"] == 0))


def _asked(virtual: pd.DataFrame, gateways: pd.DataFrame, exports: pd.DataFrame) -> pd.DataFrame:
    """A row for each Gateway that a VirtualService names, and one for each that is named by none: root_namespace, root
    (<NA>: none), exported. Of what has no hosts another decides."""
    own = gateways[gateways["gateway"] != MESH]
    parts = own["gateway"].str.extract(r"^(?:(?P<space>[^/]*)/)?(?P<name>.*)$").astype(STRING)
    legacy = own["gateway"].str.extract(LEGACY).astype(STRING)
    space = legacy["space"].fillna(parts["space"]).replace({"": pd.NA, ".": pd.NA})
    own = own.assign(root_namespace=space.fillna(own["namespace"]),
                     root=legacy["name"].fillna(parts["name"])).drop(columns="gateway")
    found = virtual.merge(own, on=list(NAME), how="left")
    to = exports.assign(to=exports["to"].mask(exports["to"] == ".", exports["namespace"]))
    everywhere = has(found, NAME, to[to["to"] == "*"]) | (found["exportTo_count"] == 0)
    return found.assign(exported=everywhere | has(found, NAME | {"root_namespace": "to"}, to))


def _at_servers(asked: pd.DataFrame, servers: pd.DataFrame, hosts: pd.DataFrame) -> pd.DataFrame:
    """A row for each server and host at which a VirtualService counts; where there is none, one without a server.

    A host without a dot is short for a service of its own namespace, in the domain of the cluster; ``short`` where a
    VirtualService has one: that domain is not seen.
    """
    short = ~hosts["host"].str.contains(".", regex=False) & (hosts["host"] != "*")
    long = hosts["host"] + "." + hosts["namespace"] + ".svc.cluster.local"
    asked = asked.assign(short=has(asked, NAME, hosts[short]))
    hosts = hosts.assign(host=hosts["host"].mask(short, long))
    parts = servers["host"].str.extract(r"^(?:(?P<space>[^/]*)/)?(?P<name>.*)$")
    space = parts["space"].astype(STRING).replace("", pd.NA).fillna("*")
    own = servers.assign(hostname=parts["name"].astype(STRING).replace("*", ""),
                         from_space=space.mask(space == ".", servers["namespace"])).drop(columns="host")
    own = own.rename(columns={"namespace": "root_namespace", "gateway": "root"}).assign(at=_kind_of(servers))
    asked = asked.assign(row=np.arange(len(asked)))
    pairs = asked.merge(own, on=GATEWAY).merge(hosts, on=list(NAME), suffixes=("", "_asked"))
    pairs["host"] = pairs["host"].replace("*", "")
    pairs = pairs[((pairs["from_space"] == "*") | (pairs["from_space"] == pairs["namespace"])).fillna(False)]
    fits = [(pairs["at"] == of) & (pairs[f"{of}_count"] > 0) for of in ("http", "tls", "tcp")]
    pairs = meeting(pairs[(fits[0] | fits[1] | fits[2] | pairs["at"].isna()).fillna(False)])
    rest = asked[~asked["row"].isin(pairs["row"])]
    return pd.concat([pairs, rest], ignore_index=True).reindex(columns=pairs.columns)


def _by_sni(servers: pd.DataFrame) -> pd.DataFrame:
    """Servers that pass on TLS to any service, by the name that a client asks for, as ways in of their Gateway."""
    own = servers[(_mode(servers) == "AUTO_PASSTHROUGH").fillna(False)]
    return own[["namespace", "host"]].assign(
        kind=KIND, route=own["gateway"], root_namespace=own["namespace"], root=own["gateway"], entry_port=own["port"],
        encrypted=pd.Series(True, own.index, BOOLEAN), open=pd.Series(pd.NA, own.index, BOOLEAN), why=BY_SNI)


def _kind_of(servers: pd.DataFrame) -> pd.Series:
    """Which rules count at each server: those for http, for tls that is passed on, or for tcp; <NA>: not known."""
    protocol, mode = servers["protocol"].str.upper(), _mode(servers)
    plain_http = protocol.isin(HTTP) | ((protocol == "HTTPS") & mode.isin(ENDED))
    at = pd.Series("tcp", servers.index, STRING).mask(plain_http.fillna(False), "http")
    at = at.mask((mode.isin(PASSED_ON) & ~protocol.isin(HTTP)).fillna(False), "tls")
    strange = servers["has_tls"] & ~mode.isin([*PASSED_ON, *ENDED]) & ~protocol.isin(HTTP)
    bare = protocol.isin(["HTTPS", "TLS"]) & ~servers["has_tls"]  # Istio's webhook refuses it
    return at.mask((strange | bare).fillna(False) | protocol.isna(), pd.NA)


def _mode(servers: pd.DataFrame) -> pd.Series:
    return servers["tls_mode"].fillna("PASSTHROUGH").where(servers["has_tls"].fillna(False), pd.NA)


def _encrypted(found: pd.DataFrame) -> pd.Series:
    """Whether a server takes no plain requests, but to redirect them. What passes a TCP port is not seen."""
    protocol, mode = found["protocol"].str.upper(), _mode(found)
    by_mode = pd.Series(pd.NA, found.index, BOOLEAN).mask(mode.isin([*PASSED_ON, *ENDED]).fillna(False), True)
    plain = (found["https_redirect"] | found["only_redirects"]).astype(BOOLEAN)
    return by_mode.mask(protocol.isin(HTTP).fillna(False), plain)


def _delegated(found: pd.DataFrame, rules: pd.DataFrame, virtual: pd.DataFrame) -> pd.DataFrame:
    """The ways with those of VirtualServices to which others leave their requests: at the same hosts and servers."""
    steps = rules[rules["delegate"].notna()]
    steps = steps.assign(to_namespace=steps["delegate_namespace"].fillna(steps["namespace"]))
    steps = steps[[*NAME, "to_namespace", "delegate"]].drop_duplicates()
    of_others = found[found["server"].notna()].merge(steps, on=list(NAME))
    root_unread = of_others["unread"]
    about = ["only_redirects", "empty", "unread"]
    of_others = of_others.drop(columns=[*NAME, *about]).rename(
        columns={"to_namespace": "namespace", "delegate": "virtual_service"})
    of_others = of_others.assign(root_unread=root_unread.to_numpy()).merge(virtual[[*NAME, *about]], on=list(NAME))
    of_others["unread"] = of_others["unread"].fillna(of_others["root_unread"].astype(STRING))
    served = has(found, NAME, of_others) & found["root"].isna()
    return pd.concat([found[~served], of_others.drop(columns="root_unread")], ignore_index=True).drop_duplicates(
        ignore_index=True).reindex(columns=found.columns)


def _only_port(found: pd.DataFrame, ports: pd.DataFrame) -> pd.Series:
    """The port of each service that has just one."""
    alone = ports[~ports.duplicated(["namespace", "service"], keep=False)]
    on = {"backend_namespace": "namespace", "backend": "service"}
    return lookup(found, on, alone, ["port"])["port"].astype(INTEGER)
