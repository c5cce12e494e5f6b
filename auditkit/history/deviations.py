"""Deviations over several snapshots: which subject failed, when it was first and last seen to, and what bounds that.

A snapshot shows a moment. So a deviation began between the last snapshot before it in which the subject was known not
to fail and the first in which it failed, and ended between the last in which it failed and the first after it in which
it was known not to. A snapshot that does not know ends nothing and begins nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.evaluation.given import Given
from auditkit.evaluation.words import SUBJECT

Subject = tuple[str | None, ...]
"""Kind, namespace, name and container."""
Test = tuple[str, str]
"""A check and its parameters (JSON); of what people state of a requirement itself ``""`` and its identifier."""
NOBODY: Subject = (None,) * len(SUBJECT)


class State:
    """What one snapshot shows of every subject: ``fails`` and ``unknown`` by test, ``accepted`` by requirement."""

    def __init__(self, given: Given):
        self._given, said = given, given.document.outcomes
        self.tests: list[Test] = [
            (each.check, msgspec.json.encode(each.parameters, order="deterministic").decode()) for each in said]
        self.severities = {test: each.severity for test, each in zip(self.tests, said, strict=True)}
        self._places = {test: place for place, test in enumerate(self.tests)}
        self._gaps = {test for test, each in zip(self.tests, said, strict=True) if each.missing}
        self.serving: dict[Test, list[str]] = {}
        for requirement in given.document.requirements:
            for place in requirement.outcomes if requirement.id not in given.said.left_out else ():
                self.serving.setdefault(self.tests[place], []).append(requirement.id)
        self.fails: dict[Test, set[Subject]] = {}
        self.unknown: dict[Test, set[Subject]] = {}
        self._all: dict[Test, set[Subject]] = {}
        self._read()
        self._stated()

    def _read(self) -> None:
        rows = self._given.rows("outcome", "verdict", *SUBJECT)
        outside = pa.array(self._outside)
        rows = rows.set_column(1, "verdict", pc.if_else(outside, "unknown", rows["verdict"]))
        rows = rows.filter(pc.is_in(rows["verdict"], pa.array(["fail", "unknown"])))
        columns = [rows[name].to_pylist() for name in SUBJECT]
        for place, verdict, *subject in zip(rows["outcome"].to_pylist(), rows["verdict"].to_pylist(), *columns,
                                            strict=True):
            test = self.tests[place]
            found = self.fails if verdict == "fail" and test in self.serving else self.unknown
            found.setdefault(test, set()).add(tuple(subject))

    @property
    def _outside(self) -> np.ndarray:
        """Which rows a scope leaves out: nothing is known of them, and nothing that they show begins or ends."""
        return np.concatenate([np.zeros(0, bool), *map(self._given.outside, range(len(self.tests)))])

    def _stated(self) -> None:
        """A requirement that fails though no subject does: somebody says in writing that it is not met."""
        for row in self._given.said.requirements:
            test = ("", row["id"])
            self.serving[test] = [row["id"]]
            self._places[test] = -1
            if row["status"] == "fail" and not row["failed"]:
                self.fails[test] = {NOBODY}

    def of(self, test: Test, subject: Subject) -> str:
        """``fail``, ``unknown`` or ``clear``: known not to fail, or known not to be there."""
        if subject in self.fails.get(test, ()):
            return "fail"
        if test not in self._places or subject in self.unknown.get(test, ()):
            return "unknown"
        return "unknown" if test in self._gaps and subject not in self._present(test) else "clear"

    def _present(self, test: Test) -> set[Subject]:
        """All subjects of a test."""
        if test not in self._all:
            place = self._places[test]
            rows = self._subjects.slice(self._given.starts[place], self._given.document.outcomes[place].rows)
            self._all[test] = set(zip(*(rows[name].to_pylist() for name in SUBJECT), strict=True))
        return self._all[test]

    @cached_property
    def _subjects(self) -> pa.Table:
        return self._given.rows(*SUBJECT)

    @cached_property
    def accepted(self) -> set[tuple[str, Test, Subject]]:
        """Which failures valid exceptions cover: requirement, test, subject."""
        return set(self._accepted())

    def _accepted(self) -> Iterator[tuple[str, Test, Subject]]:
        placed = {each.id: each.outcomes for each in self._given.document.requirements}
        for requirement, covered in self._given.said.covered.items():
            for place, chosen in zip(placed[requirement], covered, strict=True):
                rows = self._subjects.take(pa.array([self._given.starts[place] + at for at in chosen], pa.int64()))
                for subject in zip(*(rows[name].to_pylist() for name in SUBJECT), strict=True):
                    yield requirement, self.tests[place], subject


@dataclass
class Deviation:
    """A failure of one subject by one test under one requirement, by the places of the snapshots.

    ``failing`` are those in which it failed, ``doubtful`` those between the first and the last in which it was not
    known, ``accepted`` those in which an exception covered it. ``before`` and ``after`` bound it: the snapshots beside
    it in which it was known not to fail; None where there is none.
    """

    requirement: str
    test: Test
    subject: Subject
    severity: str
    failing: list[int]
    doubtful: list[int]
    accepted: list[int]
    before: int | None
    after: int | None


def deviations(states: Sequence[State]) -> Iterator[Deviation]:
    """The deviations that snapshots, oldest first, show."""
    running: dict[tuple[Test, Subject], list[int]] = {}
    for place, state in enumerate(states):
        for key in [key for key in running if state.of(*key) == "clear"]:
            yield from _ended(states, key, running.pop(key), place)
        for test, subjects in state.fails.items():
            for subject in subjects:
                running.setdefault((test, subject), []).append(place)
    for key, failing in running.items():
        yield from _ended(states, key, failing, None)


def _ended(states: Sequence[State], key: tuple[Test, Subject], failing: list[int],
           after: int | None) -> Iterator[Deviation]:
    test, subject = key
    before = next((place for place in range(failing[0] - 1, -1, -1) if states[place].of(*key) == "clear"), None)
    doubtful = sorted(set(range(failing[0], failing[-1])) - set(failing))
    serving = dict.fromkeys(each for place in failing for each in states[place].serving[test])
    severity = states[failing[-1]].severities.get(test, "")
    for requirement in serving:
        under = [place for place in failing if requirement in states[place].serving[test]]
        accepted = [place for place in under if (requirement, test, subject) in states[place].accepted]
        yield Deviation(requirement, test, subject, severity, under, doubtful, accepted, before, after)
