"""Linkerd: Servers, which are ports of pods, and who may connect to them.

What is read says whether a port takes clients without mutual TLS, and by which identities and networks clients are
let in. Linkerd has a kind of the name of one of Istio: it has its own tables.

Source: linkerd/linkerd2, ``policy-controller/k8s/api/src/policy`` (server.rs at 21459a1, server_authorization.rs at
0e601f5, meshtls_authentication.rs, network_authentication.rs), and Linkerd's reference (latest, 2026) for what is
newer.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows
from auditkit.tables.unread import unread

GROUP = "policy.linkerd.io"
SERVERS, POLICIES = f"servers.{GROUP}", f"authorizationpolicies.{GROUP}"
AUTHORIZATIONS = f"serverauthorizations.{GROUP}"
MESH_TLS, NETWORKS = f"meshtlsauthentications.{GROUP}", f"networkauthentications.{GROUP}"

RESOURCES = (
    Resource(SERVERS, "Server", ("v1beta3", "v1beta2", "v1beta1"), builtin=False, exact=True,
             harmless=("spec.proxyProtocol",)),
    Resource(POLICIES, "AuthorizationPolicy", ("v1alpha1",), builtin=False, exact=True,
             harmless=("spec.targetRef.group", "spec.requiredAuthenticationRefs[].group")),
    Resource(AUTHORIZATIONS, "ServerAuthorization", ("v1beta1", "v1alpha1"), builtin=False, exact=True),
    Resource(MESH_TLS, "MeshTLSAuthentication", ("v1alpha1",), builtin=False, exact=True,
             harmless=("spec.identityRefs[].group",)),
    Resource(NETWORKS, "NetworkAuthentication", ("v1alpha1",), builtin=False, exact=True),
)
_SHOWN = {"MeshTLSAuthentication": MESH_TLS, "NetworkAuthentication": NETWORKS}
_NAMESPACE = Column("namespace", "string", "/metadata.namespace", "namespace of the object")

TABLES = (
    Table(
        "linkerd_servers", "Servers of Linkerd: ports of pods that have an authorization of their own",
        (Rows(SERVERS),),
        (*identity(),
         Column("port", "string", "spec.port", "port of the pods, by number or name", read="text"),
         Column("for_pods", "boolean", "spec.podSelector", "it is for pods", read="present"),
         Column("access_policy", "string", "spec.accessPolicy", "what holds where nobody is authorized", absent="deny"),
         ),
        ("namespace", "name"), kind="Server",
    ),
    Table(
        "linkerd_server_selectors", "pods that Servers of Linkerd are for: one row for each requirement and value",
        selector_rows(SERVERS, "spec.podSelector", {"kind": "Server"}),
        (Column("kind", "string", "=kind", "kind of the object"), _NAMESPACE,
         Column("server", "string", "/metadata.name", "name of the Server"), *SELECTOR),
        ("namespace", "server", "form", "requirement", "value"),
    ),
    Table(
        "linkerd_authorization_policies", "AuthorizationPolicies of Linkerd: who may connect to a Server or namespace",
        (Rows(POLICIES),),
        (*identity(),
         Column("target_kind", "string", "spec.targetRef.kind", "Server, Namespace, HTTPRoute and others"),
         Column("target", "string", "spec.targetRef.name", "its name"),
         Column("required", "int64", "spec.requiredAuthenticationRefs", "what clients must show; 0: nothing",
                read="count", absent=0)),
        ("namespace", "name"),
    ),
    Table(
        "linkerd_required", "what AuthorizationPolicies of Linkerd ask of clients",
        (Rows(POLICIES, "spec.requiredAuthenticationRefs[]"),),
        (_NAMESPACE, Column("policy", "string", "/metadata.name", "name of the policy"),
         Column("position", "int64", "#", "position in the list"),
         Column("required_kind", "string", "kind", "MeshTLSAuthentication, NetworkAuthentication or ServiceAccount"),
         Column("required_namespace", "string", "namespace", "its namespace; <NA>: that of the policy"),
         Column("required", "string", "name", "its name")),
        ("namespace", "policy", "position"),
    ),
    Table(
        "linkerd_server_authorizations", "ServerAuthorizations of Linkerd: who may connect to Servers",
        (Rows(AUTHORIZATIONS),),
        (*identity(),
         Column("server", "string", "spec.server.name", "the Server by name; <NA>: Servers by label"),
         Column("unauthenticated", "boolean", "spec.client.unauthenticated", "clients need no TLS", absent=False),
         Column("unauthenticated_tls", "boolean", "spec.client.meshTLS.unauthenticatedTLS",
                "clients need no identity", absent=False),
         Column("mesh_tls", "boolean", "spec.client.meshTLS", "clients need TLS", read="present")),
        ("namespace", "name"), kind="ServerAuthorization",
    ),
    Table(
        "linkerd_authentications", "MeshTLSAuthentications and NetworkAuthentications of Linkerd: what clients show",
        tuple(Rows(source, constants={"kind": kind}) for kind, source in _SHOWN.items()),
        (Column("kind", "string", "=kind", "kind of the object"), *identity()),
        ("kind", "namespace", "name"), kind="kind",
    ),
    Table(
        "linkerd_clients", "identities and networks that Linkerd's authentications and ServerAuthorizations list",
        (*(Rows(source, path, form, {"kind": kind, "form": form}) for kind, source, path, form in (
            ("MeshTLSAuthentication", MESH_TLS, "spec.identities[]", "identity"),
            ("MeshTLSAuthentication", MESH_TLS, "spec.identityRefs[]", "reference"),
            ("NetworkAuthentication", NETWORKS, "spec.networks[]", "network"),
            ("ServerAuthorization", AUTHORIZATIONS, "spec.client.meshTLS.identities[]", "identity"),
            ("ServerAuthorization", AUTHORIZATIONS, "spec.client.meshTLS.serviceAccounts[]", "account"),
            ("ServerAuthorization", AUTHORIZATIONS, "spec.client.networks[]", "network"))),),
        (Column("kind", "string", "=kind", "kind of the object"), _NAMESPACE,
         Column("name", "string", "/metadata.name", "name of the object"),
         Column("form", "string", "=form", "identity, reference, account or network"),
         Column("position", "int64", "#", "position in the list"),
         Column("client_kind", "string", {"identity": "=none", "reference": "kind", "account": "'ServiceAccount",
                                          "network": "=none"}, "ServiceAccount or Namespace"),
         Column("client_namespace", "string", {"identity": "=none", "reference": "namespace", "account": "namespace",
                                               "network": "=none"}, "its namespace; <NA>: that of the object"),
         Column("client", "string", {"identity": ".", "reference": "name", "account": "name", "network": "cidr"},
                "identity, name, or address range")),
        ("kind", "namespace", "name", "form", "position"),
    ),
    Table(
        "linkerd_excepted", "address ranges that networks of Linkerd leave out",
        tuple(Rows(source, path, constants={"kind": kind}) for kind, source, path in (
            ("NetworkAuthentication", NETWORKS, "spec.networks[].except[]"),
            ("ServerAuthorization", AUTHORIZATIONS, "spec.client.networks[].except[]"))),
        (Column("kind", "string", "=kind", "kind of the object"), _NAMESPACE,
         Column("name", "string", "/metadata.name", "name of the object"),
         Column("position", "int64", "^#", "position of the network"),
         Column("cidr", "string", ".", "address range that is left out")),
        ("kind", "namespace", "name", "position", "cidr"),
    ),
    unread("linkerd_unread_fields", "Servers and authorizations of Linkerd", RESOURCES),
)
