"""Risk acceptances applied to results: which failures they cover, and which acceptances need attention."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.status import not_known
from auditkit.evaluation.words import DEVIATING
from auditkit.people import entries
from auditkit.people.entries import Days, Notice
from auditkit.people.exceptions import ExceptionEntry, RiskAcceptance

WIDE = 50
"""An exception that covers more failures of one check than this number is reported as too wide."""

COLUMNS = ["owner", "reason", "compensating_control", "checks", "requirements", "granted", "expires", "state",
           "covers", "file", "line", "sha256"]
"""Columns of the frame of exceptions: their content, their state, and the number of failing subjects they cover."""


@dataclass
class _Use:
    """The effect of an exception in one evaluation."""

    exception: RiskAcceptance
    concerned: bool
    covered: int = 0
    wide: str = ""


class ExceptionRegister:
    """Exceptions applied to the results of one framework on the days on which the cluster may have been observed.

    ``results`` are the same results. A result is marked as accepted if every failing subject is covered. ``notices``
    lists exceptions that have expired, are unused, are too wide or last too long.
    """

    def __init__(self, exceptions: Iterable[RiskAcceptance], framework: str, results: list[Result],
                 days: Days, *, scoped: bool = False):
        self._framework, self._days, self._scoped = framework, days, scoped
        self._uses = [_Use(exception, exception.entry.framework == framework) for exception in exceptions]
        self._matched: dict[tuple[int, int], np.ndarray] = {}
        self._called: dict[int, pd.DataFrame] = {}
        self.results = [self._marked(result) for result in results] if self._uses else results
        self._called.clear()

    def _marked(self, result: Result) -> Result:
        covered, by = [], []
        for outcome in result.outcomes:
            mask = np.zeros(len(outcome), bool)
            for use in self._uses:
                if use.exception.concerns(self._framework, result.requirement.id, outcome.check.name):
                    use.concerned = True
                    found = self._failures(use, outcome)
                    if len(found) and result.status in DEVIATING:
                        by.append(use.exception.entry)
                        mask[found] = True
            covered.append(mask)
        marked = sum(int(mask.sum()) for mask in covered)
        if not marked:
            return replace(result, covered=tuple(covered))
        whole = marked == result.count("fail")
        told = _accepted(by) if whole else f"{marked} of them accepted"
        unknown = not_known(result.outcomes)
        if whole and unknown:
            told = f"{told}, but other evidence is missing: {unknown}"
        return replace(result, covered=tuple(covered), accepted=whole and not unknown,
                       reason=replace(result.reason, accepted=told))

    def _failures(self, use: _Use, outcome: Outcome) -> np.ndarray:
        """The positions of the failing subjects of a check that an exception covers, if it is valid."""
        key = (id(use), id(outcome))
        if key not in self._matched:
            found = np.empty(0, np.int64)
            if use.exception.state(self._days) == "valid":
                failing = outcome.positions("fail")
                found = failing[use.exception.matches(self._subjects(outcome).iloc[failing])]
                use.covered += len(found)
                use.wide = use.wide or self._too_wide(use.exception, len(found), outcome)
            self._matched[key] = found
        return self._matched[key]

    def _too_wide(self, exception: RiskAcceptance, covered: int, outcome: Outcome) -> str:
        """Why an exception is too wide for one check: it covers too many failures, or every subject. Empty if it is
        not."""
        if covered > WIDE:
            return f"it covers {covered} failures of {outcome.check.name}"
        total = len(outcome)
        if total > 1 and not exception.exact and exception.matches(self._subjects(outcome)).all():
            return f"it covers all {total} subjects of {outcome.check.name}"
        return ""

    def _subjects(self, outcome: Outcome) -> pd.DataFrame:
        """The names of all subjects of a check, including those that pass."""
        if id(outcome) not in self._called:
            self._called[id(outcome)] = outcome.subjects(outcome.positions())
        return self._called[id(outcome)]

    @cached_property
    def notices(self) -> list[Notice]:
        """The notices about the exceptions that apply to this framework."""
        return [Notice(kind, use.exception.origin, what) for use in self._uses if use.concerned
                for kind, what in self._said(use)]

    def _said(self, use: _Use) -> Iterable[tuple[str, str]]:
        entry, state = use.exception.entry, use.exception.state(self._days)
        if state == "expired":
            yield "risk acceptance expired", f"it expired on {entry.expires}; ask {entry.owner} to renew or remove it"
        elif state != "valid":
            yield f"risk acceptance {state}", f"it takes effect on {entry.granted}; ask {entry.owner}"
        elif not use.covered:
            yield "risk acceptance unused", ("it covers no failure in scope" if self._scoped else
                                             "it covers no failure; remove it")
        if not entry.subjects or any(selector.open for selector in entry.subjects):
            yield "risk acceptance too wide", "it does not name a namespace, object or container"
        elif use.wide:
            yield "risk acceptance too wide", use.wide
        if long := entries.too_long(entry.granted, entry.expires):
            yield "risk acceptance too long", long

    def frame(self) -> pd.DataFrame:
        """One row for each exception that applies to this framework (columns: `COLUMNS`)."""
        return pd.DataFrame([self._row(use) for use in self._uses if use.concerned], columns=COLUMNS)

    def _row(self, use: _Use) -> dict[str, Any]:
        entry, origin = use.exception.entry, use.exception.origin
        return {
            "owner": entry.owner, "reason": entry.reason, "compensating_control": entry.compensating_control,
            "checks": ", ".join(entry.checks), "requirements": ", ".join(entry.requirements),
            "granted": entry.granted.isoformat(), "expires": entry.expires.isoformat(),
            "state": use.exception.state(self._days), "covers": use.covered,
            "file": origin.file, "line": origin.line, "sha256": origin.sha256,
        }


def _accepted(by: list[ExceptionEntry]) -> str:
    """Who accepts a failure, and until when: the earliest expiry of the exceptions."""
    owners = ", ".join(dict.fromkeys(entry.owner for entry in by))
    return f"accepted until {min(entry.expires for entry in by)} by {owners}"
