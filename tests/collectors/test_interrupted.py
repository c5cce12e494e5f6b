"""Lists that were interrupted are read once more after all others, and the better try is kept whole."""

import pytest

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.bounds import Bounds
from auditkit.collectors.sources.live import LiveSource
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot

PODS = "/api/v1/pods"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between retries, and few of them."""
    monkeypatch.setattr(transport, "PAUSE", 0.01)
    monkeypatch.setattr(transport, "TRIES", 2)


def take(kubeconfig: str, bounds: Bounds | None = None, **options) -> Snapshot:
    return collect(LiveSource(None, kubeconfig, timeout=5, bounds=bounds), limit=20, **options)


def entry(snapshot: Snapshot, resource: str) -> Entry:
    return next(found for found in snapshot.manifest.ledger if found.resource == resource)


@pytest.mark.parametrize("fault", [
    {"status": 503, "times": 2}, {"status": 500, "times": 2, "page": 3}, {"status": 429, "retry_after": 0, "times": 2},
    {"kind": "cut", "times": 2, "page": 2}, {"kind": "gone", "times": 2, "page": 3},
])
def test_a_list_that_was_interrupted_is_read_after_all_others(server, kubeconfig, fault) -> None:
    whole = take(kubeconfig)
    server.requests.clear()
    server.fault(PODS, **fault)
    steps: list[tuple] = []
    snapshot = take(kubeconfig, progress=lambda *step: steps.append(step))
    found = entry(snapshot, "pods")
    assert (found.outcome, found.items, len(found.bodies)) == ("complete", 65, 4)
    assert [e.resource for e in snapshot.manifest.ledger] == [e.resource for e in whole.manifest.ledger]
    assert snapshot.arrow("containers").equals(whole.arrow("containers"))
    assert entry(snapshot, "controlplane").items == entry(whole, "controlplane").items
    lists = [request.path for request in server.requests if "limit=" in request.url]
    assert lists[-4:] == [PODS] * 4 and PODS in lists[:-4]
    lists_read = [step for step in steps if step[2] == steps[0][2]]
    assert [done for _, done, *_ in lists_read] == list(range(lists_read[0][1], lists_read[-1][2] + 1))
    assert [step for step in steps if step[0] == "pods"] == [("pods", lists_read[-1][2], lists_read[-1][2], "complete")]


@pytest.mark.parametrize(("fault", "requests"), [
    ({"status": 403}, 1), ({"status": 404}, 1), ({"status": 400}, 1), ({"kind": "half"}, 2),
    ({"kind": "body", "body": b"{}"}, 2),
])
def test_a_refusal_or_a_bad_body_is_final(server, kubeconfig, fault, requests: int) -> None:
    server.fault(PODS, **fault)
    assert entry(take(kubeconfig), "pods").outcome != "complete"
    assert server.count(PODS) == requests


@pytest.mark.parametrize("worse", [{"status": 503}, {"kind": "half"}, {"status": 403}])
def test_a_second_try_that_reads_less_changes_nothing(server, kubeconfig, worse) -> None:
    server.fault(PODS, kind="cut", page=3)
    server.fault(PODS, page=1, after=1, **worse)
    snapshot = take(kubeconfig)
    found = entry(snapshot, "pods")
    assert (found.outcome, found.items, len(found.bodies)) == ("partial", 40, 2)
    assert found.reason == "the connection was closed during the response"
    assert snapshot.arrow("pods").num_rows == 40


def test_a_second_try_that_reads_more_takes_the_place_of_the_first(server, kubeconfig) -> None:
    server.fault(PODS, page=2, kind="cut", times=2)
    server.fault(PODS, page=3, status=503)
    snapshot = take(kubeconfig)
    assert (entry(snapshot, "pods").outcome, entry(snapshot, "pods").items) == ("partial", 40)
    assert snapshot.arrow("pods").num_rows == 40


def test_nothing_is_read_again_after_the_time_bound(server, kubeconfig) -> None:
    server.fault(PODS, kind="hang")
    found = entry(take(kubeconfig, Bounds(seconds=1)), "pods")
    assert (found.outcome, found.reason) == ("failed", "the collection reached its bound of 1 seconds")
    assert server.count(PODS) == 1


def test_a_response_that_is_too_large_is_not_read_again(server, kubeconfig) -> None:
    found = entry(take(kubeconfig, Bounds(response_bytes=50_000)), "pods")
    assert found.outcome == "failed" and "larger than 50,000 bytes" in found.reason
    assert server.count(PODS) == 1
