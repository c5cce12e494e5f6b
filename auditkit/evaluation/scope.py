"""A scope applied to results: what lies outside has no verdict, and is listed with the reason."""

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from auditkit.analysis import inputs
from auditkit.analysis.cluster.provider import provider
from auditkit.base.hostile_text import count
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.status import CONTROL_PLANE, status_of
from auditkit.evaluation.words import SUBJECT
from auditkit.framework.model import Framework
from auditkit.people.entries import Notice, Origin
from auditkit.people.exceptions import Selector
from auditkit.people.scope import Scope
from auditkit.snapshots.snapshot import Snapshot

YES, NO, UNKNOWN = "yes", "no", "not known"
NOT_AMONG = "the namespace is not among those in scope"
NOT_EPHI = "the namespace is not among those that hold ePHI"

OUTSIDE = ["requirement", "title", *SUBJECT, "checks", "reason", "file", "line"]
"""Columns of what is outside: a requirement with its title, or a subject with the number of checks that would judge
it."""
CARVED = ["organisation", "service", "requirement", "title", "status", "reason", "evidence", "file", "line"]
"""Columns of the frame of carve-outs."""
NAMESPACES = ["namespace", "in_scope", "ephi", "reason"]
"""Columns of the frame of namespaces: whether each is in scope and holds ePHI (`YES`, `NO`, `UNKNOWN`), and why not."""

NODES = ("Pods outside of the scope run on the same nodes as those in scope. Excluding a namespace does not separate "
         "it from the node, which a pod that breaks out of its container reaches.")


class Spaces:
    """The namespaces of a snapshot, as far as they are known: their names and their labels."""

    def __init__(self, snapshot: Snapshot):
        self.complete = not snapshot.gaps(["namespaces", "namespace_labels"])
        usable = not snapshot.lacks(["namespaces", "namespace_labels"])
        names, labels = snapshot.frame("namespaces")["name"], snapshot.frame("namespace_labels")
        self.labels: dict[str, dict[str, str]] = {name: {} for name in names.dropna()} if usable else {}
        for namespace, key, value in labels[["namespace", "key", "value"]].itertuples(index=False, name=None):
            if namespace in self.labels:
                self.labels[namespace][key] = value

    def has(self, pattern: str) -> bool:
        """True if a namespace has a name of this pattern, or if that is not known."""
        alone = pd.DataFrame({"namespace": list(self.labels)})
        return not self.complete or bool(Selector(namespace=pattern).matches(alone).any())

    def among(self, chosen: Iterable[Any], namespace: str) -> str:
        """Whether a namespace is one of those that are chosen (`auditkit.people.scope.Namespaces`)."""
        chosen = list(chosen)
        known = self.labels.get(namespace)
        if any(each.named(namespace) or (known is not None and each.labelled(known)) for each in chosen):
            return YES
        return UNKNOWN if known is None and any(each.labels for each in chosen) else NO


@dataclass
class _Rule:
    """Why subjects are outside: by the namespaces that are chosen, or by an exclusion with its selectors."""

    reason: str
    origin: Origin
    selectors: list[Selector] = field(default_factory=list)
    matched: int = 0
    spaces: set[str] = field(default_factory=set)
    """The namespaces of which it takes out anything."""

    def matches(self, who: pd.DataFrame) -> np.ndarray:
        """True for each subject that an exclusion takes out. What has no namespace is taken out only by its name, which
        a pattern is not."""
        wide, found = who["namespace"].isna().to_numpy(bool), np.zeros(len(who), bool)
        for selector in self.selectors:
            by_name = bool(selector.name) and not set(selector.name or "") & set("*?[")
            found |= selector.matches(who) & (by_name | ~wide)
        return found

    def whole(self, namespace: str) -> bool:
        """True if it takes out all that is in a namespace."""
        one = pd.DataFrame({"namespace": [namespace]})
        return any(selector.namespace and all(part == "namespace" or not pattern.strip("*")
                                              for part, pattern in selector.patterns.items())
                   and Selector(namespace=selector.namespace).matches(one)[0] for selector in self.selectors)


class ScopeRegister:
    """A scope applied to the results of a framework on a snapshot.

    ``results`` are those of the requirements in scope, on the subjects in scope. ``subjects``, ``requirements`` and
    ``carve_outs`` list what is outside or carved out, ``namespaces`` each namespace of the snapshot, ``notices`` what
    needs attention. A subject whose namespace is not known to be outside is in scope.
    """

    def __init__(self, scope: Scope, framework: Framework, results: list[Result], snapshot: Snapshot):
        self.scope, self._framework, self._snapshot = scope, framework, snapshot
        self._spaces, self._chosen = Spaces(snapshot), scope.namespaces(framework)
        self._rules = list(self._rules_of())
        self._outcomes: dict[int, Outcome] = {}
        self._places: dict[int, np.ndarray] = {}
        self._kept: list[pd.DataFrame] = []
        self._seen: dict[str, str] = {}
        self._titles = {each.id: each.title for each in framework.requirements}
        self._left_out = dict(self._requirements_outside())
        self.results = [self._within(each) for each in results if each.requirement.id not in self._left_out]

    def _rules_of(self) -> Iterator[_Rule]:
        if self._chosen:
            key = self._chosen[0][0]
            only_ephi = [name for name, _ in self._chosen] == ["ephi"]
            yield _Rule(NOT_EPHI if only_ephi else NOT_AMONG, self.scope.at(key))
        for place, each in enumerate(self.scope.bounds.exclude):
            if each.subjects:
                yield _Rule(each.reason, self.scope.at("exclude", place), each.subjects)

    def _requirements_outside(self) -> Iterator[tuple[str, tuple[str, Origin | None]]]:
        """The requirements that are outside, each with the reason and where that is written."""
        sections = self.scope.sections(self._framework)
        of_section = {section: category.title for category in self._framework.categories
                      for section in category.sections}
        chosen = self.scope.at("categories") if sections and self.scope.path else None
        for each in self._framework.requirements:
            if each.section in sections:
                yield each.id, (f"the category {of_section[each.section]} is not in scope", chosen)
        for place, exclusion in enumerate(self.scope.bounds.exclude):
            if exclusion.framework == self._framework.framework:
                yield from ((name, (exclusion.reason, self.scope.at("exclude", place)))
                            for name in exclusion.requirements if name in self._titles)

    def _within(self, result: Result) -> Result:
        """A result on the subjects in scope; the same where none is outside."""
        outcomes = [self._outcome(each) for each in result.outcomes]
        if not any(each.outside for each in outcomes):
            return result
        status, reason = status_of(result.requirement, outcomes, self._run_by)
        return replace(result, status=status, reason=reason, outcomes=outcomes)

    @cached_property
    def _run_by(self) -> str:
        return provider(*map(self._snapshot.frame, inputs(provider)))

    def _outcome(self, outcome: Outcome) -> Outcome:
        if id(outcome) not in self._outcomes:
            self._outcomes[id(outcome)] = self._part(outcome) if self._rules else outcome
        return self._outcomes[id(outcome)]

    def _part(self, outcome: Outcome) -> Outcome:
        """The part of an outcome that is in scope."""
        who = outcome.population
        placed = who.assign(namespace=_placed(outcome, who))
        rule = np.full(len(who), -1)
        for number, each in enumerate(self._rules):
            found = each.matches(placed) if each.selectors else self._elsewhere(placed["namespace"])
            rule[found & (rule < 0)] = number
            each.matched += int(found.sum())
            each.spaces.update(placed.loc[found, "namespace"].dropna().unique())
        outside = rule >= 0
        if not outside.any():
            return outcome
        self._places[id(outcome)] = np.flatnonzero(outside)
        self._kept.append(who[outside].assign(rule=rule[outside], checks=1))
        return outcome.within(np.flatnonzero(~outside))

    def _elsewhere(self, namespaces: pd.Series) -> np.ndarray:
        """True for each namespace that is known not to be among those in scope."""
        chosen = [value for _, value in self._chosen]
        self._seen |= {name: self._spaces.among(chosen, name) for name in namespaces.dropna().unique()
                       if name not in self._seen}
        return np.asarray((namespaces.map(self._seen) == NO).fillna(False).to_numpy(bool))

    def places(self, outcome: Outcome) -> np.ndarray:
        """The positions of the subjects of a whole outcome that are outside."""
        return self._places.get(id(outcome), np.empty(0, np.int64))

    def told(self, results: list[Result]) -> list[Result]:
        """The results, with who provides those requirements that are carved out. No status changes."""
        said: dict[str, list[str]] = {}
        for _, each, name in self._carved():
            of = f"{each.organisation}{f' ({each.service})' if each.service else ''}"
            said.setdefault(name, []).append(f"carved out, provided by {of}: {each.reason.rstrip('.')}; evidence "
                                             f"expected: {each.evidence.rstrip('.')}")
        return [replace(each, reason=replace(each.reason, carved="; ".join(said[each.requirement.id])))
                if each.requirement.id in said else each for each in results]

    def _carved(self) -> Iterator[tuple[int, Any, str]]:
        for place, each in enumerate(self.scope.bounds.carve_outs):
            if each.framework == self._framework.framework:
                yield from ((place, each, name) for name in each.requirements
                            if name in self._titles and name not in self._left_out)

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """One row for each requirement outside (columns: `OUTSIDE`)."""
        return pd.DataFrame([
            {"requirement": name, "title": self._titles[name], "reason": reason, **_written(origin)}
            for name, (reason, origin) in self._left_out.items()], columns=OUTSIDE)

    @property
    def reasons(self) -> dict[str, str]:
        """Why each requirement outside is outside."""
        return {name: reason for name, (reason, _) in self._left_out.items()}

    @cached_property
    def subjects(self) -> pd.DataFrame:
        """One row for each subject outside (columns: `OUTSIDE`)."""
        if not self._kept:
            return pd.DataFrame(columns=OUTSIDE)
        found = pd.concat(self._kept, ignore_index=True).groupby(
            [*SUBJECT, "rule"], dropna=False, sort=True, as_index=False)["checks"].sum()
        written = pd.DataFrame([{"reason": each.reason, **_written(each.origin)} for each in self._rules])
        told = written.iloc[found["rule"].to_numpy(int)].reset_index(drop=True)
        return pd.concat([found.drop(columns="rule"), told], axis=1).reindex(columns=OUTSIDE)

    def why(self, subject: str) -> str:
        """Why a subject is outside, which a shell pattern on ``namespace/name`` or on the name finds; empty if none."""
        for row in self.subjects.itertuples():
            whole = row.name if pd.isna(row.namespace) else f"{row.namespace}/{row.name}"
            if fnmatch.fnmatchcase(whole, subject) or fnmatch.fnmatchcase(str(row.name), subject):
                return str(row.reason).rstrip(".")
        return ""

    @cached_property
    def carve_outs(self) -> pd.DataFrame:
        """One row for each requirement that is carved out (columns: `CARVED`)."""
        status = {each.requirement.id: each.status for each in self.results}
        return pd.DataFrame([
            {"organisation": each.organisation, "service": each.service, "requirement": name,
             "title": self._titles[name], "status": status[name], "reason": each.reason, "evidence": each.evidence,
             **_written(self.scope.at("carve_outs", place))}
            for place, each, name in self._carved()], columns=CARVED)

    @cached_property
    def namespaces(self) -> pd.DataFrame:
        """One row for each namespace of the snapshot (columns: `NAMESPACES`)."""
        chosen, ephi = [value for _, value in self._chosen], self.scope.bounds.ephi
        rows = []
        for name in sorted({*self._spaces.labels, *self._seen}):
            among = self._spaces.among(chosen, name) if chosen else YES
            whole = next((each for each in self._rules if each.whole(name)), None)
            why = self._rules[0].reason if among == NO else whole.reason if whole else ""
            rows.append({"namespace": name, "in_scope": NO if why else among,
                         "ephi": self._spaces.among([ephi], name) if ephi else "", "reason": why})
        return pd.DataFrame(rows, columns=NAMESPACES)

    @property
    def chooses(self) -> bool:
        """True if it says which namespaces or subjects count, or hold ePHI."""
        return bool(self._rules) or self.scope.bounds.ephi is not None

    @cached_property
    def notices(self) -> list[Notice]:
        """What needs attention: exclusions that exclude nothing, or namespaces with ePHI; what is not known."""
        return list(self._notices())

    def _notices(self) -> Iterator[Notice]:
        yield from (Notice(kind, origin, what) for kind, origin, what in problems(self.scope, self._snapshot))
        for each in self._rules:
            if not each.selectors:
                continue
            if not each.matched:
                yield Notice("exclusion unused", each.origin, "it excludes no subject; what belongs to no namespace is "
                             "excluded by its name alone")
            elif self.scope.bounds.ephi and (held := sorted(
                    name for name in each.spaces if self._spaces.among([self.scope.bounds.ephi], name) != NO)):
                yield Notice("exclusion of ePHI", each.origin, f"it excludes subjects of {', '.join(held)}, which the "
                             "scope says to hold ePHI")
        if some := sorted(name for name, among in self._seen.items() if among == UNKNOWN):
            yield Notice("namespace not known", self._rules[0].origin, "whether it is in scope is not known, because "
                         f"its labels were not read: {', '.join(some[:10])}"
                         f"{f' and {len(some) - 10} more' if len(some) > 10 else ''}. It counts as in scope")

    def sentences(self) -> list[str]:
        """The scope in plain sentences, for the first page."""
        return list(self._sentences())

    def _sentences(self) -> Iterator[str]:
        scope, entry = self.scope, self.scope.entry
        if entry:
            first, last = entry.days
            when = f"for {first}" if first == last else f"for the period from {first} to {last}"
            yield (f"{entry.system}, {when}, as decided by {entry.decided_by} on {entry.decided_on} ({scope.file}, "
                   f"SHA-256 {scope.sha256[:12]}).")
        if self._framework.categories and scope.bounds.categories:
            yield f"Categories: {', '.join(dict.fromkeys(scope.titles[name] for name in scope.bounds.categories))}."
        yield from self._about_namespaces()
        outside = [count(len(frame), what) for frame, what in (
            (self.requirements, "requirement"), (self.subjects, "subject")) if len(frame)]
        if outside:
            yield f"Outside the scope, without a verdict: {' and '.join(outside)}, listed under Out of scope."
        if len(self.carve_outs):
            yield (f"Carved out: {count(self.carve_outs['requirement'].nunique(), 'requirement')}, provided by "
                   f"{', '.join(self.carve_outs['organisation'].unique())}. A carve-out changes no status.")
        if len(self.subjects):
            yield NODES

    def _about_namespaces(self) -> Iterator[str]:
        spaces, ephi = self.namespaces, self.scope.bounds.ephi is not None
        same = ephi and spaces["in_scope"].equals(spaces["ephi"])
        for column, what, shown in (
                ("in_scope", "hold ePHI and are in scope" if same else "in scope", any(spaces["in_scope"] != YES)),
                ("ephi", "hold ePHI", ephi and not same)):
            if shown:
                names = spaces.loc[spaces[column] == YES, "namespace"].tolist()
                doubt = int((spaces[column] == UNKNOWN).sum())
                yield (f"{len(names)} of {count(len(spaces), 'namespace')} {what}{_named(names)}"
                       f"{f'; {doubt} not known' if doubt else ''}.")


def _placed(outcome: Outcome, who: pd.DataFrame) -> pd.Series:
    """The namespace that each subject belongs to. A namespace belongs to itself; the control plane to the whole
    cluster, though its pods have a namespace."""
    if outcome.check.tables[0] in CONTROL_PLANE:
        return pd.Series(pd.NA, who.index, who["namespace"].dtype)
    own = (who["kind"] == "Namespace").fillna(False).to_numpy(bool) & who["namespace"].isna().to_numpy(bool)
    return who["namespace"].mask(own, who["name"])


def problems(scope: Scope, snapshot: Snapshot, beside: Snapshot | None = None) -> Iterator[tuple[str, Origin, str]]:
    """What does not fit between a scope and a snapshot: kind, origin, and the sentence without an end. A namespace may
    also be one of the snapshot ``beside`` it."""
    entry = scope.entry
    if not entry:
        return
    first, last = entry.days
    observed = snapshot.manifest.days
    if observed[0] > last:
        yield "scope expired", scope.at("period"), (f"the period of the scope ended on {last}, before the cluster was "
                                                    f"observed ({observed[0]})")
    elif observed[1] < first:
        yield "scope not in force yet", scope.at("period"), (f"the period of the scope begins on {first}, after the "
                                                             f"cluster was observed ({observed[1]})")
    every = [Spaces(each) for each in (snapshot, beside) if each]
    for pattern, origin in _patterns(scope):
        if not any(spaces.has(pattern) for spaces in every):
            yield MISSING, origin, f"the snapshot has no namespace {pattern!r}"
    for key in ("namespaces", "ephi"):
        chosen = getattr(scope.bounds, key)
        if chosen and chosen.labels and not any(not spaces.complete or any(map(
                chosen.labelled, spaces.labels.values())) for spaces in every):
            yield "no namespace labelled", scope.at(key, "labels"), "no namespace of the snapshot has these labels"


MISSING = "namespace missing"
OF_SCOPE = (MISSING, "no namespace labelled", "exclusion unused")
"""The notices that say that a part of a scope is about nothing."""
MISTAKES = ("scope expired", MISSING)
"""The problems with which one snapshot is not judged."""


def verify(scope: Scope, snapshot: Snapshot, beside: Snapshot | None = None) -> None:
    """Raises `DefinitionError` with file and line where a scope is not one of this snapshot: its period is over, or it
    names a namespace that neither the snapshot nor the one ``beside`` it has."""
    for kind, origin, what in problems(scope, snapshot, beside):
        if kind in MISTAKES:
            ask = "Correct the name, or remove it" if kind == MISSING else "Give the scope of the time of the snapshot"
            raise origin.wrong(f"{what}. {ask}.")


def _patterns(scope: Scope) -> Iterator[tuple[str, Origin]]:
    """The patterns of namespaces that a scope names, each with its place."""
    for key in ("namespaces", "ephi"):
        for place, pattern in enumerate(getattr(scope.bounds, key).names if getattr(scope.bounds, key) else ()):
            yield pattern, scope.at(key, "names", place)
    for place, each in enumerate(scope.bounds.exclude):
        for number, selector in enumerate(each.subjects):
            if selector.namespace:
                yield selector.namespace, scope.at("exclude", place, "subjects", number)


def _written(origin: Origin | None) -> dict[str, Any]:
    return {"file": origin.file, "line": origin.line} if origin else {"file": "", "line": 0}


def _named(names: list[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f": {', '.join(names[:6])}{more}" if names else ""
