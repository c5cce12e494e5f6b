"""Pairs of rights that no subject may hold together."""

import pandas as pd
import pytest
from access_worlds import account, bind, group, role, rule, user
from worlds import frames

from auditkit.analysis.rbac.aggregation import granted_rules
from auditkit.analysis.rbac.duties import COLUMNS, duties, duty_conflicts
from auditkit.analysis.rbac.privileges import spellings
from auditkit.checks import find
from auditkit.errors import DefinitionError
from auditkit.evaluation.engine import run
from auditkit.framework import library

RBAC = "rbac.authorization.k8s.io"
GRANTS, RUNS = rule("create", "rolebindings", RBAC), rule("create", "pods")
OWN = """
duties:
  - id: mine
    title: Whoever reads does not write
    why: It is so here.
    first: {name: reads, rights: [{verbs: [get], resources: [pods]}]}
    second: {name: writes, rights: [{verbs: [delete], resources: [pods]}, {verbs: [delete], outside: [nodes]}]}
"""


def conflicts(*objects: dict, **given) -> pd.DataFrame:
    found = frames(objects)
    rules = granted_rules(*(found[name] for name in ("roles", "role_rules", "role_labels", "role_aggregation")))
    return duty_conflicts(found["binding_subjects"], rules, **given)


def who(*objects: dict, duty: str = "grants-and-runs", **given) -> set[tuple[str, str]]:
    """(subject, scope) of those who hold both sides of a pair."""
    found = conflicts(*objects, **given)
    found = found[found["duty"] == duty]
    return set(zip(found["user"].fillna(found["of_group"]), found["scope"], strict=True))


ALICE = user("alice")


@pytest.mark.parametrize(("first", "second", "scope"), [
    ("", "", ""), ("shop", "shop", "shop"), ("", "shop", "shop"), ("shop", "", "shop"),
])
def test_rights_meet_in_one_place(first, second, scope):
    objects = [role("grants", GRANTS), role("runs", RUNS), bind("a", "grants", ALICE, namespace=first),
               bind("b", "runs", ALICE, namespace=second)]
    assert who(*objects) == {("alice", scope)}


def test_rights_that_never_meet_are_no_conflict():
    objects = [role("grants", GRANTS), role("runs", RUNS), bind("a", "grants", ALICE, namespace="shop"),
               bind("b", "runs", ALICE, namespace="bank"), bind("c", "runs", user("bob"), namespace="shop")]
    assert who(*objects) == set()


def test_a_conflict_says_by_which_bindings():
    found = conflicts(role("both", GRANTS, RUNS), bind("a", "both", ALICE, namespace="shop"))
    assert list(found.columns) == COLUMNS
    row = found.set_index("duty").loc["grants-and-runs"]
    assert row["first"] == "RoleBinding shop/a: ClusterRole both, rule 0"
    assert row["second"] == "RoleBinding shop/a: ClusterRole both, rule 1"
    assert row["title"] == "No subject both grants rights and runs workloads"


def test_what_everybody_has_counts_with_what_is_ones_own():
    objects = [role("grants", GRANTS), role("runs", RUNS), bind("a", "grants", account("ci", "shop"), ALICE),
               bind("b", "runs", group("system:serviceaccounts:shop"), namespace="shop")]
    assert who(*objects) == {("system:serviceaccount:shop:ci", "shop")}
    both = [role("both", GRANTS, RUNS), bind("a", "both", group("system:authenticated")), bind("b", "gone", ALICE)]
    assert who(*both) == {("system:authenticated", "")}


def test_a_rule_that_is_limited_to_names_does_not_count():
    named = rule("create", "rolebindings", RBAC, resourceNames=["one"])
    assert who(role("both", named, RUNS), bind("a", "both", ALICE)) == set()


def test_a_role_binding_gives_nothing_outside_of_namespaces():
    csr = [rule("create", "certificatesigningrequests", "certificates.k8s.io"),
           rule("update", "certificatesigningrequests/approval", "certificates.k8s.io")]
    assert who(role("r", *csr), bind("a", "r", ALICE), duty="asks-and-approves") == {("alice", "")}
    assert who(role("r", *csr), bind("a", "r", ALICE, namespace="shop"), duty="asks-and-approves") == set()


def test_pairs_of_ones_own(tmp_path):
    file = tmp_path / "duties.yaml"
    file.write_text(OWN)
    objects = [role("r", rule("get delete", "pods")), bind("a", "r", ALICE), role("n", rule("get", "pods"),
               rule("delete", "nodes")), bind("b", "n", user("bob")), bind("c", "n", user("eve"), namespace="shop")]
    assert who(*objects, duty="mine", path=file) == {("alice", ""), ("bob", "")}


def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path):
    file = tmp_path / "duties.yaml"
    file.write_text(OWN.replace("verbs: [get]", "verb: [get]"))
    with pytest.raises(DefinitionError, match="line 6"):
        duties(file)


def test_the_pairs_that_ship_are_whole():
    shipped = duties()
    assert len({duty.id for duty in shipped}) == len(shipped) >= 5
    assert all(duty.title and duty.why and duty.first.rights and duty.second.rights for duty in shipped)
    assert "segregation-of-duties" not in library.names()


def test_nobody_and_nothing():
    assert conflicts().empty
    assert list(spellings(()).columns) == ["power", "verb", "group", "resource", "in_namespaces", "by_name"]


def test_the_recorded_cluster(acme):
    outcome = run(find("access.duties_segregated"), acme)
    failed = set(outcome.rows("fail")["name"])
    assert {"devs-admin", "ci-cluster-admin", "old-contractor"} <= failed
    assert not failed & {"cluster-admin", "auditors-view", "system:controller:generic-garbage-collector"}
    assert "cluster-admin" in set(outcome.rows("not_applicable")["name"])
    row = outcome.rows("fail").set_index("name").loc["devs-admin"]
    assert "grants-and-runs" in row["reason"]
