"""Fields of objects that auditkit does not read: what depends on such an object is not known."""

from collections.abc import Iterable

from auditkit.tables.model import Column, Resource, Rows, Table


def unread(name: str, about: str, resources: Iterable[Resource]) -> Table:
    """The table of the unread fields in objects of these resources, which are ``exact``.

    There is one for each set of kinds: what is worked out from some does not depend on the lists of others.
    """
    return Table(
        name, f"fields of {about} that auditkit does not read: what depends on such an object is not known",
        tuple(Rows(one.name, "unreadFields[]", constants={"group": one.group, "kind": one.kind}) for one in resources),
        (
            Column("group", "string", "=group", "API group of the object"),
            Column("kind", "string", "=kind", "kind of the object"),
            Column("namespace", "string", "/metadata.namespace", "namespace of the object"),
            Column("name", "string", "/metadata.name", "name of the object"),
            Column("field", "string", ".", "place of the field; its content is not read"),
        ),
        ("group", "kind", "namespace", "name", "field"),
    )
