"""Lists of a resource, page by page: what was read, and an honest word about what was not."""

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np
import pyarrow as pa

from auditkit import tables
from auditkit.base.undecodable import UNDECODABLE, verify_text
from auditkit.collectors.decode.objects import NotAList, Page, decode
from auditkit.collectors.envelope import Announced, Asked
from auditkit.collectors.sources.model import Answer, NeverAnswered, NoAnswer, Source
from auditkit.snapshots.ledger import Body, Entry, Outcome
from auditkit.tables.model import Resource

LIMIT = 500
"""Objects a page."""

JOIN = 10_000
"""Rows from which the pieces of a table are joined."""
TABLE_FORM = "application/json;as=Table;v=v1;g=meta.k8s.io"

Progress = Callable[[str, int, int, str], None]
"""Called with the name of what was read, how many are done, how many there are, and the outcome. Kubelets are counted
after the lists, for themselves."""

Batches = dict[str, list[pa.RecordBatch]]

REFUSED: dict[int, Outcome] = {403: "forbidden", 404: "absent"}
"""The outcome by the status of an answer; any other is ``failed``."""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


BY_WORTH: tuple[Outcome, ...] = ("failed", "absent", "forbidden", "partial", "complete")
"""Outcomes, the best last."""


def passing(answer: Answer) -> bool:
    """True for an answer that another try may replace by a better one: the server is overloaded or broken now."""
    return answer.status == 429 or answer.status >= 500


def body_of(path: str, answer: Answer) -> Body:
    """An answer as the ledger keeps it: its size and digest, never its content."""
    return Body(path, answer.status, len(answer.body), hashlib.sha256(answer.body).hexdigest())


class _Restart(Exception):
    """The list can not be finished as it was begun; the text says why."""


class _Stopped(Exception):
    """Nothing more of a list can be read: the outcome, why, and whether another try may read it."""

    def __init__(self, outcome: Outcome, reason: str, *, interrupted: bool = False):
        super().__init__(reason)
        self.outcome, self.reason, self.interrupted = outcome, reason, interrupted


_ONE_PAGE = threading.Lock()
"""Lists are asked for at the same time, but pages are decoded one after another. The interpreter would not do it
faster, only one page's objects are in memory, and msgspec's first use of a type is not safe in two threads."""

Decoder = Callable[[bytes], Page]
"""From the body of one page to its rows. Raises `NotAList`."""


class Listing:
    """All the pages of one resource: their rows by table, and the ledger's entry.

    ``decoder`` makes what decodes the pages, anew for each try. ``extract`` is shown each body that was understood;
    ``extracted`` is what it found, ``unread`` what it could not read. ``interrupted`` is true where the server or the
    way to it failed, or the list did not hold still: another try may read it.
    """

    def __init__(self, source: Source, resource: Resource, version: str, *, limit: int = LIMIT,
                 decoder: Callable[[], Decoder] | None = None,
                 extract: Callable[[bytes], tuple[list[dict[str, Any]], list[str]]] | None = None):
        self.resource, self.version = resource, version
        self._source, self._extract = source, extract
        self._asked = Asked.of(resource, version, limit)
        self._decoder = decoder or (lambda: lambda body: decode(body, resource.name))
        root = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
        self.path = f"{root}/{resource.plural}?limit={limit}"
        if resource.form == "table":
            self.path += "&includeObject=Metadata"
        self._begin()

    def _begin(self) -> None:
        """Forget all that was read: nothing of one try is part of another."""
        self.batches: Batches = {}
        self.extracted: list[dict[str, Any]] = []
        self.unread: list[str] = []
        self.interrupted = False
        self.decode = self._decoder()
        self.entry = Entry(resource=self.resource.name, path=self.path, outcome="complete", started=now(), ended=now())

    def read(self) -> "Listing":
        """Read all pages. A list that expires on the way, or of which a page is cut short or another's, is begun again
        once, and never patched together: what a decoder keeps of a page that is refused is forgotten with it."""
        for last_try in (False, True):
            self._begin()
            try:
                self._read_pages()
                break
            except _Restart as reason:
                if last_try:
                    self._end("partial", f"{reason}, twice")
                    self.interrupted = True
            except NotAList as error:
                if last_try:
                    self._stop("failed", str(error))
            except _Stopped as stop:
                self._stop(stop.outcome, stop.reason)
                self.interrupted = stop.interrupted
                break
        self.entry.ended = now()
        return self

    def read_again(self) -> "Listing":
        """Read a list that was interrupted once more, from the start. The better of both tries is kept whole."""
        first = copy(self)
        if _worth(self.read().entry) <= _worth(first.entry):
            vars(self).update(vars(first))
        return self

    def _stop(self, outcome: Outcome, reason: str) -> None:
        begun = bool(self.entry.items) and outcome in ("failed", "absent")
        self._end("partial" if begun else outcome, reason)

    def _end(self, outcome: Outcome, reason: str) -> None:
        self.entry.outcome, self.entry.reason = outcome, reason

    def _read_pages(self) -> None:
        doubts: list[str] = []
        seen: list[np.ndarray] = []
        version, announced = "", Announced(self._asked.limit)
        for page, note in self._pages():
            if version and page.resource_version != version:
                raise _Restart(f"the list changed during collection (resourceVersion {version}, then "
                               f"{page.resource_version})")
            version = self.entry.resource_version = page.resource_version
            doubts += [note] if note and note not in doubts else []
            doubts += [*page.malformed, *self._misplaced(page.names)]
            announced.add(page)
            seen.append(np.fromiter(map(hash, page.names), np.int64, len(page.names)))
            self.entry.items += page.items
            for name, batches in page.batches.items():
                self.batches[name] = joined([*self.batches.get(name, []), *batches])
        if len(np.unique(names := np.concatenate(seen))) < len(names):
            doubts.append("an object is listed twice")
        if not self._source.assembles:
            doubts += announced.doubts()
        if doubts:
            shown = "; ".join(doubts[:5])
            self._end("partial", shown if len(doubts) <= 5 else f"{shown}; and {len(doubts) - 5} more")

    def _misplaced(self, names: list[str]) -> list[str]:
        """Objects without the namespace that each of their kind has, or with one where their kind has none: they are
        of another kind, and what is in them can be joined to nothing."""
        if self.resource.namespaced is None:
            return []
        if self.resource.namespaced:
            return [f"{self.resource.kind} {name[1:254]} has no namespace" for name in names if name.startswith("/")]
        return [f"{self.resource.kind} {name[:254]} has a namespace, although its kind is cluster-scoped"
                for name in names
                if not name.startswith("/")]

    def _pages(self) -> Iterator[tuple[Page, str]]:
        token, known = "", set()
        for _ in range(self._source.pages):
            path = f"{self.path}&continue={quote(token, safe='')}" if token else self.path
            page, note = self._page(path)
            yield page, note
            token = page.continue_token
            if not token:
                return
            if token in known:
                raise _Stopped("partial", "the server returned the same continue token twice")
            known.add(token)
        raise _Stopped("partial", f"the list did not end within {self._source.pages:,} pages")

    def _page(self, path: str) -> tuple[Page, str]:
        """One page. Raises `NotAList` where the body is cut short, or is not of the list that was asked for."""
        answer = self._ask(path)
        try:
            verify_text(answer.body)
            with _ONE_PAGE:
                page = self.decode(answer.body)
            if not self._source.assembles:
                self._asked.verify(page)
        except UnicodeDecodeError as error:
            why = f"the response is not UTF-8 text ({error.reason} at byte {error.start})"
            raise NotAList(answer.note or why) from None
        except NotAList as error:
            raise NotAList(answer.note or str(error)) from None
        if self._extract:
            found, unread = self._extract(answer.body)
            self.extracted += found
            self.unread += unread
        return page, answer.note

    def _ask(self, path: str) -> Answer:
        try:
            answer = self._source.get(path, TABLE_FORM if self.resource.form == "table" else "application/json")
        except NoAnswer as error:
            raise _Stopped("failed", str(error), interrupted=not isinstance(error, NeverAnswered)) from None
        self.entry.bodies.append(body_of(path, answer))
        if answer.status == 200:
            return answer
        reason = message(answer)
        if answer.status == 410:
            raise _Restart("the list expired during collection (410)")
        raise _Stopped(REFUSED.get(answer.status, "failed"), reason, interrupted=passing(answer))


def _worth(entry: Entry) -> tuple[int, int]:
    return BY_WORTH.index(entry.outcome), entry.items


class _Status(msgspec.Struct):
    """What an API server says where it does not do what was asked."""

    message: str = ""
    reason: str = ""


_STATUS = msgspec.json.Decoder(_Status)


def message(answer: Answer) -> str:
    """Why an answer is not what was asked for, in the words of whoever gave it."""
    try:
        said = _STATUS.decode(answer.body).message[:300]
    except UNDECODABLE:
        said = ""
    return answer.note or said or f"HTTP {answer.status}"


def not_served(resource: Resource) -> Entry:
    """The entry of a resource that the discovery document does not have."""
    return Entry(resource=resource.name, outcome="absent", proven=True, reason="the server does not serve it",
                 started=now(), ended=now())


def unknown_version(resource: Resource, served: list[str], known: Iterable[str]) -> Entry:
    """The entry of a resource that is served, but in no version whose fields are known here."""
    reason = (f"the server serves it as {', '.join(served)[:200]} only, which this version of auditkit cannot read "
              f"(it reads {', '.join(known)})")
    return Entry(resource=resource.name, outcome="failed", reason=reason, started=now(), ended=now())


def joined(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """The same rows in fewer pieces: what came since the last large piece is joined when there is enough of it.

    A column in hundreds of pieces is slow to ask, and to join all of them at the end takes twice the memory.
    """
    small = next((at for at, batch in enumerate(batches) if batch.num_rows < JOIN), len(batches))
    rest = batches[small:]
    if len(rest) < 2 or sum(batch.num_rows for batch in rest) < JOIN:
        return batches
    return [*batches[:small], *pa.Table.from_batches(rest).combine_chunks().to_batches()]


def tables_of(batches: Batches) -> dict[str, pa.Table]:
    """Every table, also those without rows."""
    return {name: table.of(batches.get(name, []))
            for name, table in tables.TABLES.items()}
