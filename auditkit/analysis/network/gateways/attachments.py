"""Which listeners admit which routes, by their own words and by those of the controller."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, has, lookup
from auditkit.analysis.network.gateways.conditions import WORDS
from auditkit.analysis.network.gateways.filters import ROUTE, redirects
from auditkit.analysis.network.gateways.hostnames import ANY, meeting
from auditkit.analysis.network.gateways.namespaces import let_in
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.shortcuts import empty_without_rows
from auditkit.tables.gateway_api import GATEWAYS, GROUP, GROUPS

FITTING = {
    "HTTP/none": ("HTTPRoute", "GRPCRoute"), "HTTPS/Terminate": ("HTTPRoute", "GRPCRoute"),
    "TLS/Passthrough": ("TLSRoute",), "TLS/Terminate": ("TLSRoute",), "TCP/": ("TCPRoute",), "UDP/": ("UDPRoute",),
}
"""The kinds of routes that fit a protocol and what it does with TLS (kubernetes-sigs/gateway-api v1.6.1,
AllowedRoutes.Kinds and the route summary table of its documentation)."""
LEFT_OPEN = ("TLS/Terminate/TCPRoute",)
"""Whether these fit is left to the controller. With Passthrough it may not (the same, conformance/tests/
tlsroute-listener-passthrough-supported-kinds)."""
NAMED = ("HTTP", "HTTPS", "TLS")
"""Protocols that have host names."""
PARENT = ["gateway_group", "gateway_kind", "gateway_namespace", "gateway", "section", "at_port"]
COLUMNS = {
    "kind": STRING, "namespace": STRING, "route": STRING, "gateway_kind": STRING, "gateway_namespace": STRING,
    "gateway": STRING, "listener": STRING, "port": INTEGER, "protocol": STRING, "host": STRING, "tls": STRING,
    "root_namespace": STRING, "root": STRING, "redirects": BOOLEAN, "attached": BOOLEAN, "open": BOOLEAN,
    "why": STRING,
}


@empty_without_rows(COLUMNS)
def attachments(
    gateway_routes: pd.DataFrame, gateway_route_parents: pd.DataFrame, gateway_route_hostnames: pd.DataFrame,
    gateway_route_filters: pd.DataFrame, gateway_route_conditions: pd.DataFrame, gateway_listener_kinds: pd.DataFrame,
    gateway_selectors: pd.DataFrame, namespace_labels: pd.DataFrame, unread_route_fields: pd.DataFrame,
    unread_gateway_fields: pd.DataFrame, listeners: pd.DataFrame,
) -> pd.DataFrame:
    """What the parents of each route come to: a row for each listener that it asks for, and host name there.

    kind, namespace and route; gateway_kind, gateway_namespace, gateway, listener (<NA>: there is none), port and
    protocol; host (the narrower of both, or ``(any host)``), tls (of the listener), root_namespace and root (the
    Gateway that has the address); redirects (the route only redirects to HTTPS); attached (by what listener and route
    say themselves), open (and the controller acts on both as they are now), why (in words, where that is not true).
    """
    unread = unread_field(gateway_routes, unread_route_fields)
    routes = gateway_routes.assign(unread=unread).rename(columns={"name": "route"})
    routes["redirects"] = redirects(routes, gateway_route_filters)
    asked = _asked(routes, gateway_route_parents)
    asked = pd.concat([asked, _accepted(asked, gateway_route_conditions)], axis=1)
    found = _listeners_of(asked, listeners)
    found = _admitted(found, gateway_listener_kinds, gateway_selectors, namespace_labels)
    found = _hosts(found, gateway_route_hostnames)
    found["strange"] = unread_field(found.drop(columns="namespace").rename(columns={
        "gateway_namespace": "namespace", "gateway": "name"}).assign(kind=found["gateway_kind"]), unread_gateway_fields)
    found["attached"] = _attached(found)
    found["open"] = _open(found)
    return found.assign(why=_why(found)).astype(COLUMNS)[list(COLUMNS)].reset_index(drop=True)


def _asked(routes: pd.DataFrame, parents: pd.DataFrame) -> pd.DataFrame:
    """A row for each parent of each route, and one for a route without any; ``ask`` numbers them."""
    parents = parents.rename(columns={"parent_group": "gateway_group", "parent_kind": "gateway_kind",
                                      "parent": "gateway", "port": "at_port"})
    columns = [*ROUTE, "generation", "unread", "redirects"]
    found = routes[columns].merge(_spaced(parents).drop(columns="position"), on=ROUTE, how="left")
    ours = [f"{GROUPS.get(kind, GROUP)}/{kind}" for kind in GATEWAYS]
    called = found["gateway_group"] + "/" + found["gateway_kind"]
    return found.assign(ask=np.arange(len(found)), read=called.isin(ours), mesh=(called == "/Service").fillna(False))


def _spaced(parents: pd.DataFrame) -> pd.DataFrame:
    """References to parents in one form: with their namespace, and empty where nothing is chosen."""
    return parents.assign(
        gateway_namespace=parents["parent_namespace"].fillna(parents["namespace"]),
        section=parents["section"].fillna(""),
        at_port=parents["at_port"].astype(STRING).fillna("")).drop(columns="parent_namespace")


def _accepted(asked: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    """What controllers say of each route at each of its parents, as it is now: accepted, refusal (their reason).

    Where several are at a parent, one that accepts it is enough.
    """
    said = conditions[(conditions["type"] == "Accepted").fillna(False)].rename(columns={
        "parent_group": "gateway_group", "parent_kind": "gateway_kind", "parent": "gateway", "port": "at_port"})
    said = _spaced(said).merge(asked[[*ROUTE, "generation"]].drop_duplicates(), on=ROUTE)
    said = said[(said["observed_generation"] >= said["generation"]).fillna(False)]
    holds, on = said["status"].map(WORDS), {name: name for name in (*ROUTE, *PARENT)}
    yes, no = has(asked, on, said[holds.eq(True)]), has(asked, on, said[holds.eq(False)])
    accepted = pd.Series(pd.NA, asked.index, BOOLEAN).mask(no, False).mask(yes, True)
    refusal = lookup(asked, on, said[holds.eq(False)], ["reason"])["reason"]
    return pd.DataFrame({"accepted": accepted, "refusal": refusal})


def _listeners_of(asked: pd.DataFrame, listeners: pd.DataFrame) -> pd.DataFrame:
    """A row for each listener that a parent of a route names, or for the parent alone where there is none."""
    own = listeners.rename(columns={"kind": "gateway_kind", "namespace": "gateway_namespace", "why": "idle"})
    keys = ["gateway_kind", "gateway_namespace", "gateway"]
    named = asked.loc[asked["read"].astype(bool), ["ask", *keys, "section", "at_port"]].merge(own, on=keys)
    there = named["ask"].unique()
    chosen = (named["section"].isin([""]) | (named["section"] == named["listener"])) & (
        named["at_port"].isin([""]) | (named["at_port"] == named["port"].astype(STRING)).fillna(False))
    named = named[chosen.astype(bool)].drop(columns=[*keys, "section", "at_port"])
    return asked.merge(named, on="ask", how="left").assign(
        there=lambda rows: rows["ask"].isin(there))


def _admitted(found: pd.DataFrame, kinds: pd.DataFrame, selectors: pd.DataFrame,
              labels: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``fits`` (the kind of the route) and ``lets_in`` (its namespace)."""
    place = found["protocol"] + "/" + found["tls"].fillna("")
    pairs = [f"{at}/{kind}" for at, some in FITTING.items() for kind in some]
    called = place + "/" + found["kind"]
    fits = called.isin(pairs).astype(BOOLEAN).mask(called.isin(LEFT_OPEN) | ~place.isin(list(FITTING)), pd.NA)
    listed = kinds[(kinds["route_group"] == GROUP).fillna(False)]
    own = {"gateway_kind": "kind", "gateway_namespace": "namespace", "gateway": "gateway", "listener": "listener",
           "kind": "route_kind"}
    fits = fits & ((found["kinds_count"] == 0) | has(found, own, listed))
    asking = pd.DataFrame({
        "asking": found["namespace"], "own": found["gateway_namespace"], "word": found["routes_from"],
        "has_selector": found["has_routes_selector"], "gateway_kind": found["gateway_kind"],
        "gateway": found["gateway"], "listener": found["listener"]})
    of_routes = selectors[(selectors["of"] == "routes").fillna(False)].rename(
        columns={"kind": "gateway_kind", "namespace": "own"})
    return found.assign(fits=fits, lets_in=let_in(asking, of_routes, labels,
                                                  ["gateway_kind", "own", "gateway", "listener"]))


def _hosts(found: pd.DataFrame, hostnames: pd.DataFrame) -> pd.DataFrame:
    """A row for each host name that listener and route both take; ``host`` is <NA> where there is none."""
    found = found.assign(row=np.arange(len(found)))
    open_to = (found["fits"] & found["lets_in"]).fillna(True) & found["listener"].notna()
    by_name = open_to & found["protocol"].isin(NAMED)
    asked = found.loc[by_name.astype(bool), ["row", *ROUTE, "hostname"]].merge(hostnames, on=ROUTE, how="left")
    met = meeting(asked)[["row", "host"]].drop_duplicates()
    found = found.merge(met, on="row", how="left")
    unnamed = (open_to & ~by_name).to_numpy(bool)[found["row"].to_numpy()]
    return found.assign(host=found["host"].mask(unnamed, ANY))


def _attached(found: pd.DataFrame) -> pd.Series:
    """Whether listener and route say that they belong together; without a listener nothing does. A field that is not
    read may admit what the others do not."""
    met = found["host"].notna().astype(BOOLEAN)
    attached = (found["fits"] & found["lets_in"] & met).mask(found["listener"].isna(), False)
    unknown = (~found["read"].astype(bool) & ~found["mesh"].astype(bool) & found["gateway"].notna())
    strange = found["strange"].notna() & ~attached.fillna(True)
    return attached.mask(unknown | strange | found["unread"].notna(), pd.NA).astype(BOOLEAN)


def _open(found: pd.DataFrame) -> pd.Series:
    """Whether traffic is let in: attached, and a controller acts on the listener and accepts the route.

    Where the words of the controller and of the objects contradict one another, that is not known.
    """
    somewhere = found["attached"].fillna(True).groupby(found["ask"]).transform("max").astype(bool)
    contradicted = found["accepted"].fillna(False) & ~somewhere & found["there"]
    accepted = found["accepted"].where(found["accepted"].fillna(False), pd.NA)
    return (found["attached"].mask(contradicted, pd.NA) & found["acting"] & accepted).astype(BOOLEAN)


def _why(found: pd.DataFrame) -> pd.Series:
    """Why a row is not open, in words; <NA> where it is."""
    parent = found["gateway_kind"] + " " + found["gateway_namespace"] + "/" + found["gateway"]
    listener = "listener " + found["listener"] + " of " + parent
    attached = found["attached"]
    reasons = (
        (found["unread"].notna(), found["unread"]),
        (found["strange"].notna() & attached.isna(), found["strange"]),
        (found["gateway"].isna(), "it names no parent"),
        (found["mesh"], "its parent is a Service: it is for traffic inside of the cluster"),
        (~found["read"].astype(bool), "auditkit does not read its parent, " + parent),
        (~found["there"].astype(bool), parent + " is not there, or has no listeners"),
        (found["listener"].isna(), parent + " has no listener of this name and port"),
        (~found["lets_in"].fillna(True), listener + " does not admit routes of its namespace"),
        (~found["fits"].fillna(True), listener + " does not admit its kind"),
        (found["lets_in"].isna() | found["fits"].isna(), "whether " + listener + " admits it is not known"),
        (found["host"].isna(), "no host name of it is one of " + listener),
        (found["acting"].isna() | ~found["acting"].fillna(True), listener + ": " + found["idle"]),
        (~found["accepted"].fillna(True), "its controller refuses it" + (": " + found["refusal"]).fillna("")),
        (found["accepted"].isna(), "its controller does not say that it accepts it as it is now"),
    )
    why = pd.Series(pd.NA, found.index, STRING)
    for holds, words in reversed(reasons):
        why = why.mask(holds.astype(bool), words)
    contradicted = found["open"].isna() & ~attached.fillna(True)
    why = why.mask(contradicted, "its controller accepts it, though " + why)
    return why.where(~found["open"].fillna(False), pd.NA)
