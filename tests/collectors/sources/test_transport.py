"""How a server is asked: TLS, proxies, redirects, pauses and bounds, against servers that misbehave."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from logins import asked, kubeconfig, listener, tunnel
from replay import ACME_PROD, ReplayServer
from replay.certificates import server_context

from auditkit import tables
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.bounds import Bounds
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.model import NoAnswer
from auditkit.errors import SourceError
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot

TOKEN = {"token": "t"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between tries; no proxy of whoever runs the tests."""
    monkeypatch.setattr(transport, "PAUSE", 0.01)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def secure() -> Iterator[ReplayServer]:
    with ReplayServer(ACME_PROD, token="t", tls=True) as server:
        yield server


def entry(snapshot: Snapshot, resource: str) -> Entry:
    return next(found for found in snapshot.manifest.ledger if found.resource == resource)


@contextmanager
def answering(*parts: bytes | float):
    """A server that sends these bytes to every request, and pauses for the numbers; its source, with small bounds."""
    def serve(connection: socket.socket) -> None:
        while True:
            asked(connection)
            for part in parts:
                time.sleep(part) if isinstance(part, float) else connection.sendall(part)

    with listener(serve) as port:
        yield port


def response(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_a_certificate_that_is_not_verified_is_told(secure: ReplayServer, tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, secure, TOKEN, **{"insecure-skip-tls-verify": True, "certificate-authority-data": None})
    snapshot = collect(LiveSource(None, config))
    [told] = snapshot.manifest.transport
    assert "was not verified (insecure-skip-tls-verify)" in told and entry(snapshot, "collection").reason == told
    assert told in snapshot.ledger["reason"].tolist()
    config = kubeconfig(tmp_path, secure, TOKEN, **{"insecure-skip-tls-verify": True})
    with pytest.raises(SourceError, match="has a CA and insecure-skip-tls-verify"):
        LiveSource(None, config).get("/version")


def test_a_server_of_another_ca_is_not_asked(secure: ReplayServer, tmp_path: Path) -> None:
    _, other = server_context()
    (tmp_path / "ca.crt").write_bytes(other)
    changes = {"certificate-authority-data": None, "certificate-authority": "ca.crt"}
    with pytest.raises(NoAnswer, match="not signed by a trusted CA: that of the kubeconfig, else those of this computer"):
        LiveSource(None, kubeconfig(tmp_path, secure, TOKEN, **changes)).get("/version")
    assert secure.requests == []


def test_a_ca_that_is_none(secure: ReplayServer, tmp_path: Path) -> None:
    for data in ("CANARY", ""):
        (tmp_path / "ca.crt").write_text(data or "\xe9")
        changes = {"certificate-authority-data": None, "certificate-authority": "ca.crt"}
        with pytest.raises(SourceError, match="is not one in PEM") as error:
            LiveSource(None, kubeconfig(tmp_path, secure, TOKEN, **changes)).get("/version")
        assert "CANARY" not in str(error.value)


# --- proxies ---------------------------------------------------------------------------------------------------------


@contextmanager
def http_proxy(heads: list[str]):
    """A proxy for CONNECT that notes what it was asked."""
    def serve(connection: socket.socket) -> None:
        heads.append(asked(connection))
        host, _, port = heads[-1].split()[1].partition(":")
        with socket.create_connection((host, int(port))) as server:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            tunnel(connection, server)

    with listener(serve) as port:
        yield port


def test_the_proxy_of_the_kubeconfig_is_used_and_told_without_its_password(secure, tmp_path: Path) -> None:
    heads: list[str] = []
    with http_proxy(heads) as port:
        source = LiveSource(None, kubeconfig(tmp_path, secure, TOKEN, **{"proxy-url": f"http://me:CANARY@127.0.0.1:{port}"}))
        assert source.get("/version").status == 200
    assert f"CONNECT {secure.url.removeprefix('https://')}" in heads[0] and "roxy-" in heads[0]
    assert source.transport() == [f"The server was asked through the proxy http://127.0.0.1:{port}."]


def test_a_socks_proxy_resolves_the_name(secure: ReplayServer, tmp_path: Path) -> None:
    names: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        connection.recv(2 + connection.recv(2)[1])
        connection.sendall(b"\x05\x00")
        head = connection.recv(4)
        size = {1: 4, 3: None}[head[3]]
        name = connection.recv(connection.recv(1)[0] if size is None else size)
        port = int.from_bytes(connection.recv(2))
        names.append(name)
        with socket.create_connection(("127.0.0.1", port)) as server:
            connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            tunnel(connection, server)

    with listener(serve) as port:
        config = kubeconfig(tmp_path, secure, TOKEN, server=secure.url.replace("127.0.0.1", "only.the.proxy.knows"), **{
            "proxy-url": f"socks5://127.0.0.1:{port}", "tls-server-name": "127.0.0.1"})
        assert LiveSource(None, config).get("/version").status == 200
    assert names == [b"only.the.proxy.knows"]


def test_the_own_machine_is_never_asked_through_a_proxy_of_the_environment(secure, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert LiveSource(None, kubeconfig(tmp_path, secure, TOKEN)).get("/version").status == 200


@pytest.mark.parametrize(("spared", "goes"), [
    ("", True), ("*", False), ("api.example", False), (".example", False), ("example", False), ("pi.example", True),
    ("other,api.example:6443", False), ("api.example:443", True), (" API.example ", False), ("*.example", False),
])
def test_the_environment_says_for_whom_there_is_a_proxy(monkeypatch, spared: str, goes: bool) -> None:
    from auditkit.collectors.sources.proxies import proxy

    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", spared)
    assert proxy("https://api.example:6443", None) == ("http://proxy.example:3128" if goes else None)
    assert proxy("http://api.example", None) is None, "for http there is another variable"


@pytest.mark.parametrize(("host", "spared", "goes"), [
    ("10.1.2.3", "10.0.0.0/8", False), ("10.1.2.3", "11.0.0.0/8", True), ("10.1.2.3", "10.1.2.3", False),
    ("[fd00::1]", "fd00::/8", False), ("10.1.2.3", "1.2.3", True), ("localhost", "", False), ("[::1]", "", False),
    ("127.8.8.8", "", False), ("10.1.2.3", "10.0.0.0/99", True),
])
def test_addresses_and_networks_without_a_proxy(monkeypatch, host: str, spared: str, goes: bool) -> None:
    from auditkit.collectors.sources.proxies import proxy

    monkeypatch.setenv("https_proxy", "http://p:1")
    monkeypatch.setenv("no_proxy", spared)
    assert bool(proxy(f"https://{host}:6443", None)) is goes


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://", "socks4://x"])
def test_a_proxy_that_is_none(secure: ReplayServer, tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError, match="proxy-url of the kubeconfig is not the address of a proxy"):
        LiveSource(None, kubeconfig(tmp_path, secure, TOKEN, **{"proxy-url": url}))


def test_a_proxy_that_is_not_there_or_refuses(secure: ReplayServer, tmp_path: Path) -> None:
    with answering(response(status="407 Proxy Authentication Required")) as port:
        for place in (1, port):
            config = kubeconfig(tmp_path, secure, TOKEN, **{"proxy-url": f"http://u:CANARY@127.0.0.1:{place}"})
            with pytest.raises(NoAnswer, match="the proxy does not let the request through"):
                LiveSource(None, config).get("/version")


# --- redirects -------------------------------------------------------------------------------------------------------


def test_a_redirect_to_another_host_is_refused(secure: ReplayServer, tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD) as other, answering(response(
            status="302 Found", Location=f"{other.url.replace('://', '://u:CANARY@')}/version?token=CANARY")) as port:
        with pytest.raises(NoAnswer) as error:
            LiveSource(None, kubeconfig(tmp_path, f"http://127.0.0.1:{port}")).get("/version")
        assert str(error.value) == f"the server redirects to another host ({other.url}/version), which is not followed"
        assert other.requests == []


def test_a_redirect_on_the_same_server_is_followed_a_few_times(tmp_path: Path) -> None:
    with (answering(response(status="307 Temporary Redirect", Location="/version")) as port,
          pytest.raises(NoAnswer, match="redirects again and again")):
        LiveSource(None, kubeconfig(tmp_path, f"http://127.0.0.1:{port}")).get("/api")


# --- bounds ----------------------------------------------------------------------------------------------------------


def get(folder: Path, port: int, **bounds):
    return LiveSource(None, kubeconfig(folder, f"http://127.0.0.1:{port}"), bounds=Bounds(**bounds)).get("/version")


@pytest.mark.parametrize("head", [response(b"x" * 1000)[:-1000], b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"],
                         ids=["says its length", "ends where the connection ends"])
def test_a_response_that_trickles_is_cut(tmp_path: Path, head: bytes) -> None:
    with (answering(head, *([b"x", 0.02] * 500)) as port,
          pytest.raises(NoAnswer, match="the response took longer than 0.3 seconds")):
        get(tmp_path, port, response_seconds=0.3)


def test_a_head_that_trickles_is_cut(tmp_path: Path) -> None:
    with (answering(b"HTTP/1.1 200 OK\r\n", *([b"X: y\r\n", 0.05] * 90)) as port,
          pytest.raises(NoAnswer, match="the response took longer than 0.3 seconds")):
        get(tmp_path, port, response_seconds=0.3)


def test_a_response_that_unpacks_to_too_much_is_not_read(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(50_000_000))
    with (answering(response(packed, Content_Encoding="gzip")) as port,
          pytest.raises(NoAnswer, match="the response is larger than 1,000,000 bytes")):
        get(tmp_path, port, response_bytes=1_000_000)
    with (answering(response(b"no gzip at all", Content_Encoding="gzip")) as port,
          pytest.raises(NoAnswer, match="the compressed response cannot be unpacked")):
        get(tmp_path, port)


def test_a_list_without_an_end_is_partial(server: ReplayServer, tmp_path: Path) -> None:
    snapshot = collect(LiveSource(None, kubeconfig(tmp_path, server), bounds=Bounds(pages=5)), limit=5)
    found = entry(snapshot, "pods")
    assert (found.outcome, found.reason) == ("partial", "the list did not end within 5 pages") and len(found.bodies) == 5
    assert found.items == len(snapshot.pods) == 25 and entry(snapshot, "nodes").outcome == "complete"


@pytest.mark.parametrize(("bounds", "says"), [
    ({"bytes": 400_000}, "reached its bound of 400,000 bytes"), ({"seconds": 0.5}, "reached its bound of 0.5 seconds"),
])
def test_a_collection_ends_with_what_it_has(server: ReplayServer, tmp_path: Path, bounds: dict, says: str) -> None:
    if "seconds" in bounds:
        server.fault("/api/v1/*", kind="hang", after=3)
    source = LiveSource(None, kubeconfig(tmp_path, server), bounds=Bounds(**bounds), timeout=0.3)
    snapshot = collect(source)
    ended = [found for found in snapshot.manifest.ledger if says in found.reason]
    assert ended and all(found.outcome in ("failed", "partial") for found in ended)
    assert any(found.outcome == "complete" and found.resource in tables.RESOURCES for found in snapshot.manifest.ledger)


def test_a_pause_is_kept_within_the_bound_and_told(server: ReplayServer, tmp_path: Path) -> None:
    server.fault("/api/v1/nodes", status=429, retry_after=1, times=1)
    started = time.monotonic()
    snapshot = collect(LiveSource(None, kubeconfig(tmp_path, server)))
    assert time.monotonic() - started >= 1 and entry(snapshot, "nodes").outcome == "complete"
    assert snapshot.manifest.transport[-1] == "The server asked for a pause 1 times, 1 seconds in all."


@pytest.mark.parametrize("after", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_pause_that_is_too_long_is_not_kept(server: ReplayServer, tmp_path: Path, after: str) -> None:
    with answering(response(status="429 Too Many Requests", Retry_After=after)) as port:
        answer = get(tmp_path, port)
    assert answer.status == 429 and answer.note.startswith("the server asks for a pause of ")
    server.fault("/api/v1/nodes", status=429, retry_after=3600)
    found = entry(collect(LiveSource(None, kubeconfig(tmp_path, server))), "nodes")
    assert (found.outcome, found.reason) == (
        "failed", "the server asks for a pause of 3600 seconds, which is more than may be waited")


def test_a_rate_is_kept(server: ReplayServer, tmp_path: Path) -> None:
    source = LiveSource(None, kubeconfig(tmp_path, server), bounds=Bounds(rate=20))
    started = time.monotonic()
    for _ in range(5):
        source.get("/version")
    assert time.monotonic() - started >= 4 / 20


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_it_says_who_it_is_and_takes_compressed_pages(server: ReplayServer, tmp_path: Path) -> None:
    from auditkit import __version__

    LiveSource(None, kubeconfig(tmp_path, server)).get("/api/v1/pods")
    headers = server.requests[-1].headers
    assert (headers["User-Agent"], headers["Accept-Encoding"]) == (f"auditkit/{__version__}", "gzip")
    LiveSource(None, kubeconfig(tmp_path, server, **{"disable-compression": True})).get("/version")
    assert server.requests[-1].headers["Accept-Encoding"] == "identity"


def test_a_path_in_the_address_is_kept(tmp_path: Path) -> None:
    """As of Rancher, whose clusters are paths of one server."""
    heads: list[str] = []

    def serve(connection: socket.socket) -> None:
        heads.append(asked(connection))
        connection.sendall(response(json.dumps({"gitVersion": "v1.36.2"}).encode()))

    with listener(serve) as port:
        config = kubeconfig(tmp_path, f"http://127.0.0.1:{port}/k8s/clusters/c-1/?token=CANARY")
        source = LiveSource(None, config)
        source.get("/version")
    assert heads[0].startswith("GET /k8s/clusters/c-1/version HTTP") and "CANARY" not in source.described


@pytest.mark.parametrize("server", ["", "ftp://x", "https://", "https://h:99999", "https://[::1", "https://h:x", "//"])
def test_a_server_that_is_no_address(tmp_path: Path, server: str) -> None:
    with pytest.raises(SourceError, match="not an address such as|no cluster with a server"):
        LiveSource(None, kubeconfig(tmp_path, server, TOKEN))
