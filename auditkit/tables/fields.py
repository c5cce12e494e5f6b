"""What is known of the fields of a kind, so that an object with any other field is known by name and never judged.

The API grows: a new field may attach a route to other listeners, or change what one does. A column reads the fields
that its tables are made of; `Known` names those that change nothing of what is worked out from these tables. What
neither reads nor names is a row of ``unread_fields``, and what depends on its object is not known.
"""

from typing import NamedTuple

OTHERS = "?"
"""As the path of `Rows`: one row for each field of the object that no column reads and `Known` does not name."""


class Known(NamedTuple):
    """The fields of a resource that nothing is made of, and that change nothing: each with all that is in it."""

    resource: str
    harmless: tuple[str, ...]


ALWAYS = ("apiVersion", "kind", "metadata", "status")
"""Fields in which nothing is decided: a controller's word is read where a column says so, and else not needed."""
