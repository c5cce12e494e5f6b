"""Sets of ports: the ports of all protocols on one line, cut wherever a rule begins or ends.

A set of ports is then an integer with one bit a piece, and union, intersection and difference are ``|``, ``&`` and
``& ~``. Numbers on the line are ``protocol * 65536 + port``; port 0 is nobody's.
"""

from functools import cache

import numpy as np
import pandas as pd

PROTOCOLS = ("TCP", "UDP", "SCTP")
SPAN = 1 << 16


def protocol_base(protocol: pd.Series) -> np.ndarray:
    """Where the ports of a protocol begin on the line; -1 for what is no protocol with ports."""
    places = {name: at * SPAN for at, name in enumerate(PROTOCOLS)}
    return np.asarray(protocol.map(places).fillna(-1).to_numpy(np.int64))


class PortSpace:
    """The pieces into which these spans (half-open, on the line) cut the ports of all protocols."""

    def __init__(self, starts: np.ndarray, ends: np.ndarray):
        bases = np.arange(len(PROTOCOLS)) * SPAN
        self.cuts = np.unique(np.concatenate([bases, bases + 1, [len(PROTOCOLS) * SPAN], starts, ends]))
        self.pieces = len(self.cuts) - 1
        nobodys = sum(1 << int(at) for at in np.searchsorted(self.cuts, bases))
        self.all = ((1 << self.pieces) - 1) & ~nobodys
        self.ranges = cache(self._ranges)

    def masks(self, starts: np.ndarray, ends: np.ndarray) -> list[int]:
        """The set of each span; what is no span is the empty set."""
        first, last = (np.searchsorted(self.cuts, line).tolist() for line in (starts, np.maximum(starts, ends)))
        return [((1 << after) - (1 << before)) & self.all for before, after in zip(first, last, strict=True)]

    def piece(self, base: np.ndarray, port: np.ndarray) -> np.ndarray:
        """The piece that a port of a protocol (where its ports begin) lies in; -1 for what is no port."""
        ok = (base >= 0) & (port > 0) & (port < SPAN)
        return np.where(ok, np.searchsorted(self.cuts, base + port, side="right") - 1, -1)

    def bits(self, masks: list[int]) -> np.ndarray:
        """Sets as a boolean matrix, sets by pieces; a last column of ``False`` stands for what is no port."""
        size = self.pieces // 8 + 1
        raw = np.frombuffer(b"".join(mask.to_bytes(size, "little") for mask in masks), np.uint8).reshape(-1, size)
        return np.unpackbits(raw, axis=1, bitorder="little")[:, : self.pieces + 1].astype(bool)

    def _ranges(self, mask: int) -> tuple[tuple[str, int, int], ...]:
        """A set as (protocol, first port, last port), in order."""
        found: list[tuple[str, int, int]] = []
        for piece in np.flatnonzero(self.bits([mask])[0]).tolist():
            base, first = divmod(int(self.cuts[piece]), SPAN)
            last = int(self.cuts[piece + 1]) - base * SPAN - 1
            if found and found[-1][0] == PROTOCOLS[base] and found[-1][2] == first - 1:
                first = found.pop()[1]
            found.append((PROTOCOLS[base], first, last))
        return tuple(found)

    def text(self, mask: int) -> str:
        """A set in words: ``all``, ``TCP 80, TCP 8080-8090``, or nothing."""
        if mask == self.all:
            return "all"
        return ", ".join(f"{protocol} {first}" if first == last else
                         protocol if (first, last) == (1, SPAN - 1) else f"{protocol} {first}-{last}"
                         for protocol, first, last in self.ranges(mask))
