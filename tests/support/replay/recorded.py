"""A recording on disk: `index.json` and the bodies, plain or gzip (see `tests/clusters/README.md`)."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from .requests import PLAIN, Form, Request, Target, forms

Entry = dict[str, Any]


def _request(entry: Entry) -> Request:
    headers = {**entry["headers"], "Accept": entry["accept"]}
    return Request(entry["method"], entry["path"], headers, entry["body"])


def _key(request: Request, form: Form) -> tuple:
    asked = {key: value for key, value in request.query.items() if key != "timeout"}  # which changes no answer
    return request.method, request.path, tuple(sorted(asked.items())), form, request.impersonated


class Recording:
    """Answers by request. Bodies are read when they are asked for; only parsed lists are kept."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.entries: list[Entry] = json.loads((self.folder / "index.json").read_bytes())
        self._by_key: dict[tuple, Entry] = {}
        self._lists: dict[tuple[str, Form], dict | None] = {}
        for entry in self.entries:
            request = _request(entry)
            self._by_key.setdefault(_key(request, forms(entry["accept"])[0]), entry)

    def body(self, entry: Entry) -> bytes:
        path = self.folder / entry["file"]
        return path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())

    def exact(self, request: Request, form: Form) -> Entry | None:
        """The entry recorded for this very request (its body aside) in this form."""
        return self._by_key.get(_key(request, form))

    def refusal(self, user: str, path: str) -> Entry | None:
        """The 403 that was recorded for this user on this path, whatever the query and the form."""
        for entry in self.entries:
            request = _request(entry)
            if (entry["status"], request.impersonated, request.path) == (403, user, path):
                return entry
        return None

    def whole_list(self, path: str, form: Form = PLAIN) -> dict | None:
        """The whole recorded list of a path, its pages joined, without `continue`; None if there is none."""
        if (path, form) not in self._lists:
            self._lists[path, form] = self._join(path, form)
        return self._lists[path, form]

    def _join(self, path: str, form: Form) -> dict | None:
        firsts = [e for e in self._pages(path, form) if "continue" not in _request(e).query]
        if not firsts:
            return None
        first = max(firsts, key=lambda entry: int(_request(entry).query["limit"]))
        whole = json.loads(self.body(first))
        rows = "rows" if whole["kind"] == "Table" else "items"
        token = whole["metadata"].pop("continue", None)
        while token:
            entry = next(e for e in self._pages(path, form) if _request(e).query.get("continue") == token)
            page = json.loads(self.body(entry))
            whole[rows] += page[rows]
            token = page["metadata"].get("continue")
        whole["metadata"].pop("remainingItemCount", None)
        return whole

    def _pages(self, path: str, form: Form) -> list[Entry]:
        return [
            entry
            for (method, of, query, in_form, user), entry in self._by_key.items()
            if (method, of, in_form, user) == ("GET", path, form, None)
            and entry["status"] == 200
            and "limit" in dict(query)
        ]

    @cached_property
    def page_numbers(self) -> dict[str, int]:
        """Of each recorded `continue` token the number of the page that it fetches (the first page is 1)."""
        numbers: dict[str, int] = {}
        seen: Counter[str] = Counter()
        for entry in self.entries:
            request = _request(entry)
            if "continue" in request.query:
                seen[request.path] += 1
                numbers[request.query["continue"]] = 1 + seen[request.path]
        return numbers

    @cached_property
    def user(self) -> dict[str, Any]:
        """`username`, `groups` … of whoever recorded."""
        review = self.exact(Request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}), PLAIN)
        return json.loads(self.body(review))["status"]["userInfo"] if review else {"username": "admin"}

    @cached_property
    def served(self) -> dict[tuple[str, str], list[str]]:
        """Resource names (subresources too) of each served group and version, from discovery."""
        found = {}
        for entry in self.entries:
            path = entry["path"].strip("/").split("/")
            if entry["status"] == 200 and ((path[:1] == ["api"] and len(path) == 2) or len(path) == 3):
                group, version = (path[1], path[2]) if path[0] == "apis" else ("", path[-1])
                if "?" not in version:
                    found[group, version] = [r["name"] for r in json.loads(self.body(entry))["resources"]]
        return found

    def serves(self, target: Target) -> bool:
        return (target.group, target.version) in self.served
