"""Webhooks over real HTTP: what is sent arrives, and no message has the address."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from auditkit.collectors.sources import transport
from auditkit.collectors.webhooks import Webhook
from auditkit.errors import NotificationError, UsageError

SECRET = "T000/B000/secret"


class Receiver(ThreadingHTTPServer):
    """Answers with these statuses in turn, the last again and again; keeps what it was sent."""

    def __init__(self, *statuses: int):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.got = list(statuses), []
        self.url = f"http://127.0.0.1:{self.server_port}/services/{SECRET}?key={SECRET}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        self.send_response(status)
        if status in (301, 307):
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(transport, "PAUSE", 0.01)
    with Receiver(*request.param) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("receiver", [(200,), (503, 202), (429, 500, 204)], indirect=True)
def test_a_message_arrives_also_where_the_receiver_is_busy_at_first(receiver: Receiver) -> None:
    tries = len(receiver.statuses)
    Webhook(receiver.url, "The json webhook in HOOK").send({"text": "é"})
    assert receiver.got == [(f"/services/{SECRET}?key={SECRET}", "application/json", {"text": "é"})] * tries


@pytest.mark.parametrize(("receiver", "says"), [
    ((404,), "status 404"), ((500,), "status 500"), ((307,), "redirects elsewhere")], indirect=["receiver"])
def test_one_that_is_not_taken_is_told_without_the_address(receiver: Receiver, says: str) -> None:
    with pytest.raises(NotificationError) as error:
        Webhook(receiver.url, "The slack webhook in HOOK").send({})
    assert says in str(error.value) and "The slack webhook in HOOK" in str(error.value)
    assert "secret" not in str(error.value) and "127.0.0.1" not in str(error.value)


def test_one_that_does_not_answer_is_told_without_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PAUSE", 0.01)
    with pytest.raises(NotificationError) as error:
        Webhook(f"http://127.0.0.1:9/{SECRET}", "The teams webhook in HOOK").send({})
    assert "refused" in str(error.value) and "secret" not in str(error.value) and "127" not in str(error.value)


@pytest.mark.parametrize("url", ["", "secret", "ftp://secret.example/x", "https://", "https://user:secret@host/x", "http://secret.example/x",
                                 "http://[secret", "https://secret.example:99999/x"])
def test_an_address_that_is_none_is_told_without_it(url: str) -> None:
    with pytest.raises(UsageError) as error:
        Webhook(url, "The json webhook in HOOK")
    assert "secret" not in str(error.value)
