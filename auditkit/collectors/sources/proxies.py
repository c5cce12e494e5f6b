"""Through which proxy a server is asked: that of the kubeconfig, or as the environment says, as kubectl does.

Sources: kubernetes/client-go, tools/clientcmd; Go's net/http (ProxyFromEnvironment): a proxy of the environment never
serves the own machine, and ``NO_PROXY`` may hold names, addresses, ports and networks (CIDR).
"""

import ipaddress
import os
from urllib.parse import urlsplit

from auditkit.errors import SourceError

_SCHEMES = ("http", "https", "socks5", "socks5h")


def proxy(server: str, stated: str | None) -> str | None:
    """The address of the proxy for a server; raises `SourceError` for one that cannot be used."""
    found = stated or _of_environment(server)
    if not found:
        return None
    if "://" not in found and not stated:
        found = f"http://{found}"
    parts = urlsplit(found)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        where = "proxy-url of the kubeconfig" if stated else "proxy of the environment"
        raise SourceError(f"The {where} is not the address of a proxy: it must begin with http://, https:// or "
                          "socks5://.")
    return found.replace("socks5://", "socks5h://", 1)  # the proxy resolves the name, as with kubectl


def _of_environment(server: str) -> str | None:
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    names = ("HTTPS_PROXY", "https_proxy") if parts.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    found = next((value for name in names if (value := os.environ.get(name))), None)
    return None if not found or _spared(host, port) else found


def _spared(host: str, port: int) -> bool:
    """Whether the environment wants no proxy for a host."""
    address = _address(host)
    if host == "localhost" or host.endswith(".localhost") or (address and address.is_loopback):
        return True
    entries = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return any(_matches(entry.strip().lower(), host.lower(), port, address) for entry in entries.split(","))


def _matches(entry: str, host: str, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    if "/" in entry and address:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _, digits = entry.rpartition(":")
    if name and digits.isdigit() and not _address(entry):
        if int(digits) != port:
            return False
        entry = name.strip("[]")
    if address:
        return _address(entry) == address
    bare = entry.removeprefix("*").removeprefix(".")
    return host.endswith(f".{bare}") or (host == bare and not entry.startswith("."))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
