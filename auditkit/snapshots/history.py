"""The snapshots of a store: of which clusters, and which of one cluster is the newest.

A cluster is what its UID says (`Manifest.which`), never its name or its folder: two contexts of one name are two
clusters, and one cluster may have had two names.
"""

import datetime as dt
from pathlib import Path

from auditkit.base.whole import PARTIAL
from auditkit.errors import SnapshotError, UsageError
from auditkit.snapshots.manifest import DIGITS, Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot, read_manifest


def snapshots(store: Path) -> tuple[list[Snapshot], list[SnapshotError]]:
    """The snapshots of a store, oldest first within each cluster; and why others in it cannot be opened."""
    found: list[Snapshot] = []
    broken: list[SnapshotError] = []
    for path in _folders(store):
        try:
            found.append(open_snapshot(path))
        except SnapshotError as error:
            broken.append(error)
    return sorted(found, key=lambda snapshot: (
        snapshot.manifest.cluster, snapshot.manifest.which, _age(snapshot.manifest))), broken


def with_digest(store: Path, digest: str) -> Path | None:
    """The folder of the snapshot of a store that has this digest; none where the store has no such snapshot."""
    return next((path for path in _folders(store) if path.name.endswith(digest[:DIGITS])
                 and read_manifest(path)[1] == digest), None)


def newest(store: Path) -> Path:
    """The folder of the snapshot of a store that was observed last, if the store has snapshots of one cluster only.

    Raises `UsageError` that names the newest of each cluster, and `SnapshotError` where a manifest cannot be read: it
    could be that of the newest.
    """
    last: dict[tuple[str, str], tuple[Manifest, Path]] = {}
    for path in _folders(store):
        manifest, _ = read_manifest(path)
        if manifest.which not in last or _age(last[manifest.which][0]) <= _age(manifest):
            last[manifest.which] = manifest, path
    if len(last) == 1:
        [(_, path)] = last.values()
        return path
    held = ("has snapshots of several clusters: " + "; ".join(
        f"{manifest.called}, newest {path}" for manifest, path in last.values()) if last else "has no snapshots")
    raise UsageError(f"The snapshot is not clear: {store} {held}. Give the folder of one, or 'demo'.")


def _folders(store: Path) -> list[Path]:
    """The folders of snapshots, without what is being written."""
    return sorted(file.parent for file in store.rglob("manifest.json")
                  if not any(part.startswith(PARTIAL) for part in file.relative_to(store).parts))


def _age(manifest: Manifest) -> tuple[dt.datetime, dt.datetime]:
    """What is newer compares as greater: by the time of observation, the oldest where it is not known; else by that of
    the reading."""
    return manifest.observed[0] or dt.datetime.min.replace(tzinfo=dt.UTC), manifest.started
