"""Plain files that somebody made with kubectl: one object, a List, many documents; JSON or YAML, also gzip and tar.

A file shows what it holds and no more: a kind of which there is no list may exist all the same, and a list may be of
one namespace (`wholeness`). Dumps (`kubectl cluster-info dump`, must-gather, Velero) are such files too, in folders or
archives.
"""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import msgspec

from auditkit import tables
from auditkit.base.files import reason, verify_file
from auditkit.collectors.sources.documents import (
    ARCHIVES,
    SUFFIXES,
    UNREADABLE,
    File,
    documents,
    files,
    members,
    sentence,
    text_of,
)
from auditkit.collectors.sources.model import ALL_PAGES, NO_END, Answer, Source
from auditkit.collectors.sources.observed import Newest, Observed
from auditkit.collectors.sources.recording import INDEX, RecordingSource
from auditkit.collectors.sources.wholeness import EVERYWHERE, SINGLE, Listed, doubts, named_by
from auditkit.errors import SourceError, UsageError
from auditkit.tables import engines
from auditkit.tables.model import Resource

NOT_THERE = "no file contains it, which does not show that there is none"

LAYOUTS = (
    ("must-gather", re.compile(r"(^|/)(cluster-scoped-resources/[^/]+|namespaces/[^/]+/core)/[^/]+\.yaml$")),
    ("Velero backup", re.compile(r"(^|/)resources/[^/]+/([^/]+/)?(cluster|namespaces/[^/]+)/[^/]+\.json$")),
)
"""Dumps by the paths of their files. must-gather: openshift/oc, pkg/cli/admin/inspect; Velero:
velero.io/docs/v1.4/output-file-format (each object may be there twice, once in the preferred version)."""

LASTING = {("Namespace", "", name) for name in ("default", "kube-system", "kube-public", "kube-node-lease")} | {
    ("Service", "default", "kubernetes"), ("ClusterRole", "", "cluster-admin")}
"""Objects that a cluster has once, for life: two UIDs of one of them are two clusters."""

_RESOURCES = engines.RESOURCES | tables.RESOURCES
_SOURCES = {(resource.kind, resource.group): resource.name for resource in _RESOURCES.values()}

Stated = tuple[dt.datetime, dt.datetime] | None


def open_files(path: Path, complete: frozenset[str] = frozenset(), stated_by: str = "", taken: Stated = None) -> Source:
    """The source that a path holds: a recording, or plain files; archives of either too. Raises `SourceError`.

    ``complete`` are the resources of which somebody (``stated_by``) says that the files hold all there are; ``taken``
    is when the files were taken, as somebody says.
    """
    try:
        if not path.is_dir():
            verify_file(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {reason(error)}. Give --recording a recording, or a file or folder "
                          "of kubectl output.") from None
    if is_recording(path):
        if complete:
            raise UsageError(f"{path} is a recording, which already contains the requests. Leave --complete out; it is "
                             "for kubectl output.")
        return RecordingSource(path, stated_by, taken)
    if path.is_dir() and (inner := sorted(index.parent.name for index in path.glob(f"*/{INDEX}"))):
        raise SourceError(f"{path} contains {len(inner)} recordings ({', '.join(inner[:5])}): give one of them.")
    return FilesSource(path, complete, stated_by, taken)


def is_recording(path: Path) -> bool:
    """True if a folder or an archive is a recording of an API server."""
    if path.is_dir():
        return (path / INDEX).is_file()
    return path.name.endswith(ARCHIVES) and any(
        file.name.count("/") <= 1 and file.name.rpartition("/")[2] == INDEX for file in members(path))


class _Found:
    """What files hold of one resource, and what speaks against its being all."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.objects: dict[tuple[str, str], list[Any]] = {}
        self.listed = False
        self.problems: list[str] = []
        self.homeless: list[str] = []

    def take(self, item: Any) -> None:
        """Keep an object. One that names no namespace is put where kubectl would put it; no cluster wrote it so."""
        metadata = item.get("metadata") if isinstance(item, dict) else None
        if self.resource.namespaced and isinstance(metadata, dict) and not metadata.get("namespace"):
            item = item | {"metadata": metadata | {"namespace": "default"}}
            self.homeless.append(f"{self.resource.kind} {str(metadata.get('name'))[:253]}")
        same = self.objects.setdefault(_called(item), [])
        for place, other in enumerate(same):
            if newer := _newer(other, item):
                same[place] = newer
                return
        same.append(item)

    @property
    def items(self) -> list[Any]:
        return [item for same in self.objects.values() for item in same]

    @property
    def note(self) -> str:
        """What speaks against its being all, whatever anybody says."""
        problems = list(dict.fromkeys(self.problems))
        if self.homeless:
            more = f" (nor {len(self.homeless) - 1} more)" if len(self.homeless) > 1 else ""
            problems.append(f"{self.homeless[0]} has no namespace{more}; the namespace default is assumed")
        return "; ".join(problems)


class FilesSource:
    """Kubernetes objects in files, answered as the lists of an API server."""

    proves_absence = False
    assembles = True
    pages = ALL_PAGES
    kubelet_seconds = NO_END

    def __init__(self, path: Path, complete: frozenset[str] = frozenset(), stated_by: str = "", taken: Stated = None):
        self.name = path.resolve().name.partition(".")[0]
        self.described = f"files in {path.name}"
        self.stated, self.stated_by, self._taken = complete, stated_by, taken
        self._found: dict[str, _Found] = {}
        self._lists: list[Listed] = []
        self._broken: list[str] = []
        self._newest = Newest()
        self._uids: dict[tuple[str, str | None, str], tuple[str, str]] = {}
        for file in files(path):
            self._take(file)
        if not self._found:
            raise SourceError(self._nothing(path))
        self._compare()
        self._doubts = doubts(self._lists, self._namespaces())

    def _nothing(self, path: Path) -> str:
        """Why there is nothing to collect."""
        problems = "; ".join(self._broken)
        if not path.is_dir():  # then its name is the first word of what is wrong
            return f"{path}{problems.removeprefix(path.name) or ' contains no Kubernetes objects'}."
        why = problems or f"it has no file with the suffix {', '.join((*SUFFIXES, *ARCHIVES))}, or only empty ones"
        return f"{path} contains no Kubernetes objects: {why}."

    def get(self, path: str, accept: str = "application/json", until: float | None = None) -> Answer:
        for name, resource in _RESOURCES.items():
            if path.partition("?")[0].endswith(f"/{resource.plural}") and _group(path) == resource.group:
                return self._list(name, path.partition("?")[0])
        return Answer(404, b"", NOT_THERE)

    def review(self, path: str, body: dict[str, Any], until: float | None = None) -> Answer:
        return Answer(404, b"", NOT_THERE)

    def transport(self, newest: dt.datetime | None = None) -> list[str]:
        return []

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        return self._newest.observed(ended, self._taken)

    def _list(self, name: str, path: str) -> Answer:
        """The list of a resource, with all that speaks against its being whole."""
        resource = _RESOURCES[name]
        found = self._found.get(name) or _Found(resource)
        if not found.objects and not found.listed and (name not in self.stated or name in EVERYWHERE):
            return Answer(404, b"", NOT_THERE)
        notes = [found.note, *self._broken]
        if name not in self.stated and not found.note:
            notes.append(self._doubts.get(name, "") if found.listed else SINGLE)
        if name in self.stated and name in EVERYWHERE and not found.objects:
            notes.append(f"--complete states that there are no {resource.plural}, but every cluster has some")
        versions = {each.version for each in self._lists if each.resource == name}
        body = msgspec.json.encode({
            "kind": f"{resource.kind}List", "apiVersion": path.strip("/").removeprefix("apis/").removeprefix("api/")
            .rpartition("/")[0], "metadata": {"resourceVersion": versions.pop() if len(versions) == 1 else ""},
            "items": found.items})
        return Answer(200, body, "; ".join(filter(None, notes)))

    def _take(self, file: File) -> None:
        """Sort the objects of a file by what they are; a file that cannot be read casts doubt on all."""
        for layout, paths in LAYOUTS:
            if paths.search(file.name) and not self.described.startswith(layout):
                self.described = f"{layout} {self.name}"
        try:
            if file.problem:
                raise ValueError(file.problem)
            self._newest.look(text_of(file.content).encode("utf-8", "replace"))
            for document in documents(file.content):
                self._sort(document, file.name)
        except UNREADABLE as error:
            self._broken.append(f"{file.name} cannot be read: {sentence(error)}")

    def _sort(self, document: Any, file: str) -> None:
        kind = document.get("kind") if isinstance(document, dict) else None
        if not isinstance(kind, str):
            self._broken.append(f"{file} has a document that is not a Kubernetes object (it has no kind)")
        elif not kind.endswith("List"):
            self._put(document, {}, file)
        elif not isinstance(document.get("items"), list):
            self._broken.append(f"{file} has a {kind[:60]} whose items are not a list")
        else:
            self._put_list(document, kind.removesuffix("List"), file)

    def _put_list(self, document: dict[str, Any], kind: str, file: str) -> None:
        """The items of a list; those of a ``PodList`` need not say that they are Pods, those of a ``List`` must.

        An empty ``List`` says nothing of what it is a list; the file's name may.
        """
        inherited = {"kind": kind, "apiVersion": document.get("apiVersion")} if kind else {}
        of = {found for item in document["items"] if (found := self._put(item, inherited, file))}
        if name := _source(inherited):
            of.add(name)
        elif not kind and of <= (named := named_by(file)):
            of |= named
        metadata = said if isinstance(said := document.get("metadata"), dict) else {}
        for name in of:
            self._of(name).listed = True
            if metadata.get("continue") or metadata.get("remainingItemCount"):
                self._of(name).problems.append(f"{file} is one page of a longer list")
        self._lists.append(Listed(
            file, _source(inherited), _moment(metadata) if kind else "", frozenset(of),
            [item for item in document["items"] if isinstance(item, dict)], str(metadata.get("selfLink") or "")))

    def _put(self, item: Any, inherited: dict[str, Any], file: str) -> str:
        """Keep an object under the resource that it is, and say which; empty where nothing reads such a kind."""
        name = _source(item if isinstance(item, dict) and item.get("kind") else inherited)
        if name:
            self._of(name).take(item)
            self._know(name, item, file)
        return name

    def _of(self, name: str) -> _Found:
        return self._found.setdefault(name, _Found(_RESOURCES[name]))

    def _know(self, name: str, item: Any, file: str) -> None:
        """Refuse the files of two clusters: what each cluster has once has two UIDs there."""
        metadata = item.get("metadata") if isinstance(item, dict) else None
        uid = metadata.get("uid") if isinstance(metadata, dict) else None
        key = (_RESOURCES[name].kind, *_called(item))
        if key not in LASTING or not isinstance(uid, str):
            return
        known, where = self._uids.setdefault(key, (uid, file))
        if known != uid:
            raise SourceError(f"The files are from two clusters: {key[0]} {key[2]} has the UID {known[:60]} in {where} "
                              f"and {uid[:60]} in {file}. Use one folder for each cluster.")

    def _namespaces(self) -> set[str]:
        return {name for _, name in self._found["namespaces"].objects} if "namespaces" in self._found else set()

    def _compare(self) -> None:
        """Note what cannot be: objects in namespaces, and pods on nodes, that are not among those of the files."""
        named = self._namespaces()
        for found in self._found.values() if "kube-system" in named else ():
            strange = sorted({space for space, _ in found.objects if space} - named)
            if strange and found.resource.namespaced and not found.homeless:
                said = (f"{found.resource.plural} are in the namespace {strange[0][:253]}, "
                        "which is not in the list of namespaces")
                found.problems.append(said)
                self._of("namespaces").problems.append(said)
        if "nodes" not in self._found or "pods" not in self._found:
            return
        nodes = {name for _, name in self._found["nodes"].objects}
        specs = [pod["spec"] for pod in self._found["pods"].items if isinstance(pod, dict) and isinstance(
            pod.get("spec"), dict)]
        used = {spec["nodeName"] for spec in specs if isinstance(spec.get("nodeName"), str)}
        if nodes and used and not nodes & used:
            said = (f"pods run only on nodes that are not in the list ({min(used)[:253]}): are the files from two "
                    f"clusters?")
            for name in ("nodes", "pods"):
                self._of(name).problems.append(said)


def _moment(metadata: dict[str, Any]) -> str:
    """The resourceVersion of a list; empty where it is of no moment: no server answers with 0."""
    version = str(metadata.get("resourceVersion") or "")
    return "" if version == "0" else version


def _source(thing: dict[str, Any]) -> str:
    """The resource whose objects have this kind and API group."""
    group = str(thing.get("apiVersion") or "").rpartition("/")[0]
    return _SOURCES.get((str(thing.get("kind")), group), "")


def _called(item: Any) -> tuple[str, str]:
    """Namespace and name of an object; of what is none, what it looks like."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return "", f"\x00{item!r}"
    return str(metadata.get("namespace") or ""), metadata["name"]


def _newer(one: Any, other: Any) -> Any:
    """The newer of two states of one object; None where they are not one, or it is not known which is newer."""
    if _bare(one) == _bare(other):
        return one
    first, second = (item["metadata"] for item in (one, other))
    versions = [str(metadata.get("resourceVersion") or "") for metadata in (first, second)]
    if not first.get("uid") or first.get("uid") != second.get("uid") or not all(map(str.isdecimal, versions)):
        return None
    return one if int(versions[0]) >= int(versions[1]) else other


def _bare(item: Any) -> Any:
    return {key: value for key, value in item.items() if key not in ("kind", "apiVersion")} if isinstance(
        item, dict) else item


def _group(path: str) -> str:
    parts = path.split("/")
    return parts[2] if parts[1:2] == ["apis"] and len(parts) > 2 else ""
