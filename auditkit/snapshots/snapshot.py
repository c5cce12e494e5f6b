"""A snapshot: the tables of one cluster at one time, and the ledger of how they were collected."""

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auditkit import tables
from auditkit.analysis import DERIVED, GIVEN, derivation, inputs
from auditkit.analysis.rbac.authorizer import Access
from auditkit.base import display
from auditkit.errors import NoSuchName, SnapshotError
from auditkit.snapshots.ledger import Entry, Ledger

FORMAT = 1


class Manifest(msgspec.Struct, kw_only=True):
    """What ``manifest.json`` says: which cluster, when, by whom, how, and the digest of every file.

    ``schema`` is the digest of the tables that auditkit had when it was written (`auditkit.tables.digest`).
    """

    format: int = FORMAT
    schema: str = ""
    cluster: str
    cluster_uid: str = ""
    server_version: str = ""
    source: str = ""
    collector: str = ""
    identity: str = ""
    groups: list[str] = []
    started: dt.datetime
    ended: dt.datetime
    ledger: list[Entry]
    files: dict[str, str] = {}


class Snapshot:
    """Tables of one cluster at one time, as DataFrames, with the ledger of their collection.

    ``snap.pods`` and every other name of `auditkit.tables` is a DataFrame with Arrow dtypes, and so is every
    derived table; ``snap.ledger`` has a row for each thing that was asked of the source.
    """

    def __init__(self, manifest: Manifest, tables: Mapping[str, pa.Table], path: Path | None = None):
        self.manifest = manifest
        self.path = path
        self._tables = tables
        self._frames: dict[str, pd.DataFrame] = {}
        self._ledger = Ledger(manifest.ledger, manifest.cluster)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, which has the digests of all the files: the name of exactly this evidence."""
        return hashlib.sha256(_manifest_bytes(self.manifest)).hexdigest()

    @property
    def ledger(self) -> pd.DataFrame:
        """One row for each thing that was asked of the source (columns: `auditkit.snapshots.ledger.SCHEMA`)."""
        return self._ledger.frame()

    def arrow(self, name: str) -> pa.Table:
        """A collected table in Arrow form. Raises `NoSuchName`."""
        return self._tables[tables.table(name).name]

    def frame(self, name: str) -> pd.DataFrame:
        """A table, collected or derived, as a DataFrame of one's own: what is done to it changes no other.

        Of what is derived, `reachability` alone is none. Raises `NoSuchName`.
        """
        if name not in self._frames:
            if name in DERIVED:
                function = derivation(name)
                self._frames[name] = function(*map(self.frame, inputs(function)))
            elif name in tables.TABLES:
                self._frames[name] = self._tables[name].to_pandas(types_mapper=pd.ArrowDtype)
            else:
                raise NoSuchName("table", name, [*tables.TABLES, *DERIVED])
        frame = self._frames[name]
        return frame.copy(deep=False) if isinstance(frame, pd.DataFrame) else frame

    def gaps(self, name: str, tools: tuple[str, ...] = ()) -> list[str]:
        """Why a table is not known completely, a sentence a source; empty where it is complete.

        Of what scanners found, only these ``tools`` count (none: all of them).
        """
        if name in DERIVED:
            needed = [table for table in inputs(derivation(name))
                      if table not in GIVEN.get(name, ()) or self._ledger.given(table, tools)]
            return list(dict.fromkeys(gap for table in needed for gap in self.gaps(table, tools)))
        return self._ledger.gaps(name, tools)

    def gap_of(self, source: str) -> str:
        """Why what a source holds is not known completely; empty where it is."""
        return self._ledger.gap(source)

    @property
    def sources_read(self) -> tuple[int, int]:
        """How many sources were read completely, those among them of which it is known that there are none, of how
        many."""
        sources = [entry.resource for entry in self.manifest.ledger]
        return sum(not self.gap_of(source) for source in sources), len(sources)

    @property
    def completeness(self) -> str:
        """`sources_read` in words: ``55 of 58 sources read completely``."""
        return "{} of {} sources read completely".format(*self.sources_read)

    @cached_property
    def _access(self) -> Access:
        return Access.of(self)

    def can(self, requests: pd.DataFrame | None = None, **question: Any) -> pd.Series | bool | None:
        """Whether requests are allowed by RBAC: a boolean column, or for one question by keywords its answer.

        ``snap.can(user="alice", verb="get", resource="secrets", namespace="billing")``; see `Access.can`.
        """
        return self._access.can(requests, **question)

    def who_can(self, verb: str, resource: str = "", **question: Any) -> pd.DataFrame:
        """Everybody who can do something, with the chain that grants it: ``snap.who_can("get", "secrets")``; see
        `Access.who_can`.
        """
        return self._access.who_can(verb, resource, **question)

    def sql(self, query: str) -> pd.DataFrame:
        """The answer to an SQL query (DuckDB) over the tables, ``ledger`` among them."""
        import duckdb

        with duckdb.connect() as connection:
            for name in tables.TABLES:
                connection.register(name, self._tables[name])
            connection.register("ledger", pa.Table.from_pandas(self.ledger))
            return connection.sql(query).to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.frame(name)
        except NoSuchName as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *tables.TABLES, *DERIVED])

    def __repr__(self) -> str:
        return (f"<Snapshot of {self.manifest.cluster!r} at {self.manifest.started:%Y-%m-%d %H:%M} UTC: "
                f"{self._tables['pods'].num_rows} pods, {self.completeness}>")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self, "snapshot")

    def write(self, store: Path | str) -> Path:
        """Write into a store as ``STORE/CLUSTER/TIME-DIGEST``, whole or not at all; returns the folder.

        Nothing that stands there already is ever overwritten.
        """
        store = Path(store) / _file_name(self.manifest.cluster)
        try:
            store.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=store))
        except OSError as error:
            raise SnapshotError(f"The store {store} cannot be written: {error.strerror}; "
                                "give a folder that you may write with --store.") from None
        try:
            self.manifest.schema = tables.digest()
            self.manifest.files = dict(_write_tables(self._tables, partial))
            _write_durably(partial / "manifest.json", _manifest_bytes(self.manifest))
            target = store / f"{self.manifest.started:%Y%m%dT%H%M%SZ}-{self.digest[:12]}"
            if not target.exists():  # of the same digest: then exactly this evidence stands there already
                os.rename(partial, target)
        except OSError as error:
            raise SnapshotError(f"The snapshot was not written to {store}: {error.strerror}.") from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self.path = target
        return target


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


def _manifest_bytes(manifest: Manifest) -> bytes:
    return json.dumps(msgspec.to_builtins(manifest), indent=1, sort_keys=True, ensure_ascii=True).encode()


def _file_name(cluster: str) -> str:
    """A cluster's name as the name of one folder, whatever characters it has."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in cluster).strip(".")[:100] or "cluster"
