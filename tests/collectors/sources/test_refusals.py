"""What a server says between two answers, and what it says of itself: each way to be refused is a sentence."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from logins import asked, kubeconfig, listener
from replay import ACME_PROD, ReplayServer

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.bounds import Bounds
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.model import NoAnswer
from auditkit.errors import SourceError

OTHER_NAME = "the server's certificate is for another name"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between retries."""
    monkeypatch.setattr(transport, "PAUSE", 0.001)


@pytest.fixture
def config(server: ReplayServer, tmp_path: Path) -> str:
    """A kubeconfig of the recorded cluster over plain HTTP."""
    return kubeconfig(tmp_path, server)


@pytest.fixture
def secure() -> Iterator[ReplayServer]:
    """A server that speaks TLS and wants the token ``t``."""
    with ReplayServer(ACME_PROD, token="t", tls=True) as server:
        yield server


# --- pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/version", "/api", "/apis", "/api/v1/pods", "*/proxy/configz", "*/selfsubject*"])
def test_a_pause_that_is_too_long_costs_what_was_asked_for(server: ReplayServer, config: str, path: str) -> None:
    server.fault(path, status=429, retry_after=3600)
    ledger = {entry.resource: entry for entry in collect(LiveSource(None, config)).manifest.ledger}
    told = [entry.resource for entry in ledger.values() if "asks for a pause of 3600 seconds" in entry.reason]
    assert ("pods" in told) == (path == "/api/v1/pods") and ("discovery" in told) == (path in ("/api", "/apis"))
    assert ledger["services"].outcome == "complete"


def test_a_server_that_wants_nothing_but_pauses(server: ReplayServer, config: str) -> None:
    server.fault("*", status=429, retry_after=3600)
    with pytest.raises(SourceError, match="Nothing could be collected .*: the server asks for a pause of 3600 seconds"):
        collect(LiveSource(None, config))


@pytest.mark.parametrize("stated", ["3600", "9" * 5000, "²", "1e5", "-5", "nan", "x", "Mon, 01 Jan 0001 00:00:00 -0000",
                                    "Fri, 31 Dec 9999 23:59:59 -2359", "Thu, 01 Jan 2026 99:99:99 GMT"])
def test_whatever_pause_is_stated_there_is_an_answer(server: ReplayServer, config: str, stated: str) -> None:
    server.fault("/version", status=429, retry_after=stated)
    assert LiveSource(None, config, bounds=Bounds(pause_seconds=0.5)).get("/version").status == 429


def test_an_error_of_the_server_when_the_time_is_nearly_up(server: ReplayServer, config: str) -> None:
    server.fault("/version", status=500)
    answer = LiveSource(None, config, bounds=Bounds(pause_seconds=0)).get("/version")
    assert (answer.status, answer.note) == (500, "")


# --- names, and who asks ---------------------------------------------------------------------------------------------


def test_a_certificate_for_another_name(secure: ReplayServer, tmp_path: Path) -> None:
    other = kubeconfig(tmp_path, secure, {"token": "t"}, **{"tls-server-name": "other.example"})
    with pytest.raises(SourceError, match=f"cannot be reached: {OTHER_NAME}"):
        collect(LiveSource(None, other))
    address = secure.url.replace("127.0.0.1", "localhost")
    with pytest.raises(NoAnswer, match=OTHER_NAME):
        LiveSource(None, kubeconfig(tmp_path, secure, {"token": "t"}, server=address)).get("/version")
    assert secure.requests == []
    named = kubeconfig(tmp_path, secure, {"token": "t"}, server=address, **{"tls-server-name": "127.0.0.1"})
    assert LiveSource(None, named).get("/version").status == 200


def test_a_certificate_of_another_ca(secure: ReplayServer, tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD, tls=True) as other:
        config = kubeconfig(tmp_path, other, {"token": "t"}, server=secure.url)
    with pytest.raises(NoAnswer, match="^the server's certificate is not signed by a trusted CA: that of the kubeconfig, else those of this computer$"):
        LiveSource(None, config).get("/version")


@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_a_value_that_no_header_can_have(secure: ReplayServer, tmp_path: Path, value: str) -> None:
    config = kubeconfig(tmp_path, secure, {"token": "t", "as": value})
    with pytest.raises(NoAnswer, match="a value of the kubeconfig cannot be sent"):
        LiveSource(None, config).get("/version")


def test_who_is_refused_everything_is_told_why(secure: ReplayServer, tmp_path: Path) -> None:
    secure.fault("/api/v1/*", status=403)
    secure.fault("/apis/*", status=403)
    with pytest.raises(SourceError, match=r"Nothing could be collected .* is forbidden: User [^;]*; ") as error:
        collect(LiveSource(None, kubeconfig(tmp_path, secure, {"token": "t", "as": "bob"})))
    assert ": ;" not in str(error.value)


def test_credentials_that_are_not_sent_over_plain_http(tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD, token="t") as server:
        with pytest.raises(SourceError, match=r"\(401\): none were sent, since its address is plain http") as error:
            collect(LiveSource(None, kubeconfig(tmp_path, server, {"token": "t"})))
        assert not any("Authorization" in request.headers for request in server.requests)
    assert "log in again" not in str(error.value)


@pytest.mark.parametrize("target", ["http://[", "http://127.0.0.1:x/", "//[::1/"])
def test_a_redirect_to_nowhere(tmp_path: Path, target: str) -> None:
    def serve(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    with listener(serve) as port:
        config = kubeconfig(tmp_path, f"http://127.0.0.1:{port}")
        with pytest.raises(NoAnswer, match="redirects to something that is not an address"):
            LiveSource(None, config).get("/version")
