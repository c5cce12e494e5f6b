"""Snapshots that are alike: what they have in common is worked out once.

A check is proved on hundreds of small worlds, of which each has other rows in two or three of its tables. What is
derived from the rest is the same for all of them. A derived table may depend on the rows of its inputs, and on whether
any of them may be missing; not on why.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pandas as pd

from auditkit.snapshots.snapshot import Snapshot

KEPT = 2000
"""Tables that are remembered at most."""


class Memory:
    """Tables by what they were made of, the last that were asked for."""

    def __init__(self, kept: int = KEPT):
        self._kept = kept
        self._made: OrderedDict[Hashable, tuple[Any, Any]] = OrderedDict()

    def clear(self) -> None:
        """Forget everything."""
        self._made.clear()

    def made(self, key: Hashable, make: Callable[[], Any], of: Any) -> Any:
        """What ``make`` gave for this key. ``of`` is what the key names by `id`: while it is kept here, no other thing
        can have that name."""
        if key not in self._made:
            self._made[key] = make(), of
            if len(self._made) > self._kept:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return self._made[key][0]


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

    def _collected(self, name: str) -> pd.DataFrame:
        table = self._tables[name]
        return self.memory.made((name, id(table)), lambda: super(Alike, self)._collected(name), table)

    def _derived(self, function: Callable[..., Any], names: Sequence[str]) -> Any:
        given = [self.input(each) for each in names]
        made_of = [self._frames[each] for each in names]
        key = (function, *map(id, made_of), *(bool(self._said.get(each)) for each in names))
        return self.memory.made(key, lambda: function(*given), made_of)
