"""The snapshots of a store: of which clusters, and which of one cluster is the newest.

A cluster is what its UID says (`Manifest.which`), never its name or its folder: two contexts of one name are two
clusters, and one cluster may have had two names.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from auditkit.base.files import unreadable
from auditkit.base.places import as_os_errors, local, place
from auditkit.base.whole import PARTIAL
from auditkit.errors import SnapshotError, UsageError
from auditkit.snapshots import chain
from auditkit.snapshots.manifest import DIGITS, Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot, read_manifest


def snapshots(store: Path | str) -> tuple[list[Snapshot], list[SnapshotError]]:
    """The snapshots of a store, oldest first within each cluster; and why others in it cannot be opened, or do not
    count: where a cluster has a chain, its snapshots are those that are in it, and those from before there were chains.
    """
    found: list[Snapshot] = []
    broken: list[SnapshotError] = []
    for cluster, paths in groupby(_folders(place(store)), key=lambda path: path.parent):
        folders, known = list(paths), places(cluster)  # the chain is read after the folders: what is entered now counts
        for path in folders:
            try:
                snapshot = open_snapshot(path)
            except SnapshotError as error:
                broken.append(error)
                continue
            if known and snapshot.digest not in known and snapshot.manifest.previous is not None:
                broken.append(SnapshotError(
                    f"{path} was never entered in the chain of its cluster: its writing was interrupted, or somebody "
                    f"put it there. `auditkit verify {cluster}` says more."))
            else:
                found.append(snapshot)
    return sorted(found, key=lambda snapshot: (
        snapshot.manifest.cluster, snapshot.manifest.which, _age(snapshot.manifest))), broken


def with_digest(store: Path, digest: str) -> Path | None:
    """The folder of the snapshot of a store that has this digest; none where the store has no such snapshot."""
    return next((path for path in _folders(store) if path.name.endswith(digest[:DIGITS])
                 and read_manifest(path)[1] == digest), None)


def places(cluster: Path) -> dict[str, int]:
    """The place of each snapshot in the chain of a cluster, by its digest. Raises `SnapshotError`."""
    try:
        with as_os_errors():
            return {link.digest: link.number for link in chain.read(cluster)}
    except OSError as error:
        raise SnapshotError(unreadable(cluster / chain.FOLDER, error)) from None


def newest(store: Path | str) -> Path:
    """The folder of the snapshot of a store that was observed last, if the store has snapshots of one cluster only.

    Raises `UsageError` that names the newest of each cluster, and `SnapshotError` where a manifest cannot be read: it
    could be that of the newest.
    """
    last: dict[tuple[str, str], tuple[Manifest, Path]] = {}
    for path in _folders(place(store)):
        manifest, _ = read_manifest(path)
        if manifest.which not in last or _age(last[manifest.which][0]) <= _age(manifest):
            last[manifest.which] = manifest, path
    if len(last) == 1:
        [(_, path)] = last.values()
        return path
    held = ("has snapshots of several clusters: " + "; ".join(
        f"{manifest.called}, newest {path}" for manifest, path in last.values()) if last else "has no snapshots")
    raise UsageError(f"The snapshot is not clear: {store} {held}. Give the folder of one, or 'demo'.")


def _folders(store: Path) -> Iterator[Path]:
    """The folders of snapshots, cluster by cluster, without what is being written."""
    try:
        with as_os_errors():
            if not local(store):
                store.fs.invalidate_cache()  # type: ignore[attr-defined]
            yield from sorted(file.parent for file in store.rglob("manifest.json")
                              if not any(part.startswith(PARTIAL) for part in file.relative_to(store).parts))
    except OSError as error:
        raise SnapshotError(unreadable(store, error)) from None


def _age(manifest: Manifest) -> tuple[dt.datetime, dt.datetime]:
    """What is newer compares as greater: by the time of observation, the oldest where it is not known; else by that of
    the reading."""
    return manifest.observed[0] or dt.datetime.min.replace(tzinfo=dt.UTC), manifest.started
