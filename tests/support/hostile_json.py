"""Answers that cannot be read, or not as what was asked for: harms to the bytes of a JSON document."""

import json
import re
from collections.abc import Callable

DEEP = b"[" * 100_000 + b"]" * 100_000

VALUES: dict[str, bytes] = {
    "nested 100,000 deep": DEEP,
    "a number of 5,000 digits": b"1" * 5_000,
    "a number of 30 digits": b"1" * 30,
    "a number beyond every float": b"1e999",
    "a lone surrogate": rb'"\ud800"',
    "bad UTF-8": b'"\xff\xfe"',
    "a bare NUL": b'"\x00"',
    "a list": b'[{"name": "a"}]',
    "a list of nothing": b"[null]",
    "a mapping of lists": b'{"a": [], "b": {"c": []}}',
    "a text": b'"9999-12-31T23:59:59-23:59 "',
    "a fraction": b"1.5",
    "a truth": b"true",
}
"""Values that no place of an API object has, or few; as they would be written."""

BODIES: dict[str, bytes] = {
    "empty": b"", "NUL": b"\x00" * 100, "null": b"null", "a list": b"[]", "an empty mapping": b"{}", "a text": b'"text"',
    "a page of a proxy": b"<html>504 Gateway Time-out</html>", "nested 100,000 deep": DEEP, "mappings 100,000 deep":
    b'{"items":' * 100_000 + b"1" + b"}" * 100_000, "UTF-16": '{"items": []}'.encode("utf-16"),
    "a list where the items belong": b'{"kind": "List", "metadata": [], "items": []}',
    "a mapping where the items belong": b'{"kind": "List", "metadata": {}, "items": {"a": {}}}',
}
"""Whole answers in the place of a list, of a discovery document, or of a review."""


def _first(item: bytes) -> Callable[[bytes], bytes]:
    """Put an item before all others of a list, or rows of a table."""
    return lambda body: re.sub(rb'"(items|rows)":\[(\]?)', lambda found: b'"%s":[%s%s' % (
        found[1], item, found[2] or b","), body, count=1)


ITEMS: dict[str, Callable[[bytes], bytes]] = {
    **{f"an item that is {name}": _first(value) for name, value in VALUES.items()},
    **{f"an item whose name is {name}": _first(
        b'{"metadata":{"namespace":"default","name":%s},"object":{"metadata":{"name":%s}}}' % (value, value))
       for name, value in VALUES.items() if name != "a text"},
    **{f"an item whose metadata is {name}": _first(b'{"metadata":%s,"object":{"metadata":%s}}' % (value, value))
       for name, value in VALUES.items()},
    "an empty item": _first(b"{}"),
}
"""What befalls a list by one object in it."""

HARMS: dict[str, Callable[[bytes], bytes]] = {
    **ITEMS, **{name: lambda _, body=body: body for name, body in BODIES.items()},
    "cut short": lambda body: body[:len(body) // 2],
    "a byte that is not UTF-8": lambda body: body.replace(b'":', b'\xff":', 1),
}


def planted(path: str, value: bytes) -> bytes:
    """An object in which a value stands at a place such as ``spec.rules[].http``, as JSON."""
    inner = value
    for step in reversed(path.split(".")):
        bare = step.removesuffix("[]").removesuffix("{}")
        inner = b"[%s]" % inner if step.endswith("[]") else b'{"kept":%s}' % inner if step.endswith("{}") else inner
        inner = b"{%s:%s}" % (json.dumps(bare).encode(), inner) if bare else inner
    return inner
