"""Sizes of samples: a table by frequency of the control and by size of the population, which the auditor may replace.

No body publishes an official table. The one that ships (``controls/sample-sizes.yaml``) says how its numbers are worked
out; a file of the auditor's own has the same form::

    sample_sizes:
      basis: Our methodology, section 4.2
      frequencies:
        daily: {low: 20, high: 40}
      populations:
        - {up_to: 50, low: 10, high: 20}
        - {low: 25, high: 60}
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from auditkit.base import files, shipped, strict_yaml
from auditkit.errors import DefinitionError, NoSuchName, UsageError

_WORDS = {"annual": "once a year", "quarterly": "each quarter", "monthly": "each month", "weekly": "each week",
          "daily": "each day", "many_times_a_day": "many times a day"}
FREQUENCIES = tuple(_WORDS)
"""How often a control may operate."""
Risk = Literal["low", "high"]
Items = Annotated[int, msgspec.Meta(ge=1)]


class Size(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How many items to take where the risk is low, and where it is high."""

    low: Items
    high: Items


class Line(Size, frozen=True, kw_only=True):
    """The size for populations of at most ``up_to`` items; without it, for any that are larger."""

    up_to: Items | None = None


class _Frequencies(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    annual: Size | None = None
    quarterly: Size | None = None
    monthly: Size | None = None
    weekly: Size | None = None
    daily: Size | None = None
    many_times_a_day: Size | None = None

    @property
    def given(self) -> dict[str, Size]:
        """Those that the file has."""
        return {name: size for name, size in msgspec.structs.asdict(self).items() if size is not None}


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    basis: str
    frequencies: _Frequencies = _Frequencies()
    populations: list[Line] = []


class _Document(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sample_sizes: _Table


@dataclass(frozen=True)
class Chosen:
    """A size with why it is that: in words, with the file that says so."""

    items: int
    why: str


@dataclass(frozen=True)
class Sizes:
    """A table of sizes: its file, the SHA-256 of that, and what is in it."""

    name: str
    sha256: str
    table: _Table

    def of(self, population: int, frequency: str = "", risk: Risk = "low") -> Chosen:
        """The size for a control of this frequency, or else for a population of so many items; at most all of them.

        Raises `NoSuchName` for a frequency, `DefinitionError` for a population that the table leaves out.
        """
        if frequency:
            known = self.table.frequencies.given
            if frequency not in known:
                raise NoSuchName("frequency", frequency, known)
            size, what = known[frequency], f"a control that operates {_WORDS[frequency]}"
        else:
            size = self._line(population)
            what = f"a population of {population:,} items"
        items = size.high if risk == "high" else size.low
        where = f"{self.name}, sha256 {self.sha256[:12]}…: {self.table.basis}"
        if items >= population:
            why = f"all {population:,} items: the table has {items} for {what}, {risk} risk ({where})"
            return Chosen(population, why)
        return Chosen(items, f"{what}, {risk} risk ({where})")

    def _line(self, population: int) -> Size:
        for line in self.table.populations:
            if line.up_to is None or population <= line.up_to:
                return line
        raise DefinitionError(f"{self.name} has no size for a population of {population:,} items. Add a line without "
                              "up_to, or give --size.")


def given(population: int, size: int | None, frequency: str, risk: Risk, file: Path | str | None = None) -> Chosen:
    """The size that was asked for: as a number, or by a table. Raises `UsageError` where both are given."""
    if size is None:
        return read(file).of(population, frequency, risk)
    if frequency or file:
        raise UsageError("--size is the size itself. Leave out --frequency and --sizes, or leave out --size.")
    if size < 1:
        raise UsageError(f"A sample has one item or more, not {size}.")
    return Chosen(min(size, population), f"{size} (set by the auditor)"
                  if size <= population else f"all {population:,} items: {size} were asked for")


def read(file: Path | str | None = None) -> Sizes:
    """The table of a file, or the one that ships. Raises `DefinitionError` with file and line."""
    path = Path(file) if file else shipped.folder("controls") / "sample-sizes.yaml"
    table = strict_yaml.read(path, _Document).sample_sizes
    limits = [line.up_to for line in table.populations]
    for place, (limit, after) in enumerate(pairwise(limits), 1):
        if limit is None or (after is not None and after <= limit):
            line = strict_yaml.line(path, "sample_sizes", "populations", place)
            raise DefinitionError(f"{path}, line {line}: the sizes of populations must be in order: each up_to greater "
                                  "than the one above it, and only the last line without.")
    return Sizes(path.name, hashlib.sha256(files.given(path, DefinitionError)).hexdigest(), table)
