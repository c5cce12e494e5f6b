"""Entrances that custom resources open: of all their kinds, the fields that are not understood."""

from auditkit.tables import gateway_api, openshift
from auditkit.tables.fields import OTHERS
from auditkit.tables.model import Column, Rows, Table

_RESOURCES = (*gateway_api.RESOURCES, *openshift.RESOURCES)
KNOWN: dict[str, tuple[str, ...]] = {known.resource: known.harmless
                                    for known in (*gateway_api.KNOWN, *openshift.KNOWN)}
"""The fields of each resource that are known and change nothing, beside those that columns read."""

TABLES = (
    Table(
        "unread_fields", "fields of objects that auditkit does not understand: what depends on such an object is not "
                         "known",
        tuple(Rows(one.name, OTHERS, constants={"group": one.group, "kind": one.kind}) for one in _RESOURCES),
        (
            Column("group", "string", "=group", "API group of the object"),
            Column("kind", "string", "=kind", "kind of the object"),
            Column("namespace", "string", "/metadata.namespace", "namespace of the object"),
            Column("name", "string", "/metadata.name", "name of the object"),
            Column("field", "string", ".", "place of the field"),
        ),
        ("group", "kind", "namespace", "name", "field"),
    ),
)
