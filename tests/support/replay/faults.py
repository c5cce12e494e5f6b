"""What goes wrong between a client and an API server, told to the replay server beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from .answers import Answer, as_json, expired, failure, forbidden, start_of
from .requests import Request

STATUS_WORDS = {
    401: ("Unauthorized", "Unauthorized"),
    403: ("forbidden: not allowed by the replay", "Forbidden"),
    429: ("storage is (re)initializing", "TooManyRequests"),
    500: ("etcdserver: request timed out", "InternalError"),
    503: ("the server is currently unable to handle the request", "ServiceUnavailable"),
    504: ("Too large resource version: 99999999999, current: 1525", "Timeout"),
}
KINDS = ("status", "gone", "cut", "half", "hang", "empty-200", "body", "transform", "rewrite")
OF_LATER_PAGES = ("gone", "empty-200")  # they befall requests that carry a `continue`


@dataclass
class Fault:
    """Befalls requests whose path matches `pattern`, `times` times (None: always), once `after` were spared.

    With `page` only that page of a list is meant, the first being 1. The kinds:
    `status` (with `retry_after`, `body`), `gone`: 410 with a token that is not consistent,
    `cut`: the connection breaks amid the body, `half`: half a body with a Content-Length that fits,
    `hang`: no answer until the server stops, `empty-200`: an old token read as the end of an empty list,
    `body`: any bytes, `transform`: a function from the decoded JSON to another, `rewrite`: one from bytes to bytes.
    """

    pattern: str
    kind: str = "status"
    status: int = 200
    retry_after: int | None = None
    body: bytes = b""
    transform: Callable[[Any], Any] | None = None
    rewrite: Callable[[bytes], bytes] | None = None
    page: int | None = None
    times: int | None = None
    after: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are {', '.join(KINDS)}")

    def befalls(self, request: Request, page: int) -> bool:
        """Counts as well: call it once a request."""
        if not fnmatchcase(request.path, self.pattern) or self.times == 0:
            return False
        if page != self.page if self.page else (self.kind in OF_LATER_PAGES and page == 1):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times = self.times and self.times - 1
        return True

    def spoil(self, request: Request, usual: Callable[[], Answer], user: str) -> Answer | None:
        """The answer instead of the usual one; None where there shall be none. A refusal names the user."""
        match self.kind:
            case "status" if self.status == 403 and request.target and not self.body:
                return forbidden(user, request.verb, request.target)
            case "status":
                return self._status()
            case "gone":
                return expired(request, start_of(request))
            case "hang":
                return None
            case "body":
                return Answer(self.status, self.body)
        answer = usual()
        half = answer.body[: len(answer.body) // 2]
        match self.kind:
            case "cut":
                return replace(answer, body=half, announced=len(answer.body))
            case "half":
                return replace(answer, body=half)
            case "rewrite":
                return replace(answer, body=self.rewrite(answer.body))
            case "transform":
                return as_json(self.transform(json.loads(answer.body)), answer.status)
        whole = json.loads(answer.body)  # "empty-200"
        head = {"kind": whole["kind"], "apiVersion": whole["apiVersion"]}
        return as_json({**head, "metadata": {"resourceVersion": "1"}, "items": []})

    def _status(self) -> Answer:
        message, reason = STATUS_WORDS.get(self.status, (f"told to answer {self.status}", None))
        wait = None if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        answer = failure(self.status, message, reason, details=wait)
        if wait:
            answer.headers["Retry-After"] = str(self.retry_after)
        return replace(answer, body=self.body or answer.body)
