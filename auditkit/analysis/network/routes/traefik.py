"""IngressRoutes of Traefik: hosts, TLS, redirects, and the pods behind their services.

A route with ``tls`` is for TLS alone. Of another one the entry points decide, which are static configuration: they are
known as far as they are arguments of Traefik's pods, and nothing else configures it. Traefik keeps no status.

Sources: traefik/traefik (commit of 2026-07-24, v3.7): pkg/provider/kubernetes/crd/kubernetes_http.go and
kubernetes.go (shouldProcessIngress, resolveReference), pkg/server/aggregator.go (applyModel: the TLS of an entry
point), pkg/config/static/entrypoints.go, pkg/cli (a file goes before arguments).
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, has, lookup
from auditkit.analysis.network.gateways.hostnames import ANY
from auditkit.analysis.network.routes.backends import BACKENDS
from auditkit.analysis.network.routes.certificates import CERTIFICATES
from auditkit.analysis.network.routes.controllers import idle
from auditkit.analysis.network.routes.reasons import decided
from auditkit.analysis.network.routes.services import to_services
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.network.routes.ways import UNSEEN, WAYS
from auditkit.analysis.shortcuts import empty_without_rows

ROUTE = ["kind", "namespace", "route"]
ON = {name: name for name in ROUTE}
ENTRY_POINTS = {"name": STRING, "tls": BOOLEAN, "redirects": BOOLEAN, "as_default": BOOLEAN, "udp": BOOLEAN}
MIDDLEWARE = {"middleware_namespace": "namespace", "middleware": "name"}
PROTOCOLS = {"IngressRouteUDP": "UDP"}
INTERNAL = "traefik"
"""The entry point of Traefik's own pages; routes without entry points are not for it. It is there without being named
where these pages are on (pkg/config/static: SetEffectiveConfiguration)."""
PASSES = ("headers", "addPrefix", "stripPrefix", "stripPrefixRegex", "replacePath", "replacePathRegex", "rateLimit",
          "inFlightReq", "buffering", "circuitBreaker", "compress", "passTLSClientCert", "retry", "contentType",
          "grpcWeb", "encodedCharacters")
"""Middlewares that let requests pass, but for their rate or size. Others may answer or refuse them."""
MAY_REDIRECT = ("redirectRegex", "chain", "plugin", "errors")
SETTINGS = r"(?i)^--?entrypoints\.(?P<name>[^.=]+)\.(?P<setting>[^=]+)(?P<equals>=)?(?P<value>.*)$"
INGRESS_CLASS = r"(?i)^--?providers\.kubernetescrd\.ingressclass=?(?P<value>.*)$"
SWITCHES = ("asdefault", "http.tls", "http.redirections", "http.redirections.entrypoint")
"""Settings that are on without a value. Any value but ``true`` switches off a node that may be empty, as ``http.tls``,
with all below it (traefik/paerser, parser/nodes_metadata.go). Redirections may not: what one does there is unclear."""
CONFIGURATION = r"(?:/|/etc|/etc/traefik|/root|/home|/home/[^/]+|.*/\.config)/?|.*/traefik\.(?:toml|ya?ml)"
"""Mounts that may hold a file of static configuration in its default place: /etc/traefik, $XDG_CONFIG_HOME,
$HOME/.config and the folder in which it starts (pkg/cli/loader_file.go)."""
NOT_SEEN = "the entry points of Traefik are not among the arguments of its pods"
CONTAINER = {name: name for name in ("namespace", "pod", "container")}


@empty_without_rows(ENTRY_POINTS)
def traefik_entry_points(
    traefik_arguments: pd.DataFrame, container_mounts: pd.DataFrame, container_commands: pd.DataFrame,
    container_env: pd.DataFrame, container_env_from: pd.DataFrame, route_controllers: pd.DataFrame,
) -> pd.DataFrame:
    """The entry points of Traefik that are seen: name, tls (routes of it are for TLS), redirects (plain requests are
    sent on to HTTPS), as_default (it is one of those for routes without any), udp; <NA>: not known, as where pods
    have different ones.

    There are none where a pod of Traefik has none among its arguments, or where something else may decide: a command,
    a file of static configuration, which goes before arguments, or variables, which Traefik may read besides (its
    documentation: boot environment).
    """
    own = route_controllers[route_controllers["controller"] == "Traefik"]
    given = traefik_arguments[has(traefik_arguments, CONTAINER, own)]
    parts = given["argument"].str.extract(SETTINGS).astype(STRING)
    parts = parts.assign(setting=parts["setting"].str.lower(), name=parts["name"].str.lower(),
                         **given[list(CONTAINER)]).dropna(subset="name")
    found = pd.DataFrame({"name": pd.Series(parts["name"].unique(), dtype=STRING)})
    if _configured_elsewhere(own, given, container_mounts, container_commands, container_env) or has(
            own, CONTAINER, container_env_from).any() or not has(own, CONTAINER, parts).all():
        found = found.iloc[:0]
    value = parts["value"].replace("", pd.NA).mask(
        parts["setting"].isin(SWITCHES) & parts["equals"].isna(), "true").str.lower()
    at, target = {"name": "name"}, "http.redirections.entrypoint"

    def of(setting: str, fits: pd.Series | bool = True) -> pd.Series:
        return has(found, at, parts[((parts["setting"] == setting) & fits).fillna(False)])

    tls = has(found, at, parts[parts["setting"].str.match(r"http\.tls(?:\.|$)")]) & ~of("http.tls", value != "true")
    away = of(f"{target}.to") & ~of(f"{target}.scheme", value != "https")
    others = parts["setting"].str.startswith("http.middlewares") | (parts["setting"] == f"{target}.priority") | (
        parts["setting"].isin(["http.redirections", target]) & (value != "true"))
    unclear = value.isna() & parts["setting"].isin([*SWITCHES, f"{target}.to", f"{target}.scheme"])
    pods = parts.assign(value=value).drop_duplicates(["name", "setting", "value", *CONTAINER]).groupby(
        ["name", "setting", "value"], dropna=False).size()
    same = found["name"].map(pods.groupby("name").min() == len(own)).astype(BOOLEAN)
    same = same & ~has(found, at, parts[unclear])
    return found.assign(
        tls=tls.where(same, pd.NA), redirects=away.where(same & ~has(found, at, parts[others]), pd.NA),
        as_default=of("asdefault", value.isin(["true", "t", "1"])).where(same, pd.NA),
        udp=of("address", value.str.endswith("/udp"))).astype(ENTRY_POINTS)


def _configured_elsewhere(own: pd.DataFrame, given: pd.DataFrame, mounts: pd.DataFrame, commands: pd.DataFrame,
                          env: pd.DataFrame) -> bool:
    """True if arguments of Traefik's pods may not be all that configures it."""
    paths = mounts[has(mounts, CONTAINER, own)]["path"]
    names = env[has(env, CONTAINER, own)]["name"]
    homes = names.isin(["HOME", "XDG_CONFIG_HOME"]) | names.str.upper().str.startswith("TRAEFIK_")
    by_file = given["argument"].str.match(r"(?i)--?configfile")
    return bool(by_file.any() or paths.str.fullmatch(CONFIGURATION).any() or homes.any()
                or has(own, CONTAINER, commands).any())


@empty_without_rows(WAYS)
def traefik_ways(
    traefik_routes: pd.DataFrame, traefik_route_entry_points: pd.DataFrame, traefik_rules: pd.DataFrame,
    traefik_rule_middlewares: pd.DataFrame, traefik_middlewares: pd.DataFrame, traefik_arguments: pd.DataFrame,
    unread_traefik_fields: pd.DataFrame, route_controllers: pd.DataFrame, traefik_entry_points: pd.DataFrame,
) -> pd.DataFrame:
    """The ways in by IngressRoutes of Traefik: the columns of `route_ways`, one row for each host and entry point.

    Open where a pod of Traefik is ready, has the entry point, and takes routes of this ingress class.
    """
    found = traefik_routes.assign(unread=unread_field(traefik_routes, unread_traefik_fields)).rename(
        columns={"name": "route"})
    found = _at_entry_points(found, traefik_route_entry_points, traefik_entry_points)
    found = _by_rule(found, traefik_rules, _redirects(traefik_rules, traefik_rule_middlewares, traefik_middlewares))
    nobody, taken = idle(route_controllers, "Traefik"), _class_taken(found, traefik_arguments, route_controllers)
    every = pd.Series(True, found.index, BOOLEAN)
    found["open"], found["why"] = decided(found.index, (
        (found["unread"].notna(), pd.NA, found["unread"]),
        (found["rules_count"] == 0, False, "it has no rules"),
        (every & bool(nobody), pd.NA, nobody),
        (~taken, False, "Traefik takes no routes of its ingress class"),
        (taken.isna(), pd.NA, "whether Traefik takes routes of its ingress class is not known"),
        (found["undefined"], False, "Traefik has no entry point " + found["entry_point"]),
        (found["broken"].notna(), pd.NA, found["broken"]),
    ))
    found["encrypted"] = _encrypted(found).mask(found["unread"].notna(), pd.NA)
    unsure = pd.Series(UNSEEN, found.index, STRING).mask(
        (found["kind"] == "IngressRoute").fillna(False), "whether its entry point has TLS, or redirects, is not known")
    unsure = unsure.mask(found["entry_point"].isna() & (found["kind"] == "IngressRoute").fillna(False), NOT_SEEN)
    found["why"] = found["why"].mask(found["why"].isna() & found["encrypted"].isna(), unsure)
    return found.assign(root_kind="Traefik", root_namespace="", root="Traefik").reindex(
        columns=list(WAYS)).astype(WAYS).drop_duplicates(ignore_index=True)


@empty_without_rows(BACKENDS)
def traefik_backends(
    traefik_routes: pd.DataFrame, traefik_services: pd.DataFrame, traefik_rule_middlewares: pd.DataFrame,
    traefik_middlewares: pd.DataFrame, unread_traefik_fields: pd.DataFrame, services: pd.DataFrame,
    service_ports: pd.DataFrame, service_backends: pd.DataFrame,
) -> pd.DataFrame:
    """What is behind IngressRoutes of Traefik: the columns of `route_backends`.

    Whether they may refer to another namespace is a setting of Traefik (allowCrossNamespace), and not known.
    """
    found = traefik_services.rename(columns={"to_kind": "backend_kind", "to": "backend"}).assign(
        backend_namespace=traefik_services["to_namespace"].fillna(traefik_services["namespace"]),
        protocol=traefik_services["kind"].map(PROTOCOLS).fillna("TCP").astype(STRING),
        use=pd.Series("backend", traefik_services.index, STRING))
    unread = unread_field(found.rename(columns={"route": "name"}), unread_traefik_fields)
    found["service_port"] = _numbered(found, service_ports)
    over_http = (found["scheme"] == "https") | (found["scheme"].isna() & (found["service_port"] == 443))
    found["tls"] = found["tls"].mask((found["kind"] == "IngressRoute").fillna(False), over_http)
    rule = {name: name for name in (*ROUTE, "rule")}
    used = _used(traefik_rule_middlewares, traefik_middlewares)
    guards = used[~used["type"].isin(PASSES)].astype({"rule": STRING})
    guard = lookup(found.astype({"rule": STRING}), rule, guards, ["middleware"])["middleware"]
    called = found["backend_kind"] + " " + found["backend_namespace"] + "/" + found["backend"]
    return to_services(found, services, service_ports, service_backends, (
        ((found["weight"] == 0) & found.duplicated([*ROUTE, "rule"], keep=False), False, called + " has the weight 0"),
        (unread.notna(), pd.NA, unread),
        (found["backend_namespace"] != found["namespace"], pd.NA,
         "whether Traefik lets it refer to " + called + " is not known"),
        (guard.notna(), pd.NA, "its middleware " + guard + " may answer or refuse requests before"),
        ((found["backend_kind"] == "Service") & found["service_port"].isna(), pd.NA, "it names no known port of "
         + called),
    ))


@empty_without_rows(CERTIFICATES)
def traefik_certificates(
    traefik_routes: pd.DataFrame, traefik_arguments: pd.DataFrame, unread_traefik_fields: pd.DataFrame,
    route_controllers: pd.DataFrame, secrets: pd.DataFrame,
) -> pd.DataFrame:
    """IngressRoutes that end TLS, and their certificates: the columns of `route_certificates`."""
    passed_on = traefik_routes["passthrough"].fillna(False)
    ending = traefik_routes[(traefik_routes["has_tls"] & ~passed_on).fillna(False)]
    ending = ending.reset_index(drop=True)
    secret = ending["secret"].mask(ending["secret"] == "", pd.NA)
    named = ending.assign(secret=secret)
    missing = ~has(named, {"namespace": "namespace", "secret": "name"}, secrets) & secret.notna()
    called = ending["namespace"] + "/" + secret
    unread, nobody = unread_field(ending, unread_traefik_fields), idle(route_controllers, "Traefik")
    taken = _class_taken(ending, traefik_arguments, route_controllers)
    present, why = decided(ending.index, (
        (missing, False, ""),
        (unread.notna(), pd.NA, unread),
        (pd.Series(bool(nobody), ending.index), pd.NA, nobody),
        (~taken.fillna(False), pd.NA, "it is not known that Traefik takes routes of its ingress class"),
        (secret.isna() & ending["resolver"].notna(), pd.NA, "Traefik gets its certificate itself"),
        (secret.isna(), pd.NA, "it names no Secret: Traefik takes a default certificate"),
    ))
    return pd.DataFrame({
        "kind": ending["kind"], "namespace": ending["namespace"], "name": ending["name"],
        "hostname": pd.Series(pd.NA, ending.index, STRING), "secrets": called, "missing": called.where(missing, pd.NA),
        "refused": pd.Series(pd.NA, ending.index, STRING), "present": present, "why": why.where(present.isna(), pd.NA)})


def traefik_addresses(route_controllers: pd.DataFrame, service_backends: pd.DataFrame,
                      service_load_balancers: pd.DataFrame) -> pd.DataFrame:
    """The addresses of load balancers before pods of Traefik: ip, hostname."""
    own = route_controllers[route_controllers["controller"] == "Traefik"]
    before = service_backends[has(service_backends, {"namespace": "namespace", "pod": "pod"}, own)]
    at = has(service_load_balancers, {"namespace": "namespace", "service": "service"}, before)
    return service_load_balancers.loc[at.astype(bool), ["ip", "hostname"]].drop_duplicates(ignore_index=True)


def _at_entry_points(routes: pd.DataFrame, named: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """A row for each entry point of each route: entry_point (<NA>: not known), undefined, ep_tls, ep_redirects.

    A route that names none is for the default ones: those that say so, else all but Traefik's own.
    """
    own = named.assign(entry_point=named["entry_point"].str.lower())
    found = routes.merge(own.drop_duplicates(), on=ROUTE, how="left")
    ask = found["entry_point"].isna()
    default = seen[~seen["udp"] & (seen["name"] != INTERNAL)]
    chosen = default[default["as_default"].fillna(True)] if default["as_default"].fillna(True).any() else default
    every = found[ask].drop(columns="entry_point").merge(chosen[["name"]].rename(columns={"name": "entry_point"}),
                                                         how="cross")
    found = pd.concat([found[~ask], every if len(chosen) else found[ask]], ignore_index=True)
    about = lookup(found, {"entry_point": "name"}, seen, ["name", "tls", "redirects"])
    return found.assign(ep_tls=about["tls"], ep_redirects=about["redirects"],
                        undefined=about["name"].isna() & found["entry_point"].notna() & bool(len(seen))
                        & (found["entry_point"] != INTERNAL))


def _by_rule(found: pd.DataFrame, rules: pd.DataFrame, redirects: pd.DataFrame) -> pd.DataFrame:
    """A row for each rule and host: host, redirects, broken (a middleware is not there, in words)."""
    found = found.merge(rules, on=ROUTE, how="left").merge(redirects, on=[*ROUTE, "rule"], how="left")
    hosts = found["hosts"].fillna(ANY).str.split(",")
    found = found.assign(host=hosts).explode("host", ignore_index=True)
    return found.assign(host=found["host"].astype(STRING), broken=found["broken"].astype(STRING),
                        redirects=found["redirects"].astype(BOOLEAN))


def _used(of_rules: pd.DataFrame, middlewares: pd.DataFrame) -> pd.DataFrame:
    """Middlewares of rules with their type; ``there`` is false for one that is not."""
    used = of_rules.assign(middleware_namespace=of_rules["middleware_namespace"].fillna(of_rules["namespace"]))
    about = lookup(used, MIDDLEWARE, middlewares, ["name", "type", "scheme", "ssl_redirect"])
    return used.assign(
        foreign=used["middleware_namespace"] != used["namespace"],
        there=about["name"].notna() | (used["kind"] != "IngressRoute"), type=about["type"],
        ssl_redirect=about["ssl_redirect"].fillna(False),
        to_https=((about["type"] == "redirectScheme") & (about["scheme"].str.lower() == "https")).fillna(False))


def _redirects(rules: pd.DataFrame, of_rules: pd.DataFrame, middlewares: pd.DataFrame) -> pd.DataFrame:
    """Whether each rule does nothing but redirect to HTTPS, and what of it is not there: kind, namespace, route, rule,
    redirects, broken. One that another provider of Traefik has (``name@file``) is not known, nor whether a middleware
    that may answer itself goes before the redirect, or whether this Traefik knows ``sslRedirect`` (version 2). One of
    another namespace acts only where Traefik is told so (``allowCrossNamespace``, kubernetes_http.go:
    makeMiddlewareKeys), which is not read: whether it redirects is not known."""
    keys = [*ROUTE, "rule"]
    found, on = rules[keys].astype({"rule": STRING}), {name: name for name in keys}
    used = _used(of_rules, middlewares).astype({"rule": STRING})
    elsewhere = used["middleware"].str.contains("@").fillna(False)
    lost = used[~used["there"] & ~elsewhere]
    perhaps = has(found, on, used[elsewhere | used["type"].isin(MAY_REDIRECT) | used["ssl_redirect"] | used["foreign"]
                                  | (used["there"] & used["type"].isna())])
    answered = has(found, on, used[~used["type"].isin([*PASSES, "redirectScheme"])])
    away = has(found, on, used[used["to_https"] & ~used["foreign"].fillna(False)])
    away = away.mask(away & answered, pd.NA)
    name = lookup(found, on, lost, ["middleware"])["middleware"]
    return rules[keys].assign(redirects=away.mask(~away.fillna(True) & (perhaps | name.notna()), pd.NA),
                              broken="its middleware " + name + " is not there")


def _encrypted(found: pd.DataFrame) -> pd.Series:
    """Whether no plain request is taken, but to redirect it. What comes without TLS by TCP or UDP is not seen."""
    by_entry = (found["ep_tls"] | found["ep_redirects"]).astype(BOOLEAN)
    plain = (by_entry | found["redirects"]).mask(found["entry_point"].isna() & ~found["redirects"].fillna(False), pd.NA)
    over_http = (found["kind"] == "IngressRoute").fillna(False)
    return plain.where(over_http, pd.NA).mask(found["has_tls"].fillna(False), True).astype(BOOLEAN)


def _class_taken(found: pd.DataFrame, arguments: pd.DataFrame, controllers: pd.DataFrame) -> pd.Series:
    """Whether Traefik takes routes of each class. Without a setting it takes those without a class and of its own name;
    with one, which all of its pods have, only these, and an annotation that is not read may have named it."""
    own = controllers[controllers["controller"] == "Traefik"]
    given = arguments[has(arguments, CONTAINER, own)]
    asked = given.assign(value=given["argument"].str.extract(INGRESS_CLASS)["value"].astype(STRING)).dropna(
        subset="value")
    if len(asked):
        known = has(own, CONTAINER, asked).all() and asked["value"].nunique() == 1 and (asked["value"] != "").all()
        return (found["class"] == asked["value"].iloc[0]).astype(BOOLEAN).mask(
            found["class"].isna() | (not known), pd.NA)
    return (found["class"].fillna(INTERNAL).isin([INTERNAL, ""])).astype(BOOLEAN).mask(
        ~found["class"].fillna(INTERNAL).isin([INTERNAL, ""]), pd.NA)


def _numbered(found: pd.DataFrame, ports: pd.DataFrame) -> pd.Series:
    """The port of each service by number, from its number or name."""
    number = found["port"].where(found["port"].str.fullmatch(r"\d{1,5}").fillna(False), pd.NA).astype(INTEGER)
    on = {"backend_namespace": "namespace", "backend": "service", "port": "name"}
    return number.fillna(lookup(found, on, ports, ["port"])["port"].astype(INTEGER))
