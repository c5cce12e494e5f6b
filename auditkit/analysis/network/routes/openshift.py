"""Routes of OpenShift: hosts, termination of TLS, and the pods behind their services.

A live server is asked for its ``Table`` form, in which it sends no keys of certificates; its cells are phrases, which
are taken apart here. Files have whole objects.

Sources: openshift/api (commit of 2026-08-22), route/v1/types.go; openshift/openshift-apiserver (commit of 2026-02-18),
pkg/route/printers/internalversion/printer.go.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, lookup
from auditkit.analysis.network.routes.backends import BACKENDS
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.network.routes.ways import WAYS
from auditkit.analysis.shortcuts import empty_without_rows

ROUTE = {"namespace": "namespace", "route": "route"}
ENCRYPTED = {
    "": False, "edge": True, "edge/None": True, "edge/Redirect": True, "edge/Allow": False,
    "reencrypt": True, "reencrypt/None": True, "reencrypt/Redirect": True, "reencrypt/Allow": False,
    "passthrough": True, "passthrough/None": True, "passthrough/Redirect": True,
}
"""What a router does by termination and policy for insecure requests: without the latter it takes none (``None``)."""
OVER_TLS = ("reencrypt", "passthrough")
NO_WORD = "what it does with TLS is not known: "
NOT_ADMITTED = "no router says that it admits it"
REFUSED = "its routers refuse it"


@empty_without_rows(WAYS)
def openshift_ways(openshift_routes: pd.DataFrame, openshift_route_admissions: pd.DataFrame,
                   unread_openshift_fields: pd.DataFrame) -> pd.DataFrame:
    """The ways in by Routes of OpenShift: the columns of `route_ways`, one row for each Route.

    Open where a router has admitted it. The ``Table`` form shows the host of a Route that a router has admitted, and
    also of one that none has looked at yet.
    """
    routes = _known(openshift_routes, openshift_route_admissions, unread_openshift_fields)
    encrypted = routes["termination"].map(ENCRYPTED).astype(BOOLEAN).mask(routes["unread"].notna(), pd.NA)
    why = pd.Series(pd.NA, routes.index, STRING).mask(
        encrypted.isna(), NO_WORD + routes["termination"].fillna("the server does not show it")).mask(
        routes["admitted"].isna(), NOT_ADMITTED).mask(~routes["admitted"].fillna(True), REFUSED).mask(
        routes["unread"].notna(), routes["unread"])
    opened = routes["admitted"].mask(routes["unread"].notna(), pd.NA)
    return routes.assign(encrypted=encrypted, open=opened, why=why).reindex(columns=list(WAYS)).astype(WAYS)


@empty_without_rows(BACKENDS)
def openshift_backends(openshift_routes: pd.DataFrame, openshift_route_services: pd.DataFrame,
                       unread_openshift_fields: pd.DataFrame, services: pd.DataFrame,
                       service_backends: pd.DataFrame) -> pd.DataFrame:
    """What is behind Routes of OpenShift: the columns of `route_backends`.

    The port of a Route is one of the pods, by number, or the name of one of the service; without one it is for all of
    them. A service with the weight 0 gets nothing.
    """
    routes = _known(openshift_routes, None, unread_openshift_fields)
    cells = _from_cells(routes)
    named = openshift_route_services.assign(to_kind=openshift_route_services["to_kind"].fillna("Service"))
    found = pd.concat([named.assign(rounded=False), cells], ignore_index=True).merge(
        routes[["namespace", "route", "kind", "port", "termination", "unread"]], on=["namespace", "route"])
    found = found.rename(columns={"to": "backend", "port": "asked"}).assign(
        backend_namespace=found["namespace"], backend_kind=found["to_kind"])
    found["tls"] = found["termination"].str.replace(r"/.*$", "", regex=True).isin(OVER_TLS).astype(BOOLEAN)
    found["sends"], found["why"] = _sends(found, services)
    behind = service_backends.rename(columns={"namespace": "backend_namespace", "service": "backend"})
    pods = found.merge(behind[behind["protocol"] == "TCP"], on=["backend_namespace", "backend"])
    fits = pods["asked"].isna() | (pods["asked"] == pods["port"].astype(STRING)) | (pods["asked"] == pods["name"])
    pods = pods[fits.fillna(False)]
    keys = ["namespace", "route", "backend"]
    rest = found.merge(pods[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    rest = rest[rest["_merge"] == "left_only"]
    return pd.concat([pods, rest], ignore_index=True).assign(use="backend").reindex(
        columns=list(BACKENDS)).astype(BACKENDS).drop_duplicates(ignore_index=True)


def _known(routes: pd.DataFrame, admissions: pd.DataFrame | None, unread_fields: pd.DataFrame) -> pd.DataFrame:
    """Routes with their host, port, termination (``edge/Redirect``; empty: none) and whether a router has admitted
    them, from either form."""
    found = routes.assign(kind=pd.Series("Route", routes.index, STRING))
    found["unread"] = unread_field(found, unread_fields)
    found = found.rename(columns={"name": "route"})
    cell = found["host_cell"]
    word = cell.str.fullmatch(r"[A-Z][A-Za-z]+").fillna(False)
    by_cell = pd.Series(pd.NA, found.index, BOOLEAN).mask(cell.notna(), True).mask(word, False).mask(
        (cell == "Pending").fillna(False), pd.NA)
    policy = found["insecure"].where(found["insecure"].fillna("") != "", pd.NA)
    written = found["tls_termination"].fillna("default").where(found["has_tls"], "") + ("/" + policy).fillna("")
    shown = found["form"] == "table"
    found["termination"] = found["termination_cell"].where(shown, written)
    host = found["host"].fillna(cell.str.replace(r" .*$", "", regex=True).mask(word, pd.NA))
    found["host"] = host.mask((found["wildcard"] == "Subdomain").fillna(False),
                              host.str.replace(r"^[^.]+", "*", regex=True))
    port = found["port"]
    found["port"] = port.mask((port == "<all>").fillna(False), pd.NA)
    found["admitted"] = by_cell if admissions is None else by_cell.where(shown, _admitted(found, admissions))
    return found


def _admitted(routes: pd.DataFrame, admissions: pd.DataFrame) -> pd.Series:
    """Whether a router says that it admits each route: one of several is enough."""
    said = admissions[(admissions["type"] == "Admitted").fillna(False)].sort_values(
        "status", ascending=False, kind="stable")  # True before False
    return lookup(routes, ROUTE, said, ["status"])["status"].map({"True": True, "False": False}).astype(BOOLEAN)


def _from_cells(routes: pd.DataFrame) -> pd.DataFrame:
    """The services that a cell names, with their share: ``web(50%),api(50%)``.

    A share is cut to a whole number, so that 0 may be a small one, unless all are 0.
    """
    parts = routes[["namespace", "route", "services_cell"]].dropna()
    parts = parts.assign(part=parts["services_cell"].str.split(",")).explode("part", ignore_index=True)
    named = parts["part"].astype(STRING).str.extract(r"^(?P<to>[^(]+)(?:\((?P<weight>\d{1,3})%\))?$")
    weight = named["weight"].astype(STRING).replace("", pd.NA).astype(INTEGER)
    nothing_at_all = weight.fillna(1).groupby([parts["namespace"], parts["route"]]).transform("max") == 0
    return parts[["namespace", "route"]].assign(
        to=named["to"].astype(STRING), to_kind=pd.Series("Service", parts.index, STRING), weight=weight,
        rounded=(weight == 0).fillna(False) & ~nothing_at_all)


def _sends(found: pd.DataFrame, services: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    service = lookup(found, {"backend_namespace": "namespace", "backend": "name"}, services, ["name", "selector_count"])
    called = "Service " + found["backend_namespace"] + "/" + found["backend"]
    doubts = (
        (found["rounded"].fillna(False), pd.NA, "the share of " + called + " is below one percent, or none"),
        ((found["weight"] == 0).fillna(False), False, called + " has the weight 0"),
        ((found["backend_kind"] != "Service").fillna(True), pd.NA, "auditkit does not read " + found["backend_kind"]),
        (service["name"].isna(), False, called + " is not there"),
        (found["unread"].notna(), pd.NA, found["unread"]),
        ((service["selector_count"] == 0).fillna(False), pd.NA, called + " has no selector"),
    )
    sends, why = pd.Series(True, found.index, BOOLEAN), pd.Series(pd.NA, found.index, STRING)
    for holds, verdict, words in reversed(doubts):
        sends, why = sends.mask(holds.astype(bool), verdict), why.mask(holds.astype(bool), words)
    return sends, why
