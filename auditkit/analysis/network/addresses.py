"""Address ranges: the addresses of IPv4 and then IPv6 on one line, cut wherever a range begins or ends."""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING

V6 = 1 << 32
END = V6 + (1 << 128)
UNKNOWN, NOWHERE = -1, -2
"""Places of what has an address that is not known, and of what has none: the last two columns of `matches`."""

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
           "fc00::/7", "fe80::/10", "::1/128")
"""Address ranges of private networks. Source: IANA's registries of special-purpose addresses; what else is there not
routed (ranges for documentation, multicast) is no place to hide behind, and counts as public."""

WIDEST = 8
"""Address ranges with a shorter prefix than this are as good as everybody: two halves of the internet are it too."""


def wide(cidr: pd.Series) -> pd.Series:
    """True if an address range is so wide that it does not keep anybody out; not a range: not known."""
    return cidr.astype(STRING).str.extract(r"/(\d{1,3})$", expand=False).astype(STRING).astype(INTEGER) < WIDEST


def span(cidr: str) -> tuple[int, int]:
    """An address range as a half-open span of the line; what is none is empty."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return 0, 0
    base = 0 if network.version == 4 else V6
    first = base + int(network.network_address)
    return first, first + network.num_addresses


class AddressSpace:
    """The pieces into which address ranges cut all addresses; both families begin a piece of their own."""

    def __init__(self, cidrs: Iterable[str]):
        self.cidrs = list(dict.fromkeys(cidrs))
        self._spans = {cidr: span(cidr) for cidr in self.cidrs}
        self.cuts = sorted({0, V6, END}.union(*self._spans.values()))
        self.pieces = len(self.cuts) - 1

    def place(self, address: str | None) -> int:
        """The piece that an address lies in; `UNKNOWN` where there is none, or it is not one."""
        try:
            parsed = ipaddress.ip_address(str(address))
        except ValueError:  # also None and <NA>
            return UNKNOWN
        return bisect_right(self.cuts, int(parsed) + (0 if parsed.version == 4 else V6)) - 1

    def matches(self) -> np.ndarray:
        """Which range holds which piece: ranges by (pieces, then `NOWHERE`, then `UNKNOWN`; both ``False``)."""
        found = np.zeros((len(self.cidrs), self.pieces + 2), bool)
        for row, cidr in zip(found, self.cidrs, strict=True):
            first, after = (bisect_right(self.cuts, at) - 1 for at in self._spans[cidr])
            row[first:after] = True
        return found

    def names(self) -> list[str]:
        """Each piece as ``first-last``."""
        def text(at: int) -> str:
            return str(ipaddress.IPv4Address(at) if at < V6 else ipaddress.IPv6Address(at - V6))
        return [f"{text(first)}-{text(after - 1)}" for first, after in pairwise(self.cuts)]


def private(addresses: pd.Series) -> pd.Series:
    """Whether each address is one of a private network; <NA>: it is no address."""
    space = AddressSpace(PRIVATE)
    inside = np.any(space.matches(), axis=0)
    places = {address: space.place(address) for address in addresses.dropna().unique()}
    said = {address: bool(inside[place]) for address, place in places.items() if place != UNKNOWN}
    return addresses.map(said).astype(BOOLEAN)
