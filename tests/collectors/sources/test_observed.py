"""What is read today may have been observed long ago: everything that depends on time hangs on the observation."""

import datetime as dt
import json
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from file_worlds import kubectl
from replay import ACME_PROD, ReplayServer

from auditkit.api import snapshots
from auditkit.checks.support.evidence import fresh
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.observed import Newest, http_date, taken_at
from auditkit.errors import UsageError
from auditkit.people.attestations import Attestation, AttestationEntry
from auditkit.people.exceptions import ExceptionEntry, RiskAcceptance
from auditkit.reports.panels.requirements import about
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NOW = dt.datetime.now(dt.UTC)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def pods(folder: Path, created: str | None = "2019-05-01T10:00:00Z", **more: object) -> Path:
    metadata = {"name": "a", "namespace": "shop"} | ({"creationTimestamp": created} if created else {})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c"}]}, **more}
    (folder / "pods.json").write_text(json.dumps(
        kubectl(pod) | {"kind": "PodList", "metadata": {"resourceVersion": "1"}}))
    return folder


def take(folder: Path, taken: str = "") -> Snapshot:
    return snapshots.collect(recording=folder, taken_at=taken, stated_by="alice")


# --- how the time is known ------------------------------------------------------------------------------------------


def test_a_server_is_observed_while_it_is_asked(tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD) as server:
        manifest = collect(LiveSource(None, str(server.kubeconfig(tmp_path)))).manifest
    assert (manifest.observed_from, manifest.observed_until, manifest.observed_by) == (manifest.started, manifest.ended, "asked")
    assert manifest.when.startswith(f"{manifest.started:%Y-%m-%d %H:%M:%S} UTC")


def test_files_are_dated_by_the_newest_time_in_them(tmp_path: Path) -> None:
    snapshot = take(pods(tmp_path, status={"containerStatuses": [{"name": "c", "state": {"running": {
        "startedAt": "2019-06-02T03:04:05Z"}}}]}))
    manifest = snapshot.manifest
    assert (manifest.observed_from, manifest.observed_by) == (utc("2019-06-02T03:04:05"), "contents")
    assert manifest.observed_until == manifest.ended
    assert manifest.when == ("not before 2019-06-02 03:04:05 UTC, the latest time in the data; "
                             f"read on {manifest.started:%Y-%m-%d %H:%M:%S} UTC")
    assert "at 2019-06-02 03:04 UTC" in repr(snapshot)
    assert about(snapshot)["observed"] == manifest.when
    assert about(snapshot)["as_of"] == "not before 2019-06-02 03:04:05 UTC"
    row = snapshot.collection.iloc[0]
    assert (row["observed_from"], row["observed_by"]) == (pd.Timestamp("2019-06-02T03:04:05Z"), "contents")


def test_where_nothing_says_when_it_says_so(tmp_path: Path) -> None:
    manifest = take(pods(tmp_path, created=None)).manifest
    assert (manifest.observed_from, manifest.observed_by) == (None, "")
    assert manifest.when.startswith("at an unknown time; read on ")
    assert manifest.days == (dt.date.min, manifest.ended.date())
    assert manifest.as_of == f"read {manifest.started:%Y-%m-%d %H:%M:%S} UTC"


def test_a_recording_is_dated_by_its_index(tmp_path: Path) -> None:
    pods(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps([
        {"method": "GET", "path": "/api/v1/pods?limit=500", "file": "pods.json", "status": 200, "date": date}
        for date in ("Thu, 02 Apr 2020 10:00:05 GMT",)] + [
        {"method": "GET", "path": "/version", "file": "pods.json", "status": 200, "date": "2020-04-02T10:00:00Z"}]))
    manifest = take(tmp_path).manifest
    assert (manifest.observed_from, manifest.observed_until, manifest.observed_by) == (
        utc("2020-04-02T10:00:00"), utc("2020-04-02T10:00:05"), "recorded")
    assert ", as recorded; read on " in manifest.when
    assert take(tmp_path, "2020-04-02").manifest.observed_by == "recorded"
    with pytest.raises(UsageError, match="contradicts the recording"):
        take(tmp_path, "2020-04-03")


@pytest.mark.parametrize("date", ["2019-04-30T10:00:00Z", "2099-01-01T00:00:00Z", "yesterday", None])
def test_dates_of_an_index_that_cannot_be_count_for_nothing(tmp_path: Path, date: str | None) -> None:
    pods(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps([
        {"method": "GET", "path": "/api/v1/pods?limit=500", "file": "pods.json", "status": 200, "date": date}]))
    manifest = take(tmp_path).manifest
    assert (manifest.observed_from, manifest.observed_by) == (utc("2019-05-01T10:00:00"), "contents")


def test_a_recording_without_dates_is_dated_by_its_answers() -> None:
    manifest = collect(open_files(ACME_PROD)).manifest
    assert (manifest.observed_from, manifest.observed_by) == (utc("2026-11-23T08:26:57"), "contents")


def test_the_demo_is_of_one_time_whenever_it_is_made() -> None:
    first, second = snapshots.demo(), snapshots.demo()
    assert first.manifest.observed == second.manifest.observed == (utc("2026-11-23T08:27:00"),) * 2
    assert first.collection["observed_from"].equals(second.collection["observed_from"])


@pytest.mark.parametrize("content", [
    b'{"spec": {"notAfter": "2099-01-01T00:00:00Z"}, "x": {"annotations": {"deploy": "2098-01-01T00:00:00Z"}}}',
    b'{"metadata": {"deletionTimestamp": "2031-01-01T00:00:00Z"}}', b'{"creationTimestamp": null}',
    b'{"creationTimestamp": "2019-13-45T99:00:00Z"}', b'{"mycreationTimestamp2": "2019-01-01T00:00:00Z"}',
])
def test_times_that_no_cluster_wrote_of_itself_date_nothing(content: bytes) -> None:
    newest = Newest()
    newest.look(content)
    assert newest.observed(NOW, None).since is None


def test_a_clock_that_goes_wrong_dates_nothing(tmp_path: Path) -> None:
    assert take(pods(tmp_path, created="2099-01-01T00:00:00Z")).manifest.observed_by == ""


# --- the user's word ------------------------------------------------------------------------------------------------


def test_what_is_stated_is_taken_and_shown_as_stated(tmp_path: Path) -> None:
    manifest = take(pods(tmp_path), "2019-07-01").manifest
    assert (manifest.observed_from, manifest.observed_until, manifest.observed_by) == (
        utc("2019-07-01T00:00:00"), utc("2019-07-01T23:59:59"), "stated")
    assert "stated by alice; read on " in manifest.when
    assert take(tmp_path, "2019-07-01T14:00:00+02:00").manifest.observed == (utc("2019-07-01T12:00:00"),) * 2


def test_a_statement_that_cannot_be_is_refused(tmp_path: Path) -> None:
    pods(tmp_path)
    with pytest.raises(UsageError, match="the files contain the later time 2019-05-01T10:00:00Z"):
        take(tmp_path, "2019-04-30")
    with pytest.raises(UsageError, match="is in the future"):
        take(tmp_path, "2099-01-01")
    with pytest.raises(UsageError, match="write 2026-01-31 or"):
        take(tmp_path, "last week")
    with pytest.raises(UsageError, match="are for files"):
        snapshots.collect("some-context", taken_at="2019-07-01")
    with pytest.raises(UsageError, match="is not a day or a time"):
        taken_at("0001-01-01T00:00:00+05:00")
    assert take(tmp_path, "2019-05-01").manifest.observed_by == "stated"
    assert taken_at(f"{NOW:%Y-%m-%d}", NOW)[1] <= NOW


def test_dates_of_http_and_iso_are_understood() -> None:
    assert http_date("Sat, 28 Nov 2026 09:44:41 GMT") == http_date("2026-11-28T09:44:41Z") == utc("2026-11-28T09:44:41")
    assert http_date("") is http_date("soon") is None


# --- what hangs on it -----------------------------------------------------------------------------------------------


def manifest(first: str | None, last: str) -> Manifest:
    return Manifest(cluster="c", started=NOW, ended=NOW, ledger=[], observed_from=utc(first) if first else None,
                    observed_until=utc(last), observed_by="contents")


def frame(first: str | None, last: str | None) -> pd.DataFrame:
    time = "timestamp[us, tz=UTC][pyarrow]"
    return pd.DataFrame({name: pd.Series([pd.Timestamp(value, tz="UTC") if value else None], dtype=time) for name, value in (
        ("observed_from", first), ("observed_until", last), ("started", "2026-03-01"), ("ended", "2026-03-01"))})


@pytest.mark.parametrize(("first", "last", "expected"), [
    ("2026-03-01", "2026-03-01", [False, True, True, None, None]),
    ("2026-01-15", "2026-03-01", [False, None, True, None, None]),
    ("2026-01-15", "2026-09-01", [False, None, None, None, None]),
    (None, "2026-03-01", [None, True, True, None, None]),
    (None, None, [False, True, True, None, None]),
], ids=["known", "not before", "old by now", "not known", "a snapshot that does not say: its reading"])
def test_age_counts_from_every_time_at_which_it_may_have_been_observed(first, last, expected) -> None:
    seen = pd.Series([*map(pd.Timestamp, ("2025-12-01T00:00Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z",
                                          "2027-01-01T00:00Z")), None], dtype="timestamp[us, tz=UTC][pyarrow]")
    if first == "2026-01-15" and last == "2026-03-01":
        seen[1] = pd.Timestamp("2026-01-20T00:00Z")
    assert [None if pd.isna(value) else bool(value) for value in fresh(seen, frame(first, last), 30)] == expected


@pytest.mark.parametrize(("first", "last", "state"), [
    ("2026-02-01", "2026-02-01", "valid"), ("2026-01-10", "2026-03-31", "valid"),
    ("2019-05-01", "2026-02-01", "not in force yet"), ("2026-02-01", "2027-01-01", "expired"),
    (None, "2026-02-01", "not in force yet"),
])
def test_exceptions_and_attestations_hold_on_all_days_on_which_it_may_have_been_observed(first, last, state) -> None:
    days = manifest(first, last).days
    excepted = msgspec.convert({"owner": "o", "reason": "r", "compensating_control": "c", "granted": dt.date(2026, 1, 10),
                                "expires": dt.date(2026, 3, 31)}, ExceptionEntry)
    assert RiskAcceptance(excepted, None).state(days) == state
    attested = msgspec.convert({"framework": "soc2", "requirements": ["CC1.1"], "by": "b", "says": "s", "holds": True,
                                "since": dt.date(2026, 1, 10), "until": dt.date(2026, 3, 31)}, AttestationEntry)
    assert Attestation(attested, None).state(days) == state
