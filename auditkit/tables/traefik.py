"""IngressRoutes of Traefik and their middlewares; and of its static configuration what is among the arguments of pods.

Nothing that can hold a secret is read: of rules only the hosts, of middlewares only their type and the scheme to which
they redirect, of certificates the name of their Secret, of arguments only some settings of entry points, the ingress
class, and that a file of configuration is named.

Source of fields and defaults: traefik/traefik (commit of 2026-07-24, v3.7),
``pkg/provider/kubernetes/crd/traefikio/v1alpha1`` and ``pkg/config/static/entrypoints.go``.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.unread import unread

GROUP = "traefik.io"
ROUTES = {kind: f"{kind.lower()}s.{GROUP}" for kind in ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")}
MIDDLEWARES = f"middlewares.{GROUP}"
_TLS = {kind: source for kind, source in ROUTES.items() if kind != "IngressRouteUDP"}

_OF_SERVICE = ("sticky", "strategy", "passHostHeader", "responseForwarding", "serversTransport", "nativeLB",
               "nodePortLB", "healthCheck", "healthcheck", "passiveHealthCheck", "terminationDelay", "proxyProtocol")
_HARMLESS = (
    *(f"spec.routes[].{name}" for name in ("kind", "priority", "syntax", "observability")),
    *(f"spec.routes[].services[].{name}" for name in _OF_SERVICE),
    *(f"spec.tls.{name}" for name in ("options", "store", "domains")),
)
"""Fields that change neither the encryption nor what is behind a route."""
RESOURCES = (
    *(Resource(source, kind, ("v1alpha1",), builtin=False, exact=True, harmless=_HARMLESS)
      for kind, source in ROUTES.items()),
    Resource(MIDDLEWARES, "Middleware", ("v1alpha1",), builtin=False),
)
_ENTRY_POINT = r"entrypoints\.[^.=\s]{1,63}\."
_NAMED = rf"configfile|{_ENTRY_POINT}(?:http\.tls\.[\w.\[\]]+|http\.middlewares(?:\[\d+\])?)"
_VALUED = (rf"{_ENTRY_POINT}(?:address|asdefault|http\.tls|http\.redirections"
           r"(?:\.entrypoint(?:\.(?:to|scheme|priority))?)?)|providers\.kubernetescrd\.ingressclass")
ARGUMENTS = rf"(?is)(--?(?:{_NAMED}))(?:=.*)?|(--?(?:{_VALUED}))(?:(=)(?:([\w.:/\[\]-]*)|.*))?"
"""Arguments of Traefik that are kept: of some only that they are there, of others their value too, if it is plain. A
flag begins with one dash or two, in any case (traefik/paerser, flag/flagparser.go)."""

_KIND = Column("kind", "string", "=kind", "kind of the route")
_OF_ROUTE = (_KIND, Column("namespace", "string", "/metadata.namespace", "namespace of the route"),
             Column("route", "string", "/metadata.name", "name of the route"))
_RULE = Column("rule", "int64", "^#", "position of the rule")
_TYPES = ("redirectScheme", "redirectRegex", "chain", "basicAuth", "digestAuth", "forwardAuth", "ipAllowList",
          "ipWhiteList", "errors", "plugin", "headers", "addPrefix", "stripPrefix", "stripPrefixRegex", "replacePath",
          "replacePathRegex", "rateLimit", "inFlightReq", "buffering", "circuitBreaker", "compress",
          "passTLSClientCert", "retry", "contentType", "grpcWeb", "encodedCharacters")


def _rows(path: str = "", kinds: dict[str, str] | None = None) -> tuple[Rows, ...]:
    return tuple(Rows(source, path, kind, {"kind": kind}) for kind, source in (kinds or ROUTES).items())


def _of_kind(path: str, *kinds: str) -> dict[str, str]:
    """A path for routes of these kinds; others do not have it."""
    return {kind: path if kind in kinds else "=none" for kind in ROUTES}


TABLES = (
    Table(
        "traefik_routes", "IngressRoutes of Traefik, for HTTP, TCP and UDP", _rows(),
        (
            _KIND, *identity(),
            Column("class", "string", "spec.ingressClassName", "ingress class; <NA>: none"),
            Column("has_tls", "boolean", _of_kind("spec.tls", *_TLS), "it is for TLS only", read="present"),
            Column("secret", "string", _of_kind("spec.tls.secretName", *_TLS),
                   "Secret of the certificate; it is not read"),
            Column("resolver", "string", _of_kind("spec.tls.certResolver", *_TLS),
                   "what gets a certificate for it, by the static configuration"),
            Column("passthrough", "boolean", _of_kind("spec.tls.passthrough", "IngressRouteTCP"),
                   "TLS is passed on to the service", absent=False),
            Column("rules_count", "int64", "spec.routes", "rules", read="count", absent=0),
        ),
        ("kind", "namespace", "name"), kind="IngressRoute",
    ),
    Table(
        "traefik_route_entry_points", "entry points that IngressRoutes name", _rows("spec.entryPoints[]"),
        (*_OF_ROUTE, Column("entry_point", "string", ".", "name of the entry point")),
        ("kind", "namespace", "route", "entry_point"),
    ),
    Table(
        "traefik_rules", "rules of IngressRoutes, and the hosts that they are for", _rows("spec.routes[]"),
        (*_OF_ROUTE, Column("rule", "int64", "#", "position of the rule"),
         Column("hosts", "string", {kind: "match" if kind in _TLS else "=none" for kind in ROUTES},
                "host names, with commas between; <NA>: any, or others too", read="hosts")),
        ("kind", "namespace", "route", "rule"),
    ),
    Table(
        "traefik_rule_middlewares", "middlewares of rules of IngressRoutes",
        _rows("spec.routes[].middlewares[]", _TLS),
        (*_OF_ROUTE, _RULE, Column("middleware_namespace", "string", "namespace", "its namespace; <NA>: the route's"),
         Column("middleware", "string", "name", "name of the middleware")),
        ("kind", "namespace", "route", "rule", "middleware_namespace", "middleware"),
    ),
    Table(
        "traefik_services", "what is behind rules of IngressRoutes", _rows("spec.routes[].services[]"),
        (
            *_OF_ROUTE, _RULE,
            Column("to_kind", "string", {kind: "kind" if kind == "IngressRoute" else "'Service" for kind in ROUTES},
                   "Service or TraefikService", absent="Service"),
            Column("to_namespace", "string", "namespace", "its namespace; <NA>: the route's"),
            Column("to", "string", "name", "its name"),
            Column("port", "string", "port", "port by number or name", read="text"),
            Column("scheme", "string", _of_kind("scheme", "IngressRoute"),
                   "http, https or h2c; <NA>: https at port 443, else http"),
            Column("tls", "boolean", _of_kind("tls", "IngressRouteTCP"), "it is reached over TLS", absent=False),
            Column("weight", "int64", "weight", "share of the traffic; 0: none", absent=1),
        ),
        ("kind", "namespace", "route", "rule", "to_kind", "to_namespace", "to", "port"),
    ),
    Table(
        "traefik_middlewares", "middlewares of Traefik for HTTP: their type, and where one redirects to",
        (Rows(MIDDLEWARES),),
        (
            *identity(),
            Column("type", "string", "|".join(f"spec.{name}" for name in _TYPES), "type; <NA>: another",
                   read="first_of"),
            Column("scheme", "string", "spec.redirectScheme.scheme", "scheme to which it redirects"),
            Column("ssl_redirect", "boolean", "spec.headers.sslRedirect", "it redirects to HTTPS (Traefik 2)",
                   absent=False),
        ),
        ("namespace", "name"), kind="Middleware",
    ),
    Table(
        "traefik_arguments", "arguments of containers about entry points and the ingress class of Traefik, without "
        "values that may be secret", (Rows("pods", "spec.containers[].args[]", pattern=ARGUMENTS),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the pod"),
            Column("pod", "string", "/metadata.name", "name of the pod"),
            Column("container", "string", "^name", "name of the container"),
            Column("argument", "string", ".", "the argument"),
        ),
        ("namespace", "pod", "container", "argument"),
    ),
    Table(
        "container_commands", "containers of pods that state a command of their own; its text is not kept",
        (Rows("pods", "spec.containers[].command"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the pod"),
            Column("pod", "string", "/metadata.name", "name of the pod"),
            Column("container", "string", "^name", "name of the container"),
        ),
        ("namespace", "pod", "container"),
    ),
    unread("unread_traefik_fields", "IngressRoutes of Traefik", RESOURCES[:3]),
)
