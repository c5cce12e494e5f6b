"""Requests to an API server over HTTP: TLS as kubectl checks it, proxies, pauses, bounds, and no other host.

A redirect is followed only on the same server, since another one would be asked with the user's credentials and its
answers would pass for the cluster's.
"""

import contextlib
import random
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import urllib3
from urllib3.contrib.socks import SOCKSProxyManager
from urllib3.util import Timeout, make_headers

from auditkit.base.version import VERSION
from auditkit.collectors.sources.bounds import Budget
from auditkit.collectors.sources.clocks import Clock
from auditkit.collectors.sources.credentials import Pair, authority
from auditkit.collectors.sources.failures import address, why
from auditkit.collectors.sources.kubeconfig import Cluster
from auditkit.collectors.sources.login import Login
from auditkit.collectors.sources.model import Answer, NeverAnswered, NoAnswer
from auditkit.collectors.sources.proxies import proxy
from auditkit.errors import SourceError

TRIES, BROKEN = 6, 2
"""How often a request is made that the server answers with an error of its own, and one that gets no answer."""

PROMPT = 5.0
"""Seconds for the response to a request that is made only once."""

PAUSE = 0.2
"""Seconds before the second try; each further pause is twice as long."""

PASSING = (429, 500, 502, 503, 504)
_MOVED = (301, 302, 303, 307, 308)
_CHUNK = 2**20


class _Response(NamedTuple):
    status: int
    headers: Any
    body: bytes


class Transport:
    """One API server: its address, its certificate, and the connections to it, as many as ``connections``.

    A server that says nothing for ``timeout`` seconds does not answer.
    """

    def __init__(self, cluster: Cluster, login: Login, acts_as: list[tuple[str, str]], budget: Budget,
                 connections: int, timeout: float):
        self._cluster, self._login, self._acts_as, self._budget = cluster, login, acts_as, budget
        self._connections, self._timeout = connections, timeout
        self.host = server(cluster)
        self._proxy = proxy(self.host, cluster.proxy_url)
        self.clock = Clock()
        self._pools: dict[Pair | None, urllib3.PoolManager] = {}
        self._lock = threading.Lock()
        self._authority = authority(cluster)

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None,
                until: float | None = None) -> Answer:
        """The answer of the server; with ``until``, to one prompt try before that time. Raises `NoAnswer`."""
        tries = TRIES if until is None else 1
        for attempt in range(tries):
            response = self._sent(method, path, headers, body, until)
            if response.status == 401 and self._login.refused():
                response = self._sent(method, path, headers, body, until)
            if response.status not in PASSING or attempt == tries - 1:
                break
            asked = _retry_after(response.headers)
            pause = _backoff(attempt) if asked is None else asked
            if not self._budget.pause(pause, asked=asked is not None):
                note = "" if asked is None else (f"the server asks for a pause of {asked:g} seconds, which is more "
                                                 "than may be waited")
                return Answer(response.status, response.body, note)
        return Answer(response.status, response.body, self._unsent() if response.status == 401 else "")

    def _unsent(self) -> str:
        """Why the server was sent no credentials; empty where it was."""
        if self.host.startswith("https://"):
            return ""
        return "none were sent, since its address is plain http, over which kubectl sends none either; use https"

    def _sent(self, method: str, path: str, headers: dict[str, str], body: bytes | None,
              until: float | None) -> _Response:
        """A response of whatever status. A connection that breaks is tried once more, if there is time for that."""
        tries = BROKEN if until is None else 1
        for attempt in range(tries):
            try:
                return self._followed(method, self.host + path, headers, body, until)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if attempt == tries - 1 or isinstance(error, ValueError):
                    raise NoAnswer(why(error)) from None
                self._budget.pause(_backoff(attempt), asked=False)
        raise AssertionError

    def _followed(self, method: str, url: str, headers: dict[str, str], body: bytes | None,
                  until: float | None) -> _Response:
        for _ in range(3):
            response = self._once(method, url, headers, body, until)
            if response.status not in _MOVED or not (target := response.headers.get("Location")):
                return response
            try:
                target = urljoin(url, target)
                elsewhere = _origin(target) != _origin(url)
            except ValueError:
                raise NeverAnswered("the server redirects to something that is not an address") from None
            if elsewhere:
                raise NeverAnswered(f"the server redirects to another host ({address(target)}), which is not followed")
            url = target
        raise NeverAnswered("the server redirects again and again")

    def _once(self, method: str, url: str, headers: dict[str, str], body: bytes | None,
              until: float | None) -> _Response:
        seconds = self._budget.turn() if until is None else min(PROMPT, self._budget.turn(until))
        sent = urllib3.HTTPHeaderDict({"User-Agent": f"auditkit/{VERSION}", **headers, **self._login.headers()})
        if not self._cluster.disable_compression:
            sent["Accept-Encoding"] = "gzip"
        for name, value in self._acts_as:
            sent.add(name, value.encode().decode("latin-1"))  # Go writes UTF-8; http.client takes Latin-1
        timeout = Timeout(total=seconds, connect=min(10.0, self._timeout, seconds), read=min(self._timeout, seconds))
        sent_at, started = time.time(), time.monotonic()
        try:
            response = self._pool().request(method, url, headers=sent, body=body, retries=False, redirect=False,
                                            timeout=timeout, preload_content=False)
            self.clock.look(response.headers.get("Date"), sent_at, time.time())
            with _cut(response.shutdown, seconds - (time.monotonic() - started)):
                content = self._read(response)
        except (urllib3.exceptions.HTTPError, OSError):
            if time.monotonic() - started >= seconds:
                self._budget.verify(time.monotonic())
                raise NoAnswer(f"the response took longer than {seconds:.3g} seconds") from None
            raise
        response.release_conn()
        return _Response(response.status, response.headers, content)

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The body, uncompressed, unless it is larger than a response may be."""
        parts, size, most = [], 0, self._budget.bounds.response_bytes
        for part in response.stream(_CHUNK, decode_content=True):
            size += len(part)
            if size > most:
                response.close()
                raise NeverAnswered(f"the response is larger than {most:,} bytes")
            self._budget.spend(len(part))
            parts.append(part)
        return b"".join(parts)

    def _pool(self) -> urllib3.PoolManager:
        pair = self._login.pair()
        with self._lock:
            if pair not in self._pools:
                self._pools = {pair: self._connect(pair)}
            return self._pools[pair]

    def _connect(self, pair: Pair | None) -> urllib3.PoolManager:
        options: dict[str, Any] = {"maxsize": self._connections}
        if self.host.startswith("https://"):
            options["ssl_context"] = _context(self._cluster, self._authority, pair)
            if name := self._cluster.tls_server_name:
                options |= {"server_hostname": name, "assert_hostname": name}
            if self._cluster.insecure_skip_tls_verify:
                options["assert_hostname"] = False
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the ledger says it
        manager = self._manager(options)
        seconds = self._budget.bounds.response_seconds
        manager.pool_classes_by_scheme = {
            scheme: type("Impatient", (pool,), {"ConnectionCls": _impatient(pool.ConnectionCls, seconds)})
            for scheme, pool in dict[str, Any](manager.pool_classes_by_scheme).items()}
        return manager

    def _manager(self, options: dict[str, Any]) -> urllib3.PoolManager:
        if not self._proxy:
            return urllib3.PoolManager(1, **options)
        if self._proxy.startswith("socks"):
            return SOCKSProxyManager(self._proxy, num_pools=1, **options)
        user = urlsplit(self._proxy)
        basic = f"{user.username}:{user.password or ''}" if user.username else None
        return urllib3.ProxyManager(self._proxy, 1, proxy_headers=make_headers(proxy_basic_auth=basic), **options)

    def told(self) -> list[str]:
        """What an auditor must know of how the server was asked, a sentence each."""
        found = []
        if self.host.startswith("http://"):
            found.append("The server was asked over plain http: nobody proves that it is the cluster's, and no "
                         "credentials were sent.")
        elif self._cluster.insecure_skip_tls_verify:
            found.append("The server's certificate was not verified (insecure-skip-tls-verify): nobody proves that it "
                         "is the cluster's.")
        if self._cluster.tls_server_name:
            found.append(f"The server's certificate was verified for the name {self._cluster.tls_server_name}.")
        if self._proxy:
            found.append(f"The server was asked through the proxy {address(self._proxy)}.")
        if self._acts_as:
            found.append(f"The collector acted as {_named(self._acts_as)}.")
        if self._budget.pauses:
            found.append(f"The server asked for a pause {self._budget.pauses} times, {self._budget.paused:.3g} seconds "
                         "in all.")
        return found


def server(cluster: Cluster) -> str:
    """The address of the server without a user, a query and a slash at its end; raises `SourceError` for none."""
    stated = cluster.server or ""
    try:
        parts = urlsplit(stated if "://" in stated else f"http://{stated}")
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        good = False
    if not good:
        raise SourceError("The server of the kubeconfig is not an address such as https://HOST:6443.")
    return address(parts.geturl())


def _context(cluster: Cluster, trusted: bytes | None, pair: Pair | None) -> ssl.SSLContext:
    """TLS as kubectl has it: without the strict rules of RFC 5280 that Python checks from 3.13 on, and that the CA of
    many a cluster does not keep. Raises `SourceError` for certificates that cannot be read."""
    if cluster.insecure_skip_tls_verify and trusted:
        raise SourceError("The cluster of the kubeconfig has a CA and insecure-skip-tls-verify. kubectl refuses that "
                          "too: remove one.")
    try:
        context = ssl.create_default_context(cadata=trusted.decode("ascii") if trusted else None)
    except (ssl.SSLError, ValueError):
        raise SourceError("The CA certificate of the kubeconfig is not one in PEM.") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.insecure_skip_tls_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if cluster.tls_server_name:
        context.check_hostname = False  # urllib3 compares with the other name
    if pair:
        _load(context, pair)
    return context


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    """Give a context the client's certificate. OpenSSL reads it only from a file, which nobody else may read."""
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder) / "pair.pem"
        both.touch(0o600)
        both.write_bytes(pair.certificate.rstrip() + b"\n" + pair.key)
        try:
            context.load_cert_chain(both, password="")  # an encrypted key would be asked for on the terminal
        except (ssl.SSLError, ValueError):
            raise SourceError("The client certificate and key of the kubeconfig cannot be used: they are not PEM, do "
                              "not belong together, or the key is encrypted.") from None


@contextlib.contextmanager
def _cut(end: Callable[[], object], seconds: float) -> Iterator[None]:
    """Ends what is not read within its time: a server that sends a byte now and then would keep it for ever, since a
    timeout of a socket is for each of them. Raises `TimeoutError` even where the end looks like a regular one."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        with contextlib.suppress(Exception):  # it has ended meanwhile
            end()

    timer = threading.Timer(max(seconds, 0.01), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError


def _impatient(connection: Any, seconds: float) -> Any:
    """A class of connections that wait for the head of a response only so long; `_cut` does that for its body."""
    class Impatient(connection):  # type: ignore[misc]
        def getresponse(self) -> Any:
            with _cut(lambda: self.sock.shutdown(socket.SHUT_RDWR), seconds):
                return super().getresponse()

    return Impatient


def _retry_after(headers: Any) -> float | None:
    """The pause that a server asks for, in seconds or as a date."""
    stated = headers.get("Retry-After")
    if not stated:
        return None
    if stated.strip().isdecimal():
        return float(stated)
    try:
        return max(0.0, parsedate_to_datetime(stated).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _backoff(attempt: int) -> float:
    """A growing pause, a little different each time, so that many collectors do not come back together."""
    return min(8.0, PAUSE * 2.0**attempt) + random.uniform(0, PAUSE)  # noqa: S311


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _named(headers: list[tuple[str, str]]) -> str:
    """Whom impersonation headers name: ``user jane, group auditors``."""
    said = ((unquote(name.removeprefix("Impersonate-")), value) for name, value in headers)
    return ", ".join(f"{name[:1].lower()}{name[1:].replace('-', ' ', 1)} {value}" for name, value in said)
