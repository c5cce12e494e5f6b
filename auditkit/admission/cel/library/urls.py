"""URLs (k8s.io/apiserver, ``pkg/cel/library/urls.go``), read as Go's ``net/url`` reads them."""

import re
from dataclasses import dataclass

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.library.network import parse_address
from auditkit.admission.cel.values import CelError, Opaque
from auditkit.base.go_text import go_quoted

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})", re.ASCII)
_WRONG_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.ASCII | re.DOTALL)
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_IN_HOST = frozenset("!$&'()*+,;=:[]<>\"-_.~")
_IN_PATH = frozenset("-_.~$&+,/:;=@")
_IN_WRITTEN_PATH = _IN_PATH | frozenset("!'()*[]%")
_IN_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", re.ASCII)


@dataclass(frozen=True)
class Url(Opaque):
    """A URL in its parts."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    host: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""
    type_name = "kubernetes.URL"


def parse_request_uri(text: str) -> Url:
    """``url.ParseRequestURI``: an absolute URL, or an absolute path. What follows ``#`` is part of it."""
    return _parse(text, text, of_request=True)


def _parse(text: str, whole: str, of_request: bool = False) -> Url:
    try:
        return _parts(text, of_request)
    except CelError as error:
        raise CelError(f"parse {go_quoted(whole)}: {error}") from None


def _parts(text: str, of_request: bool) -> Url:
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise CelError("net/url: invalid control character in URL")
    if not text and of_request:
        raise CelError("empty url")
    if text == "*":
        return Url(path="*")
    if text.startswith(":"):
        raise CelError("missing protocol scheme")
    found = _SCHEME.match(text)
    scheme, rest = (found[1].lower(), text[found.end():]) if found else ("", text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        return _without_slash(scheme, rest, query, of_request)
    if not (rest.startswith("//") and (scheme or (not of_request and not rest.startswith("///")))):
        return Url(scheme, path=_checked_path(rest), query=query)
    authority, slash, path = rest[2:].partition("/")
    user, at, host = authority.rpartition("@")
    return Url(scheme, "", _user(user) if at else None, _host(host), _checked_path(slash + path), query)


def _without_slash(scheme: str, rest: str, query: str, of_request: bool) -> Url:
    if scheme:
        return Url(scheme, opaque=rest, query=query)
    if of_request:
        raise CelError("invalid URI for request")
    if ":" in rest.partition("/")[0]:
        raise CelError("first path segment in URL cannot contain colon")
    return Url(path=_checked_path(rest), query=query)


def _user(user: str) -> str:
    if not _IN_USER.fullmatch(user):
        raise CelError("net/url: invalid userinfo")
    return _checked(user)


def _host(host: str) -> str:
    if "[" in host:
        return _literal_host(host)
    _, colon, port = host.partition(":")
    _checked_port(colon + port)
    return _unescaped_host(host)


def _literal_host(host: str) -> str:
    """A host in brackets: an address of IP version 6."""
    rest = host[host.rindex("[") + 1:]
    inside, bracket, port = rest.rpartition("]")
    if not bracket:
        raise CelError("missing ']' in host")
    _checked_port(port)
    name = _unescaped_host(inside)
    try:
        address = parse_address(name)
    except CelError as error:
        raise CelError(f"invalid host: {error}") from None
    if address.version == 4:
        raise CelError("invalid IP-literal")
    return f"[{name}]{port}"


def _checked_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise CelError(f"invalid port {go_quoted(port)} after host")


def _unescaped_host(host: str) -> str:
    _checked(host)
    for letter in host:
        if letter.isascii() and not letter.isalnum() and letter not in _IN_HOST and letter != "%":
            raise CelError(f"invalid character {go_quoted(letter)} in host name")
    for code in _ESCAPE.findall(host):
        if int(code, 16) < 0x80 and code != "25":
            raise CelError(f"invalid URL escape {go_quoted('%' + code)}")
    return _unescaped(host)


def _checked(text: str) -> str:
    """The text, of which each ``%`` is followed by two hexadecimal digits."""
    wrong = _WRONG_ESCAPE.search(text)
    if wrong:
        raise CelError(f"invalid URL escape {go_quoted(wrong[0])}")
    return text


_checked_path = _checked


def _unescaped(text: str) -> str:
    if "%" not in text:
        return text
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    return raw.decode("utf-8", "surrogateescape")


def _written_path(path: str) -> str:
    """The path as a URL has it: as it was written, where that is well, else escaped anew."""
    if path == "*" or all(_plain(letter, _IN_WRITTEN_PATH) for letter in path):
        return path
    raw = _unescaped(path).encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if _plain(chr(byte), _IN_PATH) else f"%{byte:02X}" for byte in raw)


def _plain(letter: str, others: frozenset[str]) -> bool:
    return letter.isascii() and (letter.isalnum() or letter in others)


@function("url(string) -> kubernetes.URL")
def url(text: str) -> Url:
    try:
        parse_request_uri(text)
        address, _, fragment = text.partition("#")
        found = _parse(address, address)
        _parse(f"/{fragment}", text)
    except CelError as error:
        raise CelError(f"URL parse error during conversion from string: {error}") from None
    return Url(found.scheme, found.opaque, found.user, found.host, found.path, found.query, fragment)


@function("isURL(string) -> bool")
def is_url(text: str) -> bool:
    try:
        parse_request_uri(text)
    except CelError:
        return False
    return True


@function("kubernetes.URL.getScheme() -> string")
def scheme_of(address: Url) -> str:
    return address.scheme


@function("kubernetes.URL.getHost() -> string")
def host_of(address: Url) -> str:
    return address.host


def _host_and_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if not colon or not _PORT.fullmatch(colon + port):
        name, port = host, ""
    return (name[1:-1] if name.startswith("[") and name.endswith("]") else name), port


@function("kubernetes.URL.getHostname() -> string")
def hostname_of(address: Url) -> str:
    return _host_and_port(address.host)[0]


@function("kubernetes.URL.getPort() -> string")
def port_of(address: Url) -> str:
    return _host_and_port(address.host)[1]


@function("kubernetes.URL.getEscapedPath() -> string")
def escaped_path_of(address: Url) -> str:
    return _written_path(address.path)


@function("kubernetes.URL.getQuery() -> map<string, list<string>>")
def query_of(address: Url) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in address.query.split("&"):
        if part and ";" not in part and not _WRONG_ESCAPE.search(part):
            key, _, value = (_unescaped(each.replace("+", " ")) for each in part.partition("="))
            found.setdefault(key, []).append(value)
    return found
