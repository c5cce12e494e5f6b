"""Checks of rights that nobody uses: what a log does not show is unknown, never a failure or a pass."""

import copy
from typing import Any

import pytest

from auditkit.checks import find
from auditkit.evaluation import engine
from auditkit.proof import prove

CHECKS = ("rights.bindings_used", "rights.powers_used")
UNUSED: dict[str, Any] = {name: prove.cases(find(name)).mutants[0] for name in CHECKS}
USED: dict[str, Any] = {name: prove.cases(find(name)).clean[0] for name in CHECKS}


def verdict(name: str, world: dict[str, Any]) -> tuple[str, str]:
    check = find(name)
    check = check.with_parameters(prove.cases(check).parameters)
    (row,) = engine.run(check, prove.world(world, check.tools)).rows().to_dict("records")
    return row["verdict"], row["reason"]


def changed(world: dict[str, Any], **tables: Any) -> dict[str, Any]:
    return {key: value for key, value in {**copy.deepcopy(world), **tables}.items() if value is not None}


SCAN = {"scan": "kubernetes-audit:a", "tool": "kubernetes-audit", "file": "a", "truncated": True}
RULE = {"scan": "audit-policy:p", "tool": "audit-policy", "rule": 0, "what": "rule"}
READS = [RULE | {"level": "None"}, RULE | {"level": "None", "what": "verb", "value": "get"},
         RULE | {"rule": 1, "level": "Metadata"}]


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(("tables", "says"), [
    ({"events": []}, "no audit log of this cluster was given"),
    ({"scans": [SCAN]}, "was not read whole"),
    ({"audit_policy": None}, "the audit policy was not given"),
    ({"audit_policy": READS}, "the audit policy may leave such requests out"),
    ({"audit_policy": [RULE | {"level": "Request"}]}, "another one was in force"),
    ({"audit_policy": [RULE | {"level": "Metadata"}, RULE | {"level": "Metadata", "what": "omitted stage", "value": "ResponseComplete"}]},
     "the audit policy may leave such requests out"),
    ({"kube-apiserver": None}, "how many API servers there are is not known"),
    ({"collection": [{"cluster": "prod", "ended": "2026-02-02T00:00:00Z"}]}, "the audit log ends at 2026-01-30 22:00"),
    ({"collection": [{"cluster": "prod", "ended": "2026-01-30T22:30:00Z"}]}, "and so reaches over 0 of 1 days"),
])
def test_what_a_log_does_not_show_is_unknown(name: str, tables: dict[str, Any], says: str) -> None:
    found, reason = verdict(name, changed(UNUSED[name], **tables))
    assert found == "unknown" and says in reason


@pytest.mark.parametrize("name", CHECKS)
def test_the_finding_says_what_is_unused_and_since_when(name: str) -> None:
    assert verdict(name, UNUSED[name]) == ("fail", {
        "rights.bindings_used": "not used in 1 days: reader",
        "rights.powers_used": "not used in 1 days: rule 0 of reader (read_secrets)"}[name])
    assert verdict(name, USED[name])[0] == "pass"


def test_a_rotated_file_that_is_missing_makes_it_unknown() -> None:
    world = changed(UNUSED["rights.bindings_used"])
    del world["events"][1]
    found, reason = verdict("rights.bindings_used", world)
    assert found == "unknown" and "has no event for 1380 minutes after 2026-01-29 23:00" in reason


def test_bindings_that_kubernetes_ships_are_out_of_scope() -> None:
    shipped = {"kind": "ClusterRoleBinding", "binding": "system:node-proxier", "role_kind": "ClusterRole",
               "role": "system:node-proxier", "subject_kind": "User", "subject": "system:kube-proxy"}
    rule = {"kind": "ClusterRole", "role": "system:node-proxier", "rule": 0, "verb": "list", "group": "", "resource": "nodes"}
    world = changed(UNUSED["rights.bindings_used"], binding_subjects=[shipped], role_rules=[rule])
    assert verdict("rights.bindings_used", world)[0] == "not_applicable"
