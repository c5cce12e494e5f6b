"""The snapshots of a store: of which clusters, and which of one cluster is the newest.

A cluster is what its UID says (`Manifest.which`), never its name or its folder: two contexts of one name are two
clusters, and one cluster may have had two names.
"""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

from auditkit.base.files import unreadable
from auditkit.base.whole import PARTIAL
from auditkit.errors import SnapshotError, UsageError
from auditkit.snapshots import chain
from auditkit.snapshots.chain import Link
from auditkit.snapshots.manifest import DIGITS, Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot, read_manifest


def snapshots(store: Path) -> tuple[list[Snapshot], list[SnapshotError]]:
    """The snapshots of a store, oldest first within each cluster; and why others in it cannot be opened, or do not
    count: where a cluster has a chain, its snapshots are those that are in it, and those from before there were chains.
    One that the chain has and the store has not is told too.
    """
    found: list[Snapshot] = []
    broken: list[SnapshotError] = []
    folders, chained = _held(store)
    for cluster in sorted({folder.parent for folder in folders} | chained):
        ours = [folder for folder in folders if folder.parent == cluster]
        links = _links(cluster)  # after the folders: what is entered now counts
        known = {link.digest for link in links}
        for path in ours:
            try:
                snapshot = open_snapshot(path)
            except SnapshotError as error:
                broken.append(error)
                continue
            if not _counts(snapshot.manifest, snapshot.digest, known):
                broken.append(SnapshotError(
                    f"{path} was never entered in the chain of its cluster: its writing was interrupted, or somebody "
                    f"put it there. `auditkit verify {cluster}` says more."))
            else:
                found.append(snapshot)
        broken += _missing(cluster, links, {folder.name for folder in ours})
    return sorted(found, key=lambda snapshot: (
        snapshot.manifest.cluster, snapshot.manifest.which, _age(snapshot.manifest))), broken


def _missing(cluster: Path, links: list[Link], names: set[str]) -> Iterator[SnapshotError]:
    """What the chain of a cluster has, and its folder has not."""
    for link in links:
        if link.folder and link.folder not in names:
            yield SnapshotError(f"{cluster / link.folder} is missing: the chain of its cluster has it. "
                                f"`auditkit verify {cluster}` says more.")
    if gone := sorted(set(range(1, len(links) + 1)) - {link.number for link in links}):
        yield SnapshotError(f"{chain.entry(cluster, gone[0])} is missing, with the snapshot that it had. "
                            f"`auditkit verify {cluster}` says more.")


def with_digest(store: Path, digest: str) -> Path | None:
    """The folder of the snapshot of a store that has this digest; none where the store has no such snapshot."""
    return next((path for path in _folders(store) if path.name.endswith(digest[:DIGITS])
                 and read_manifest(path)[1] == digest), None)


def _links(cluster: Path) -> list[Link]:
    """The entries of the chain of a cluster. Raises `SnapshotError`."""
    try:
        return list(chain.read(cluster))
    except OSError as error:
        raise SnapshotError(unreadable(cluster / chain.FOLDER, error)) from None


def newest(store: Path, cluster: str = "") -> Path:
    """The folder of the snapshot of a store that was observed last: of the cluster of this name or UID, or of the only
    one that the store has.

    Raises `UsageError` that names the newest of each cluster, and `SnapshotError` where a manifest cannot be read: it
    could be that of the newest.
    """
    last = _newest(store)
    chosen = {which: found for which, found in last.items() if cluster in ("", which[1], found[0].cluster)}
    if len(chosen) == 1:
        [(_, path)] = chosen.values()
        return path
    if not last:
        raise UsageError(f"{store} is not a snapshot and has no snapshots. `auditkit collect --store {store}` takes "
                         "one.")
    held = "; ".join(f"{manifest.called}, newest {path}" for manifest, path in (chosen or last).values())
    if chosen:
        what = f"has snapshots of several clusters{f' called {cluster!r}' if cluster else ''}: {held}"
    else:
        what = f"has no cluster {cluster!r}: {held}"
    raise UsageError(f"The snapshot is not clear: {store} {what}. Give the folder of one, or 'demo'.")


def _newest(store: Path) -> dict[tuple[str, str], tuple[Manifest, Path]]:
    """The manifest and folder of the newest snapshot of each cluster, of those that count. Raises `SnapshotError`."""
    last: dict[tuple[str, str], tuple[Manifest, Path]] = {}
    read = [(path, *read_manifest(path)) for path in _folders(store)]
    entered = {cluster: {link.digest for link in _links(cluster)} for cluster in {path.parent for path, *_ in read}}
    for path, manifest, digest in read:
        newer = manifest.which not in last or _age(last[manifest.which][0]) <= _age(manifest)
        if newer and _counts(manifest, digest, entered[path.parent]):
            last[manifest.which] = manifest, path
    return last


def _counts(manifest: Manifest, digest: str, entered: set[str]) -> bool:
    """True for a snapshot that is in the chain of its cluster, or from before there were chains."""
    return not entered or digest in entered or manifest.previous is None


def _folders(store: Path) -> list[Path]:
    """The folders of snapshots, without what is being written."""
    return _held(store)[0]


def _held(store: Path) -> tuple[list[Path], set[Path]]:
    """The folders of snapshots, and those of clusters that have a chain, without what is being written."""
    snapshots, chained = [], set()
    for folder, names, files in os.walk(store):
        if "manifest.json" in files:
            snapshots.append(Path(folder))
        if chain.FOLDER in names:
            chained.add(Path(folder))
        names[:] = [] if "manifest.json" in files else [
            name for name in names if not name.startswith(PARTIAL) and name not in chain.BESIDE]
    return sorted(snapshots), chained


def _age(manifest: Manifest) -> tuple[dt.datetime, dt.datetime]:
    """What is newer compares as greater: by the time of observation, the oldest where it is not known; else by that of
    the reading."""
    return manifest.observed[0] or dt.datetime.min.replace(tzinfo=dt.UTC), manifest.started
