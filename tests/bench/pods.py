"""Big clusters for the benchmarks, grown from a recorded one: its objects again and again, under other names.

Copy 0 of the pods is the recording itself. Every `COPIES_PER_GROUP` copies the namespaces get another suffix
(`billing`, `billing-1` …), as if another team had installed the same software. Whatever refers to a namespace
or a uid follows, so that in `grow_recording` a pod's namespace, owner and service account are there. The same
call gives the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

PAGE = 500
COPIES_PER_GROUP = 20
PODS = "/api/v1/pods?limit=500"
UUID = re.compile(rb"\b[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)")
NAMESPACE = re.compile(rb'"(?:namespace|kubernetes\.io/metadata\.name)":"[^"]+')
LIST_METADATA = re.compile(rb'"metadata":(\{[^{}]*\})')
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # those which Kubernetes makes random suffixes of


class Row(NamedTuple):
    """An item of a list, or a row of a Table, as compact JSON; with the metadata of its object."""

    text: bytes
    metadata: dict[str, Any]


def grow_pods(recording: str | Path, n: int) -> Iterator[bytes]:
    """The pages of a list of n pods as served: sorted by namespace and name, all of one resourceVersion."""
    folder = Path(recording)
    whole = _list(folder, next(entry for entry in _index(folder) if entry["path"] == PODS))
    rows = _rows(whole)
    in_group = lru_cache(4 * len(rows))(lambda number, group: _of_group(rows[number].text, group))

    def pod(number: int, copy: int, name: str) -> bytes:
        metadata, group = rows[number].metadata, copy // COPIES_PER_GROUP
        uid = metadata["uid"].encode()
        text = in_group(number, group).replace(_name(metadata["name"]), _name(name), 1)
        return text.replace(_of_group(uid, group), _other_uuids(uid, copy))

    keys = []
    for serial in range(n):
        copy, number = divmod(serial, len(rows))
        metadata = rows[number].metadata
        name = _pod_name(metadata, serial) if copy else metadata["name"]
        keys.append((f"{_suffixed(metadata['namespace'], copy // COPIES_PER_GROUP)}/{name}", number, copy))
    keys.sort()
    yield from _pages(whole, n, ((key, pod(number, copy, key.split("/")[1])) for key, number, copy in keys))


def grow_recording(recording: str | Path, target: str | Path, pods: int) -> Path:
    """Writes a recording of a cluster with so many pods, and with namespaces and what is in them to match."""
    source, target = Path(recording), Path(target)
    target.mkdir(parents=True, exist_ok=True)
    entries = []
    for entry in _index(source):
        if entry["path"].startswith("/api/v1/pods?limit=20"):
            continue
        for number, (path, body) in enumerate(_grown_answers(source, entry, pods)):
            file = f"{entry['file'].removesuffix('.json')}.{number}.json"
            (target / file).write_bytes(body)
            entries.append({**entry, "path": path, "file": file, "bytes": len(body)})
    (target / "index.json").write_text(json.dumps(entries, indent=0, ensure_ascii=False))
    return target


def _grown_answers(source: Path, entry: dict, pods: int) -> Iterator[tuple[str, bytes]]:
    """(path, body) of each page that takes the place of one recorded answer."""
    if entry["method"] != "GET" or entry["headers"] or "limit=500" not in entry["path"]:
        yield entry["path"], _body(source, entry)
        return
    path = entry["path"]
    for body in grow_pods(source, pods) if path == PODS else _grow_others(source, entry, pods):
        yield path, body
        token = json.loads(LIST_METADATA.search(body)[1]).get("continue")
        path = f"{entry['path']}&continue={quote(token)}" if token else ""


def _grow_others(source: Path, entry: dict, pods: int) -> Iterable[bytes]:
    """Namespaces, and what is in them, once a group; lists of cluster-scoped objects as they are."""
    whole = _list(source, entry)
    rows = _rows(whole)
    of_namespaces = entry["path"].startswith("/api/v1/namespaces?")
    if not of_namespaces and not any("namespace" in row.metadata for row in rows):
        return [_body(source, entry)]
    recorded = len(_rows(_list(source, next(e for e in _index(source) if e["path"] == PODS))))
    objects = []
    for group in range(max(1, -(-pods // (recorded * COPIES_PER_GROUP)))):
        for text, metadata in rows:
            name, new = metadata["name"], _of_group(text, group)
            if of_namespaces:
                key = _suffixed(name, group)
                objects.append((key, new.replace(_name(name), _name(key), 1)))
            else:
                objects.append((f"{_suffixed(metadata['namespace'], group)}/{name}", new))
    return _pages(whole, len(objects), sorted(objects))


def _pages(whole: dict, n: int, objects: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """List bodies of n objects, given as (key, JSON) in the order of their keys; at least one body."""
    rows = _rows_key(whole)
    version = whole["metadata"]["resourceVersion"]
    objects = iter(objects)
    for start in range(0, n or 1, PAGE):
        some = list(islice(objects, PAGE))
        metadata = {"resourceVersion": version}
        left = n - start - len(some)
        if left:
            metadata |= {"continue": _token(version, some[-1][0]), "remainingItemCount": left}
        head = _dump({**whole, "metadata": metadata, rows: []})
        yield head.removesuffix(b"]}") + b",".join(text for _, text in some) + b"]}\n"


def _token(version: str, key: str) -> str:
    """A `continue` as the API server makes it: go on after this key."""
    text = _dump({"v": "meta.k8s.io/v1", "rv": int(version), "start": f"{key}\0"})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _of_group(text: bytes, group: int) -> bytes:
    """The same object in the namespaces of another group, with other uids."""
    if not group:
        return text
    return NAMESPACE.sub(lambda match: match[0] + f"-{group}".encode(), _other_uuids(text, group))


def _other_uuids(text: bytes, salt: int) -> bytes:
    """Each uid changed in its first eight digits; another salt gives another uid, salt 0 the same."""
    mask = salt * 2654435761 & 0xFFFFFFFF  # an odd factor: no two salts below 2**32 share a mask
    return UUID.sub(lambda match: b"%08x" % (int(match[0], 16) ^ mask), text)


def _suffixed(namespace: str, group: int) -> str:
    return f"{namespace}-{group}" if group else namespace


def _pod_name(metadata: dict, serial: int) -> str:
    """As the controller would name it: five letters after generateName, or for other pods a number."""
    stem = metadata.get("generateName", "")
    if len(metadata["name"]) - len(stem) != 5:
        return f"{metadata['name']}-{serial}"
    base = len(SUFFIX_LETTERS)
    return stem + "".join(SUFFIX_LETTERS[serial // base**digit % base] for digit in (0, 1, 2, 3, 4))


def _name(name: str) -> bytes:
    """How `metadata.name`, the first name in an object, is written."""
    return f'"name":"{name}"'.encode()


def _rows_key(whole: dict) -> str:
    return "rows" if whole["kind"] == "Table" else "items"


def _rows(whole: dict) -> list[Row]:
    return [Row(_dump(row), row.get("object", row)["metadata"]) for row in whole[_rows_key(whole)]]


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _index(folder: Path) -> list[dict]:
    return json.loads((folder / "index.json").read_bytes())


def _list(folder: Path, entry: dict) -> dict:
    return json.loads(_body(folder, entry))


def _body(folder: Path, entry: dict) -> bytes:
    plain = folder / entry["file"]
    return plain.read_bytes() if plain.exists() else gzip.decompress(Path(f"{plain}.gz").read_bytes())
