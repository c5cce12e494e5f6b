"""The chain of a cluster: its snapshots in the order in which they were written, each names the one before.

``STORE/CLUSTER/chain/000001.json`` holds exactly the bytes of the manifest of the first snapshot, ``000002.json`` those
of the second, and so on; each manifest names the digest of the one before it (`Manifest.previous`). An entry is created
only where there is none, so that of several writers one is next and the others come after it. It is written last: a
snapshot is in the store when its entry is there.

A writer that ends between the folder and its entry leaves a folder that is whole, and its name (`announce`): the next
writer enters it (`finish`). One writes at a time (`auditkit.base.whole.turn`); where a file system has no locks and two
were killed at once, `auditkit verify` tells of the folder that was not entered.

A cluster has one folder, whatever it is called: the one whose chain has its UID.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import msgspec

from auditkit.base import files, whole
from auditkit.base.files import names
from auditkit.base.undecodable import UNDECODABLE
from auditkit.snapshots.manifest import DIGITS, Cluster, Manifest

FOLDER, VERDICTS, SIGNATURES = "chain", "verdicts", "signatures"
BESIDE = (FOLDER, VERDICTS, SIGNATURES)
"""What stands beside the snapshots in the folder of a cluster."""
_NEXT = f"{whole.PARTIAL}next"
_ENTRY = re.compile(r"(\d{6,})\.json")
SNAPSHOT = re.compile(rf"\d{{8}}T\d{{6}}Z-(?P<digest>[0-9a-f]{{{DIGITS}}})")
"""The name of a snapshot's folder."""

_SHORT = 8
"""Digits of a UID, or of the digest of a name, in the name of a cluster's folder."""


class Link(msgspec.Struct, frozen=True, dict=True):
    """An entry of a chain: its number and the bytes of the manifest."""

    number: int
    content: bytes

    @cached_property
    def digest(self) -> str:
        """The digest of the snapshot."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def manifest(self) -> Manifest | None:
        """The manifest; ``None`` where the bytes are none."""
        with suppress(*UNDECODABLE):
            return msgspec.json.decode(self.content, type=Manifest)
        return None

    @property
    def folder(self) -> str:
        """The name of the snapshot's folder, by the bytes as they are: another version may write the same manifest with
        other fields. Empty where the bytes are no manifest."""
        return self.manifest.folder_of(self.digest) if self.manifest else ""


NONE = Link(0, b"")
"""What stands before the first entry."""


def numbers(cluster: Path) -> list[int]:
    """The numbers of the entries of a chain, in order."""
    return sorted(int(found[1]) for name in names(cluster / FOLDER) if (found := _ENTRY.fullmatch(name)))


def entry(cluster: Path, number: int) -> Path:
    """The file of an entry."""
    return cluster / FOLDER / f"{number:06}.json"


def read(cluster: Path) -> Iterator[Link]:
    """The entries of a chain, in order. Raises `OSError`."""
    for number in numbers(cluster):
        yield Link(number, files.content(entry(cluster, number)))


def places(cluster: Path) -> dict[str, int]:
    """The place of each snapshot of a cluster in its chain, by digest. Raises `OSError`."""
    return {link.digest: link.number for link in read(cluster)}


def last(cluster: Path) -> Link:
    """The end of a chain; `NONE` where there is no chain yet. Raises `OSError`."""
    found = numbers(cluster)
    return Link(found[-1], files.content(entry(cluster, found[-1]))) if found else NONE


def digest_of(link: Link) -> str:
    """What the next manifest names as the one before it."""
    return link.digest if link.number else ""


def enter(cluster: Path, after: Link, content: bytes) -> bool:
    """Enter a manifest behind the end of a chain; false where another has been entered there. Raises `OSError`."""
    path = entry(cluster, after.number + 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    entered = whole.create(path, content) or files.content(path) == content
    (cluster / FOLDER / _NEXT).unlink(missing_ok=True)
    return entered


def announce(cluster: Path, folder: str) -> None:
    """Say which folder is moved to its place next, so that it can be entered if its writer ends before. Raises
    `OSError`."""
    (cluster / FOLDER).mkdir(exist_ok=True)
    whole.write_durably(cluster / FOLDER / _NEXT, folder.encode())


def finish(cluster: Path) -> Link:
    """Enter what a writer left that ended before it could do so; returns the end of the chain. Raises `OSError`."""
    end = last(cluster)
    if content := _left(cluster, end):
        enter(cluster, end, content)
        end = last(cluster)
    return end


def _left(cluster: Path, end: Link) -> bytes:
    """The manifest of the folder that was moved to its place and not entered; empty where there is none."""
    with suppress(OSError, UnicodeDecodeError):
        named = SNAPSHOT.fullmatch(files.content(cluster / FOLDER / _NEXT).decode())
        link = Link(0, files.content(cluster / named[0] / "manifest.json")) if named else NONE
        found = link.manifest if named and link.digest.startswith(named["digest"]) else None
        if found and found.previous == digest_of(end) and (not end.manifest or found.which == end.manifest.which):
            return link.content
    return b""


def folder_of(cluster: Cluster, store: Path) -> Path:
    """The folder of a cluster in a store: where its chain or its snapshots are, or a new one in which no other has any.

    Raises `OSError`.
    """
    named = _file_name(cluster.cluster)
    uid = _file_name(cluster.cluster_uid) if cluster.cluster_uid else ""
    by_name = f"no-uid-{hashlib.sha256(cluster.cluster.encode()).hexdigest()}"
    own = [named, f"{named}-{uid[:_SHORT] if uid else by_name[:len('no-uid-') + _SHORT]}", f"{named}-{uid or by_name}"]
    if numbers(store / named) and _clusters(store / named) == {cluster.which}:
        return store / named
    held = {name: _clusters(store / name) for name in dict.fromkeys([*own, *names(store)])
            if not name.startswith(whole.PARTIAL)}
    theirs = [store / name for name, clusters in held.items() if clusters == {cluster.which}]
    free = (store / name for name in own if not held[name])
    return next((folder for folder in theirs if numbers(folder)), None) or next(iter(theirs), None) or next(
        free, store / own[-1])


def _clusters(folder: Path) -> set[tuple[str, str]]:
    """The clusters whose snapshots a folder has: that of its chain, or before there is one those of all its snapshots.
    What cannot be read is of none that is known."""
    chained = [entry(folder, number) for number in reversed(numbers(folder))]
    for path in chained:
        if found := _whose(path):
            return {found}
    return {found for name in names(folder) if (found := _whose(folder / name / "manifest.json"))}


def _whose(path: Path) -> tuple[str, str] | None:
    """The cluster of a manifest."""
    with suppress(OSError, *UNDECODABLE):
        return msgspec.json.decode(files.content(path), type=Cluster).which
    return None


def _file_name(cluster: str) -> str:
    """A cluster's name as the name of one folder, whatever characters it has."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in cluster).strip(".")[:100] or "cluster"
