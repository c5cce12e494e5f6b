"""Agreement with what the sources of other engines say of their policies. See `tests/truth/README.md`."""

import pytest
from engine_truth import WORDS, cases, decided, world

CASES = {engine: cases(engine) for engine in ("cilium", "calico")}
ALL = [case for found in CASES.values() for case in found]


@pytest.mark.parametrize("case", ALL, ids=[f"{case['engine']}-{case['name']}" for case in ALL])
def test_connections_are_as_the_source_says(case):
    expected = {connection: answer for word, answer in WORDS.items() for connection in case.get(word, [])}
    assert expected
    assert decided(world(case["engine"], case["policies"]), list(expected)) == expected


@pytest.mark.parametrize("engine", list(CASES))
def test_each_case_names_its_source_and_each_engine_has_sixty(engine):
    assert len({case["name"] for case in CASES[engine]}) == len(CASES[engine]) >= 60
    assert all(case["source"] in case["of"] for case in CASES[engine])
