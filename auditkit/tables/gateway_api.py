"""Gateway API: classes, Gateways and their listeners, routes, and the grants that let one namespace name another's
objects.

They are custom resources. Kinds that hold the same share their tables, and ``kind`` tells them apart. Nothing that can
hold a secret is read: of filters only their type, of headers and options nothing, of certificates the name of their
Secret.

Source of fields and defaults: kubernetes-sigs/gateway-api v1.6.1, ``config/crd/experimental`` and ``apis/v1``; the
fields of older versions are those of v1.0.0 to v1.5.0.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows
from auditkit.tables.unread import unread

GROUP = "gateway.networking.k8s.io"
CLASS, GRANT, TLS_POLICY = f"gatewayclasses.{GROUP}", f"referencegrants.{GROUP}", f"backendtlspolicies.{GROUP}"
GATEWAYS = {
    "Gateway": f"gateways.{GROUP}", "ListenerSet": f"listenersets.{GROUP}",
    "XListenerSet": "xlistenersets.gateway.networking.x-k8s.io",
}
"""Kinds with listeners. A ListenerSet adds its own to those of a Gateway; it was called XListenerSet before."""
GROUPS = {"XListenerSet": "gateway.networking.x-k8s.io"}
"""The API groups of kinds that are in another than the rest."""
ROUTES = {f"{name}Route": f"{name.lower()}routes.{GROUP}" for name in ("HTTP", "GRPC", "TLS", "TCP", "UDP")}

_RULE_EXTRAS = ("spec.rules[].name", "spec.rules[].matches", "spec.rules[].timeouts", "spec.rules[].retry",
                "spec.rules[].sessionPersistence")
_FILTERS = tuple(
    f"spec.rules[].{place}filters[].{name}" for place in ("", "backendRefs[].")
    for name in ("requestHeaderModifier", "responseHeaderModifier", "urlRewrite", "cors", "externalAuth",
                 "extensionRef", "requestMirror", "requestRedirect"))
_LISTENERS = ("spec.listeners[].tls.options", "spec.listeners[].tls.frontendValidation")

"""Fields that change neither which listeners admit a route, nor the encryption there, nor which pods are behind it: how
requests are matched, how long they may take, addresses and parameters that are asked for (``status`` has those that
were given), certificates of clients. What a filter does is decided by its type."""


def _resource(name: str, kind: str, versions: tuple[str, ...], harmless: tuple[str, ...] = (), *,
              namespaced: bool = True) -> Resource:
    return Resource(name, kind, versions, namespaced=namespaced, builtin=False, exact=True, harmless=harmless)


RESOURCES = (
    _resource(CLASS, "GatewayClass", ("v1", "v1beta1"), ("spec.description", "spec.parametersRef"), namespaced=False),
    _resource(GATEWAYS["Gateway"], "Gateway", ("v1", "v1beta1"),
              ("spec.addresses", "spec.infrastructure", "spec.backendTLS", "spec.tls", *_LISTENERS)),
    _resource(GATEWAYS["ListenerSet"], "ListenerSet", ("v1",), _LISTENERS),
    _resource(GATEWAYS["XListenerSet"], "XListenerSet", ("v1alpha1",), _LISTENERS),
    _resource(ROUTES["HTTPRoute"], "HTTPRoute", ("v1", "v1beta1"), (*_RULE_EXTRAS, *_FILTERS)),
    _resource(ROUTES["GRPCRoute"], "GRPCRoute", ("v1", "v1alpha2"), (*_RULE_EXTRAS, *_FILTERS)),
    _resource(ROUTES["TLSRoute"], "TLSRoute", ("v1", "v1alpha3", "v1alpha2"), _RULE_EXTRAS[:1]),
    _resource(ROUTES["TCPRoute"], "TCPRoute", ("v1", "v1alpha2"), _RULE_EXTRAS[:1]),
    _resource(ROUTES["UDPRoute"], "UDPRoute", ("v1", "v1alpha2"), _RULE_EXTRAS[:1]),
    _resource(GRANT, "ReferenceGrant", ("v1", "v1beta1", "v1alpha2")),
    _resource(TLS_POLICY, "BackendTLSPolicy", ("v1", "v1alpha3"), ("spec.options", "spec.validation")),
)

_KIND = Column("kind", "string", "=kind", "kind of the object")
_GENERATION = Column("generation", "int64", "/metadata.generation", "how often its spec was changed")


def _of(name: str) -> tuple[Column, ...]:
    return (_KIND, Column("namespace", "string", "/metadata.namespace", f"namespace of the {name}"),
            Column(name, "string", "/metadata.name", f"name of the {name}"))


def _rows(kinds: dict[str, str], path: str = "", label: str = "", **constants: str) -> tuple[Rows, ...]:
    return tuple(Rows(source, path, label=label, constants={"kind": kind, **constants})
                 for kind, source in kinds.items())


def _condition(name: str) -> tuple[Column, ...]:
    return (
        Column("type", "string", "type", f"type of the condition of the {name}"),
        Column("status", "string", "status", "True, False or Unknown"),
        Column("reason", "string", "reason", "reason that the controller gives, in one word"),
        Column("observed_generation", "int64", "observedGeneration", "generation that the controller has seen"),
    )


def _parent(path: str) -> tuple[Column, ...]:
    return (
        Column("parent_group", "string", f"{path}group", "API group of the parent", absent=GROUP),
        Column("parent_kind", "string", f"{path}kind", "kind of the parent", absent="Gateway"),
        Column("parent_namespace", "string", f"{path}namespace", "its namespace; <NA>: that of the object"),
        Column("parent", "string", f"{path}name", "its name"),
    )


_GATEWAY_ONLY = {"Gateway": GATEWAYS["Gateway"]}
_SETS = {kind: source for kind, source in GATEWAYS.items() if kind != "Gateway"}
_FILTERED = {kind: ROUTES[kind] for kind in ("HTTPRoute", "GRPCRoute")}
_BY_FILTERS = {
    f"{of}{use}": f"{place}filters[].{field}.backendRef" for of, place in (("", ""), ("backend_", "backendRefs[]."))
    for use, field in (("mirror", "requestMirror"), ("auth", "externalAuth"))}
"""What filters of rules, and of single backends of theirs, send requests to beside the backends."""


def _by_label(of_backend: str, of_filters: str) -> dict[str, str]:
    """A path by label: of backends, and of what filters name."""
    return {"backend": of_backend} | dict.fromkeys(_BY_FILTERS, of_filters)


TABLES = (
    Table(
        "gateway_classes", "classes of Gateways, and the controllers that serve them", (Rows(CLASS),),
        (*identity(namespaced=False), _GENERATION,
         Column("controller", "string", "spec.controllerName", "name of the controller")),
        ("name",), kind="GatewayClass",
    ),
    Table(
        "gateways", "Gateways, and ListenerSets, which add listeners to a Gateway",
        (*_rows(_GATEWAY_ONLY, label="Gateway"), *_rows(_SETS, label="ListenerSet")),
        (
            _KIND, *identity(), _GENERATION,
            Column("class", "string", {"Gateway": "spec.gatewayClassName", "ListenerSet": "=none"}, "class"),
            Column("parent_namespace", "string", {"Gateway": "=none", "ListenerSet": "spec.parentRef.namespace"},
                   "namespace of the Gateway that a ListenerSet adds to; <NA>: its own"),
            Column("parent", "string", {"Gateway": "=none", "ListenerSet": "spec.parentRef.name"}, "its name"),
            Column("parent_kind", "string", {"Gateway": "=none", "ListenerSet": "spec.parentRef.kind"},
                   "its kind; <NA>: Gateway"),
            Column("parent_group", "string", {"Gateway": "=none", "ListenerSet": "spec.parentRef.group"},
                   f"its API group; <NA>: {GROUP}"),
            Column("sets_from", "string", {"Gateway": "spec.allowedListeners.namespaces.from", "ListenerSet": "=none"},
                   "namespaces whose ListenerSets a Gateway takes: All, Same, Selector or None; <NA>: None"),
            Column("has_sets_selector", "boolean", {"Gateway": "spec.allowedListeners.namespaces.selector",
                                                    "ListenerSet": "=none"}, "they are selected by label",
                   read="present"),
        ),
        ("kind", "namespace", "name"), kind="Gateway",
    ),
    Table(
        "gateway_listeners", "listeners of Gateways and ListenerSets", _rows(GATEWAYS, "spec.listeners[]"),
        (
            *_of("gateway"),
            Column("listener", "string", "name", "name of the listener"),
            Column("port", "int64", "port", "port"),
            Column("protocol", "string", "protocol", "HTTP, HTTPS, TLS, TCP or UDP"),
            Column("hostname", "string", "hostname", "host name, perhaps with a wildcard; <NA>: any"),
            Column("tls_mode", "string", "tls.mode", "Terminate or Passthrough; <NA>: Terminate"),
            Column("certificates_count", "int64", "tls.certificateRefs", "certificates that it names", read="count",
                   absent=0),
            Column("routes_from", "string", "allowedRoutes.namespaces.from",
                   "namespaces whose routes it admits: All, Same or Selector", absent="Same"),
            Column("has_routes_selector", "boolean", "allowedRoutes.namespaces.selector", "they are selected by label",
                   read="present"),
            Column("kinds_count", "int64", "allowedRoutes.kinds", "kinds of routes that it admits; 0: by its protocol",
                   read="count", absent=0),
        ),
        ("kind", "namespace", "gateway", "listener"),
    ),
    Table(
        "gateway_listener_kinds", "kinds of routes that listeners admit",
        _rows(GATEWAYS, "spec.listeners[].allowedRoutes.kinds[]"),
        (
            *_of("gateway"),
            Column("listener", "string", "^name", "name of the listener"),
            Column("route_group", "string", "group", "API group", absent=GROUP),
            Column("route_kind", "string", "kind", "kind"),
        ),
        ("kind", "namespace", "gateway", "listener", "route_group", "route_kind"),
    ),
    Table(
        "gateway_certificates", "certificates that listeners name: the Secrets are not read",
        _rows(GATEWAYS, "spec.listeners[].tls.certificateRefs[]"),
        (
            *_of("gateway"),
            Column("listener", "string", "^name", "name of the listener"),
            Column("ref_group", "string", "group", "API group of what holds the certificate", absent=""),
            Column("ref_kind", "string", "kind", "its kind", absent="Secret"),
            Column("ref_namespace", "string", "namespace", "its namespace; <NA>: that of the gateway"),
            Column("ref_name", "string", "name", "its name"),
        ),
        ("kind", "namespace", "gateway", "listener", "ref_kind", "ref_namespace", "ref_name"),
    ),
    Table(
        "gateway_selectors", "label selectors of namespaces, whose routes a listener admits or whose ListenerSets a "
                             "Gateway takes: one row for each requirement and value",
        tuple(rows for of, path, kinds in (("routes", "spec.listeners[].allowedRoutes.namespaces.selector", GATEWAYS),
                                           ("sets", "spec.allowedListeners.namespaces.selector", _GATEWAY_ONLY))
              for kind, source in kinds.items()
              for rows in selector_rows(source, path, {"kind": kind, "of": of})),
        (
            *_of("gateway"),
            Column("of", "string", "=of", "routes or sets"),
            Column("listener", "string", "^name", "name of the listener; <NA>: of the Gateway"),
            *SELECTOR,
        ),
        ("kind", "namespace", "gateway", "of", "listener", "form", "requirement", "value"),
    ),
    Table(
        "gateway_addresses", "addresses that Gateways were given", _rows(_GATEWAY_ONLY, "status.addresses[]"),
        (
            *_of("gateway"),
            Column("type", "string", "type", "IPAddress, Hostname, or another of its controller", absent="IPAddress"),
            Column("value", "string", "value", "address"),
        ),
        ("kind", "namespace", "gateway", "type", "value"),
    ),
    Table(
        "gateway_conditions", "what controllers say of classes, Gateways, ListenerSets and their listeners",
        (*_rows(GATEWAYS | {"GatewayClass": CLASS}, "status.conditions[]", "object"),
         *_rows(GATEWAYS, "status.listeners[].conditions[]", "listener")),
        (
            *_of("gateway"),
            Column("listener", "string", {"object": "'", "listener": "^name"},
                   "name of the listener; empty: of the object itself"),
            *_condition("gateway"),
        ),
        ("kind", "namespace", "gateway", "listener", "type"),
    ),
    Table(
        "gateway_routes", "routes of the Gateway API", _rows(ROUTES),
        (
            _KIND, *identity(), _GENERATION,
            Column("rules_count", "int64", "spec.rules", "rules", read="count", absent=0),
        ),
        ("kind", "namespace", "name"), kind="Route",
    ),
    Table(
        "gateway_route_parents", "what routes ask to be attached to", _rows(ROUTES, "spec.parentRefs[]"),
        (
            *_of("route"),
            Column("position", "int64", "#", "position among the parents of the route"),
            *_parent(""),
            Column("section", "string", "sectionName", "name of a listener; <NA>: all of the parent"),
            Column("port", "int64", "port", "port of listeners; <NA>: all"),
        ),
        ("kind", "namespace", "route", "position"),
    ),
    Table(
        "gateway_route_hostnames", "host names of routes",
        _rows({kind: source for kind, source in ROUTES.items() if kind not in ("TCPRoute", "UDPRoute")},
              "spec.hostnames[]"),
        (*_of("route"), Column("host", "string", ".", "host name, perhaps with a wildcard")),
        ("kind", "namespace", "route", "host"),
    ),
    Table(
        "gateway_route_filters", "filters of routes: their types, and the scheme to which one redirects",
        (*_rows(_FILTERED, "spec.rules[].filters[]", "rule"),
         *_rows(_FILTERED, "spec.rules[].backendRefs[].filters[]", "backend")),
        (
            *_of("route"),
            Column("rule", "int64", {"rule": "^#", "backend": "^^#"}, "position of the rule"),
            Column("of", "string", {"rule": "'rule", "backend": "'backend"}, "rule, or backend of the rule"),
            Column("type", "string", "type", "type of the filter"),
            Column("scheme", "string", "requestRedirect.scheme", "scheme to which it redirects; <NA>: none named"),
        ),
        ("kind", "namespace", "route", "rule", "of", "type"),
    ),
    Table(
        "gateway_route_backends",
        "what is behind the rules of routes, also what gets copies of requests, and what is asked who may send them",
        (*_rows(ROUTES, "spec.rules[].backendRefs[]", "backend"),
         *(row for label, path in _BY_FILTERS.items() for row in _rows(_FILTERED, f"spec.rules[].{path}", label))),
        (
            *_of("route"),
            Column("rule", "int64", {"backend": "^#", "mirror": "^^#", "auth": "^^#", "backend_mirror": "^^^#",
                                     "backend_auth": "^^^#"}, "position of the rule"),
            Column("use", "string", {"backend": "'backend"} | {
                label: f"'{label.removeprefix('backend_')}" for label in _BY_FILTERS},
                   "backend, mirror (it gets copies) or auth (it is asked which requests may pass)"),
            Column("ref_group", "string", "group", "API group of what is behind it", absent=""),
            Column("ref_kind", "string", "kind", "its kind", absent="Service"),
            Column("ref_namespace", "string", "namespace", "its namespace; <NA>: that of the route"),
            Column("ref_name", "string", "name", "its name"),
            Column("port", "int64", "port", "port of the service"),
            Column("weight", "int64", _by_label("weight", "=none"),
                   "share of the traffic; 0: none", absent=1),
        ),
        ("kind", "namespace", "route", "rule", "use", "ref_kind", "ref_namespace", "ref_name", "port"),
    ),
    Table(
        "gateway_route_conditions", "what controllers say of routes, for each of their parents",
        _rows(ROUTES, "status.parents[].conditions[]"),
        (
            *_of("route"),
            *_parent("^parentRef."),
            Column("section", "string", "^parentRef.sectionName", "name of a listener"),
            Column("port", "int64", "^parentRef.port", "port of listeners"),
            Column("controller", "string", "^controllerName", "name of the controller"),
            *_condition("route"),
        ),
        ("kind", "namespace", "route", "parent_namespace", "parent", "section", "port", "controller", "type"),
    ),
    Table(
        "reference_grants_from", "who may refer to objects of a namespace", (Rows(GRANT, "spec.from[]"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the grant, to whose objects it is for"),
            Column("grant", "string", "/metadata.name", "name of the grant"),
            Column("from_group", "string", "group", "API group of what refers", absent=""),
            Column("from_kind", "string", "kind", "its kind"),
            Column("from_namespace", "string", "namespace", "its namespace"),
        ),
        ("namespace", "grant", "from_group", "from_kind", "from_namespace"),
    ),
    Table(
        "reference_grants_to", "what may be referred to by a grant", (Rows(GRANT, "spec.to[]"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the grant"),
            Column("grant", "string", "/metadata.name", "name of the grant"),
            Column("to_group", "string", "group", "API group of what is referred to", absent=""),
            Column("to_kind", "string", "kind", "its kind"),
            Column("to_name", "string", "name", "its name; <NA>: any"),
        ),
        ("namespace", "grant", "to_group", "to_kind", "to_name"),
    ),
    Table(
        "backend_tls_policies", "what gateways reach over TLS", (Rows(TLS_POLICY, "spec.targetRefs[]"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the policy and of its targets"),
            Column("policy", "string", "/metadata.name", "name of the policy"),
            Column("target_group", "string", "group", "API group of the target", absent=""),
            Column("target_kind", "string", "kind", "its kind"),
            Column("target", "string", "name", "its name"),
            Column("section", "string", "sectionName", "name of a port of the service; <NA>: all"),
        ),
        ("namespace", "policy", "target_kind", "target", "section"),
    ),
    unread("unread_gateway_fields", "classes, Gateways and ListenerSets", RESOURCES[:4]),
    unread("unread_route_fields", "routes of the Gateway API", RESOURCES[4:9]),
    unread("unread_grant_fields", "ReferenceGrants", RESOURCES[9:10]),
    unread("unread_tls_policy_fields", "BackendTLSPolicies", RESOURCES[10:]),
)
