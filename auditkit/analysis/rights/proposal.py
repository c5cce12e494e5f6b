"""The smallest roles that would have allowed what somebody used: from uses to rules."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from auditkit.analysis.rights.cover import fewest

READ = ("get", "list", "watch")
MOST_NAMES = 10
"""A rule is limited to names only where they are at most so many."""
WIDE = 5
"""What was used in every namespace, and in so many at least, is granted in the whole cluster."""
IMPERSONATE = "impersonate"
"""How the verbs of impersonation begin: ``impersonate``, ``impersonate:MODE``, ``impersonate-on:MODE:VERB``."""
NO_MARGIN = ("secrets",)
"""What is not read more of than was used, whatever the margin."""
_GENERATED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
"""Names that a controller made end so (source: kubernetes ``apimachinery/pkg/util/rand``)."""

Names = frozenset[str]
Scope = str
"""A namespace; the empty text is the whole cluster."""


class Atom(NamedTuple):
    """A right as small as a rule can have it: one verb, or one path."""

    verb: str
    group: str
    resource: str
    path: str = ""


class Rule(NamedTuple):
    """A rule of a role, with its words in order."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]
    verbs: tuple[str, ...]

    @property
    def manifest(self) -> dict[str, list[str]]:
        """The rule as Kubernetes writes it."""
        parts = {"apiGroups": self.groups, "resources": self.resources, "resourceNames": self.names,
                 "nonResourceURLs": self.urls, "verbs": self.verbs}
        return {key: list(words) for key, words in parts.items() if words}


Rights = dict[Scope, dict[Atom, Names | None]]
"""By scope each right, and the names that it is limited to; ``None``: all objects."""


def rights_of(uses: pd.DataFrame, namespaces: Iterable[str],
              margin: Mapping[tuple[str, str], Iterable[str]] | None = None) -> Rights:
    """What these uses (rows of `with_rights_beside`) need, nothing twice: what the whole cluster grants stands in no
    namespace.

    ``margin`` has the read verbs that the server serves of each (group, resource): they are added where a resource was
    used at all, in the same scope. Impersonation does not use it: it names whose rights are used.
    """
    found = _limited(uses)
    for scope, atoms in found.items():
        for atom in list(atoms) if margin is not None else ():
            if not atom.path and atom.resource not in NO_MARGIN and not atom.verb.startswith(IMPERSONATE):
                found[scope] |= {Atom(verb, atom.group, atom.resource): None
                                 for verb in (margin or {}).get((atom.group, atom.resource), ())}
    _widen(found, set(namespaces))
    everywhere = found.get("", {})
    return {scope: kept for scope, atoms in sorted(found.items())
            if (kept := {atom: names for atom, names in atoms.items()
                         if scope == "" or not _covered(names, everywhere.get(atom, frozenset()))})}


def _limited(uses: pd.DataFrame) -> Rights:
    """The rights by scope, limited to names where that is sound.

    It is where each request for it named its object to the authorizer, and where the names stay: they are few, no
    controller made them up, and the subject makes no objects of the kind itself, which will have other names.
    """
    columns = ["verb", "api_group", "resource", "subresource", "namespace", "name", "many_names", "path"]
    rows = uses[columns].drop_duplicates().astype(object)
    asked: dict[tuple[Scope, Atom], set[str | None]] = defaultdict(set)
    for verb, group, plural, below, space, name, many, path in rows.where(rows.notna(), None).itertuples(
            index=False, name=None):
        if plural is None:
            asked["", Atom(verb, "", "", path or "")].add(None)
        else:
            atom = Atom(verb, group or "", f"{plural}/{below}" if below else plural)
            asked[space or "", atom].add(None if many else name)
    found: Rights = defaultdict(dict)
    for (scope, atom), names in asked.items():
        makes = None in asked.get((scope, atom._replace(verb="create")), ())
        sound = None not in names and len(names) <= MOST_NAMES and not makes and not any(
            _GENERATED.search(str(name)) for name in names)
        found[scope][atom] = frozenset(map(str, names)) if sound else None
    return found


def _widen(found: Rights, namespaces: set[str]) -> None:
    """Grant in the whole cluster what was used in every namespace, of the same names."""
    where: dict[Atom, set[Scope]] = defaultdict(set)
    for scope, atoms in found.items():
        for atom in atoms:
            where[atom].add(scope)
    for atom, scopes in where.items():
        if len(namespaces) >= WIDE and namespaces <= scopes:
            names = {found[scope][atom] for scope in scopes}
            if len(names) == 1:
                found[""][atom] = names.pop()


def _covered(names: Names | None, everywhere: Names | None) -> bool:
    return everywhere is None or (names is not None and names <= everywhere)


def rules_of(atoms: Mapping[Atom, Names | None]) -> tuple[Rule, ...]:
    """The fewest rules that grant exactly these rights; those of several API groups are one where they are alike."""
    by_group: dict[tuple[str, Names | None], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    on_paths: dict[str, set[str]] = defaultdict(set)
    for atom, names in atoms.items():
        if atom.path:
            on_paths[atom.path].add(atom.verb)
        else:
            by_group[atom.group, names][atom.resource].add(atom.verb)
    alike: dict[tuple[Names, Names, Names | None], set[str]] = defaultdict(set)
    for (group, names), wanted in by_group.items():
        for resources, verbs in fewest({resource: frozenset(verbs) for resource, verbs in wanted.items()}):
            alike[resources, verbs, names].add(group)
    rules = [Rule(_sorted(groups), _sorted(resources), _sorted(names or ()), (), _sorted(verbs))
             for (resources, verbs, names), groups in alike.items()]
    rules += [Rule((), (), (), _sorted(paths), _sorted(verbs))
              for paths, verbs in fewest({path: frozenset(verbs) for path, verbs in on_paths.items()})]
    return tuple(sorted(rules))


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words))


