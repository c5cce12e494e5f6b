"""Plain files that somebody made with kubectl: one object, a List, many documents; JSON or YAML, also gzip.

A file shows what it holds and no more: a kind of which there is no list may exist all the same.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from auditkit import tables
from auditkit.collectors.sources.model import Answer, Source
from auditkit.collectors.sources.recording import RecordingSource
from auditkit.errors import SourceError
from auditkit.tables.model import Resource

NOT_THERE = "no file holds it; that does not mean there is none"
SINGLE = "single objects were given, no list: nothing shows that there are no others"
SUFFIXES = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")

_SOURCES = {(resource.kind, resource.group): resource.name for resource in tables.RESOURCES.values()}


def open_files(path: Path) -> Source:
    """The source that a path holds: a recording, or plain files. Raises `SourceError`."""
    if not path.exists():
        raise SourceError(f"{path} does not exist. --recording takes a folder or a file that kubectl wrote.")
    return RecordingSource(path) if (path / "index.json").is_file() else FilesSource(path)


class _Found:
    """What files hold of one resource, and what speaks against its being all."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.listed = False
        self.problems: list[str] = []
        self.homeless: list[str] = []

    def take(self, item: Any, resource: Resource) -> None:
        """Keep an object. One that names no namespace is put where kubectl would put it; no cluster wrote it so."""
        metadata = item.get("metadata") if isinstance(item, dict) else None
        if resource.namespaced and isinstance(metadata, dict) and not metadata.get("namespace"):
            item = item | {"metadata": metadata | {"namespace": "default"}}
            self.homeless.append(f"{resource.kind} {str(metadata.get('name'))[:253]}")
        self.items.append(item)

    @property
    def note(self) -> str:
        problems = self.problems if self.listed else [*self.problems, SINGLE]
        if self.homeless:
            more = f" (nor {len(self.homeless) - 1} more)" if len(self.homeless) > 1 else ""
            problems = [*problems, f"{self.homeless[0]} has no namespace{more}, and is taken as one of default"]
        return "; ".join(problems)


class FilesSource:
    """Kubernetes objects in files, answered as the lists of an API server."""

    proves_absence = False
    assembles = True

    def __init__(self, path: Path):
        self.name = path.resolve().name.partition(".")[0]
        self.described = f"files in {path.name}"
        self._found: dict[str, _Found] = {}
        self._broken: list[str] = []
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and (file.name.endswith(SUFFIXES) or file == path):
                self._take(file)
        if not self._found:
            why = "; ".join(self._broken) or f"it has no file that ends in {', '.join(SUFFIXES)}"
            raise SourceError(f"{path} holds no Kubernetes objects: {why}.")

    def get(self, path: str, accept: str = "application/json") -> Answer:
        for name, found in self._found.items():
            resource = tables.RESOURCES[name]
            if path.partition("?")[0].endswith(f"/{resource.plural}") and _group(path) == resource.group:
                body = msgspec.json.encode({"kind": f"{resource.kind}List", "metadata": {}, "items": found.items})
                return Answer(200, body, "; ".join(filter(None, [found.note, *self._broken])))
        return Answer(404, b"", NOT_THERE)

    def review(self, path: str, body: dict) -> Answer:
        return Answer(404, b"", NOT_THERE)

    def _take(self, file: Path) -> None:
        """Sort the objects of a file by what they are; a file that cannot be read casts doubt on all."""
        try:
            for document in _documents(file):
                self._sort(document, file.name)
        except (OSError, EOFError, ValueError, yaml.YAMLError, msgspec.DecodeError, RecursionError) as error:
            self._broken.append(f"{file.name} cannot be read: {' '.join(str(error).split())[:200]}")

    def _sort(self, document: Any, file: str) -> None:
        kind = document.get("kind") if isinstance(document, dict) else None
        if not isinstance(kind, str):
            self._broken.append(f"{file} has a document that is no Kubernetes object (it has no kind)")
        elif not kind.endswith("List"):
            self._put(document, {})
        elif not isinstance(document.get("items"), list):
            self._broken.append(f"{file} has a {kind[:60]} whose items are no list")
        else:
            self._put_list(document, kind.removesuffix("List"), file)

    def _put_list(self, document: dict, kind: str, file: str) -> None:
        """The items of a list; those of a ``PodList`` need not say that they are Pods, those of a ``List`` must."""
        inherited = {"kind": kind, "apiVersion": document.get("apiVersion")} if kind else {}
        listed = {found for item in document["items"] if (found := self._put(item, inherited))}
        if name := _source(inherited):
            listed.add(name)
            self._found.setdefault(name, _Found())
        metadata = document.get("metadata")
        for name in listed:
            self._found[name].listed = True
            if isinstance(metadata, dict) and metadata.get("continue"):
                self._found[name].problems.append(f"{file} is one page of a longer list")

    def _put(self, item: Any, inherited: dict) -> str:
        """Keep an object under the resource that it is, and say which; empty where nothing reads such a kind."""
        name = _source(item if isinstance(item, dict) and item.get("kind") else inherited)
        if name:
            self._found.setdefault(name, _Found()).take(item, tables.RESOURCES[name])
        return name


def _source(thing: dict) -> str:
    """The resource whose objects have this kind and API group."""
    group = str(thing.get("apiVersion") or "").rpartition("/")[0]
    return _SOURCES.get((str(thing.get("kind")), group), "")


def _documents(file: Path) -> Iterator[Any]:
    """The documents of a file, whatever its form."""
    content = file.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    if text.lstrip()[:1] in ("{", "["):
        yield msgspec.json.decode(text)
        return
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
        raise ValueError("it has YAML aliases, which kubectl never writes and which can swell without bound")
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if document is not None:
            yield document


def _group(path: str) -> str:
    parts = path.split("/")
    return parts[2] if parts[1:2] == ["apis"] and len(parts) > 2 else ""
