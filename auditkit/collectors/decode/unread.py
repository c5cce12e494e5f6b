"""Fields of objects that nobody reads: found in the bodies of lists, by the places that the tables declare.

Only the places of such fields are kept, never what is in them.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pyarrow as pa

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.decode.structs import places
from auditkit.tables import TABLES
from auditkit.tables.entrances import KNOWN
from auditkit.tables.fields import ALWAYS, OTHERS
from auditkit.tables.model import Rows

SHOWN = 20
"""So many fields of an object are named; one is enough to know that it is not understood."""
LENGTH = 200
"""Characters of a place that are kept."""

_Tree = dict[str, "_Tree"]
"""The fields that are known in a place; one without fields of its own is known with all that is in it."""

UNREAD = {rows.source: (table, rows) for table in TABLES.values() for rows in table.rows if rows.path == OTHERS}
"""The table that takes the unread fields of each resource, and its rows."""


@cache
def known_fields(source: str) -> tuple[str, ...]:
    """The places in the ``spec`` of a resource that a column reads, with lists and maps as ``[]``."""
    read = {place for table in TABLES.values() for rows in table.rows
            if rows.source == source and rows.path != OTHERS and rows.label != "table"
            for column in table.columns for place in places(rows, column)}
    return tuple(sorted(place.replace("{}", "[]") for place in read if place.startswith("spec.")))


@cache
def _tree(source: str) -> _Tree:
    """All fields that are known. What a column reads as a whole ends there, and so does what changes nothing."""
    tree: _Tree = {}
    for place in (*ALWAYS, *known_fields(source), *KNOWN[source]):
        here = tree
        for name in place.replace("[]", "").split("."):
            here = here.setdefault(name, {})
    return tree


def unread(body: bytes, source: str) -> dict[str, list[pa.RecordBatch]]:
    """Rows for the objects of a list that have unread fields, by table; none for a resource whose fields are not
    declared."""
    if source not in UNREAD:
        return {}
    table, rows = UNREAD[source]
    found = [row for item in _items(body) for row in _of(item, rows, _tree(source))]
    return {table.name: [pa.RecordBatch.from_pylist(found, schema=table.schema)]} if found else {}


def _items(body: bytes) -> list[Any]:
    """The objects of a list. What is no list of objects has been told of before."""
    try:
        whole = msgspec.json.decode(body)
    except UNDECODABLE:
        return []
    items = whole.get("items") if isinstance(whole, dict) else None
    return items if isinstance(items, list) else []


def _of(item: Any, rows: Rows, tree: _Tree) -> Iterator[dict[str, Any]]:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return
    fields = dict.fromkeys(field[:LENGTH] for field in _strange(item, tree, ""))
    for field in list(fields)[:SHOWN]:
        yield {**rows.constants, "namespace": metadata.get("namespace"), "name": metadata["name"], "field": field}


def _strange(value: Any, tree: _Tree, place: str) -> Iterator[str]:
    """The places below a value that are not in the tree, and hold anything."""
    if isinstance(value, list):
        for element in value:
            yield from _strange(element, tree, f"{place}[]")
    elif isinstance(value, dict) and tree:
        for name, inner in value.items():
            here = f"{place}.{name}".lstrip(".")
            if name in tree:
                yield from _strange(inner, tree[name], here)
            elif inner not in (None, {}, []):
                yield here
