"""A sample: items of a population that a seed chooses, the same on every machine.

The rule, so that anybody can do it again: of each item take the SHA-256 of the seed, a zero byte and the item's text
(both in UTF-8), sort the items by that number, and take the first ones::

    printf '%s\\0%s' 'SEED' '["billing","web-1"]' | sha256sum

By strata, each gets its share of the size, rounded up, so that none is left out; the sample may be larger by that.
Items that the auditor includes or excludes are shown apart and are not chosen from. The tool offers, the auditor
chooses.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from auditkit import tables
from auditkit.analysis import collected
from auditkit.analysis.columns import INTEGER, STRING
from auditkit.errors import NoSuchName, UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import called, frame_of
from auditkit.evaluation.words import SUBJECT
from auditkit.history import choice
from auditkit.history.choice import Choice
from auditkit.history.items import ITEM, Population
from auditkit.history.sizes import Chosen
from auditkit.snapshots.snapshot import Snapshot

HOW = ["number", "how", "reason", "rank", "stratum"]
"""The first columns of a sample: its place, ``chosen``, ``included`` or ``excluded``, the auditor's reason, the number
by which the seed ranks the item, and its stratum."""

VERDICTS = [ITEM, "snapshot", "requirement", "check", *SUBJECT, "verdict", "severity", "reason", "seen", "wanted",
            "accepted"]
REQUESTS = ["snapshot", "resource", "outcome", "items", "path", "resource_version", "started", "sha256", "reason"]

Judge = Callable[[Snapshot], Evaluation]
"""Judges a snapshot by the framework that verdicts are wanted of."""


@dataclass(frozen=True, repr=False)
class Sample:
    """A sample of a population, and how it was made.

    ``frame`` has the items: the columns of `HOW`, then those of the population. ``requests`` has what the population
    rests on (columns: `REQUESTS`): the ledger of each snapshot that an item is from, with the digests of the answers.
    ``verdicts`` (columns: `VERDICTS`) are those of the checks of a framework on each item, as of its snapshot; without
    a framework there are none.
    """

    population: Population
    seed: str
    size: Chosen
    by: str
    frame: pd.DataFrame
    judge: Judge | None = None
    requirements: Sequence[str] = ()

    @property
    def items(self) -> pd.DataFrame:
        """The items of the sample, without those that the auditor left out."""
        return self.frame[self.frame["how"] != "excluded"].reset_index(drop=True)

    @cached_property
    def requests(self) -> pd.DataFrame:
        """The requests behind the items, of each snapshot that one is from."""
        sources = [source for table in collected(*self.population.tables) for source in tables.table(table).sources]
        frames = []
        for snapshot in self._snapshots:
            ledger = snapshot.ledger.assign(snapshot=pd.Series(snapshot.digest, range(len(snapshot.ledger)), STRING))
            scan = ledger["resource"].str.startswith("scan:") if "events" in self.population.tables else False
            frames.append(ledger[ledger["resource"].isin(sources) | scan] if sources else ledger)
        return (pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=REQUESTS))[REQUESTS]

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The verdicts on the items. Raises `NoSuchName` for a requirement that the framework does not have."""
        frames = [self._of(self.judge(snapshot)) for snapshot in self._snapshots] if self.judge else []
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=VERDICTS)

    @property
    def _snapshots(self) -> list[Snapshot]:
        """The snapshots that the items are from, oldest first."""
        window, named = self.population.window, set(self.items["snapshot"])
        return [one for one in (*window.snapshots, *window.later) if one.digest in named]

    def _of(self, evaluation: Evaluation) -> pd.DataFrame:
        """The verdicts on the items that are from one snapshot."""
        known = [requirement.id for requirement in evaluation.framework.requirements]
        for wanted in self.requirements:
            if wanted not in known:
                raise NoSuchName(f"requirement of {evaluation.framework.framework}", wanted, known)
        items = self.items[self.items["snapshot"] == evaluation.snapshot.digest].reset_index(drop=True)
        said = evaluation.verdicts()
        if self.requirements:
            said = said[said["requirement"].isin(self.requirements)]
        return _about(items, self.population.table, said)


def choose(population: Population, seed: str, size: Chosen, *, by: str = "", chosen_by: Choice | None = None,
           judge: Judge | None = None, requirements: Sequence[str] = ()) -> Sample:
    """A sample of a population. ``by`` is the column whose values are the strata.

    Raises `UsageError` without a seed that people can type again, and `NoSuchName` for a column.
    """
    verify_seed(seed, population)
    frame = population.frame
    if by and by not in frame:
        raise NoSuchName("column", by, map(str, frame))
    asked = chosen_by or choice.nothing(frame)
    strata = frame[by].astype(STRING).fillna("") if by else pd.Series("", frame.index, STRING)
    rank = pd.Series(ranks(seed, frame[ITEM]), frame.index, STRING)
    open_to_choice = (asked.included == "") & (asked.excluded == "")
    chosen = _first(rank[open_to_choice], strata[open_to_choice], size.items)
    parts = [("chosen", chosen), ("included", frame.index[asked.included != ""]),
             ("excluded", frame.index[asked.excluded != ""])]
    at = np.concatenate([np.asarray(part, np.int64) for _, part in parts])
    how = [name for name, part in parts for _ in part]
    head = pd.DataFrame({
        "number": pd.Series(range(1, len(at) + 1), dtype=INTEGER), "how": pd.Series(how, dtype=STRING),
        "reason": pd.Series((asked.included + asked.excluded).take(at).to_list(), dtype=STRING),
        "rank": rank.take(at).reset_index(drop=True), "stratum": strata.take(at).reset_index(drop=True),
    })
    rows = pd.concat([head, frame.take(at).reset_index(drop=True).rename(columns=_renamed)], axis=1)
    rows.attrs = {"gaps": list(population.gaps)}
    return Sample(population, seed, size, by, rows, judge, requirements)


def _renamed(column: str) -> str:
    """A column of the population under a name that the sample does not have itself: ``reason`` of a verdict."""
    return f"item_{column}" if column in HOW else column


def verify_seed(seed: str, population: Population) -> None:
    """Raises `UsageError` where there is no seed, or one that nobody could type again."""
    if not seed.strip():
        raise UsageError("A sample needs a seed that the auditor chooses: any text (--seed). To show that it was "
                         "chosen when the population was fixed, begin it with the population's digest: "
                         f"{population.digest}")
    if not seed.isprintable():
        raise UsageError("The seed has characters that cannot be printed, so nobody could type it again. Choose "
                         "another.")


def ranks(seed: str, items: pd.Series) -> list[str]:
    """The number by which each item is ranked: SHA-256 of the seed, a zero byte and the item's text."""
    begun = hashlib.sha256(seed.encode() + b"\0")
    found = []
    for item in items.tolist():
        one = begun.copy()
        one.update(item.encode())
        found.append(one.hexdigest())
    return found


def _first(rank: pd.Series, strata: pd.Series, size: int) -> list[int]:
    """The rows of the first items by rank: of each stratum its share of the size, rounded up."""
    total, found = len(rank), []
    for stratum in sorted(strata.unique()):
        ranked = rank[strata == stratum].sort_values(kind="stable")
        found += list(ranked.index[:-(-size * len(ranked) // total)])
    return found


def _about(items: pd.DataFrame, table: str, said: pd.DataFrame) -> pd.DataFrame:
    """The verdicts about items: on the object that an item is, or on the container where it is one."""
    who = _called(items, table)
    if who is None:
        return pd.DataFrame(columns=VERDICTS)
    found = who.merge(said, on=["kind", "namespace", "name"], suffixes=("_of_item", ""))
    same = found["container_of_item"].isna() | found["container"].isna() | (
        found["container_of_item"] == found["container"]).fillna(False)
    return found.loc[same, VERDICTS]


def _called(items: pd.DataFrame, table: str) -> pd.DataFrame | None:
    """What checks call the items: columns item, snapshot and `SUBJECT`; none where they name no object."""
    if table:
        named = frame_of(called(items, table, np.arange(len(items))))
    elif {"kind", "name"} <= set(items):
        named = items.reindex(columns=SUBJECT).astype(STRING)
    else:
        return None
    return pd.concat([items[[ITEM, "snapshot"]], named], axis=1)
