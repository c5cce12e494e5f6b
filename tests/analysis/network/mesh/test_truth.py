"""Agreement with what the sources of Istio say of its policies. See `tests/truth/istio/README.md`."""

import pytest
from engine_truth import WORDS, decided
from istio_truth import cases, modes, world

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_modes_and_connections_are_as_the_source_says(case):
    expected = {connection: answer for word, answer in WORDS.items() for connection in case.get(word, [])}
    assert expected or case["modes"]
    tables = world(case)
    assert modes(tables, list(case.get("modes", {}))) == case.get("modes", {})
    assert not expected or decided(tables, list(expected)) == expected


def test_each_of_sixty_cases_names_its_source():
    assert len({(case["file"], case["name"]) for case in CASES}) == len(CASES) >= 60
    assert all(case["source"] in case["of"] for case in CASES)
