"""Istio: who may connect to the proxies of its mesh, and whether with mutual TLS.

Of an AuthorizationPolicy only what decides at layer 4 is read: identities, address ranges and ports. Requests are never
looked into, and what a condition (``when``) compares them with can be a secret, so that none of it is kept: fields that
no column reads are named in `istio_unread_fields`, and what depends on them is not known.

Source of fields and defaults: istio/api, ``security/v1beta1`` (authorization_policy.proto at 02e682e,
peer_authentication.proto at 05a21ba), and Istio's reference (latest, 2026) for what is newer.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.unread import unread

GROUP, NETWORKING = "security.istio.io", "networking.istio.io"
PEERS, POLICIES = f"peerauthentications.{GROUP}", f"authorizationpolicies.{GROUP}"
RULES, FILTERS = f"destinationrules.{NETWORKING}", f"envoyfilters.{NETWORKING}"

RESOURCES = (
    Resource(PEERS, "PeerAuthentication", ("v1", "v1beta1"), builtin=False, exact=True),
    Resource(POLICIES, "AuthorizationPolicy", ("v1", "v1beta1"), builtin=False, exact=True,
             harmless=("spec.provider",)),
    Resource(RULES, "DestinationRule", ("v1", "v1beta1", "v1alpha3"), builtin=False),
    Resource(FILTERS, "EnvoyFilter", ("v1alpha3",), builtin=False),
)

DRY_RUN, REVISION = "istio.io/dry-run", "istio.io/rev"
SOURCES = ("principals", "notPrincipals", "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts",
           "ipBlocks", "notIpBlocks")
OPERATIONS = ("ports", "notPorts")
_TLS = tuple(f"{place}trafficPolicy.{inside}tls" for place in ("", "subsets[].")
             for inside in ("", "portLevelSettings[]."))
"""Where a DestinationRule says how clients connect."""

_POLICY = (
    Column("namespace", "string", "/metadata.namespace", "namespace of the policy"),
    Column("policy", "string", "/metadata.name", "name of the policy"),
)


def _values(name: str, doc: str, part: str, item: str, fields: tuple[str, ...]) -> Table:
    """The table of values that sources or operations of rules list."""
    return Table(
        name, doc, tuple(Rows(POLICIES, f"spec.rules[].{part}[].{item}.{field}[]", constants={"field": field})
                         for field in fields),
        (*_POLICY, Column("rule", "int64", "^^#", "position of the rule"),
         Column("item", "int64", "^#", f"position of the {item}"),
         Column("field", "string", "=field", "field that lists it"),
         Column("value", "string", ".", "what is listed")),
        ("namespace", "policy", "rule", "item", "field", "value"),
    )


def _items(name: str, doc: str, part: str, item: str) -> Table:
    """The table of the sources or operations of rules."""
    return Table(
        name, doc, (Rows(POLICIES, f"spec.rules[].{part}[]"),),
        (*_POLICY, Column("rule", "int64", "^#", "position of the rule"),
         Column("item", "int64", "#", f"position of the {item}"),
         Column("given", "boolean", item, "it says something", read="present")),
        ("namespace", "policy", "rule", "item"),
    )


TABLES = (
    Table(
        "istio_peer_authentications", "PeerAuthentications of Istio: whether proxies accept plain text",
        (Rows(PEERS),),
        (*identity(),
         Column("mode", "string", "spec.mtls.mode", "STRICT, PERMISSIVE or DISABLE; UNSET: as the wider policy says",
                absent="UNSET")),
        ("namespace", "name"), kind="PeerAuthentication",
    ),
    Table(
        "istio_port_modes", "ports for which PeerAuthentications say something else",
        (Rows(PEERS, "spec.portLevelMtls{}"),),
        (*_POLICY, Column("port", "string", "$key", "port of the pod"),
         Column("mode", "string", "mode", "STRICT, PERMISSIVE or DISABLE; UNSET: as the policy says", absent="UNSET")),
        ("namespace", "policy", "port"),
    ),
    Table(
        "istio_selectors", "labels of the pods that policies of Istio are for; without any: all",
        tuple(Rows(source, "spec.selector.matchLabels{}", constants={"kind": kind}) for kind, source in (
            ("PeerAuthentication", PEERS), ("AuthorizationPolicy", POLICIES))),
        (Column("kind", "string", "=kind", "kind of the policy"), *_POLICY,
         Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
        ("kind", "namespace", "policy", "key"),
    ),
    Table(
        "istio_authorization_policies", "AuthorizationPolicies of Istio: who may connect to pods of the mesh",
        (Rows(POLICIES),),
        (*identity(),
         Column("action", "string", "spec.action", "ALLOW, DENY, CUSTOM or AUDIT", absent="ALLOW"),
         Column("targets", "int64", "spec.targetRefs", "Gateways, services and others that it is for in place of pods",
                read="count", absent=0),
         Column("has_target", "boolean", "spec.targetRef", "it is for one such object", read="present")),
        ("namespace", "name"), kind="AuthorizationPolicy",
    ),
    Table(
        "istio_dry_runs", "AuthorizationPolicies with the annotation that keeps them from deciding",
        (Rows(POLICIES, "metadata.annotations{}", keep=(DRY_RUN,)),),
        (*_POLICY, Column("key", "string", "$key", "annotation"),
         Column("value", "string", "$value", "true: the policy decides nothing")),
        ("namespace", "policy", "key"),
    ),
    Table(
        "istio_revisions", "policies of Istio that are for one revision of its control plane",
        tuple(Rows(source, "metadata.labels{}", constants={"kind": kind}, keep=(REVISION,)) for kind, source in (
            ("PeerAuthentication", PEERS), ("AuthorizationPolicy", POLICIES))),
        (Column("kind", "string", "=kind", "kind of the policy"), *_POLICY,
         Column("key", "string", "$key", "label"), Column("value", "string", "$value", "the revision")),
        ("kind", "namespace", "policy", "key"),
    ),
    Table(
        "istio_rules", "rules of AuthorizationPolicies of Istio", (Rows(POLICIES, "spec.rules[]"),),
        (*_POLICY, Column("rule", "int64", "#", "position of the rule"),
         Column("sources", "int64", "from", "sources, any of which counts; 0: all", read="count", absent=0),
         Column("operations", "int64", "to", "operations, any of which counts; 0: all", read="count", absent=0)),
        ("namespace", "policy", "rule"),
    ),
    _items("istio_sources", "sources in rules of AuthorizationPolicies of Istio", "from", "source"),
    _values("istio_source_values", "identities and addresses that sources of Istio's rules list", "from", "source",
            SOURCES),
    _items("istio_operations", "operations in rules of AuthorizationPolicies of Istio", "to", "operation"),
    _values("istio_operation_values", "ports that operations of Istio's rules list", "to", "operation", OPERATIONS),
    Table(
        "istio_client_tls", "TLS that DestinationRules of Istio have clients use",
        tuple(Rows(RULES, f"spec.{path}") for path in _TLS),
        (Column("namespace", "string", "/metadata.namespace", "namespace of the rule"),
         Column("destination_rule", "string", "/metadata.name", "name of the rule"),
         Column("host", "string", "/spec.host", "service that it is for"),
         Column("mode", "string", "mode", "DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL", absent="DISABLE")),
        ("namespace", "destination_rule", "mode"),
    ),
    Table(
        "istio_envoy_filters", "EnvoyFilters of Istio, which change proxies; their content is not read",
        (Rows(FILTERS),), identity(), ("namespace", "name"), kind="EnvoyFilter",
    ),
    unread("istio_unread_fields", "PeerAuthentications and AuthorizationPolicies of Istio", RESOURCES[:2]),
)
