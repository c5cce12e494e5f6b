"""The snapshots of a store as members of a fleet: each with the name of its cluster, which no other cluster has."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from auditkit.errors import NoSuchName, SnapshotError, UsageError
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.mirror import pulled
from auditkit.snapshots.snapshot import Snapshot

_SHORT = 8
"""Digits of the UID in the name of a cluster whose name others have too."""


@dataclass(frozen=True)
class Member:
    """A snapshot with what its cluster is called in the fleet, and when it was taken (UTC)."""

    cluster: str
    snapshot: Snapshot

    @property
    def taken(self) -> dt.datetime:
        """When it was observed; when it was read where that is not known."""
        return self.snapshot.manifest.moment.astimezone(dt.UTC)


def members(store: Path | str, *, clusters: tuple[str, ...] = (), first: dt.date | None = None,
            last: dt.date | None = None) -> tuple[list[Member], list[str]]:
    """The snapshots of a store (a folder or a URL), oldest first within each cluster; and why others do not count.

    ``clusters`` are names or UIDs (none: all), ``first`` and ``last`` days in UTC, both included. A cluster is what its
    UID says: one that was renamed has its last name throughout, two of one name get the beginning of their UIDs.
    Raises `SnapshotError` where there is no snapshot, `NoSuchName` for a cluster that the store does not have.
    """
    held, broken = snapshots(pulled(store))
    if not held:
        raise broken[0] if broken else SnapshotError(
            f"{store} has no snapshots. Run `auditkit collect --store {store}` to create one.")
    names = _names(held)
    for wanted in clusters:
        if not any(wanted in (name, which[1]) for which, name in names.items()):
            raise NoSuchName("cluster", wanted, names.values())
    found = [Member(names[each.manifest.which], each) for each in held
             if not clusters or {names[each.manifest.which], each.manifest.which[1]} & set(clusters)]
    found = [each for each in found if (first or dt.date.min) <= each.taken.date() <= (last or dt.date.max)]
    if not found:
        raise UsageError(f"{store} has no snapshot from {first or 'its first day'} to {last or 'its last day'}.")
    return sorted(found, key=lambda each: (each.cluster, each.taken)), [str(error) for error in broken]


def newest(found: list[Member]) -> list[Member]:
    """The last of each cluster; ``found`` is as `members` gives it."""
    return list({each.cluster: each for each in found}.values())


def _names(held: list[Snapshot]) -> dict[tuple[str, str], str]:
    """What each cluster is called: the name of its last snapshot, told apart where several have it."""
    last = {each.manifest.which: each.manifest.cluster for each in sorted(held, key=lambda each: each.manifest.moment)}
    many = Counter(last.values())
    return {which: name if many[name] == 1 else f"{name} ({which[1][:_SHORT] if which[0] == 'UID' else 'no UID'})"
            for which, name in last.items()}
