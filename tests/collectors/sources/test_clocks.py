"""The server's clock is compared with the collector's and with the times of objects, and a difference is told."""

import datetime as dt
from email.utils import format_datetime

import pytest

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.clocks import FIRST, Clock, lasting
from auditkit.collectors.sources.live import LiveSource

HOUR, NOON = 3600, dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def seen(*responses: tuple[float, float, float]) -> Clock:
    """A clock that saw responses: the second of their ``Date``, of their request and of their arrival, from noon on."""
    clock = Clock()
    for date, sent, received in responses:
        stated = format_datetime(NOON + dt.timedelta(seconds=date), usegmt=True)
        clock.look(stated, NOON.timestamp() + sent, NOON.timestamp() + received)
    return clock


def told(clock: Clock, newest: float | None = None) -> list[str]:
    return clock.told(None if newest is None else NOON + dt.timedelta(seconds=newest), NOON.timestamp())


@pytest.mark.parametrize(("responses", "says"), [
    ([], []),
    ([(0, 0.1, 0.2)], []),
    ([(5, 0, 0.5)], []),  # 4.5 to 6 seconds: it may be fewer than 5
    ([(6, 0, 0.5)], ["The collector's clock is 6 seconds behind the server's."]),
    ([(-7, 0, 0.5)], ["The collector's clock is 7 seconds ahead of the server's."]),
    ([(-5, 0, 0.5)], []),
    ([(3 * HOUR, 0, 0.5)], ["The collector's clock is 3 hours behind the server's."]),
    ([(0, 3 * HOUR, 3 * HOUR)], ["The collector's clock is 3 hours ahead of the server's."]),
    ([(20, 0, 25)], []),  # an answer that took 25 seconds may have been made at any time of them
    ([(20, 0, 25), (20, 0, 1)], ["The collector's clock is 20 seconds behind the server's."]),
    ([(0, 0, 0)] * FIRST + [(3 * HOUR, 0, 0)], []),
])
def test_a_difference_is_told_where_it_is_certain(responses, says) -> None:
    assert told(seen(*responses)) == says


@pytest.mark.parametrize("stated", [None, "", "yesterday", "Sat, 99 Jan 2026 12:00:00 GMT", "9" * 400,
                                    "0001-01-01T00:00:00+23:59"])
def test_a_response_without_a_good_date_says_nothing(stated) -> None:
    clock = Clock()
    clock.look(stated, 0, 0)
    assert told(clock) == []


AFTER = "An object was created {} after the end of the collection by {} clock."


@pytest.mark.parametrize(("ahead", "newest", "says"), [
    (None, 4, []), (None, -1, []),
    (None, 600, [AFTER.format("10 minutes", "the collector's")]),
    (0, 600, [AFTER.format("10 minutes", "the collector's and the server's")]),
    (HOUR, 600, ["The collector's clock is 60 minutes behind the server's.", AFTER.format("10 minutes", "the collector's")]),
    (-HOUR, -600, ["The collector's clock is 60 minutes ahead of the server's.", AFTER.format("50 minutes", "the server's")]),
    (-HOUR, -HOUR, ["The collector's clock is 60 minutes ahead of the server's."]),
])
def test_an_object_that_is_newer_than_the_collection_is_told(ahead, newest, says) -> None:
    assert told(seen(*([] if ahead is None else [(ahead, 0.5, 0.5)])), newest) == says


@pytest.mark.parametrize(("seconds", "words"), [
    (6, "6 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7199, "120 minutes"), (7200, "2 hours"),
    (3 * 86_400, "3 days"), (4000 * 86_400, "4,000 days"),
])
def test_a_time_is_told_in_its_largest_unit(seconds, words) -> None:
    assert lasting(seconds) == words


def test_a_skew_and_a_later_object_stand_in_the_manifest_and_the_ledger(server, kubeconfig) -> None:
    server.ahead = -3 * HOUR
    later = f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"

    def dated(body: dict) -> dict:
        body["items"][0]["metadata"]["creationTimestamp"] = later
        return body
    server.fault("/api/v1/services", kind="transform", transform=dated)
    manifest = collect(LiveSource(None, kubeconfig)).manifest
    skew, object_ = manifest.transport[-2:]
    assert skew == "The collector's clock is 3 hours ahead of the server's."
    assert object_ == AFTER.format("3 days", "the collector's and the server's")
    [about] = [entry for entry in manifest.ledger if entry.resource == "collection"]
    assert about.reason.endswith(f"{skew} {object_}")


def test_clocks_that_agree_are_not_mentioned(server, kubeconfig) -> None:
    assert not any("clock" in sentence for sentence in collect(LiveSource(None, kubeconfig)).manifest.transport)
