"""Where snapshots lie: open one, and prove that its bytes are those that were collected."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from auditkit import tables
from auditkit.errors import SnapshotError
from auditkit.snapshots.manifest import FORMAT, Manifest
from auditkit.snapshots.snapshot import Snapshot


def open_snapshot(path: Path | str) -> Snapshot:
    """Open a snapshot folder and prove that its bytes are those that the manifest states.

    Raises `SnapshotError` where a file is missing or altered.
    """
    path = Path(path)
    try:
        manifest = msgspec.json.decode((path / "manifest.json").read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise SnapshotError(f"{path} is not a snapshot: it has no manifest.json. "
                            "`auditkit show STORE` lists the snapshots of a store.") from None
    except (OSError, msgspec.DecodeError) as error:
        raise SnapshotError(f"{path / 'manifest.json'} cannot be read: {error}.") from None
    if manifest.format != FORMAT:
        raise SnapshotError(f"{path} has format {manifest.format}; this version of auditkit reads format {FORMAT}.")
    if manifest.schema != tables.digest():
        raise SnapshotError(f"{path} was collected by a version of auditkit that has other tables; what they do not "
                            "hold would be taken for nothing. Collect again, or judge it by that version.")
    return Snapshot(manifest, _StoredTables(path, manifest.files), path)


class _StoredTables(Mapping[str, pa.Table]):
    """The tables of a snapshot folder, each read and verified when it is first asked for."""

    def __init__(self, path: Path, files: dict[str, str]):
        self._path, self._files = path, files
        self._read: dict[str, pa.Table] = {}
        for name in files:
            if not (path / name).is_file():
                raise SnapshotError(f"{path / name} is missing, though the manifest states it: "
                                    "the snapshot is not whole and proves nothing.")

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> pa.Table:
        schema, file = tables.table(name).schema, f"{name}.parquet"
        if file not in self._files:
            return schema.empty_table()
        content = (self._path / file).read_bytes()
        if hashlib.sha256(content).hexdigest() != self._files[file]:
            raise SnapshotError(f"{self._path / file} is not what was collected: "
                                "its SHA-256 differs from the manifest.")
        return pq.read_table(pa.BufferReader(content)).cast(schema)

    def __iter__(self) -> Iterator[str]:
        return iter(tables.TABLES)

    def __len__(self) -> int:
        return len(tables.TABLES)
