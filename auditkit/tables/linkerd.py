"""Linkerd: Servers, which are ports of pods, and who may connect to them.

What is read says whether a port takes clients without mutual TLS. Who exactly may connect is not read, and unknown.
Linkerd has a kind of the name of one of Istio: it has its own tables.

Source: linkerd/linkerd2, ``policy-controller/k8s/api/src/policy`` (server.rs at 21459a1, server_authorization.rs at
0e601f5), and Linkerd's reference (latest, 2026) for what is newer.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows
from auditkit.tables.unread import unread

GROUP = "policy.linkerd.io"
SERVERS, POLICIES = f"servers.{GROUP}", f"authorizationpolicies.{GROUP}"
AUTHORIZATIONS = f"serverauthorizations.{GROUP}"

RESOURCES = (
    Resource(SERVERS, "Server", ("v1beta3", "v1beta2", "v1beta1"), builtin=False, exact=True,
             harmless=("spec.proxyProtocol",)),
    Resource(POLICIES, "AuthorizationPolicy", ("v1alpha1",), builtin=False, exact=True,
             harmless=("spec.targetRef.group", *(f"spec.requiredAuthenticationRefs[].{name}" for name in (
                 "group", "namespace", "name")))),
    Resource(AUTHORIZATIONS, "ServerAuthorization", ("v1beta1", "v1alpha1"), builtin=False, exact=True,
             harmless=("spec.client.networks", *(f"spec.client.meshTLS.{name}" for name in (
                 "identities", "serviceAccounts")))),
)
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
         Column("required_kind", "string", "kind", "MeshTLSAuthentication, NetworkAuthentication or ServiceAccount")),
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
    unread("linkerd_unread_fields", "Servers and authorizations of Linkerd", RESOURCES),
)
