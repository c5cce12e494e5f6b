"""The fewest rules that grant exactly what is wanted: each rule is verbs × resources, as RBAC has it."""

from collections.abc import Iterator, Mapping

Words = frozenset[str]
Rule = tuple[Words, Words]
"""Resources, and the verbs on each of them."""

MOST_CONCEPTS, MOST_STEPS = 256, 20_000
"""How much is tried; beyond it rules may be more than the fewest, but still grant exactly what is wanted."""


def fewest(wanted: Mapping[str, Words]) -> list[Rule]:
    """Rules that grant each resource exactly its verbs, as few as there can be.

    Of equally many those in which each resource stands once are taken, since they are easier to read.
    """
    rows: dict[Words, set[str]] = {}
    for resource, verbs in wanted.items():
        if verbs:
            rows.setdefault(verbs, set()).add(resource)
    plain = [(frozenset(resources), verbs) for verbs, resources in rows.items()]
    concepts = _concepts(list(rows))
    steps = iter(range(MOST_STEPS))
    for most in range(1, len(plain)):
        found = _cover({(row, verb) for row in rows for verb in row}, concepts, most, steps)
        if found is not None:
            return sorted(((frozenset().union(*(rows[row] for row in rows if verbs <= row)), verbs) for verbs in found),
                          key=_order)
    return sorted(plain, key=_order)


def _order(rule: Rule) -> tuple[list[str], list[str]]:
    return sorted(rule[0]), sorted(rule[1])


def _concepts(rows: list[Words]) -> list[Words]:
    """The sets of verbs that some rows have in common: nothing larger can be granted to all of these rows."""
    found = set(rows)
    todo = list(rows)
    while todo and len(found) < MOST_CONCEPTS:
        one = todo.pop()
        new = {one & row for row in rows} - found - {frozenset()}
        found |= new
        todo += new
    return sorted(found, key=lambda verbs: (-len(verbs), sorted(verbs)))


def _cover(cells: set[tuple[Words, str]], concepts: list[Words], most: int, steps: Iterator[int]) -> list[Words] | None:
    """At most so many concepts that cover all the cells (row, verb); ``None`` where there are none."""
    if not cells:
        return []
    if not most or next(steps, None) is None:
        return None
    row, verb = min(cells, key=lambda cell: (sum(cell[1] in verbs <= cell[0] for verbs in concepts), sorted(cell[0]),
                                             cell[1]))
    for verbs in concepts:
        if verb in verbs <= row:
            rest = _cover({cell for cell in cells if not (verbs <= cell[0] and cell[1] in verbs)}, concepts, most - 1,
                          steps)
            if rest is not None:
                return [verbs, *rest]
    return None
