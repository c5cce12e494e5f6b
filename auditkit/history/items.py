"""A population: all items that an auditor may choose from, each with its identity, and one digest of the whole.

The digest is the SHA-256 of the population's file (`Population.content`), so ``sha256sum`` computes it. The file has a
line of JSON for what the population is (`Population.header`) and one for each item, sorted, as
`auditkit.history.canonical` writes rows: the key, the other columns, and when and in which snapshot the item was seen.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.history import canonical
from auditkit.history.window import Window
from auditkit.snapshots.snapshot import Snapshot

SEEN = ["first_seen", "last_seen", "snapshot"]
"""The last columns of every population: the time of the first and of the last snapshot that shows the item, and the
digest of the snapshot that its other columns are from."""

ITEM, COPY = "item", "copy"
"""The first column of every population: the identity of the item, as text; and what tells rows apart that are alike."""

TIME = pd.ArrowDtype(pa.timestamp("us", tz="UTC"))


@dataclass(frozen=True, repr=False)
class Population:
    """All items of one kind, at a moment or over a period.

    ``frame`` has a row for each item, sorted by its text: ``item`` (the key as canonical JSON), the columns of ``key``,
    the other columns, and those of `SEEN`. ``gaps`` says, as sentences, why items may be missing; ``bounds`` what such
    a population cannot have in any case. ``tables`` are those that it was made of, ``table`` the one whose rows the
    items are (empty where there is none).
    """

    name: str
    window: Window
    frame: pd.DataFrame
    key: Sequence[str]
    gaps: Sequence[str] = ()
    tables: Sequence[str] = ()
    table: str = ""

    @property
    def complete(self) -> bool:
        """True if nothing says that items may be missing."""
        return not self.gaps

    @property
    def bounds(self) -> str:
        """What a population that is made of snapshots cannot have; empty for a moment."""
        return self.window.bounds

    @property
    def warning(self) -> str:
        """The sentence that goes with every sample of an incomplete population; empty where it is complete."""
        return f"The population is incomplete: {'; '.join(self.gaps)}." if self.gaps else ""

    @property
    def cluster(self) -> str:
        """The name of the cluster, as its newest snapshot has it."""
        known = [*self.window.snapshots, *filter(None, [self.window.before]), *self.window.later]
        return known[-1].manifest.cluster if known else ""

    @cached_property
    def header(self) -> dict[str, Any]:
        """The first line of the population's file: what it is of, and what it lacks."""
        return {
            "population": self.name, "cluster": self.cluster, "from": str(self.window.first),
            "to": str(self.window.last), "snapshots": [one.digest for one in self.window.snapshots],
            "gaps": list(self.gaps), "key": list(self.key), "columns": self._columns,
        }

    @property
    def _columns(self) -> list[str]:
        return [name for name in self.frame if name != ITEM]

    @cached_property
    def content(self) -> bytes:
        """The population's file: its header, and a line for each item, sorted."""
        lines = [canonical.text(self.header), *sorted(canonical.rows(self.frame, self._columns).to_pylist())]
        return "".join(f"{line}\n" for line in lines).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `content`: it changes with every item and value."""
        return hashlib.sha256(self.content).hexdigest()

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return (f"<Population {self.name} of {self.cluster!r}: {len(self):,} items, sha256 {self.digest[:12]}…"
                f"{'' if self.complete else ', incomplete'}>")


def of_rows(name: str, window: Window, seen: Iterable[tuple[Snapshot, pd.DataFrame]], key: Sequence[str], *,
            gaps: Iterable[str] = (), tables: Sequence[str] = (), table: str = "", first: bool = False) -> Population:
    """The population of rows that snapshots show, oldest first.

    Rows of one key are one item. Its other columns are as of the last snapshot that shows it, or as of the ``first``.
    """
    frames = [_sorted(rows.reset_index(drop=True).assign(**_seen(snapshot, len(rows)))) for snapshot, rows in seen]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*key, *SEEN])
    items = _merged(rows, key, first) if len(frames) > 1 else rows
    return of_items(name, window, items, key, gaps=gaps, tables=tables, table=table)


def of_items(name: str, window: Window, items: pd.DataFrame, key: Sequence[str], *, gaps: Iterable[str] = (),
             tables: Sequence[str] = (), table: str = "") -> Population:
    """The population of items that have the columns of `SEEN`. Rows of one key are told apart by a number."""
    items = _sorted(items)
    keys = pd.Series(pd.arrays.ArrowExtensionArray(canonical.rows(items, key)), items.index, dtype=STRING)
    copies = keys.groupby(keys).cumcount()
    if copies.any():
        items = items.assign(**{COPY: (copies + 1).astype(INTEGER)})
        key = [*key, COPY]
        keys = pd.Series(pd.arrays.ArrowExtensionArray(canonical.rows(items, key)), items.index, dtype=STRING)
    others = [column for column in items if column not in (*key, *SEEN)]
    frame = pd.concat([keys.rename(ITEM), items[[*key, *others, *SEEN]]], axis=1)
    frame = frame.sort_values(ITEM, ignore_index=True)
    frame.attrs = {"gaps": list(dict.fromkeys(gaps))}
    return Population(name, window, frame, key, frame.attrs["gaps"], tables, table)


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of their text: where they came from in another order, nothing is different."""
    return frame.take(pc.sort_indices(canonical.rows(frame, list(frame))).to_numpy()).reset_index(drop=True)


def _seen(snapshot: Snapshot, size: int) -> dict[str, pd.Series]:
    moment = pd.Series([snapshot.manifest.moment] * size, dtype=TIME)
    return {"first_seen": moment, "last_seen": moment, "snapshot": pd.Series([snapshot.digest] * size, dtype=STRING)}


def _merged(rows: pd.DataFrame, key: Sequence[str], first: bool) -> pd.DataFrame:
    """One row for each key and each copy of it in a snapshot, with when it was first and last seen."""
    alike = pd.Series(pd.arrays.ArrowExtensionArray(canonical.rows(rows, key)), rows.index)
    copy = alike.groupby([alike, rows["snapshot"]]).cumcount()
    same = alike.groupby([alike, copy]).ngroup()
    times = rows["first_seen"].groupby(same)
    merged = rows.assign(first_seen=times.transform("min"), last_seen=times.transform("max"))
    return merged[~same.duplicated(keep="first" if first else "last")].reset_index(drop=True)
