"""What an auditor wants in a sample or out of it, whatever the seed: a YAML file, with a reason for each.

::

    include:
      - where: {namespace: billing, name: "ledger-*"}
        reason: The ledger had an incident in March.
    exclude:
      - where: {namespace: kube-system}
        reason: Tested by the provider's own examination.

``where`` has shell patterns (``*``, ``?``, ``[a-z]``) for columns of the population; an item must match all of them.
"""

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import pandas as pd

from auditkit.base import strict_yaml
from auditkit.errors import DefinitionError, NoSuchName
from auditkit.history import canonical
from auditkit.people.entries import Text


class _Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    where: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    reason: Text


class _Document(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    include: list[_Entry] = []
    exclude: list[_Entry] = []


@dataclass(frozen=True)
class Choice:
    """What a file takes in and leaves out: the reason for each row of the population, empty where it says nothing."""

    included: pd.Series
    excluded: pd.Series


def nothing(frame: pd.DataFrame) -> Choice:
    """The choice of an auditor who leaves all to the seed."""
    none = pd.Series("", frame.index, dtype=object)
    return Choice(none, none)


def read(path: Path | str, frame: pd.DataFrame) -> Choice:
    """The choice of a file about the items of a population.

    Raises `DefinitionError` with file and line for a column that the population does not have, for an entry that
    matches no item, and for one that takes in what another leaves out.
    """
    path = Path(path)
    document = strict_yaml.read(path, _Document)
    included, excluded = (_reasons(path, key, getattr(document, key), frame) for key in ("include", "exclude"))
    both = (included != "") & (excluded != "")
    if both.any():
        raise DefinitionError(f"{path}, line 1: the item {frame.loc[both, 'item'].iloc[0]} is both included and "
                              "excluded. Remove it from one of the lists.")
    return Choice(included, excluded)


def _reasons(path: Path, key: str, entries: list[_Entry], frame: pd.DataFrame) -> pd.Series:
    """The reasons of the entries that match each row."""
    found = pd.Series("", frame.index, dtype=object)
    for entry, line in zip(entries, strict_yaml.lines(path, key), strict=True):
        if strange := [column for column in entry.where if column not in frame]:
            raise DefinitionError(f"{path}, line {line}: {NoSuchName('column', strange[0], map(str, frame))}")
        matched = pd.Series(True, frame.index)
        for column, pattern in entry.where.items():
            matched &= _matches(frame[column], pattern)
        if not matched.any():
            raise DefinitionError(f"{path}, line {line}: it matches no item. Correct it, or remove it.")
        found[matched] = [f"{before}; {entry.reason}" if before else entry.reason for before in found[matched]]
    return found


def _matches(column: pd.Series, pattern: str) -> pd.Series:
    """True for each value that a pattern matches; what is not text is compared as the file has it."""
    codes, values = pd.factorize(column)
    alike = re.compile(fnmatch.translate(pattern)).match
    told = [alike(value if isinstance(value, str) else canonical.text(value)) is not None for value in values]
    return pd.Series([code >= 0 and told[code] for code in codes], column.index, dtype=bool)
