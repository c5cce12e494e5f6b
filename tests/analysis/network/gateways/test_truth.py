"""Manifests rebuilt from the conformance tests and the API of the Gateway API, with what these expect."""

import pytest
from gateway_truth import Outcome, cases

CASES = cases("gateway-api")
EXPECTED = {"attached", "refused", "unknown", "sends", "not_sent", "perhaps_sent", "redirects", "tls", "certificates",
            "acting"}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_the_sources_expect_of_the_gateway_api_holds(case):
    found = Outcome(case)
    if {"attached", "refused", "unknown"} & set(case):
        attached = found.attachments(True)
        assert {route: set(at) for route, at in attached.items()} == {
            route: set(at) for route, at in case.get("attached", {}).items()}
        for verdict, word in ((False, "refused"), (None, "unknown")):
            nowhere = {route: why for route, why in found.reasons(verdict).items() if route not in attached}
            assert set(nowhere) == set(case.get(word, {}))
            assert all(any(words in why for why in nowhere[route]) for route, words in case.get(word, {}).items())
    if {"sends", "not_sent", "perhaps_sent"} & set(case):
        for verdict, word in ((True, "sends"), (None, "perhaps_sent")):
            assert {route: set(to) for route, to in found.backends(verdict).items()} == {
                route: set(to) for route, to in case.get(word, {}).items()}
        refused, wanted = found.backends(False), case.get("not_sent", {})
        assert {route: set(to) for route, to in refused.items()} == {route: set(to) for route, to in wanted.items()}
        assert all(words in refused[route][to] for route, some in wanted.items() for to, words in some.items())
    for word, seen in (("redirects", found.redirects()), ("tls", found.listeners("tls")),
                       ("acting", found.listeners("acting")), ("certificates", found.certificates())):
        wanted = case.get(word, {})
        assert {name: seen[name] for name in wanted} == wanted


def test_every_case_names_its_source_and_expects_something():
    assert len(CASES) >= 60 and len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"] and EXPECTED & set(case) for case in CASES)
    assert all(set(case) <= EXPECTED | {"id", "source", "objects", "absent"} for case in CASES)
