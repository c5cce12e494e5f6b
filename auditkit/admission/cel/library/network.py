"""Addresses and networks (k8s.io/apiserver, ``pkg/cel/library/ip.go`` and ``cidr.go``), read as Go's ``net/netip``."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import CelError, Opaque
from auditkit.base.go_text import go_quoted

Address = IPv4Address | IPv6Address
_BITS = re.compile(r"0|[1-9][0-9]*", re.ASCII)


@dataclass(frozen=True)
class Ip(Opaque):
    """An address."""

    address: Address
    type_name = "net.IP"


@dataclass(frozen=True)
class Cidr(Opaque):
    """A network: an address in it, and the bits that all of it have in common."""

    address: Address
    bits: int
    type_name = "net.CIDR"

    def contains(self, other: Address) -> bool:
        """Whether an address is in it."""
        return self.address.version == other.version and self._prefix(self.address) == self._prefix(other)

    def _prefix(self, address: Address) -> int:
        return int(address) >> (address.max_prefixlen - self.bits)

    def __str__(self) -> str:
        return f"{self.address}/{self.bits}"


def parse_address(text: str) -> Address:
    """``netip.ParseAddr``: the address, or an error in its words."""
    first = next((letter for letter in text if letter in ".:%"), "")
    if first == "%":
        raise _no_address(text, "missing IPv6 address")
    if not first:
        raise _no_address(text, "unable to parse IP")
    if first == ".":
        return _version_4(text)
    try:
        return IPv6Address(text)
    except ValueError:
        raise _wrong_version_6(text) from None


def _no_address(text: str, why: str, at: str = "") -> CelError:
    return CelError(f"ParseAddr({go_quoted(text)}): {why}{f' (at {go_quoted(at)})' if at else ''}")


def _version_4(text: str) -> IPv4Address:
    fields, digits = 0, ""
    for position, letter in enumerate(text):
        if letter.isascii() and letter.isdigit():
            if digits == "0":
                raise _no_address(text, "IPv4 field has octet with leading zero")
            digits += letter
            if int(digits) > 255:
                raise _no_address(text, "IPv4 field has value >255")
        elif letter == ".":
            if not digits or position == len(text) - 1:
                raise _no_address(text, "IPv4 field must have at least one digit", text[position:])
            if fields == 3:
                raise _no_address(text, "IPv4 address too long")
            fields, digits = fields + 1, ""
        else:
            raise _no_address(text, "unexpected character", text[position:])
    if fields < 3:
        raise _no_address(text, "IPv4 address too short")
    return IPv4Address(text)


def _wrong_version_6(text: str) -> CelError:
    """Why a text is no address of version 6; the common reasons in Go's words."""
    rest, count = text.partition("%")[0], 0
    if rest.startswith("::"):
        rest = rest[2:]
    while rest and count < 8:
        digits = re.match(r"[0-9a-fA-F]*", rest, re.ASCII)
        size = len(digits[0]) if digits else 0
        if not size:
            return _no_address(text, "each colon-separated field must have at least one digit", rest)
        if size > 4:
            return _no_address(text, "each group must have 4 or less digits", rest)
        count, rest = count + 1, rest[size:]
        if rest and not rest.startswith(":"):
            return _no_address(text, "unexpected character, want colon", rest)
        if rest == ":":
            return _no_address(text, "colon must be followed by more characters", rest)
        rest = rest[1:].removeprefix(":") if "::" in text else rest[1:]
    if rest:
        return _no_address(text, "trailing garbage after address", rest)
    return _no_address(text, "address string too short")


def _ip(text: str) -> Ip:
    try:
        address = parse_address(text)
    except CelError as error:
        raise CelError(f"IP Address {go_quoted(text)} parse error during conversion from string: {error}") from None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            raise CelError(f"IP address {go_quoted(text)} with zone value is not allowed")
        if address.ipv4_mapped:
            raise CelError(f"IPv4-mapped IPv6 address {go_quoted(text)} is not allowed")
    return Ip(address)


_PARSING = "network address parse error during conversion from string: "


def _cidr(text: str) -> Cidr:
    try:
        return _prefix(text)
    except CelError as error:
        raise CelError(f"{_PARSING}{error}") from None


def _prefix(text: str) -> Cidr:
    written, slash, bits = text.rpartition("/")
    if not slash:
        raise _no_prefix(text, "no '/'")
    try:
        address = parse_address(written)
    except CelError as error:
        raise _no_prefix(text, str(error)) from None
    if isinstance(address, IPv6Address) and address.scope_id:
        raise _no_prefix(text, "IPv6 zones cannot be present in a prefix")
    if not _BITS.fullmatch(bits) or len(bits) > 9:
        raise _no_prefix(text, f"bad bits after slash: {go_quoted(bits)}")
    if int(bits) > address.max_prefixlen:
        raise _no_prefix(text, "prefix length out of range")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        raise CelError(f"IPv4-mapped IPv6 address {go_quoted(text)} is not allowed")
    return Cidr(address, int(bits))


def _no_prefix(text: str, why: str) -> CelError:
    return CelError(f"{_PARSING}netip.ParsePrefix({go_quoted(text)}): {why}")


@function("ip(string) -> net.IP")
def ip(text: str) -> Ip:
    return _ip(text)


@function("isIP(string) -> bool")
def is_ip(text: str) -> bool:
    return _is(_ip, text)


@function("isCIDR(string) -> bool")
def is_cidr(text: str) -> bool:
    return _is(_cidr, text)


def _is(parse: Callable[[str], Opaque], text: str) -> bool:
    try:
        parse(text)
    except CelError:
        return False
    return True


@function("ip.isCanonical(string) -> bool")
def is_canonical(text: str) -> bool:
    return str(_ip(text).address) == text


@function("string(net.IP) -> string")
def ip_text(address: Ip) -> str:
    return str(address.address)


@function("net.IP.family() -> int")
def family(address: Ip) -> int:
    return address.address.version


@function("net.IP.isUnspecified() -> bool")
def is_unspecified(address: Ip) -> bool:
    return address.address.is_unspecified


@function("net.IP.isLoopback() -> bool")
def is_loopback(address: Ip) -> bool:
    return address.address.is_loopback


@function("net.IP.isLinkLocalMulticast() -> bool")
def is_link_local_multicast(address: Ip) -> bool:
    packed = address.address.packed
    if address.address.version == 4:
        return packed[:3] == b"\xe0\x00\x00"
    return packed[0] == 0xFF and packed[1] & 0x0F == 2


@function("net.IP.isLinkLocalUnicast() -> bool")
def is_link_local_unicast(address: Ip) -> bool:
    return address.address.is_link_local


@function("net.IP.isGlobalUnicast() -> bool")
def is_global_unicast(address: Ip) -> bool:
    """As in Go, private addresses are global too; only the limited broadcast and the special ones are not."""
    one = address.address
    return not (one.is_unspecified or one.is_loopback or one.is_multicast or one.is_link_local
                or one == IPv4Address("255.255.255.255"))


@function("cidr(string) -> net.CIDR")
def cidr(text: str) -> Cidr:
    return _cidr(text)


@function("string(net.CIDR) -> string")
def cidr_text(network: Cidr) -> str:
    return str(network)


@function("net.CIDR.containsIP(string) -> bool")
def contains_ip_text(network: Cidr, text: str) -> bool:
    if not is_ip(text):
        raise CelError("no such overload")  # the API server does not tell what is wrong with the address
    return network.contains(_ip(text).address)


@function("net.CIDR.containsIP(net.IP) -> bool")
def contains_ip(network: Cidr, address: Ip) -> bool:
    return network.contains(address.address)


@function("net.CIDR.containsCIDR(string) -> bool")
def contains_cidr_text(network: Cidr, text: str) -> bool:
    return contains_cidr(network, _cidr(text))


@function("net.CIDR.containsCIDR(net.CIDR) -> bool")
def contains_cidr(network: Cidr, other: Cidr) -> bool:
    return network.bits <= other.bits and network.contains(other.address)


@function("net.CIDR.ip() -> net.IP")
def address_of(network: Cidr) -> Ip:
    return Ip(network.address)


@function("net.CIDR.prefixLength() -> int")
def prefix_length(network: Cidr) -> int:
    return network.bits


@function("net.CIDR.masked() -> net.CIDR")
def masked(network: Cidr) -> Cidr:
    return Cidr(ip_network(str(network), strict=False).network_address, network.bits)
