"""Time stamps over HTTP, of a real authority (`openssl ts`) behind a server on the loopback."""

import hashlib
from collections.abc import Callable
from threading import Event

import pytest
from authority import Authority as Clock
from authority import serving
from replay import ACME_PROD, ReplayServer

from auditkit.base.signing import stamps
from auditkit.collectors import time_stamps
from auditkit.collectors.time_stamps import Authority
from auditkit.errors import TimeStampError, UsageError

CONTENT = b"a signature"


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "tsa")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.collectors.sources.transport.PAUSE", 0.001)


def test_an_authority_is_asked_as_the_standard_says(clock: Clock) -> None:
    with serving(clock.answer) as (url, asked):
        stamp = Authority(f"{url}?kind=fast").stamp(CONTENT)
    [(path, headers, body)] = asked
    assert path == "/stamp?kind=fast"
    assert headers["Content-Type"] == "application/timestamp-query"
    assert hashlib.sha256(CONTENT).digest() in body and CONTENT not in body
    assert stamps.verify(stamp, CONTENT, stamps.authorities(clock.ca)).issuer == "CN=Clock CA"


def test_two_requests_have_two_nonces(clock: Clock) -> None:
    with serving(clock.answer) as (url, asked):
        authority = Authority(url)
        authority.stamp(CONTENT)
        authority.stamp(CONTENT)
    assert asked[0][2] != asked[1][2]


def refused(answer: Callable) -> str:
    with serving(answer) as (url, _), pytest.raises(TimeStampError) as error:
        Authority(url).stamp(CONTENT)
    return str(error.value)


def test_an_old_answer_is_not_taken_for_a_new_one(clock: Clock) -> None:
    old = clock.answer(stamps.request(CONTENT).encoded)
    assert "gave no time stamp: the answer is not to this request: it has another nonce." in refused(lambda body: old)


def test_an_answer_of_other_bytes_is_not_taken(clock: Clock) -> None:
    def swapped(body: bytes) -> bytes:
        return clock.answer(body.replace(hashlib.sha256(CONTENT).digest(), hashlib.sha256(b"other").digest()))

    assert "the time stamp is of other bytes" in refused(swapped)


@pytest.mark.parametrize(("status", "body", "said"), [
    (500, b"", "it answered with the status 500"), (404, b"no", "it answered with the status 404"),
    (200, b"<html>log in</html>", "it is no time stamp of RFC 3161"), (200, b"", "it is no time stamp of RFC 3161"),
    (200, b"\0" * (2**20 + 1), "the response is larger than 1,048,576 bytes")])
def test_an_answer_that_is_no_stamp_is_told(status: int, body: bytes, said: str) -> None:
    assert said in refused(lambda request: (status, {}, body))


def test_a_refusal_of_the_authority_is_told(clock: Clock) -> None:
    assert "the request for a time stamp was rejected" in refused(lambda body: clock.answer(b"no request"))


def test_a_redirect_to_another_host_is_not_followed(clock: Clock) -> None:
    with serving(clock.answer) as (elsewhere, asked):
        assert "redirects to another host" in refused(lambda body: (302, {"Location": elsewhere}, b""))
    assert asked == []


def test_an_authority_that_does_not_answer_is_told() -> None:
    with pytest.raises(TimeStampError, match=r"^http://127\.0\.0\.1:1 gave no time stamp: the connection was refused"):
        Authority("http://127.0.0.1:1/stamp").stamp(CONTENT)


def test_an_authority_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_stamps, "_SECONDS", 0.2)
    monkeypatch.setattr(time_stamps, "_BOUNDS", time_stamps.Bounds(response_seconds=0.2))
    over = Event()

    def late(body: bytes) -> bytes:
        over.wait(20)
        return b""

    with serving(late) as (url, _):
        try:
            with pytest.raises(TimeStampError, match=r"gave no time stamp: the (request timed out|response took longer)"):
                Authority(url).stamp(CONTENT)
        finally:
            over.set()


@pytest.mark.parametrize("url", ["", "tsa.example.org", "ftp://tsa.example.org/", "https://", "http://[::1", "file:///etc",
                                 "http://host:99999/", "http://host:0/", "https://user:hunter2@tsa.example.org/"])
def test_what_is_no_address_is_refused_without_asking(url: str) -> None:
    with pytest.raises(UsageError, match="--timestamp-url") as error:
        Authority(url)
    assert "hunter2" not in str(error.value)


def test_a_server_of_a_ca_that_this_computer_does_not_know_is_not_asked() -> None:
    with ReplayServer(ACME_PROD, tls=True) as server, pytest.raises(TimeStampError, match="not signed by a trusted CA"):
        Authority(f"{server.url}/stamp").stamp(CONTENT)
