"""Gateways and VirtualServices of Istio, as far as they open a cluster to the outside.

Nothing that can hold a secret is read: of matches and headers nothing, of certificates the name of their Secret.

Source of fields and defaults: istio/api (commit of 2026-07-21), ``networking/v1alpha3``; v1 and v1beta1 have the same
fields.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.unread import unread

GROUP = "networking.istio.io"
GATEWAYS, VIRTUAL_SERVICES = f"gateways.{GROUP}", f"virtualservices.{GROUP}"
KIND = f"Gateway.{GROUP}"
"""How a Gateway of Istio is called beside one of the Gateway API, as kubectl does."""
_VERSIONS = ("v1", "v1beta1", "v1alpha3")

_HTTP_MATCH = ("name", "uri", "method", "authority", "headers", "queryParams", "ignoreUriCase", "withoutHeaders",
               "sourceLabels", "sourceNamespace", "statPrefix")
_HARMLESS = (
    *(f"spec.http[].match[].{name}" for name in _HTTP_MATCH),
    *(f"spec.http[].{name}" for name in (
        "name", "rewrite", "timeout", "retries", "mirrorPercent", "mirrorPercentage", "mirror_percent", "corsPolicy",
        "headers")),
    *(f"spec.http[].redirect.{name}" for name in ("uri", "authority", "port", "derivePort", "redirectCode",
                                                 "prefixRewrite")),
    "spec.http[].route[].headers", "spec.http[].mirrors[].percentage", "spec.http[].mirrors[].destination.subset",
    "spec.http[].mirror.subset",
    *(f"spec.{place}[].route[].destination.subset" for place in ("http", "tls", "tcp")),
    *(f"spec.tls[].match[].{name}" for name in ("sniHosts", "sourceLabels", "sourceNamespace")),
    *(f"spec.tcp[].match[].{name}" for name in ("sourceLabels", "sourceNamespace")),
)
"""Fields that change neither the encryption, nor what is behind a route. That a rule is for some ports, gateways or
schemes of requests only is not read, and not among them: it may be the redirect of the plain port."""
_OF_SERVER = ("bind", "defaultEndpoint", "name", "port.targetPort", "tls.privateKey", "tls.caCertificates", "tls.caCrl",
              "tls.caCertCredentialName", "tls.subjectAltNames", "tls.verifyCertificateSpki", "tls.cipherSuites",
              "tls.verifyCertificateHash", "tls.maxProtocolVersion", "tls.insecureSkipVerify")
RESOURCES = (
    Resource(GATEWAYS, "Gateway", _VERSIONS, builtin=False, exact=True,
             harmless=tuple(f"spec.servers[].{name}" for name in _OF_SERVER)),
    Resource(VIRTUAL_SERVICES, "VirtualService", _VERSIONS, builtin=False, exact=True, harmless=_HARMLESS),
)


def _of(name: str, title: str) -> tuple[Column, ...]:
    return (Column("namespace", "string", "/metadata.namespace", f"namespace of the {title}"),
            Column(name, "string", "/metadata.name", f"name of the {title}"))


_OF_GATEWAY, _OF_VIRTUAL = _of("gateway", "Gateway"), _of("virtual_service", "VirtualService")
_DESTINATIONS = {
    "http": ("spec.http[].route[]", "destination."), "tls": ("spec.tls[].route[]", "destination."),
    "tcp": ("spec.tcp[].route[]", "destination."), "mirror": ("spec.http[].mirror", ""),
    "mirrors": ("spec.http[].mirrors[]", "destination."),
}

TABLES = (
    Table(
        "istio_gateways", "Gateways of Istio", (Rows(GATEWAYS),),
        (*identity(), Column("selectors_count", "int64", "spec.selector", "labels that its pods have; 0: all workloads",
                             read="count", absent=0)),
        ("namespace", "name"), kind="Gateway",
    ),
    Table(
        "istio_gateway_selectors", "labels of the pods that serve Gateways of Istio",
        (Rows(GATEWAYS, "spec.selector{}"),),
        (*_OF_GATEWAY, Column("key", "string", "$key", "key of the label"),
         Column("value", "string", "$value", "its value")),
        ("namespace", "gateway", "key"),
    ),
    Table(
        "istio_servers", "servers of Gateways of Istio: one row for each host", (Rows(GATEWAYS, "spec.servers[]"),),
        (
            *_OF_GATEWAY,
            Column("server", "int64", "#", "position of the server"),
            Column("port", "int64", "port.number", "port"),
            Column("port_name", "string", "port.name", "name of the port"),
            Column("protocol", "string", "port.protocol",
                   "HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS"),
            Column("has_tls", "boolean", "tls", "TLS settings are given", read="present"),
            Column("tls_mode", "string", "tls.mode",
                   "what it does with TLS, where settings are given; <NA>: PASSTHROUGH"),
            Column("https_redirect", "boolean", "tls.httpsRedirect", "plain requests are sent on to HTTPS",
                   absent=False),
            Column("min_version", "string", "tls.minProtocolVersion", "lowest version of TLS"),
            Column("files", "string", "tls.serverCertificate|tls.tlsCertificates",
                   "field by which its certificate is a file in the pods; <NA>: none", read="first_of"),
            Column("host", "string", "hosts[]", "host name, perhaps after a namespace and with a wildcard"),
        ),
        ("namespace", "gateway", "server", "host"),
    ),
    Table(
        "istio_credentials", "certificates that servers of Istio name: the Secrets are not read",
        (Rows(GATEWAYS, "spec.servers[]", "one"), Rows(GATEWAYS, "spec.servers[].tls.credentialNames[]", "list")),
        (*_OF_GATEWAY, Column("server", "int64", {"one": "#", "list": "^#"}, "position of the server"),
         Column("secret", "string", {"one": "tls.credentialName", "list": "."},
                "name of the Secret, in the namespace of the pods; <NA>: none")),
        ("namespace", "gateway", "server", "secret"),
    ),
    Table(
        "istio_virtual_services", "VirtualServices of Istio", (Rows(VIRTUAL_SERVICES),),
        (*identity(), *(Column(f"{name}_count", "int64", f"spec.{name}", doc, read="count", absent=0) for name, doc in (
            ("http", "rules for HTTP"), ("tls", "rules for TLS that is passed through"), ("tcp", "rules for TCP"),
            ("exportTo", "namespaces that may use it; 0: all")))),
        ("namespace", "name"), kind="VirtualService",
    ),
    *(Table(f"istio_virtual_{name}", doc, (Rows(VIRTUAL_SERVICES, f"spec.{path}[]"),),
            (*_OF_VIRTUAL, Column(column, "string", ".", meaning)), ("namespace", "virtual_service", column))
      for name, doc, path, column, meaning in (
          ("hosts", "host names of VirtualServices", "hosts", "host", "host name, perhaps with a wildcard"),
          ("gateways", "what serves VirtualServices", "gateways", "gateway",
           "mesh, or a Gateway as namespace/name or name"),
          ("exports", "namespaces that may use VirtualServices", "exportTo", "to",
           "namespace, . (its own) or * (all)"))),
    Table(
        "istio_http_rules", "rules for HTTP of VirtualServices", (Rows(VIRTUAL_SERVICES, "spec.http[]"),),
        (
            *_OF_VIRTUAL,
            Column("rule", "int64", "#", "position of the rule"),
            Column("redirect_scheme", "string", "redirect.scheme", "scheme to which it redirects; <NA>: none named"),
            Column("guard", "string", "redirect|directResponse|fault",
                   "field by which requests may be answered before they reach a service", read="first_of"),
            Column("delegate_namespace", "string", "delegate.namespace",
                   "namespace of the VirtualService that decides instead; <NA>: its own"),
            Column("delegate", "string", "delegate.name", "its name; <NA>: none"),
        ),
        ("namespace", "virtual_service", "rule"),
    ),
    Table(
        "istio_destinations", "what is behind VirtualServices",
        tuple(Rows(VIRTUAL_SERVICES, path, label) for label, (path, _) in _DESTINATIONS.items()),
        (
            *_OF_VIRTUAL,
            Column("of", "string", {label: f"'{label}" for label in _DESTINATIONS},
                   "http, tls or tcp; mirror and mirrors: gets copies"),
            Column("rule", "int64", dict.fromkeys(_DESTINATIONS, "^#"), "position of the rule"),
            Column("host", "string", {label: f"{at}host" for label, (_, at) in _DESTINATIONS.items()},
                   "name of a service, or another host"),
            Column("port", "int64", {label: f"{at}port.number" for label, (_, at) in _DESTINATIONS.items()},
                   "port of the service; <NA>: its only one"),
            Column("weight", "int64", {label: "=none" if label.startswith("mirror") else "weight"
                                       for label in _DESTINATIONS}, "share of the traffic; 0: none beside others",
                   absent=0),
        ),
        ("namespace", "virtual_service", "of", "rule", "host", "port"),
    ),
    unread("unread_istio_fields", "Gateways and VirtualServices of Istio", RESOURCES),
)
