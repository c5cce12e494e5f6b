"""What a collector asks: something that answers API paths. A live server, a recording and plain files all do."""

import datetime as dt
import math
import sys
from typing import Any, NamedTuple, Protocol

from auditkit.collectors.sources.observed import Observed

ALL_PAGES = sys.maxsize
"""As many pages as a list has: files end."""

NO_END = math.inf
"""As many seconds as it takes: files answer at once."""


class Answer(NamedTuple):
    """An HTTP answer. ``note`` says why the body, though well formed, may not be all there is."""

    status: int
    body: bytes
    note: str = ""


class NoAnswer(Exception):
    """A question got no answer at all; the text says why (a time-out, a cut connection, a refused certificate)."""


class NeverAnswered(NoAnswer):
    """A question that gets no answer however often it is asked, as where a bound of the collection is reached."""


class TooLate(NoAnswer):
    """A question for whose answer there was no time left."""


class LoginFailed(NeverAnswered):
    """Nobody could be logged in; the text says why."""


class Source(Protocol):
    """Something that answers paths of the Kubernetes API.

    ``proves_absence`` is true where a path that is not found shows that there is no such thing, and false for
    files, in which it merely was not put. ``assembles`` is true of a source that makes lists out of objects it found,
    whose envelope it writes itself; those of an API server are compared with what was asked for.
    ``stated`` names the resources that are whole on somebody's word alone, ``stated_by`` is whose word it is.
    ``pages`` is how many pages of one list are read at most, ``kubelet_seconds`` how long all kubelets together are
    asked.
    """

    name: str
    described: str
    proves_absence: bool
    assembles: bool
    stated: frozenset[str]
    stated_by: str
    pages: int
    kubelet_seconds: float

    def get(self, path: str, accept: str = "application/json", until: float | None = None) -> Answer:
        """The answer to a path with its query. With ``until`` a server is asked only once, and must answer promptly and
        before that time of the monotonic clock. Raises `NoAnswer`."""
        ...

    def review(self, path: str, body: dict[str, Any], until: float | None = None) -> Answer:
        """The answer to a review of oneself, a POST that changes nothing; ``until`` as of `get`. Raises `NoAnswer`."""
        ...

    def transport(self, newest: dt.datetime | None = None) -> list[str]:
        """What an auditor must know of how it was asked, a sentence each; nothing of files. ``newest`` is when the
        newest object was created."""
        ...

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        """When what it answered between these times was so. Raises `UsageError` where a statement contradicts it."""
        ...
