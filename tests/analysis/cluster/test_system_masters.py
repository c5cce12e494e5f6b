"""Who is in system:masters: by bindings, by a list of members, and by what the audit log shows."""

import datetime as dt

import msgspec
import pytest
from replay import ACME_PROD

from auditkit import tables
from auditkit.checks import find
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.evaluation.engine import run
from auditkit.proof.prove import TIME, world
from auditkit.snapshots.ledger import SCAN, Entry
from auditkit.snapshots.snapshot import Snapshot
from tests.analysis.cluster.test_audit_log import LOG as LOG_FILE

CHECK = find("access.no_system_masters_group")
LOG = "kubernetes-audit"
BOUND = {"binding_subjects": [{"subject_kind": "User", "subject": "eve", "role_kind": "Role", "role": "r"}]}
GIVEN = ("memberships", SCAN)


def event(user: str, groups: str = "system:masters,system:authenticated", **columns) -> dict:
    return {"tool": LOG, "user": user, "groups": groups, "source_ip": "10.0.0.9"} | columns


def found(given: dict, without: tuple[str, ...] = (), **parameters) -> dict[str, str]:
    """The verdict of each subject, by its name, where these sources were not given."""
    snapshot = world(BOUND | given, (LOG,))
    manifest = msgspec.structs.replace(snapshot.manifest, ledger=[
        entry for entry in snapshot.manifest.ledger if not entry.resource.startswith(without or "\0")])
    arrow = {name: snapshot.arrow(name) for name in tables.TABLES}
    rows = run(CHECK.with_parameters(parameters), Snapshot(manifest, arrow)).rows()
    return dict(zip(rows["name"], rows["verdict"], strict=True))


def test_a_list_of_members_refutes():
    members = [{"user": "alice", "group": "dev"}, {"user": "alice", "group": "system:masters"},
               {"user": "bob", "group": "dev"}]
    assert found({"memberships": members}) == {"binding-0": "pass", "alice": "fail", "bob": "pass"}
    assert found({"memberships": members}, accepted=["alice"])["alice"] == "pass"


def test_a_service_account_is_accepted_by_its_namespace_and_name():
    user = "system:serviceaccount:ci:runner"
    given = {"events": [event(user)], "collection": [{"cluster": "case", "ended": "2026-01-01T00:00:00Z"}]}
    for accepted, verdict in ((["ci/runner"], "pass"), ([user], "pass"), (["other/runner", "runner"], "fail")):
        assert found(given, accepted=accepted)[user] == verdict


@pytest.mark.parametrize(("events", "verdict"), [
    ([event("admin")], "fail"),
    ([event("admin", "dev"), event("admin", "dev,system:masters")], "fail"),
    ([event("admin", "dev,system:masters2"), event("admin", "not:system:masters")], "pass"),
    ([event("admin", None)], "pass"),
    ([event("admin", "dev", impersonated_groups="system:masters")], "fail"),
    ([event("admin", cluster="another")], None),
    ([event("admin", cluster="case")], "fail"),
    ([event("admin", tool="falco")], None),
    ([event("kube-apiserver-kubelet-client")], "fail"),
    ([event("system:apiserver", source_ip="::1"), event("system:apiserver", source_ip="127.0.0.1")], "not_applicable"),
    ([event("system:apiserver", source_ip="::1"), event("system:apiserver")], "unknown"),
    ([event("system:apiserver", source_ip=None)], "unknown"),
    ([event("system:apiserver", "system:authenticated")], "pass"),
])
def test_the_audit_log_refutes(events, verdict):
    given = {"events": events, "collection": [{"cluster": "case", "ended": "2026-01-01T00:00:00Z"}]}
    assert found(given).get(events[0]["user"]) == verdict


@pytest.mark.parametrize(("groups", "verdict"), [
    (["system:masters", "system:authenticated"], "fail"), (["system:authenticated"], "pass"), ([None], "unknown"),
])
def test_what_the_api_server_says_of_the_collector_refutes(groups, verdict):
    given = {"collector": [{"user": "carla", "group": group} for group in groups]}
    assert found(given) == {"binding-0": "pass", "carla": verdict}
    assert found({"collector": [{"user": "", "group": None}]}) == {"binding-0": "pass"}


def test_the_collector_of_a_snapshot_is_in_its_tables():
    snapshot = collect(open_files(ACME_PROD))
    assert set(snapshot.collector["user"]) == {snapshot.manifest.identity}
    assert snapshot.collector["group"].dropna().tolist() == snapshot.manifest.groups


def test_bindings_are_judged_alone_where_nothing_else_was_given():
    assert found({}, without=GIVEN) == {"binding-0": "pass"}
    named = {"binding_subjects": [{"subject_kind": "Group", "subject": "system:masters"}]}
    assert found(named, without=GIVEN) == {"binding-0": "fail"}


def test_nothing_passes_where_bindings_are_not_known_or_what_was_given_is_not_whole():
    assert found({}, without=("rolebindings",)) == {"binding-0": "unknown"}
    snapshot = world(BOUND)
    cut = Entry(resource=f"{SCAN}{LOG}:cut", outcome="partial", reason="cut", started=TIME, ended=TIME + dt.timedelta(1))
    manifest = msgspec.structs.replace(snapshot.manifest, ledger=[*snapshot.manifest.ledger, cut])
    arrow = {name: snapshot.arrow(name) for name in tables.TABLES}
    assert run(CHECK, Snapshot(manifest, arrow)).counts["pass"] == 0


def test_the_recorded_audit_log():
    if not LOG_FILE.exists():
        pytest.skip("there is no recorded audit log at AUDITKIT_CORPORA")
    rows = run(CHECK, collect(open_files(ACME_PROD), scans=[LOG_FILE])).rows("fail")
    assert "admin" in set(rows["name"])
