"""Snapshots that are alike: what they have in common is worked out once.

A check is proved on hundreds of small worlds, of which each has other rows in two or three of its tables. What is
derived from the rest is the same for all of them. A derived table may depend on the rows of its inputs, and on whether
any of them may be missing; not on why.

A derived table that comes out equal to the last of its name is taken for that one. So pods that were replaced from one
day to the next cost what shows their names, and not what counts them by namespace, nor what is made of that.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.snapshots.snapshot import Snapshot

KEPT = 2000
"""Tables that are remembered at most."""


class Memory:
    """Tables by what they were made of, the last that were asked for."""

    def __init__(self, kept: int = KEPT):
        self._kept = kept
        self._made: OrderedDict[Hashable, tuple[Any, Any]] = OrderedDict()
        self._last: dict[Hashable, Any] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._made.clear()
        self._last.clear()

    def same(self, name: Hashable, made: Any) -> Any:
        """The last table of this name where it is equal to this one, and otherwise this one: what is worked out from
        equal tables is then worked out once."""
        if not (name in self._last and equal(self._last[name], made)):
            self._last[name] = made
        return self._last[name]

    def made(self, key: Hashable, make: Callable[[], Any], of: Any) -> Any:
        """What ``make`` gave for this key. ``of`` is what the key names by `id`: while it is kept here, no other thing
        can have that name."""
        if key not in self._made:
            self._made[key] = make(), of
            if len(self._made) > self._kept:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return self._made[key][0]


def equal(one: Any, other: Any) -> bool:
    """True if no function can tell two tables apart. Columns of floats and of Python objects are never taken for equal:
    pandas finds 0.0 and -0.0 equal, and ``True`` and 1."""
    return (type(one) is type(other) is pd.DataFrame and len(one) == len(other)
            and type(one.index) is type(other.index) is pd.RangeIndex and one.index.equals(other.index)
            and type(one.columns) is type(other.columns) and one.columns.equals(other.columns)
            and (one.index.names, one.columns.names) == (other.index.names, other.columns.names)
            and list(one.dtypes) == list(other.dtypes) and not any(map(_vague, one.dtypes))
            and one.equals(other))


def _vague(dtype: Any) -> bool:
    return any(word in str(dtype) for word in ("object", "float", "double", "category"))


class Alike(Snapshot):
    """A snapshot whose tables are those of others with the same memory, where they come from the same tables (the very
    objects), complete or not. Every table that a derived one reads is asked for all the same."""

    memory: Memory
    """Set by whoever makes it."""

    @classmethod
    def of(cls, memory: Memory, *given: Any) -> "Alike":
        """A snapshot with this memory, made of the same as any `Snapshot`."""
        made = cls(*given)
        made.memory = memory
        return made

    @classmethod
    def opened(cls, memory: Memory, known: dict[str, pa.Table], snapshot: Snapshot) -> "Alike":
        """A snapshot that was opened and verified, with this memory: files of the same digest are read once, and stay
        in ``known``."""
        manifest = snapshot.manifest
        found = _Known(snapshot, known)
        return cls.of(memory, manifest, found, snapshot.path, snapshot.digest, lambda: snapshot.difference)

    def once(self, key: Hashable, names: Sequence[str], tools: Sequence[str], make: Callable[[], Any]) -> Any:
        """What is made of these tables and their gaps, as of another snapshot where all of that is the same."""
        for name in names:
            self.input(name)
        frames = [self._frames[name] for name in names]
        touching = tuple((kind, tuple(gaps)) for kind, gaps in self.touching(names[0], names, tools).items())
        stated = tuple(source for name in names for source in self.stated(name)), self.manifest.stated_by
        made_of = (key, *map(id, frames), tuple(self.missing(names, tools)), touching, stated)
        return self.memory.made(made_of, make, frames)

    def remember(self, key: Hashable, make: Callable[[], Any], of: Any) -> Any:
        """What is made of something that snapshots share, made once."""
        return self.memory.made(key, make, of)

    def _collected(self, name: str) -> pd.DataFrame:
        table = self._tables[name]
        return self.memory.made((name, id(table)), lambda: super(Alike, self)._collected(name), table)

    def _derived(self, function: Callable[..., Any], names: Sequence[str]) -> Any:
        given = [self.input(each) for each in names]
        made_of = [self._frames[each] for each in names]
        key = (function, *map(id, made_of), *(bool(self._said.get(each)) for each in names))
        return self.memory.made(key, lambda: self.memory.same(function, function(*given)), made_of)


class _Known(Mapping[str, pa.Table]):
    """The tables of a snapshot, by the digests of their files in its manifest."""

    def __init__(self, snapshot: Snapshot, known: dict[str, pa.Table]):
        self._snapshot, self._known = snapshot, known

    def __getitem__(self, name: str) -> pa.Table:
        digest = self._snapshot.manifest.files.get(f"{name}.parquet", "")
        if name in self._snapshot.lacking:  # what is made of a file depends on the version that wrote it
            digest = f"{self._snapshot.manifest.schema}:{digest or name}"
        if digest not in self._known:
            self._known[digest] = self._snapshot.arrow(name)
        return self._known[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(tables.TABLES)

    def __len__(self) -> int:
        return len(tables.TABLES)
