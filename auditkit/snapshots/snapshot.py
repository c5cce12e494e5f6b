"""A snapshot: the tables of one cluster at one time, and the ledger of how they were collected.

Who collects or stores a snapshot handles Arrow tables only: pandas is imported with the first DataFrame.
"""

import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.analysis import DERIVED, NO_TABLES, derivation, inputs, sources
from auditkit.base import display
from auditkit.base.hostile_text import count
from auditkit.base.object_store import is_url
from auditkit.errors import GapWarning, NoSuchTable, SnapshotError
from auditkit.snapshots import sql
from auditkit.snapshots.ledger import NOT_WHOLE, Gap, Ledger, sentences
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.migration import Difference, Lack
from auditkit.snapshots.verbs import VERBS
from auditkit.snapshots.writing import write_snapshot

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.analysis.rbac.authorizer import Access, Question


class Shape(msgspec.Struct, frozen=True):
    """How large a derived table is: the number of its ``rows``, and its ``columns``, each with its type."""

    rows: int
    columns: list[tuple[str, str]]


class Snapshot:
    """Tables of one cluster at one time, as DataFrames, with the ledger of their collection.

    ``snap.pods`` and every other name of `auditkit.tables` is a DataFrame with Arrow dtypes, and so is every
    derived table; ``snap.ledger`` has a row for each thing that was asked of the source, and for each table that is
    not whole since another version of auditkit collected the snapshot. ``difference`` gives in what its tables differ
    from those of this version; it is asked once, and only if somebody needs it. ``shapes`` has what is known of derived
    tables without deriving them.
    """

    def __init__(self, manifest: Manifest, tables: Mapping[str, pa.Table], path: Path | None = None, digest: str = "",
                 difference: Callable[[], Difference] = Difference):
        self.manifest = manifest
        self.path = path
        self._digest = digest
        self._tables = tables
        self._differing = difference
        self._frames: dict[str, pd.DataFrame] = {}
        self._said: dict[str, list[str]] = {}
        self.shapes: dict[str, Shape] = {}
        self._optional: dict[tuple[str, ...], sources.Given] = {}
        self._ledger = Ledger(manifest.ledger, manifest.cluster)

    def apart(self) -> "Snapshot":
        """The same snapshot without its place: nothing is written beside it, and nothing that was stored is read."""
        return Snapshot(self.manifest, self._tables, None, self.digest, self._differing)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, which has the digests of all the files: the name of exactly this evidence.

        Of a snapshot that was opened it is that of the bytes that were read.
        """
        return self._digest or self.manifest.digest

    @cached_property
    def difference(self) -> Difference:
        """In what its tables differ from those of this version (`auditkit.snapshots.migration`)."""
        return self._differing()

    @property
    def lacking(self) -> Mapping[str, Lack]:
        """What a snapshot of another version of auditkit does not have of the tables of this one, by their names; empty
        for one of this version."""
        return self.difference.lacking

    @property
    def aside(self) -> str:
        """A sentence on what a snapshot of another version has that this one does not know; empty where there is
        nothing."""
        return self.difference.aside

    @property
    def ledger(self) -> "pd.DataFrame":
        """One row for each thing that was asked of the source (columns: `auditkit.snapshots.ledger.SCHEMA`), and for
        each table that its version did not collect as this one does."""
        return self._ledger.frame(self.not_whole)

    def arrow(self, name: str) -> pa.Table:
        """A collected table in Arrow form. Raises `NoSuchName`."""
        return self._tables[tables.table(name).name]

    def frame(self, name: str) -> "pd.DataFrame":
        """A table, collected or derived, as a DataFrame of one's own: what is done to it changes no other.

        ``attrs["gaps"]`` says why rows may be missing, or values unknown (see `gaps`). Of what is derived,
        `network_rules` and `reachability` are no DataFrames. Raises `NoSuchName`.
        """
        frame = self.input(name)
        if _is_frame(frame):
            frame.attrs = {"gaps": list(self._said[name])}
        return frame

    def shape(self, name: str) -> Shape:
        """How large a derived table is; it is derived only where ``shapes`` does not say. Raises `NoSuchName`."""
        if name not in self.shapes:
            frame = self.input(name)
            self.shapes[name] = Shape(len(frame), [(str(column), str(dtype).removesuffix("[pyarrow]"))
                                                   for column, dtype in frame.dtypes.items()])
        return self.shapes[name]

    def whole(self, name: str) -> "pd.DataFrame":
        """The same to work something out from: without rows where the snapshot, of another version of auditkit, does
        not have all of the table. Its gaps say so."""
        frame = self.frame(name)
        return frame.head(0) if self.lacks([name]) else frame

    def input(self, name: str) -> Any:
        """The same as an input of checks and derived tables, for which only gaps are written down: pandas copies
        ``attrs`` with every step."""
        if name not in self._frames:
            if name in DERIVED:
                self._frames[name] = _nothing(name) if self.lacks([name]) else self._worked_out(name)
            elif name in tables.TABLES:
                self._frames[name] = self._collected(name)
            else:
                raise NoSuchTable("table", name, [*tables.TABLES, *DERIVED])
        frame = self._frames[name]
        if not _is_frame(frame):
            return frame
        if name not in self._said:
            self._said[name] = self.gaps(name)
        frame = frame.copy(deep=False)
        frame.attrs = {"gaps": tuple(self._said[name])} if self._said[name] else {}  # not what its inputs lacked
        return frame

    def _collected(self, name: str) -> "pd.DataFrame":
        """A collected table as a DataFrame."""
        table = self._tables[name]
        if not table.num_rows and table.schema.equals(tables.table(name).schema):
            return _empty(name)
        return _in_pandas(table)

    def _worked_out(self, name: str) -> Any:
        """A derived table."""
        function = derivation(name)
        return self._derived(function, inputs(function))

    def _derived(self, function: Callable[..., Any], names: Sequence[str]) -> Any:
        """What a function works out from the tables of these names."""
        return function(*map(self.input, names))

    def once(self, key: Hashable, names: Sequence[str], tools: Sequence[str], make: Callable[[], Any]) -> Any:
        """What is made of these tables and their gaps; ``key`` names how. Snapshots that are alike make it once."""
        return make()

    def remember(self, key: Hashable, make: Callable[[], Any], of: Any) -> Any:
        """What is made of something that snapshots share (``of``, which ``key`` names by `id`)."""
        return make()

    def gaps(self, name: str | Sequence[str], tools: Sequence[str] = ()) -> list[str]:
        """The gaps in a table, or in several tables, as sentences; empty if they are complete.

        Of what scanners found, only these ``tools`` count (none: all of them).
        """
        return sentences(self.missing([name] if isinstance(name, str) else name, tools))

    def missing(self, names: Sequence[str], tools: Sequence[str] = ()) -> list[Gap]:
        """The gaps in the sources of these tables, one for each incomplete source."""
        given = self._given(tools)
        gaps = self._ledger.gaps([source for name in names for source in sources.sources(name, given)], tools)
        return [*gaps, *self.lacks(names)]

    def lacks(self, names: Sequence[str]) -> list[Gap]:
        """A gap for each collected table under these that is not whole, since another version of auditkit collected the
        snapshot: nothing is worked out from it."""
        if not self.lacking:
            return []
        return self._lacks(name for name in sources.collected(names, self._given(())) if name in self.lacking)

    def _lacks(self, names: Iterable[str]) -> list[Gap]:
        return [Gap(f"table {name}", NOT_WHOLE, self.lacking[name].reason) for name in names]

    @property
    def not_whole(self) -> list[Gap]:
        """A gap for each table that its version of auditkit did not collect, or not as this one does."""
        return self._lacks(self.lacking)

    @property
    def incomplete(self) -> list[Gap]:
        """All that is not known whole: sources that were not read completely, and tables that are `not_whole`."""
        return [*self._ledger.gaps(entry.resource for entry in self.manifest.ledger), *self.not_whole]

    def touching(self, population: str, names: Sequence[str],
                 tools: Sequence[str] = ()) -> dict[str | None, list[Gap]]:
        """The gaps in these tables by the rows of a population that they put in doubt: by kind, under ``None`` all.

        `auditkit.analysis.sources` says which gap touches which rows.
        """
        found: dict[str | None, list[Gap]] = {}
        for source, kind in sources.reach(population, names, self._given(tools)).items():
            if gaps := self._ledger.gaps([source], tools):
                found.setdefault(kind, []).extend(gaps)
        if gaps := self.lacks(names):
            found.setdefault(None, []).extend(gaps)
        return found

    def _given(self, tools: Sequence[str]) -> sources.Given:
        asked = tuple(tools)
        if asked not in self._optional:
            self._optional[asked] = frozenset(table for table in sources.OPTIONAL if self._ledger.given(table, asked))
        return self._optional[asked]

    def gap_of(self, source: str) -> str:
        """Why a source is incomplete; empty if it is complete."""
        return self._ledger.gap(source)

    def stated(self, name: str) -> list[str]:
        """The sources of a table, collected or derived, that are complete only according to a statement."""
        return [source for source in sources.sources(name, self._given(())) if source in self.manifest.stated]

    @property
    def sources_read(self) -> tuple[int, int]:
        """How many sources were read completely, those among them of which it is known that there are none, of how
        many; a source that an older version did not know is one that was not read."""
        asked = [entry.resource for entry in self.manifest.ledger]
        unasked = {source for name in self.lacking for source in tables.table(name).sources
                   if source in tables.RESOURCES}.difference(asked)
        return sum(not self.gap_of(source) for source in asked), len(asked) + len(unasked)

    @property
    def completeness(self) -> str:
        """`sources_read` in words: ``55 of 58 sources read completely``; and how many tables are not whole."""
        said = "{} of {} sources read completely".format(*self.sources_read)
        if self.lacking:
            said += f", {count(len(self.lacking), 'table')} not collected as this version does"
        return said

    @cached_property
    def _access(self) -> "Access":
        from auditkit.analysis.rbac.authorizer import Access

        return Access.of(self)

    @overload
    def can(self, requests: "pd.DataFrame") -> "pd.Series": ...

    @overload
    def can(self, requests: None = None, **question: "Unpack[Question]") -> "bool | pd.api.typing.NAType": ...

    def can(self, requests: "pd.DataFrame | None" = None,
            **question: "Unpack[Question]") -> "pd.Series | bool | pd.api.typing.NAType":
        """True for each request that RBAC allows: a boolean column, or one answer for a question by keywords.

        ``snap.can(user="alice", verb="get", resource="secrets", namespace="billing")``; see `Access.can`.
        """
        return self._access.can(**question) if requests is None else self._access.can(requests, **question)

    def who_can(self, verb: str, resource: str = "", *, group: str | None = None, subresource: str = "",
                namespace: str | None = None, name: str | None = None, path: str = "") -> "pd.DataFrame":
        """Everybody who can do something, with the chain that grants it: ``snap.who_can("get", "secrets")``; see
        `Access.who_can`.
        """
        return self._access.who_can(verb, resource, group=group, subresource=subresource, namespace=namespace,
                                    name=name, path=path)

    def diff(self, earlier: "Snapshot | Path | str", *, tickets: Path | str | None = None) -> Any:
        """What changed since an earlier snapshot of the cluster: `auditkit.diff` (an `auditkit.history.diff.Diff`)."""
        return VERBS["diff"](earlier, self, tickets=tickets)

    def policy_decisions(self, policies: Path | str | None = None, **options: Any) -> "pd.DataFrame":
        """What the admission policies of the cluster, or proposed ones, would do with its objects:
        `auditkit.policy_decisions`."""
        found: pd.DataFrame = VERBS["policy_decisions"](self, policies, **options)
        return found

    def sql(self, query: str) -> "pd.DataFrame":
        """The answer to an SQL query (DuckDB) over the tables, derived ones and ``ledger`` among them.

        ``attrs["gaps"]`` says why the tables that it reads are not complete, and a `GapWarning` says so too: a count of
        0 may be a list that was refused. Times are in UTC, figures are int64 or float64
        (`auditkit.snapshots.sql.computable`). Raises `UsageError` for a query that is wrong, or that would do anything
        but read these tables.
        """
        collected = ["ledger", *tables.TABLES]
        names = [*collected, *(name for name in DERIVED if name not in NO_TABLES)]
        found, read = sql.answer(query, names, self._relation, collected)
        frame = sql.in_pandas(found)
        frame.attrs["gaps"] = self.gaps([name for name in read if name != "ledger"])
        if frame.attrs["gaps"]:
            warnings.warn(GapWarning(frame.attrs["gaps"]), stacklevel=2)
        return frame

    def _relation(self, name: str) -> pa.Table:
        """A table for SQL."""
        if name in tables.TABLES:
            return self._tables[name]
        return pa.Table.from_pandas(self.ledger if name == "ledger" else self.frame(name), preserve_index=False)

    def __getattr__(self, name: str) -> "pd.DataFrame":
        if name.startswith("_"):
            raise AttributeError(name)
        return self.frame(name)

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *tables.TABLES, *DERIVED])

    def __repr__(self) -> str:
        return (f"<Snapshot of {self.manifest.cluster!r} at {self.manifest.moment:%Y-%m-%d %H:%M} UTC: "
                f"{self._tables['pods'].num_rows} pods, {self.completeness}>")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)

    def write(self, store: Path | str) -> Path:
        """Write into a store as ``STORE/CLUSTER/TIME-DIGEST``, whole or not at all; returns the folder, of the URL of a
        store that in its mirror.

        Existing files are never overwritten. Raises `SnapshotError` where it cannot be written, and for one of another
        version of auditkit: written with the tables of this one, it would look whole.
        """
        if self.lacking or self.aside:
            raise SnapshotError("A snapshot of another version of auditkit is not written anew: its tables would look "
                                "whole. Copy its folder, which proves itself.")
        write: Callable[..., tuple[Path, Manifest]] = write_snapshot
        if is_url(store):
            from auditkit.snapshots.publishing import publish as write
        self.path, self.manifest = write(self.manifest, self._tables, store)
        self._digest = ""  # what is written now is named by its own digest
        return self.path


def _in_pandas(table: pa.Table) -> "pd.DataFrame":
    """A table whose columns have names of their own as a DataFrame."""
    import pandas as pd

    held = pd.arrays.ArrowExtensionArray  # Table.to_pandas() does the same in three times the time
    return pd.DataFrame({name: held(column) for name, column in zip(table.column_names, table.columns, strict=True)},
                        index=pd.RangeIndex(table.num_rows), copy=False)


def _is_frame(made: Any) -> bool:
    """True for a DataFrame: of what is derived, `NO_TABLES` are none."""
    import pandas as pd

    return isinstance(made, pd.DataFrame)


@cache
def _empty(name: str) -> "pd.DataFrame":
    """A table without rows, for all snapshots: most clusters lack most kinds, and each takes pandas a millisecond."""
    return _in_pandas(tables.table(name).empty)


@cache
def _nothing(name: str) -> Any:
    """A table, collected or derived, of a cluster in which nothing is: with its columns, without rows."""
    if name not in DERIVED:
        return _empty(name)
    function = derivation(name)
    found = function(*map(_nothing, inputs(function)))
    return found.head(0) if _is_frame(found) else found
