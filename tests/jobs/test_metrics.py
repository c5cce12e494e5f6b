"""Metrics: what Prometheus' own parser reads is what was judged."""

import datetime as dt
from pathlib import Path

from fleet_worlds import DAY, member
from prometheus_client.parser import text_string_to_metric_families
from years import noon

from auditkit.fleets.work import FAILED, Row
from auditkit.jobs import metrics

ODD = 'a"b\\c\nd'
NOW = noon(DAY) + dt.timedelta(hours=2)


def read(path: Path) -> dict[str, dict[tuple[str, ...], float]]:
    return {family.name: {tuple(value for key, value in sample.labels.items() if key != "job"): sample.value
                          for sample in family.samples} for family in text_string_to_metric_families(path.read_text())}


def test_the_parser_of_prometheus_reads_every_value(tmp_path: Path) -> None:
    store = tmp_path / "store"
    member(store, ODD, uid="u1", day=DAY - dt.timedelta(days=1))
    member(store, ODD, uid="u1", secrets="forbidden")
    rows = [Row(source=ODD, cluster=ODD, cluster_uid="u1", taken=noon(DAY), sources_read=60, sources=63, seconds=1.5,
                statuses={"soc2": {"fail": 2, "unknown": 3}}), Row(source="gone", outcome=FAILED, problem="no")]
    metrics.write(tmp_path / "m.prom", "nightly", store, rows, NOW, 7.25)
    found = read(tmp_path / "m.prom")
    assert found["auditkit_requirements"] == {(ODD, "u1", "soc2", "fail"): 2, (ODD, "u1", "soc2", "unknown"): 3}
    assert found["auditkit_unread_sources"] == {(ODD, "u1"): 3} and found["auditkit_run_seconds"] == {(): 7.25}
    assert found["auditkit_cluster_judged"] == {(ODD,): 1, ("gone",): 0}
    assert found["auditkit_last_snapshot_timestamp_seconds"] == {(ODD, "u1"): noon(DAY).timestamp()}
    yesterday = noon(DAY - dt.timedelta(days=1)).timestamp()
    assert found["auditkit_last_complete_snapshot_timestamp_seconds"] == {(ODD, "u1"): yesterday}
    assert found["auditkit_last_complete_snapshot_age_seconds"] == {(ODD, "u1"): 26 * 3600}
    assert found["auditkit_run_finished_timestamp_seconds"] == {(): NOW.timestamp()}


def test_a_first_run_that_reached_nothing_has_metrics_too(tmp_path: Path) -> None:
    place = tmp_path / "new" / "m.prom"
    metrics.write(place, "nightly", tmp_path / "store", [Row(source="gone", outcome=FAILED)], NOW, 1)
    found = read(place)
    assert found["auditkit_cluster_judged"] == {("gone",): 0} and "auditkit_requirements" not in found
    assert [path.name for path in place.parent.iterdir()] == ["m.prom"], "written in one step, and nothing is left"
    assert place.stat().st_mode & 0o777 == 0o644
