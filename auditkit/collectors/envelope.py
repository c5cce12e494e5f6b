"""The envelope of a list: what an answer says of itself is compared with what was asked for.

An API server writes into each page which list it is, of which moment, and what is still to come. A page that says
something else is not read; one that says too little, or announces more than comes, leaves the list in doubt.

Source of the rules: kubernetes/apimachinery, ``pkg/apis/meta/v1/types.go`` (TypeMeta, ListMeta: ``resourceVersion``,
``continue``, ``remainingItemCount``), and kubernetes/apiserver, ``pkg/storage/etcd3/store.go`` (GetList: without a
selector a page is filled up to its limit, and a continue token is given only where there is a further object).
"""

from typing import NamedTuple

from auditkit.collectors.decode.objects import NotAList, Page
from auditkit.tables.model import Resource

_WORD = 60
"""Characters of a foreign word that are shown."""


class Asked(NamedTuple):
    """The list that was asked for: its kind and API version, the form of its objects, the limit of a page."""

    kind: str
    api_version: str
    form: str
    limit: int

    @classmethod
    def of(cls, resource: Resource, version: str, limit: int) -> "Asked":
        if resource.form == "table":
            return cls("Table", "meta.k8s.io/v1", "table", limit)
        api_version = f"{resource.group}/{version}" if resource.group else version
        return cls(f"{resource.kind}List", api_version, "object", limit)

    def verify(self, page: Page) -> None:
        """Raises `NotAList` where a page is not one of the list that was asked for."""
        said = page.kind, page.api_version, page.form
        if said == (self.kind, self.api_version, self.form):
            return
        if said[:2] == (self.kind, self.api_version):
            held, wanted = ("rows", "items") if page.form == "table" else ("items", "rows")
            raise NotAList(f"the response is a {self.kind} with {held} instead of {wanted}")
        raise NotAList(f"the request was for a {self.kind} of {self.api_version}, but the response is "
                       f"{_named(page.kind, 'of no kind')} of {_named(page.api_version, 'no version')}")


def _named(word: str, nothing: str) -> str:
    return repr(word[:_WORD]) if word else nothing


class Announced:
    """What the pages of one list announced, page by page, and what of it came."""

    def __init__(self, limit: int):
        self._limit = limit
        self._pages = self._came = self._due = 0
        self._doubts: list[str] = []

    def add(self, page: Page) -> None:
        """Take note of a page."""
        self._pages += 1
        self._came += page.items
        self._due = max(self._due, self._came + (page.remaining or 0))
        if page.resource_version in ("", "0"):
            self._doubt("the list has no resourceVersion, so its point in time is unknown")
        if page.items == 0 and self._pages > 1:
            self._doubt(f"page {self._pages} is empty, although more objects were announced")
        elif page.continue_token and page.items < self._limit:
            self._doubt(f"page {self._pages} has only {page.items} of {self._limit} objects, although more pages "
                        f"follow")

    def doubts(self) -> list[str]:
        """Why the list may not be whole, once all of its pages came."""
        missing = self._due - self._came
        return self._doubts + ([f"{missing} more objects were announced but not sent"] if missing > 0 else [])

    def _doubt(self, doubt: str) -> None:
        if doubt not in self._doubts:
            self._doubts.append(doubt)
