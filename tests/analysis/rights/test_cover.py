"""The fewest rules."""

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.analysis.rights.cover import fewest

WANTED = st.dictionaries(st.sampled_from("pqrst"), st.frozensets(st.sampled_from("abcd"), min_size=1), max_size=5)


def granted(rules: list) -> set[tuple[str, str]]:
    return {pair for resources, verbs in rules for pair in product(resources, verbs)}


@given(WANTED)
@settings(max_examples=200, deadline=None)
def test_the_rules_grant_exactly_what_is_wanted_and_none_can_go(wanted: dict) -> None:
    rules = fewest(wanted)
    cells = {(resource, verb) for resource, verbs in wanted.items() for verb in verbs}
    assert granted(rules) == cells
    assert all(granted([*rules[:at], *rules[at + 1:]]) != cells for at in range(len(rules)))


@given(st.dictionaries(st.sampled_from("pqrs"), st.frozensets(st.sampled_from("abc"), min_size=1), max_size=4))
@settings(max_examples=60, deadline=None)
def test_no_fewer_rules_would_do(wanted: dict) -> None:
    rules = fewest(wanted)
    cells = {(resource, verb) for resource, verbs in wanted.items() for verb in verbs}
    rectangles = [
        (frozenset(resources), frozenset(verbs))
        for size in range(1, len(wanted) + 1) for resources in combinations(sorted(wanted), size)
        for number in range(1, 4) for verbs in combinations("abc", number)
        if set(product(resources, verbs)) <= cells
    ]
    for fewer in range(len(rules)):
        assert not any(granted(list(some)) == cells for some in combinations(rectangles, fewer))


def test_of_equally_many_those_are_taken_in_which_a_resource_stands_once() -> None:
    assert fewest({"pods": frozenset(["get", "list"]), "secrets": frozenset(["get"])}) == [
        ({"pods"}, {"get", "list"}), ({"secrets"}, {"get"})]


def test_rules_overlap_where_that_makes_them_fewer() -> None:
    wanted = {"a": frozenset("x"), "b": frozenset("xy"), "c": frozenset("y")}
    assert fewest(wanted) == [({"a", "b"}, {"x"}), ({"b", "c"}, {"y"})]
