"""What snapshots show from the end of a period that was examined to a later day: the facts of a bridge letter.

All of them are judged by one rule, that of today, so that what changed is not the rule. What the rule alone changed
since verdicts were given at the end of the period is told apart (`Bridge.by_rule`). No snapshot, no claim:
`Bridge.limits` says what the snapshots do not show.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from auditkit.base.hostile_text import count, when
from auditkit.evaluation.conclusions import Carried
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.given import Given
from auditkit.evaluation.words import SEVERITIES, SUBJECT
from auditkit.history.diff import OBJECT_COLUMNS, Diff
from auditkit.history.period import Moment, Period
from auditkit.history.verdicts import PEOPLE, REQUIREMENT, RULE, VerdictDiff
from auditkit.history.weights import HIGH, WEIGHTS

SINCE, BEFORE, CLOSED, OPEN, NOT_KNOWN = "since", "before", "closed", "open", "not known"
"""Of a deviation: when it began, by the end of the period, and how it stands at the last snapshot."""

BY_RULE = ["requirement", "title", "given", "today", "why"]
DEVIATIONS = ["requirements", "check", "severity", *SUBJECT, "began", "ended", "accepted", "first_seen", "last_seen",
              "bounds"]
CONCLUSIONS = ["requirement", "title", "result", "tested_by", "tested_on", "period", "definition", "before", "now"]


@dataclass
class Bridge:
    """A framework on one cluster in the days after ``since``, the last day of a period that was examined.

    ``period`` has those days and their snapshots; ``before`` is the last snapshot that counts and is not later than
    ``since``, ``earlier`` what was said of it first. ``verdicts`` and ``diff`` compare two snapshots: from
    ``before``, or without it from the first since, to the last. They are missing where there are not two.
    """

    since: dt.date
    period: Period
    before: Moment | None = None
    earlier: Given | None = None
    verdicts: VerdictDiff | None = None
    diff: Diff | None = None
    carried: Carried | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def compared(self) -> list[Evaluation]:
        """The evaluations of the earlier and of the later snapshot that are compared; none where there are not two."""
        return [self.verdicts.earlier, self.verdicts.later] if self.verdicts else []

    @property
    def days_with_snapshot(self) -> int:
        """The days since the end of the period that have a snapshot."""
        return len({each.day for each in self.period.counted})

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """A row for each requirement whose status changed between the compared snapshots, and why (columns:
        `auditkit.history.verdicts.REQUIREMENT`)."""
        return self.verdicts.requirements if self.verdicts else pd.DataFrame(columns=REQUIREMENT)

    @cached_property
    def by_rule(self) -> pd.DataFrame:
        """A row for each requirement that has another status on the last snapshot of the period by the rule and the
        files of today than as it was given first (columns: `BY_RULE`)."""
        return pd.DataFrame(list(self._by_rule()), columns=BY_RULE)

    def _by_rule(self) -> Iterator[dict[str, Any]]:
        if not self.before or not self.before.given or not self.earlier:
            return
        given, today = self.earlier, self.before.given
        differs = {RULE: given.basis != today.basis, PEOPLE: given.people != today.people}
        one, other = ({row["id"]: row for row in each.said.requirements} for each in (given, today))
        for requirement in dict.fromkeys([*other, *one]):
            old, new = (_standing(found.get(requirement)) for found in (one, other))
            if old != new:
                yield {"requirement": requirement, "title": (other.get(requirement) or one[requirement])["title"],
                       "given": old, "today": new, "why": "; ".join(why for why, is_so in differs.items() if is_so)}

    @cached_property
    def deviations(self) -> pd.DataFrame:
        """A row for each check and subject that failed, and each time that it did (columns: `DEVIATIONS`), the worst
        first: in the last snapshot of the period, or since.

        ``began`` is `BEFORE` where it failed in the last snapshot of the period, `SINCE` where it was known not to fail
        in an earlier one. ``ended`` is `OPEN` where it fails in the last of all, `CLOSED` where it was known not to
        fail in a later one. Else both are `NOT_KNOWN`. ``accepted``: exceptions in force covered each of its failures.
        """
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in self._all.deviations.to_dict("records") if self.period.counted else ():
            key = (row["check"], *(row[name] for name in SUBJECT), row["first_seen"])
            accepted = row["accepted_snapshots"] == row["snapshots"]
            if key in found:
                found[key]["requirements"] += f", {row['requirement']}"
                found[key]["accepted"] &= accepted
            else:
                found[key] = {**row, "requirements": row["requirement"], "accepted": accepted,
                              "began": self._began(row), "ended": self._ended(row), "bounds": self._bounds(row)}
        return pd.DataFrame(sorted(found.values(), key=lambda row: -_weight(row["severity"])), columns=DEVIATIONS)

    @cached_property
    def _all(self) -> Period:
        """The days from the last snapshot of the period on, with that snapshot."""
        if not self.before or not self.before.day:
            return self.period
        return replace(self.period, start=self.before.day, moments=[self.before, *self.period.moments])

    def _began(self, row: dict[str, Any]) -> str:
        if self.before and row["first_seen"] <= self.before.time:
            return BEFORE
        return NOT_KNOWN if pd.isna(row["began_after"]) else SINCE

    def _ended(self, row: dict[str, Any]) -> str:
        if not pd.isna(row["ended_before"]):
            return CLOSED
        return OPEN if row["last_seen"] >= self.period.counted[-1].time else NOT_KNOWN

    def _bounds(self, row: dict[str, Any]) -> str:
        if self._began(row) != BEFORE:
            return str(row["bounds"])
        return f"was there on {when(row['first_seen'])}; {row['bounds'].partition('; ')[2]}"

    @cached_property
    def changes(self) -> pd.DataFrame:
        """A row for each object that differs between the compared snapshots, the worst first, as
        `auditkit.history.diff.Diff.by_object` has it."""
        return self.diff.by_object if self.diff else pd.DataFrame(columns=OBJECT_COLUMNS)

    @property
    def weights(self) -> dict[str, int]:
        """How many objects changed with each weight. Every weight is present."""
        found = self.changes["weight"].value_counts()
        return {weight: int(found.get(weight, 0)) for weight in WEIGHTS}

    @property
    def heavy(self) -> pd.DataFrame:
        """The changes of the greatest weight."""
        return self.changes[self.changes["weight"] == HIGH].reset_index(drop=True)

    @cached_property
    def conclusions(self) -> pd.DataFrame:
        """A row for each requirement on which an auditor has concluded (columns: `CONCLUSIONS`): the last conclusion
        on earlier evidence, whether the requirement is defined as it was then, and the statuses in the compared
        snapshots, ``before`` and ``now``."""
        return pd.DataFrame(list(self._conclusions()), columns=CONCLUSIONS)

    def _conclusions(self) -> Iterator[dict[str, Any]]:
        if not self.carried:
            return
        one = {row["id"]: row for row in self.compared[0].requirements.to_dict("records")} if self.compared else {}
        other = {row["id"]: row for row in self._last}
        for requirement in (each for each in other if each in self.carried.last):
            conclusion = self.carried.last[requirement]
            entry, period = conclusion.entry, conclusion.entry.period
            yield {"requirement": requirement, "title": other[requirement]["title"], "result": entry.result,
                   "tested_by": entry.tested_by, "tested_on": entry.tested_on,
                   "period": f"{period.first} to {period.until}" if period else "",
                   "definition": self.carried.definition(conclusion), "before": _standing(one.get(requirement)),
                   "now": _standing(other[requirement])}

    @property
    def _last(self) -> list[dict[str, Any]]:
        """The requirements on the last snapshot; none where no snapshot counts."""
        given = self.period.counted[-1].given if self.period.counted else None
        return given.said.requirements if given else []

    @property
    def limits(self) -> list[str]:
        """What cannot be said, and why, as sentences."""
        return [*self._at_the_end(), *self._of_days(), *self._of_requirements(), *self._of_objects(), *self.notes]

    def _at_the_end(self) -> Iterator[str]:
        if not self.before:
            yield (f"No snapshot that counts is of {self.since} or earlier: how the cluster was at the end of the "
                   "period is not known.")
        elif self.before.day != self.since:
            yield (f"The last snapshot of the period is of {when(self.before.time)}. What happened between it and the "
                   f"end of {self.since} is of the period, and is told here as if it came later.")

    def _of_days(self) -> Iterator[str]:
        period = self.period
        if not period.counted:
            yield f"No snapshot shows a day from {period.start} to {period.end}: nothing is claimed of these days."
            return
        if missing := period.length - self.days_with_snapshot:
            gap, begin, until = period.longest_gap()
            yield (f"{missing:,} of {count(period.length, 'day')} have no snapshot, and nothing is claimed of them. "
                   f"The longest time without one is {gap / dt.timedelta(days=1):.2f} days, from {when(begin)} to "
                   f"{when(until)}.")
        yield "A snapshot shows a moment: what came and went between two of them is not seen."

    def _of_requirements(self) -> Iterator[str]:
        for status, what in (("unknown", "Unknown, because evidence is missing"),
                             ("manual", "Not shown by the cluster; people must supply the evidence"),
                             ("attested", "Not shown by the cluster; people have attested them")):
            found = [row["id"] for row in self._last if row["status"] == status]
            if found:
                yield f"{what} ({count(len(found), 'requirement')} on the last snapshot): {', '.join(found)}."

    def _of_objects(self) -> Iterator[str]:
        if not self.diff:
            return
        yield ("Changes of objects are those between the two snapshots that are compared. What was changed and changed "
               "back between them is not among these.")
        yield from (f"Changes of {row.what} are not known: {row.reason}."
                    for row in self.diff.not_comparable.itertuples(index=False))


def _weight(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _standing(row: Any) -> str:
    """The status of a requirement, and whether its failures are accepted; empty where there is no such requirement."""
    if row is None:
        return ""
    return f"{row['status']}, accepted" if row["accepted"] else str(row["status"])
