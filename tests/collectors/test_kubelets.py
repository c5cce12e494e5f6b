"""Kubelets are asked at the same time, once more where they do not answer, and within a bound for all of them."""

import time
from collections.abc import Callable

import pytest

from auditkit.collectors.kubelets import read
from auditkit.collectors.listing import now
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.bounds import KUBELETS, Bounds
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.model import Answer, NeverAnswered, NoAnswer
from auditkit.snapshots.ledger import Entry

NODES = Entry(resource="nodes", outcome="complete", started=now(), ended=now())
CONFIGZ = "/api/v1/nodes/{}/proxy/configz"


@pytest.fixture
def source(server, kubeconfig) -> LiveSource:
    server.configz.update({f"n{number}": {"readOnlyPort": number} for number in range(100)})
    return LiveSource(None, kubeconfig, bounds=Bounds(kubelet_seconds=1))


def ask(source: LiveSource, count: int, told: list | None = None) -> tuple[list[dict], Entry]:
    return read(source, [f"n{number}" for number in range(count)], NODES,
                lambda *step: told.append(step) if told is not None else None)


def test_all_are_told_in_the_order_of_the_nodes(source) -> None:
    rows, entry = ask(source, 100)
    assert [(row["node"], row["read"], row["settings"]) for row in rows] == [
        (f"n{number}", True, [{"key": "readOnlyPort", "value": str(number)}]) for number in range(100)]
    assert (entry.outcome, entry.items, entry.reason) == ("complete", 100, "")
    assert [body.path for body in entry.bodies] == [CONFIGZ.format(row["node"]) for row in rows]


def test_progress_is_told_of_each_node_or_each_tenth_of_many(source) -> None:
    few, many, odd = [], [], []
    ask(source, 4, few), ask(source, 100, many), ask(source, 57, odd)
    assert [step[1:] for step in few] == [(done, 4, "complete") for done in range(1, 5)]
    assert {step[0] for step in few} == {f"kubelet n{number}" for number in range(4)}
    assert [step[1:3] for step in many] == [(done, 100) for done in range(10, 101, 10)]
    assert odd[-1][1:3] == (57, 57)


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"status": 503}, {"status": 429, "retry_after": 0}])
def test_one_that_did_not_answer_is_asked_once_more_after_all_others(server, source, fault) -> None:
    server.fault(CONFIGZ.format("n1"), times=1, **fault)
    rows, entry = ask(source, 60)
    assert entry.outcome == "complete" and rows[1]["read"]
    assert server.requests[-1].path == CONFIGZ.format("n1") and server.count(CONFIGZ.format("n1")) == 2


@pytest.mark.parametrize(("fault", "outcome"), [({"status": 403}, "forbidden"), ({"status": 404}, "absent"),
                                                ({"kind": "body", "body": b"[]"}, "failed")])
def test_a_refusal_or_a_bad_answer_is_final(server, source, fault, outcome) -> None:
    server.fault(CONFIGZ.format("n*"), **fault)
    _, entry = ask(source, 3)
    assert entry.outcome == outcome and entry.reason.startswith("3 of 3 nodes gave no configuration, for example n0: ")
    assert server.count(CONFIGZ.format("*")) == 3


def test_nodes_that_never_answer_cost_the_bound_and_no_more(server, source) -> None:
    server.fault(CONFIGZ.format("n*"), kind="hang")
    started = time.monotonic()
    rows, entry = ask(source, 100)
    assert time.monotonic() - started < 3 * source.kubelet_seconds
    assert server.count(CONFIGZ.format("*")) == KUBELETS, "the others found no time left"
    assert not any(row["read"] for row in rows) and entry.outcome == "failed"
    assert entry.reason.endswith("; the 1 seconds for all kubelets ran out before 100 of them answered")


def test_some_nodes_that_never_answer_take_nothing_from_the_others(server, source, monkeypatch) -> None:
    monkeypatch.setattr(transport, "PROMPT", 0.2)
    server.fault(CONFIGZ.format("n?"), kind="hang")
    rows, entry = ask(source, 100)
    assert [row["node"] for row in rows if not row["read"]] == [f"n{number}" for number in range(10)]
    assert (entry.outcome, entry.items) == ("partial", 90)
    assert entry.reason == "10 of 100 nodes gave no configuration, for example n0: the response took longer than 0.2 seconds"
    assert server.count(CONFIGZ.format("n0")) == 2


def test_a_rate_is_kept_and_waits_for_no_turn_beyond_the_bound(server, kubeconfig) -> None:
    server.configz.update({f"n{number}": {} for number in range(50)})
    bounds = Bounds(kubelet_seconds=1, rate=10)
    started = time.monotonic()
    _, entry = ask(LiveSource(None, kubeconfig, bounds=bounds), 50)
    assert time.monotonic() - started < 3 * bounds.kubelet_seconds
    assert 1 <= entry.items <= bounds.rate + 1
    assert f"before {50 - entry.items} of them answered" in entry.reason


class Told:
    """A source whose answers to each request are given one after another."""

    kubelet_seconds = 60.0

    def __init__(self, *answers: Answer | Exception | Callable[[], Answer]):
        self.answers = list(answers)

    def get(self, path: str, accept: str = "", until: float | None = None) -> Answer:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


GOOD = Answer(200, b'{"kubeletconfig": {"readOnlyPort": 0}}')


@pytest.mark.parametrize(("answers", "outcome", "reason"), [
    ([NoAnswer("gone"), GOOD], "complete", ""),
    ([Answer(503, b"", "busy"), NoAnswer("gone")], "failed", "busy"),
    ([NoAnswer("gone"), Answer(503, b"", "busy")], "failed", "gone"),
    ([NoAnswer("gone"), NeverAnswered("over")], "failed", "gone"),
    ([NoAnswer("gone"), Answer(403, b"", "no")], "forbidden", "no"),
    ([NeverAnswered("over")], "failed", "over"),
])
def test_what_the_first_try_said_stays_unless_the_second_is_answered(answers, outcome, reason) -> None:
    source = Told(*answers)
    [row], entry = read(source, ["a"], NODES, lambda *_: None)
    assert (entry.outcome, row["reason"], source.answers) == (outcome, reason, [])
    assert len(entry.bodies) == (outcome != "failed" or reason == "busy")


def test_a_list_of_nodes_that_is_not_complete_says_so_of_kubelets_too() -> None:
    refused = Entry(resource="nodes", outcome="partial", reason="cut", started=now(), ended=now())
    _, entry = read(Told(GOOD), ["a"], refused, lambda *_: None)
    assert (entry.outcome, entry.reason, entry.items) == ("partial", "cut", 1)
