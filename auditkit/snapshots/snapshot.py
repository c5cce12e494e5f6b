"""A snapshot: the tables of one cluster at one time, and the ledger of how they were collected."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.analysis import DERIVED, GIVEN, derivation, inputs
from auditkit.analysis.rbac.authorizer import Access
from auditkit.base import display
from auditkit.errors import NoSuchName
from auditkit.snapshots.ledger import Ledger
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.writing import write_snapshot


class Snapshot:
    """Tables of one cluster at one time, as DataFrames, with the ledger of their collection.

    ``snap.pods`` and every other name of `auditkit.tables` is a DataFrame with Arrow dtypes, and so is every
    derived table; ``snap.ledger`` has a row for each thing that was asked of the source.
    """

    def __init__(self, manifest: Manifest, tables: Mapping[str, pa.Table], path: Path | None = None, digest: str = ""):
        self.manifest = manifest
        self.path = path
        self._digest = digest
        self._tables = tables
        self._frames: dict[str, pd.DataFrame] = {}
        self._ledger = Ledger(manifest.ledger, manifest.cluster)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, which has the digests of all the files: the name of exactly this evidence.

        Of a snapshot that was opened it is that of the bytes that were read.
        """
        return self._digest or self.manifest.digest

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
        return display.bundle(self)

    def write(self, store: Path | str) -> Path:
        """Write into a store as ``STORE/CLUSTER/TIME-DIGEST``, whole or not at all; returns the folder.

        Nothing that stands there already is ever overwritten. Raises `SnapshotError` where it cannot be written.
        """
        self.path = write_snapshot(self.manifest, self._tables, Path(store))
        self._digest = ""  # what is written now is named by its own digest
        return self.path
