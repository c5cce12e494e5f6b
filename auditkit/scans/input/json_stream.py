"""JSON of any size, an element at a time: memory is that of one element, wherever in the document it stands.

A **path** names a list and stands for its elements: ``results[]``, ``Results[].Vulnerabilities[]``, or ``[]`` of a
document that is a list. A step may give a choice of keys, ``Results[].Vulnerabilities|Secrets[]``, or any: ``*[]``.
Nesting is limited, because deep nesting costs the parser memory and the reader its stack.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any, BinaryIO

import ijson
from ijson.common import ObjectBuilder

from auditkit.scans.model import Broken, Position

MAX_DEPTH = 200
MAX_VALUES = 1_500_000
"""How many values one element, or what is left of a document in an outline, can have: some 200 MB."""
MAX_STRING = 16 << 20
_CHUNK = 1 << 16
_START, _END = {"start_map", "start_array"}, {"end_map", "end_array"}

_Steps = tuple[frozenset[str] | None, ...]
_ANY = frozenset("*")
_Event = tuple[str, Any, int]


def steps_of(path: str) -> _Steps:
    """A path as sets of keys, with ``None`` for each list: ``a[].b|c[]`` → ``({a}, None, {b, c}, None)``."""
    return tuple(None if step == "[]" else frozenset(step.split("|"))
                 for step in path.replace("[]", ".[]").split(".") if step)


# Python refuses to read integers of more than 4300 digits, and the parser cannot pass that on: such a run, of which
# one chunk has the half, is looked for before. The thinned chunk spares nearly all chunks the search.
_DIGITS, _MANY_DIGITS, _THINNED = re.compile(rb"[0-9]{2}"), re.compile(rb"[0-9]{2100}"), 1000


class _Counted:
    """A stream that knows how far it was read, and refuses numbers and texts without end."""

    def __init__(self, stream: BinaryIO):
        self._stream, self.bytes, self._without_quote, self.ended = stream, 0, 0, False

    def read(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        if _DIGITS.search(chunk[::_THINNED]) and _MANY_DIGITS.search(chunk):
            raise Broken(f"a number in it is too long (after byte {self.bytes})")
        self.bytes += len(chunk)
        self.ended = not chunk
        self._without_quote = 0 if b'"' in chunk else self._without_quote + len(chunk)
        if self._without_quote > MAX_STRING and chunk.strip():
            raise Broken(f"a value in it is longer than {MAX_STRING >> 20} MiB (before byte {self.bytes})")
        return chunk


def _events(stream: BinaryIO) -> Iterator[_Event]:
    """The parser's events, each with the number of containers that are open around its value.

    Raises `Broken`; its text never has any of the content.
    """
    counted, depth = _Counted(stream), 0
    try:
        for event, value in ijson.basic_parse(counted, multiple_values=True, buf_size=_CHUNK):
            if event in _END:
                depth -= 1
            yield event, float(value) if value.__class__ is Decimal else value, depth
            if event in _START:
                depth += 1
                if depth > MAX_DEPTH:
                    raise Broken(f"it is nested deeper than {MAX_DEPTH} levels (before byte {counted.bytes})")
    except InvalidOperation:
        raise Broken(f"a number in it is too large (before byte {counted.bytes})") from None
    except ijson.JSONError:
        if counted.ended:  # the parser complains only after it asked for more and got nothing: a value is not whole
            raise Broken(f"it is cut off after {counted.bytes} bytes", cut=True) from None
        raise Broken(f"it stops being valid JSON before byte {counted.bytes}") from None
    except UnicodeError:
        raise Broken(f"it is not UTF-8 before byte {counted.bytes}") from None


def _built(first: _Event, events: Iterator[_Event]) -> Any:
    """The value that begins with this event, taken off the events."""
    event, value, depth = first
    if event not in _START:
        return value
    builder = ObjectBuilder()
    builder.event(event, value)
    for count, (event, value, at) in enumerate(events):
        builder.event(event, value)
        if at == depth and event in _END:
            break
        if count > MAX_VALUES:
            raise Broken(f"one of its elements has more than {MAX_VALUES:,} values")
    return builder.value


def values(stream: BinaryIO) -> Iterator[Any]:
    """Each of the documents that stand one after another in a stream. Raises `Broken`."""
    events = _events(stream)
    for event in events:
        yield _built(event, events)


def elements(stream: BinaryIO, path: str) -> Iterator[tuple[Position, Any]]:
    """The elements at a path of the first document, each with its position.

    Raises `Broken` after the last element that came before the break.
    """
    steps, events = steps_of(path), _events(stream)
    telling = [at for at, keys in enumerate(steps) if keys is None or len(keys) > 1 or keys == _ANY]
    trail: list[str | int | None] = []  # for each open container on the way: the key, or the position in the list
    for step in events:
        event, value, depth = step
        on_way = depth == len(trail)
        if event == "map_key":
            if on_way:
                trail[-1] = value
        elif event in _END:
            if depth < len(trail):
                trail.pop()
            if not depth:
                return _end(events)
        elif on_way and _leads_on(trail, steps):
            if depth == len(steps):
                yield tuple(known for at in telling if (known := trail[at]) is not None), _built(step, events)
            elif event in _START:
                trail.append(None if event == "start_map" else -1)
            elif not depth:
                return _end(events)


def _end(events: Iterator[_Event]) -> None:
    """The first document ends here; raises `Broken` where more follows."""
    for _ in events:
        raise Broken("there is more content after the end of the document, which was not read")


def _leads_on(trail: list[str | int | None], steps: _Steps) -> bool:
    """True if a value in the innermost container lies on the way; counts it where that is a list."""
    if not trail:
        return True
    keys = steps[len(trail) - 1]
    if isinstance(trail[-1], int):
        trail[-1] += 1
        return keys is None
    return keys is not None and (trail[-1] in keys or keys is _ANY or keys == _ANY)


class Outline(ObjectBuilder):  # type: ignore[misc]  # ijson has no types
    """A document that is being built without the elements of some lists; ``value`` is what there is of it so far.

    Paths that do not end in ``[]`` are of values that are left out: ``null`` stands for them. ``wrong`` names the
    places that should be lists and are something else.
    """

    def __init__(self, *without: str):
        super().__init__()
        self._lists = _places(path.removesuffix("[]") for path in without if path.endswith("[]"))
        self._dropped = _places(path for path in without if not path.endswith("[]"))
        self._kept = 0
        self.wrong: list[str] = []

    def event(self, event: str, value: Any) -> None:
        """Add to the document. Raises `Broken` where it becomes too much."""
        self._kept += 1
        if self._kept > MAX_VALUES:
            raise Broken(f"it has more than {MAX_VALUES:,} values in addition to its results")
        super().event(event, value)

    def build(self, stream: BinaryIO) -> None:
        """Read the first document. Raises `Broken`, and then ``value`` is what came before."""
        trail: list[str | None] = []
        skip_to, silently = -1, False
        events = _events(stream)
        for event, value, depth in events:
            if skip_to >= 0:
                if depth > skip_to or event not in _END:
                    continue
                skip_to = -1
                if silently:
                    continue
            elif event == "map_key":
                trail[-1] = value
            elif event in _END:
                trail.pop()
            elif (place := tuple(trail)) in self._dropped:
                skip_to, silently = depth if event in _START else -1, True
                self.event("null", None)
                continue
            elif place in self._lists:
                if event == "start_array":
                    skip_to, silently = depth, False
                elif event != "null":
                    self.wrong.append(".".join("[]" if step is None else step for step in trail).replace(".[]", "[]"))
            self.event(event, value)
            if event in _START and skip_to < 0:
                trail.append(None)
            if not depth and event not in _START:
                return _end(events)
        return None


def _places(paths: Iterable[str]) -> set[tuple[str | None, ...]]:
    """The places of these paths, each choice of keys being one of its own."""
    return {place for path in paths for place in product(*(step or (None,) for step in steps_of(path)))}
