"""Two indexes that answer whole columns of access questions: which roles one holds, and what roles allow.

Everything is numbered: texts by their place in a vocabulary (-1: in none, so no rule speaks of it), and groups of
numbers by a sorted array of keys. Questions that no rule tells apart are one `ask`, so that the work grows with what
the cluster distinguishes, not with the number of questions.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import strings
from auditkit.analysis.rbac.bindings import role_keys

CELLS = 1 << 27
"""How many asks × roles are looked at together (one byte each)."""


class Vocabulary:
    """Texts and their numbers."""

    def __init__(self, *values: pa.Array):
        self.values = pc.unique(pa.chunked_array(values, pa.string())).drop_null()

    def __len__(self) -> int:
        return len(self.values)

    def codes(self, values: pa.Array) -> np.ndarray:
        """The number of each text; -1 where it is not in here, or null."""
        found = pc.index_in(values, self.values)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64))

    def code(self, value: str) -> int:
        return int(self.codes(pa.array([value], pa.string()))[0])


class Multimap:
    """Keys (integers) to many values each, as sorted arrays."""

    def __init__(self, keys: np.ndarray, values: np.ndarray):
        pairs = np.unique(np.stack([keys, values]), axis=1) if len(keys) else np.zeros((2, 0), np.int64)
        self.keys, self.starts = np.unique(pairs[0], return_index=True)
        self.values = pairs[1]
        self.ends = np.append(self.starts[1:], len(self.values))

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each key its values: the places of the keys, repeated, and the values beside them."""
        if not len(self.keys):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        place = np.flatnonzero(self.keys[at] == keys)
        at = at[place]
        lengths = self.ends[at] - self.starts[at]
        row = np.repeat(place, lengths)
        within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return row, self.values[np.repeat(self.starts[at], lengths) + within]


class Rights:
    """What roles allow. ``rules`` and ``urls`` are tables of rules with a column ``role_code``."""

    def __init__(self, rules: pd.DataFrame, urls: pd.DataFrame, roles: int):
        self.roles = roles
        columns = {name: strings(rules[name]) for name in ("verb", "group", "resource", "resource_name")}
        self.words = {name: Vocabulary(values) for name, values in columns.items()}
        self.sizes = {name: len(words) + 1 for name, words in self.words.items()}
        if np.prod([float(size) for size in self.sizes.values()]) >= 2**62:
            raise OverflowError("too many different verbs, groups, resources and names in the rules of roles")
        codes = {name: self.words[name].codes(values) for name, values in columns.items()}
        self.rules = Multimap(self._key(**codes), rules["role_code"].to_numpy(np.int64))
        self.verbs = Vocabulary(strings(urls["verb"]))
        self.patterns = Patterns(strings(urls["url"]))
        url = self.patterns.words.codes(strings(urls["url"]))
        self.urls = Multimap(self.verbs.codes(strings(urls["verb"])) * len(self.patterns.words) + url,
                             urls["role_code"].to_numpy(np.int64))

    def _key(self, verb: np.ndarray, group: np.ndarray, resource: np.ndarray, resource_name: np.ndarray) -> np.ndarray:
        """One number for four; a name of -1 means all of them."""
        sizes = self.sizes
        above = ((verb + 1) * sizes["group"] + group + 1) * sizes["resource"] + resource + 1
        return np.asarray(above * sizes["resource_name"] + resource_name + 1)

    def allowing(self, verb: pa.Array, group: pa.Array, resource: pa.Array, subresource: pa.Array,
                 name: pa.Array) -> tuple[np.ndarray, Iterator[tuple[int, np.ndarray]]]:
        """The ask of each question about a resource, and in turns (first ask, asks × roles: allowed)."""
        bare = pc.equal(subresource, "")
        joined = pc.if_else(bare, resource, pc.binary_join_element_wise(resource, subresource, "/"))
        any_of = pc.if_else(bare, None, pc.binary_join_element_wise(pa.scalar("*"), subresource, "/"))
        columns = [
            self.words["verb"].codes(verb), self.words["group"].codes(group), self.words["resource"].codes(joined),
            self.words["resource"].codes(any_of), self.words["resource_name"].codes(name),
        ]
        ask, distinct = _distinct(columns)
        return ask, self._turns(len(distinct[0]), lambda part: self._matches(*(column[part] for column in distinct)))

    def _matches(self, verb: np.ndarray, group: np.ndarray, resource: np.ndarray, any_of: np.ndarray,
                 name: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs (ask, role) that match, for each way in which a rule can match."""
        star = {key: self.words[key].code("*") for key in ("verb", "group", "resource")}
        everything = np.full(len(verb), -1)
        for v in (verb, np.full(len(verb), star["verb"])):
            for g in (group, np.full(len(verb), star["group"])):
                for r in (resource, any_of, np.full(len(verb), star["resource"])):
                    known = (v >= 0) & (g >= 0) & (r >= 0)
                    for n in (name, everything):
                        asked = np.flatnonzero(known & (n >= 0) if n is name else known)
                        row, role = self.rules.find(self._key(v[asked], g[asked], r[asked], n[asked]))
                        yield asked[row], role

    def allowing_path(self, verb: pa.Array, path: pa.Array) -> tuple[np.ndarray, Iterator[tuple[int, np.ndarray]]]:
        """The same for questions about paths that are no resources."""
        star, size = self.verbs.code("*"), len(self.patterns.words)
        columns = [self.verbs.codes(verb), *self.patterns.matching(path)]
        ask, distinct = _distinct(columns)

        def matches(part: slice) -> Iterator[tuple[np.ndarray, np.ndarray]]:
            verbs, *patterns = (column[part] for column in distinct)
            for v in (verbs, np.full(len(verbs), star)):
                for pattern in patterns:
                    asked = np.flatnonzero((v >= 0) & (pattern >= 0))
                    row, role = self.urls.find(v[asked] * size + pattern[asked])
                    yield asked[row], role

        return ask, self._turns(len(distinct[0]), matches)

    def _turns(self, asks: int, matches: Callable[[slice], Iterator[tuple[np.ndarray, np.ndarray]]],
               ) -> Iterator[tuple[int, np.ndarray]]:
        step = max(1, CELLS // max(1, self.roles))
        for first in range(0, asks, step):
            allowed = np.zeros((min(step, asks - first), self.roles), np.bool_)
            for ask, role in matches(slice(first, first + step)):
                allowed[ask, role] = True
            yield first, allowed


class Patterns:
    """Paths of rules: a path as it stands, or one that ends in ``*`` and takes every path that begins alike.

    All ``*`` at the end are cut off before the beginnings are compared, as the authorizer does.
    """

    def __init__(self, urls: pa.Array):
        self.words = Vocabulary(urls)
        open_ended = pc.ends_with(self.words.values, "*")
        stems = pc.utf8_rtrim(self.words.values, "*")
        self._lengths: list[tuple[int, pa.Array, np.ndarray]] = []
        lengths = pc.if_else(open_ended, pc.utf8_length(stems), None)
        for length in pc.unique(lengths).drop_null().to_pylist():
            at = np.flatnonzero(pc.fill_null(pc.equal(lengths, length), False).to_numpy(zero_copy_only=False))
            for place in _layers(stems.take(pa.array(at))):
                self._lengths.append((length, stems.take(pa.array(at[place])), at[place]))

    def matching(self, paths: pa.Array) -> list[np.ndarray]:
        """Numbers of patterns that match each path, several columns; -1: none there."""
        columns = [self.words.codes(paths)]
        for length, stems, numbers in self._lengths:
            found = pc.index_in(pc.utf8_slice_codeunits(paths, 0, length), stems)
            at = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
            columns.append(np.where(at >= 0, numbers[at], -1))
        return columns


def _layers(stems: pa.Array) -> Iterator[np.ndarray]:
    """Places of equal stems (``/a*`` and ``/a**``) parted, so that each layer has a stem once."""
    nth = pd.Series(stems.to_pylist(), dtype=object).groupby(stems.to_pylist()).cumcount().to_numpy()
    for layer in range(int(nth.max()) + 1 if len(nth) else 0):
        yield np.flatnonzero(nth == layer)


def _distinct(columns: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rows of several columns of codes, numbered, and each different row once."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        size = int(column.max(initial=-1)) + 2
        _, number = np.unique(number * size + column + 1, return_inverse=True)
    first = np.unique(number, return_index=True)[1]
    return number, [column[first] for column in columns]


class Holdings:
    """Which roles users and groups hold, and where. ``grants`` is `rbac.grants` with a column ``role_code``."""

    def __init__(self, grants: pd.DataFrame):
        user, group, scope = (strings(grants[name]) for name in ("user", "of_group", "scope"))
        self.users, self.groups, self.scopes = Vocabulary(user), Vocabulary(group), Vocabulary(scope, pa.array([""]))
        of_user, of_group = self.users.codes(user), self.groups.codes(group)
        subject = np.where(of_user >= 0, of_user, of_group + len(self.users))
        real = (of_user >= 0) | (of_group >= 0)
        keys = subject * len(self.scopes) + self.scopes.codes(scope)
        self.roles = Multimap(keys[real], grants["role_code"].to_numpy(np.int64)[real])

    def held(self, user: pa.Array, group_of: np.ndarray, groups: pa.Array, namespace: pa.Array,
             ) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (question, role): all roles that count for a question.

        ``groups`` are the groups of all questions one after the other, ``group_of`` the question of each.
        """
        of_user, of_group = self.users.codes(user), self.groups.codes(groups)
        question = np.concatenate([np.flatnonzero(of_user >= 0), group_of[of_group >= 0]])
        subject = np.concatenate([of_user[of_user >= 0], of_group[of_group >= 0] + len(self.users)])
        home, everywhere = self.scopes.codes(namespace), self.scopes.code("")
        inside = np.flatnonzero((home[question] >= 0) & (home[question] != everywhere))
        question = np.concatenate([question, question[inside]])
        scope = np.concatenate([np.full(len(subject), everywhere), home[question[len(subject):]]])
        subject = np.concatenate([subject, subject[inside]])
        row, role = self.roles.find(subject * len(self.scopes) + scope)
        return question[row], role


def covered(owned: tuple[pd.DataFrame, pd.DataFrame], wanted: tuple[pd.DataFrame, pd.DataFrame],
            ) -> tuple[np.ndarray, np.ndarray]:
    """Which of the ``wanted`` rules and urls are covered by those ``owned``: a boolean for each row of both.

    So the API server decides whether somebody may write or bind a role without ``escalate`` or ``bind``. A wildcard
    is covered only by a wildcard, and a right on all objects only by one on all objects (source: kubernetes
    ``component-helpers/auth/rbac/validation/policy_comparator.go``).
    """
    own_rules, own_urls = (rows.assign(role_code=0) for rows in owned)
    rights = Rights(own_rules, own_urls, 1)
    rules, urls = wanted
    written = strings(rules["resource"])
    parts = pc.extract_regex(written, r"(?s)^(?P<resource>[^/]*)(?:/(?P<subresource>.*))?$")
    subresource = pc.struct_field(parts, "subresource")
    resource = pc.if_else(pc.equal(subresource, ""), written, pc.struct_field(parts, "resource"))
    asked = (strings(rules["verb"]), strings(rules["group"]), resource, subresource, strings(rules["resource_name"]))
    return (_any_role(*rights.allowing(*asked)),
            _any_role(*rights.allowing_path(strings(urls["verb"]), strings(urls["url"]))))


def _any_role(ask: np.ndarray, turns: Iterator[tuple[int, np.ndarray]]) -> np.ndarray:
    allowed = [matrix.any(axis=1) for _, matrix in turns]
    return np.asarray(np.concatenate([np.zeros(0, np.bool_), *allowed])[ask])


def role_codes(rules: pd.DataFrame, urls: pd.DataFrame, grants: pd.DataFrame) -> int:
    """Number the roles that have rules, in a column ``role_code`` of all three; returns how many there are.

    Grants of other roles (they are missing, or empty) are -1.
    """
    of_rules, of_urls = role_keys(rules), role_keys(urls)
    roles = Vocabulary(of_rules, of_urls)
    rules["role_code"], urls["role_code"] = roles.codes(of_rules), roles.codes(of_urls)
    grants["role_code"] = roles.codes(strings(grants["role_key"]))
    return len(roles)
