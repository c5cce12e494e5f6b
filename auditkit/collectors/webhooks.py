"""Messages to webhooks over HTTP. The address is a secret: no message, error or log has any part of it."""

import json
from typing import Any
from urllib.parse import urlsplit

from auditkit.collectors.sources.bounds import Bounds, Budget
from auditkit.collectors.sources.kubeconfig import Cluster
from auditkit.collectors.sources.login import Nobody
from auditkit.collectors.sources.model import NeverAnswered, NoAnswer
from auditkit.collectors.sources.transport import Transport
from auditkit.errors import NotificationError, UsageError

_SECONDS = 20.0
_BOUNDS = Bounds(seconds=120, response_seconds=_SECONDS, response_bytes=2**20, pause_seconds=_SECONDS)
"""Of one message."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Webhook:
    """A webhook; ``called`` is what messages call it. Raises `UsageError` for an address that is none, or that would
    show the secret in it to everybody on the way."""

    def __init__(self, url: str, called: str):
        self.called = called
        try:
            parts = urlsplit(url.strip())
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
        except ValueError:
            good = False
        if not good:
            raise UsageError(f"{called} has no address such as https://HOST/PATH.")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise UsageError(f"{called} has an address with http. Whoever knows the address can write there, and http "
                             "shows it to everybody on the way: use https.")
        self._server = f"{parts.scheme}://{parts.netloc}"
        self._path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def send(self, body: dict[str, Any]) -> None:
        """Send a message; a receiver that is busy is asked again, as an API server is. Raises `NotificationError` where
        it was not taken."""
        transport = Transport(Cluster(server=self._server), Nobody(), [], Budget(_BOUNDS), 1, _SECONDS)
        content = json.dumps(body).encode("ascii")
        try:
            status = transport.request("POST", self._path, {"Content-Type": "application/json"}, content).status
        except NeverAnswered:  # its text may have an address
            raise self._failed("it redirects elsewhere, or takes too long") from None
        except NoAnswer as error:
            raise self._failed(str(error)) from None
        if not 200 <= status < 300:
            raise self._failed(f"it answered with the status {status}")

    def _failed(self, why: str) -> NotificationError:
        return NotificationError(f"{self.called} did not take the message: {why}. The next run of the job tries again.")
