"""Write a snapshot: whole or not at all."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from auditkit import tables
from auditkit.base import files
from auditkit.base.files import reason, verify_writable
from auditkit.base.undecodable import UNDECODABLE
from auditkit.base.whole import workspace, write_durably
from auditkit.errors import SnapshotError
from auditkit.snapshots.manifest import Cluster, Manifest

_DIGITS = 8
"""Of a UID, or of the digest of a name, in the name of a cluster's folder."""


def verify_store(store: Path) -> None:
    """Raises `SnapshotError` where a store cannot be written: before a collection, which may take long."""
    try:
        verify_writable(store)
    except OSError as error:
        raise _unwritable(store, error) from None


def _unwritable(store: Path, error: OSError) -> SnapshotError:
    return SnapshotError(f"The store {store} cannot be written: {reason(error)}. Give another folder with --store.")


def write_snapshot(manifest: Manifest, written: Mapping[str, pa.Table], store: Path) -> Path:
    """Write into a store as ``STORE/CLUSTER/TIME-DIGEST``, whole or not at all; returns the folder.

    CLUSTER is the name, or with a part of its own behind it where another cluster of this name is in the store.
    Existing files are never overwritten. Raises `SnapshotError`.
    """
    try:
        store = store / _folder(manifest, store)
        store.mkdir(parents=True, exist_ok=True)
        with workspace(store) as space:
            partial = space / "snapshot"
            partial.mkdir(0o700)  # evidence is for whoever collected it, and those whom they allow
            manifest.schema = tables.digest()
            manifest.files = dict(_write_tables(written, partial))
            write_durably(partial / "manifest.json", manifest.encoded())
            target = store / manifest.folder
            if not target.exists():  # of the same digest: then exactly this evidence stands there already
                os.rename(partial, target)
    except OSError as error:
        raise _unwritable(store, error) from None
    return target


def _write_tables(tables: Mapping[str, pa.Table], folder: Path) -> Iterator[tuple[str, str]]:
    for name in sorted(tables):
        sink = pa.BufferOutputStream()
        pq.write_table(tables[name], sink, compression="zstd")
        content = sink.getvalue()
        write_durably(folder / f"{name}.parquet", content)
        yield f"{name}.parquet", hashlib.sha256(content).hexdigest()


def _folder(manifest: Manifest, store: Path) -> str:
    """The name of the folder of a cluster, in which no other cluster has snapshots."""
    name = _file_name(manifest.cluster)
    if set(_held(store / name)) <= {manifest.which}:
        return name
    by_name = f"no-uid-{hashlib.sha256(manifest.cluster.encode()).hexdigest()[:_DIGITS]}"
    return f"{name}-{_file_name(manifest.cluster_uid)[:_DIGITS] if manifest.cluster_uid else by_name}"


def _held(folder: Path) -> Iterator[tuple[str, str]]:
    """The clusters whose snapshots a folder has; what cannot be read is of none that is known."""
    for path in folder.glob("*/manifest.json"):
        with suppress(OSError, *UNDECODABLE):
            yield msgspec.json.decode(files.content(path), type=Cluster).which


def _file_name(cluster: str) -> str:
    """A cluster's name as the name of one folder, whatever characters it has."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in cluster).strip(".")[:100] or "cluster"
