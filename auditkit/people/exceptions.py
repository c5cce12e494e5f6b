"""Risk acceptances: failures that a named owner accepts for a period. An accepted failure remains a failure.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import pandas as pd

from auditkit.checks import find
from auditkit.errors import NoSuchName
from auditkit.people import entries
from auditkit.people.entries import Days, Origin, Text

Pattern = Annotated[str, msgspec.Meta(min_length=1)]


class Selector(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Shell patterns (``*``, ``?``, ``[a-z]``) for the parts of a subject's name. A missing pattern matches all."""

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
        """True if it selects everything, or everything of one kind: it names no namespace, object or container."""
        return not any(pattern.strip("*?") for part, pattern in self.patterns.items() if part != "kind")

    def matches(self, who: pd.DataFrame) -> np.ndarray:
        """True for each subject (columns kind, namespace, name, container) that it selects."""
        left = np.arange(len(who))
        for part, pattern in self.patterns.items():  # names last: few are left to look at
            codes, values = pd.factorize(who[part].iloc[left])
            alike = re.compile(fnmatch.translate(pattern)).match
            left = left[np.array([*(alike(str(value)) is not None for value in values), False])[codes]]
        found = np.zeros(len(who), bool)
        found[left] = True
        return found


class ExceptionEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An exception as it is written in a file."""

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
class RiskAcceptance:
    """An exception with its origin."""

    entry: ExceptionEntry
    origin: Origin

    def state(self, days: Days) -> str:
        """``valid``, ``expired`` or ``not in force yet``. If the day is not known exactly, a valid one is valid on
        all days."""
        if days[1] > self.entry.expires:
            return "expired"
        return "valid" if days[0] >= self.entry.granted else "not in force yet"

    def concerns(self, framework: str, requirement: str, check: str) -> bool:
        """True if it covers this check under this requirement."""
        entry = self.entry
        return (entry.framework in (None, framework) and check in (entry.checks or [check])
                and requirement in (entry.requirements or [requirement]))

    @property
    def exact(self) -> bool:
        """True if each of its subjects is named without a pattern."""
        return bool(self.entry.subjects) and all(
            re.fullmatch(r"[^*?[]+", selector.name or "*") for selector in self.entry.subjects)

    def matches(self, who: pd.DataFrame) -> np.ndarray:
        """True for each subject (columns kind, namespace, name, container) that it covers."""
        selectors = self.entry.subjects or [Selector()]
        return np.asarray(np.logical_or.reduce([selector.matches(who) for selector in selectors]))


def read(given: Path | str, own: Path | None = None) -> list[RiskAcceptance]:
    """The exceptions of a file, or of each YAML file in a folder. ``own`` has a user's frameworks.

    Raises `DefinitionError` with file and line for an unknown key, check or requirement, or a wrong date.
    """
    found = [RiskAcceptance(entry, origin) for entry, origin in entries.read(given, "exceptions", ExceptionEntry)]
    for exception in found:
        _verify(exception.entry, exception.origin, own)
    return found


def _verify(entry: ExceptionEntry, origin: Origin, own: Path | None) -> None:
    if entry.expires < entry.granted:
        raise origin.wrong(f"it expires on {entry.expires}, before the day on which it is granted "
                           f"({entry.granted}). Correct one of the days.")
    if not entry.checks and not entry.requirements:
        raise origin.wrong("it must name the checks or requirements that it covers.")
    if entry.requirements and not entry.framework:
        raise origin.wrong("it names requirements but no framework. Add the framework that has them.")
    for name in entry.checks:
        try:
            find(name)
        except NoSuchName as error:
            raise origin.wrong(error) from None
    if entry.framework:
        framework = entries.framework_of(entry.framework, entry.requirements, origin, own)
        served = {check for requirement in framework.requirements for check, _ in requirement.named
                  if not entry.requirements or requirement.id in entry.requirements}
        if useless := [name for name in entry.checks if name not in served]:
            raise origin.wrong(f"{', '.join(useless)} is not used by "
                               f"{', '.join(entry.requirements) or entry.framework}.")
