"""Write a snapshot: whole or not at all."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from auditkit import tables
from auditkit.base.files import reason, verify_writable
from auditkit.errors import SnapshotError
from auditkit.snapshots.manifest import Manifest


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

    Existing files are never overwritten.
    """
    store = store / _file_name(manifest.cluster)
    try:
        store.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=store))
    except OSError as error:
        raise _unwritable(store, error) from None
    try:
        manifest.schema = tables.digest()
        manifest.files = dict(_write_tables(written, partial))
        _write_durably(partial / "manifest.json", manifest.encoded())
        target = store / manifest.folder
        if not target.exists():  # of the same digest: then exactly this evidence stands there already
            os.rename(partial, target)
    except OSError as error:
        raise SnapshotError(f"The snapshot was not written to {store}: {reason(error)}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _write_tables(tables: Mapping[str, pa.Table], folder: Path) -> Iterator[tuple[str, str]]:
    for name in sorted(tables):
        sink = pa.BufferOutputStream()
        pq.write_table(tables[name], sink, compression="zstd")
        content = sink.getvalue()
        _write_durably(folder / f"{name}.parquet", content)
        yield f"{name}.parquet", hashlib.sha256(content).hexdigest()


def _write_durably(path: Path, content: Any) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _file_name(cluster: str) -> str:
    """A cluster's name as the name of one folder, whatever characters it has."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in cluster).strip(".")[:100] or "cluster"
