"""The snapshot store: open a snapshot and verify that its bytes are those that were collected."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from auditkit import tables
from auditkit.base import files
from auditkit.base.undecodable import UNDECODABLE
from auditkit.errors import SnapshotError
from auditkit.snapshots.manifest import DIGITS, FORMAT, Manifest
from auditkit.snapshots.migration import Difference, difference, migrated
from auditkit.snapshots.mirror import bring, mirror_of
from auditkit.snapshots.snapshot import Snapshot

_NAMED = re.compile(rf"-(?P<digest>[0-9a-f]{{{DIGITS}}})$")
TABLE = re.compile(r"[a-z][a-z0-9_]*\.parquet")
"""The name of a table's file, in every version."""
_LARGE = 1 << 20
"""Bytes of a file that several threads read faster than one."""


def open_snapshot(path: Path | str) -> Snapshot:
    """Open a snapshot folder and prove that its bytes are those that were written.

    The folder's name ends in the digest of the manifest, the manifest has the digest of every file: so nothing in it
    can be changed unnoticed. A symbolic link to it may have any name. One of another version of auditkit is read with
    the tables of this one (`auditkit.snapshots.migration`). Raises `SnapshotError` where a file is missing or altered,
    or the folder was renamed.
    """
    path = Path(path)
    manifest, digest = read_manifest(path)
    stored = _StoredTables(path, manifest)
    return Snapshot(manifest, stored, path, digest, lambda: stored.difference)


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """The manifest of a snapshot folder, as the folder's name proves it, and its digest. Raises `SnapshotError`."""
    try:
        content = files.content(path / "manifest.json")
        _verify_format(path, content)
        manifest = msgspec.json.decode(content, type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        what = "has no manifest.json" if path.is_dir() else "is not a folder" if path.exists() else "does not exist"
        raise SnapshotError(f"{path} is not a snapshot: it {what}. "
                            "`auditkit show STORE` lists the snapshots of a store.") from None
    except OSError as error:
        raise SnapshotError(files.unreadable(path / "manifest.json", error)) from None
    except UNDECODABLE as error:
        raise SnapshotError(f"{path / 'manifest.json'} cannot be read: {error}. It was cut short or changed: use "
                            "another copy of the snapshot, or collect again.") from None
    digest = hashlib.sha256(content).hexdigest()
    _verify_name(path, digest)
    return manifest, digest


class _Written(msgspec.Struct):
    """What every manifest says of itself, of whatever version it is."""

    format: int = FORMAT
    collector: Any = ""


def _verify_format(path: Path, content: bytes) -> None:
    """Raises `SnapshotError` for a manifest whose format this version does not know: before it is read, since it may
    say other things under the same names."""
    written = msgspec.json.decode(content, type=_Written)
    if written.format != FORMAT:
        by = f" ({str(written.collector)[:100]})" if written.collector else ""
        raise SnapshotError(f"{path} has format {written.format}{by}; this version of auditkit reads format {FORMAT}. "
                            "Use a matching version, or collect again.")


def _verify_name(path: Path, digest: str) -> None:
    """Raises `SnapshotError` where the folder's name does not carry the digest of its manifest."""
    named = _NAMED.search(path.resolve().name)
    if named is None:
        raise SnapshotError(
            f"The name of the folder {path} does not end in the digest of its manifest (TIME-DIGEST), so the "
            "manifest cannot be verified. If the folder was renamed, restore its original name, which `auditkit "
            "collect` "
            "printed. Reports show the digest. A symbolic link to the folder may have any name.")
    if named["digest"] != digest[:DIGITS]:
        raise SnapshotError(
            f"{path / 'manifest.json'} was changed after collection: its SHA-256 begins with {digest[:DIGITS]}, and "
            f"the "
            f"name of the folder has {named['digest']}. The snapshot is no longer evidence: use another copy, or "
            "collect again.")


class _StoredTables(Mapping[str, pa.Table]):
    """The tables of a snapshot folder, each read and verified when it is first asked for."""

    def __init__(self, path: Path, manifest: Manifest):
        self._path, self._files, self._collector = path, manifest.files, manifest.collector
        self._ours = manifest.schema == tables.digest()
        self._read: dict[str, pa.Table] = {}
        self._verify_listed()
        elsewhere = mirror_of(path) is not None  # its tables come when they are read
        for name in self._files:
            if not elsewhere and not (path / name).is_file():
                raise SnapshotError(f"{path / name} is missing, although the manifest lists it: "
                                    "the snapshot is incomplete and is not evidence.")

    def _verify_listed(self) -> None:
        """Raises `SnapshotError` where the manifest does not list exactly the tables that it says it has; of those of
        another version it is known that they are tables, and not which."""
        expected = {f"{name}.parquet" for name in tables.TABLES}
        if self._ours and (missing := sorted(expected - self._files.keys())):
            raise SnapshotError(f"{self._path / 'manifest.json'} does not list {_some(missing)}, although its tables "
                                "are those of this version: the snapshot is incomplete and is not evidence.")
        if strange := sorted(name for name in self._files
                             if not (name in expected if self._ours else TABLE.fullmatch(name))):
            raise SnapshotError(f"{self._path / 'manifest.json'} lists {_some(strange)}, which is not a table of this "
                                "version: auditkit did not write it, and it is not evidence.")

    @cached_property
    def difference(self) -> Difference:
        """In what the tables differ from those of this version, as their verified files say. Raises `SnapshotError`."""
        if self._ours:
            return Difference()
        found = {Path(name).stem: _parsed(pq.read_schema, self._path / name, self._files[name])
                 for name in self._files}
        return difference(found, self._collector)

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            self._read[name] = self._load(tables.table(name))
        return self._read[name]

    def _load(self, declared: tables.Table) -> pa.Table:
        path = self._path / f"{declared.name}.parquet"
        if path.name not in self._files:
            return declared.empty
        found = _parsed(_table, path, self._files[path.name])
        if not self._ours:
            return migrated(found, declared)
        if found.schema.equals(declared.schema, check_metadata=True):
            return found
        if wrong := _difference(found.schema, declared.schema):
            raise SnapshotError(f"{path} does not contain the declared table: {wrong}. "
                                "auditkit did not write it, and it is not evidence.")
        return found.cast(declared.schema)

    def __iter__(self) -> Iterator[str]:
        return iter(tables.TABLES)

    def __len__(self) -> int:
        return len(tables.TABLES)


def verify(snapshot: Snapshot) -> None:
    """Prove that the files of a snapshot have the bytes that were written. Raises `SnapshotError`."""
    if snapshot.path is not None:
        for name, digest in snapshot.manifest.files.items():
            _content(snapshot.path / name, digest)


def _table(content: pa.BufferReader) -> pa.Table:
    # read_table() imports data sets, and they pandas; to wake threads for a few rows takes longer than to read them
    return pq.ParquetFile(content, pre_buffer=False).read(use_threads=content.size() > _LARGE)


def _parsed(parse: Callable[[pa.BufferReader], Any], path: Path, digest: str) -> Any:
    """What a reader of Parquet makes of a file, if its bytes have this digest. Raises `SnapshotError`."""
    content = _content(path, digest)
    try:
        return parse(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise SnapshotError(f"{path} is not a Parquet file: {' '.join(str(error).split())[:200]}.") from None


def _content(path: Path, digest: str) -> bytes:
    """The bytes of a file, if they have this digest. Raises `SnapshotError`."""
    if not path.exists():
        bring(path.parent)
    content = files.given(path, SnapshotError)
    if hashlib.sha256(content).hexdigest() != digest:
        raise SnapshotError(f"{path} was changed after collection: its SHA-256 differs from the manifest. The snapshot "
                            "is no longer evidence. Use another copy.")
    return content


def _difference(found: pa.Schema, declared: pa.Schema) -> str:
    """What is first different in the columns of a file, their names, order and types; empty where nothing is."""
    if missing := [name for name in declared.names if name not in found.names]:
        return f"it lacks the column {missing[0]}"
    if strange := [name for name in found.names if name not in declared.names]:
        return f"it has a column {strange[0][:100]!r}"
    if found.names != declared.names:
        return "its columns are in another order, or listed twice"
    for one, other in zip(found, declared, strict=True):
        if one.type != other.type:
            return f"its column {one.name} is {one.type} instead of {other.type}"
    return ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(name[:100] for name in names[:3])}{more}"
