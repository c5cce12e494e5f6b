"""Who made a change, from the audit log and from managed fields; and what a GitOps tool made."""

import datetime as dt

import pyarrow as pa
import pytest
from replay import ACME_PROD

from auditkit import tables
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.history.diff import Diff
from auditkit.snapshots.snapshot import Snapshot

INSIDE = dt.datetime(2026, 11, 23, 8, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def later() -> Snapshot:
    return collect(open_files(ACME_PROD.parent / "acme-prod-later"))


def request(name: str, /, **values: object) -> dict[str, object]:
    return {"tool": "kubernetes-audit", "audit_id": f"{name}-{values}", "time": INSIDE, "stage": "ResponseComplete",
            "verb": "delete", "api_group": "rbac.authorization.k8s.io", "resource": "clusterrolebindings",
            "name": name, "user": "eve", "code": 200, "decision": "allow", "user_agent": "kubectl/v1"} | values


def logged(snapshot: Snapshot, *requests: dict[str, object]) -> Snapshot:
    """The snapshot with these requests in an audit log."""
    found = {name: snapshot.arrow(name) for name in tables.TABLES}
    schema = tables.table("events").schema
    return Snapshot(snapshot.manifest, found | {"events": pa.Table.from_pylist(list(requests), schema=schema)})


def who(earlier: Snapshot, later: Snapshot, name: str):
    return Diff(earlier, later).by_object.set_index("name").loc[name]


def test_the_audit_log_says_who_deleted_something(acme: Snapshot, later: Snapshot) -> None:
    row = who(acme, logged(later, request("old-contractor")), "old-contractor")
    assert (row["who"], row["known_by"], row["program"]) == ("eve", "audit log", "kubectl/v1")
    assert row["when"] == "2026-11-23T08:30:00+00:00"


def test_who_is_impersonated_and_by_whom_is_told(acme: Snapshot, later: Snapshot) -> None:
    row = who(acme, logged(later, request("old-contractor", impersonated_user="root")), "old-contractor")
    assert row["who"] == "root (impersonated by eve)"


@pytest.mark.parametrize("other", [
    {"code": 403}, {"verb": "get"}, {"subresource": "status"}, {"api_group": "apps"}, {"name": "another"},
    {"time": dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)}, {"namespace": "billing", "resource": "rolebindings"},
])
def test_a_request_that_changed_nothing_of_it_in_that_time_says_nothing(acme: Snapshot, later: Snapshot,
                                                                        other: dict[str, object]) -> None:
    row = who(acme, logged(later, request("old-contractor", **other)), "old-contractor")
    assert row.isna()["who"] and "not known: the audit log" in row["known_by"]


def test_what_a_gitops_tool_made_of_what_it_tracks_is_approved_and_what_others_made_is_not(
        acme: Snapshot, later: Snapshot) -> None:
    label = {"kind": "Deployment", "namespace": "patient-portal", "object": "portal-api",
             "key": "kustomize.toolkit.fluxcd.io/name", "value": "portal"}
    labels = later.arrow("object_labels")
    labels = pa.concat_tables([labels, pa.Table.from_pylist([label], schema=labels.schema)])
    tracked = {name: later.arrow(name) for name in tables.TABLES} | {"object_labels": labels}
    assert who(acme, Snapshot(later.manifest, tracked), "portal-api").isna()["approval"], "kubectl set did it"
    writers = [row | ({"manager": "kustomize-controller"} if row["manager"] == "kubectl-set" else {})
               for row in later.arrow("object_writers").to_pylist()]
    tracked["object_writers"] = pa.Table.from_pylist(writers, schema=later.arrow("object_writers").schema)
    row = who(acme, Snapshot(later.manifest, tracked), "portal-api")
    assert row["approval"] == "Flux made it from Git (portal); its revision was not collected"
