"""Routes of OpenShift, without the certificates and keys that they may carry.

A live server is asked for its ``Table`` form with metadata only: it sends no keys there, and the cells say what is
needed (openshift/openshift-apiserver, pkg/route/printers/internalversion/printer.go). A server that serves Routes by a
CustomResourceDefinition has other cells; what these lack is not known. Files that somebody made hold whole objects; of
these only the same fields are decoded.
"""

from auditkit.tables.model import Column, Resource, Rows, Table
from auditkit.tables.unread import unread

ROUTES = "routes.route.openshift.io"
_HARMLESS = ("spec.path", "spec.subdomain", "spec.httpHeaders", "spec.tls.certificate", "spec.tls.key",
             "spec.tls.caCertificate", "spec.tls.destinationCACertificate", "spec.tls.externalCertificate")
"""Fields that change neither encryption nor what is behind a Route (openshift/api, route/v1/types.go, 2026-08-22)."""
RESOURCES = (Resource(ROUTES, "Route", ("v1",), form="table", builtin=False, exact=True, harmless=_HARMLESS),)


def _metadata(field: str) -> dict[str, str]:
    return {"table": f"object.metadata.{field}", "object": f"metadata.{field}"}


def _cell(name: str) -> dict[str, str]:
    return {"table": f"@{name}", "object": "=none"}


def _field(path: str) -> dict[str, str]:
    return {"table": "=none", "object": path}


_OF_ROUTE = (
    Column("namespace", "string", "/metadata.namespace", "namespace of the route"),
    Column("route", "string", "/metadata.name", "name of the route"),
)

TABLES = (
    Table(
        "openshift_routes", "Routes of OpenShift; their keys are never requested",
        (Rows(ROUTES, label="object"), Rows(ROUTES, label="table")),
        (
            Column("namespace", "string", _metadata("namespace"), "namespace of the object"),
            Column("name", "string", _metadata("name"), "name of the object"),
            Column("uid", "string", _metadata("uid"), "UID from the API server"),
            Column("created", "timestamp", _metadata("creationTimestamp"), "creation time at the API server"),
            Column("generation", "int64", _metadata("generation"), "how often its spec was changed"),
            Column("form", "string", {"table": "'table", "object": "'object"},
                   "table, as a server shows it, or object, as a file holds it"),
            Column("host", "string", _field("spec.host"), "host name that is asked for"),
            Column("host_cell", "string", _cell("Host/Port"),
                   "host name under which it is admitted, or why it is not, as the server shows it"),
            Column("services_cell", "string", _cell("Services"),
                   "services with their shares, as the server shows them"),
            Column("port", "string", {"table": "@Port", "object": "spec.port.targetPort"},
                   "port of the pods by number, or of the service by name; <all> or <NA>: all", read="text"),
            Column("termination_cell", "string", _cell("Termination"),
                   "termination of TLS, and what happens to insecure requests, as the server shows them"),
            Column("has_tls", "boolean", _field("spec.tls"), "TLS is configured", read="present"),
            Column("tls_termination", "string", _field("spec.tls.termination"), "edge, reencrypt or passthrough"),
            Column("insecure", "string", _field("spec.tls.insecureEdgeTerminationPolicy"),
                   "Allow, Redirect or None; <NA>: None"),
            Column("wildcard", "string", {"table": "@Wildcard", "object": "spec.wildcardPolicy"},
                   "Subdomain: for all hosts beside its own"),
        ),
        ("namespace", "name"), kind="Route",
    ),
    Table(
        "openshift_route_services", "services behind Routes of OpenShift, where whole objects were given",
        (Rows(ROUTES, "spec.to"), Rows(ROUTES, "spec.alternateBackends[]")),
        (
            *_OF_ROUTE,
            Column("to_kind", "string", "kind", "kind of what is behind it", absent="Service"),
            Column("to", "string", "name", "its name"),
            Column("weight", "int64", "weight", "share of the traffic; 0: none", absent=100),
        ),
        ("namespace", "route", "to_kind", "to"),
    ),
    Table(
        "openshift_route_admissions", "what routers say of Routes, where whole objects were given",
        (Rows(ROUTES, "status.ingress[].conditions[]"),),
        (
            *_OF_ROUTE,
            Column("router", "string", "^routerName", "name of the router"),
            Column("host", "string", "^host", "host name under which it is exposed"),
            Column("type", "string", "type", "type of the condition"),
            Column("status", "string", "status", "True, False or Unknown"),
            Column("reason", "string", "reason", "reason that the router gives, in one word"),
        ),
        ("namespace", "route", "router", "host", "type"),
    ),
    unread("unread_openshift_fields", "Routes of OpenShift, where whole objects were given", RESOURCES),
)
