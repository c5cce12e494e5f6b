"""A recording of an API server: a folder with ``index.json`` and a file for each answer (plain or gzip), or a tar
archive of one."""

import datetime as dt
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from auditkit.base.files import content
from auditkit.base.unpacking import gunzip
from auditkit.collectors.sources.documents import UNREADABLE, members, sentence
from auditkit.collectors.sources.model import ALL_PAGES, NO_END, Answer
from auditkit.collectors.sources.observed import SKEW, Newest, Observed, http_date
from auditkit.errors import SourceError, UsageError

NOT_RECORDED = "the recording does not contain it"
INDEX = "index.json"


class _Recorded(msgspec.Struct):
    """One line of the index: what was asked, the file with the answer, and when the server gave it (``date``: its
    HTTP header, or in ISO form)."""

    method: str
    path: str
    file: str
    status: int
    accept: str = "application/json"
    headers: dict[str, str] | None = None
    date: str | None = None


class RecordingSource:
    """Answers from a recording, as the server gave them.

    Only what was asked without a changed identity counts: an answer to somebody else is not this collector's.
    """

    proves_absence = False
    assembles = False
    pages = ALL_PAGES
    kubelet_seconds = NO_END
    stated: frozenset[str] = frozenset()

    def __init__(self, path: Path, stated_by: str = "", taken: tuple[dt.datetime, dt.datetime] | None = None):
        self.stated_by = stated_by
        self._files = _Folder(path) if path.is_dir() else _Archive(path)
        self.name = path.resolve().name if path.is_dir() else path.name.partition(".")[0]
        self.described = f"recording {self.name}"
        self._taken, self._newest = taken, Newest()
        try:
            index = msgspec.json.decode(self._files.read(INDEX), type=list[_Recorded])
        except UNREADABLE as error:
            raise SourceError(f"{path / INDEX} cannot be read as the index of a recording: {sentence(error)}. Record "
                              "again with `auditkit collect --script`.") from None
        self._answers = {self._key(entry.method, entry.path, entry.accept): entry
                         for entry in reversed(index) if not entry.headers}
        self._dates = [http_date(entry.date or "") for entry in self._answers.values()]

    @staticmethod
    def _key(method: str, path: str, accept: str) -> tuple[str, str, frozenset[tuple[str, str]], str]:
        bare, _, query = path.partition("?")
        form = re.search(r"as=(\w+)", accept)
        return method, bare, frozenset(parse_qsl(query)), form.group(1) if form else ""

    def get(self, path: str, accept: str = "application/json", until: float | None = None) -> Answer:
        return self._answer("GET", path, accept)

    def review(self, path: str, body: dict[str, Any], until: float | None = None) -> Answer:
        return self._answer("POST", path, "application/json")

    def transport(self, newest: dt.datetime | None = None) -> list[str]:
        return []

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        """As the index says where it dates every answer, and the answers do not contradict it; else by what the user
        and the answers say."""
        dates = [date for date in self._dates if date]
        if not dates or len(dates) < len(self._dates):
            return self._newest.observed(ended, self._taken)
        first, last = min(dates), max(dates)
        if self._taken and not (self._taken[0] <= last and first <= self._taken[1]):
            raise UsageError(f"--taken-at contradicts the recording, which was made from "
                             f"{first:%Y-%m-%dT%H:%M:%SZ} to {last:%Y-%m-%dT%H:%M:%SZ}. Leave it out.")
        newest = self._newest.observed(ended, None).since
        if last > ended + SKEW or (newest and newest > last + SKEW):
            return self._newest.observed(ended, self._taken)
        return Observed(first, last, "recorded")

    def _answer(self, method: str, path: str, accept: str) -> Answer:
        entry = self._answers.get(self._key(method, path, accept))
        if entry is None:
            return Answer(404, b"", NOT_RECORDED)
        if not self._files.inside(entry.file):
            return Answer(404, b"", f"the index points outside the recording ({entry.file})")
        try:
            body = self._body(entry.file)
        except UNREADABLE as error:
            return Answer(500, b"", f"its file {entry.file} cannot be read ({sentence(error)})")
        self._newest.look(body)
        return Answer(entry.status, body)

    def _body(self, name: str) -> bytes:
        try:
            return self._files.read(name)
        except FileNotFoundError:
            return gunzip(self._files.read(f"{name}.gz"))


class _Folder:
    """The files of a folder."""

    def __init__(self, path: Path):
        self._path = path

    def inside(self, name: str) -> bool:
        if "\0" in name:  # no file is called so, and the system would not look for it
            return False
        return Path(os.path.realpath(self._path / name)).is_relative_to(os.path.realpath(self._path))

    def read(self, name: str) -> bytes:
        return content(self._path / name)


class _Archive:
    """The files of a tar archive, by their path below the folder of the index."""

    def __init__(self, path: Path):
        found = {file.name: file.content for file in members(path) if not file.problem}
        index = min((name for name in found if name.rpartition("/")[2] == INDEX), key=len, default=INDEX)
        root = index.removesuffix(INDEX)
        self._files = {name.removeprefix(root): content for name, content in found.items() if name.startswith(root)}

    def inside(self, name: str) -> bool:
        return ".." not in name.split("/") and not name.startswith("/")

    def read(self, name: str) -> bytes:
        try:
            return self._files[name]
        except KeyError:
            raise FileNotFoundError(f"{name} is not in the archive") from None
