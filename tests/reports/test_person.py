"""The access of a person, and what changed, as a notebook shows them."""

from pathlib import Path

import pandas as pd
import pytest
from replay import ACME_PROD

import auditkit
from auditkit.errors import NoSuchName
from auditkit.history.weights import WEIGHTS
from auditkit.proof.prove import world
from auditkit.reports import show
from auditkit.snapshots.snapshot import Snapshot


def rows(block: object) -> list[dict]:
    names = [column["name"] for column in block.content["columns"]]
    return [dict(zip(names, row, strict=True)) for row in block.content["rows"]]


def test_a_person_has_what_names_them_and_what_names_a_group_that_everybody_is_in(acme: Snapshot) -> None:
    block = show.person(acme, "frank@acme.example")
    found = rows(block)
    assert block.content["title"] == "Access of User frank@acme.example"
    assert [row["binding"] for row in found if not row["through"]] == ["RoleBinding billing-team"]
    assert {row["through"] for row in found} == {"", "system:authenticated"}
    assert next(row["where"] for row in found) == "billing"
    assert "does not store the groups of a user" in block.content["note"]


def test_full_power_is_told_with_its_path(acme: Snapshot) -> None:
    block = show.person(acme, "contractor7@partner.example")
    assert "Full power over the cluster is 1 step away: may do everything" in block.content["note"]
    assert next(row for row in rows(block) if row["role"] == "ClusterRole cluster-admin")["where"] == "whole cluster"


def test_full_power_of_a_group_is_that_of_its_members() -> None:
    def bound(kind: str, name: str, role: str) -> dict:
        return {"kind": "ClusterRoleBinding", "binding": f"to-{name}", "role_kind": "ClusterRole", "role": role,
                "subject_kind": kind, "subject": name, "subject_api_group": "rbac.authorization.k8s.io"}

    snap = world({
        "roles": [{"kind": "ClusterRole", "name": "all"}, {"kind": "ClusterRole", "name": "none"}],
        "role_rules": [{"kind": "ClusterRole", "role": "all", "rule": 0, "verb": "*", "group": "*", "resource": "*"}],
        "binding_subjects": [bound("User", "ada", "none"), bound("Group", "system:authenticated", "all"), bound("Group", "ops", "none")]})
    for name in ("ada", "group:ops"):
        assert "Full power over the cluster is 1 step away" in show.person(snap, name).content["note"]


def test_the_groups_of_a_membership_file_count() -> None:
    snap = world({
        "roles": [{"kind": "ClusterRole", "name": "reader"}],
        "role_rules": [{"kind": "ClusterRole", "role": "reader", "rule": 0, "verb": "get", "group": "", "resource": "secrets"}],
        "binding_subjects": [{"kind": "RoleBinding", "namespace": "shop", "binding": "b", "role_kind": "ClusterRole", "role": "reader",
                              "subject_kind": "Group", "subject": "ops", "subject_api_group": "rbac.authorization.k8s.io"},
                             {"kind": "RoleBinding", "namespace": "shop", "binding": "c", "role_kind": "ClusterRole", "role": "reader",
                              "subject_kind": "User", "subject": "eve", "subject_api_group": "rbac.authorization.k8s.io"}],
        "memberships": [{"user": "eve", "group": "ops"}]})
    named, through = rows(show.person(snap, "eve"))[::-1]
    assert (through["binding"], through["through"], through["powers"]) == ("RoleBinding b", "ops", "read_secrets")
    assert (named["binding"], named["through"], named["powers"]) == ("RoleBinding c", "", "read_secrets")
    [row] = rows(show.person(snap, "group:ops"))
    assert (row["binding"], row["where"], row["powers"]) == ("RoleBinding b", "shop", "read_secrets")


def test_a_service_account_has_what_its_groups_have(acme: Snapshot) -> None:
    found = rows(show.person(acme, "analytics/notebook"))
    assert "RoleBinding nb" in {row["binding"] for row in found}
    with pytest.raises(NoSuchName, match="notebook"):
        show.person(acme, "analytics/notebok")


def test_a_diff_shows_the_worst_changes_first(acme: Snapshot) -> None:
    found = auditkit.diff(acme, auditkit.collect(recording=ACME_PROD.parent / "acme-prod-later"))
    shown = found._repr_mimebundle_()
    assert "Changes of acme-prod" in shown["text/html"]
    weights = [row["weight"] for row in rows(show.changes(found))]
    assert weights and weights == sorted(weights, key=WEIGHTS.index)
    assert isinstance(found.by_object, pd.DataFrame)


def test_whom_no_binding_names_is_not_known_where_bindings_were_not_read(acme: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(NoSuchName):
        show.person(acme, "nobody@acme.example")
    (tmp_path / "objects.json").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}')
    block = show.person(auditkit.collect(recording=tmp_path / "objects.json"), "nobody@acme.example")
    assert rows(block) == [] and block.content["note"].startswith("It is not known. ")
