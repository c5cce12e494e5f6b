"""How far frameworks say that a cluster reaches: what can pass, what rests on what, and what is no evidence."""

import pytest

from auditkit.evaluation.evaluation import evaluate
from auditkit.evaluation.words import DEVIATING
from auditkit.framework import library
from auditkit.framework.model import Requirement
from auditkit.proof import lint
from auditkit.proof.prove import world

OTHERS = [name for name in library.names() if not name.startswith(("cis-", "pss-"))]
"""Frameworks that speak of what is to be reached, and not of single settings."""
IDENTITY = {"access.no_anonymous_bindings", "access.no_system_masters_group", "access.default_service_accounts_unused"}
"""Checks on access that say who somebody is, whatever he may do."""
RBAC_DECIDES = {"api_server.authorization_not_always_allow", "api_server.authorization_includes_rbac"}


def requirements(frameworks: list[str]) -> list[tuple[str, Requirement]]:
    return [(name, each) for name in frameworks for each in library.load(name).requirements]


def names(requirement: Requirement) -> set[str]:
    return {name for name, _ in requirement.named}


RIGHTS = [(name, each.id) for name, each in requirements(OTHERS)
          if any(check.startswith("access.") for check in names(each) - IDENTITY)]


def test_frameworks_have_no_mistakes() -> None:
    assert [finding for finding in lint.lint() if finding.level == "error"] == []


def test_what_is_shown_in_part_says_what_is_not_and_what_to_ask_for() -> None:
    silent = [(name, each.id) for name, each in requirements(library.names())
              if each.reach == "partly" and not (each.cannot_show and each.ask_next)]
    assert silent == []


def test_what_cannot_be_shown_leads_to_a_question() -> None:
    cis = [name for name in library.names() if name.startswith("cis-")]
    assert [(name, each.id) for name, each in requirements(cis) if each.cannot_show and not each.ask_next] == []


@pytest.mark.parametrize("flags", [["--authorization-mode=AlwaysAllow"], ["--authorization-mode=Webhook"], []])
def test_rights_hold_only_where_rbac_decides(flags: list[str]) -> None:
    taken = world({"kube-apiserver": flags})
    assert len(RIGHTS) > 10
    for framework in OTHERS:
        rows = evaluate(taken, framework).requirements.set_index("id")["status"]
        ours = [identifier for name, identifier in RIGHTS if name == framework]
        assert set(rows.loc[ours]) <= set(DEVIATING), framework


def test_rights_are_not_known_where_the_api_server_is_not_seen() -> None:
    taken = world({"roles": [{"kind": "ClusterRole"}]})
    for framework in OTHERS:
        rows = evaluate(taken, framework).requirements.set_index("id")["status"]
        ours = [identifier for name, identifier in RIGHTS if name == framework]
        assert not set(rows.loc[ours]) & {"pass", "manual", "not_applicable"}, framework


def test_rights_say_that_others_may_grant_them() -> None:
    for name, each in requirements(OTHERS):
        if (name, each.id) in RIGHTS:
            assert names(each) >= RBAC_DECIDES and "another authorizer" in each.cannot_show, (name, each.id)


@pytest.mark.parametrize(("check", "beside", "alone"), [
    ("api_server.encryption_provider_config", "api_server.encryption_providers_strong", {("cis-kubernetes", "1.2.27")}),
    ("admission.pod_security_enforced", "api_server.pod_security_plugin", {("cis-gke", "4.2.1")}),
    ("network.default_deny_ingress", "network.plugin_enforces_policies", set()),
    ("network.default_deny_egress", "network.plugin_enforces_policies", set()),
])
def test_a_name_or_a_label_is_not_enough(check: str, beside: str, alone: set) -> None:
    """A configuration that is named may encrypt nothing; labels and policies count only where a plug-in heeds them."""
    found = {(name, each.id) for name, each in requirements(library.names()) if check in names(each)}
    lone = {(name, each.id) for name, each in requirements(library.names())
            if check in names(each) and beside not in names(each) and name != "cis-kubernetes-1.12"}
    assert found and lone == alone


@pytest.mark.parametrize(("framework", "identifier"), [
    ("hipaa", "164.308(a)(4)(ii)(A)"), ("hipaa", "164.312(a)(2)(iii)"), ("hipaa", "164.310(d)(2)(i)"), ("soc2", "CC6.5"),
])
def test_what_is_no_evidence_is_not_judged(framework: str, identifier: str, acme) -> None:
    found = {each.id: each for each in library.load(framework).requirements}[identifier]
    assert found.checks == [] and found.look_at and found.ask_next
    assert evaluate(acme, framework).requirements.set_index("id").loc[identifier, "status"] == "manual"


PARTLY = {"cis-kubernetes": {"3.2.2", "5.1.7"}, "cis-eks": {"5.1.1", "5.2.1", "5.4.3", "5.4.4", "5.4.5"},
          "cis-aks": {"5.1.1", "5.2.1", "5.4.3", "5.4.4", "5.4.5"},
          "cis-gke": {"4.1.6", "4.5.1", "5.2.2", "5.5.1", "5.6.5", "5.6.7", "5.10.1"}}


@pytest.mark.parametrize("framework", PARTLY)
def test_of_cis_only_that_is_in_part_whose_own_test_needs_more(framework: str) -> None:
    assert {each.id for each in library.load(framework).requirements if each.reach == "partly" and each.checks} \
        == PARTLY[framework]


@pytest.mark.parametrize("framework", library.names())
def test_a_pass_is_only_of_what_is_evidenced(framework: str, acme) -> None:
    rows = evaluate(acme, framework).requirements
    assert set(rows[rows["status"] == "pass"]["reach"]) <= {"evidenced"}
    held = rows[(rows["status"] == "manual") & (rows["checks"] > 0)]
    assert set(held["reach"]) <= {"partly"} and not held["failed"].any() and not held["unknown"].any()
