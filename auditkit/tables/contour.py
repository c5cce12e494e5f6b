"""HTTPProxies of Contour, which of them include which, and the certificates that one namespace lends to others.

Nothing that can hold a secret is read: of conditions, headers and policies nothing, of certificates the name of their
Secret.

Source of fields and defaults: projectcontour/contour (commit of 2026-08-18), ``apis/projectcontour/v1``.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.unread import unread

GROUP = "projectcontour.io"
PROXIES, DELEGATIONS = f"httpproxies.{GROUP}", f"tlscertificatedelegations.{GROUP}"

_OF_SERVICES = ("healthPort", "validation", "requestHeadersPolicy", "responseHeadersPolicy", "cookieRewritePolicies",
                "slowStartPolicy")
_HARMLESS = (
    "spec.ingressClassName", "spec.includes[].conditions", "spec.virtualhost.corsPolicy",
    "spec.virtualhost.rateLimitPolicy", "spec.virtualhost.tls.maximumProtocolVersion",
    "spec.virtualhost.tls.clientValidation", "spec.virtualhost.tls.enableFallbackCertificate",
    "spec.tcpproxy.loadBalancerPolicy", "spec.tcpproxy.healthCheckPolicy",
    *(f"spec.{place}.services[].{name}" for place in ("routes[]", "tcpproxy") for name in _OF_SERVICES),
    *(f"spec.routes[].requestRedirectPolicy.{name}" for name in ("hostname", "port", "statusCode", "path", "prefix")),
    *(f"spec.routes[].{name}" for name in (
        "conditions", "enableWebsockets", "authPolicy", "timeoutPolicy", "retryPolicy", "healthCheckPolicy",
        "loadBalancerPolicy", "pathRewritePolicy", "requestHeadersPolicy", "responseHeadersPolicy",
        "cookieRewritePolicies", "rateLimitPolicy", "internalRedirectPolicy")),
)
"""Fields that change neither the encryption, nor which proxy includes which, nor what is behind a route."""
RESOURCES = (
    Resource(PROXIES, "HTTPProxy", builtin=False, exact=True, harmless=_HARMLESS),
    Resource(DELEGATIONS, "TLSCertificateDelegation", builtin=False),
)
_OF_PROXY = (
    Column("namespace", "string", "/metadata.namespace", "namespace of the proxy"),
    Column("proxy", "string", "/metadata.name", "name of the proxy"),
)
_HOST = "spec.virtualhost"

TABLES = (
    Table(
        "contour_proxies", "HTTPProxies of Contour", (Rows(PROXIES),),
        (
            *identity(),
            Column("generation", "int64", "/metadata.generation", "how often its spec was changed"),
            Column("is_root", "boolean", _HOST, "it has a host of its own: others are included by one that has",
                   read="present"),
            Column("host", "string", f"{_HOST}.fqdn", "host name"),
            Column("has_tls", "boolean", f"{_HOST}.tls", "TLS is configured", read="present"),
            Column("secret", "string", f"{_HOST}.tls.secretName",
                   "Secret of the certificate, as namespace/name or name; it is not read"),
            Column("passthrough", "boolean", f"{_HOST}.tls.passthrough", "TLS is passed on to the service",
                   absent=False),
            Column("min_version", "string", f"{_HOST}.tls.minimumProtocolVersion", "lowest version of TLS",
                   absent="1.2"),
            Column("guard", "string", f"{_HOST}.authorization|{_HOST}.ipAllowPolicy|{_HOST}.ipDenyPolicy|"
                                      f"{_HOST}.jwtProviders",
                   "field by which requests may be refused before they reach a service", read="first_of"),
            Column("routes_count", "int64", "spec.routes", "routes of its own", read="count", absent=0),
        ),
        ("namespace", "name"), kind="HTTPProxy",
    ),
    Table(
        "contour_routes", "routes of HTTPProxies", (Rows(PROXIES, "spec.routes[]"),),
        (
            *_OF_PROXY,
            Column("rule", "int64", "#", "position of the route"),
            Column("permit_insecure", "boolean", "permitInsecure", "requests in plain text are taken beside TLS",
                   absent=False),
            Column("redirect_scheme", "string", "requestRedirectPolicy.scheme",
                   "scheme to which it redirects; <NA>: none named"),
            Column("guard", "string", "requestRedirectPolicy|directResponsePolicy|ipAllowPolicy|ipDenyPolicy|"
                                      "jwtVerificationPolicy",
                   "field by which requests may be answered or refused before they reach a service", read="first_of"),
        ),
        ("namespace", "proxy", "rule"),
    ),
    Table(
        "contour_includes", "HTTPProxies that others include",
        (Rows(PROXIES, "spec.includes[]", "list"), Rows(PROXIES, "spec.tcpproxy.include", "tcp"),
         Rows(PROXIES, "spec.tcpproxy.includes", "tcp")),
        (
            *_OF_PROXY,
            Column("include_namespace", "string", "namespace", "namespace of what it includes; <NA>: its own"),
            Column("include", "string", "name", "name of what it includes"),
        ),
        ("namespace", "proxy", "include_namespace", "include"),
    ),
    Table(
        "contour_services", "services behind HTTPProxies",
        (Rows(PROXIES, "spec.routes[].services[]", "route"), Rows(PROXIES, "spec.tcpproxy.services[]", "tcp")),
        (
            *_OF_PROXY,
            Column("rule", "int64", {"route": "^#", "tcp": "=none"}, "position of the route; <NA>: of its TCP proxy"),
            Column("service", "string", "name", "name of the service"),
            Column("port", "int64", "port", "port of the service"),
            Column("weight", "int64", "weight", "share of the traffic; 0: none, unless all are 0", absent=0),
            Column("mirror", "boolean", "mirror", "it gets copies of requests", absent=False),
            Column("upstream_protocol", "string", "protocol",
                   "tls, h2 or h2c; <NA>: by annotations of the service, which are not read"),
        ),
        ("namespace", "proxy", "rule", "service", "port"),
    ),
    Table(
        "contour_conditions", "what Contour says of HTTPProxies", (Rows(PROXIES, "status.conditions[]"),),
        (
            *_OF_PROXY,
            Column("type", "string", "type", "type of the condition"),
            Column("status", "string", "status", "True, False or Unknown"),
            Column("reason", "string", "reason", "reason that Contour gives, in one word"),
            Column("observed_generation", "int64", "observedGeneration", "generation that Contour has seen"),
        ),
        ("namespace", "proxy", "type"),
    ),
    Table(
        "contour_errors", "the kinds of errors that Contour finds in HTTPProxies",
        (Rows(PROXIES, "status.conditions[].errors[]"),),
        (
            *_OF_PROXY,
            Column("type", "string", "type", "kind of the error, such as IncludeError or Orphaned"),
            Column("reason", "string", "reason", "reason that Contour gives, in one word"),
        ),
        ("namespace", "proxy", "type", "reason"),
    ),
    Table(
        "contour_addresses", "addresses of the load balancer at which Contour serves HTTPProxies",
        (Rows(PROXIES, "status.loadBalancer.ingress[]"),),
        (*_OF_PROXY, Column("ip", "string", "ip", "address"), Column("hostname", "string", "hostname", "name")),
        ("namespace", "proxy", "ip", "hostname"),
    ),
    Table(
        "contour_delegations", "certificates that a namespace lends to others",
        (Rows(DELEGATIONS, "spec.delegations[]"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the delegation and of the Secret"),
            Column("delegation", "string", "/metadata.name", "name of the delegation"),
            Column("secret", "string", "secretName", "name of the Secret; it is not read"),
            Column("targets_count", "int64", "targetNamespaces", "namespaces that may use it", read="count", absent=0),
            Column("to_namespace", "string", "targetNamespaces[]", "one of them; * as the only one: all"),
        ),
        ("namespace", "delegation", "secret", "to_namespace"),
    ),
    unread("unread_contour_fields", "HTTPProxies", RESOURCES[:1]),
)
