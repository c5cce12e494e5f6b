"""Audit policies: whether a request would have been logged. Only then does it mean something that it is not.

The first rule that matches a request decides; where none does, it is not logged. Users and groups are those who sent
the request, whomever they impersonated. Source: kubernetes ``apiserver/pkg/audit/policy/checker.go`` (1.36).

Here a right is asked about, which is many requests: of a rule it is told whether it may match one of them, and whether
it matches every one. A right is logged only where each of its requests meets a rule that logs, before it may meet one
that does not.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
import pandas as pd

from auditkit.analysis.rbac.bindings import ACCOUNT_GROUP, UNAUTHENTICATED

NEEDED = "ResponseComplete"
"""The stage that says what the authorizer decided, of every request."""

UNGIVEN = "the audit policy was not given, so it is not known which requests it leaves out"
LEFT_OUT = "the audit policy may leave such requests out"
CONTRADICTED = "the log has events that the given audit policy would log otherwise, so another one was in force"
ANY = "*"
_RESERVED = (ACCOUNT_GROUP, "system:nodes", UNAUTHENTICATED)


class Who(NamedTuple):
    """Who sends requests. ``user`` is ``None`` for the members of a group, and ``groups`` are all of them where
    ``exact``."""

    user: str | None
    groups: frozenset[str]
    exact: bool

    def may_be_in(self, group: str) -> bool:
        """Whether they may be in another group than those that are known. Service accounts and nodes are called as
        such, so that nobody of another name is in their groups."""
        return not self.exact and (self.user is None or not group.startswith(_RESERVED))


class Right(NamedTuple):
    """A right: on a resource as rules write it, or on paths. ``namespace`` is ``None`` where it holds in all, and so
    is ``name``."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str | None = None
    name: str | None = None
    path: str | None = None


class Match(NamedTuple):
    """Whether a rule may match some of the requests, and whether it matches each of them."""

    some: bool
    each: bool

    def __and__(self, other: "Match") -> "Match":
        return Match(self.some and other.some, self.each and other.each)


_ALL, _NONE, _SOME = Match(True, True), Match(False, False), Match(True, False)


class Rule(msgspec.Struct, frozen=True):
    """A rule of a policy; what it does not name it is not limited to."""

    level: str
    omitted: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    resources: tuple[tuple[str, str | None, str | None], ...] = ()
    urls: tuple[str, ...] = ()

    @property
    def logs(self) -> bool:
        """Whether the requests that it matches are in the log, with what was decided about them."""
        return self.level != "None" and NEEDED not in self.omitted

    def of(self, who: Who) -> Match:
        """Whether it matches by who asks."""
        found = _ALL
        if self.users:
            found &= _SOME if who.user is None else _yes(who.user in self.users)
        if self.groups and not who.groups & self.groups:
            found &= _SOME if any(who.may_be_in(group) for group in self.groups) else _NONE
        return found

    def on(self, right: Right) -> Match:
        """Whether it matches by what is asked."""
        found = _in(right.verb, self.verbs)
        if self.namespaces or self.resources:
            return _NONE if right.path is not None else found & self._on_resource(right)
        if self.urls:
            return _NONE if right.path is None else found & _any(_paths(right.path, url) for url in self.urls)
        return found

    def _on_resource(self, right: Right) -> Match:
        found = _ALL
        if self.namespaces:
            found &= _SOME if right.namespace is None else _yes(right.namespace in self.namespaces)
        if self.resources:
            found &= _any(_same(right.group, group) & (_ALL if resource is None else _named(right.resource, resource)
                                                       & _of_name(right.name, name))
                          for group, resource, name in self.resources)
        return found


class Policy:
    """The policy of an API server, from the rows of `audit_policy` of one file."""

    def __init__(self, rules: Iterable[Rule]):
        self.rules = tuple(rules)
        self._of: dict[Who, tuple[Match, ...]] = {}
        self._on: dict[Right, tuple[Match, ...]] = {}

    def logged(self, who: Who, right: Right) -> bool:
        """Whether each request by which somebody could use a right would be in the log."""
        for rule, found in zip(self.rules, self._matches(who, right), strict=True):
            if found.some and not rule.logs:
                return False
            if found.each:
                return True
        return False

    def level(self, who: Who, right: Right) -> str | None:
        """The level of one request; ``None`` where that is not known."""
        for rule, found in zip(self.rules, self._matches(who, right), strict=True):
            if found.each:
                return rule.level
            if found.some:
                return None
        return "None"

    def _matches(self, who: Who, right: Right) -> Iterator[Match]:
        """What each rule says of a right of somebody; each half is asked once."""
        if who not in self._of:
            self._of[who] = tuple(rule.of(who) for rule in self.rules)
        if right not in self._on:
            self._on[right] = tuple(rule.on(right) for rule in self.rules)
        return map(Match.__and__, self._of[who], self._on[right])


def policies(audit_policy: pd.DataFrame) -> list[Policy]:
    """The policies of `audit_policy`, one for each file."""
    plain = audit_policy.astype(object).where(audit_policy.notna(), None)
    return [Policy(_rule(rows) for _, rows in of_file.groupby("rule", sort=True))
            for _, of_file in plain.groupby("scan", sort=True)]


def _rule(rows: pd.DataFrame) -> Rule:
    def named(what: str) -> frozenset[str]:
        return frozenset(rows.loc[rows["what"] == what, "value"])

    of_resources = rows.loc[rows["what"] == "resource", ["api_group", "value", "name"]]
    return Rule(rows["level"].iloc[0], named("omitted stage"), named("user"), named("user group"), named("verb"),
                named("namespace"), tuple(of_resources.itertuples(index=False, name=None)), tuple(sorted(named("url"))))


def _yes(whether: bool) -> Match:
    return _ALL if whether else _NONE


def _any(found: Iterable[Match]) -> Match:
    each = list(found)
    return Match(any(one.some for one in each), any(one.each for one in each))


def _in(asked: str, words: frozenset[str]) -> Match:
    """A word of a right among those that a rule of the policy names; the rights of ``*`` have every word."""
    return _ALL if not words else _SOME if asked == ANY else _yes(asked in words)


def _same(asked: str, word: str) -> Match:
    return _SOME if asked == ANY else _yes(asked == word)


def _named(asked: str, word: str) -> Match:
    """Resources: ``*`` in a policy is every one, ``pods/*`` each subresource of pods, ``*/log`` this one of each."""
    if word in (ANY, asked):
        return _ALL
    plural, _, below = asked.partition("/")
    word_plural, _, word_below = word.partition("/")
    if plural == ANY:
        return _SOME if not below or word_below in (below, ANY) else _NONE
    if word_below == ANY:
        return _yes(plural == word_plural)
    return _yes(word_plural == ANY and below != "" and below == word_below)


def _of_name(asked: str | None, word: str | None) -> Match:
    return _ALL if word is None else _SOME if asked is None else _yes(asked == word)


def _paths(asked: str, word: str) -> Match:
    """Paths: each may end in ``*``, and then is every path with that beginning."""
    stem, word_stem = asked.rstrip("*"), word.rstrip("*")
    if not word.endswith(ANY):
        return Match(asked == word or (asked.endswith(ANY) and word.startswith(stem)), asked == word)
    covers = stem.startswith(word_stem)
    return Match(covers or (asked.endswith(ANY) and word_stem.startswith(stem)), covers)
