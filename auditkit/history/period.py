"""A period of operation: what snapshots of one cluster show of each requirement from one day to another.

No snapshot, no claim: a day has the status that its snapshots gave, the worst where they differ, and a day without a
snapshot has none. Nothing is carried from one day to the next. Days are those of UTC.

A snapshot counts for the day on which its observation began. One that may have been observed at any time of more than
24 hours (files without a time) counts for no day.
"""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from auditkit.base.hostile_text import count, when
from auditkit.evaluation.given import Given
from auditkit.evaluation.words import STATUSES, SUBJECT
from auditkit.history.deviations import Deviation, State, deviations
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NO_EVIDENCE = "no evidence"
"""The status of a day without a snapshot, or whose snapshots were not judged by the requirement."""
_ORDER = [(status, accepted) for status in (*STATUSES, NO_EVIDENCE) for accepted in (False, True)]
"""Statuses of a day, the worst first; what is accepted as a whole is better than what is not."""

REQUIREMENTS = ["requirement", "title", "snapshots", "days", "days_with_snapshot", "passed", "failed",
                "exception_noted", "accepted",
                "unknown", "manual", "attested", "not_applicable", "no_evidence", "attested_days", "longest_gap_days",
                "gap_from", "gap_until", "deviations", "claim"]
DAYS = ["day", "requirement", "status", "accepted", "attested", "snapshots"]
DEVIATIONS = ["requirement", "check", "severity", *SUBJECT, "first_seen", "last_seen", "began_after", "ended_before",
              "snapshots", "days", "unknown_snapshots", "accepted_snapshots", "bounds"]
SNAPSHOTS = ["time", "day", "digest", "cluster", "gap_days", "judged", "framework_version", "auditkit", "problem"]

AS_GIVEN, ANEW = "as given", "judged anew"


@dataclass
class Moment:
    """A snapshot of the period, what was given of it, and how: `AS_GIVEN` or `ANEW`; else ``problem`` says why not."""

    snapshot: Snapshot
    given: Given | None = None
    judged: str = ""
    problem: str = ""

    @property
    def time(self) -> dt.datetime:
        """When it was observed; when it was read where that is not known."""
        return self.snapshot.manifest.moment.astimezone(dt.UTC)

    @property
    def day(self) -> dt.date | None:
        """The day that it counts for; none where that is not known."""
        return day_of(self.snapshot.manifest)


def day_of(manifest: Manifest) -> dt.date | None:
    """The day (UTC) on which an observation began; none where it may have been at any time of more than 24 hours."""
    first, last = manifest.observed
    if first is None or last - first > dt.timedelta(days=1):
        return None
    return first.astimezone(dt.UTC).date()


@dataclass
class Period:
    """A framework on one cluster from ``start`` to ``end``, both days included.

    ``moments`` are the snapshots of the period, oldest first. ``every`` is how many days may lie between snapshots (the
    frequency of the control), 0 where nobody said. ``notes`` are sentences that a reader must know.
    """

    cluster: str
    cluster_uid: str
    framework: str
    start: dt.date
    end: dt.date
    moments: list[Moment]
    titles: dict[str, str]
    every: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def length(self) -> int:
        """The days of the period."""
        return (self.end - self.start).days + 1

    @cached_property
    def counted(self) -> list[Moment]:
        """The snapshots that count for a day."""
        return [each for each in self.moments if each.given and each.day]

    @cached_property
    def _states(self) -> list[State]:
        return [State(each.given) for each in self.counted if each.given]

    @cached_property
    def _statuses(self) -> list[dict[str, tuple[str, bool]]]:
        """The status of each requirement in each snapshot that counts, and whether its failures are accepted."""
        return [{row["id"]: (row["status"], bool(row["accepted"])) for row in each.given.said.requirements}
                for each in self.counted if each.given]

    @cached_property
    def _by_day(self) -> dict[dt.date, list[int]]:
        found: dict[dt.date, list[int]] = {}
        for place, each in enumerate(self.counted):
            if each.day:
                found.setdefault(each.day, []).append(place)
        return found

    @cached_property
    def days(self) -> pd.DataFrame:
        """A row for each day and requirement (columns: `DAYS`): the worst ``status`` of its snapshots or
        `NO_EVIDENCE`; whether its failures were ``accepted`` then as a whole; whether somebody ``attested`` it
        in all of them."""
        return pd.DataFrame(list(self._days()), columns=DAYS)

    def _days(self) -> Iterator[dict[str, Any]]:
        attested = [set(each.given.said.attested) for each in self.counted if each.given]
        for number in range(self.length):
            day = self.start + dt.timedelta(days=number)
            places = self._by_day.get(day, [])
            for requirement in self.titles:
                judged = [place for place in places if requirement in self._statuses[place]]
                worst, accepted = min((self._statuses[place][requirement] for place in judged), key=_ORDER.index,
                            default=(NO_EVIDENCE, False))
                yield {"day": day, "requirement": requirement, "status": worst, "accepted": accepted,
                       "snapshots": len(judged),
                       "attested": bool(judged) and all(requirement in attested[place] for place in judged)}

    @cached_property
    def deviations(self) -> pd.DataFrame:
        """A row for each requirement, check and subject that failed, and each time that it did (columns: `DEVIATIONS`).

        It began after ``began_after`` and not after ``first_seen``, and ended after ``last_seen`` and before
        ``ended_before``; where one of them is missing, it is open at that end. ``snapshots`` and ``days`` are those
        in which it failed, ``accepted_snapshots`` those in which an exception in force covered it.
        """
        order = {requirement: place for place, requirement in enumerate(self.titles)}
        found = sorted(deviations(self._states), key=lambda each: (
            order.get(each.requirement, len(order)), each.test, [part or "" for part in each.subject], each.failing))
        return pd.DataFrame([self._deviation(each) for each in found], columns=DEVIATIONS)

    def _deviation(self, each: Deviation) -> dict[str, Any]:
        first, last = self._time(each.failing[0]), self._time(each.failing[-1])
        before = None if each.before is None else self._time(each.before)
        after = None if each.after is None else self._time(each.after)
        began = f"began between {when(before)} and {when(first)}" if before else (
            f"began before {when(first)}, the first time that it was looked at in this period")
        ended = f"ended between {when(last)} and {when(after)}" if after else f"not seen to end; last seen {when(last)}"
        return {"requirement": each.requirement, "check": each.test[0], "severity": each.severity,
                **dict(zip(SUBJECT, each.subject, strict=True)), "first_seen": first, "last_seen": last,
                "began_after": before, "ended_before": after, "snapshots": len(each.failing),
                "days": len({self.counted[place].day for place in each.failing}),
                "unknown_snapshots": len(each.doubtful), "accepted_snapshots": len(each.accepted),
                "bounds": f"{began}; {ended}"}

    def _time(self, place: int) -> dt.datetime:
        return self.counted[place].time

    @cached_property
    def snapshots(self) -> pd.DataFrame:
        """A row for each snapshot of the period (columns: `SNAPSHOTS`): the days since the one before it that counts
        (of the first: since the period began), how it was judged, by which version, and why it does not count."""
        rows, before = [], _midnight(self.start)
        for each in self.moments:
            counts = bool(each.given and each.day)
            basis = each.given.basis if each.given else None
            rows.append({"time": each.time, "day": each.day, "digest": each.snapshot.digest,
                         "cluster": each.snapshot.manifest.cluster,
                         "gap_days": _in_days(each.time - before) if counts else None, "judged": each.judged,
                         "framework_version": basis.version if basis else "",
                         "auditkit": basis.auditkit if basis else "", "problem": each.problem})
            before = each.time if counts else before
        return pd.DataFrame(rows, columns=SNAPSHOTS)

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """A row for each requirement (columns: `REQUIREMENTS`). ``passed`` to ``no_evidence`` count each day of the
        period once; ``accepted`` are days that failed or had exceptions noted, all of which were accepted. The
        longest gap is that between snapshots, or between one and an end of the period. ``claim`` says what can be
        claimed."""
        many = Counter(self.deviations["requirement"])
        by_requirement = self.days.groupby("requirement", sort=False)
        return pd.DataFrame([self._requirement(str(name), frame, many[str(name)]) for name, frame in by_requirement],
                            columns=REQUIREMENTS)

    def _requirement(self, requirement: str, days: pd.DataFrame, deviating: int) -> dict[str, Any]:
        statuses = Counter(days["status"])
        gap, begin, until = self.longest_gap([
            each.time for each, said in zip(self.counted, self._statuses, strict=True) if requirement in said])
        found = {"requirement": requirement, "title": self.titles[requirement],
                 "snapshots": int(days["snapshots"].sum()), "days": len(days),
                 "days_with_snapshot": len(days) - statuses[NO_EVIDENCE],
                 "passed": statuses["pass"], "failed": statuses["fail"],
                 "exception_noted": statuses["exception_noted"], "accepted": int(days["accepted"].sum()),
                 **{name: statuses[name] for name in ("unknown", "manual", "attested", "not_applicable")},
                 "no_evidence": statuses[NO_EVIDENCE], "attested_days": int(days["attested"].sum()),
                 "longest_gap_days": _in_days(gap), "gap_from": begin, "gap_until": until, "deviations": deviating}
        return {**found, "claim": claim(found)}

    def longest_gap(self, times: Sequence[dt.datetime] | None = None) -> tuple[dt.timedelta, dt.datetime, dt.datetime]:
        """The longest time without a snapshot, from when and until when; the first of several that are as long."""
        times = [each.time for each in self.counted] if times is None else times
        ends = [_midnight(self.start), *times, _midnight_after(self.end)]
        begin, until = max(itertools.pairwise(ends), key=lambda pair: pair[1] - pair[0])
        return until - begin, begin, until

    @property
    def missed(self) -> int | None:
        """How many stretches of ``every`` days, from the first of the period on, have no snapshot; the last may be
        shorter."""
        if not self.every:
            return None
        held = {(day - self.start).days // self.every for day in self._by_day}
        return -(-self.length // self.every) - len(held)


def claim(row: dict[str, Any]) -> str:
    """What can be claimed of a requirement over the period, in words."""
    seen = row["days_with_snapshot"]
    if not seen:
        return f"No claim: none of the {count(row['days'], 'day')} has a snapshot that was judged by it."
    told = [("passed", row["passed"]), ("failed", row["failed"]),
            ("had exceptions noted", row["exception_noted"]), ("was unknown", row["unknown"]),
            ("needed evidence from people", row["manual"]), ("was attested by people", row["attested"]),
            ("was not applicable", row["not_applicable"])]
    last = "had exceptions noted" if row["exception_noted"] else "failed"
    parts = [f"{what} on {f'all {seen:,}' if number == seen else f'{number:,}'}"
             + (f" ({row['accepted']:,} of them accepted)" if what == last and row["accepted"] else "")
             for what, number in told if number]
    text = f"{', '.join(parts)}{'' if len(parts) == 1 else f' of {seen:,}'} days with a snapshot"
    gap = (f"no evidence for {count(row['no_evidence'], 'day')}, longest time without a snapshot "
           f"{row['longest_gap_days']:g} days from {when(row['gap_from'])} to {when(row['gap_until'])}"
           if row["no_evidence"] else "a snapshot on every day")
    return f"{text[0].upper()}{text[1:]}; {gap}."


def cut(held: Sequence[Snapshot], start: dt.date, end: dt.date) -> list[Moment]:
    """The snapshots that a period may have something of, each once, oldest first; those without a day among them,
    where they were read in the period."""
    unique = {each.digest: each for each in held}
    moments = sorted((Moment(each) for each in unique.values()), key=lambda each: (each.time, each.snapshot.digest))
    found = [each for each in moments if start <= (each.day or each.time.date()) <= end]
    for each in found:
        if each.day is None:
            each.problem = f"it counts for no day: it was observed {each.snapshot.manifest.when}"
    return found


def judge(moments: Sequence[Moment], choose: Callable[[Snapshot], tuple[Given, str]],
          wrong: type[Exception]) -> None:
    """Let each snapshot that counts for a day be judged; one whose bytes are not those that were written is not."""
    for each in moments:
        if each.day is None:
            continue
        try:
            each.given, each.judged = choose(each.snapshot)
        except wrong as error:
            each.problem = str(error)


def changes(moments: Sequence[Moment]) -> Iterator[str]:
    """What changed from one snapshot to the next beside the cluster: its name, the framework, the rule."""
    for before, after in itertools.pairwise(each for each in moments if each.given):
        if before.snapshot.manifest.cluster != after.snapshot.manifest.cluster:
            yield (f"The cluster was called {before.snapshot.manifest.cluster} until {when(before.time)} and "
                   f"{after.snapshot.manifest.cluster} from {when(after.time)}; its UID is the same.")
        yield from _rules(before, after)


def _rules(before: Moment, after: Moment) -> Iterator[str]:
    if not before.given or not after.given:
        return
    one, other = before.given.basis, after.given.basis
    at = f"between the snapshots of {when(before.time)} and {when(after.time)}"
    if one.framework_sha256 != other.framework_sha256:
        versions = f"from version {one.version} to {other.version}" if one.version != other.version else (
            f"within version {one.version}")
        yield f"The framework changed {versions} {at}."
    if (one.package_sha256, one.pss_version) != (other.package_sha256, other.pss_version):
        yield (f"The checks changed {at}: auditkit {one.auditkit} ({one.package_sha256[:12]}) and {other.auditkit} "
               f"({other.package_sha256[:12]}).")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _midnight_after(day: dt.date) -> dt.datetime:
    """The end of a day; the last day that there is ends with the last moment that there is."""
    if day == dt.date.max:
        return dt.datetime.max.replace(tzinfo=dt.UTC)
    return _midnight(day + dt.timedelta(days=1))


def _in_days(span: dt.timedelta) -> float:
    return round(span / dt.timedelta(days=1), 2)
