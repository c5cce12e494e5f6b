"""The keys of a large JSON document, wherever they stand, without parsing what lies between them.

A report of some hundred MiB says at its end what it is as often as at its beginning. Only quotes, brackets and colons
are looked at, a chunk at a time, by numpy: that takes a small part of the time of parsing, and the memory of a chunk.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

WINDOW = 16 << 10
_CHUNK = 1 << 18
_MAX_TEXT = 16 << 20
_DEEPEST = 2
"""Keys of the document, and of the objects right in it: deeper ones tell nothing that readers ask for."""
_MAX_KEYS = 50  # of one object within the document: some have one for each package

_OPENS, _CLOSES, _QUOTE, _COLON = 1, 2, 3, 4
_KINDS = np.zeros(256, np.uint8)
_KINDS[list(b"{[")], _KINDS[list(b"}]")], _KINDS[ord('"')], _KINDS[ord(":")] = _OPENS, _CLOSES, _QUOTE, _COLON


class Key(NamedTuple):
    """A key: its name, how deep it stands (1: of the document itself), where its value begins, and how."""

    name: str
    depth: int
    at: int
    value: bytes


def keys(stream: BinaryIO) -> Iterator[Key]:
    """The keys of a document and of the objects in it, in their order; of a list, those of its first element.

    The stream begins with the document. Of what is no JSON it yields what seem to be keys, never an error.
    """
    part = _Part()
    while part.read(stream):
        yield from part.keys()
        part.advance()


class _Part:
    """The piece of the document that is looked at: it begins outside of any text, at a depth that is known."""

    def __init__(self) -> None:
        self._bytes, self._at, self._depth = b"", 0, 0
        self._base = -1  # 1 of a list, whose elements lie a level deeper
        self._ended = self._last = False
        self._counts: dict[int, int] = {}

    def read(self, stream: BinaryIO) -> bool:
        """Read on; whether there is anything left to look at."""
        if self._ended or self._last:
            return False
        chunk = stream.read(_CHUNK)
        self._last = len(chunk) < _CHUNK
        self._bytes += chunk
        content = self._bytes
        if b"\\" in content:
            content = content.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        kinds = _KINDS[np.frombuffer(content, np.uint8)]
        self._places = np.flatnonzero(kinds)
        self._kinds = kinds[self._places]
        quotes = self._kinds == _QUOTE
        self._open = np.cumsum(quotes, dtype=np.uint8) & 1 == 1  # within a text, or at the quote that begins it
        outside = ~self._open & ~quotes
        steps = (self._kinds == _OPENS).astype(np.int32) - (self._kinds == _CLOSES)
        self._depths = np.cumsum(np.where(outside, steps, 0), dtype=np.int32) + self._depth
        self._cuts = np.flatnonzero((outside & (self._kinds != _COLON)) | (quotes & self._open))
        self._colons = np.flatnonzero(outside & (self._kinds == _COLON))
        self._opening, self._closing = np.flatnonzero(quotes & self._open), np.flatnonzero(quotes & ~self._open)
        if self._base < 0 and len(self._places):
            self._base = int(content[self._places[0]:self._places[0] + 1] == b"[")
        return bool(len(self._bytes))

    def keys(self) -> Iterator[Key]:
        """The keys before the place where the next piece begins."""
        end = self._end()
        ends = np.flatnonzero((self._kinds == _CLOSES) & ~self._open & (self._depths <= self._base))
        if len(ends) and self._places[ends[0]] < end:
            self._ended, end = True, int(self._places[ends[0]])
        shallow = self._colons[(self._depths[self._colons] <= _DEEPEST + self._base)
                               & (self._places[self._colons] < end)]
        before = np.searchsorted(self._closing, shallow) - 1
        for colon, close in zip(shallow.tolist(), before.tolist(), strict=True):
            depth = int(self._depths[colon]) - self._base
            if close < 0 or not self._counted(depth):
                continue
            first, last = self._places[self._opening[close]], self._places[self._closing[close]]
            name = self._bytes[first + 1:last].decode("utf-8", "replace")
            at = int(self._places[colon]) + 1
            yield Key(name, depth, self._at + at, self._bytes[at:at + WINDOW])

    def _counted(self, depth: int) -> bool:
        """True if a key is among the first of its object."""
        self._counts[depth] = self._counts.get(depth, 0) + 1
        if depth < _DEEPEST:
            self._counts[_DEEPEST] = 0
        return depth < _DEEPEST or self._counts[depth] <= _MAX_KEYS

    def _end(self) -> int:
        """Where the next piece begins: so that every key before it is seen with the beginning of its value."""
        if self._last:
            return len(self._bytes)
        before = self._cuts[self._places[self._cuts] <= len(self._bytes) - WINDOW]
        return int(self._places[before[-1]]) if len(before) else 0

    def advance(self) -> None:
        """Leave what was looked at."""
        end = self._end()
        if end:
            passed = np.searchsorted(self._places, end)
            self._depth = int(self._depths[passed - 1]) if passed else self._depth
            self._bytes, self._at = self._bytes[end:], self._at + end
        self._ended |= len(self._bytes) > _MAX_TEXT
