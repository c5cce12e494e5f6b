"""The list of requests: a reason that many share stands once."""

import msgspec
import pytest
from report_worlds import framework, pod, snapshot

from auditkit.evaluation.evaluation import evaluate
from auditkit.reports import show
from auditkit.reports.panels.requests import SHARED


def block(number: int) -> dict:
    """Requests of so many requirements that people decide for the same reason, and of two with reasons of their own."""
    house = framework()
    people = [msgspec.structs.replace(house.requirements[2], id=f"2.{place}", ask_next=f"Paper {place}") for place in range(number)]
    return show.requests(evaluate(snapshot(pod("good")), msgspec.structs.replace(
        house, requirements=[house.requirements[1], *people]))).content


def test_a_reason_of_many_requests_stands_once_above_the_list() -> None:
    said = block(SHARED + 1)
    assert said["note"] == f"The reason of {SHARED + 1} requests that state no other: Who is in charge."
    assert [row["why"] for row in said["rows"]] == ["What runs outside.", *[""] * (SHARED + 1)]


@pytest.mark.parametrize("number", [0, 1, SHARED])
def test_a_reason_of_few_stands_with_each(number: int) -> None:
    said = block(number)
    assert said["note"] == ""
    assert [row["why"] for row in said["rows"]] == ["What runs outside.", *["Who is in charge."] * number]
