"""The snapshots of one cluster in a period, and the days of the period that have none."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from auditkit.errors import SnapshotError, UsageError
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.snapshot import Snapshot

NAMED = 5
"""Runs of days without a snapshot that a sentence names."""


@dataclass(frozen=True)
class Window:
    """The snapshots of one cluster, oldest first, taken from ``first`` to ``last`` (days in UTC, both included).

    ``before`` is the newest snapshot that is older than the period; ``later`` are those after it. Without a period (one
    snapshot, or all of a store) the days are those of the snapshots. ``broken`` says which cannot be opened.
    """

    snapshots: Sequence[Snapshot]
    first: dt.date
    last: dt.date
    moment: bool = False
    before: Snapshot | None = None
    later: Sequence[Snapshot] = ()
    broken: Sequence[str] = field(default=())

    @property
    def gaps(self) -> list[str]:
        """What the snapshots do not show of the period, as sentences; empty where every day has a snapshot."""
        return [*self.broken, *self._undated(), *(() if self.moment else self._days())]

    def _undated(self) -> Iterable[str]:
        for snapshot in self.snapshots:
            if snapshot.manifest.observed[0] is None:
                yield (f"when snapshot {snapshot.digest[:12]} was observed is not known: it is placed at the time at "
                       "which it was read")

    def _days(self) -> Iterable[str]:
        """Why days of the period are not shown."""
        span = f"from {self.first} to {self.last}"
        if not self.snapshots:
            yield f"no snapshot was taken {span}: nothing is known of this period"
            return
        taken = {snapshot.manifest.moment.astimezone(dt.UTC).date() for snapshot in self.snapshots}
        days = [self.first + dt.timedelta(number) for number in range((self.last - self.first).days + 1)]
        if missing := [day for day in days if day not in taken]:
            runs = _runs(missing)
            named = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in runs[:NAMED])
            more = f" and {len(runs) - NAMED} more times" if len(runs) > NAMED else ""
            yield f"{len(missing):,} of {len(days):,} days {span} have no snapshot: {named}{more}"

    @property
    def bounds(self) -> str:
        """What a population that is made of snapshots cannot have, however complete they are; empty for a moment."""
        if self.moment or not self.snapshots:
            return ""
        moments = [snapshot.manifest.moment for snapshot in self.snapshots]
        longest = max((after - before for before, after in pairwise(moments)), default=dt.timedelta())
        hours = longest.total_seconds() / 3600
        return ("Made of snapshots: what existed or held only between two of them is not in the population. The "
                f"longest time between two is {hours:,.1f} hours.")


def at(snapshot: Snapshot) -> Window:
    """The window of one snapshot: a moment."""
    first, last = snapshot.manifest.days
    return Window([snapshot], last if first == dt.date.min else first, last, moment=True)


def over(store: Path, first: dt.date | None = None, last: dt.date | None = None, cluster: str = "") -> Window:
    """The window of a store from the day ``first`` to the day ``last``; by default from its first to its last snapshot.

    ``cluster`` is the name or the UID of one; a store that has several needs it. Raises `UsageError` where the period
    or the cluster is not clear, `SnapshotError` where the store has no snapshot.
    """
    found, errors = snapshots(store)
    if not found:
        raise SnapshotError(f"{store} has no snapshot that can be opened{f' ({errors[0]})' if errors else ''}. Give "
                            "the folder of a store that `auditkit collect --store` has written, or of a snapshot.")
    ours = sorted(_of_cluster(found, cluster, store), key=lambda one: one.manifest.moment)
    days = [snapshot.manifest.moment.astimezone(dt.UTC).date() for snapshot in ours]
    first, last = first or days[0], last or days[-1]
    if last < first:
        raise UsageError(f"The period ends on {last}, before it begins on {first}. Give --from and --to in order.")
    older = [one for one, day in zip(ours, days, strict=True) if day < first]
    return Window([one for one, day in zip(ours, days, strict=True) if first <= day <= last], first, last,
                  before=older[-1] if older else None,
                  later=[one for one, day in zip(ours, days, strict=True) if day > last],
                  broken=[f"a snapshot of the store cannot be opened: {error}" for error in errors])


def day(written: dt.date | str) -> dt.date | None:
    """A day, also as people write it; none where nothing is. Raises `UsageError`."""
    return given_day(written) if written else None


def given_day(written: dt.date | str) -> dt.date:
    """A day, also as people write it. Raises `UsageError`."""
    if isinstance(written, dt.date):
        return written
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise UsageError(f"{written!r} is not a day. Write it as 2026-03-31.") from None


def _of_cluster(found: list[Snapshot], cluster: str, store: Path) -> list[Snapshot]:
    """The snapshots of one cluster. Raises `UsageError` that names the clusters where it is not clear which."""
    called = {snapshot.manifest.which: snapshot.manifest.called for snapshot in found}
    chosen = {snapshot.manifest.which for snapshot in found
              if cluster in ("", snapshot.manifest.cluster, snapshot.manifest.cluster_uid)}
    if len(chosen) != 1:
        what = f"has no snapshot of {cluster!r}" if not chosen else "has snapshots of several clusters"
        raise UsageError(f"{store} {what}: {'; '.join(sorted(called.values()))}. Name one with --cluster.")
    return [snapshot for snapshot in found if snapshot.manifest.which in chosen]


def _runs(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Days that follow one another, as their first and last."""
    runs: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if runs and day - runs[-1][1] == dt.timedelta(1):
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs
