"""Exceptions: failures that somebody answers for, for a time. They never turn a fail into anything else.

A file has a list of them::

    exceptions:
      - owner: Platform team, Jane Roe
        reason: The agent of the network plug-in sets up the network of its node.
        compensating_control: Only two administrators may write to kube-system; reviewed each quarter.
        checks: [workloads.no_privileged_containers]
        subjects:
          - {namespace: kube-system, name: "cilium-*", container: agent}
        granted: 2026-01-10
        expires: 2026-12-31

``checks`` and ``requirements`` (with their ``framework``) say to which rules it is an exception; with both, a
failure must be of one of each. ``subjects`` says of whom, by shell patterns on kind, namespace, name and
container; a subject is covered by any of them, and a pattern matches only what is there. Both days count.

A requirement is accepted only as a whole: exceptions cover every subject that fails, and nothing else of it is
unknown. One that is too wide (for all of a population, or for many failures) or too long (over a year) is reported.
"""

import datetime as dt
import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import pandas as pd

from auditkit.checks import find
from auditkit.errors import NoSuchName
from auditkit.people import entries
from auditkit.people.entries import Notice, Origin, Text

if TYPE_CHECKING:
    from auditkit.evaluation.evaluation import Outcome, Result

WIDE = 50
"""An exception that covers more failures of one check than this is reported as too wide."""

COLUMNS = ["owner", "reason", "compensating_control", "checks", "requirements", "granted", "expires", "state",
           "covers", "file", "line", "sha256"]
"""Of the frame of exceptions: what they say, whether they are valid, how many failing subjects they cover."""

Pattern = Annotated[str, msgspec.Meta(min_length=1)]


class Selector(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Shell patterns (``*``, ``?``, ``[a-z]``) of what a subject is called; one not given matches all."""

    kind: Pattern | None = None
    namespace: Pattern | None = None
    name: Pattern | None = None
    container: Pattern | None = None

    @property
    def patterns(self) -> dict[str, str]:
        """Those that are given."""
        given = msgspec.structs.asdict(self)
        return {part: pattern for part, pattern in given.items() if pattern is not None}

    @property
    def open(self) -> bool:
        """Whether it names no namespace, object or container, but only anything or all of a kind."""
        return not any(pattern.strip("*?") for part, pattern in self.patterns.items() if part != "kind")

    def matches(self, who: pd.DataFrame) -> np.ndarray:
        """Which subjects (columns kind, namespace, name, container) it selects."""
        left = np.arange(len(who))
        for part, pattern in self.patterns.items():  # names last: few are left to look at
            codes, values = pd.factorize(who[part].iloc[left])
            alike = re.compile(fnmatch.translate(pattern)).match
            left = left[np.array([*(alike(str(value)) is not None for value in values), False])[codes]]
        found = np.zeros(len(who), bool)
        found[left] = True
        return found


class Written(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An exception as it stands in a file."""

    owner: Text
    reason: Text
    compensating_control: Text
    framework: Text | None = None
    requirements: list[Text] = []
    checks: list[Text] = []
    subjects: list[Selector] = []
    granted: dt.date
    expires: dt.date


@dataclass(frozen=True)
class Acceptance:
    """An exception with the place where it stands."""

    said: Written
    origin: Origin

    def state(self, today: dt.date) -> str:
        """``valid``, ``expired`` or ``not in force yet``."""
        if today > self.said.expires:
            return "expired"
        return "valid" if today >= self.said.granted else "not in force yet"

    def concerns(self, framework: str, requirement: str, check: str) -> bool:
        """Whether it is an exception to this check under this requirement."""
        said = self.said
        return (said.framework in (None, framework) and check in (said.checks or [check])
                and requirement in (said.requirements or [requirement]))

    @property
    def exact(self) -> bool:
        """Whether each of its subjects is named, without a pattern."""
        return bool(self.said.subjects) and all(
            re.fullmatch(r"[^*?[]+", selector.name or "*") for selector in self.said.subjects)

    def matches(self, who: pd.DataFrame) -> np.ndarray:
        """Which subjects (columns kind, namespace, name, container) it covers."""
        selectors = self.said.subjects or [Selector()]
        return np.logical_or.reduce([selector.matches(who) for selector in selectors])


def read(given: Path | str, own: Path | None = None) -> list[Acceptance]:
    """The exceptions of a file, or of each YAML file in a folder. ``own`` has a user's frameworks.

    Raises `ControlError` with file and line for an unknown key, check or requirement, or a wrong date.
    """
    found = [Acceptance(said, origin) for said, origin in entries.read(given, "exceptions", Written)]
    for exception in found:
        _verify(exception.said, exception.origin, own)
    return found


def _verify(said: Written, origin: Origin, own: Path | None) -> None:
    if said.expires < said.granted:
        raise origin.wrong(f"it expires on {said.expires}, before it is granted ({said.granted}).")
    if not said.checks and not said.requirements:
        raise origin.wrong("it must name the checks or requirements to which it is an exception.")
    if said.requirements and not said.framework:
        raise origin.wrong("it names requirements, and not the framework that has them.")
    for name in said.checks:
        try:
            find(name)
        except NoSuchName as error:
            raise origin.wrong(error) from None
    if said.framework:
        framework = entries.framework_of(said.framework, said.requirements, origin, own)
        served = {check for requirement in framework.requirements for check, _ in requirement.named
                  if not said.requirements or requirement.id in said.requirements}
        if useless := [name for name in said.checks if name not in served]:
            raise origin.wrong(f"{', '.join(useless)} does not serve "
                               f"{', '.join(said.requirements) or said.framework}.")


@dataclass
class _Use:
    """What an exception does in one evaluation."""

    exception: Acceptance
    concerned: bool
    covered: int = 0
    wide: str = ""


class ExceptionRegister:
    """Exceptions applied to the results of one framework on one day.

    ``results`` are the same results, with those marked of which every failing subject is covered; ``notices``
    say which exceptions have expired, cover nothing or too much, or for too long.
    """

    def __init__(self, exceptions: Iterable[Acceptance], framework: str, results: "list[Result]",
                 today: dt.date):
        self._framework, self._today = framework, today
        self._uses = [_Use(exception, exception.said.framework == framework) for exception in exceptions]
        self._matched: dict[tuple[int, int], np.ndarray] = {}
        self._called: dict[int, pd.DataFrame] = {}
        self.results = [self._marked(result) for result in results] if self._uses else results
        self._called.clear()

    def _marked(self, result: "Result") -> "Result":
        covered, by = [], []
        for outcome in result.outcomes:
            mask = np.zeros(len(outcome.population), bool)
            for use in self._uses:
                if use.exception.concerns(self._framework, result.requirement.id, outcome.check.name):
                    use.concerned = True
                    found = self._failures(use, outcome)
                    if len(found) and result.status == "fail":
                        by.append(use.exception.said)
                        mask[found] = True
            covered.append(mask)
        marked = sum(int(mask.sum()) for mask in covered)
        if not marked:
            return replace(result, covered=tuple(covered))
        whole = marked == result.count("fail")
        told = _accepted(by) if whole else f"{marked} of them accepted"
        if whole and result.not_known:
            told = f"{told}, but there is more that is not known: {result.not_known}"
        return replace(result, covered=tuple(covered), accepted=whole and not result.not_known,
                       reason=f"{result.reason}; {told}")

    def _failures(self, use: _Use, outcome: "Outcome") -> np.ndarray:
        """The positions of the failing subjects of a check that an exception covers, if it is valid."""
        key = (id(use), id(outcome))
        if key not in self._matched:
            found = np.empty(0, np.int64)
            if use.exception.state(self._today) == "valid":
                failing = outcome.positions("fail")
                found = failing[use.exception.matches(self._subjects(outcome).iloc[failing])]
                use.covered += len(found)
                use.wide = use.wide or self._too_wide(use.exception, len(found), outcome)
            self._matched[key] = found
        return self._matched[key]

    def _too_wide(self, exception: Acceptance, covered: int, outcome: "Outcome") -> str:
        """Why an exception is too wide for one check, if it is: for what fails, or for all that it could match."""
        if covered > WIDE:
            return f"it covers {covered} failures of {outcome.check.name}"
        total = len(outcome.population)
        if total > 1 and not exception.exact and exception.matches(self._subjects(outcome)).all():
            return f"it covers all {total} subjects of {outcome.check.name}"
        return ""

    def _subjects(self, outcome: "Outcome") -> pd.DataFrame:
        """What all subjects of a check are called, those that pass too."""
        if id(outcome) not in self._called:
            self._called[id(outcome)] = outcome.subjects(outcome.positions())
        return self._called[id(outcome)]

    @cached_property
    def notices(self) -> list[Notice]:
        """What is to be said of the exceptions that concern this framework."""
        return [Notice(kind, use.exception.origin, what) for use in self._uses if use.concerned
                for kind, what in self._said(use)]

    def _said(self, use: _Use) -> Iterable[tuple[str, str]]:
        said, state = use.exception.said, use.exception.state(self._today)
        if state == "expired":
            yield "exception expired", f"it expired on {said.expires}; ask {said.owner}"
        elif state != "valid":
            yield f"exception {state}", f"it is granted from {said.granted} on; ask {said.owner}"
        elif not use.covered:
            yield "exception unused", "nothing that it covers fails: it can go"
        if not said.subjects or any(selector.open for selector in said.subjects):
            yield "exception too wide", "it names no namespace, object or container"
        elif use.wide:
            yield "exception too wide", use.wide
        if long := entries.too_long(said.granted, said.expires):
            yield "exception too long", long

    def frame(self) -> pd.DataFrame:
        """One row an exception that concerns this framework (columns: `COLUMNS`)."""
        return pd.DataFrame([self._row(use) for use in self._uses if use.concerned], columns=COLUMNS)

    def _row(self, use: _Use) -> dict[str, Any]:
        said, origin = use.exception.said, use.exception.origin
        return {
            "owner": said.owner, "reason": said.reason, "compensating_control": said.compensating_control,
            "checks": ", ".join(said.checks), "requirements": ", ".join(said.requirements),
            "granted": said.granted.isoformat(), "expires": said.expires.isoformat(),
            "state": use.exception.state(self._today), "covers": use.covered,
            "file": origin.file, "line": origin.line, "sha256": origin.sha256,
        }


def _accepted(by: list[Written]) -> str:
    """By whom a failure is accepted, and until when: the first day on which one of the exceptions ends."""
    owners = ", ".join(dict.fromkeys(said.owner for said in by))
    return f"accepted until {min(said.expires for said in by)} by {owners}"
