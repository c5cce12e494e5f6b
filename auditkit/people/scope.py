"""The scope of an examination: what belongs to it, what is left out and why, and what another organisation provides.

A file has one::

    scope:
      system: Patient portal of Acme Hospital
      decided_by: Jane Roe, Chief Information Security Officer
      decided_on: 2026-01-12
      period: {from: 2026-01-01, until: 2026-12-31}        # or one day: period: 2026-06-30
      categories: [security, availability]                 # of frameworks that have categories
      namespaces: {names: [billing, "portal-*"], labels: {tier: [gold, silver]}}
      ephi: {labels: {data: ephi}}                         # namespaces that hold ePHI
      exclude:
        - subjects: [{namespace: billing, kind: Job}]
          reason: Jobs of the yearly archive, examined apart.
        - framework: soc2
          requirements: [CC9.2]
          reason: Vendors are examined by internal audit.
      carve_outs:
        - organisation: Example Cloud
          service: managed control plane
          framework: soc2
          requirements: [CC6.4]
          reason: The machines stand in data centres of the provider.
          evidence: SOC 2 Type 2 report of the provider for the same period

Without ``namespaces`` all of them are in scope; with it those that have one of the names (shell patterns) or all of the
labels, and those that hold ePHI. A framework that protects ePHI (``protects: ephi``) is judged on the namespaces of
``ephi`` alone, where there are any. ``exclude`` takes subjects, by the patterns of `auditkit.people.exceptions`, or
requirements out. What belongs to no namespace (nodes, API servers, ClusterRoles) stays in scope unless its name is
excluded. Days of the period are both included.

What is outside has no verdict: it is listed with the reason, and it is no pass. A carve-out changes no status.
"""

import datetime as dt
import fnmatch
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from auditkit.base import strict_yaml
from auditkit.errors import DefinitionError, NoSuchName, UsageError
from auditkit.framework import library
from auditkit.framework.model import Framework
from auditkit.people import entries
from auditkit.people.conclusions import Period
from auditkit.people.entries import Days, Origin, Text
from auditkit.people.exceptions import Pattern, Selector

_ANY = re.compile(r"[*?]|\[[^]]+\]")
"""What stands for any character in a pattern, or for one of several."""


class Namespaces(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Namespaces by name (shell patterns) or by labels: each of the keys must have the value, or one of the values."""

    names: list[Pattern] = []
    labels: dict[Text, Text | Annotated[list[Text], msgspec.Meta(min_length=1)]] = {}

    def named(self, namespace: str) -> bool:
        """True if one of the names is that of the namespace."""
        return any(fnmatch.fnmatchcase(namespace, pattern) for pattern in self.names)

    def labelled(self, labels: dict[str, str]) -> bool:
        """True if a namespace with these labels has all that are wanted."""
        return bool(self.labels) and all(
            labels.get(key) in ([wanted] if isinstance(wanted, str) else wanted) for key, wanted in self.labels.items())


class Exclusion(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Subjects, or requirements of a framework, that are left out, and why."""

    reason: Text
    subjects: list[Selector] = []
    framework: Text | None = None
    requirements: list[Text] = []


class CarveOut(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Requirements that another organisation meets: why it does, and the evidence that is expected of it."""

    organisation: Text
    service: str = ""
    framework: Text
    requirements: Annotated[list[Text], msgspec.Meta(min_length=1)]
    reason: Text
    evidence: Text


class Bounds(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is in scope, and what is not."""

    categories: list[Text] = []
    namespaces: Namespaces | None = None
    ephi: Namespaces | None = None
    exclude: list[Exclusion] = []
    carve_outs: list[CarveOut] = []


class ScopeEntry(Bounds, frozen=True, kw_only=True):
    """A scope as it is written in a file."""

    system: Text
    decided_by: Text
    decided_on: dt.date
    period: Period | dt.date

    @property
    def days(self) -> Days:
        """The first and the last day of the period."""
        return (self.period, self.period) if isinstance(self.period, dt.date) else (self.period.first,
                                                                                    self.period.until)


@dataclass(frozen=True)
class Scope:
    """A scope with its origin; without a file only the categories are chosen, and nobody is named.

    ``titles`` has the title of each category.
    """

    bounds: Bounds
    path: Path | None = None
    sha256: str = ""
    titles: dict[str, str] = field(default_factory=dict)

    @property
    def entry(self) -> ScopeEntry | None:
        """What the file says; none without a file."""
        return self.bounds if isinstance(self.bounds, ScopeEntry) else None

    @property
    def file(self) -> str:
        """The name of the file; empty without one."""
        return self.path.name if self.path else ""

    def at(self, *steps: str | int) -> Origin:
        """The origin of a part of the file, which there must be."""
        path = self.path or Path()
        return Origin(path.name, strict_yaml.line(path, "scope", *steps), self.sha256, path)

    def namespaces(self, framework: Framework) -> list[tuple[str, Namespaces]]:
        """The keys by which namespaces are in scope of a framework, with what they say; all are without any."""
        named = [(key, value) for key in ("namespaces", "ephi")
                 if (value := getattr(self.bounds, key)) is not None]
        if framework.protects == "ephi" and self.bounds.ephi is not None:
            return [("ephi", self.bounds.ephi)]
        return named if self.bounds.namespaces is not None else []

    def sections(self, framework: Framework) -> set[str]:
        """The sections of a framework whose categories are not chosen."""
        known = {category.id: category for category in framework.categories}
        waiting = [name for name in self.bounds.categories if name in known]
        if not waiting:
            return set()
        chosen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in chosen:
                chosen.add(name)
                waiting += known[name].includes
        covered = {section for name in chosen for section in known[name].sections}
        return {section for category in known.values() for section in category.sections} - covered


def read(given: Path | str, own: Path | None = None) -> Scope:
    """The scope of a file. ``own`` has a user's frameworks.

    Raises `DefinitionError` with file and line for an unknown key, category or requirement, a missing reason, or a
    wrong date.
    """
    path = Path(given)
    if path.is_dir():
        raise DefinitionError(f"{path} is a folder. An examination has one scope: give its YAML file.")
    document = msgspec.defstruct("Document", [("scope", ScopeEntry)], forbid_unknown_fields=True)
    entry: ScopeEntry = strict_yaml.read(path, document).scope  # type: ignore[attr-defined]
    scope = Scope(entry, path, hashlib.sha256(path.read_bytes()).hexdigest(), library.categories(own))
    _verify(scope, entry, own)
    return scope


def names(categories: str | Iterable[str] | None) -> list[str]:
    """The names of categories, each once, from a list or from a text that has them parted by commas. Raises
    `UsageError` for anything else: notebooks take any value."""
    given = categories.split(",") if isinstance(categories, str) else categories or []
    found = list(given) if isinstance(given, Iterable) else [None]
    if not all(isinstance(name, str) for name in found):
        raise UsageError(f"categories is {categories!r}. Give names of categories, or leave it empty.")
    return list(dict.fromkeys(name.strip() for name in found if name and name.strip()))


def of_categories(categories: str | Iterable[str], own: Path | None = None) -> Scope | None:
    """The scope that chooses categories (a list, or names parted by commas); none where none is named.

    Raises `NoSuchName` for a category that no framework has.
    """
    chosen = names(categories)
    if not chosen:
        return None
    titles = library.categories(own)
    if unknown := [name for name in chosen if name not in titles]:
        raise NoSuchName("category", unknown[0], titles)
    return Scope(Bounds(categories=chosen), titles=titles)


def given(file: Path | str | None, categories: str | Iterable[str], own: Path | None = None) -> Scope | None:
    """The scope of a file or of categories; none where neither is given. Raises `UsageError` for both."""
    chosen = of_categories(categories, own)
    if not file:
        return chosen
    if chosen:
        raise UsageError("The scope file says which categories are in scope. Write them there, and leave out "
                         "--categories.")
    return read(file, own)


def _verify(scope: Scope, entry: ScopeEntry, own: Path | None) -> None:
    first, last = entry.days
    if last < first:
        raise scope.at("period").wrong(f"the period ends on {last}, before it begins ({first}). Correct one of the "
                                       "days.")
    for place, name in enumerate(entry.categories):
        if name not in scope.titles:
            raise scope.at("categories", place).wrong(NoSuchName("category", name, scope.titles))
    for key in ("namespaces", "ephi"):
        chosen = getattr(entry, key)
        if chosen is not None and not (chosen.names or chosen.labels):
            raise scope.at(key).wrong(f"{key} names no namespace. Give names or labels, or leave it out.")
    for place, exclusion in enumerate(entry.exclude):
        _verify_exclusion(exclusion, scope.at("exclude", place), own)
    for place, carved in enumerate(entry.carve_outs):
        entries.framework_of(carved.framework, carved.requirements, scope.at("carve_outs", place), own)


def _verify_exclusion(exclusion: Exclusion, origin: Origin, own: Path | None) -> None:
    if bool(exclusion.subjects) == bool(exclusion.requirements):
        raise origin.wrong("it must name either subjects or requirements.")
    if bool(exclusion.framework) != bool(exclusion.requirements):
        raise origin.wrong("requirements and the framework that has them belong together. Name both, or neither.")
    if any(not any(_ANY.sub("", pattern) for pattern in each.patterns.values()) for each in exclusion.subjects):
        raise origin.wrong("it excludes everything. Name a kind, a namespace, an object or a container.")
    if exclusion.framework:
        entries.framework_of(exclusion.framework, exclusion.requirements, origin, own)
