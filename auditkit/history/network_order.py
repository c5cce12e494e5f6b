"""Rules, peers and ports of NetworkPolicies are sets: in another order they say the same.

Their tables number them. Before two snapshots are compared, the later one gets the numbers that the same elements have
in the earlier one. What has no counterpart takes the numbers that are left, in its order.
Source: Kubernetes API reference, NetworkPolicySpec: rules, peers and ports are combined by a logical OR.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from auditkit.history.rows import keys, only_in, without

_POLICY = ("namespace", "policy")
_WAY = (*_POLICY, "direction")
NUMBERED: dict[str, str] = {
    "network_policy_rules": "", "network_policy_peers": "peer", "network_policy_excepts": "peer",
    "network_policy_selectors": "peer", "network_policy_ports": "position"}
"""The tables whose rows have the number of a rule, and of what in it."""
_UNTOLD = frozenset((*_WAY, "rule", "peer", "position", "requirement", "form", "uid"))
"""Columns that say where a row is, or how it is written."""

_Way = tuple[Any, ...]


class _Rule(NamedTuple):
    """What rows say of a rule, and of its peers and ports by their numbers; as texts, in no order."""

    own: list[str]
    parts: dict[str, dict[int, list[str]]]

    def said(self) -> Hashable:
        """What makes two rules the same."""
        return tuple(self.own), tuple(sorted((part, tuple(sorted(tuple(sorted(each)) for each in found.values())))
                                             for part, found in self.parts.items() if found))


def renumbered(earlier: Mapping[str, pa.Table], later: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The later tables with the numbers of the earlier ones, wherever a policy differs."""
    differing = _differing(earlier, later)
    if not len(differing):
        return dict(later)
    numbers = _numbers(_rules(earlier, differing), _rules(later, differing))
    return {name: _renumbered(table, NUMBERED[name], differing, numbers) for name, table in later.items()}


def _differing(earlier: Mapping[str, pa.Table], later: Mapping[str, pa.Table]) -> pa.Array:
    """The `keys` of the policies of which some row differs."""
    found = [keys(only_in(one[name], other[name], one[name].column_names), _POLICY)
             for one, other in ((earlier, later), (later, earlier)) for name in NUMBERED]
    return pa.chunked_array([each for part in found for each in getattr(part, "chunks", [part])],
                            pa.string()).unique()


def _among(table: pa.Table, differing: pa.Array, *, others: bool = False) -> pa.Table:
    """The rows of these policies, or those of all others."""
    rest = without(table, _POLICY, differing)
    return rest if others else without(table, _POLICY, keys(rest, _POLICY))


def _rules(tables: Mapping[str, pa.Table], differing: pa.Array) -> dict[_Way, dict[int, _Rule]]:
    """The rules of these policies by their numbers, of each policy and direction."""
    found: dict[_Way, dict[int, _Rule]] = defaultdict(lambda: defaultdict(
        lambda: _Rule([], {"peer": defaultdict(list), "position": defaultdict(list)})))
    for name, part in NUMBERED.items():
        for row in _among(tables[name], differing).to_pylist():
            if row["rule"] is None:
                continue
            rule = found[tuple(row[column] for column in _WAY)][row["rule"]]
            text = repr((name, sorted((key, value) for key, value in row.items() if key not in _UNTOLD)))
            (rule.parts[part][row[part]] if part else rule.own).append(text)
    return found


def _numbers(earlier: dict[_Way, dict[int, _Rule]], later: dict[_Way, dict[int, _Rule]]) -> dict[_Way, int]:
    """The number that each rule, peer and port of the later policies gets."""
    found: dict[_Way, int] = {}
    for way, rules in later.items():
        old = earlier.get(way, {})
        for number, same in _matched({at: each.said() for at, each in old.items()},
                                     {at: each.said() for at, each in rules.items()}).items():
            found[*way, number] = same
            for part, elements in rules[number].parts.items():
                known = old[same].parts[part] if same in old else {}
                matched = _matched({at: tuple(sorted(each)) for at, each in known.items()},
                                   {at: tuple(sorted(each)) for at, each in elements.items()})
                found |= {(*way, number, part, at): to for at, to in matched.items()}
    return found


def _matched(old: Mapping[int, Hashable], new: Mapping[int, Hashable]) -> dict[int, int]:
    """The number that each new element gets: that of the same old one, else its own or the next that is left."""
    free: dict[Hashable, list[int]] = defaultdict(list)
    for at in sorted(old):
        free[old[at]].append(at)
    found = {at: free[new[at]].pop(0) for at in sorted(new) if free[new[at]]}
    left = sorted(set(old) - set(found.values()))
    for at in sorted(set(new) - set(found)):
        found[at] = left.pop(left.index(at) if at in left else 0) if left else _next(found.values(), old)
    return found


def _next(taken: Iterable[int], old: Mapping[int, Hashable]) -> int:
    return max([*taken, *old, -1]) + 1


def _renumbered(table: pa.Table, part: str, differing: pa.Array, numbers: dict[_Way, int]) -> pa.Table:
    rows = _among(table, differing).to_pylist()
    for row in rows:
        if row["rule"] is None:
            continue
        place = *(row[column] for column in _WAY), row["rule"]
        row["rule"] = numbers[place]
        if part:
            row[part] = numbers[*place, part, row[part]]
    return pa.concat_tables([_among(table, differing, others=True), pa.Table.from_pylist(rows, schema=table.schema)])
