"""Audit logs that are grouped while they are read say what the tables of the same files say."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from audit_worlds import START, lines
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_worlds import OWN, read, records, written
from worlds import empty

from auditkit.analysis.cluster import audit_log
from auditkit.analysis.rights.uses import MAX_NAMES, audit_uses, grouped
from auditkit.errors import UsageError
from auditkit.scans.uses import read_uses
from tests.bench import rights as bench
from tests.scans.readers import test_kubernetes_audit as kubernetes_audit

LOG = OWN / "k8s-audit" / "acme-prod-audit.jsonl"


def same(*paths: Path) -> None:
    """Both ways of reading these files give the same."""
    found, (tables, entries) = read_uses(paths), read(*paths)
    asked = audit_log.audit_requests(tables["events"])
    pd.testing.assert_frame_equal(grouped(found.requests, empty("collection")), audit_uses(asked, empty("collection")))
    assert found.logs["events"].sum() == len(tables["events"])
    assert [(one.resource, one.outcome, one.reason) for one in found.entries] == [
        (one.resource, one.outcome, one.reason) for one in entries]
    silences = audit_log.audit_silences(tables["events"])
    long = silences[(silences["seconds"] > 60).fillna(False)]
    order = ["seconds", "started", "server"]
    pd.testing.assert_frame_equal(found.silences.sort_values(order, ignore_index=True),
                                  long.sort_values(order, ignore_index=True))


def test_the_recorded_log_says_the_same() -> None:
    same(LOG)


@pytest.mark.parametrize("name", kubernetes_audit.ENVELOPES)
def test_envelopes_of_clouds_say_the_same(name: str, tmp_path: Path) -> None:
    document, _ = kubernetes_audit.ENVELOPES[name]
    same(written(tmp_path, "log.json", document))


def test_the_log_of_google_says_the_same(tmp_path: Path) -> None:
    same(written(tmp_path, "log.jsonl", [kubernetes_audit.google()]))


def renewal(server: str, second: int) -> dict:
    """The event of an API server that renews its lease, so many seconds after `START`."""
    said = json.loads(next(lines(1)))
    moment = f"{START + pd.Timedelta(seconds=second):%Y-%m-%dT%H:%M:%S.%fZ}"
    return said | {"auditID": f"{server}-{second}", "verb": "update", "user": {"username": "system:apiserver"},
                   "stage": "ResponseComplete", "requestReceivedTimestamp": moment, "stageTimestamp": moment,
                   "objectRef": {"resource": "leases", "apiGroup": "coordination.k8s.io", "apiVersion": "v1",
                                 "namespace": "kube-system", "name": server}}


def test_one_api_server_does_not_hide_that_another_was_silent(tmp_path: Path) -> None:
    one = [renewal("apiserver-one", second) for second in range(0, 1800, 10)]
    two = [renewal("apiserver-two", second) for second in range(300, 1500, 10) if not 600 < second < 1000]
    path = written(tmp_path, "audit.jsonl", sorted(one + two, key=lambda each: each["stageTimestamp"]))
    same(path)
    found = read_uses([path]).silences
    times = [(found[end] - START).dt.total_seconds().tolist() for end in ("started", "ended")]
    assert found["server"].eq("apiserver-two").all() and times == [[0, 600, 1490], [300, 1000, 1790]]


def test_rotated_and_compressed_files_of_a_folder_are_one_log(tmp_path: Path) -> None:
    text = list(lines(3000, seed=3))
    (tmp_path / "audit.log").write_text("\n".join(text[2000:]))
    (tmp_path / "audit-1.log").write_text("\n".join(text[:1003]))  # a request lies in two files
    (tmp_path / "audit-2.log.gz").write_bytes(gzip.compress("\n".join(text[1003:2000]).encode()))
    same(tmp_path)
    assert sorted(read_uses([tmp_path]).logs["name"]) == ["audit-1.log", "audit-2.log.gz", "audit.log"]


def test_events_that_are_given_twice_count_once(tmp_path: Path) -> None:
    text = list(lines(500, seed=4))
    (tmp_path / "a.log").write_text("\n".join(text))
    (tmp_path / "b.log").write_text("\n".join(text[200:] + text[:50]))
    same(tmp_path)


REQUESTS = st.lists(st.fixed_dictionaries({
    "verb": st.sampled_from(["get", "list", "create"]), "level": st.just("Metadata"),
    "user": st.sampled_from([{"username": "alice", "groups": ["team"]}, {"username": "bob"}, {}]),
    "stageTimestamp": st.sampled_from([f"2026-11-0{day}T0{hour}:00:0{hour}.00000{hour}Z" for day in (1, 2) for hour in range(3)]),
}, optional={
    "objectRef": st.fixed_dictionaries({"resource": st.sampled_from(["pods", "secrets"])},
                                       optional={"namespace": st.just("one"), "name": st.sampled_from("xyz")}),
    "requestURI": st.sampled_from(["/metrics", "/healthz?verbose"]),
    "responseStatus": st.fixed_dictionaries({"code": st.sampled_from([200, 201, 401, 403, 404])}),
    "annotations": st.sampled_from([
        {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": 'RBAC: allowed by RoleBinding "b/one" of Role "r" to Group "team"'},
        {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "no"}, {}]),
    "impersonatedUser": st.just({"username": "carol", "groups": ["system:authenticated"]}),
}), max_size=8)
EARLY = ("verb", "level", "user", "stageTimestamp", "requestURI", "objectRef")


@given(REQUESTS, st.lists(st.tuples(st.integers(0, 7), st.sampled_from(audit_log.STAGES)), max_size=20))
@settings(max_examples=50, deadline=None)
def test_any_log_says_the_same(tmp_path_factory: pytest.TempPathFactory, requests: list[dict], stages: list) -> None:
    """Stages come in any order, some of them twice, and some are left out."""
    events = [{"auditID": "first", "stage": "ResponseComplete", "verb": "get", "kind": "Event", "apiVersion": "audit.k8s.io/v1"}]
    for number, stage in stages:
        said = requests[number] if number < len(requests) else {}
        known = said if stage != "RequestReceived" else {key: said[key] for key in EARLY if key in said}
        events.append({"verb": "get", **known, "auditID": f"id-{number}", "stage": stage})
    same(written(tmp_path_factory.mktemp("log"), "audit.jsonl", events))


def test_very_many_names_are_not_told_apart_in_either_way(tmp_path: Path) -> None:
    event = json.loads(next(lines(1)))
    many = [event | {"auditID": str(at), "objectRef": {"resource": "pods", "name": f"p{at % (MAX_NAMES * 3)}"}}
            for at in range(MAX_NAMES * 4)]
    paths = [event | {"auditID": f"u{at}", "objectRef": None, "verb": "get", "requestURI": f"/logs/{at}"}
             for at in range(MAX_NAMES * 2)]
    path = written(tmp_path, "audit.jsonl", [*many, *paths])
    same(path)
    assert sum(row["many_names"] for row in records(read_uses([path]).requests)) == 1


def test_the_audit_policy_beside_a_log_is_read(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_text("\n".join(lines(10)))
    (tmp_path / "policy.yaml").write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
    found = read_uses([tmp_path])
    assert found.policy["what"].tolist() == ["rule"] and len(found.logs) == 1


def test_a_log_that_is_cut_short_is_not_whole(tmp_path: Path) -> None:
    text = "\n".join(lines(10))
    (tmp_path / "audit.log").write_text(text[:-40])
    (row,) = records(read_uses([tmp_path]).logs)
    assert row["truncated"] and row["events"] == 9


def test_a_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="There is no scan 'nowhere'"):
        read_uses(["nowhere"])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_events(tmp_path: Path) -> None:
    small, large = (bench.measure("grouped", bench.write(folder, events)) for folder, events in (
        (tmp_path / "small", 50_000), (tmp_path / "large", 400_000)) if not folder.mkdir())
    assert (small.events, large.events) == (50_000, 400_000)
    assert large.peak - small.peak < 100, "MiB: their different questions, and twelve bytes for each event"
