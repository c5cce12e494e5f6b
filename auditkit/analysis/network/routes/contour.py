"""HTTPProxies of Contour: hosts, TLS, which of them are part of which root, and the pods behind their services.

Only a root has a host. Another is in effect where a root includes it, over any number of steps; a loop of includes is
refused by Contour. Every proxy is judged by its own routes, at the hosts of the roots that it is part of.

Sources: projectcontour/contour (commit of 2026-08-18), internal/dag/httpproxy_processor.go and cache.go.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup, named
from auditkit.analysis.network.gateways.conditions import said
from auditkit.analysis.network.routes.backends import BACKENDS
from auditkit.analysis.network.routes.certificates import CERTIFICATES
from auditkit.analysis.network.routes.controllers import idle
from auditkit.analysis.network.routes.reasons import decided
from auditkit.analysis.network.routes.services import to_services
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.network.routes.ways import WAYS
from auditkit.analysis.shortcuts import empty_without_rows

PROXY = {"namespace": "namespace", "name": "proxy"}
ROUTE = {"namespace": "namespace", "proxy": "proxy", "rule": "rule"}
OVER_TLS = {"tls": True, "h2": True, "h2c": False}
ROOT = ["root_namespace", "root"]
STEP = ["namespace", "proxy"]


@empty_without_rows(WAYS)
def contour_ways(
    contour_proxies: pd.DataFrame, contour_routes: pd.DataFrame, contour_services: pd.DataFrame,
    contour_includes: pd.DataFrame, contour_conditions: pd.DataFrame, contour_errors: pd.DataFrame,
    unread_contour_fields: pd.DataFrame, route_controllers: pd.DataFrame,
) -> pd.DataFrame:
    """The ways in by HTTPProxies: the columns of `route_ways`, one row for each proxy and root that it is part of.

    Open where Contour says of both that they are valid as they are now, and a pod of it is ready. With TLS Contour
    sends plain requests on to HTTPS, but for routes with ``permitInsecure`` (which a setting of Contour may switch
    off). A proxy that only includes others opens nothing itself.
    """
    proxies = _judged(contour_proxies, contour_routes, contour_conditions, unread_contour_fields)
    proxies["reason"] = named(proxies, {name: name for name in STEP}, contour_errors, "reason").replace("", pd.NA)
    proxies["empty"] = (proxies["routes_count"] == 0) & ~has(proxies, {name: name for name in STEP}, contour_services)
    parts = _parts(contour_proxies, contour_includes)
    found = proxies.merge(parts, on=STEP, how="left")
    root = lookup(found, {"root_namespace": "namespace", "root": "proxy"}, proxies,
                  ["host", "has_tls", "valid", "unread", "reason"])
    found["encrypted"] = found["only_redirects"].mask(root["has_tls"].fillna(False), ~found["insecure"]).mask(
        found["unread"].notna() | root["unread"].notna(), pd.NA)
    nobody = idle(route_controllers, "Contour")
    every = pd.Series(True, found.index, BOOLEAN)
    refused = "Contour refuses " + found["root_namespace"] + "/" + found["root"]
    found["open"], found["why"] = decided(found.index, (
        (found["root"].isna(), False, "no HTTPProxy with a host includes it"),
        (found["empty"], False, "it has no routes of its own"),
        (found["unread"].notna(), pd.NA, found["unread"]),
        (root["unread"].notna(), pd.NA, root["unread"]),
        (~root["valid"], pd.NA, refused + (": " + root["reason"]).fillna("")),
        (~found["valid"], pd.NA, "Contour refuses it" + (": " + found["reason"]).fillna("")),
        ((root["valid"] & found["valid"]).isna(), pd.NA, "Contour does not say that it is valid as it is now"),
        (every & bool(nobody), pd.NA, nobody),
    ))
    return found.rename(columns={"proxy": "route"}).assign(
        kind="HTTPProxy", root_kind="HTTPProxy", host=root["host"]).reindex(columns=list(WAYS)).astype(WAYS)


@empty_without_rows(BACKENDS)
def contour_backends(
    contour_proxies: pd.DataFrame, contour_routes: pd.DataFrame, contour_includes: pd.DataFrame,
    contour_services: pd.DataFrame, unread_contour_fields: pd.DataFrame, services: pd.DataFrame,
    service_ports: pd.DataFrame, service_backends: pd.DataFrame,
) -> pd.DataFrame:
    """What is behind HTTPProxies: the columns of `route_backends`. A service with the weight 0 gets nothing, unless
    all services of its route have it. Services are those of the proxy's own namespace."""
    found = contour_services.assign(rule=contour_services["rule"].fillna(-1))
    heaviest = found[~found["mirror"]].groupby([*STEP, "rule"])["weight"].max().rename("heaviest").reset_index()
    found = found.merge(heaviest, on=[*STEP, "rule"], how="left")
    guard = lookup(found.astype({"rule": STRING}), ROUTE, contour_routes.astype({"rule": STRING}), ["guard"])["guard"]
    guard = guard.fillna(_guard_of_roots(found, contour_proxies, contour_includes))
    unread = unread_field(found.rename(columns={"proxy": "name"}), unread_contour_fields, "HTTPProxy")
    called = "Service " + found["namespace"] + "/" + found["service"]
    found = found.rename(columns={"proxy": "route", "service": "backend", "port": "service_port"}).assign(
        kind="HTTPProxy", backend_kind="Service", backend_namespace=found["namespace"],
        use=pd.Series("backend", found.index, STRING).mask(found["mirror"], "mirror"),
        tls=found["upstream_protocol"].map(OVER_TLS).astype(BOOLEAN))
    return to_services(found, services, service_ports, service_backends, (
        ((found["weight"] == 0) & (found["heaviest"] > 0) & ~found["mirror"], False, called + " has the weight 0"),
        (unread.notna(), pd.NA, unread),
        (guard.notna(), pd.NA, "its field " + guard + " may answer or refuse requests before"),
    ))


@empty_without_rows(CERTIFICATES)
def contour_certificates(
    contour_proxies: pd.DataFrame, contour_conditions: pd.DataFrame, contour_delegations: pd.DataFrame,
    unread_contour_fields: pd.DataFrame, route_controllers: pd.DataFrame, secrets: pd.DataFrame,
) -> pd.DataFrame:
    """Roots that end TLS, and their certificates: the columns of `route_certificates`.

    A Secret of another namespace needs a TLSCertificateDelegation there; ``*`` stands for all namespaces only where it
    is the only one that is named.
    """
    ending = contour_proxies[contour_proxies["has_tls"] & ~contour_proxies["passthrough"]].reset_index(drop=True)
    parts = ending["secret"].mask(ending["secret"] == "", pd.NA).str.extract(r"^(?:(?P<space>[^/]*)/)?(?P<name>.*)$")
    space = parts["space"].astype(STRING).replace("", pd.NA).fillna(ending["namespace"])
    refs = pd.DataFrame({"asking": ending["namespace"], "space": space, "name": parts["name"].astype(STRING)})
    there = has(refs, {"space": "namespace", "name": "name"}, secrets)
    lent = {"space": "namespace", "name": "secret"}
    for_all = contour_delegations[(contour_delegations["to_namespace"] == "*")
                                  & (contour_delegations["targets_count"] == 1)]
    granted = (refs["space"] == refs["asking"]) | has(refs, lent, for_all) | has(
        refs, lent | {"asking": "to_namespace"}, contour_delegations)
    called = refs["space"] + "/" + refs["name"]
    valid = said(ending, PROXY, contour_conditions, "Valid")["holds"]
    unread, nobody = unread_field(ending, unread_contour_fields, "HTTPProxy"), idle(route_controllers, "Contour")
    present, why = decided(ending.index, (
        (refs["name"].isna() | ~there | ~granted, False, ""),
        (unread.notna(), pd.NA, unread),
        (~valid.fillna(False), pd.NA, "Contour does not say that it is valid as it is now"),
        (pd.Series(bool(nobody), ending.index), pd.NA, nobody),
    ))
    return pd.DataFrame({
        "kind": pd.Series("HTTPProxy", ending.index, STRING), "namespace": ending["namespace"], "name": ending["name"],
        "hostname": ending["host"], "secrets": called, "missing": called.mask(there),
        "refused": called.mask(granted | called.isna()), "present": present, "why": why.where(present.isna(), pd.NA)})


def _judged(proxies: pd.DataFrame, routes: pd.DataFrame, conditions: pd.DataFrame, unread: pd.DataFrame
            ) -> pd.DataFrame:
    """Proxies with what their own routes do to plain requests, and what Contour says of them: insecure,
    only_redirects, valid, unread."""
    found = proxies.assign(unread=unread_field(proxies, unread, "HTTPProxy"))
    away = routes[(routes["redirect_scheme"] == "https").fillna(False)]
    word = said(found, PROXY, conditions, "Valid")
    return found.assign(
        insecure=has(found, PROXY, routes[routes["permit_insecure"]]), valid=word["holds"],
        only_redirects=(found["routes_count"] > 0) & ~has(found, PROXY, routes[~routes.index.isin(away.index)]),
    ).rename(columns={"name": "proxy"})


def _parts(proxies: pd.DataFrame, includes: pd.DataFrame) -> pd.DataFrame:
    """Which proxies are part of which root, itself among them: root_namespace, root, namespace, proxy.

    What has a host of its own is not included by another. Loops end where nothing new is found.
    """
    roots = proxies.loc[proxies["is_root"], ["namespace", "name"]].rename(columns={"name": "proxy"})
    found = new = roots.assign(root_namespace=roots["namespace"], root=roots["proxy"])
    steps = includes.assign(to_namespace=includes["include_namespace"].fillna(includes["namespace"]))
    steps = steps[~has(steps, {"to_namespace": "namespace", "include": "proxy"}, roots)]
    while len(new):
        new = new.merge(steps[[*STEP, "to_namespace", "include"]], on=STEP)
        new = new.drop(columns=STEP).rename(columns={"to_namespace": "namespace", "include": "proxy"})[found.columns]
        new = new.drop_duplicates()
        new = new[~has(new, {name: name for name in (*ROOT, *STEP)}, found)]
        found = pd.concat([found, new], ignore_index=True)
    return found


def _guard_of_roots(found: pd.DataFrame, proxies: pd.DataFrame, includes: pd.DataFrame) -> pd.Series:
    """The field of a root by which requests to a part of it may be refused; <NA>: none."""
    parts = _parts(proxies, includes)
    guard = lookup(parts, {"root_namespace": "namespace", "root": "name"}, proxies, ["guard"])["guard"]
    guarded = parts.assign(guard=guard)[guard.notna()]
    return lookup(found, {"namespace": "namespace", "proxy": "proxy"}, guarded, ["guard"])["guard"]
