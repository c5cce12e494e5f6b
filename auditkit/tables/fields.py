"""What is known of the fields of a kind, so that an object with any other field is known by name and never judged.

The API grows: a new field may attach a route to other listeners, or change what one does. A column reads the fields
that its tables are made of; `Known` names those that change nothing of what is worked out from these tables. What
neither reads nor names is a row of a table ``unread_…_fields``, and what depends on its object is not known.
"""

from collections.abc import Iterable
from typing import NamedTuple

from auditkit.tables.model import Column, Resource, Rows, Table

OTHERS = "?"
"""As the path of `Rows`: one row for each field of the object that no column reads and `Known` does not name."""


class Known(NamedTuple):
    """The fields of a resource that nothing is made of, and that change nothing: each with all that is in it."""

    resource: str
    harmless: tuple[str, ...]


ALWAYS = ("apiVersion", "kind", "metadata", "status")
"""Fields in which nothing is decided: a controller's word is read where a column says so, and else not needed."""


def unread(name: str, about: str, resources: Iterable[Resource]) -> Table:
    """The table of the fields that are not understood in objects of these resources: what is worked out from some
    kinds does not depend on the lists of others."""
    return Table(
        name, f"fields of {about} that auditkit does not understand: what depends on such an object is not known",
        tuple(Rows(one.name, OTHERS, constants={"group": one.group, "kind": one.kind}) for one in resources),
        (
            Column("group", "string", "=group", "API group of the object"),
            Column("kind", "string", "=kind", "kind of the object"),
            Column("namespace", "string", "/metadata.namespace", "namespace of the object"),
            Column("name", "string", "/metadata.name", "name of the object"),
            Column("field", "string", ".", "place of the field"),
        ),
        ("group", "kind", "namespace", "name", "field"),
    )
