"""A recording of an API server: a folder with ``index.json`` and a file for each answer (plain or gzip)."""

import gzip
import re
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from auditkit.collectors.sources.model import Answer
from auditkit.errors import SourceError

NOT_RECORDED = "it was not recorded"


class _Recorded(msgspec.Struct):
    """One line of the index: what was asked, and the file with the answer."""

    method: str
    path: str
    file: str
    status: int
    accept: str = "application/json"
    headers: dict[str, str] | None = None


class RecordingSource:
    """Answers from a recording, as the server gave them.

    Only what was asked without a changed identity counts: an answer to somebody else is not this collector's.
    """

    proves_absence = False
    assembles = False

    def __init__(self, folder: Path):
        self._folder = folder
        self.name = folder.resolve().name
        self.described = f"recording {self.name}"
        try:
            index = msgspec.json.decode((folder / "index.json").read_bytes(), type=list[_Recorded])
        except (OSError, msgspec.DecodeError) as error:
            raise SourceError(f"{folder / 'index.json'} cannot be read as the index of a recording: {error}.") from None
        self._answers = {self._key(entry.method, entry.path, entry.accept): entry
                         for entry in reversed(index) if not entry.headers}

    @staticmethod
    def _key(method: str, path: str, accept: str) -> tuple:
        bare, _, query = path.partition("?")
        form = re.search(r"as=(\w+)", accept)
        return method, bare, frozenset(parse_qsl(query)), form.group(1) if form else ""

    def get(self, path: str, accept: str = "application/json") -> Answer:
        return self._answer("GET", path, accept)

    def review(self, path: str, body: dict) -> Answer:
        return self._answer("POST", path, "application/json")

    def _answer(self, method: str, path: str, accept: str) -> Answer:
        entry = self._answers.get(self._key(method, path, accept))
        if entry is None:
            return Answer(404, b"", NOT_RECORDED)
        file = self._folder / entry.file
        if not file.resolve().is_relative_to(self._folder.resolve()):
            return Answer(404, b"", f"the index points outside the recording ({entry.file})")
        try:
            return Answer(entry.status, file.read_bytes())
        except FileNotFoundError:
            pass
        try:
            return Answer(entry.status, gzip.decompress(file.with_name(f"{file.name}.gz").read_bytes()))
        except (OSError, EOFError, gzip.zlib.error) as error:
            return Answer(200, b"", f"its file {entry.file} cannot be read ({error})")
