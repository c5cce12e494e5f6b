"""What makes a cluster worse, or less known, makes no requirement better; and what makes it better, none worse.

Changes are random and each has a number, so that what is found can be had again: ``changed(world, Random(number), …)``.
"""

from random import Random

import pytest
from hardened_world import hardened
from monotonicity import Judged, failed, improved, judge
from random_changes import BETTER, ENVELOPE_FAULTS, LIST_FAULTS, WORSE, changed
from recorded_world import World, acme

from auditkit import tables

SHORT, LONG = 4, 40
"""How many changes are tried of each sort."""


@pytest.fixture(scope="module", params=[acme, hardened])
def base(request: pytest.FixtureRequest) -> tuple[World, Judged]:
    """A cluster, and what is found in it."""
    world = request.param()
    return world, judge(world)


def tried(base: tuple[World, Judged], changes: tuple, wrong, numbers: range) -> list[tuple]:
    """What is wrong after each change."""
    world, before = base
    found = []
    for number in numbers:
        other, said = changed(world, Random(number), changes)
        if broken := wrong(before, judge(other, before)):
            found.append((number, said, broken))
    return found


def test_the_clusters_have_both(base):
    """Otherwise nothing is proved: statuses that could get better, and some that could get worse."""
    statuses = list(base[1].statuses.values())
    assert statuses.count("pass") > 50 and statuses.count("fail") + statuses.count("unknown") > 30


def test_no_list_of_the_clusters_is_doubted(base):
    """Otherwise a change could take the doubt away, and make a requirement better by what is worse."""
    doubted = {entry.resource: entry.reason for entry in base[1].snapshot.manifest.ledger
               if entry.resource in tables.RESOURCES and entry.outcome not in ("complete", "absent")}
    assert doubted == {}


@pytest.mark.parametrize("changes", [WORSE, LIST_FAULTS], ids=["objects", "lists"])
def test_nothing_gets_better_by_what_is_worse(base, changes):
    assert tried(base, changes, improved, range(SHORT)) == []


def test_nothing_fails_by_what_is_better(base):
    assert tried(base, BETTER, failed, range(SHORT)) == []


@pytest.mark.slow
@pytest.mark.parametrize("changes", [WORSE, LIST_FAULTS], ids=["objects", "lists"])
def test_hundreds_of_changes_for_the_worse(base, changes):
    assert tried(base, changes, improved, range(1000, 1000 + LONG)) == []


@pytest.mark.slow
def test_hundreds_of_changes_for_the_better(base):
    assert tried(base, BETTER, failed, range(1000, 1000 + LONG)) == []


@pytest.mark.slow
def test_envelopes_that_say_that_a_list_is_another_or_not_whole(base):
    assert tried(base, ENVELOPE_FAULTS, improved, range(LONG)) == []
