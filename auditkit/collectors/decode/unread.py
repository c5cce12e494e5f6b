"""Fields of an object that no table reads, by their place: what they say may change what the object decides.

Tables are an allow-list, so a field that nobody declared leaves no trace. Of objects that decide by all of their fields
(``Resource.exact``) the places of such fields are kept, never what stands there.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.decode.structs import Node, declared
from auditkit.tables import RESOURCES

FIELD = "unreadFields"
"""Where the places stand in the object that is then decoded; a field of this name in the object itself is lost."""
_DECIDES_NOTHING = {"apiVersion", "kind", "metadata", "status", FIELD}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_MOST = 100
"""So many places of an object are named at most."""
MORE = "(further fields)"
"""Stands for the places that are not named. It is no place, so that nobody takes it for one that changes nothing."""


def with_unread(body: bytes, source: str) -> bytes:
    """A list body in which each object says which of its fields no table reads. What is no list stays as it is."""
    try:
        page = msgspec.json.decode(body)
    except UNDECODABLE:
        return body
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list):
        return body
    root = _known(source)
    for item in items:
        if isinstance(item, dict):
            places = _unread(item, root)
            item[FIELD] = [*islice(places, _MOST), *(MORE for _ in islice(places, 1))]
    return msgspec.json.encode(page)


def _known(source: str) -> Node:
    """The places that are declared, and those that change nothing, with all that is in them."""
    root = declared(source, "object")
    for place in RESOURCES[source].harmless:
        node = root.at(place)
        node.fields, node.element, node.entry = {}, None, None
    return root


def _unread(item: dict[str, Any], root: Node) -> Iterator[str]:
    """The places of an object's fields that are not declared, but for those that decide nothing."""
    yield from _below({name: value for name, value in item.items() if name not in _DECIDES_NOTHING}, root, "")


def _below(value: Any, node: Node, place: str) -> Iterator[str]:
    """The places below a value that are not declared; what a column counts or looks for is declared as a whole."""
    if isinstance(value, list) and node.element:
        for at, each in enumerate(value):
            yield from _below(each, node.element, f"{place}[{at}]")
    elif isinstance(value, dict) and node.entry:
        for each in value.values():
            yield from _below(each, node.entry, f"{place}{{}}")
    elif isinstance(value, dict) and node.fields:
        for name, each in value.items():
            inside = f"{place}.{name if _NAME.fullmatch(name) else '?'}".lstrip(".")
            if each is not None and name in node.fields:
                yield from _below(each, node.fields[name], inside)
            elif each is not None:
                yield inside
