"""How much a collection may ask of a server, and take from it."""

import math
import threading
import time

import msgspec

from auditkit.collectors.sources.model import NeverAnswered, TooLate

KUBELETS = 32
"""Kubelets that are asked at the same time: most answer at once, and those of nodes that are gone not at all."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a collection. What is reached within them is kept, and the ledger says where it ended.

    ``seconds``: of the whole collection. ``kubelet_seconds``: of all requests to kubelets together.
    ``response_seconds``: of one response, from the request to its last byte.
    ``response_bytes``: of one response, uncompressed. ``bytes``: of all of them. ``pages``: of one list.
    ``pause_seconds``: the longest pause that a server may ask for (``Retry-After``). ``rate``: requests a second at
    most, 0 for any number.
    """

    seconds: float = 3600
    kubelet_seconds: float = 60
    response_seconds: float = 300
    response_bytes: int = 256 * 2**20
    bytes: int = 16 * 2**30
    pages: int = 20_000
    pause_seconds: float = 60
    rate: float = 0


class Budget:
    """What is left of the bounds of one collection. Many threads spend it."""

    def __init__(self, bounds: Bounds):
        self.bounds = bounds
        self._ends, self._bytes = time.monotonic() + bounds.seconds, bounds.bytes
        self._next, self._lock = 0.0, threading.Lock()
        self.pauses, self.paused = 0, 0.0
        """How often the server asked for a pause, and for how many seconds in all."""

    def turn(self, until: float = math.inf) -> float:
        """Wait until the rate allows another request; how long its response may take then.

        ``until``: when it must have come, by the monotonic clock. Raises `TooLate` where that is too soon, and
        `NeverAnswered` where the time of the collection is up.
        """
        with self._lock:
            turn = max(self._next, time.monotonic())
            self.verify(turn)
            if turn >= until:
                raise TooLate("there was no time left for the request")
            if self.bounds.rate:
                self._next = turn + 1 / self.bounds.rate
        time.sleep(max(0.0, turn - time.monotonic()))
        return max(0.01, min(self._ends - turn, until - turn, self.bounds.response_seconds))

    def verify(self, moment: float) -> None:
        """Raises `NeverAnswered` where the time of the collection is up at a moment of the monotonic clock."""
        if moment >= self._ends:
            raise NeverAnswered(f"the collection reached its bound of {self.bounds.seconds:g} seconds")

    def spend(self, size: int) -> None:
        """Count the bytes of a response. Raises `NeverAnswered` where there have been too many."""
        with self._lock:
            self._bytes -= size
            if self._bytes < 0:
                raise NeverAnswered(f"the collection reached its bound of {self.bounds.bytes:,} bytes")

    def pause(self, seconds: float, *, asked: bool) -> bool:
        """Wait, if that is within the bounds: whether it was. ``asked``: the server asked for it."""
        if seconds > self.bounds.pause_seconds or seconds >= self._ends - time.monotonic():
            return False
        if asked:
            with self._lock:
                self.pauses, self.paused = self.pauses + 1, self.paused + seconds
        time.sleep(seconds)
        return True
