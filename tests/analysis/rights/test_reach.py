"""Whether audit logs have every request of a period."""

from typing import Any

import pandas as pd
import pytest
from audit_worlds import event, uses
from worlds import empty

from auditkit.analysis.rights.reach import NO_LOG, period

END = pd.Timestamp("2026-11-30T00:00:00Z")
DAYS = 10


def log(first: Any = END - pd.Timedelta(days=12), last: Any = END - pd.Timedelta(minutes=5), **more: Any) -> pd.DataFrame:
    row = {"name": "audit.log", "cluster": None, "events": 9, "untimed": 0, "first": first, "last": last,
           "truncated": False, "other_cluster": False} | more
    return pd.DataFrame([row]).astype({"cluster": "string[pyarrow]", "other_cluster": "bool[pyarrow]"})


def silence(minutes: float, before: pd.Timedelta = pd.Timedelta(days=1), server: str | None = None) -> pd.DataFrame:
    started = END - before
    return pd.DataFrame([{"cluster": None, "server": server, "started": started, "ended": started + pd.Timedelta(minutes=minutes),
                          "seconds": minutes * 60}])


def gaps(logs: pd.DataFrame | None = None, silences: pd.DataFrame | None = None, *, servers: int = 1, events: tuple = (),
         observed: Any = END, **tuned: int) -> list[str]:
    collection = empty("collection").reindex(range(1)).assign(ended=pd.Series([observed], dtype="timestamp[us, tz=UTC][pyarrow]"))
    found = period(log() if logs is None else logs, silence(0) if silences is None else silences, uses(*events),
                   pd.DataFrame(index=range(servers)), collection, days=DAYS, **tuned)
    return list(found.gaps)


def test_a_log_that_covers_the_whole_time_has_no_gap() -> None:
    assert gaps() == []


@pytest.mark.parametrize(("logs", "says"), [
    (log().iloc[:0], NO_LOG),
    (log(other_cluster=True), NO_LOG),
    (log(first=END - pd.Timedelta(days=3, hours=2)), "the audit log begins on 2026-11-26, and so reaches over 3 of 10 days"),
    (log(last=END - pd.Timedelta(hours=25)),
     "the audit log ends at 2026-11-28 23:00, more than 24 hours before the snapshot"),
    (log(truncated=True), "the audit log audit.log was not read whole"),
    (log(truncated=None), "the audit log audit.log was not read whole"),
    (log(untimed=2), "some of its events have no time"),
])
def test_what_a_log_lacks_is_said(logs: pd.DataFrame, says: str) -> None:
    assert gaps(logs) == [says]


def test_a_rotated_file_that_is_missing_is_a_silence() -> None:
    assert gaps(silences=silence(61)) == ["the audit log has no event for 61 minutes after 2026-11-29 00:00"]
    assert gaps(silences=silence(61), max_gap_minutes=61) == []
    assert gaps(silences=silence(61, pd.Timedelta(days=11))) == [], "it is before the time that is asked about"
    two = pd.concat([silence(61), silence(30)])
    assert gaps(silences=two) == ["the audit log has no event for 61 minutes after 2026-11-29 00:00, and 1 more gaps"]


def test_a_silence_that_reaches_into_the_period_counts() -> None:
    assert len(gaps(silences=silence(24 * 60, pd.Timedelta(days=10, hours=12)))) == 1


def lease(number: int, time: pd.Timestamp = END - pd.Timedelta(hours=1)) -> dict[str, Any]:
    return event(time=time, user="system:apiserver", groups="system:masters", verb="update", reason=None, name=f"apiserver-{number}",
                 resource="leases.coordination.k8s.io", namespace="kube-system")


def test_each_api_server_writes_its_own_log_and_must_show_itself() -> None:
    assert gaps(servers=3, events=(lease(1), lease(1))) == [
        "the cluster has 3 API servers, and the log shows 1 of them at work"]
    assert gaps(servers=3, events=tuple(map(lease, range(3)))) == []
    old = lease(2, END - pd.Timedelta(hours=25))
    assert gaps(servers=3, events=(lease(0), lease(1), old)) == [
        "the cluster has 3 API servers, and the log shows 2 of them at work"], "its log ends earlier, or it is gone"
    assert len(gaps(servers=0)) == 1, "how many there are is not known"
    assert gaps(log(cluster="prod"), servers=0) == [], "clouds hand out one log of all"


def test_the_log_of_one_api_server_does_not_hide_a_hole_in_that_of_another() -> None:
    three = {"servers": 3, "events": tuple(map(lease, range(3)))}
    hole = silence(61, server="apiserver-1")
    assert gaps(silences=hole, **three) == [
        "the cluster has 3 API servers, and the log shows 2 of them at work after 2026-11-29 00:00"]
    assert gaps(silences=hole, max_gap_minutes=61, **three) == []
    assert gaps(silences=silence(61, pd.Timedelta(days=11), "apiserver-1"), **three) == [], "it is before the period"
    assert gaps(silences=hole, servers=1) == [], "there is no other that could have hidden it"


def test_an_api_server_that_took_the_place_of_another_is_no_hole() -> None:
    four = {"servers": 3, "events": tuple(map(lease, range(4)))}
    new, gone = silence(600, pd.Timedelta(days=3), "apiserver-3"), silence(600, pd.Timedelta(days=2), "apiserver-0")
    assert gaps(silences=pd.concat([new, gone]), **four) == []
    after = gone.assign(started=new["ended"] - pd.Timedelta(minutes=5))
    assert gaps(silences=pd.concat([new, after]), **four) == []
    before = gone.assign(started=new["ended"] - pd.Timedelta(minutes=15))
    assert len(gaps(silences=pd.concat([new, before]), **four)) == 1, "for a quarter of an hour there were two"
    assert len(gaps(silences=pd.concat([new, gone.assign(started=new["started"])]), **four)) == 1


def test_nothing_is_known_where_the_time_of_the_snapshot_is_not() -> None:
    assert gaps(observed=None) == ["it is not known when the cluster was observed"]
