"""Write a snapshot: whole or not at all, at the end of the chain of its cluster."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base import files
from auditkit.base.files import names, reason, verify_writable
from auditkit.base.undecodable import UNDECODABLE
from auditkit.base.whole import sync, turn, workspace, write_durably
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.row_groups import encoded


def verify_store(store: Path) -> None:
    """Raises `SnapshotError` where a store cannot be written: before a collection, which may take long."""
    try:
        verify_writable(store)
    except OSError as error:
        raise _unwritable(store, error) from None


def _unwritable(store: Path, error: OSError) -> SnapshotError:
    return SnapshotError(f"The store {store} cannot be written: {reason(error)}. Give another folder with --store.")


def write_snapshot(manifest: Manifest, written: Mapping[str, pa.Table], store: Path | str) -> tuple[Path, Manifest]:
    """Write into a store as ``STORE/CLUSTER/TIME-DIGEST``, whole or not at all; returns the folder and the manifest
    that stands in it.

    CLUSTER is the folder of the cluster's chain (`auditkit.snapshots.chain`), which may have an earlier name of it.
    Existing files are never overwritten; the same evidence is not written twice. Raises `SnapshotError`, also for
    what is simulated.
    """
    store = Path(store)
    verify_observed(manifest)
    try:
        store.mkdir(parents=True, exist_ok=True)
        with workspace(store) as space:
            partial = space / "snapshot"
            partial.mkdir(0o700)  # evidence is for whoever collected it, and those whom they allow
            complete = msgspec.structs.replace(
                manifest, schema=tables.digest(), files=dict(_write_tables(written, partial)))
            while (target := _entered(complete, partial, store)) is None:
                pass  # another writer was next: try behind it
    except OSError as error:
        raise _unwritable(store, error) from None
    return target, complete


def verify_observed(manifest: Manifest) -> None:
    """Raises `SnapshotError` for what is simulated: only what was observed is evidence."""
    if manifest.simulated:
        raise SnapshotError("A simulated snapshot is not evidence, and is not written. Apply the manifests to the "
                            "cluster, and collect a snapshot of it.")


def _entered(manifest: Manifest, partial: Path, store: Path) -> Path | None:
    """Move a snapshot to its place and enter it at the end of the chain; ``None`` where another was entered there."""
    cluster = chain.folder_of(manifest, store)
    cluster.mkdir(parents=True, exist_ok=True)
    with turn(cluster):  # so that one who is killed leaves a folder that the next one can enter
        return _entered_in(cluster, manifest, partial)


def _entered_in(cluster: Path, manifest: Manifest, partial: Path) -> Path | None:
    end = chain.finish(cluster)
    if there := same(manifest, cluster):
        return there
    manifest.previous = chain.digest_of(end)
    content = manifest.encoded()
    write_durably(partial / "manifest.json", content)
    target = cluster / manifest.folder
    chain.announce(cluster, target.name)
    moved = _move(partial, target)
    if chain.enter(cluster, end, content):
        return target
    if moved:
        os.rename(target, partial)
    return None


def same(manifest: Manifest, cluster: Path) -> Path | None:
    """The folder in which exactly this evidence stands already, and in its place in the chain."""
    for name in names(cluster):
        if name.startswith(manifest.folder[:17]):
            with suppress(OSError, *UNDECODABLE):
                content = files.content(cluster / name / "manifest.json")
                found = msgspec.json.decode(content, type=Manifest)
                if _evidence(found) == _evidence(manifest) and (
                        found.previous is None or any(link.content == content for link in chain.read(cluster))):
                    manifest.previous = found.previous
                    return cluster / name
    return None


def _evidence(manifest: Manifest) -> Manifest:
    """What was collected, without its place in a chain."""
    return msgspec.structs.replace(manifest, previous=None)


def _move(partial: Path, target: Path) -> bool:
    """Bring a snapshot to its place; false where exactly this stands there, of a writer who was faster or who ended
    before it was entered."""
    sync(partial)
    try:
        os.rename(partial, target)
    except OSError:
        if not target.exists():
            raise
        return False
    sync(target.parent)
    return True


def _write_tables(tables: Mapping[str, pa.Table], folder: Path) -> Iterator[tuple[str, str]]:
    for name in sorted(tables):
        content = encoded(tables[name])
        write_durably(folder / f"{name}.parquet", content)
        yield f"{name}.parquet", hashlib.sha256(content).hexdigest()
