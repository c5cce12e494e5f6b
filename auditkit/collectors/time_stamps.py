"""Time stamps from an authority over HTTP.

Source: RFC 3161, section 3.4 (Time-Stamp Protocol via HTTP).
"""

from urllib.parse import urlsplit

from auditkit.base.signing import stamps
from auditkit.collectors.sources.bounds import Bounds, Budget
from auditkit.collectors.sources.failures import address
from auditkit.collectors.sources.kubeconfig import Cluster
from auditkit.collectors.sources.login import Nobody
from auditkit.collectors.sources.model import Answer, NoAnswer
from auditkit.collectors.sources.transport import Transport
from auditkit.errors import TimeStampError, UsageError

_SECONDS = 30.0
_BOUNDS = Bounds(response_seconds=_SECONDS, response_bytes=2**20, pause_seconds=_SECONDS)
"""Of one stamp: an authority answers within a second, with some thousand bytes."""

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class Authority:
    """A time-stamp authority at an address. Raises `UsageError` for what is none."""

    def __init__(self, url: str):
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise UsageError("--timestamp-url is not an address such as https://HOST/PATH.")
        if "@" in parts.netloc:
            raise UsageError("--timestamp-url has a user or password. auditkit sends none: give an address without.")
        self._server = f"{parts.scheme}://{parts.netloc}"
        self._path = f"{parts.path}?{parts.query}" if parts.query else parts.path

    def stamp(self, content: bytes) -> bytes:
        """A time stamp of these bytes. Of them, the authority is told the SHA-256 alone.

        That it is of these bytes and answers this request is verified; by whom it is signed is not, since that needs
        the authority's certificates. Raises `TimeStampError`.
        """
        asked = stamps.request(content)
        answer = self._asked(asked.encoded)
        if answer.status != 200:
            raise self._failed(f"it answered with the status {answer.status}")
        try:
            stamps.verify_answer(asked, answer.body)
        except TimeStampError as error:
            raise self._failed(str(error)) from None
        return answer.body

    def _asked(self, body: bytes) -> Answer:
        transport = Transport(Cluster(server=self._server), Nobody(), [], Budget(_BOUNDS), 1, _SECONDS)
        try:
            return transport.request("POST", self._path, _HEADERS, body)
        except NoAnswer as error:
            raise self._failed(str(error)) from None

    def _failed(self, why: str) -> TimeStampError:
        return TimeStampError(f"{address(self._server)} gave no time stamp: {why}. What was signed before stays. Sign "
                              "again later, or without --timestamp-url.")
